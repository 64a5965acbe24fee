"""What W50 last took of each contact, and what had its custom events: booked from the members of jobs."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from target_w50.journal.database import Database
from target_w50.journal.members import PackedMembers, is_doubted, signed, without_doubt

Known = tuple[int, int, int]
"""What is known of a contact: its version, the scope of that, and when it was sent, in seconds since 1970."""

NOT_KNOWN = 0
"""When a contact was sent of which it is not known what W50 holds: it is sent again, whatever its version."""
_NEWEST_STAYS = (
    "ON CONFLICT (contact_key) DO UPDATE SET version = excluded.version, scope = excluded.scope, "
    "sent = excluded.sent"
)
_FIRST_STAYS = "ON CONFLICT DO NOTHING"


@dataclass(frozen=True)
class Booking:
    """What is remembered of a job's contacts if it ends well.

    Attributes:
        scope: under which their versions were made; None: nothing is remembered.
        contacts: whether it is remembered what W50 took of them.
        fired: whether these versions count as such that had their events.
    """

    scope: int | None = None
    contacts: bool = False
    fired: bool = False


NOTHING_BOOKED = Booking()


class ContactRows:
    """The tables `w50_contacts` and `w50_fired`; keys and versions are signed numbers of 64 bits.

    Args:
        database: with the journal's tables.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def known(self, keys: Sequence[int]) -> dict[int, Known]:
        """What is known of those of the contacts that W50 took."""
        found = self._database.among(
            "SELECT contact_key, version, scope, sent FROM w50_contacts WHERE contact_key {among}", keys
        )
        return {key: (version, scope, sent) for key, version, scope, sent in found}

    def stale(
        self, keys: Sequence[int], versions: Sequence[int], scopes: Collection[int], since: int
    ) -> dict[int, Known | None]:
        """Those that were not sent in this version since then under one of the scopes, as they are known."""
        # A join: of a subquery SQLite would open the table anew for each of the keys.
        source = (
            "{pairs} LEFT JOIN w50_contacts ON contact_key = x "
            f"WHERE version IS NULL OR version <> v OR sent < {since:d} "
            f"OR scope NOT IN ({', '.join(map(str, scopes))})"
        )
        found = self._database.of_pairs(("x", "version", "scope", "sent"), source, keys, versions)
        return {key: (version, scope, sent) if scope else None for key, version, scope, sent in found}

    def fired(self, keys: Sequence[int]) -> dict[int, list[tuple[int, int]]]:
        """Which versions of the contacts had their events, each with its scope."""
        found: dict[int, list[tuple[int, int]]] = {}
        for key, version, scope in self._database.among(
            "SELECT contact_key, version, scope FROM w50_fired WHERE contact_key {among}", keys
        ):
            found.setdefault(key, []).append((version, scope))
        return found

    # Within the transaction in which a job is about to be run.

    def keep(self, job_row: int, members: Iterable[PackedMembers]) -> None:
        """Write down who is in the job, batch by batch: what is booked from at its end."""
        for batch, packed in enumerate(members):
            self._database.change(
                "INSERT INTO w50_members (job_id, batch, contact_keys, versions) "
                "VALUES (:row, :batch, :keys, :versions)",
                row=job_row,
                batch=batch,
                keys=packed.keys,
                versions=packed.versions,
            )

    # Within the transaction in which a job of the journal comes to its end.

    def delivered(self, job_row: int) -> None:
        """The job ended well: W50 took its contacts, and their events have fired."""
        scope, books_contacts, books_fired, resend_before = self._books(job_row)
        if scope is None:
            return
        # Whatever was sent before a moment is sent again: this was not, though the clock may say so.
        now = max(int(self._database.now()), resend_before)
        for keys, versions in self._members(job_row):
            plain = without_doubt(versions)
            if books_contacts:
                # W50 said that something is wrong with a contact: sent again, until it is mended.
                sent = [NOT_KNOWN if is_doubted(version) else now for version in versions]
                columns = {"contact_key": keys, "version": plain, "scope": [scope] * len(keys), "sent": sent}
                self._database.insert("w50_contacts", columns, _NEWEST_STAYS)
            if books_fired:
                self._fire(keys, plain, scope, now)

    def not_known(self, job_row: int, *, fired: bool = False) -> None:
        """The job came to nothing, or nobody knows to what: W50 may hold anything of its contacts.

        Args:
            job_row: of the job.
            fired: whether they are never to get the job's events.
        """
        scope, books_contacts, _, _ = self._books(job_row)
        if scope is None or not (books_contacts or fired):
            return
        now = int(self._database.now())
        for keys, versions in self._members(job_row):
            if books_contacts:
                forget = f"UPDATE w50_contacts SET sent = {NOT_KNOWN} WHERE contact_key {{among}}"  # noqa: S608
                self._database.change_among(forget, keys)
            if fired:
                self._fire(keys, without_doubt(versions), scope, now)

    def _fire(self, keys: Sequence[int], versions: Sequence[int], scope: int, now: int) -> None:
        many = len(keys)
        columns = {"contact_key": keys, "version": versions, "scope": [scope] * many, "fired": [now] * many}
        self._database.insert("w50_fired", columns, _FIRST_STAYS)

    def _books(self, job_row: int) -> tuple[int | None, bool, bool, int]:
        ((scope, contacts, fired, before),) = self._database.rows(
            "SELECT j.scope, j.books_contacts, j.books_fired, s.resend_before FROM w50_jobs j "
            "LEFT JOIN w50_scopes s ON s.id = j.scope WHERE j.id = :row",
            row=job_row,
        )
        return scope, bool(contacts), bool(fired), before or 0

    def _members(self, job_row: int) -> Iterator[tuple[array[int], array[int]]]:
        batches = self._database.rows(
            "SELECT batch FROM w50_members WHERE job_id = :row ORDER BY batch", row=job_row
        )
        for (batch,) in batches:
            ((keys, versions),) = self._database.rows(
                "SELECT contact_keys, versions FROM w50_members WHERE job_id = :row AND batch = :batch",
                row=job_row,
                batch=batch,
            )
            yield signed(keys), signed(versions)
