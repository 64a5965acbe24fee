"""Through the real program: what a run does about what the runs before it left."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from target_w50.errors import JournalError
from target_w50.journal.crash_points import CrashPoint
from target_w50.journal.journal import Journal
from target_w50.sandbox import Sandbox
from tests.support import (
    entry,
    jobs_of,
    lines,
    load_here,
    record,
    schema,
    settings,
    state,
    stored,
)

EVENTS = ["SendWelcomeEmail"]
PROGRAM = Path(__file__).with_name("crashing.py")
MESSAGES = [
    schema(),
    *[record(number) for number in range(4)],
    state(4),
    *[record(number) for number in range(4, 8)],
    state(8),
]


def journaled(sandbox: Sandbox, folder: Path, **more: Any) -> dict[str, Any]:
    own = {"journal": str(folder / "journal" / "journal.db")}
    small = {"batch_size_rows": 2, "max_contacts_per_job": 4, "request_timeout_s": 1}
    return settings(sandbox, entry(custom_events=EVENTS), **{**own, **small, **more})


def mails(sandbox: Sandbox) -> Counter[str]:
    """How many welcome mails each contact had."""
    return Counter(event["ContactId"] for event in sandbox.contents()["CustomEvents"])


def crash(folder: Path, config: dict[str, Any], point: CrashPoint, count: int = 1) -> int:
    folder.mkdir(exist_ok=True)
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    ended = subprocess.run(
        [sys.executable, str(PROGRAM), point.value, str(count), "--config", str(path)],
        input=lines(MESSAGES),
        capture_output=True,
        check=False,
        timeout=60,
    )
    return ended.returncode


ONCE = [CrashPoint.LIST_TAKEN, CrashPoint.RECOVERED, CrashPoint.RELEASED]


@pytest.mark.parametrize(
    ("journal", "point", "count"),
    [
        *(("sqlite", point, n) for point in CrashPoint for n in (1, 2) if n == 1 or point not in ONCE),
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
