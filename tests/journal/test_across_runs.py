"""Through the real program: what a run does about what the runs before it left."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from target_w50.errors import JournalError
from target_w50.journal import crash_points
from target_w50.journal.crash_points import CrashPoint
from target_w50.journal.journal import Journal
from target_w50.sandbox import Sandbox
from tests.forks import run_forked
from tests.journal.support import MESSAGES, PROGRAM, journaled, mails
from tests.support import (
    jobs_of,
    lines,
    load_here,
    schema,
    state,
    stored,
)


def crash(folder: Path, config: dict[str, Any], point: CrashPoint, count: int = 1) -> int:
    folder.mkdir(exist_ok=True)
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    drill = json.dumps({"point": point.value, "count": count})
    arguments = [drill, "--config", str(path)]
    return run_forked(
        folder / "streams", arguments, lines(MESSAGES), folder / "metrics.jsonl", script=PROGRAM
    ).status


IN_THE_SECOND_JOB = (CrashPoint.RUN_SENT, CrashPoint.FINISHED, CrashPoint.STATE_WRITTEN)
"""Where it matters that a job before it has ended well; elsewhere the second adds nothing to the first."""


def test_a_run_comes_by_every_crash_point(
    start: Callable[..., Sandbox], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[CrashPoint] = []
    monkeypatch.setattr(crash_points, "hook", seen.append)
    assert load_here(tmp_path, journaled(start(job_reads=2), tmp_path), MESSAGES).status == 0
    assert [*dict.fromkeys(seen)] == [*CrashPoint], "in the order in which they stand"


@pytest.mark.parametrize(
    ("journal", "point", "count"),
    [
        *(("sqlite", point, 1) for point in CrashPoint),
        *(("sqlite", point, 2) for point in IN_THE_SECOND_JOB),
        *(("postgres", point, 1) for point in CrashPoint),
    ],
    indirect=["journal"],
)
def test_after_a_crash_every_contact_is_there_and_had_one_mail(
    start: Callable[..., Sandbox], tmp_path: Path, journal: dict[str, Any], point: CrashPoint, count: int
) -> None:
    sandbox = start(job_reads=2)
    config = journaled(sandbox, tmp_path, **journal)
    assert crash(tmp_path / "one", config, point, count) == -signal.SIGKILL
    again = MESSAGES if point is not CrashPoint.RELEASED else [schema(), state(8)]
    finished = load_here(tmp_path / "two", config, again)
    if point is CrashPoint.INTENT:
        assert (finished.status, finished.error_code) == (5, "job_unresolved"), finished.stderr
        return
    assert finished.status == 0, finished.stderr
    assert len(stored(sandbox)) == 8
    assert sorted(mails(sandbox).values()) == [1] * 8
    assert all(job["Runs"] <= 1 for job in jobs_of(sandbox))


@pytest.mark.parametrize("step", ["running", "finished"])
def test_a_journal_that_breaks_while_w50_runs_a_job_ends_the_run_and_the_next_one_waits_for_the_job(
    sandbox: Sandbox, tmp_path: Path, step: str
) -> None:
    config = journaled(sandbox, tmp_path)

    def breaks(*_: Any) -> None:
        raise JournalError("The journal could not be written.")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Journal, step, breaks)
        broken = load_here(tmp_path / "one", config, MESSAGES)
    assert (broken.status, broken.error_code, broken.bookmarks) == (1, "journal_failed", [])
    finished = load_here(tmp_path / "two", config, MESSAGES)
    assert (finished.status, finished.bookmarks[-1]) == (0, 8)
    assert sorted(mails(sandbox).values()) == [1] * 8
