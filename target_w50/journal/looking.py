"""What commands read of a journal: whether there is one, its jobs, and who holds a list; nothing is made."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from target_w50.errors import SettingsError
from target_w50.journal.entries import COLUMNS, OPEN, Entry, entry_of
from target_w50.journal.journal import Journal
from target_w50.journal.leases import time_in_words
from target_w50.journal.opening import NoHomeError, auto_path, open_journal
from target_w50.journal.process import Process
from target_w50.journal.sqlite_file import unusable
from target_w50.runtime.clock import Clock
from target_w50.settings.journal_place import AUTO, NONE, is_database
from target_w50.settings.model import Settings


@dataclass(frozen=True)
class Absent:
    """There is no journal to look at.

    Attributes:
        words: why, as a sentence.
        can_be_made: whether the first run makes it.
    """

    words: str
    can_be_made: bool = False


@contextmanager
def looked_at(
    settings: Settings, clock: Clock, environment: Mapping[str, str] = os.environ
) -> Iterator[Journal | Absent]:
    """The journal of the settings for as long as the block lasts, if there is one; none is made.

    Raises:
        SettingsError: there can't be one, or it can't be used with these settings.
        JournalError: it can't be read.
    """
    absent = _absent(settings, environment)
    if absent is not None:
        yield absent
        return
    journal = open_journal(
        settings.journal,
        settings.journal_key,
        api_url=settings.api_url,
        run_id=settings.run_id,
        clock=clock,
        environment=environment,
    )
    if journal is None:
        yield Absent("There is no journal: no place for it can be written.")
        return
    try:
        yield journal
    finally:
        journal.close()


def _absent(settings: Settings, environment: Mapping[str, str]) -> Absent | None:
    """Why there is nothing to look at; None where there may be."""
    place = settings.journal
    if place == NONE:
        return Absent("`journal` is none: nothing is remembered across runs.")
    if is_database(place):
        return None
    try:
        path = auto_path(environment) if place == AUTO else Path(place)
    except NoHomeError as error:
        return Absent(f"Nothing is remembered across runs: {error}.")
    if path.exists() and (path.is_dir() or path.stat().st_size):
        _need_key(settings, path)
        return None
    problem = _unwritable(path)
    if problem is None:
        return Absent(f"There is no journal yet; the first run makes it: {path}.", can_be_made=True)
    if place == AUTO:
        return Absent(f"Nothing is remembered across runs: {path} can't be written ({problem}).")
    raise unusable(path, problem)


def _need_key(settings: Settings, path: Path) -> None:
    beside = path.with_name(path.name + ".key")
    if settings.journal_key is None and path.is_file() and not beside.exists():
        raise SettingsError(
            f"The key of the journal {path} is missing: it is neither in `journal_key` nor in {beside}. Put "
            "the file back from a copy.",
            code="journal_unusable",
        )


def _unwritable(path: Path) -> str | None:
    """Why a run could not make the file, with its folders; None if it could."""
    there = next(each for each in (path, *path.absolute().parents) if each.exists())
    if there != path and not there.is_dir():
        return f"{there} is no folder"
    return None if os.access(there, os.W_OK) else f"{there} may not be written to"


# Jobs.


def jobs(journal: Journal, *, only_open: bool = False) -> Iterator[Entry]:
    """The import jobs that the journal has of this W50, the newest first."""
    phases = f"AND phase IN ({_in_sql()})" if only_open else ""
    rows = journal.database.rows(
        f"SELECT {COLUMNS} FROM w50_jobs WHERE account = :account {phases} ORDER BY id DESC",  # noqa: S608  # our own words
        account=journal.account,
    )
    return map(entry_of, rows)


def find(journal: Journal, job_id: int, list_id: int | None = None) -> Entry:
    """The entry of an import job: of several the one that a run would come to first, else the newest.

    Args:
        journal: to look into.
        job_id: W50's id.
        list_id: its contact list; needed where several lists have a job of that id.

    Raises:
        SettingsError: there is none, or there are several.
    """
    rows = journal.database.rows(
        f"SELECT {COLUMNS} FROM w50_jobs WHERE account = :account AND import_job_id = :job_id ORDER BY id",  # noqa: S608
        account=journal.account,
        job_id=job_id,
    )
    found = [each for each in map(entry_of, rows) if list_id in (None, each.list_id)]
    lists = sorted({each.list_id for each in found})
    if not found:
        of_list = "" if list_id is None else f" of contact list {list_id}"
        raise SettingsError(
            f"The journal {journal.database.place} has no import job {job_id}{of_list} of the W50 at "
            f"{journal.account}. `w50 journal ls` shows what it has.",
            code="job_not_in_journal",
        )
    if len(lists) > 1:
        raise SettingsError(
            f"Several contact lists have an import job {job_id}: say one of "
            f"{', '.join(f'--list {each}' for each in lists)}.",
            code="job_ambiguous",
        )
    return next((each for each in found if each.phase in OPEN), found[-1])


def _in_sql() -> str:
    return ", ".join(f"'{phase.value}'" for phase in OPEN)


# Lists.


@dataclass(frozen=True)
class Holder:
    """The run that holds a contact list.

    Attributes:
        since: when it took it, by the database's clock, in seconds since 1970.
        expires: when it is free unless that run says otherwise.
    """

    run_id: str
    process: Process
    since: float
    expires: float

    @property
    def words(self) -> str:
        """It in words."""
        return (
            f"run {self.run_id} on {self.process.host} (process {self.process.pid}), since "
            f"{time_in_words(self.since)}"
        )


def holder_of(journal: Journal, list_id: int) -> Holder | None:
    """The run that a new one would have to wait for; None if the list is free."""
    rows = journal.database.rows(
        "SELECT run_id, host, process, since, expires FROM w50_lists WHERE account = :account "
        "AND contact_list_id = :list_id AND run_id IS NOT NULL AND expires > :now",
        account=journal.account,
        list_id=list_id,
        now=journal.database.now(),
    )
    for run_id, host, process, since, expires in rows:
        holder = Holder(run_id, Process(host, process), since, expires)
        if not holder.process.is_gone():
            return holder
    return None


def given_back(journal: Journal, entry: Entry) -> bool:
    """Whether the run that wrote a job last gave its list back, as a run does that ends in order."""
    rows = journal.database.rows(
        "SELECT epoch, run_id FROM w50_lists WHERE account = :account AND contact_list_id = :list_id",
        account=journal.account,
        list_id=entry.list_id,
    )
    return rows == [(entry.epoch, None)]
