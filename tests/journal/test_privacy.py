"""What of people is in a journal's files: nothing that can be read, and that only for a while."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from target_w50.journal import crash_points
from target_w50.journal.crash_points import CrashPoint
from target_w50.sandbox import Sandbox
from tests.journal.support import journaled, opened, place
from tests.support import load_here, record, schema, state

ABOUT_PEOPLE = "Completed, but not for Jane Roe <jane.roe@example.org>"
MESSAGES = [schema(), *[record(number) for number in range(4)], state(4)]
DAY_S = 86_400


def test_no_contact_value_and_nothing_that_w50_says_of_people_is_in_any_file_of_the_journal(
    start: Callable[..., Sandbox], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = start(faults=[{"call": "run", "job": {"CurrentStatus": ABOUT_PEOPLE}}])
    files: dict[str, bytes] = {}
    modes: dict[str, int] = {}

    def look(_: CrashPoint) -> None:
        for path in place(tmp_path).parent.iterdir():
            files[path.name] = files.get(path.name, b"") + path.read_bytes()
            modes[path.name] = stat.S_IMODE(path.stat().st_mode)

    monkeypatch.setattr(crash_points, "hook", look)
    assert load_here(tmp_path, journaled(sandbox, tmp_path), MESSAGES).status == 0
    look(CrashPoint.RELEASED)
    assert files.keys() == {"journal.db", "journal.db-wal", "journal.db-shm", "journal.db.key"}
    everything = b"".join(files.values())
    assert b"Completed" in everything, "W50's own words are kept as far as they are plain"
    for told in (b"example.com", b"n1@", b"First 1", b"Jane", b"jane.roe", b"example.org"):
        assert told not in everything
    assert modes == dict.fromkeys(files, 0o600)
    assert stat.S_IMODE(place(tmp_path).parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(("settled_days_ago", "batches"), [(6, 2), (8, 0)])
def test_the_contacts_of_settled_jobs_are_kept_for_journal_retention_days(
    sandbox: Sandbox, tmp_path: Path, settled_days_ago: int, batches: int
) -> None:
    config = journaled(sandbox, tmp_path, journal_retention_days=7)
    assert load_here(tmp_path / "one", config, MESSAGES).status == 0
    with opened(tmp_path) as journal:
        ago = settled_days_ago * DAY_S
        assert journal.database.change("UPDATE w50_jobs SET settled = settled - :ago", ago=ago) == 1
    assert load_here(tmp_path / "two", config, [schema(), state(4)]).status == 0
    with opened(tmp_path) as journal:
        assert journal.database.rows("SELECT count(*) FROM w50_members") == [(batches,)]


def test_the_contacts_of_jobs_that_are_not_settled_are_kept_however_long(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    config = journaled(sandbox, tmp_path, journal_retention_days=7)
    tap_dies = [schema(), state(0), *MESSAGES[1:-1]]
    assert load_here(tmp_path / "one", config, tap_dies).status == 0
    with opened(tmp_path) as journal:
        journal.database.change("UPDATE w50_jobs SET changed = 0, created = 0, intended = 0")
        journal.forget_members(0)
        assert journal.database.rows("SELECT count(*) FROM w50_members") == [(2,)]
