"""Plays a scenario as an orchestrator would: starts the program again from the last state until all is in."""

from __future__ import annotations

import contextlib
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
from tests.chaos.scenario import FIELD_OF, Misfortune, Scenario

MOST_RUNS = 6
"""So many runs meet with misfortunes; the last one is left in peace."""
PATIENCE_S = 60.0
STOP_WITHIN_S = 60.0
"""The program promises five seconds; the machine may be busy."""
STATUSES = {
    "nothing": {0, 4, 5},
    "tap": {0, 2, 4, 5},
    "signal": {0, 4, 5, 130, 143, -signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT},
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
        self._settings = self.scenario.settings()
        self._state: dict[str, Any] = {}
        self._sandbox = Sandbox(**self.scenario.sandbox_options())

    def play(self) -> Result:
        began = time.monotonic()
        with self._sandbox:
            for _ in range(MOST_RUNS):
                if self._is_all_in(self._run(self.scenario.misfortune())):
                    break
            else:
                self._sandbox.faults.clear()
                status = self._run(Misfortune(), request_timeout_s=PATIENCE_S)
                if not self._is_all_in(status):
                    self._violated(f"left in peace, it ended with {status} at state {self._state}")
            self._check_what_w50_holds()
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
        config.write_text(json.dumps(settings))
        requests_before = self._log.count
        process = subprocess.Popen(
            [sys.executable, "-m", "target_w50", "--config", str(config)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "TMPDIR": str(self._temporary)},
        )
        errors: list[bytes] = []
        threads = [
            threading.Thread(target=self._be_the_tap, args=(process, misfortune)),
            threading.Thread(target=self._read_states, args=(process,)),
            threading.Thread(target=lambda: errors.append(process.stderr.read())),  # type: ignore[union-attr]
        ]
        for thread in threads:
            thread.start()
        stopped = self._disturb(process, misfortune, requests_before)
        status = self._ended(process, STOP_WITHIN_S if stopped else PATIENCE_S)
        for thread in threads:
            thread.join(PATIENCE_S)
        for stream in (process.stdin, process.stdout, process.stderr):
            with contextlib.suppress(BrokenPipeError):
                stream.close()  # type: ignore[union-attr]
        self.result.statuses[status] += 1
        self._check_the_end(status, misfortune, errors[0].decode(), metrics)
        self._wait_for_w50()
        return status

    def _ended(self, process: subprocess.Popen[bytes], within_s: float) -> int:
        try:
            return process.wait(within_s)
        except subprocess.TimeoutExpired:
            self._violated(f"it has not ended within {within_s:g} s")
            process.kill()
            return process.wait()

    def _disturb(self, process: subprocess.Popen[bytes], misfortune: Misfortune, before: int) -> bool:
        """Send the signal when its moment has come; says whether it was sent."""
        if misfortune.number is None:
            return False
        began = time.monotonic()
        while process.poll() is None and time.monotonic() - began < PATIENCE_S:
            if misfortune.after_s is not None:
                due = time.monotonic() - began >= misfortune.after_s
            else:
                due = self._log.count - before >= misfortune.after_requests
            if due:
                process.send_signal(misfortune.number)
                if misfortune.again:
                    process.send_signal(misfortune.number)
                return True
            time.sleep(0.001)
        return False

    def _be_the_tap(self, process: subprocess.Popen[bytes], misfortune: Misfortune) -> None:
        """Write the input from the bookmark of the last state on."""
        scenario, stdin = self.scenario, process.stdin
        assert stdin is not None
        results = {name: value for name, value in self._state.items() if scenario.hands_back_results}
        told: dict[str, dict[str, Any]] = {}
        end = misfortune.tap_dies_at
        with contextlib.suppress(BrokenPipeError):
            for each in scenario.records[self._place_of(self._state) : end]:
                messages = [] if told.get(each.stream) == each.schema else [each.schema]
                told[each.stream] = each.schema
                messages.append(each.message)
                if each.place + 1 in scenario.state_places:
                    value = {**results, "bookmarks": {"place": each.place + 1}}
                    messages.append({"type": "STATE", "value": value})
                stdin.write(b"".join(json.dumps(message).encode() + b"\n" for message in messages))
                stdin.flush()
                if scenario.pause_s:
                    time.sleep(scenario.pause_s)
            if end is not None and misfortune.in_a_line:
                stdin.write(b'{"type": "REC')
            stdin.close()

    def _read_states(self, process: subprocess.Popen[bytes]) -> None:
        """Take each state as it comes, and look at once whether W50 has all that it stands for."""
        assert process.stdout is not None
        for line in process.stdout:
            if not line.endswith(b"\n"):
                break  # killed while it wrote: an orchestrator would not take it either
            held = self._held()
            try:
                state = json.loads(line)
                place = self._place_of(state)
            except (ValueError, KeyError, TypeError):
                self._violated(f"no state on standard output: {line[:80]!r}")
                continue
            if place < self._place_of(self._state):
                self._violated(f"a state went back from {self._place_of(self._state)} to {place}")
            self._check_covered(place, held)
            self._state = state
            self.result.states += 1

    # What was promised.

    @staticmethod
    def _place_of(state: dict[str, Any]) -> int:
        place: int = state["bookmarks"]["place"] if state else 0
        return place

    def _held(self) -> dict[tuple[int, str], dict[str, Any]]:
        """W50's contacts, at this moment."""
        store = self._sandbox._store
        with store.lock:
            store.advance()
            return {
                (list_.id, contact.values["Email"]): dict(contact.values)
                for list_ in store.lists.values()
                for contact in list_.contacts.values()
            }

    def _check_covered(self, place: int, held: dict[tuple[int, str], dict[str, Any]]) -> None:
        """Each contact of the records before the place has the value of the last of them, or a later one."""
        for each in self.scenario.records[:place]:
            key = (self.scenario.list_of(each.stream), each.values["email"])
            if key not in held or held[key]["CustomerId"] < each.place:
                self._violated(f"state {place} was written, and record {each.place} is not in W50")
                return

    def _check_the_end(self, status: int, misfortune: Misfortune, stderr: str, metrics: Path) -> None:
        kind = "signal" if misfortune.number else "tap" if misfortune.tap_dies_at is not None else "nothing"
        if status not in STATUSES[kind]:
            self._violated(f"exit status {status} after {misfortune}: {stderr[-600:]}")
        if "Traceback" in stderr or "Fatal Python error" in stderr:
            self._violated(f"a traceback: {stderr[-3000:]}")
        if status < 0 or misfortune.again:
            return  # Nothing that Python survives, or ended at once.
        last = stderr.rstrip("\n").rpartition("\n")[2]
        if f"[exit_status={status} error_code=" not in last:
            self._violated(f"the last line says nothing of status {status}: {last[:300]}")
        if not metrics.exists():
            self._violated(f"no metrics of status {status} after {misfortune}: {stderr[-600:]}")
            return
        written = [json.loads(line) for line in metrics.read_text().splitlines()]
        runs = [
            each["record"] for each in written if each["type"] == "RECORD" and each["stream"] == "w50_runs"
        ]
        if [each["exit_status"] for each in runs] != [status]:
            self._violated(f"w50_runs does not have status {status} once")

    def _wait_for_w50(self) -> None:
        """As the last line asks: jobs that still run could undo what the next run does."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            open_requests = any(entry.seconds is None for entry in self._log.newest(200))
            jobs = self._sandbox.contents(limit=200)["Jobs"]
            unfinished = [job for job in jobs if job["State"] not in ("created", "finished")]
            if not open_requests and not unfinished:
                return
            for job in unfinished:  # Some go on only while somebody asks.
                self._sandbox._store.read_status(job["ContactListId"], job["Id"])
            time.sleep(0.01)
        self._violated("W50 does not come to rest")

    def _check_what_w50_holds(self) -> None:
        for job in self._sandbox.contents()["Jobs"]:
            self.result.jobs += 1
            self.result.given_up += not job["Runs"]
            if job["Runs"] > 1:
                self._violated(f"job {job['Id']} was run {job['Runs']} times")
            emails = Counter(
                contact["Values"]["Email"] for batch in job["Batches"] for contact in batch["Contacts"]
            )
            if job["Runs"] and max(emails.values()) > 1:
                self._violated(f"job {job['Id']} ran with a contact twice")
        expected: dict[tuple[int, str], dict[str, Any]] = {}
        for each in self.scenario.records:
            key = (self.scenario.list_of(each.stream), each.values["email"])
            values = {FIELD_OF[name]: value for name, value in each.values.items()}
            expected.setdefault(key, {}).update(values)
        if expected != self._held():
            self._violated("W50 does not hold every contact with its last values")
