"""All that the journal has of one person, under each name that the contact was ever sent with."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from target_w50.journal.contact_rows import Known
from target_w50.journal.journal import Journal
from target_w50.journal.members import is_doubted, pack, unpacked, without_doubt
from target_w50.journal.person import Person, Whose, hashes_of
from target_w50.journal.scopes import names_from

_MASK = 2**64 - 1
_SIGN = 2**63


@dataclass(frozen=True)
class Member:
    """The person as one of the contacts of a job's batch.

    Attributes:
        job_row: of `w50_jobs`.
        batch: its number in the job.
        key: a hash that it was sent under, signed.
        version: of what was sent, signed.
        doubted: whether W50 warned of the contact.
    """

    job_row: int
    batch: int
    key: int
    version: int
    doubted: bool


@dataclass
class PersonRows:
    """What there is.

    Attributes:
        names: the hashes that the person may be known by, those among them that the contact also had.
        contacts: what W50 took last, by hash.
        fired: which versions had their events, each with its scope, by hash.
        members: of import jobs, in the order in which those were begun.
    """

    names: dict[int, Whose]
    contacts: dict[int, Known] = field(default_factory=dict)
    fired: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    members: list[Member] = field(default_factory=list)

    @property
    def lists(self) -> list[int]:
        """The contact lists that there is something of."""
        found = {*self.contacts, *self.fired, *(each.key for each in self.members)}
        return sorted({self.names[key].list_id for key in found})


def rows_of(journal: Journal, person: Person, list_id: int | None = None) -> PersonRows:
    """What the journal has of a person.

    Who is known by EncContactId and by match values is found by either: both were written with the same
    version, and that is nobody else's.

    Args:
        journal: to look into.
        person: whose.
        list_id: the contact list; None: all of the account.
    """
    with journal.database.reading():  # others write meanwhile: it may take a while
        names = hashes_of(journal, person, list_id)
        scopes = _scopes(journal, list_id)
        while True:
            rows, others = _look(journal, names, scopes)
            if others.keys() <= names.keys():
                return rows
            names = {**others, **names}


def _look(
    journal: Journal, names: dict[int, Whose], scopes: Mapping[int, tuple[Whose, bool]]
) -> tuple[PersonRows, dict[int, Whose]]:
    """What there is under these hashes, and the other hashes of the same contacts."""
    keys, telling = [*names], {number for number, (_, tells) in scopes.items() if tells}
    rows = PersonRows(names, journal.contacts.known(keys), journal.contacts.fired(keys))
    others: dict[int, Whose] = {}
    for job_row, batch, scope, wanted in _batches(journal, names):
        found = [*_found(journal, job_row, batch, wanted)]
        rows.members += (member for member, _ in found)
        if scope in telling:
            others.update((key, names[member.key]) for member, same in found for key in same)
    versions = {version for version, scope, _ in rows.contacts.values() if scope in telling}
    versions.update(version for every in rows.fired.values() for version, scope in every if scope in telling)
    for table in ("w50_contacts", "w50_fired"):
        for key, scope in journal.database.among(
            f"SELECT contact_key, scope FROM {table} WHERE version {{among}}",  # noqa: S608  # our own words
            sorted(versions),
        ):
            if scope in scopes:
                others[key] = scopes[scope][0]
    return rows, others


def _scopes(journal: Journal, list_id: int | None) -> dict[int, tuple[Whose, bool]]:
    """Whose contacts each scope is of, and whether no two of them have one version.

    That is so where all match values are part of it.
    """
    rows = journal.database.rows(
        "SELECT id, contact_list_id, stream, match_fields, ignored FROM w50_scopes WHERE account = :account",
        account=journal.account,
    )
    found = {}
    for number, of_list, stream, fields, ignored in rows:
        if list_id in (None, of_list):
            matched = names_from(fields)
            tells = bool(matched) and set(matched).isdisjoint(names_from(ignored))
            found[number] = (Whose(of_list, stream, matched), tells)
    return found


def _batches(
    journal: Journal, names: Mapping[int, Whose]
) -> Iterator[tuple[int, int, int | None, list[int]]]:
    """Job, batch and scope of each batch that may hold one of the hashes, and those, without a sign."""
    wanted: dict[tuple[int, str], list[int]] = {}
    for key, whose in names.items():
        wanted.setdefault((whose.list_id, whose.stream), []).append(key & _MASK)
    every = journal.database.rows(
        "SELECT m.job_id, m.batch, j.contact_list_id, j.stream, j.scope FROM w50_members m "
        "JOIN w50_jobs j ON j.id = m.job_id WHERE j.account = :account ORDER BY m.job_id, m.batch",
        account=journal.account,
    )
    for job_row, batch, list_id, stream, scope in every:
        if (list_id, stream) in wanted:
            yield job_row, batch, scope, wanted[list_id, stream]


def _found(
    journal: Journal, job_row: int, batch: int, wanted: Iterable[int]
) -> Iterator[tuple[Member, list[int]]]:
    """Those of the hashes that a batch holds, each with all that it holds of the same version."""
    packed = journal.database.rows(
        "SELECT contact_keys, versions FROM w50_members WHERE job_id = :row AND batch = :batch",
        row=job_row,
        batch=batch,
    )
    for contact_keys, packed_versions in packed:
        keys = unpacked(contact_keys)
        for key in wanted:
            place = bisect_left(keys, key)
            if place == len(keys) or keys[place] != key:
                continue
            versions = unpacked(packed_versions)
            plain = without_doubt(versions)
            same = [_signed(keys[at]) for at, version in enumerate(plain) if version == plain[place]]
            doubted = is_doubted(versions[place])
            yield Member(job_row, batch, _signed(key), _signed(plain[place]), doubted), same


def take_out(journal: Journal, rows: PersonRows) -> None:
    """Within a transaction: remove all that there is."""
    database, keys = journal.database, [*rows.names]
    database.change_among("DELETE FROM w50_contacts WHERE contact_key {among}", keys)
    database.change_among("DELETE FROM w50_fired WHERE contact_key {among}", keys)
    gone = {each.key & _MASK for each in rows.members}
    for job_row, batch in sorted({(each.job_row, each.batch) for each in rows.members}):
        where = {"row": job_row, "batch": batch}
        ((contact_keys, versions),) = database.rows(
            "SELECT contact_keys, versions FROM w50_members WHERE job_id = :row AND batch = :batch", **where
        )
        every = zip(unpacked(contact_keys), unpacked(versions), strict=True)
        packed = pack(member for member in every if member[0] not in gone)
        if not packed.keys:
            database.change("DELETE FROM w50_members WHERE job_id = :row AND batch = :batch", **where)
            continue
        database.change(
            "UPDATE w50_members SET contact_keys = :keys, versions = :versions "
            "WHERE job_id = :row AND batch = :batch",
            **where,
            keys=packed.keys,
            versions=packed.versions,
        )


def _signed(number: int) -> int:
    return (number ^ _SIGN) - _SIGN
