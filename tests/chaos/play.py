"""Plays a scenario as an orchestrator would: starts the program again from the last state until all is in."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from target_w50.sandbox import Sandbox
from tests.chaos.promises import Promises
from tests.chaos.scenario import BLOCKED_S, HANG_FOR_GOOD_S, Misfortune, Scenario

MOST_RUNS = 6
"""So many runs meet with misfortunes; the last one is left in peace."""
PATIENCE_S = 60.0
STOP_WITHIN_S = 20.0
"""The program promises five seconds; the machine may be busy."""
NO_RUN_AFTER_S = 1.0
"""A request that is on its way when the signal comes is no breach."""
STANDS_STILL_S = 3.0
"""A call that hangs, or an output that nobody reads, may keep the moment of a signal from coming."""
SMALLEST_PIPE_BYTES = 4096
PADDING = "x" * 1000
"""In each state where nobody reads for a while: a few of them fill the pipe."""
STATUSES = {
    "nothing": {0, 4, 5},
    "tap": {0, 2, 4, 5},
    "signal": {
        *(0, 4, 5, 129, 130, 143),
        *(-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP),
    },
}


@dataclass
class Result:
    """What came of a scenario: `violations` is empty if every promise was kept."""

    seed: int
    violations: list[str] = field(default_factory=list)
    runs: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    states: int = 0
    jobs: int = 0
    given_up: int = 0
    requests: int = 0
    seconds: float = 0.0


class Player:
    """One scenario from its first run to its last check."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.scenario = Scenario(seed)
        self.result = Result(seed)
        self._folder = folder
        self._temporary = folder / "tmp"
        self._temporary.mkdir(parents=True)
        quarantine = folder / "quarantine.jsonl"
        self._settings = self.scenario.settings(quarantine)
        self._state: dict[str, Any] = {}
        self._sandbox = Sandbox(**self.scenario.sandbox_options())
        self._promises = Promises(self.scenario, self._sandbox, quarantine, self._violated)

    def play(self) -> Result:
        began = time.monotonic()
        with self._sandbox:
            for _ in range(MOST_RUNS):
                if self._is_all_in(self._run(self.scenario.misfortune())):
                    break
            else:
                self._sandbox.faults.clear()
                for fault in self.scenario.lasting_faults:
                    self._sandbox.faults.add(fault)
                status = self._run(Misfortune(), request_timeout_s=PATIENCE_S)
                if not self._is_all_in(status):
                    self._violated(f"left in peace, it ended with {status} at state {self._state}")
            jobs = self._promises.check_what_w50_holds()
            self._promises.check_quarantine()
            self.result.jobs = len(jobs)
            self.result.given_up = sum(not job["Runs"] for job in jobs)
            self.result.requests = self._log.count
        if [*self._temporary.iterdir()]:
            self._violated("a temporary file is left")
        self.result.seconds = time.monotonic() - began
        return self.result

    def _is_all_in(self, status: int) -> bool:
        return status == 0 and self._place_of(self._state) == len(self.scenario.records)

    def _violated(self, words: str) -> None:
        self.result.violations.append(f"run {self.result.runs}: {words}")

    @property
    def _log(self) -> Any:
        # The inspection call shows everything, and takes its time.
        return self._sandbox._routes.log

    # One run of the program.

    def _run(self, misfortune: Misfortune, **more: Any) -> int:
        self.result.runs += 1
        metrics = self._folder / f"metrics{self.result.runs}.jsonl"
        config = self._folder / "config.json"
        settings = {"api_url": self._sandbox.url, "metrics_path": str(metrics), **self._settings, **more}
        if misfortune.hangs:
            settings["request_timeout_s"] = HANG_FOR_GOOD_S
        config.write_text(json.dumps(settings))
        requests_before = self._log.count
        for fault in misfortune.faults:
            self._sandbox.faults.add(fault)
        process = subprocess.Popen(
            [sys.executable, "-m", "target_w50", "--config", str(config)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "TMPDIR": str(self._temporary)},
        )
        reads = threading.Event()
        if self.scenario.output_blocks:
            fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, SMALLEST_PIPE_BYTES)  # type: ignore[arg-type]
        else:
            reads.set()
        errors: list[bytes] = []
        threads = [
            threading.Thread(target=self._be_the_tap, args=(process, misfortune)),
            threading.Thread(target=self._read_states, args=(process, reads)),
            threading.Thread(target=lambda: errors.append(process.stderr.read())),  # type: ignore[union-attr]
        ]
        for thread in threads:
            thread.start()
        stopped = self._disturb(process, misfortune, requests_before)
        latest_run = self._sandbox._store.date(-NO_RUN_AFTER_S)
        if not reads.is_set():
            self._waits(process, BLOCKED_S)
            reads.set()
        status = self._ended(process, STOP_WITHIN_S if stopped else PATIENCE_S)
        for thread in threads:
            thread.join(PATIENCE_S)
        for stream in (process.stdin, process.stdout, process.stderr):
            with contextlib.suppress(BrokenPipeError):
                stream.close()  # type: ignore[union-attr]
        self.result.statuses[status] += 1
        if stopped:
            self._promises.check_nothing_ran_after(latest_run)
        self._check_the_end(status, misfortune, errors[0].decode(), metrics)
        self._wait_for_w50()
        self._forget(misfortune.faults)
        return status

    def _forget(self, documents: list[dict[str, Any]]) -> None:
        """Faults of one run that it did not meet are not the next one's."""
        faults = self._sandbox.faults
        with faults._lock:
            faults._faults = [each for each in faults._faults if each.fault.document not in documents]

    def _ended(self, process: subprocess.Popen[bytes], within_s: float) -> int:
        try:
            return process.wait(within_s)
        except subprocess.TimeoutExpired:
            self._violated(f"it has not ended within {within_s:g} s")
            process.kill()
            return process.wait()

    @staticmethod
    def _waits(process: subprocess.Popen[bytes], seconds: float) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)

    def _disturb(self, process: subprocess.Popen[bytes], misfortune: Misfortune, before: int) -> bool:
        """Send the signal when its moment has come; says whether it was sent."""
        if misfortune.number is None:
            return False
        began = time.monotonic()
        while process.poll() is None and time.monotonic() - began < PATIENCE_S:
            elapsed_s = time.monotonic() - began
            if misfortune.hangs:
                due = self._hangs(before)
            elif misfortune.after_s is not None:
                due = elapsed_s >= misfortune.after_s
            else:
                due = self._log.count - before >= misfortune.after_requests
            may_stand_still = self.scenario.output_blocks or misfortune.hangs
            if due or (may_stand_still and elapsed_s >= STANDS_STILL_S):
                process.send_signal(misfortune.number)
                if misfortune.again:
                    process.send_signal(misfortune.number)
                return True
            time.sleep(0.001)
        return False

    def _hangs(self, before: int) -> bool:
        """Whether a call of this run hangs: those of earlier ones have nobody who waits."""
        newest = self._log.newest(50)
        return any(entry.number > before and entry.outcome.startswith("hangs") for entry in newest)

    def _be_the_tap(self, process: subprocess.Popen[bytes], misfortune: Misfortune) -> None:
        """Write the input from the bookmark of the last state on."""
        scenario, stdin = self.scenario, process.stdin
        assert stdin is not None
        results = {name: value for name, value in self._state.items() if scenario.hands_back_results}
        told: dict[str, dict[str, Any]] = {}
        end = misfortune.tap_dies_at
        with contextlib.suppress(BrokenPipeError):
            for each in scenario.records[self._place_of(self._state) : end]:
                messages = [] if told.get(each.source) == each.schema else [each.schema]
                told[each.source] = each.schema
                messages.append(each.message)
                if each.place + 1 in scenario.state_places:
                    bookmarks: dict[str, Any] = {"place": each.place + 1}
                    if scenario.output_blocks:
                        bookmarks["padding"] = PADDING
                    value = {**results, "bookmarks": bookmarks}
                    messages.append({"type": "STATE", "value": value})
                stdin.write(b"".join(json.dumps(message).encode() + b"\n" for message in messages))
                stdin.flush()
                if scenario.pause_s:
                    time.sleep(scenario.pause_s)
            if end is not None and misfortune.in_a_line:
                stdin.write(b'{"type": "REC')
            stdin.close()

    def _read_states(self, process: subprocess.Popen[bytes], reads: threading.Event) -> None:
        """Take each state as it comes, and look at once whether W50 has all that it stands for."""
        assert process.stdout is not None
        reads.wait()
        for line in process.stdout:
            if not line.endswith(b"\n"):
                break  # killed while it wrote: an orchestrator would not take it either
            held = self._promises.held()
            try:
                state = json.loads(line)
                place = self._place_of(state)
            except (ValueError, KeyError, TypeError):
                self._violated(f"no state on standard output: {line[:80]!r}")
                continue
            if place < self._place_of(self._state):
                self._violated(f"a state went back from {self._place_of(self._state)} to {place}")
            self._promises.check_covered(place, held)
            self._state = state
            self.result.states += 1

    # What was promised.

    @staticmethod
    def _place_of(state: dict[str, Any]) -> int:
        place: int = state["bookmarks"]["place"] if state else 0
        return place

    def _check_the_end(self, status: int, misfortune: Misfortune, stderr: str, metrics: Path) -> None:
        kind = "signal" if misfortune.number else "tap" if misfortune.tap_dies_at is not None else "nothing"
        if status not in STATUSES[kind]:
            self._violated(f"exit status {status} after {misfortune}: {stderr[-600:]}")
        if "Traceback" in stderr or "Fatal Python error" in stderr:
            self._violated(f"a traceback: {stderr[-3000:]}")
        if status < 0:
            return  # Nothing that Python survives.
        self._promises.check_the_end(status, stderr, metrics)

    def _wait_for_w50(self) -> None:
        """As the last line asks: jobs that still run could undo what the next run does."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            # One that hangs has had its effect, or will have none.
            open_requests = any(
                entry.seconds is None and not entry.outcome.startswith("hangs")
                for entry in self._log.newest(200)
            )
            jobs = self._sandbox.contents(limit=200)["Jobs"]
            unfinished = [job for job in jobs if job["State"] not in ("created", "finished")]
            if not open_requests and not unfinished:
                return
            for job in unfinished:  # Some go on only while somebody asks.
                self._sandbox._store.read_status(job["ContactListId"], job["Id"])
            time.sleep(0.01)
        self._violated("W50 does not come to rest")
