"""Full batches that are not judged yet: what the journal knows of their contacts is looked up together.

A look-up reads a page of the journal for each contact of a batch, wherever the contact is in it. The more
contacts are looked up together, the more of them share a page; and while they are, the next ones are read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from target_w50.import_jobs.fingerprints import Fingerprints
from target_w50.journal.history import StreamHistory
from target_w50.journal.look_up import LookUp
from target_w50.loading.open_batch import OpenBatch

MOST_WAITING = 20_000
"""How many contacts of a load wait to be looked up together; as many may wait for what was found of them."""
WAITING_BYTES = 12_000_000
"""What they may hold. Twice that and an open batch have room in what all open batches may hold."""


@dataclass
class WaitingBatch:
    """A batch, and what is known of its contacts once it is looked up.

    Attributes:
        batch: with all of its contacts.
        held_bytes: what it holds in memory.
        fingerprints: of all of them.
        stale: finds those that W50 has not for certain as they are, by key.
    """

    batch: OpenBatch
    held_bytes: int
    fingerprints: Fingerprints | None = None
    stale: LookUp | None = None


class WaitingBatches:
    """Of one load, in the order in which they were read: each contact is in one of them at most.

    Attributes:
        held_bytes: what they hold in memory.
    """

    def __init__(self) -> None:
        self.held_bytes = 0
        self._batches: deque[WaitingBatch] = deque()
        self._joining: set[Hashable] = set()
        self._asked: set[Hashable] = set()
        self._joined = self._joined_bytes = 0

    @property
    def first(self) -> WaitingBatch | None:
        """The next one to be judged."""
        return self._batches[0] if self._batches else None

    def have(self, identity: Hashable | None) -> bool:
        """Whether a contact is in one of them, but for those of a batch that is judged at once."""
        return identity in self._joining or identity in self._asked

    def have_none_of(self, identities: AbstractSet[Hashable]) -> bool:
        """Whether none of these contacts is."""
        return identities.isdisjoint(self._joining) and identities.isdisjoint(self._asked)

    def has_room(self, batch: OpenBatch, held_bytes: int) -> bool:
        """Whether others may join this batch before it is looked up."""
        return (
            self._joined + len(batch.rows) < MOST_WAITING and self._joined_bytes + held_bytes < WAITING_BYTES
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
        self._joined += len(batch.rows)
        self._joined_bytes += held_bytes
        if waits:
            self._joining.update(batch.rows)

    @property
    def looked_up(self) -> WaitingBatch | None:
        """The next one to be judged, if what is known of it was asked for."""
        first = self.first
        return None if first is None or first.stale is None else first

    def look_up(self, history: StreamHistory, *, in_background: bool) -> None:
        """Ask what is known of all that it was not asked of yet.

        Args:
            history: of the load.
            in_background: whether others are read meanwhile.
        """
        new = [each for each in self._batches if each.stale is None]
        self._joined = self._joined_bytes = 0
        self._asked, self._joining = (self._asked | self._joining if self._asked else self._joining), set()
        if not new:
            return
        every = []
        for each in new:
            batch, identities = each.batch, [*each.batch.rows]
            each.fingerprints = history.fingerprints(
                identities, batch.matched, batch.fragments, batch.contacts
            )
            every.append(each.fingerprints)
        stale = history.stale(every)
        if in_background:
            stale.begin()
        for each in new:
            each.stale = stale

    def leave(self) -> None:
        """The first one is judged."""
        gone = self._batches.popleft()
        self.held_bytes -= gone.held_bytes
        if self.looked_up is None:
            self._asked = set()
        if not self._batches:
            self._joining = set()
