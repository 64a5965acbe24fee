"""The contacts of a job as the journal keeps them: a key and a version each, packed."""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

from target_w50.import_jobs.fingerprints import DOUBT

_NUMBER = "Q"
_SIGNED = "q"


@dataclass(frozen=True)
class PackedMembers:
    """One batch: keys in ascending order, and the version of each."""

    keys: bytes
    versions: bytes

    def without_versions(self) -> PackedMembers:
        """The same contacts, of which W50 holds nothing that is known: whatever is sent of them differs."""
        return PackedMembers(self.keys, bytes(len(self.keys)))


def pack(members: Iterable[tuple[int, int]]) -> PackedMembers:
    """Keys with their versions, packed; of a key that comes twice the last version stays."""
    every = dict(members)
    keys = sorted(every)
    return PackedMembers(_packed(array(_NUMBER, keys)), _packed(array(_NUMBER, map(every.__getitem__, keys))))


def _packed(numbers: array[int]) -> bytes:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def unpacked(data: bytes) -> array[int]:
    """The numbers of packed bytes."""
    numbers = array(_NUMBER)
    numbers.frombytes(bytes(data))
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def signed(data: bytes) -> array[int]:
    """The numbers of packed bytes as databases have them: of 64 bits, with a sign."""
    numbers = array(_SIGNED)
    numbers.frombytes(bytes(data))
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def is_doubted(version: int) -> bool:
    """Whether W50 warned of the contact."""
    return bool(version & DOUBT)


def without_doubt(versions: Iterable[int]) -> list[int]:
    """The versions as they are made."""
    return [version & ~DOUBT for version in versions]


class Delivered:
    """What jobs that are not settled brought to W50 of a stream's contacts; most memory is 16 bytes for each.

    Args:
        batches: packed members, in the order in which their jobs were run, and whether those fired events.
    """

    def __init__(self, batches: Iterable[tuple[PackedMembers, bool]]) -> None:
        every = [*batches]
        fired: set[int] = set()
        for packed, has_fired in every:
            if has_fired:
                fired.update(unpacked(packed.keys))
        versions: dict[int, int] = {}
        for packed, _ in every:
            pairs = zip(unpacked(packed.keys), unpacked(packed.versions), strict=True)
            # Of the others nothing is asked, and they may be many.
            versions.update(pair for pair in pairs if pair[0] in fired)
        self._fired = array(_NUMBER, sorted(fired))
        self._versions = array(_NUMBER, map(versions.__getitem__, self._fired))
        self._superseded: set[int] = set()
        self._renamed: dict[int, int | None] = {}

    def __len__(self) -> int:
        """How many contacts had their events."""
        return len(self._fired)

    def has_fired(self, key: int) -> bool:
        """Whether the contact has had the events."""
        return self._place(key) is not None or key in self._renamed

    def rename(self, key: int, new: int, version: int, new_version: int) -> None:
        """Know a contact by another hash from now on: of another key, as is the version's."""
        if self._place(key) is not None and new not in self._renamed:
            self._renamed[new] = new_version if self.holds(key, version) else None

    def holds(self, key: int, version: int) -> bool:
        """Whether W50 has the contact just so, and its events fired. What differs is not held any more."""
        place = self._place(key)
        if place is None and key not in self._renamed:
            return False
        held = self._renamed[key] if place is None else self._versions[place]
        if held == version and key not in self._superseded:
            return True
        self._superseded.add(key)
        return False

    def _place(self, key: int) -> int | None:
        place = bisect_left(self._fired, key)
        return place if place < len(self._fired) and self._fired[place] == key else None
