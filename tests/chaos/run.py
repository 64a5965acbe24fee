"""`python -m tests.chaos.run`: many scenarios, a line for each that broke a promise, and a summary."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from tests.chaos.play import Player, Result
from tests.chaos.scenario import Scenario
from tests.support import heed_signals


def play(seed: int) -> Result:
    """Play the scenario of a seed in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        return Player(seed, Path(folder)).play()


def main(arguments: list[str] | None = None) -> int:
    """Play scenarios; returns 1 if one broke a promise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=330, help="how many scenarios")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first")
    parser.add_argument("--at-once", type=int, default=2, help="how many at a time")
    options = parser.parse_args(arguments)
    heed_signals()
    seeds = range(options.seed, options.seed + options.runs)
    began, results = time.monotonic(), []
    with ProcessPoolExecutor(options.at_once) as pool:
        for number, future in enumerate(as_completed(pool.submit(play, seed) for seed in seeds), 1):
            result = future.result()
            results.append(result)
            for violation in result.violations:
                print(f"seed {result.seed}: {violation}", flush=True)  # noqa: T201
            if sys.stderr.isatty() or number % 50 == 0:
                print(f"{number} of {len(seeds)}", file=sys.stderr, flush=True)  # noqa: T201
    bad = sorted(result.seed for result in results if result.violations)
    print(summary(results, time.monotonic() - began))  # noqa: T201
    for seed in bad:
        traits = ", ".join(Scenario(seed).traits)
        print(f"to repeat: python -m tests.chaos.run --runs 1 --seed {seed}  # {traits}")  # noqa: T201
    return 1 if bad else 0


def summary(results: list[Result], seconds: float) -> str:
    """One line of figures."""
    statuses: Counter[int] = Counter()
    for result in results:
        statuses.update(result.statuses)
    kept = sum(not result.violations for result in results)
    ended = ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items()))
    return (
        f"{kept} of {len(results)} scenarios kept every promise; "
        f"{sum(result.runs for result in results)} runs of the program (by exit status {ended}), "
        f"{sum(result.states for result in results)} states, "
        f"{sum(result.jobs for result in results)} jobs, "
        f"{sum(result.given_up for result in results)} of them given up, "
        f"{sum(result.beside for result in results)} times two processes at once, "
        f"{sum(result.resolved for result in results)} jobs that a person said the end of, "
        f"{sum(result.requests for result in results)} requests, {seconds:.0f} s"
    )


if __name__ == "__main__":
    sys.exit(main())
