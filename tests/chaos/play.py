"""Plays a scenario as an orchestrator would: starts the program again from the last state until all is in."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from target_w50.sandbox import Sandbox
from tests.chaos.across_runs import Mails, Person
from tests.chaos.outputs import Outputs
from tests.chaos.process import PATIENCE_S, Program, place_of
from tests.chaos.promises import QUARANTINE, Promises
from tests.chaos.scenario import BLOCKED_S, HANG_FOR_GOOD_S, Misfortune, Scenario, Second
from tests.forks import Fork

MOST_RUNS = 6
"""So many runs meet with misfortunes; the last one is left in peace."""
STOP_WITHIN_S = 20.0
"""The program promises five seconds; the machine may be busy."""
NO_RUN_AFTER_S = 1.0
"""A request that is on its way when the signal comes is no breach."""
STANDS_STILL_S = 3.0
"""A call that hangs, or an output that nobody reads, may keep the moment of a signal from coming."""
HELD = 7
"""Another process has the contact list."""
_LOCKED = re.compile("database is locked|another process has kept it locked")
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
    beside: int = 0
    resolved: int = 0
    requests: int = 0
    seconds: float = 0.0


class Player:
    """One scenario from its first run to its last check.

    Args:
        seed: of the scenario.
        folder: of all its files.
        forked: whether its programs are forked, which spares the second that each takes to start; a signal
            that comes within that second is then left out.
    """

    def __init__(self, seed: int, folder: Path, *, forked: bool = False) -> None:
        self._forked = forked
        self.scenario = Scenario(seed)
        self.result = Result(seed)
        self._folder = folder
        self._temporary = folder / "tmp"
        self._temporary.mkdir(parents=True)
        self._outputs = Outputs(self.scenario, folder)
        journal = folder / "journal.db"
        self._journal = journal
        self._settings: dict[str, Any] = {}
        self._state: dict[str, Any] = {}
        self._sandbox = Sandbox(**self.scenario.sandbox_options())
        self._said = ""
        self._mails = Mails(self._sandbox, self._violated)
        self._person = Person(journal, self._sandbox)
        self._promises = Promises(self.scenario, self._sandbox, self._outputs, self._violated)

    def play(self) -> Result:
        began = time.monotonic()
        with self._sandbox, self._outputs:
            self._settings = self.scenario.settings(self._outputs.place(QUARANTINE), self._journal)
            for _ in range(MOST_RUNS):
                if self._is_all_in(self._run(self.scenario.misfortune(), self.scenario.second())):
                    break
            else:
                self._go_on_in_peace()
            jobs = self._promises.check_what_w50_holds()
            self._promises.check_quarantine()
            self.result.jobs = len(jobs)
            self.result.given_up = sum(not job["Runs"] for job in jobs)
            self.result.requests = self._log.count
        if [*self._temporary.iterdir()]:
            self._violated("a temporary file is left")
        self.result.seconds = time.monotonic() - began
        return self.result

    def _go_on_in_peace(self) -> None:
        """All must be in after one run more, but for those that stop at a job that a person must look at."""
        self._sandbox.faults.clear()
        self._outputs.leave_in_peace()
        for fault in self.scenario.lasting_faults:
            self._sandbox.faults.add(fault)
        while True:
            asked_before = self.result.resolved
            status = self._run(Misfortune(), request_timeout_s=PATIENCE_S)
            if self._is_all_in(status):
                return
            if self.result.resolved == asked_before:
                self._violated(f"left in peace, it ended with {status}: {self._said}")
                return

    def _is_all_in(self, status: int) -> bool:
        return status == 0 and place_of(self._state) == len(self.scenario.records)

    def _violated(self, words: str) -> None:
        self.result.violations.append(f"run {self.result.runs}: {words}")

    @property
    def requests(self) -> int:
        """How many the sandbox has had."""
        count: int = self._log.count
        return count

    @property
    def _log(self) -> Any:
        # The inspection call shows everything, and takes its time.
        return self._sandbox._routes.log

    # One run of the program.

    def _run(self, misfortune: Misfortune, second: Second | None = None, **more: Any) -> int:
        self.result.runs += 1
        if second is not None and (misfortune.hangs or second.has_it_stand):
            misfortune = Misfortune()  # One thing at a time.
        requests_before = self._log.count
        for fault in misfortune.faults:
            self._sandbox.faults.add(fault)
        program = self._start("", misfortune, alone=second is None, **more)
        beside = None if second is None else Beside(self, program, second, requests_before)
        stopped = self._disturb(program.process, misfortune, requests_before)
        latest_run = self._sandbox._store.date(-NO_RUN_AFTER_S)
        if not program.reads.is_set():
            program.waits(BLOCKED_S)
            program.reads.set()
        if beside is not None:
            beside.ended()
        status = program.ended(STOP_WITHIN_S if stopped else PATIENCE_S)
        self.result.statuses[status] += 1
        if stopped and beside is None:
            self._promises.check_nothing_ran_after(latest_run)
        self._check_the_end(status, misfortune, program, self._metrics(""))
        self._wait_for_w50()
        self._forget(misfortune.faults)
        self._said = last_line(program.stderr)
        self._go_on_from(program, status, None if beside is None else beside.program)
        return status

    def _metrics(self, name: str) -> str:
        return f"metrics{self.result.runs}{name}.jsonl"

    def _start(self, name: str, misfortune: Misfortune, *, alone: bool, **more: Any) -> Program:
        config = self._folder / f"config{name}.json"
        metrics = self._outputs.place(self._metrics(name))
        settings = {"api_url": self._sandbox.url, "metrics_path": metrics, **self._settings, **more}
        if misfortune.hangs:
            settings["request_timeout_s"] = HANG_FOR_GOOD_S
        config.write_text(json.dumps(settings))

        def see(place: int) -> None:
            # Beside another one, which may be sending the values before the last at this moment.
            self._promises.check_covered(place, self._promises.held(), values=alone)
            self.result.states += 1

        return Program(
            self.scenario,
            config,
            {"TMPDIR": str(self._temporary), **self._outputs.environment},
            state=self._state,
            misfortune=misfortune,
            see=see,
            violated=self._violated,
            forked=self._forked,
        )

    def start_second(self, second: Second) -> Program:
        """The same once more, beside a run."""
        return self._start("b", Misfortune(), alone=False, journal_wait_s=second.waits_s)

    def _go_on_from(self, program: Program, status: int, second: Program | None) -> None:
        """What an orchestrator does next; and whether all that was promised across runs was kept."""
        ends = [(program, status)]
        if second is not None:
            ends.append((second, second.process.wait()))
            self.result.beside += 1
            self.result.statuses[ends[1][1]] += 1
            self._check_the_end(ends[1][1], Misfortune(), second, self._metrics("b"))
        if self.scenario.journaled:
            self._check_mails(ends)
            for each, _ in ends:
                self.result.resolved += self._person.answer(last_line(each.stderr))
            self._person.let_time_pass()
        sent = [each for each, ended in ends if ended != HELD or self.scenario.two_lists]
        if len(sent) == 1:
            self._state = sent[0].state
        # Else nobody knows whose values were the last: all is sent once more from where both began.

    def _check_mails(self, ends: list[tuple[Program, int]]) -> None:
        well = [status == 0 and each.all_is_covered for each, status in ends]
        others = [
            status != HELD or self.scenario.two_lists
            for (_, status), is_well in zip(ends, well, strict=True)
            if not is_well
        ]
        self._mails.check(well=sum(well), not_well=sum(others))

    def _forget(self, documents: list[dict[str, Any]]) -> None:
        """Faults of one run that it did not meet are not the next one's."""
        faults = self._sandbox.faults
        with faults._lock:
            faults._faults = [each for each in faults._faults if each.fault.document not in documents]

    def _disturb(self, process: subprocess.Popen[bytes] | Fork, misfortune: Misfortune, before: int) -> bool:
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

    # What was promised.

    def _check_the_end(self, status: int, misfortune: Misfortune, program: Program, metrics: str) -> None:
        stderr = program.stderr
        if "KeyboardInterrupt" in stderr and f"{os.sep}target_w50{os.sep}" not in stderr:
            return  # Python itself was interrupted, while it started: the program had not begun.
        kind = "signal" if misfortune.number else "tap" if misfortune.tap_dies_at is not None else "nothing"
        allowed = STATUSES[kind] | ({HELD} if self.scenario.journaled else set())
        # One that stands in the middle of a write keeps all others from the file.
        is_locked = self.scenario.by_two and bool(_LOCKED.search(last_line(stderr)))
        if status not in allowed and not is_locked:
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


class Beside:
    """A second process beside a run, started when its moment has come.

    Attributes:
        program: the process; None if it was never started, because the run had ended before.
    """

    def __init__(self, player: Player, first: Program, second: Second, requests_before: int) -> None:
        self.program: Program | None = None
        self._player = player
        self._first = first
        self._second = second
        self._due = requests_before + second.after_requests
        self._thread = threading.Thread(target=self._go)
        self._thread.start()

    def _go(self) -> None:
        process = self._first.process
        while process.poll() is None and self._player.requests < self._due:
            time.sleep(0.001)
        if process.poll() is not None and self._second.after_requests:
            return
        if self._second.has_it_stand:
            process.send_signal(signal.SIGSTOP)
        try:
            self.program = self._player.start_second(self._second)
            self.program.reads.set()
            self.program.ended(PATIENCE_S)
        finally:
            process.send_signal(signal.SIGCONT)

    def ended(self) -> None:
        """Wait for its end."""
        self._thread.join()


def last_line(stderr: str) -> str:
    """What an operator sees of a run that failed."""
    return stderr.rstrip("\n").rpartition("\n")[2]
