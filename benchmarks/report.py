"""The results of a benchmark as tables and as one JSON document."""

from __future__ import annotations

import datetime as dt
import itertools
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from benchmarks.changed import COLUMNS, Compared
from benchmarks.far_away import COLUMNS as FAR_COLUMNS
from benchmarks.far_away import GOAL as FAR_GOAL
from benchmarks.far_away import FarAway
from benchmarks.goals import MOST_MIB, TIMES_BARE, TIMES_SDK, TIMES_SDK_CHANGED, Goal
from benchmarks.importing import COLUMNS as IMPORT_COLUMNS
from benchmarks.importing import Importing
from benchmarks.overlap import GOAL as OVERLAP_GOAL
from benchmarks.overlap import Overlap
from benchmarks.remembering import Remembering
from benchmarks.rounds import Series
from benchmarks.starting import EMPTY, GOAL_S, Start
from benchmarks.subjects import BARE, OURS, SDK
from benchmarks.ways import WAYS_COLUMNS, Cost, ways_goals
from target_w50.console.tables import write_table

PLAIN = "plain"
JUDGED_FROM = {True: 1_000_000, False: 100_000}
"""Records from which on goals are judged, of plain and of changed records: below, starting takes the time."""


@dataclass
class Results:
    """All that was measured.

    Attributes:
        series: by input (`plain`, or the settings in use), size and program.
        overlaps: runs against a slow sandbox.
        far_away: one upload after the other, and several at once.
        starts: what the programs take before they do anything.
        rememberings: runs with a journal beside runs without.
        compared: runs that find out what has changed.
        costs: what each further record costs, by the kind of input.
        importings: files beside Singer lines.
    """

    series: dict[tuple[str, int], dict[str, Series]] = field(default_factory=dict)
    overlaps: list[Overlap] = field(default_factory=list)
    far_away: list[FarAway] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    rememberings: list[Remembering] = field(default_factory=list)
    compared: list[Compared] = field(default_factory=list)
    costs: list[Cost] = field(default_factory=list)
    importings: list[Importing] = field(default_factory=list)

    @property
    def goals(self) -> list[Goal]:
        """The goals that these results can judge."""
        goals: list[Goal] = []
        largest = max((size for kind, size in self.series if kind == PLAIN), default=0)
        for (kind, size), found in self.series.items():
            ours, what = found[OURS], f"{size:,} records, {kind}"
            if size < JUDGED_FROM[kind == PLAIN]:
                continue
            if kind != PLAIN:
                goals.append(Goal(f"times {SDK} ({what})", TIMES_SDK_CHANGED, ours.times(found[SDK]).median))
            elif size == largest:
                goals.append(Goal(f"times {SDK} ({what})", TIMES_SDK, ours.times(found[SDK]).median))
                goals.append(Goal(f"times {BARE} ({what})", TIMES_BARE, ours.times(found[BARE]).median))
            peak = ours.spread(lambda run: run.peak_mib).most
            goals.append(Goal(f"peak MiB ({what})", MOST_MIB, peak, at_most=True))
        for each in self.overlaps:
            what = f"seconds by those that must be waited for (overlap_jobs {str(each.overlap_jobs).lower()})"
            goals.append(Goal(what, OVERLAP_GOAL, each.share, at_most=True))
        goals.extend(
            Goal(f"times one upload at a time ({each.contacts:,} contacts in one job)", FAR_GOAL, each.times)
            for each in self.far_away
            if each.jobs == 1 and each.contacts >= JUDGED_FROM[False]
        )
        goals.extend(
            Goal(f"CPU seconds of a start ({each.what})", GOAL_S, each.cpu_seconds, at_most=True)
            for each in self.starts
            if each.what == EMPTY
        )
        for pairs in self.rememberings:
            if pairs.ours.records >= JUDGED_FROM[False]:
                goals += pairs.goals
        goals += [goal for each in self.compared for goal in each.goals]
        goals += ways_goals(self.costs)
        for each_import in self.importings:
            if each_import.files.records >= JUDGED_FROM[True]:
                goals += each_import.goals
        return goals

    def as_json(self) -> dict[str, Any]:
        """The document."""
        return {
            "date": dt.datetime.now(dt.timezone.utc).date().isoformat(),
            "machine": machine(),
            "series": [
                {
                    "input": kind,
                    **each.as_json(),
                    "target_w50_is_times_as_fast": found[OURS].times(each).as_json(),
                    "target_w50_is_times_as_fast_by_cpu": found[OURS].cpu_times(each).as_json(),
                }
                for (kind, _), found in self.series.items()
                for each in found.values()
            ],
            "cpu_us_of_a_further_record": [list(row) for row in self._growth()],
            "changed": [vars(each) for each in self.compared],
            "overlap": [each.as_json() for each in self.overlaps],
            "far_away": [each.as_json() for each in self.far_away],
            "starts": [each.as_json() for each in self.starts],
            "journal": [each.as_json() for each in self.rememberings],
            "further_records": [dict(zip(WAYS_COLUMNS, each.row, strict=True)) for each in self.costs],
            "import": [each.as_json() for each in self.importings],
            "goals": [goal.as_json() for goal in self.goals],
        }

    def write(self, file: TextIO) -> None:
        """Write the tables."""
        numbers = ("records/s", "spread", "CPU s", "peak MiB", "rounds", "target-w50 is", "by CPU")
        headers = ("input", "records", "program", *numbers)
        write_table(file, headers, self._rows(), numbers=numbers)
        growth = self._growth()
        if growth:
            file.write("\nCPU time of each further record (it must not rise with their number):\n")
            write_table(file, ("program", "from", "to", "microseconds"), growth, numbers=("microseconds",))
        if self.overlaps:
            file.write("\nWaiting for W50 (poll_interval_s and all others as they are by default):\n")
            names = ("uploads", "jobs", "must wait s", "took s", "ratio")
            write_table(file, ("overlap_jobs", *names), map(_overlap_row, self.overlaps), numbers=names)
        if self.far_away:
            file.write("\nA W50 far away, 150 ms a round trip and 1 s an upload on top:\n")
            write_table(file, FAR_COLUMNS, [each.row for each in self.far_away], numbers=FAR_COLUMNS)
        if self.starts:
            file.write("\nStarting, from nothing to the exit:\n")
            write_table(file, ("start", "CPU s"), [each.row for each in self.starts], numbers=("CPU s",))
        if self.rememberings:
            file.write("\nWhat the journal costs (a SQLite file), run by run beside the same without it:\n")
            columns = ("records", "a job", "pairs", "CPU s", "CPU s without", "times as long", "by CPU")
            write_table(file, columns, [each.row for each in self.rememberings], numbers=columns)
        if self.compared:
            file.write("\nFinding out what has changed, by the same run without its uploads:\n")
            write_table(file, COLUMNS, [each.row for each in self.compared], numbers=COLUMNS)
        if self.costs:
            file.write(
                "\nWhat each further record costs, beside parsing and writing it with msgspec alone:\n"
            )
            write_table(file, WAYS_COLUMNS, [each.row for each in self.costs], numbers=WAYS_COLUMNS[1:])
            reasons = [
                (each.kind.name, count, why) for each in self.costs for why, count in each.general.items()
            ]
            if reasons:
                file.write("\nWhat went the general way, and why:\n")
                write_table(file, ("input", "records", "why"), reasons, numbers=("records",))
        if self.importings:
            file.write("\nCSV by w50 import, beside the same contacts as Singer lines:\n")
            write_table(file, IMPORT_COLUMNS, [each.row for each in self.importings], numbers=IMPORT_COLUMNS)
        file.write("\n")
        write_table(file, ("goal", "wanted", "found", ""), [goal.row for goal in self.goals])

    def _rows(self) -> list[Sequence[object]]:
        rows: list[Sequence[object]] = []
        for (kind, size), found in self.series.items():
            for each in found.values():
                speed = each.spread(lambda run: run.records_per_s)
                rows.append(
                    (
                        kind,
                        f"{size:,}",
                        each.name,
                        f"{speed.median:,.0f}",
                        f"{speed.least:,.0f}-{speed.most:,.0f}",
                        f"{each.spread(lambda run: run.cpu_seconds).median:.2f}",
                        f"{each.spread(lambda run: run.peak_mib).most:.0f}",
                        len(each.runs),
                        "" if each.name == OURS else found[OURS].times(each).in_words,
                        "" if each.name == OURS else found[OURS].cpu_times(each).in_words,
                    )
                )
        return rows

    def _growth(self) -> list[tuple[str, int, int, float]]:
        sizes = sorted(size for kind, size in self.series if kind == PLAIN)
        rows = []
        for before, after in itertools.pairwise(sizes):
            for name in self.series[PLAIN, after].keys() & self.series[PLAIN, before].keys():
                less, more = (
                    self.series[PLAIN, size][name].spread(lambda run: run.cpu_seconds).median
                    for size in (before, after)
                )
                rows.append((name, before, after, round((more - less) / (after - before) * 1e6, 2)))
        return sorted(rows)


def _overlap_row(each: Overlap) -> tuple[object, ...]:
    return (
        str(each.overlap_jobs).lower(),
        each.uploads,
        each.jobs,
        f"{each.waited_for_s:.1f}",
        f"{each.seconds:.1f}",
        f"{each.share:.2f}",
    )


def machine() -> dict[str, Any]:
    """The machine's size."""
    cpuinfo = Path("/proc/cpuinfo")
    names = [
        line.partition(":")[2].strip()
        for line in (cpuinfo.read_text().splitlines() if cpuinfo.exists() else ())
        if line.startswith("model name")
    ]
    return {
        "cores": os.cpu_count(),
        "processor": names[0] if names else platform.processor(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "python": platform.python_version(),
    }
