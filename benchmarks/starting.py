"""What a program takes before it does anything: its starts, by CPU time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.contacts import STREAM
from benchmarks.measuring import BenchmarkError

GOAL_S = 0.3
EMPTY = "empty input, journal none"
"""The start that the goal is about."""

_ENTRY = {"stream": STREAM, "contact_list": "1", "match_fields": ["Email"]}
_SETTINGS: dict[str, Any] = {"auth_token": "a-token", "streams": [_ENTRY], "journal": "none"}


@dataclass(frozen=True)
class Start:
    """One way to start a program, and its CPU seconds: the median of several.

    Attributes:
        what: in words.
        cpu_seconds: of the whole process.
    """

    what: str
    cpu_seconds: float

    @property
    def row(self) -> tuple[str, str]:
        """For the table."""
        return self.what, f"{self.cpu_seconds:.2f}"

    def as_json(self) -> dict[str, Any]:
        """For the file of results."""
        return {"start": self.what, "cpu_seconds": round(self.cpu_seconds, 3)}


def measure_starts(folder: Path, *, rounds: int) -> list[Start]:
    """Start the programs in turns, so that what else the machine does falls on all of them.

    Args:
        folder: for the settings and the journal.
        rounds: how often each is started; once more before, for the bytecode of a fresh checkout.
    """
    target, w50 = [sys.executable, "-m", "target_w50"], [sys.executable, "-m", "target_w50.cli"]
    journal = str((folder / "starts.db").resolve())
    changes: dict[str, dict[str, str]] = {
        "none": {},
        "journal": {"journal": journal},
        "fault": {"state": "never"},
    }
    config = {
        name: _written(folder / f"start-{name}.json", {**_SETTINGS, **changed})
        for name, changed in changes.items()
    }
    commands: dict[str, tuple[list[str], int]] = {
        "python -c pass": ([sys.executable, "-c", "pass"], 0),
        "target-w50 --version": ([*target, "--version"], 0),
        "target-w50 --help": ([*target, "--help"], 0),
        "w50 --version": ([*w50, "--version"], 0),
        "a setting out of range": ([*target, "--config", config["fault"]], 2),
        EMPTY: ([*target, "--config", config["none"]], 0),
        "empty input, a journal": ([*target, "--config", config["journal"]], 0),
    }
    took: dict[str, list[float]] = {what: [] for what in commands}
    for number in range(rounds + 1):
        for what, (command, status) in commands.items():
            seconds = _cpu_seconds(command, status)
            if number:
                took[what].append(seconds)
    return [Start(what, median(each)) for what, each in took.items()]


def _written(path: Path, settings: dict[str, Any]) -> str:
    path.write_text(json.dumps(settings))
    return str(path)


def _cpu_seconds(command: list[str], expected: int) -> float:
    # An installed package has its bytecode; a checkout without would be compiled anew at each start.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    nothing = subprocess.DEVNULL
    process = subprocess.Popen(command, env=environment, stdin=nothing, stdout=nothing, stderr=nothing)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != expected:
        raise BenchmarkError(f"{' '.join(command)} ended with {process.returncode}, not {expected}")
    return usage.ru_utime + usage.ru_stime
