"""Runs a program over an input file and says what it took, from its start to its exit."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class BenchmarkError(Exception):
    """A program that was to be measured did not do its work."""


@dataclass(frozen=True)
class Measured:
    """What one run took.

    Attributes:
        records: records of the input.
        seconds: from the start of the process to its exit.
        cpu_seconds: of the process, its threads included.
        peak_mib: the most memory that it had resident.
    """

    records: int
    seconds: float
    cpu_seconds: float
    peak_mib: float

    @property
    def records_per_s(self) -> float:
        """Records a second."""
        return self.records / self.seconds


def run_measured(command: Sequence[str], input_path: Path, records: int, log_path: Path) -> Measured:
    """Run the program to its end.

    Args:
        command: the program and its arguments.
        input_path: what it reads on standard input.
        records: how many records that holds.
        log_path: takes what it writes on standard error.

    Raises:
        BenchmarkError: it failed.
    """
    with input_path.open("rb") as source, log_path.open("wb") as log:
        began = time.monotonic()
        process = subprocess.Popen(command, stdin=source, stdout=subprocess.DEVNULL, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise BenchmarkError(f"{' '.join(command)} ended with {process.returncode}; see {log_path}")
    return Measured(records, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
