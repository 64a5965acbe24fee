"""What the open batches of all streams hold in memory: one bound over all, and the largest gives way."""

from __future__ import annotations

from typing import Protocol

OPEN_BYTES = 32_000_000
"""What all open batches may hold, where a request is not larger than two thirds of that."""
MOST_IN_OPEN_JOBS = 400_000
"""What all open jobs may hold beside open batches, in contacts: about 80 bytes are remembered of each. A job
that may hold more by the settings does."""
ROW_BYTES = 300
"""About what a contact costs in an open batch beside its bytes: its identity, its place, its columns."""
CONTACT_BYTES = 500
"""About what a contact costs beside its bytes once more, if its values are kept as an object, too."""


class HasOpenBatch(Protocol):
    """A stream's load: it hands its contacts over when asked to."""

    def give_way(self) -> None:
        """Hand contacts over; all of them at the second time, if none came in between."""


class OpenBatches:
    """Counts what open batches hold, and has the largest handed over where it is too much.

    Twenty streams whose records come interleaved have twenty open batches; each by itself is within the
    limits of a request, and all of them together would fill the memory. What is handed over early makes
    smaller requests, and changes nothing else.

    Args:
        most_bytes: the bound, over all streams.
        most_in_jobs: how many contacts may be handed over into jobs that are still open.
    """

    def __init__(self, most_bytes: int, most_in_jobs: int = MOST_IN_OPEN_JOBS) -> None:
        self.most_bytes = most_bytes
        self.most_in_jobs = most_in_jobs
        self._in_jobs = 0
        self._held: dict[HasOpenBatch, int] = {}
        self._all_bytes = 0

    @property
    def held_bytes(self) -> int:
        """What all open batches hold."""
        return self._all_bytes

    def held_by(self, load: HasOpenBatch) -> int:
        """What the load's open batch holds."""
        return self._held.get(load, 0)

    def has_room(self, more_bytes: int) -> bool:
        """Whether so much more can be held."""
        return self._all_bytes + more_bytes <= self.most_bytes

    def grow(self, load: HasOpenBatch, more_bytes: int) -> None:
        """The load's open batch holds so much more."""
        self._held[load] = self._held.get(load, 0) + more_bytes
        self._all_bytes += more_bytes

    @property
    def jobs_are_full(self) -> bool:
        """Whether the open jobs have to be closed."""
        return self._in_jobs >= self.most_in_jobs

    def into_job(self, contacts: int) -> None:
        """So many contacts were handed over into an open job."""
        self._in_jobs += contacts

    def jobs_closed(self) -> None:
        """No job is open any more."""
        self._in_jobs = 0

    def handed_over(self, load: HasOpenBatch) -> None:
        """The load's open batch is empty."""
        self._all_bytes -= self._held.pop(load, 0)

    def make_room(self, more_bytes: int = 0) -> None:
        """Have the largest open batches handed over, until there is room for so much more.

        Raises:
            TargetW50Error: the first error of the background, or the stop.
        """
        while self._held and not self.has_room(more_bytes):
            max(self._held, key=self._held.__getitem__).give_way()
