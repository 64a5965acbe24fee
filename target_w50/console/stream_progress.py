"""How far the streams of a run have come at a moment: counters read, never touched."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from target_w50.import_jobs.job import LoadJob
from target_w50.outputs.ledger import Ledger

RATE_OVER_S = 10.0
"""Records a second are those of so many last seconds."""


@dataclass(frozen=True)
class StreamProgress:
    """How far a stream has come.

    Attributes:
        job: the first of its import jobs that has not ended, or None.
        records_per_second: of the last seconds.
        contacts_not_sent: unchanged, or delivered by an earlier run already.
    """

    stream: str
    records_read: int
    contacts_sent: int
    job: LoadJob | None
    records_per_second: float
    contacts_not_sent: int = 0

    @property
    def not_sent_in_words(self) -> str:
        """How many contacts W50 has already, where there are any; with a comma before."""
        return f", {self.contacts_not_sent:,} not sent again" if self.contacts_not_sent else ""

    @property
    def job_id(self) -> int | None:
        """The job's id at W50, once it is created."""
        seen = self.job.w50_job if self.job is not None else None
        return None if seen is None else seen.id

    @property
    def job_percent(self) -> int:
        """How far W50 says that the job has come, 0 to 100; 0 before it runs."""
        seen = self.job.w50_job if self.job is not None and self.job.runs else None
        return 0 if seen is None else min(max(seen.progress_percent, 0), 100)

    @property
    def job_in_words(self) -> str:
        """The job and what becomes of it."""
        if self.job is None:
            return "no import job"
        if self.job_id is None:
            return "import job to be created"
        return f"import job {self.job_id} " + (
            f"at {self.job_percent} %" if self.job.runs else "being filled"
        )


class Looks:
    """Reads the counters of the run's streams, and remembers a few seconds for the rates."""

    def __init__(self, ledger: Ledger, monotonic: Callable[[], float]) -> None:
        self._ledger = ledger
        self._monotonic = monotonic
        self._past: dict[str, deque[tuple[float, int]]] = {}

    def look(self) -> list[StreamProgress]:
        """How far each stream has come by now."""
        now, jobs = self._monotonic(), self._ledger.open_jobs
        found = []
        for counts in list(self._ledger.streams.values()):
            own = [job for job in jobs if job.stream == counts.stream]
            sending = sum(job.effort.contacts_sent for job in own if job.effort is not None)
            found.append(
                StreamProgress(
                    counts.stream,
                    counts.records_read,
                    counts.contacts_sent + sending,
                    own[0] if own else None,
                    self._rate(counts.stream, now, counts.records_read),
                    counts.contacts_unchanged + counts.contacts_already_delivered,
                )
            )
        return found

    def _rate(self, stream: str, now: float, records: int) -> float:
        past = self._past.setdefault(stream, deque())
        past.append((now, records))
        while len(past) > 2 and past[1][0] <= now - RATE_OVER_S:  # noqa: PLR2004  # a rate is between two looks
            past.popleft()
        (then, before) = past[0]
        return (records - before) / (now - then) if now > then else 0.0
