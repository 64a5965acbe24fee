"""Records that go the short way, in windows: what stands between two lines that need a look by themselves.

In a window the records of each stream are made into contacts together, and handed over together where nothing
has to be decided about any of them; of the states between them the last one stands for all, as no state can
pass before the next cut. Where something has to be decided, they are handed over one by one in the order of
the input, and the states between them are read. So both come to the same.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec
from msgspec import Raw

from target_w50.singer.messages import DEEPEST_STATE
from target_w50.singer.ways import Way

AT_A_TIME = 64
"""Lines that are tried together where all of a window can't be."""
MOST_STREAMS = 1000
"""Streams whose ways are remembered."""

MOST_BEGUN = 16
"""Streams whose lines are known by how the last one began, without a search."""

_STREAM = re.compile(rb'"stream"\s*:\s*("(?:[^"\\]|\\.)*")')
_RECORD_FIRST = re.compile(rb'\s*\{\s*"record"')
_STATE = b'"STATE"'
_NO_LINE = b"\n"
"""No line begins so."""


class _Group:
    """The lines of one stream in a window: where they are in it, and what became of them."""

    __slots__ = ("lines", "made", "positions", "way")

    def __init__(self, way: Way) -> None:
        self.way = way
        self.positions: list[int] = []
        self.lines: list[bytes] = []
        self.made: Any = None


class _State(msgspec.Struct):
    type: Literal["STATE"]
    value: dict[str, Raw]


_read_state = msgspec.json.Decoder(_State).decode


class Windows:
    """Finds windows in the input and hands them over.

    Args:
        one: reads a line by itself, as a message.

    Attributes:
        find: gives the short way of a stream, if it has one.
        records: how many records went the short way.
        states: how many states needed no look.
    """

    def __init__(self, one: Callable[[bytes, int], None]) -> None:
        self._one = one
        self.find: Callable[[str], Way | None] = lambda _: None
        self.records = 0
        self.states = 0
        self._ways: dict[bytes, Way | None] = {}
        self._begun: dict[bytes, tuple[bytes, Way | None]] = {}
        self._generation = 0
        self._beginning = self._state = _NO_LINE
        self._way: Way | None = None

    def clear(self) -> None:
        """Forget all ways: a SCHEMA came."""
        self._ways.clear()
        self._begun.clear()
        self._generation += 1
        self._beginning, self._way = _NO_LINE, None

    def take(self, lines: list[bytes], at: int, first: int) -> int:
        """Take what can be taken of a block from this line on.

        Args:
            lines: the block.
            at: the index of the first line to take.
            first: the number of the block's first line in the input.

        Returns:
            How many lines were taken; 0 if the first has to be read by itself.
        """
        if self._way is None and lines[at].startswith(self._beginning):
            return 0
        groups, states, end = self._window(lines, at)
        if not groups:
            return 0
        doubtful: list[int] = []
        for group in groups:
            group.made = group.way.make(group.lines)
            doubtful += [group.positions[row] for row in group.made.doubtful]
        doubtful.sort()
        window = _Window(self, lines, first, groups, states)
        start, generation = at, self._generation
        for position in doubtful:
            window.hand_over(start, position)
            self._one(lines[position], first + position)
            start = position + 1
            if self._generation != generation:
                return start - at  # It was a SCHEMA: what follows may go another way.
        window.hand_over(start, end)
        return end - at

    def one(self, line: bytes, number: int) -> None:
        """Read a line by itself."""
        self._one(line, number)

    def take_bare(
        self,
        way: Way,
        lines: list[bytes],
        first: int,
        wrap: Callable[[bytes], bytes],
        one: Callable[[int], None],
    ) -> None:
        """Take a block of records without messages, as a batch file has them.

        Args:
            way: that of their stream.
            lines: the records.
            first: where the first of them was read.
            wrap: gives a record's message.
            one: reads the record at an index by itself.
        """
        group = _Group(way)
        group.made = way.make(lines, bare=True)
        group.positions, group.lines = [*range(len(lines))], [*map(wrap, lines)]
        window, start, counted = _Window(self, lines, first, [group], []), 0, self.records
        for position in group.made.doubtful:
            window.hand_over(start, position)
            one(position)
            start = position + 1
        window.hand_over(start, len(lines))
        self.records = counted  # it counts RECORD messages

    def _window(self, lines: list[bytes], at: int) -> tuple[list[_Group], list[int], int]:
        """The lines from there on that go a short way, by stream; where states are between; where it ends."""
        groups: dict[int, _Group] = {}
        group: _Group | None = None
        way: Way | None = None
        states: list[int] = []
        end, position = len(lines), at
        while position < end:
            line = lines[position]
            if groups and line.startswith(self._state) and _is_plain_state(line):
                states.append(position)
                position += 1
                continue
            if not (line.startswith(self._beginning) or self._choose(line)):
                if groups and self._begins_state(line):
                    continue
                break
            if self._way is not way or group is None:
                way = self._way
                if way is None:
                    break
                group = groups.get(id(way))
                if group is None:
                    group = groups[id(way)] = _Group(way)
            beginning, start = self._beginning, position
            position += 1
            while position < end and lines[position].startswith(beginning):
                position += 1
            if position == start + 1:
                group.positions.append(start)
                group.lines.append(line)
            else:
                group.positions += range(start, position)
                group.lines += lines[start:position]
        return [*groups.values()], states, position

    def _choose(self, line: bytes) -> bool:
        """Choose the way of a line, if it names a stream; the way itself checks what the line is."""
        for beginning, way in self._begun.values():
            if line.startswith(beginning):
                self._beginning, self._way = beginning, way
                return True
        from_end = _RECORD_FIRST.match(line) is not None
        at = line.rfind(b'"stream"') if from_end else 0
        found = _STREAM.search(line, max(0, at))
        if found is None or _STATE in line[: found.start()]:
            return False
        name = found[1]
        if name not in self._ways:
            if len(self._ways) >= MOST_STREAMS:
                self._ways.clear()
            self._ways[name] = self._find(name)
        self._way = self._ways[name]
        self._beginning = line if from_end else line[: found.end()]
        if not from_end and (name in self._begun or len(self._begun) < MOST_BEGUN):
            self._begun[name] = self._beginning, self._way
        return True

    def _begins_state(self, line: bytes) -> bool:
        """Whether it is a plain state, that begins in another way than the last one."""
        if _STATE not in line or not _is_plain_state(line):
            return False
        self._state = line[: line.index(_STATE) + len(_STATE)]
        return True

    def _find(self, name: bytes) -> Way | None:
        try:
            return self.find(msgspec.json.decode(name, type=str))
        except (msgspec.MsgspecError, UnicodeError):
            return None


class _Window:
    """Lines between two that need a look by themselves."""

    def __init__(
        self, windows: Windows, lines: list[bytes], first: int, groups: list[_Group], states: list[int]
    ) -> None:
        self._windows = windows
        self._lines = lines
        self._first = first
        self._groups = groups
        self._states = states
        self._orderly = len(groups) == 1 or not any(
            one.way.shares_with(other.way) for one in groups for other in groups if one is not other
        )

    def hand_over(self, start: int, end: int) -> None:
        """Hand these lines over, as many as can be at once."""
        self._hand_over(start, end, AT_A_TIME)

    def _hand_over(self, start: int, end: int, at_a_time: int) -> None:
        while start < end:
            state = bisect_left(self._states, end) - 1
            last = self._states[state] if state >= 0 and self._states[state] >= start else end
            if not self._takes_all(start, last):
                if at_a_time and last - start > at_a_time:
                    for middle in range(start, last, at_a_time):
                        self._hand_over(middle, min(middle + at_a_time, last), 0)
                else:
                    self._one_by_one(start, last)
            if last < end:
                self._windows.one(self._lines[last], self._first + last)
            start = last + 1

    def _takes_all(self, start: int, end: int) -> bool:
        """Hand these lines over at once; False, and none of them, if something has to be decided."""
        parts = []
        for group in self._groups:
            low, high = bisect_left(group.positions, start), bisect_left(group.positions, end)
            if low < high:
                parts.append((group, low, high, group.lines[low:high]))
        if len(parts) > 1 and not self._have_room(parts):
            return False
        for group, low, high, lines in parts:
            first, places = self._first, group.positions[low:high]
            numbers: Sequence[int] = range(first + places[0], first + places[-1] + 1)
            if len(numbers) != len(places):
                numbers = [first + each for each in places]
            if not group.way.take(group.made, low, high, numbers, lines):
                return False
            self._windows.records += high - low
        first_state, last_state = bisect_left(self._states, start), bisect_left(self._states, end)
        self._windows.states += last_state - first_state
        return True

    def _have_room(self, parts: list[tuple[_Group, int, int, list[bytes]]]) -> bool:
        """Whether all of several streams can be handed over, so that none of them is before it is clear."""
        if not self._orderly:
            return False
        needed = 0
        for group, low, high, lines in parts:
            room = group.way.has_room(group.made, low, high, lines)
            if room is None:
                return False
            needed += room
        return parts[0][0].way.fits(needed)

    def _one_by_one(self, start: int, end: int) -> None:
        for position in range(start, end):
            line, place = self._lines[position], self._first + position
            for group in self._groups:
                row = bisect_left(group.positions, position)
                if row < len(group.positions) and group.positions[row] == position:
                    group.way.take_one(group.made, row, place, line)
                    self._windows.records += 1
                    break
            else:
                self._windows.one(line, place)


def _is_plain_state(line: bytes) -> bool:
    """Whether it is a STATE of which nothing has to be said, and that another one may stand for."""
    # A level takes two bytes.
    if len(line) > 2 * DEEPEST_STATE and line.count(b"{") + line.count(b"[") > DEEPEST_STATE:
        return False
    try:
        return (line.isascii() or bool(line.decode())) and bool(_read_state(line).value)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False
