"""Looks for the lines that go a short way: by how they begin, which tells most of them apart."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from target_w50.singer.states import first_odd, is_plain
from target_w50.singer.ways import Way
from target_w50.singer.window import Group

MOST_STREAMS = 1000
"""Streams whose ways are remembered."""

MOST_BEGUN = 16
"""Streams whose lines are known by how the last one began, without a search."""

_STREAM = re.compile(rb'"stream"\s*:\s*("(?:[^"\\]|\\.)*")')
_RECORD_FIRST = re.compile(rb'\s*\{\s*"record"')
_STATE = b'"STATE"'
_NO_LINE = b"\n"
"""No line begins so."""


class Beginnings:
    """How the lines of the streams began of late.

    Args:
        find: gives the short way of a stream, if it has one.

    Attributes:
        lengths: of the beginnings that are known.
        state: how the last state began.
        general: how the last line began whose stream has no short way.
    """

    def __init__(self, find: Callable[[str], Way | None]) -> None:
        self._find = find
        self._ways: dict[bytes, Way | None] = {}
        self._begun: dict[bytes, bytes] = {}
        self._known: dict[bytes, Way | None] = {}
        self.lengths: tuple[int, ...] = ()
        self.state = self.general = _NO_LINE

    def clear(self) -> None:
        """Forget all ways."""
        self._ways.clear()
        self._begun.clear()
        self._known.clear()
        self.lengths = ()
        self.general = _NO_LINE

    def of(self, line: bytes) -> tuple[bytes, Way | None]:
        """How a line begins that names a stream, and its way, if it has one; that checks what the line is."""
        for beginning, way in self._known.items():
            if line.startswith(beginning):
                return beginning, way
        from_end = _RECORD_FIRST.match(line) is not None
        at = line.rfind(b'"stream"') if from_end else 0
        found = _STREAM.search(line, max(0, at))
        if found is None or _STATE in line[: found.start()]:
            return line, None
        name = found[1]
        way = self._way(name)
        beginning = line if from_end else line[: found.end()]
        if not from_end and (name in self._begun or len(self._begun) < MOST_BEGUN):
            self._known.pop(self._begun.get(name, b""), None)
            self._begun[name] = beginning
            self._known[beginning] = way
            self.lengths = tuple({len(each) for each in self._known})
        if way is None:
            self.general = beginning
        return beginning, way

    def are_known(self, beginning: bytes) -> bool:
        """Whether other lines of the stream are expected to begin so."""
        return beginning in self._known

    def is_of_state(self, line: bytes, *, looks: bool) -> bool:
        """Whether it is a state; one that begins as the last did is looked at only if asked for."""
        if line.startswith(self.state):
            return not looks or is_plain(line)
        if _STATE not in line or not is_plain(line):
            return False
        self.state = line[: line.index(_STATE) + len(_STATE)]
        return True

    def _way(self, name: bytes) -> Way | None:
        if name not in self._ways:
            if len(self._ways) >= MOST_STREAMS:
                self._ways.clear()
            try:
                self._ways[name] = self._find(msgspec.json.decode(name, type=str))
            except (msgspec.MsgspecError, UnicodeError):
                self._ways[name] = None
        return self._ways[name]


class Search:
    """Goes through lines as far as they go a short way or are states between such.

    Args:
        beginnings: how lines begin.
        looks_at_states: whether each state is looked at by itself, as odd ones have come; else all are
            looked at together, which is quicker.

    Attributes:
        looks_at_states: as given; set where an odd one comes.
        states: where states are.
    """

    def __init__(self, beginnings: Beginnings, *, looks_at_states: bool) -> None:
        self._beginnings = beginnings
        self.looks_at_states = looks_at_states
        self.states: list[int] = []
        self._groups: dict[int, Group] = {}
        self._taken: dict[bytes, Group] = {}

    @property
    def groups(self) -> list[Group]:
        """The lines that were found, by stream."""
        return [*self._groups.values()]

    def go(self, lines: list[bytes], position: int) -> int:
        """Go through the lines of a block from there on; returns where that ends."""
        taken, before, end = self._taken, None, len(lines)
        while position < end:
            line, group = lines[position], None
            for length in self._beginnings.lengths:
                group = taken.get(line[:length])
                if group is not None:
                    break
            if group is None:
                if self._groups and self._beginnings.is_of_state(line, looks=self.looks_at_states):
                    self.states.append(position)
                    position, before = position + 1, None
                    continue
                group = self._begin(line)
                if group is None:
                    break
                length = len(line)
            if group is before:
                position = _run(group, lines, position, line[:length])
            else:
                group.positions.append(position)
                group.lines.append(line)
                position += 1
            before = group
        return self._without_odd(lines, position)

    def _begin(self, line: bytes) -> Group | None:
        """The lines of a stream of which this is one that begins otherwise than those before it."""
        beginning, way = self._beginnings.of(line)
        if way is None:
            return None
        group = self._groups.get(id(way))
        if group is None:
            group = self._groups[id(way)] = Group(way)
        if self._beginnings.are_known(beginning):
            self._taken[beginning] = group
        return group

    def _without_odd(self, lines: list[bytes], end: int) -> int:
        """Where it ends if no state before that is odd."""
        if not self.states or self.looks_at_states:
            return end
        odd = first_odd([lines[state] for state in self.states])
        if odd is None:
            return end
        self.looks_at_states = True
        end = self.states[odd]
        del self.states[odd:]
        for group in self.groups:
            group.end_before(end)
        self._groups = {id(group.way): group for group in self.groups if group.lines}
        return end


def _run(group: Group, lines: list[bytes], start: int, beginning: bytes) -> int:
    """Take lines that begin alike; returns where the first other is."""
    position, end = start + 1, len(lines)
    while position < end and lines[position].startswith(beginning):
        position += 1
    group.positions += range(start, position)
    group.lines += lines[start:position]
    return position
