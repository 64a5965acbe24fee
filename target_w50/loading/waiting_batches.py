"""Full batches that are not judged yet: what the journal knows of their contacts is looked up together.

A look-up reads a page of the journal for each contact of a batch, wherever the contact is in it. The more
contacts are looked up together, the more of them share a page.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Hashable
from dataclasses import dataclass, field

from target_w50.import_jobs.fingerprints import Fingerprints
from target_w50.journal.history import StreamHistory
from target_w50.loading.open_batch import OpenBatch

MOST_WAITING = 50_000
"""How many contacts of a load wait to be looked up together."""
WAITING_BYTES = 24_000_000
"""What they may hold; beside them there is room for an open batch, in what all open batches may hold."""


@dataclass
class WaitingBatch:
    """A batch, and what is known of its contacts once it is looked up.

    Attributes:
        batch: with all of its contacts.
        held_bytes: what it holds in memory.
        fingerprints: of all of them.
        stale: those that W50 has not for certain as they are, by key.
    """

    batch: OpenBatch
    held_bytes: int
    fingerprints: Fingerprints | None = None
    stale: Collection[int] = field(default_factory=set)


class WaitingBatches:
    """Of one load, in the order in which they were read: each contact is in one of them at most.

    Attributes:
        held_bytes: what they hold in memory.
    """

    def __init__(self) -> None:
        self.held_bytes = 0
        self._batches: deque[WaitingBatch] = deque()
        self._identities: set[Hashable] = set()
        self._contacts = 0

    @property
    def first(self) -> WaitingBatch | None:
        """The next one to be judged."""
        return self._batches[0] if self._batches else None

    @property
    def identities(self) -> Collection[Hashable]:
        """What tells their contacts from others, but for those of a batch that is about to be judged."""
        return self._identities

    def has_room(self, batch: OpenBatch, held_bytes: int) -> bool:
        """Whether others may wait after this batch has joined them."""
        return (
            self._contacts + len(batch.rows) < MOST_WAITING and self.held_bytes + held_bytes < WAITING_BYTES
        )

    def join(self, batch: OpenBatch, held_bytes: int, *, waits: bool) -> None:
        """The batch is judged after the others.

        Args:
            batch: no contact of it is in another one.
            held_bytes: what it holds in memory.
            waits: whether contacts are read before that.
        """
        self._batches.append(WaitingBatch(batch, held_bytes))
        self.held_bytes += held_bytes
        self._contacts += len(batch.rows)
        if waits:
            self._identities.update(batch.rows)

    def look_up(self, history: StreamHistory) -> None:
        """Find what is known of all that is not looked up yet."""
        new = [each for each in self._batches if each.fingerprints is None]
        if not new:
            return
        every = []
        for each in new:
            batch = each.batch
            identities = [*batch.rows]
            each.fingerprints = history.fingerprints(
                identities, batch.matched, batch.fragments, batch.contacts
            )
            every.append(each.fingerprints)
        stale = history.stale(every)
        for each in new:
            each.stale = stale

    def leave(self) -> None:
        """The first one is judged."""
        gone = self._batches.popleft()
        self.held_bytes -= gone.held_bytes
        if not self._batches:
            self._identities.clear()
            self._contacts = 0
