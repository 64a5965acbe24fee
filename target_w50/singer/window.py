"""Lines between two that need a look by themselves: what became of them, and how they are handed over.

In a window the records of each stream are made into contacts together, and handed over together where nothing
has to be decided about any of them; of the states between them the last one that says something stands for
all, as no state can pass before the next cut. Where something has to be decided, they are handed over one by
one in the order of the input, and the states between them are read. So both come to the same.

A record that is set aside parts nothing: it is taken out, and counted where it stood.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from target_w50.singer.states import says_something
from target_w50.singer.ways import Judged, Way

AT_A_TIME = 64
"""Lines that are tried together where all of a window can't be."""


class Group:
    """The lines of one stream in a window: where they are in it, and what became of them.

    Attributes:
        way: the stream's.
        positions: where they are.
        lines: themselves.
        made: what became of them.
        aside: where those were that are set aside.
    """

    __slots__ = ("aside", "lines", "made", "positions", "way")

    def __init__(self, way: Way) -> None:
        self.way = way
        self.positions: list[int] = []
        self.lines: list[bytes] = []
        self.made: Any = None
        self.aside: list[int] = []

    def take_out(self, position: int) -> None:
        """The record there is set aside."""
        row = bisect_left(self.positions, position)
        del self.positions[row], self.lines[row]
        self.made.take_out(row)
        self.aside.append(position)

    def end_before(self, position: int) -> None:
        """Leave out the lines from there on."""
        row = bisect_left(self.positions, position)
        del self.positions[row:], self.lines[row:]

    def row(self, position: int) -> int | None:
        """The row of the line there, if it is one of these."""
        row = bisect_left(self.positions, position)
        return row if row < len(self.positions) and self.positions[row] == position else None


class _Part(NamedTuple):
    """Rows of a stream's lines, and what they need."""

    group: Group
    low: int
    high: int
    lines: list[bytes]
    room: int


class Window:
    """Lines between two that need a look by themselves.

    Args:
        one: reads a line by itself, as a message.
        lines: of the block.
        first: the number of the first of them in the input.
        groups: the records among them, by stream.
        states: where states are.

    Attributes:
        records: how many records were handed over or set aside.
        states_passed: how many states needed no look.
    """

    def __init__(
        self,
        one: Callable[[bytes, int], None],
        lines: list[bytes],
        first: int,
        groups: list[Group],
        states: list[int],
    ) -> None:
        self._one = one
        self._lines = lines
        self._first = first
        self._groups = groups
        self._states = states
        self._refused: list[Judged] = []
        self._orderly = len(groups) == 1 or not any(
            one.way.shares_with(other.way) for one in groups for other in groups if one is not other
        )
        self.records = 0
        self.states_passed = 0

    def doubtful(self) -> list[tuple[int, Group]]:
        """Where the lines are that are left to the general way, and whose they are; in order."""
        found = [(group.positions[row], group) for group in self._groups for row in group.made.doubtful]
        return sorted(found, key=itemgetter(0))

    def judged(self, group: Group, position: int, record: dict[str, Any]) -> Judged:
        """What becomes of such a record."""
        return group.way.judge(
            record, group.lines[bisect_left(group.positions, position)], self._first + position
        )

    def take(self, group: Group, judged: Judged) -> None:
        """Have a record go on the general way, on which it was judged."""
        group.way.take_judged(judged)
        self.records += 1

    def sets_aside(self, group: Group, position: int, judged: Judged) -> bool:
        """Whether this record is set aside, with all such before it, when lines are handed over next."""
        if not group.way.sets_aside(judged, len(self._refused)):
            return False
        self._refused.append(judged)
        group.take_out(position)
        return True

    def hand_over(self, start: int, end: int) -> None:
        """Set aside what is to be; hand these lines over, as many as can be at once."""
        if self._refused:
            refused, self._refused = self._refused, []
            # Before anything cuts the input: no state passes what is not in its file yet.
            self._groups[0].way.set_aside(refused)
        self._hand_over(start, end, AT_A_TIME)

    def _hand_over(self, start: int, end: int, at_a_time: int) -> None:
        while start < end:
            last = self._last_state(start, end)
            if not self._takes_all(start, last):
                if at_a_time and last - start > at_a_time:
                    for middle in range(start, last, at_a_time):
                        self._hand_over(middle, min(middle + at_a_time, last), 0)
                else:
                    self._one_by_one(start, last)
            if last < end:
                self._one(self._lines[last], self._first + last)
            start = last + 1

    def _last_state(self, start: int, end: int) -> int:
        """Where the last state is that says something; the end if there is none."""
        for state in range(bisect_left(self._states, end) - 1, -1, -1):
            position = self._states[state]
            if position < start:
                break
            if says_something(self._lines[position]):
                return position
        return end

    def _takes_all(self, start: int, end: int) -> bool:
        """Hand these lines over at once; False, and none of them, if something has to be decided."""
        parts = self._parts(start, end)
        if parts is None or (parts and not parts[0].group.way.fits(sum(each.room for each in parts))):
            return False
        states = bisect_left(self._states, end) - bisect_left(self._states, start)
        if states and not parts:
            return False  # the input may just have been cut: the first of them may pass, whatever comes next
        for group, low, high, lines, room in parts:
            first, places = self._first, group.positions[low:high]
            numbers: Sequence[int] = range(first + places[0], first + places[-1] + 1)
            if len(numbers) != len(places):
                numbers = [first + each for each in places]
            group.way.take(group.made, low, high, numbers, lines, room)
            self.records += high - low
        for group in self._groups:
            if group.aside:
                self._count(group, bisect_left(group.aside, end) - bisect_left(group.aside, start))
        self.states_passed += states
        return True

    def _parts(self, start: int, end: int) -> list[_Part] | None:
        """What is handed over of each stream; None if something has to be decided."""
        parts: list[_Part] = []
        for group in self._groups:
            low, high = bisect_left(group.positions, start), bisect_left(group.positions, end)
            if low == high:
                continue
            lines = group.lines[low:high]
            room = group.way.has_room(group.made, low, high, lines)
            if room is None or (parts and not self._orderly):
                return None
            parts.append(_Part(group, low, high, lines, room))
        return parts

    def _count(self, group: Group, aside: int) -> None:
        """So many records were read that are set aside."""
        if aside:
            group.way.read(aside)
            self.records += aside

    def _one_by_one(self, start: int, end: int) -> None:
        for position in range(start, end):
            line, place = self._lines[position], self._first + position
            for group in self._groups:
                row = group.row(position)
                if row is not None:
                    group.way.take_one(group.made, row, place, line)
                    self.records += 1
                    break
                if position in group.aside:
                    self._count(group, 1)
                    break
            else:
                self._one(line, place)
