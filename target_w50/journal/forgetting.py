"""What the journal knows of contacts, taken out: one person's, a list's, or what is older than a moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from target_w50.errors import SettingsError
from target_w50.journal.contact_rows import NOT_KNOWN
from target_w50.journal.entries import MAY_RUN
from target_w50.journal.journal import Journal
from target_w50.journal.person import Person, Whose, ways_to_match
from target_w50.journal.person_rows import rows_of, take_out

_OF_SCOPES = "scope IN (SELECT id FROM w50_scopes WHERE account = :account{list})"
_OF_LIST = " AND contact_list_id = :list_id"


@dataclass(frozen=True)
class Forgotten:
    """What went, or would go.

    Attributes:
        contacts: of how many contacts it was known what W50 has, each counted under each of its names.
        fired: how many versions were known to have had their events.
        members: how many contacts of import jobs.
        lists: the contact lists that it was of.
        undated: contacts that stay, as it is not known when they were sent.
        left: what is left to see to, as a sentence; empty if nothing.
        unnamed: whose contacts could not be looked for: their match fields were not all named.
    """

    contacts: int
    fired: int
    members: int
    lists: tuple[int, ...]
    undated: int = 0
    left: str = ""
    unnamed: tuple[Whose, ...] = ()

    @property
    def something(self) -> bool:
        """Whether there was anything."""
        return bool(self.contacts or self.fired or self.members)


def forget_person(journal: Journal, person: Person, *, dry_run: bool) -> Forgotten:
    """Forget one person in all lists, under all names that the contact was sent with.

    Raises:
        ListInUseError: a run holds one of the lists; nothing was changed.
        JournalError: the journal can't be used.
    """
    unnamed = tuple(each for each in ways_to_match(journal) if not person.is_named_for(each.match_fields))
    found = rows_of(journal, person)
    with _held(journal, [] if dry_run else found.lists):
        if not dry_run:
            # Once more: a run may have written of the person before the lists were ours.
            found = rows_of(journal, person)
            with _step(journal, found.lists):
                take_out(journal, found)
    fired = sum(map(len, found.fired.values()))
    gone = Forgotten(len(found.contacts), fired, len(found.members), tuple(found.lists), unnamed=unnamed)
    return _wiped(journal, gone, dry_run=dry_run)


def forget_list(journal: Journal, list_id: int, *, dry_run: bool) -> Forgotten:
    """Forget all contacts of a list; its import jobs stay.

    Raises:
        ListInUseError: a run holds the list; nothing was changed.
        SettingsError: a job of it may have been run, and only its contacts tell whom it mailed.
        JournalError: the journal can't be used.
    """
    with _held(journal, [] if dry_run else [list_id]):
        _need_no_open(journal, list_id)
        of_scopes = _OF_SCOPES.format(list=_OF_LIST)
        jobs = f"SELECT id FROM w50_jobs WHERE account = :account{_OF_LIST}"  # noqa: S608  # our own words
        where = (of_scopes, of_scopes, f"job_id IN ({jobs})")
        gone = _counted(journal, where, [list_id], list_id=list_id)
        if not dry_run:
            _delete(journal, where, [list_id], list_id=list_id)
    return _wiped(journal, gone, dry_run=dry_run)


def forget_before(journal: Journal, before: float, *, dry_run: bool) -> Forgotten:
    """Forget the contacts that were sent last before a moment; those of jobs that are not settled stay.

    Args:
        journal: of the account.
        before: in seconds since 1970.
        dry_run: only say what would go.

    Raises:
        ListInUseError: a run holds a list of the account; nothing was changed.
        JournalError: the journal can't be used.
    """
    lists = sorted({each.list_id for each in ways_to_match(journal)})
    of_scopes = _OF_SCOPES.format(list="")
    jobs = "SELECT id FROM w50_jobs WHERE account = :account AND settled IS NOT NULL AND created < :before"
    where = (
        f"sent > {NOT_KNOWN} AND sent < :before AND {of_scopes}",
        f"fired < :before AND {of_scopes}",
        f"job_id IN ({jobs})",
    )
    with _held(journal, [] if dry_run else lists):
        gone = _counted(journal, where, lists, before=before)
        if not dry_run:
            _delete(journal, where, lists, before=before)
    return _wiped(journal, gone, dry_run=dry_run)


Where = tuple[str, str, str]
"""What is meant of `w50_contacts`, of `w50_fired` and of `w50_members`."""
_TABLES = {"w50_contacts": "contact_key", "w50_fired": "contact_key", "w50_members": "job_id"}
_AT_ONCE = (50_000, 50_000, 1)
"""How many contacts go in one step, and of how many jobs."""


def _counted(journal: Journal, where: Where, lists: Iterable[int], **values: float) -> Forgotten:
    def count(what: str, table: str, condition: str, **more: float) -> int:
        with journal.database.reading():  # others write meanwhile
            ((number,),) = journal.database.rows(
                f"SELECT {what} FROM {table} WHERE {condition}",  # noqa: S608  # our own words
                account=journal.account,
                **more,
            )
        return int(number or 0)

    undated = f"sent = {NOT_KNOWN} AND {_OF_SCOPES.format(list='')}"
    return Forgotten(
        count("count(*)", "w50_contacts", where[0], **values),
        count("count(*)", "w50_fired", where[1], **values),
        count("sum(length(contact_keys)) / 8", "w50_members", where[2], **values),
        tuple(lists),
        undated=count("count(*)", "w50_contacts", undated) if "before" in values else 0,
    )


def _delete(journal: Journal, where: Where, lists: Sequence[int], **values: float) -> None:
    """In steps, so that runs on other lists can write in between; who stops it may say it again."""
    for (table, key), most, condition in zip(_TABLES.items(), _AT_ONCE, where, strict=True):
        changed = 1
        while changed:
            with _step(journal, lists):
                changed = journal.database.change(
                    f"DELETE FROM {table} WHERE {condition} AND {key} IN "  # noqa: S608  # our own words
                    f"(SELECT {key} FROM {table} WHERE {condition} LIMIT {most})",
                    account=journal.account,
                    **values,
                )


@contextmanager
def _held(journal: Journal, lists: Iterable[int]) -> Iterator[None]:
    """Hold the lists: no run writes of them meanwhile."""
    try:
        for list_id in lists:
            journal.leases.take(list_id)
        yield
    finally:
        journal.leases.release()


@contextmanager
def _step(journal: Journal, lists: Iterable[int]) -> Iterator[None]:
    """One transaction, if the lists are still ours."""
    journal.leases.renew()
    with journal.database.transaction():
        for list_id in lists:
            journal.leases.need(list_id)
        yield


def _need_no_open(journal: Journal, list_id: int) -> None:
    for entry in journal.open_entries(list_id):
        if entry.phase in MAY_RUN:
            raise SettingsError(
                f"{entry.name[0].upper()}{entry.name[1:]} may have been run, and only its contacts "
                "tell whom it reached. Nothing was changed. Let the next run deal with it, or say what "
                "became of it with `w50 journal resolve`; then say this again.",
                code="forget_refused",
            )


def _wiped(journal: Journal, gone: Forgotten, *, dry_run: bool) -> Forgotten:
    """With the bytes gone as well, also those that an earlier word left behind."""
    if dry_run:
        return gone
    # To write the file anew takes a while, in which no run could write.
    held = journal.database.rows(
        "SELECT 1 FROM w50_lists WHERE run_id IS NOT NULL AND expires > :now", now=journal.database.now()
    )
    left = journal.database.wipe(busy=bool(held))
    return gone if not left else replace(gone, left=left)
