"""Measures several programs over the same input, in turn: a slow minute of the machine meets them all."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measuring import BenchmarkError, Measured, run_measured
from benchmarks.sandbox import BenchSandbox
from benchmarks.subjects import Subject


@dataclass(frozen=True)
class Spread:
    """Several measurements of one thing: the middle one, the least and the most."""

    median: float
    least: float
    most: float

    @staticmethod
    def of(values: Sequence[float]) -> Spread:
        """The spread of these values."""
        return Spread(statistics.median(values), min(values), max(values))

    @property
    def in_words(self) -> str:
        """For a table, of how many times as much."""
        return f"{self.median:.2f} x ({self.least:.2f}-{self.most:.2f})"

    def as_json(self) -> dict[str, float]:
        """For the file of results."""
        return {"median": round(self.median, 3), "min": round(self.least, 3), "max": round(self.most, 3)}


@dataclass(frozen=True)
class Series:
    """The runs of one program over one input, one for each round that it took part in."""

    name: str
    records: int
    runs: tuple[Measured, ...]

    def spread(self, figure: Callable[[Measured], float]) -> Spread:
        """The spread of a figure."""
        return Spread.of([figure(run) for run in self.runs])

    def times(self, other: Series) -> Spread:
        """How many times as fast as the other it is; rounds are compared one by one.

        Where one of them has fewer rounds, its median stands for those that are missing.
        """
        mine, theirs = self._paired(other), other._paired(self)
        return Spread.of([b.seconds / a.seconds for a, b in zip(mine, theirs, strict=True)])

    def cpu_times(self, other: Series) -> Spread:
        """The same by CPU seconds, which other programs on the machine disturb less."""
        mine, theirs = self._paired(other), other._paired(self)
        return Spread.of([b.cpu_seconds / a.cpu_seconds for a, b in zip(mine, theirs, strict=True)])

    def _paired(self, other: Series) -> list[Measured]:
        missing = len(other.runs) - len(self.runs)
        middle = sorted(self.runs, key=lambda run: run.seconds)[(len(self.runs) - 1) // 2]
        return [*self.runs, *([middle] * max(missing, 0))]

    def as_json(self) -> dict[str, Any]:
        """For the file of results."""
        return {
            "name": self.name,
            "records": self.records,
            "rounds": len(self.runs),
            "records_per_second": self.spread(lambda run: run.records_per_s).as_json(),
            "seconds": self.spread(lambda run: run.seconds).as_json(),
            "cpu_seconds": self.spread(lambda run: run.cpu_seconds).as_json(),
            "peak_mib": self.spread(lambda run: run.peak_mib).as_json(),
        }


class Bench:
    """Runs subjects against one sandbox.

    Args:
        folder: for settings and logs.
    """

    def __init__(self, sandbox: BenchSandbox, folder: Path) -> None:
        self._sandbox = sandbox
        self._folder = folder
        self._bodies: dict[str, tuple[str, ...]] = {}

    def measure(
        self, subjects: Sequence[Subject], path: Path, records: int, *, rounds: int, slow_rounds: int
    ) -> dict[str, Series]:
        """Let the subjects take turns, every other time backwards: none always runs after the same one.

        Args:
            subjects: whom to measure.
            path: the input.
            records: how many records it has.
            rounds: how often.
            slow_rounds: how often those take part that are slow.

        Returns:
            The series of each subject that took part, by its name.
        """
        runs: dict[str, list[Measured]] = {}
        for turn in range(max(rounds, slow_rounds)):
            for subject in subjects[:: -1 if turn % 2 else 1]:
                if turn < (slow_rounds if subject.is_slow else rounds):
                    runs.setdefault(subject.name, []).append(self._run(subject, path, records))
        return {name: Series(name, records, tuple(each)) for name, each in runs.items()}

    def check_same_bytes(self, one: Subject, other: Subject) -> None:
        """See that two subjects sent the very same requests, the last time that they ran.

        Raises:
            BenchmarkError: they did not.
        """
        if self._bodies[one.name] != self._bodies[other.name]:
            raise BenchmarkError(f"{one.name} and {other.name} did not send the same bytes")

    def _run(self, subject: Subject, path: Path, records: int) -> Measured:
        self._sandbox.empty()
        log = self._folder / f"{subject.name.replace(' ', '-')}.log"
        measured = run_measured(subject.command(self._sandbox.url, self._folder), path, records, log)
        arrived = self._sandbox.arrived()
        if subject.sends and arrived.contacts != records:
            raise BenchmarkError(
                f"{subject.name}: {arrived.contacts} of {records} contacts arrived; see {log}"
            )
        self._bodies[subject.name] = arrived.requests
        sys.stderr.write(
            f"  {subject.name}, {records:,} records: {measured.seconds:.1f} s, "
            f"CPU {measured.cpu_seconds:.1f} s, {measured.peak_mib:.0f} MiB\n"
        )
        return measured
