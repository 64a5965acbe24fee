"""A W50 on the other side of the world: uploads one after the other, and several at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.contacts import input_file
from benchmarks.measuring import BenchmarkError, Measured, run_measured
from benchmarks.sandbox import bench_sandbox
from benchmarks.subjects import target_w50

ROUND_TRIP_S = 0.15
UPLOAD_S = 1.0
AT_ONCE = 4
GOAL = 3.5


@dataclass(frozen=True)
class FarAway:
    """A run with one upload after the other, and one with several at once.

    Attributes:
        contacts: how many are loaded.
        jobs: in how many import jobs.
        overlap_jobs: the setting, of both.
        alone: one upload at a time.
        at_once: `AT_ONCE` of them.
    """

    contacts: int
    jobs: int
    overlap_jobs: bool
    alone: Measured
    at_once: Measured

    @property
    def times(self) -> float:
        """How many times as fast the second is."""
        return self.alone.seconds / self.at_once.seconds

    @property
    def row(self) -> tuple[object, ...]:
        """For the table, see `COLUMNS`."""
        return (
            f"{self.contacts:,}",
            self.jobs,
            str(self.overlap_jobs).lower(),
            f"{self.alone.seconds:.1f}",
            f"{self.at_once.seconds:.1f}",
            f"{self.times:.2f}",
            f"{self.alone.peak_mib:.0f}",
            f"{self.at_once.peak_mib:.0f}",
        )

    def as_json(self) -> dict[str, Any]:
        """For the file of results."""
        return {
            "contacts": self.contacts,
            "import_jobs": self.jobs,
            "overlap_jobs": self.overlap_jobs,
            "round_trip_seconds": ROUND_TRIP_S,
            "upload_seconds_each": UPLOAD_S,
            "parallel_uploads": AT_ONCE,
            "seconds_alone": round(self.alone.seconds, 2),
            "seconds_at_once": round(self.at_once.seconds, 2),
            "times": round(self.times, 3),
            "peak_mib_alone": round(self.alone.peak_mib, 1),
            "peak_mib_at_once": round(self.at_once.peak_mib, 1),
        }


COLUMNS = (
    "contacts",
    "jobs",
    "overlap_jobs",
    "s alone",
    f"s, {AT_ONCE} at once",
    "times",
    "MiB alone",
    "MiB",
)


def measure_far_away(folder: Path, *, uploads: int, batch_rows: int) -> list[FarAway]:
    """Load so many uploads as one import job, and as jobs of ten uploads, as they are by default.

    Args:
        folder: for files of the runs.
        uploads: how many, in tens.
        batch_rows: contacts in each. Fewer make the input shorter, not W50 quicker: that decides the time.
    """
    contacts = uploads * batch_rows
    path = input_file(folder, contacts)
    found = []
    options = ("--latency", str(ROUND_TRIP_S), "--upload-latency", str(UPLOAD_S))
    with bench_sandbox(folder, *options) as sandbox:
        for in_job, overlap_jobs in ((uploads, False), (10, False), (10, True)):
            runs = []
            for at_once in (1, AT_ONCE):
                sandbox.empty()
                subject = target_w50(
                    parallel_uploads=at_once,
                    overlap_jobs=overlap_jobs,
                    batch_size_rows=batch_rows,
                    max_contacts_per_job=in_job * batch_rows,
                )
                command = subject.command(sandbox.url, folder)
                runs.append(run_measured(command, path, contacts, folder / "far-away.log"))
                arrived = sandbox.arrived()
                if (arrived.contacts, arrived.jobs) != (contacts, uploads // in_job):
                    raise BenchmarkError(
                        f"{arrived.contacts} of {contacts} contacts in {arrived.jobs} import jobs"
                    )
            found.append(FarAway(contacts, uploads // in_job, overlap_jobs, *runs))
    return found
