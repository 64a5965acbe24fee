"""What `w50 import` takes for a CSV file, beside the target for the same contacts as Singer lines."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.contacts import STREAM, input_file
from benchmarks.goals import MOST_MIB_IMPORT, TIMES_IMPORT, Goal
from benchmarks.rounds import Bench, Series
from benchmarks.sandbox import LIST_ID
from benchmarks.subjects import OURS, Subject, target_w50

IMPORT = "w50 import"
COLUMNS = ("records", "pairs", "seconds", "as Singer lines", "times as fast", "by CPU", "peak MiB")


@dataclass(frozen=True)
class Importing:
    """Pairs of runs.

    Attributes:
        ours: the target's, over Singer lines.
        files: those of `w50 import`, over CSV.
    """

    ours: Series
    files: Series

    @property
    def goals(self) -> list[Goal]:
        """At least half as fast; DuckDB's memory is its own."""
        what = f"({self.files.records:,} records of CSV)"
        peak = self.files.spread(lambda run: run.peak_mib).most
        return [
            Goal(f"times {OURS} with Singer lines {what}", TIMES_IMPORT, self.files.times(self.ours).median),
            Goal(f"peak MiB of {IMPORT} {what}", MOST_MIB_IMPORT, peak, at_most=True),
        ]

    @property
    def row(self) -> tuple[object, ...]:
        """For the table."""
        files, ours = (each.spread(lambda run: run.seconds).median for each in (self.files, self.ours))
        return (
            f"{self.files.records:,}",
            len(self.files.runs),
            f"{files:.1f}",
            f"{ours:.1f}",
            self.files.times(self.ours).in_words,
            self.files.cpu_times(self.ours).in_words,
            f"{self.files.spread(lambda run: run.peak_mib).most:.0f}",
        )

    def as_json(self) -> dict[str, Any]:
        """For the file of results."""
        return {
            "files": self.files.as_json(),
            "singer": self.ours.as_json(),
            "times_as_fast": self.files.times(self.ours).as_json(),
            "times_as_fast_by_cpu": self.files.cpu_times(self.ours).as_json(),
            "goal": TIMES_IMPORT,
        }


def measure_importing(bench: Bench, folder: Path, *, records: int, pairs: int) -> Importing:
    """Run both in turn.

    Args:
        bench: with a sandbox that answers at once.
        folder: of the input.
        records: how many.
        pairs: of runs.
    """
    lines = input_file(folder, records)
    subjects = [target_w50(), _import(_csv_of(lines))]
    series = bench.measure(subjects, lines, records, rounds=pairs, slow_rounds=pairs)
    return Importing(series[OURS], series[IMPORT])


def _csv_of(lines: Path) -> Path:
    """The same contacts as CSV; written if it is not there yet, or older."""
    path = lines.with_suffix(".csv")
    if path.exists() and path.stat().st_mtime >= lines.stat().st_mtime:
        return path
    with lines.open(encoding="utf-8") as source, path.open("w", encoding="utf-8", newline="") as file:
        writer = None
        for line in source:
            message = json.loads(line)
            if message["type"] != "RECORD":
                continue
            if writer is None:
                writer = csv.DictWriter(file, message["record"])
                writer.writeheader()
            writer.writerow(message["record"])
    return path


def _import(path: Path) -> Subject:
    def command(url: str, folder: Path) -> list[str]:
        config = folder / "w50-import.json"
        config.write_text(
            json.dumps({"api_url": url, "auth_token": "none", "journal": str(folder / "journal.db")})
        )
        options = ("--list", str(LIST_ID), "--match", "id", "--stream", STREAM, "--config", str(config))
        return [sys.executable, "-m", "target_w50.cli", "import", str(path), *options]

    return Subject(IMPORT, command)
