"""What the parts of the reader's side ask of each other, in the words that they need."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from target_w50.contacts.mapping import StreamMapping
from target_w50.import_jobs.batches import Batch
from target_w50.import_jobs.counts import StreamCounts
from target_w50.import_jobs.job import LoadJob
from target_w50.loading.open_batch import OpenBatch
from target_w50.loading.open_batches import OpenBatches
from target_w50.settings.model import Settings
from target_w50.singer.messages import SchemaLine
from target_w50.w50 import WireFormat


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


class CutsInput(Protocol):
    """What a stream's load asks of the intake that it belongs to."""

    loader: TakesBatches
    settings: Settings
    wire: WireFormat
    open_batches: OpenBatches

    def cut(self) -> None:
        """Close every open job at this place of the input."""

    def look_round(self) -> None:
        """To be called while nothing is read."""


class TakesOver(Protocol):
    """Takes contacts of a batch over that are to fire no events."""

    def has_room(self, batch: OpenBatch, rows: Sequence[int]) -> bool:
        """Whether these contacts of the batch can be taken over."""

    def make_room(self, contacts: int) -> None:
        """See to it that so many can be."""

    def take_over(self, batch: OpenBatch, rows: Sequence[int]) -> None:
        """Take these contacts of the batch, for which there is room."""
