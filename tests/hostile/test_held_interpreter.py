"""Values that hold the interpreter's lock: the end by a signal comes without it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from target_w50.sandbox import Sandbox
from tests.support import Target, entry, lines, record, schema, settings, state, wait_until

HOURS_OF_WORK = b"1E30000000"
"""As an int it has thirty million digits, and Python works them out in one go."""
SECONDS_AT_WORK = 1.0


def test_a_signal_ends_a_program_that_one_computation_holds(tmp_path: Path, sandbox: Sandbox) -> None:
    """The status is the signal's, what was acknowledged stands, and no file is left."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    head = schema(properties={"email": {"type": "string"}, "first_name": {"type": ["number", "string"]}})
    maps = {"contacts": {"first_name": "int(first_name)"}}
    config = settings(sandbox, entry(), stream_maps=maps, max_contacts_per_job=1)
    with Target(tmp_path / "run", config, environment={"TMPDIR": str(folder)}) as target:
        target.send(head, record(1, first_name=7), state("good"))
        assert target.next_state()["bookmarks"]["contacts"]["at"] == "good"
        before_s = _at_work_s(target.process.pid)
        assert target.process.stdin is not None
        target.process.stdin.write(
            lines([record(2, first_name=0)]).replace(b": 0}", b": " + HOURS_OF_WORK + b"}")
        )
        target.process.stdin.flush()
        wait_until(
            lambda: _at_work_s(target.process.pid) > before_s + SECONDS_AT_WORK, "the computation", target
        )
        target.process.send_signal(signal.SIGTERM)
        finished = target.wait()
    assert finished.status == -signal.SIGTERM, "a shell says 143"
    assert finished.bookmarks == ["good"]
    assert [*folder.iterdir()] == []


def _at_work_s(pid: int) -> float:
    """How long the processors have worked for a process."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
