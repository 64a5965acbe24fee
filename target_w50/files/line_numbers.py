"""On which line of its file a record begins, where records and lines are not one and the same."""

from __future__ import annotations

import bisect
from array import array

MOST_STEPS = 1_000_000
"""So many changes of the distance between records and lines are remembered: 16 MB."""


class LineNumbers:
    """The lines of a file's records, as far as the distance between the two changes."""

    def __init__(self) -> None:
        self._from_record = array("q")
        self._distance = array("q")
        self.records = 0
        self.complete = True

    def add(self, line: int) -> None:
        """The next record begins on this line, counted from 1."""
        distance = line - self.records
        if not self._distance or self._distance[-1] != distance:
            if len(self._distance) >= MOST_STEPS:
                self.complete = False
            else:
                self._from_record.append(self.records)
                self._distance.append(distance)
        self.records += 1

    def of(self, record: int) -> int | None:
        """The line of a record, which is counted from 0; None where it is not known."""
        if not self.complete or not 0 <= record < self.records:
            return None
        return record + self._distance[bisect.bisect_right(self._from_record, record) - 1]
