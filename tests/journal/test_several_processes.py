"""Runs that share a journal: one holds a list, others wait or end, and one that stood still does no harm."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from target_w50.journal.crash_points import CrashPoint
from target_w50.sandbox import Sandbox
from tests.journal.support import MESSAGES, PROGRAM, journaled, mails, opened
from tests.support import calls_of, jobs_of, lines, load_here, record, schema, state, stored, wait_until

PATIENCE_S = 120.0


def begin(
    folder: Path, config: Mapping[str, Any], messages: list[dict[str, Any]], **drill: Any
) -> subprocess.Popen[bytes]:
    """Start the program over these messages."""
    folder.mkdir()
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    command = [sys.executable, str(PROGRAM), json.dumps(drill), "--config", str(path)]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe)
    assert process.stdin is not None
    process.stdin.write(lines(messages))
    process.stdin.close()
    process.stdin = None
    return process


def stands(process: subprocess.Popen[bytes]) -> bool:
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def test_a_list_that_another_run_holds_is_left_alone_and_the_run_is_named(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    with opened(tmp_path, "the nightly run", sandbox.url) as other:
        other.leases.take(42)
        finished = load_here(tmp_path, journaled(sandbox, tmp_path), MESSAGES)
        assert (finished.status, finished.error_code) == (7, "list_in_use")
        assert "run the nightly run" in finished.last_line
        assert calls_of(sandbox, "create", "add", "run") == []
        other.leases.release()
    assert load_here(tmp_path / "again", journaled(sandbox, tmp_path), MESSAGES).status == 0


def test_five_processes_at_once_load_one_list_after_the_other(sandbox: Sandbox, tmp_path: Path) -> None:
    config = journaled(sandbox, tmp_path, journal_wait_s=PATIENCE_S)
    processes = [
        begin(tmp_path / str(first), config, [schema(), *map(record, range(first, first + 4)), state(first)])
        for first in range(0, 20, 4)
    ]
    for process in processes:
        _, stderr = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, stderr.decode()
    assert len(stored(sandbox)) == 20
    assert sorted(mails(sandbox).values()) == [1] * 20


def test_a_run_that_stood_still_after_its_intent_sends_it_late_and_never_twice(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    config = journaled(sandbox, tmp_path)
    point = CrashPoint.INTENT.value
    first = begin(tmp_path / "one", config, MESSAGES, point=point, signal="SIGSTOP")
    try:
        wait_until(lambda: stands(first), "the first run to stand still")
        with opened(tmp_path) as journal:
            # The others' clock is ahead; the run's own still says that the list is its own.
            journal.database.change("UPDATE w50_lists SET expires = 0")
        second = load_here(tmp_path / "two", config, MESSAGES)
        assert (second.status, second.error_code, second.rerun) == (5, "job_unresolved", "resolve")
        assert calls_of(sandbox, "run") == []
    finally:
        first.send_signal(signal.SIGCONT)
    stdout, stderr = first.communicate(timeout=PATIENCE_S)
    assert (first.returncode, stdout) == (7, b""), stderr.decode()
    assert b"error_code=list_lost" in stderr.rpartition(b"\n")[0] + stderr
    assert calls_of(sandbox, "create", "run") == ["create", "run"], "late, and nothing after it"
    third = load_here(tmp_path / "three", config, MESSAGES)
    assert (third.status, third.bookmarks[-1]) == (0, 8), third.stderr
    assert sorted(mails(sandbox).values()) == [1] * 8
    assert all(job["Runs"] == 1 for job in jobs_of(sandbox))


def test_a_run_whose_own_lease_ended_while_it_stood_still_does_not_send_its_intent(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    config = journaled(sandbox, tmp_path)
    point, lease = CrashPoint.INTENT.value, {"lease_s": 8.0, "renew_s": PATIENCE_S}
    first = begin(tmp_path / "one", config, MESSAGES, point=point, signal="SIGSTOP", **lease)
    try:
        wait_until(lambda: stands(first), "the first run to stand still")
        second = load_here(tmp_path / "two", {**config, "journal_wait_s": PATIENCE_S}, MESSAGES)
        assert (second.status, second.error_code) == (5, "job_unresolved"), second.stderr
    finally:
        first.send_signal(signal.SIGCONT)
    stdout, stderr = first.communicate(timeout=PATIENCE_S)
    assert (first.returncode, stdout) == (7, b""), stderr.decode()
    assert calls_of(sandbox, "create", "run") == ["create"]
    assert mails(sandbox) == {}
