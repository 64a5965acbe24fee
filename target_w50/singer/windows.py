"""Records that go the short way, in windows: what stands between two lines that need a look by themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from target_w50.errors import InputError
from target_w50.singer.messages import MessageType, parse_line
from target_w50.singer.search import Beginnings, Search
from target_w50.singer.ways import Way
from target_w50.singer.window import Group, Window

_RECORD = MessageType.RECORD.value


class Windows:
    """Finds windows in the input and hands them over.

    Args:
        one: reads a line by itself, as a message.

    Attributes:
        find: gives the short way of a stream, if it has one.
        records: how many records needed no reading by themselves.
        states: how many states needed no look.
    """

    def __init__(self, one: Callable[[bytes, int], None]) -> None:
        self._one = one
        self.records = 0
        self.states = 0
        self._beginnings = Beginnings(lambda stream: self.find(stream))  # noqa: PLW0108 - it may be set later
        self.find: Callable[[str], Way | None] = lambda _: None
        self._generation = 0
        self._looks_at_states = False

    def clear(self) -> None:
        """Forget all ways: a SCHEMA came."""
        self._beginnings.clear()
        self._generation += 1
        self._looks_at_states = False

    def take(self, lines: list[bytes], at: int, first: int) -> int:
        """Take what can be taken of a block from this line on.

        Args:
            lines: the block.
            at: the index of the first line to take.
            first: the number of the block's first line in the input.

        Returns:
            How many lines were taken; 0 if the first has to be read by itself.
        """
        if lines[at].startswith(self._beginnings.general):
            return 0
        search = Search(self._beginnings, looks_at_states=self._looks_at_states)
        end = search.go(lines, at)
        groups = search.groups
        if not groups:
            return 0
        self._looks_at_states = search.looks_at_states
        for group in groups:
            group.made = group.way.make(group.lines)
        window = Window(self._one, lines, first, groups, search.states)

        def record(group: Group, position: int) -> dict[str, Any] | None:
            return _record(lines[position], first + position, group.way.stream)

        def one(position: int) -> None:
            self._one(lines[position], first + position)

        taken = self._hand_over(window, at, end, record, one)
        self.records += window.records
        self.states += window.states_passed
        return taken

    def take_bare(  # noqa: PLR0917 - called in one place
        self,
        way: Way,
        lines: list[bytes],
        first: int,
        wrap: Callable[[bytes], bytes],
        record: Callable[[int], dict[str, Any] | None],
        one: Callable[[int], None],
    ) -> None:
        """Take a block of records without messages, as a batch file has them.

        Args:
            way: that of their stream.
            lines: the records.
            first: where the first of them was read.
            wrap: gives a record's message.
            record: the record at an index; None if there is none, or something is wrong with its line.
            one: reads the record at an index by itself.
        """
        group = Group(way)
        group.made = way.make(lines, bare=True)
        group.positions, group.lines = [*range(len(lines))], [*map(wrap, lines)]
        window = Window(self._one, lines, first, [group], [])
        self._hand_over(window, 0, len(lines), lambda _, position: record(position), one)

    def _hand_over(
        self,
        window: Window,
        at: int,
        end: int,
        record: Callable[[Group, int], dict[str, Any] | None],
        one: Callable[[int], None],
    ) -> int:
        """Hand lines over, around those that are doubtful; how many were taken."""
        start, generation = at, self._generation
        for position, group in window.doubtful():
            found = record(group, position)
            judged = None if found is None else window.judged(group, position, found)
            if judged is not None and window.sets_aside(group, position, judged):
                continue
            window.hand_over(start, position)
            if judged is None:
                one(position)
            else:
                window.take(group, judged)
            start = position + 1
            if self._generation != generation:
                return start - at  # It was a SCHEMA: what follows may go another way.
        window.hand_over(start, end)
        return end - at


def _record(line: bytes, number: int, stream: str) -> dict[str, Any] | None:
    """The record of the line, if that is nothing but one of the stream."""
    try:
        message = parse_line(line, number)
    except InputError:
        return None  # whoever reads it by itself says what is wrong
    if message is None or message["type"] != _RECORD or message.get("stream") != stream:
        return None
    record = message.get("record")
    return record if type(record) is dict else None
