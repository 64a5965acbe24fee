"""How much work one record may be: steps of judging it, counted, so that no schema makes it endless.

Forty levels of `anyOf`, each with two references to the next, are short to write and judge a value a million
million times.
"""

from __future__ import annotations

from typing import Any

STEPS_FOR_ANY = 20_000
"""What a record may take of whatever size: some half a second."""
STEPS_FOR_EACH_VALUE = 50
"""And for each value in it."""


class TooMuchWorkError(Exception):
    """The record was not judged within its steps."""


class Work:
    """The steps that are left for a record. One thread judges records, so one of these does for all."""

    __slots__ = ("_left", "_record")

    def __init__(self) -> None:
        self._left = 0
        self._record: Any = None

    def begin(self, record: Any) -> None:
        """Begin to judge a record."""
        self._left = STEPS_FOR_ANY
        self._record = record

    def begin_share(self, shares: int) -> None:
        """Begin to judge one of so many values of a record; all of them take no more than any record may."""
        self._left = STEPS_FOR_ANY // shares
        self._record = None

    def step(self) -> None:
        """Take a step.

        Raises:
            TooMuchWorkError: none was left.
        """
        self._left -= 1
        if self._left < 0:
            self._look_at_size()

    def _look_at_size(self) -> None:
        # Not before: hardly any record needs more than what is for all.
        if self._record is None:
            raise TooMuchWorkError
        self._left += STEPS_FOR_EACH_VALUE * _values_in(self._record)
        self._record = None


WORK = Work()


def _values_in(record: Any) -> int:
    """Count the values of a record, in objects and arrays too."""
    count, left = 0, [record]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            left.extend(value.values())
        elif isinstance(value, list):
            left.extend(value)
        count += 1
    return count
