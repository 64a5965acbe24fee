"""What each further record costs, by the kind of input, beside the floor of parsing and writing it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.contacts import FIELD_NAMES
from benchmarks.goals import Goal
from benchmarks.kinds import Kind, kinds
from benchmarks.measuring import Measured, run_measured
from benchmarks.sandbox import BenchSandbox, bench_sandbox

FEW = 10_000
"""Records of the shorter input, so that starting and warming up are out of the difference."""
WAYS_MIB = 120.0
TAPS_TIMES, TAPS_SHARE = 4.0, 95.0


@dataclass(frozen=True)
class Cost:
    """What the further records of one kind took, each figure the least of the rounds.

    Attributes:
        records: how many they were.
        cpu_us: CPU time of each, in microseconds.
        wall_us: the same by the clock.
        floor_us: CPU time that parsing and writing alone takes.
        peak_mib: of the longer input.
        short: of all of the longer input's records, the percentage that went the short way.
        general: how many went the general way, by stream and reason.
    """

    kind: Kind
    records: int
    cpu_us: float
    wall_us: float
    floor_us: float
    peak_mib: float
    short: float
    general: dict[str, int]

    @property
    def times(self) -> float:
        """How many times the floor."""
        return self.cpu_us / self.floor_us

    @property
    def row(self) -> tuple[str, ...]:
        """For the table."""
        return (
            self.kind.name,
            f"{self.short:.0f}",
            f"{self.cpu_us:.2f}",
            f"{self.floor_us:.2f}",
            f"{self.times:.1f}",
            f"{self.wall_us:.2f}",
            f"{self.peak_mib:.0f}",
        )


WAYS_COLUMNS = ("input", "short %", "CPU us", "floor us", "times", "wall us", "peak MiB")


def measure_ways(folder: Path, rounds: int, only: Sequence[str] = (), *, share: float = 1) -> list[Cost]:
    """Measure all kinds, or those whose name holds one of these words.

    Args:
        folder: for inputs and settings.
        rounds: how often each program runs, in turn.
        only: words.
        share: of the usual number of records.
    """
    work = folder / "ways"
    work.mkdir(exist_ok=True, parents=True)
    found: list[Cost] = []
    wanted = [kind for kind in kinds() if not only or any(each in kind.name for each in only)]
    with bench_sandbox(folder, fields=_field_names(work, wanted)) as sandbox:
        for kind in wanted:
            found.append(_cost(sandbox, work, kind, rounds, share))
            sys.stderr.write("  " + "  ".join(found[-1].row) + "\n")
    return found


def ways_goals(costs: Sequence[Cost]) -> list[Goal]:
    """What the table is to show."""
    goals = []
    by_name = {each.kind.name: each for each in costs}
    for cost in costs:
        kind, what = cost.kind, cost.kind.name
        if kind.most_times is not None:
            goals.append(Goal(f"times the floor ({what})", kind.most_times, cost.times, at_most=True))
        if kind.beside is not None and kind.beside[0] in by_name:
            name, most = kind.beside
            goals.append(
                Goal(f"times {name} ({what})", most, cost.cpu_us / by_name[name].cpu_us, at_most=True)
            )
        goals.append(Goal(f"peak MiB ({what})", WAYS_MIB, cost.peak_mib, at_most=True))
    for name in dict.fromkeys(each.kind.taps for each in costs if each.kind.taps):
        taps = [each for each in costs if each.kind.taps == name]
        times = sum(each.cpu_us for each in taps) / sum(each.floor_us for each in taps)
        goals.append(Goal(f"times the floor ({name})", TAPS_TIMES, times, at_most=True))
        goals.append(Goal(f"% short ({name})", TAPS_SHARE, sum(each.short for each in taps) / len(taps)))
    return goals


def _field_names(work: Path, wanted: Sequence[Kind]) -> dict[str, None]:
    """All properties of all inputs, and what flattening and stream maps make of them."""
    names = dict.fromkeys(FIELD_NAMES)
    for kind in wanted:
        for line in kind.lines(1, work):
            message = json.loads(line)
            if message["type"] == "SCHEMA":
                names |= dict.fromkeys(message["schema"]["properties"])
    return names


def _cost(sandbox: BenchSandbox, work: Path, kind: Kind, rounds: int, share: float) -> Cost:
    further = int(kind.records * share)
    inputs = [(_input(work, kind, count), count) for count in (FEW, FEW + further)]
    config, ways = _config(sandbox, work, kind), work / "general.json"
    runs: list[list[Measured]] = [[], []]
    floors: list[list[Measured]] = [[], []]
    for _ in range(rounds):
        for at, (path, count) in enumerate(inputs):
            sandbox.empty()
            (work / "aside.singer").unlink(missing_ok=True)
            command = [sys.executable, "-m", "benchmarks.without_uploads", "--config", str(config)]
            runs[at].append(run_measured(command, path, count, work / "target.log"))
            floor = [sys.executable, "-m", "benchmarks.floor"]
            bare = work / f"batch-{count}.jsonl"
            floors[at].append(
                run_measured(floor, bare if "BATCH" in kind.name else path, count, work / "floor.log")
            )
    os.environ["W50_BENCH_WAYS"] = str(ways)
    try:
        sandbox.empty()
        (work / "aside.singer").unlink(missing_ok=True)
        run_measured(command, *inputs[1], work / "target.log")
    finally:
        del os.environ["W50_BENCH_WAYS"]
    general: dict[str, int] = json.loads(ways.read_text())

    def each(series: list[list[Measured]], figure: Callable[[Measured], float]) -> float:
        few, many = (min(map(figure, runs)) for runs in series)
        return (many - few) / further * 1e6

    return Cost(
        kind,
        further,
        each(runs, lambda run: run.cpu_seconds),
        each(runs, lambda run: run.seconds),
        each(floors, lambda run: run.cpu_seconds),
        max(run.peak_mib for run in runs[1]),
        100 - sum(general.values()) / inputs[1][1] * 100,
        general,
    )


def _input(work: Path, kind: Kind, count: int) -> Path:
    name = "".join(letter if letter.isalnum() else "-" for letter in kind.name)
    path = work / f"{name}-{count}.singer"
    source = Path(__file__).with_name("kinds.py")
    if not path.exists() or path.stat().st_mtime < source.stat().st_mtime:
        with path.open("w", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in kind.lines(count, work))
    return path


def _config(sandbox: BenchSandbox, work: Path, kind: Kind) -> Path:
    # Contacts are not checked besides, but where the kind says so: of some taps one address in ten is none.
    entry: dict[str, Any] = {
        "stream": "*",
        "contact_list": "1",
        "match_fields": ["id"],
        "field_naming": "exact",
    }
    entry["contact_checks"] = "off"
    config = {
        "api_url": sandbox.url,
        "auth_token": "none",
        "streams": [{**entry, **kind.entry}],
        "journal": str(work / "journal.db"),
        "max_rejected_percent": 100,
        **kind.settings,
    }
    path = work / "config.json"
    path.write_text(json.dumps(config).replace("{folder}", str(work.absolute())))
    return path
