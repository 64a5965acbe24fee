"""The sandbox in a process of its own, and what it says about the contacts that it got."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from benchmarks.contacts import FIELD_NAMES
from benchmarks.measuring import BenchmarkError
from target_w50.cli.demo.child_programs import own_program

LIST_ID = 1
_TIMEOUT_S = 60


@dataclass(frozen=True)
class Arrived:
    """What came in since the sandbox was emptied.

    Attributes:
        contacts: in jobs that were run.
        requests: the sha256 of each upload's body, in order.
        jobs: how many jobs were run.
    """

    contacts: int
    requests: tuple[str, ...]
    jobs: int


class BenchSandbox:
    """A running sandbox."""

    def __init__(self, url: str) -> None:
        self.url = url

    def empty(self) -> None:
        """Forget all jobs."""
        requests.post(f"{self.url}/_sandbox/reset", json={}, timeout=_TIMEOUT_S).raise_for_status()

    def arrived(self) -> Arrived:
        """What came in."""
        answer = requests.get(f"{self.url}/_sandbox/contents", timeout=_TIMEOUT_S)
        jobs: list[dict[str, Any]] = [job for job in answer.json()["Jobs"] if job["Runs"] == 1]
        return Arrived(
            sum(job["ContactCount"] for job in jobs),
            tuple(batch["Sha256"] for job in jobs for batch in job["Batches"]),
            len(jobs),
        )


@contextmanager
def bench_sandbox(folder: Path, *options: str, fields: Iterable[str] = FIELD_NAMES) -> Iterator[BenchSandbox]:
    """Run `w50 sandbox --no-checks` with one contact list, for as long as the `with` block lasts.

    Args:
        folder: where its list is written.
        options: further options.
        fields: of the contact list.
    """
    lists = folder / "lists.json"
    lists.write_text(json.dumps([{"Id": LIST_ID, "Name": "Benchmark", "Fields": list(fields)}]))
    command = [
        *own_program("target_w50.cli"),
        "sandbox",
        "--no-checks",
        "--lists",
        str(lists),
        *options,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is None:
                raise AssertionError
            ready = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
            if ready is None:
                raise BenchmarkError("the sandbox did not start")
            yield BenchSandbox(ready[0])
        finally:
            process.terminate()
