"""Keys in about the order in which a table has them: those that share a page of it come together."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence
from itertools import chain

_KEY_BYTES = 8
_FIRST_BYTE = 0 if sys.byteorder == "big" else _KEY_BYTES - 1
_NEGATIVE = 128


def pairs_in_order(keys: Sequence[int], values: Sequence[int]) -> list[int]:
    """Each key with its value behind it, in the order of the keys' first bytes: to sort them takes longer.

    Args:
        keys: signed, of 64 bits.
        values: of each key.
    """
    buckets: list[list[int]] = [[] for _ in range(256)]
    add = [bucket.extend for bucket in buckets]
    first_bytes = array("q", keys).tobytes()[_FIRST_BYTE::_KEY_BYTES]
    for first, pair in zip(first_bytes, zip(keys, values, strict=True), strict=True):
        add[first](pair)
    return [*chain(*buckets[_NEGATIVE:], *buckets[:_NEGATIVE])]
