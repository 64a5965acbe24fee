"""A stream's contacts that are to fire no events, though the stream has some: into jobs of their own."""

from __future__ import annotations

from collections.abc import Sequence

from target_w50.contacts.mapping import StreamMapping
from target_w50.import_jobs.counts import StreamCounts
from target_w50.import_jobs.failed_values import NO_SUSPECTS
from target_w50.journal.history import StreamHistory
from target_w50.loading.open_batch import OpenBatch
from target_w50.loading.open_jobs import OpenJobs
from target_w50.loading.stream_load import StreamLoad
from target_w50.loading.takes_batches import CutsInput


class QuietLoad(StreamLoad):
    """Beside a stream's load with events: a contact is once in the jobs of both.

    Args:
        intake: as the other's, and so on.
    """

    def __init__(
        self,
        intake: CutsInput,
        open_jobs: OpenJobs,
        counts: StreamCounts,
        mapping: StreamMapping,
        history: StreamHistory | None,
    ) -> None:
        super().__init__(intake, open_jobs, counts, mapping, None, history, lambda: self)

    def has_room(self, batch: OpenBatch, rows: Sequence[int]) -> bool:
        """Whether these contacts of another load's batch can be taken over."""
        size = sum(len(batch.fragments[row]) + 1 for row in rows)
        return (not self._batch.rows and self._in_job == 0) or (
            len(self._batch.rows) + len(rows) <= self._batch_rows
            and self._batch.size_bytes + size <= self._batch_bytes
            and self._in_job + len(rows) <= self._job_contacts
        )

    def make_room(self, contacts: int) -> None:
        """Hand the open batch over, and close the job if it can't take so many more.

        Its contacts stay known as such of an open job until the input is cut.
        """
        self.flush()
        if self._job is not None and self._in_job + contacts > self._job_contacts:
            self._close_job(self._job)

    def take_over(self, batch: OpenBatch, rows: Sequence[int]) -> None:
        """Take these contacts of another load's batch, for which there is room."""
        if self._job is None:
            self._open()
        identities = [*batch.rows]
        for row in rows:
            raw = batch.raws[row] if self._keeps_raws else b""
            contact, matched = batch.contacts.get(row), batch.matched.get(row)
            suspects = batch.suspects.get(row, NO_SUSPECTS)
            self._append(
                identities[row], batch.fragments[row], batch.places[row], raw, contact, matched, suspects
            )
