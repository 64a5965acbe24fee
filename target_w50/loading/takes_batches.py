"""What the reader hands its batches to, in the words that it needs of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from target_w50.contacts.mapping import StreamMapping
from target_w50.import_jobs.batches import Batch
from target_w50.import_jobs.counts import StreamCounts
from target_w50.import_jobs.job import LoadJob
from target_w50.singer.messages import SchemaLine


class TakesBatches(Protocol):
    """What the reader hands its batches to: the loader, or the plan of a dry run."""

    def open_job(
        self,
        counts: StreamCounts,
        mapping: StreamMapping,
        schemas: Mapping[str, SchemaLine],
        *,
        suppressed_events: bool,
    ) -> LoadJob:
        """A new job for the stream's contacts from here on."""

    def add_batch(self, job: LoadJob, batch: Batch, look_round: Callable[[], None]) -> None:
        """Hand over the next batch of an open job."""

    def close_job(self, job: LoadJob) -> None:
        """Nothing more comes for the job."""

    def check(self) -> None:
        """Raise what stopped the run, or the first error of the background."""
