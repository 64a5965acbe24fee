"""One process of the program with its tap and the reader of its states, as an orchestrator has them."""

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
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.chaos.scenario import Misfortune, Scenario
from tests.forks import Fork

PROGRAM = Path(__file__).parents[1] / "journal" / "drilled.py"
LEASE = {"lease_s": 2.0, "renew_s": 0.4, "locked_s": 4.0}
"""So that a process that stands still loses its lists within the patience of a test, and keeps no file."""
SMALLEST_PIPE_BYTES = 4096
PADDING = "x" * 1000
"""In each state where nobody reads for a while: a few of them fill the pipe."""
PATIENCE_S = 120.0


def place_of(state: Mapping[str, Any]) -> int:
    """Up to which record a state says that all is in."""
    place: int = state["bookmarks"]["place"] if state else 0
    return place


class Program:
    """A process that is under way.

    Args:
        config: its settings.
        environment: added to this process's own.
        state: where the tap begins.
        misfortune: what befalls the tap.
        see: called with each state as it comes.
        violated: told what no state may be.
        forked: whether it is forked from a process that has it imported, see `tests/forks.py`.

    Attributes:
        state: the last that it printed; before that, the one that the tap began with.
        has_state: whether its tap has sent a state.
        reads: set when somebody reads the states.
    """

    def __init__(
        self,
        scenario: Scenario,
        config: Path,
        environment: Mapping[str, str],
        *,
        state: dict[str, Any],
        misfortune: Misfortune,
        see: Callable[[int], None],
        violated: Callable[[str], None],
        forked: bool = False,
    ) -> None:
        self._scenario = scenario
        self._misfortune = misfortune
        self._see = see
        self._violated = violated
        self.begun_with = self.state = state
        self.stderr = ""
        self.has_state = False
        arguments = ["--config", str(config)]
        begin = self._forked if forked else self._anew
        self.process: Fork | subprocess.Popen[bytes] = begin(arguments, environment)
        self.reads = threading.Event()
        if scenario.output_blocks:
            fcntl.fcntl(self.process.stdout, fcntl.F_SETPIPE_SZ, SMALLEST_PIPE_BYTES)  # type: ignore[arg-type]
        else:
            self.reads.set()
        jobs = (self._be_the_tap, self._read_states, self._read_stderr)
        self._threads = [threading.Thread(target=job) for job in jobs]
        for thread in self._threads:
            thread.start()

    def _forked(self, arguments: list[str], environment: Mapping[str, str]) -> Fork:
        return Fork(
            [json.dumps(LEASE), *arguments] if self._scenario.journaled else arguments,
            {**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            script=PROGRAM if self._scenario.journaled else None,
        )

    def _anew(self, arguments: list[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        program = [str(PROGRAM), json.dumps(LEASE)] if self._scenario.journaled else ["-m", "target_w50"]
        return subprocess.Popen(
            [sys.executable, *program, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **environment},
        )

    @property
    def all_is_covered(self) -> bool:
        """Whether the last state covers all that its tap sent.

        Nobody can tell a tap that died right after a state from one that had no more to say, nor, without a
        state, one that died from one that begins anew each time: such a run that ends with 0 ended well.
        """
        end = self._misfortune.tap_dies_at
        sent = len(self._scenario.records) if end is None else end
        return not self.has_state or place_of(self.state) >= sent

    def waits(self, seconds: float) -> None:
        """Let it go on for a while."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)

    def ended(self, within_s: float) -> int:
        """Its exit status, waited for; it must end in time."""
        try:
            status = self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            self._violated(f"it has not ended within {within_s:g} s")
            self.process.send_signal(signal.SIGUSR1)  # a fork says where each of its threads stands
            self.waits(1)
            self.process.kill()
            status = self.process.wait()
        for thread in self._threads:
            thread.join(PATIENCE_S)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            with contextlib.suppress(BrokenPipeError):
                stream.close()  # type: ignore[union-attr]
        return status

    def _read_stderr(self) -> None:
        assert self.process.stderr is not None
        self.stderr = self.process.stderr.read().decode()

    def _be_the_tap(self) -> None:
        """Write the input from the bookmark of the state on."""
        scenario, stdin = self._scenario, self.process.stdin
        assert stdin is not None
        results = {name: value for name, value in self.begun_with.items() if scenario.hands_back_results}
        told: dict[str, dict[str, Any]] = {}
        end = self._misfortune.tap_dies_at
        with contextlib.suppress(BrokenPipeError):
            for each in scenario.records[place_of(self.begun_with) : end]:
                messages = [] if told.get(each.source) == each.schema else [each.schema]
                told[each.source] = each.schema
                messages.append(each.message)
                if each.place + 1 in scenario.state_places:
                    self.has_state = True
                    bookmarks: dict[str, Any] = {"place": each.place + 1}
                    if scenario.output_blocks:
                        bookmarks["padding"] = PADDING
                    messages.append({"type": "STATE", "value": {**results, "bookmarks": bookmarks}})
                stdin.write(b"".join(json.dumps(message).encode() + b"\n" for message in messages))
                stdin.flush()
                if scenario.pause_s:
                    time.sleep(scenario.pause_s)
            if end is not None and self._misfortune.in_a_line:
                stdin.write(b'{"type": "REC')
            stdin.close()

    def _read_states(self) -> None:
        """Take each state as it comes, and look at once whether W50 has all that it stands for."""
        assert self.process.stdout is not None
        self.reads.wait()
        for line in self.process.stdout:
            if not line.endswith(b"\n"):
                break  # killed while it wrote: an orchestrator would not take it either
            try:
                state = json.loads(line)
                place = place_of(state)
            except (ValueError, KeyError, TypeError):
                self._violated(f"no state on standard output: {line[:80]!r}")
                continue
            if place < place_of(self.state):
                self._violated(f"a state went back from {place_of(self.state)} to {place}")
            self._see(place)
            self.state = state
