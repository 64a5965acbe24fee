"""Signals and a closed standard output, whatever the program is doing: the exit, and what is told of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from target_w50.runtime import stop
from target_w50.runtime.last_resort import LastResort
from target_w50.runtime.signals import Watch
from target_w50.sandbox import Sandbox
from tests.support import (
    Finished,
    Target,
    calls_of,
    entry,
    heed_signals,
    jobs_of,
    lines,
    record,
    requests_of,
    run_target,
    schema,
    settings,
    state,
    wait_until,
)

SIGNALS = [signal.SIGTERM, signal.SIGHUP, signal.SIGINT]
CODES = {
    signal.SIGTERM: "terminated",
    signal.SIGHUP: "terminated",
    signal.SIGINT: "interrupted",
    None: "stdout_closed",
}
AN_HOUR = 3600
REPOSITORY = Path(__file__).parents[2]
Stop = Callable[[Target], None]
FULL_PIPE_BYTES = 64 * 1024


def asked_for(call: str) -> Callable[[Sandbox], bool]:
    return lambda sandbox: call in calls_of(sandbox)


class Moment:
    """Something that the program does for a long time, and how to tell that it does.

    Args:
        words: what it does.
        faults: put into the sandbox before.
        config: settings that it takes.
        outcomes: of the metrics' import jobs after a stop.
        is_there: whether it does it.
    """

    def __init__(
        self,
        words: str,
        faults: list[dict[str, Any]],
        is_there: Callable[[Sandbox], bool],
        outcomes: list[str],
        **config: Any,
    ) -> None:
        self.words = words
        self.faults = faults
        self.config = config
        self.is_there = is_there
        self.outcomes = outcomes


MOMENTS = [
    Moment("reading", [], lambda sandbox: calls_of(sandbox)[-1:] == ["fields"], []),
    Moment(
        "asking for the list, in the main thread", [{"call": "list", "hang": AN_HOUR}], asked_for("list"), []
    ),
    Moment(
        "pausing between tries, in the main thread",
        [{"call": "list", "status": 503, "retry_after": 3000, "times": None}],
        asked_for("list"),
        [],
        retry_for_s=AN_HOUR,
    ),
    Moment(
        "creating a job",
        [{"call": "create", "hang": AN_HOUR}],
        asked_for("create"),
        [],
        max_contacts_per_job=1,
    ),
    Moment(
        "sending", [{"call": "add", "hang": AN_HOUR}], asked_for("add"), ["abandoned"], max_contacts_per_job=1
    ),
    Moment(
        "pausing between tries",
        [{"call": "add", "status": 429, "retry_after": 3000, "times": None}],
        asked_for("add"),
        ["abandoned"],
        max_contacts_per_job=1,
        retry_for_s=AN_HOUR,
    ),
    Moment(
        "waiting for a job",
        [{"call": "run", "job": {"finishes": False}}],
        lambda sandbox: calls_of(sandbox).count("status") > 2,
        ["unknown"],
        max_contacts_per_job=1,
    ),
    Moment(
        "waiting for the answer to run",
        [{"call": "run", "hang": AN_HOUR}],
        asked_for("run"),
        ["unknown"],
        max_contacts_per_job=1,
    ),
    Moment(
        "waiting for a status",
        [{"call": "run", "job": {"finishes": False}}, {"call": "status", "skip": 1, "hang": AN_HOUR}],
        lambda sandbox: calls_of(sandbox).count("status") > 1,
        ["unknown"],
        max_contacts_per_job=1,
    ),
]
"""In each, the first stream's first record and a state behind it have been read, and the input is open."""


def assert_stopped(finished: Finished, status: int, code: str, outcomes: list[str]) -> None:
    """What every stop is to come to."""
    assert (finished.status, finished.error_code) == (status, code)
    assert finished.outcomes == outcomes
    assert (finished.run["exit_status"], finished.run["error_code"]) == (status, code)
    assert "Traceback" not in finished.stderr
    said = finished.last_line.partition(": ")[2].partition(" [exit_status=")[0]
    assert any(" | ERROR " in line and line.endswith(said) for line in finished.stderr.splitlines())


STOPS = [
    *((each, number) for each in MOMENTS for number in (signal.SIGTERM, None)),
    # All signals have one way from here on: of the others, where the input is waited for, and a job.
    *((each, number) for each in (MOMENTS[0], MOMENTS[-1]) for number in (signal.SIGHUP, signal.SIGINT)),
]


@pytest.mark.parametrize(
    ("moment", "number"),
    STOPS,
    ids=[f"{number.name if number else 'closed stdout'}-{each.words}" for each, number in STOPS],
)
def test_the_program_stops_while(
    start: Callable[..., Sandbox], tmp_path: Path, moment: Moment, number: signal.Signals | None
) -> None:
    """At the first of the moments it is a program of its own, started as by an orchestrator."""
    sandbox = start(faults=moment.faults)
    read_end, write_end = os.pipe()
    anew = moment is MOMENTS[0]
    with Target(tmp_path, settings(sandbox, **moment.config), stdout=write_end, anew=anew) as target:
        os.close(write_end)
        target.send(schema(), record(1), state(1))
        wait_until(lambda: moment.is_there(sandbox), moment.words, target)
        if number is None:
            os.close(read_end)
        else:
            target.process.send_signal(number)
        finished = target.wait()
    status = 141 if number is None else 128 + number
    assert_stopped(finished, status, CODES[number], moment.outcomes)
    if number is not None:
        with os.fdopen(read_end, "rb") as written:
            assert written.read() == b"", "a state was written"
    runs = calls_of(sandbox).count("run")
    assert finished.rerun == ("wait" if runs else "safe")
    if runs:
        (job,) = jobs_of(sandbox)
        assert f"mport job {job['Id']} " in finished.last_line
        assert finished.run["rerun_import_job_ids"] == [job["Id"]]


@pytest.mark.parametrize("number", SIGNALS)
def test_the_program_stops_while_nobody_reads_its_states(
    sandbox: Sandbox, tmp_path: Path, number: signal.Signals
) -> None:
    """Blocked on a full pipe it holds the books' lock; the reader may wait for that."""
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    os.write(write_end, b" " * FULL_PIPE_BYTES)
    os.set_blocking(write_end, True)
    with Target(tmp_path, settings(sandbox, max_contacts_per_job=1), stdout=write_end) as target:
        os.close(write_end)
        target.send(schema(), *[each for n in range(20) for each in (record(n), state(n))])
        wait_until(lambda: "Finished import job" in target.stderr_text, "the first job to end", target)
        target.process.send_signal(number)
        finished = target.wait()
    assert_stopped(finished, 128 + number, CODES[number], ["finished"])
    with os.fdopen(read_end, "rb") as written:
        assert written.read().strip() == b""


def test_no_job_waits_for_whoever_reads_the_states(start: Callable[..., Sandbox], tmp_path: Path) -> None:
    """Nobody reads the first list's state; the second list's job is run all the same, with its events."""
    sandbox = start()
    people = entry("people", contact_list="43", custom_events=["SendWelcomeEmail"])
    read_end, write_end = os.pipe()
    config = settings(sandbox, entry(), people, max_contacts_per_job=1)
    with Target(tmp_path, config, stdout=write_end) as target:
        os.close(write_end)
        target.send(schema(), schema("people"), record(1), state("x" * 1_000_000))
        wait_until(lambda: "Finished import job" in target.stderr_text, "the first job to end", target)
        target.send(record(2, "people"))
        wait_until(lambda: calls_of(sandbox).count("run") == 2, "the second job to be run", target)
        target.process.terminate()
        finished = target.wait()
    os.close(read_end)
    assert finished.status == 143


def test_a_reader_that_waits_for_room_stops(start: Callable[..., Sandbox], tmp_path: Path) -> None:
    """Too much waits for W50: the input is not read, and the reader waits for an upload that hangs."""
    sandbox = start(faults=[{"call": "add", "hang": AN_HOUR}])
    config = settings(sandbox, batch_size_rows=50, batch_size_bytes=1_000_000)
    path = tmp_path / "input.singer"
    with path.open("wb") as file:
        file.write(lines([schema()]))
        for number in range(600):
            file.write(lines([record(number, first_name="x" * 100_000)]))
    with Target(tmp_path, config, arguments=["--input", str(path)]) as target:
        wait_until(lambda: "add" in calls_of(sandbox), "the upload", target)
        target.process.send_signal(signal.SIGTERM)
        finished = target.wait()
    assert_stopped(finished, 143, "terminated", ["abandoned"])


def test_a_job_with_custom_events_that_goes_on_is_named_with_them(
    start: Callable[..., Sandbox], tmp_path: Path
) -> None:
    sandbox = start(faults=[{"call": "run", "job": {"finishes": False}}])
    config = settings(sandbox, entry(custom_events=["SendWelcomeEmail"]), max_contacts_per_job=1)
    with Target(tmp_path, config) as target:
        target.send(schema(), record(1), state(1))
        wait_until(lambda: calls_of(sandbox).count("status") > 2, "the job to run", target)
        target.process.terminate()
        finished = target.wait()
    (job,) = jobs_of(sandbox)
    assert finished.rerun == "may_repeat_events"
    for words in (f"Import job {job['Id']} of contact list 42", "goes on in W50", "SendWelcomeEmail"):
        assert words in finished.last_line


def test_no_further_job_is_run_and_no_state_written_after_a_signal(
    start: Callable[..., Sandbox], tmp_path: Path
) -> None:
    """What was acknowledged before it stands."""
    sandbox = start(faults=[{"call": "run", "skip": 1, "slow": 1}])
    config = settings(sandbox, max_contacts_per_job=1, overlap_jobs=True)
    with Target(tmp_path, config) as target:
        target.send(schema(), *[each for number in range(6) for each in (record(number), state(number))])
        assert target.next_state()["bookmarks"]["contacts"]["at"] == 0
        wait_until(lambda: calls_of(sandbox).count("run") == 2, "the second job to run", target)
        target.process.terminate()
        finished = target.wait()
    assert (finished.status, finished.bookmarks) == (143, [0])
    assert calls_of(sandbox).count("run") == 2


@pytest.mark.parametrize("second", SIGNALS)
def test_a_second_signal_ends_the_program_at_once(
    start: Callable[..., Sandbox], tmp_path: Path, second: signal.Signals
) -> None:
    """Though it is still waiting for an answer in the main thread, within its time to end by itself."""
    sandbox = start(faults=[{"call": "list", "hang": AN_HOUR}])
    with Target(tmp_path, settings(sandbox)) as target:
        target.send(schema())
        wait_until(lambda: "list" in calls_of(sandbox), "the request", target)
        target.process.terminate()
        # The same signal twice is one while the first is not taken yet.
        wait_until(lambda: _pending(target.process.pid) == 0, "the first signal to be taken", target)
        target.process.send_signal(second)
        finished = target.wait()
    assert finished.status == 143, "the first one counts"
    assert "[exit_status=143 error_code=terminated" in finished.last_line
    runs = [each["record"] for each in finished.metrics if each["type"] == "RECORD"]
    assert [each["exit_status"] for each in runs if "exit_status" in each] == [143]


def _pending(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("ShdPnd:"):
            return int(line.split()[1], 16)
    raise AssertionError


IMPORTS_SLOWLY = """
import sys, time

class Slow:
    def find_spec(self, name, *_):
        if name == "target_w50.program.command":
            print("importing", file=sys.stderr, flush=True)
            time.sleep(600)

sys.meta_path.insert(0, Slow())
"""


def test_an_interrupt_before_the_program_is_ready_shows_no_traceback(tmp_path: Path) -> None:
    """It takes a moment until everything is imported."""
    (tmp_path / "sitecustomize.py").write_text(IMPORTS_SLOWLY)
    with Target(tmp_path, {}, environment={"PYTHONPATH": str(tmp_path)}) as target:
        target.wait_for_words("importing")
        target.process.send_signal(signal.SIGINT)
        finished = target.wait()
    assert (finished.status, finished.stderr) == (-signal.SIGINT, "importing\n")


def test_the_package_brings_nothing_until_it_is_asked_for() -> None:
    """Until the program owns its signals an interrupt is a traceback: that moment is to be short."""
    script = f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); import target_w50.__main__"
    script += "; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script], check=True, capture_output=True, text=True
    )
    assert not {"importlib.metadata", "logging", "re", "target_w50.program"} & set(done.stdout.split())


def test_a_signal_that_comes_while_the_signals_are_taken_over_is_not_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All are blocked, and so wait for the watch, before any is given another effect."""
    took: list[Any] = []
    monkeypatch.setattr(signal, "pthread_sigmask", lambda _, numbers: took.append(set(numbers)))
    monkeypatch.setattr(signal, "signal", lambda *_: took.append(None))
    monkeypatch.setattr(LastResort, "start", lambda _: None)
    monkeypatch.setattr(Watch, "_watch", lambda _: None)
    Watch(stop.Stop(), 1, lambda _: None).start()
    assert took == [set(SIGNALS), None, None, None]


def test_a_hang_up_that_is_to_be_ignored_does_not_end_the_program(sandbox: Sandbox, tmp_path: Path) -> None:
    """As `nohup` has it."""
    with Target(tmp_path, settings(sandbox), trapped="HUP") as target:
        target.send(schema(), record(1))
        wait_until(lambda: "fields" in calls_of(sandbox), "the mapping", target)
        target.process.send_signal(signal.SIGHUP)
        target.send(state(1))
        target.end_input()
        finished = target.wait()
    assert (finished.status, finished.bookmarks) == (0, [1])


@pytest.mark.parametrize("descriptors", range(6, 10))
def test_too_few_descriptors_end_the_run_with_words(
    sandbox: Sandbox, tmp_path: Path, descriptors: int
) -> None:
    config = settings(sandbox, retry_for_s=1)
    finished = run_target(tmp_path, config, [schema(), record(1)], limit=f"-n {descriptors}")
    assert finished.status in {1, 2, 4}
    assert "Traceback" not in finished.stderr
    assert "too many open files" in finished.stderr.lower() or finished.status == 4
    assert "Please report" not in finished.stderr


def test_a_full_folder_of_temporary_files_ends_the_run_with_words(sandbox: Sandbox, tmp_path: Path) -> None:
    """The limit of a file's size stands for a full disk."""
    messages = [schema(), *[record(number, first_name="x" * 100_000) for number in range(120)]]
    finished = run_target(tmp_path, settings(sandbox), messages, limit="-f 4096")
    assert (finished.status, finished.error_code) == (1, "machine_gave_out")
    assert "make room on the disk" in finished.last_line
    assert "Please report" not in finished.stderr


def test_an_interrupt_that_is_ignored_from_the_start_stays_so(sandbox: Sandbox, tmp_path: Path) -> None:
    """As with `&` in a script: the interrupt is for others."""
    debug = {"TARGET_W50_LOGLEVEL": "DEBUG"}
    with Target(tmp_path, settings(sandbox), trapped="INT", environment=debug) as target:
        target.send(schema(), record(1))
        wait_until(lambda: "fields" in calls_of(sandbox), "the list's fields", target)
        target.process.send_signal(signal.SIGINT)
        target.send(record(2), state(2))
        target.end_input()
        finished = target.wait()
    assert (finished.status, finished.bookmarks) == (0, [2]), finished.stderr
    assert "SIGINT was ignored when the program began" in finished.stderr


def test_an_ignored_interrupt_does_not_hide_sigterm(sandbox: Sandbox, tmp_path: Path) -> None:
    with Target(tmp_path, settings(sandbox), trapped="INT") as target:
        target.send(schema(), record(1))
        wait_until(lambda: "fields" in calls_of(sandbox), "the list's fields", target)
        target.process.send_signal(signal.SIGTERM)
        finished = target.wait()
    assert (finished.status, finished.error_code) == (143, "terminated")
    assert "SIGINT was ignored" not in finished.stderr


def test_what_the_tests_start_heeds_signals_whoever_started_the_tests() -> None:
    """And the tests themselves go on ignoring what they are to ignore."""
    usual = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        heed_signals()
        assert all(callable(signal.getsignal(number)) for number in SIGNALS)
        for number in SIGNALS:
            signal.raise_signal(number)
    finally:
        for number in SIGNALS:
            signal.signal(number, usual[number])


def test_a_standard_output_that_was_never_open_ends_the_run_before_anything_is_sent(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    with Target(tmp_path, settings(sandbox), closed=[1]) as target:
        finished = target.wait()
    assert (finished.status, finished.error_code) == (141, "stdout_closed")
    assert requests_of(sandbox) == []


def test_a_closed_standard_error_does_not_keep_states_from_passing(sandbox: Sandbox, tmp_path: Path) -> None:
    """What is opened next must not get its number: logs would be written into it."""
    with Target(tmp_path, settings(sandbox), closed=[2]) as target:
        target.send(schema(), record(1), state(1))
        target.end_input()
        finished = target.wait()
    assert (finished.status, finished.bookmarks) == (0, [1])
    for line in (tmp_path / "metrics.jsonl").read_text().splitlines():
        json.loads(line)


def test_a_kill_leaves_no_file_behind(start: Callable[..., Sandbox], tmp_path: Path) -> None:
    """Batches beyond a modest size are on the disk by then, in files that have no name."""
    sandbox = start(faults=[{"call": "add", "hang": AN_HOUR}])
    folder = tmp_path / "tmp"
    folder.mkdir()
    config = settings(sandbox, batch_size_rows=50)
    with Target(tmp_path / "run", config, environment={"TMPDIR": str(folder)}) as target:
        target.send(schema(), *[record(number, first_name="x" * 100_000) for number in range(120)])
        wait_until(lambda: _open_files_in(target.process.pid, folder) > 0, "a temporary file", target)
        target.process.kill()
        target.wait()
    assert [*folder.iterdir()] == []


def _open_files_in(pid: int, folder: Path) -> int:
    found = 0
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found += str(folder) in str(link.readlink())
        except FileNotFoundError:
            continue  # closed in between
    return found
