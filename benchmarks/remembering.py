"""What the journal costs a plain load: the same run with a SQLite file and without a journal, in pairs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.contacts import input_file
from benchmarks.goals import TIMES_FORGETFUL, Goal
from benchmarks.rounds import Bench, Series
from benchmarks.subjects import FORGETFUL, OURS, target_w50

MOST_PER_JOB = (100_000, 10_000)
"""Contacts in an import job: as many as by default, and so few that there are ten times the transactions."""


@dataclass(frozen=True)
class Remembering:
    """Pairs of runs.

    Attributes:
        per_job: `max_contacts_per_job`.
        ours: the runs with a journal.
        forgetful: those without.
    """

    per_job: int
    ours: Series
    forgetful: Series

    @property
    def goals(self) -> list[Goal]:
        """What it may take beside the same without a journal."""
        what = f"times {FORGETFUL} ({self.ours.records:,} records, {self.per_job:,} a job)"
        seconds, cpu = self.forgetful.times(self.ours), self.forgetful.cpu_times(self.ours)
        return [
            Goal(f"{what}, {kind}", TIMES_FORGETFUL, found.median, at_most=True)
            for kind, found in (("by time", seconds), ("by CPU", cpu))
        ]

    @property
    def row(self) -> tuple[object, ...]:
        """For the table."""
        ours, forgetful = (
            each.spread(lambda run: run.cpu_seconds).median for each in (self.ours, self.forgetful)
        )
        return (
            f"{self.ours.records:,}",
            f"{self.per_job:,}",
            len(self.ours.runs),
            f"{ours:.2f}",
            f"{forgetful:.2f}",
            self.forgetful.times(self.ours).in_words,
            self.forgetful.cpu_times(self.ours).in_words,
        )

    def as_json(self) -> dict[str, Any]:
        """For the file of results."""
        return {
            "max_contacts_per_job": self.per_job,
            "with_journal": self.ours.as_json(),
            "without": self.forgetful.as_json(),
            "seconds_ratio": self.forgetful.times(self.ours).as_json(),
            "cpu_ratio": self.forgetful.cpu_times(self.ours).as_json(),
            "goal": TIMES_FORGETFUL,
        }


def measure_remembering(bench: Bench, folder: Path, *, records: int, pairs: int) -> list[Remembering]:
    """Run with jobs of either size.

    Args:
        bench: with a sandbox that answers at once, so that nothing hides behind waiting.
        folder: of the input.
        records: how many.
        pairs: of runs.
    """
    found = []
    for most in MOST_PER_JOB:
        subjects = [
            target_w50(max_contacts_per_job=most),
            target_w50(FORGETFUL, max_contacts_per_job=most, journal="none"),
        ]
        series = bench.measure(
            subjects, input_file(folder, records), records, rounds=pairs, slow_rounds=pairs
        )
        found.append(Remembering(most, series[OURS], series[FORGETFUL]))
    return found
