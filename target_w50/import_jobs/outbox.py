"""A job's batches on their way to W50: to be sent, under way, acknowledged. The job's lock guards it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from target_w50.import_jobs.batches import Batch

OWN_BYTES = 10_000
"""About what a job costs beside its contacts, so that many small ones do not fill the memory."""
BATCH_BYTES = 1_000
"""The same for a batch."""


class Outbox:
    """All batches of a job, in order, and how far each is. Several may be under way at once.

    Attributes:
        batches: all of them, in the order of the input.
        sent: how many W50 acknowledged.
        waiting_bytes: what W50 has not acknowledged yet, and what it costs to keep the job and its batches.
    """

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.sent = 0
        self.waiting_bytes = OWN_BYTES
        self._next: deque[Batch] = deque()
        self._under_way: set[Batch] = set()

    @property
    def under_way(self) -> int:
        """How many are at W50 without an answer."""
        return len(self._under_way)

    @property
    def at_hand(self) -> Batch | None:
        """The one that is sent next; None if there is none (yet)."""
        return self._next[0] if self._next else None

    @property
    def all_sent(self) -> bool:
        """Whether W50 acknowledged each of them."""
        return self.sent == len(self.batches)

    def is_under_way(self, batch: Batch) -> bool:
        """Whether this one is at W50 without an answer."""
        return batch in self._under_way

    def add(self, batch: Batch) -> None:
        """One more behind the last."""
        self.batches.append(batch)
        self._next.append(batch)
        self.waiting_bytes += _kept_bytes(batch)

    def leaves(self) -> Batch:
        """The one at hand is under way from now on."""
        batch = self._next.popleft()
        self._under_way.add(batch)
        return batch

    def acknowledged(self, batch: Batch) -> None:
        """W50 has one that was under way."""
        self._under_way.remove(batch)
        self.sent += 1
        self.waiting_bytes -= _kept_bytes(batch)

    def replace(self, batch: Batch, kept: Sequence[Batch], *, accepted: bool) -> None:
        """Put these in the place of one that was under way: acknowledged already, or to be sent next."""
        place = self.batches.index(batch)
        self.batches[place : place + 1] = kept
        self._under_way.remove(batch)
        self.waiting_bytes -= _kept_bytes(batch)
        if accepted:
            self.sent += len(kept)
            return
        self._next.extendleft(reversed(kept))
        self.waiting_bytes += sum(map(_kept_bytes, kept))

    def begin_anew(self) -> None:
        """All of them are to be sent, from the first on."""
        self.sent = 0
        self._under_way.clear()
        self._next = deque(self.batches)
        self.waiting_bytes = OWN_BYTES + sum(map(_kept_bytes, self.batches))


def _kept_bytes(batch: Batch) -> int:
    return batch.size_bytes + BATCH_BYTES
