"""What is left of batches of which most contacts need not be sent: collected, until it is worth a request."""

from __future__ import annotations

from array import array
from collections.abc import Collection

from target_w50.import_jobs.batches import Batch, BatchStore
from target_w50.import_jobs.fingerprints import Fingerprints
from target_w50.loading.open_batch import OpenBatch
from target_w50.loading.open_batches import ROW_BYTES
from target_w50.w50 import Frame


class Remainder:
    """Contacts that were judged and are not handed over yet: to the reader they are in the job already.

    Attributes:
        count: how many.
        size_bytes: of their fragments, with what stands between them.
        held_bytes: what it holds in memory.
    """

    def __init__(self) -> None:
        self.count = self.size_bytes = self.held_bytes = 0
        self._fragments: list[bytes] = []
        self._places = array("Q")
        self._raws: list[bytes] = []
        self._fingerprints = Fingerprints((), (), ())

    def add(self, batch: OpenBatch, fingerprints: Fingerprints) -> None:
        """Take what is left of a batch."""
        self._fragments += batch.fragments
        self._places.extend(batch.places)
        self._raws += batch.raws
        self._fingerprints.extend(fingerprints)
        self.count += len(batch.rows)
        self.size_bytes += batch.size_bytes
        self.held_bytes += batch.size_bytes + len(batch.rows) * ROW_BYTES + _bytes_of(batch.raws)

    def put(self, store: BatchStore, frame: Frame, *, keeps_raws: bool) -> Batch:
        """Put all of it into a job's store, as one batch."""
        raws = self._raws if keeps_raws else None
        return store.put(self._fragments, self._places, raws, frame, self._fingerprints)


def _bytes_of(raws: Collection[bytes]) -> int:
    return sum(map(len, raws))
