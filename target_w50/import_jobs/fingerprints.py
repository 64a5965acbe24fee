"""What the journal keeps of a batch's contacts: who each is, by both its names, and what is sent of it."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence

Fingerprint = tuple[int, int, int]
"""Who a contact is, who it is by its other name (0: it has none), and what is sent of it."""
NOBODY: Fingerprint = (0, 0, 0)
"""Of a contact that nothing tells from others."""

DOUBT = 1
"""The lowest bit of a version: W50 took the contact, but warned of it. Versions are made without it."""


class Fingerprints:
    """In columns: 24 bytes a contact, all numbers of 64 bits with a sign.

    Args:
        keys: who each is.
        others: who each is by its other name.
        versions: what is sent of each.
    """

    __slots__ = ("keys", "others", "versions")

    def __init__(self, keys: Iterable[int], others: Iterable[int], versions: Iterable[int]) -> None:
        self.keys = array("q", keys)
        self.others = array("q", others)
        self.versions = array("q", versions)

    @staticmethod
    def of(each: Iterable[Fingerprint]) -> Fingerprints:
        """Those of single contacts."""
        every = [*each]
        columns = ([], [], []) if not every else zip(*every, strict=True)
        return Fingerprints(*columns)

    def __len__(self) -> int:
        """How many contacts."""
        return len(self.keys)

    def __iter__(self) -> Iterator[Fingerprint]:
        """Those of single contacts."""
        return zip(self.keys, self.others, self.versions, strict=True)

    def only(self, rows: Sequence[int]) -> Fingerprints:
        """Those of some of the contacts."""
        return Fingerprints(
            map(self.keys.__getitem__, rows),
            map(self.others.__getitem__, rows),
            map(self.versions.__getitem__, rows),
        )

    def extend(self, others: Fingerprints) -> None:
        """Have those of more contacts behind them."""
        self.keys.extend(others.keys)
        self.others.extend(others.others)
        self.versions.extend(others.versions)

    def doubt(self, rows: Iterable[int]) -> None:
        """W50 warned of some of the contacts: the lowest bit of a version, made without it, says so."""
        for row in rows:
            self.versions[row] |= DOUBT

    def members(self) -> Iterator[tuple[int, int]]:
        """Each name of each contact, with what is sent of it; numbers without a sign."""
        for key, other, version in self:
            for name in (key, other):
                if name:
                    yield name & _MASK, version & _MASK


_MASK = 2**64 - 1
