"""Opens the journal that the settings name, with its tables and its key."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from target_w50.errors import SettingsError
from target_w50.journal.database import Database
from target_w50.journal.journal import Journal
from target_w50.journal.keys import check_of, key_beside, key_from
from target_w50.journal.leases import Leases
from target_w50.journal.postgres import Postgres
from target_w50.journal.process import this_process
from target_w50.journal.sqlite_file import SqliteFile
from target_w50.journal.tables import bring_up_to_date
from target_w50.runtime.clock import Clock
from target_w50.settings.journal_place import AUTO, NONE, is_database
from target_w50.settings.model import Settings

log = logging.getLogger("target-w50")


def open_journal(
    place: str,
    key: str | Sequence[str] | None,
    *,
    api_url: str,
    run_id: str,
    clock: Clock,
    environment: Mapping[str, str] = os.environ,
) -> Journal | None:
    """The journal at the place, brought up to this program's version.

    Args:
        place: of the settings: `auto`, `none`, a path, or the URL of a database.
        key: of the settings, or the new one and the one before; without it there is one in a file beside the
            journal's.
        api_url: W50 as the settings name it.
        run_id: the run's name.
        clock: the machine's.
        environment: where `auto` looks for the user's folder.

    Returns:
        None where nothing is to be remembered, or `auto` finds no place that can be written.

    Raises:
        SettingsError: the place can't be used, its key is another one, or a newer program made it.
        JournalError: it can't be read.
    """
    if place == NONE:
        return None
    try:
        database, file = _database(place, clock, environment)
    except (SettingsError, NoHomeError) as error:
        if place != AUTO:
            raise
        log.warning("Nothing is remembered across runs: %s", error)
        return None
    try:
        secret, *before = _keys(key, file)
        since = bring_up_to_date(database, check_of(secret), [check_of(each) for each in before])
    except BaseException:
        database.close()
        raise
    leases = Leases(
        database,
        account=account_of(api_url),
        run_id=run_id,
        process=this_process(),
        awake_or_not=clock.awake_or_not,
    )
    return Journal(database, leases, since=since, key=secret, old_keys=before)


def need_none(settings: Settings) -> None:
    """See that a run can do without a journal.

    Raises:
        SettingsError: the settings ask for what only a journal can tell.
    """
    needing = [entry.stream for entry in settings.streams if entry.needs_journal]
    if needing:
        raise SettingsError(
            f"`send` changed, and `custom_events_once_per` other than run, need a journal (entries of "
            f"`streams` for {', '.join(map(repr, needing))}), and there is no place where it can be written. "
            "Nothing was sent. Name one in `journal`.",
            code="journal_needed",
        )


def _database(place: str, clock: Clock, environment: Mapping[str, str]) -> tuple[Database, Path | None]:
    """The database, and its file if it is one."""
    if is_database(place):
        return Postgres(place), None
    path = auto_path(environment) if place == AUTO else Path(place)
    return SqliteFile(path, clock.epoch_s), path


def _keys(key: str | Sequence[str] | None, file: Path | None) -> list[bytes]:
    if key is not None:
        return [key_from(each) for each in ((key,) if isinstance(key, str) else key)]
    if file is None:
        raise AssertionError  # The settings demand a key for a database.
    return [key_beside(file)]


class NoHomeError(Exception):
    """The user has no folder where a journal could be."""


def auto_path(environment: Mapping[str, str]) -> Path:
    """Where a user's programs keep what they remember.

    Raises:
        NoHomeError: nowhere.
    """
    named = environment.get("XDG_STATE_HOME", "")
    try:
        home = Path(named) if Path(named).is_absolute() else Path.home() / ".local" / "state"
    except RuntimeError as error:
        raise NoHomeError("the user has no home folder; name a place in `journal`") from error
    return home / "target-w50" / "journal.db"


def account_of(api_url: str) -> str:
    """W50 as the settings name it, whatever the spelling of its host."""
    parts = urlsplit(api_url)
    return f"{parts.netloc.rpartition('@')[2].lower()}{parts.path.rstrip('/')}"
