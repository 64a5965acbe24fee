"""Whether reading and converting hide behind W50: a run against a slow sandbox, and what it must wait for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.contacts import input_file
from benchmarks.measuring import BenchmarkError, run_measured
from benchmarks.sandbox import bench_sandbox
from benchmarks.subjects import target_w50

UPLOAD_S = 0.5
JOB_S = 3.0
GOAL = 1.15


@dataclass(frozen=True)
class Overlap:
    """One run.

    Attributes:
        overlap_jobs: the setting.
        uploads: how many requests with contacts.
        jobs: how many import jobs.
        seconds: from the start of the process to its exit.
    """

    overlap_jobs: bool
    uploads: int
    jobs: int
    seconds: float

    @property
    def waited_for_s(self) -> float:
        """What W50 takes: one after the other, or the longer of the two chains where jobs overlap."""
        uploads, jobs = self.uploads * UPLOAD_S, self.jobs * JOB_S
        return max(uploads, jobs) if self.overlap_jobs else uploads + jobs

    @property
    def share(self) -> float:
        """The whole run by what it must wait for."""
        return self.seconds / self.waited_for_s

    def as_json(self) -> dict[str, Any]:
        """For the file of results."""
        return {
            "overlap_jobs": self.overlap_jobs,
            "uploads": self.uploads,
            "upload_seconds_each": UPLOAD_S,
            "import_jobs": self.jobs,
            "job_seconds_each": JOB_S,
            "must_wait_seconds": self.waited_for_s,
            "seconds": round(self.seconds, 2),
            "ratio": round(self.share, 3),
            "goal": GOAL,
        }


def measure_overlap(
    folder: Path, *, uploads_per_job: int, jobs: int, batch_rows: int = 10_000
) -> list[Overlap]:
    """Run with `overlap_jobs` off and on; all other settings have their defaults, but for the sizes."""
    records = uploads_per_job * jobs * batch_rows
    path = input_file(folder, records)
    found = []
    with bench_sandbox(folder, "--upload-latency", str(UPLOAD_S), "--job-seconds", str(JOB_S)) as sandbox:
        for overlap_jobs in (False, True):
            sandbox.empty()
            subject = target_w50(
                overlap_jobs=overlap_jobs,
                batch_size_rows=batch_rows,
                max_contacts_per_job=uploads_per_job * batch_rows,
            )
            measured = run_measured(
                subject.command(sandbox.url, folder), path, records, folder / "overlap.log"
            )
            arrived = sandbox.arrived()
            if arrived.contacts != records:
                raise BenchmarkError(f"{arrived.contacts} of {records} contacts arrived")
            found.append(Overlap(overlap_jobs, len(arrived.requests), arrived.jobs, measured.seconds))
    return found
