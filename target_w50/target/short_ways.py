"""One stream's short way to its sink: contacts made together, and handed over together where they can be."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import cast

from target_w50.contacts.fast_path import Made, ShortWay
from target_w50.singer.ways import Way
from target_w50.target.sinks import W50Sink, suspects_of


class StreamWay:
    """The short way of the records of one stream, where all of them go to one sink.

    Args:
        short: makes the contacts.
        sink: where they go.

    Attributes:
        sink: as given.
        make: makes contacts of lines.
    """

    def __init__(self, short: ShortWay, sink: W50Sink) -> None:
        self._short = short
        self.sink = sink
        self.make = short.make

    def shares_with(self, other: Way) -> bool:
        """Whether contacts of the two go into the same jobs."""
        return isinstance(other, StreamWay) and other.sink.counts is self.sink.counts

    def has_room(self, made: Made, start: int, end: int, lines: Sequence[bytes]) -> int | None:
        """How many bytes these contacts need, or None if something has to be decided about one of them."""
        return self.sink.load.plain_bytes(*_part(made, start, end), lines)

    def fits(self, needed: int) -> bool:
        """Whether so many bytes are left for all streams."""
        return self.sink.load.fits(needed)

    def take(self, made: Made, start: int, end: int, places: Sequence[int], lines: Sequence[bytes]) -> bool:
        """Hand these contacts over; False, and none of them, if something has to be decided.

        Raises:
            TargetW50Error: the first error of the background, or the stop.
        """
        sink = self.sink
        identities, fragments = _part(made, start, end)
        matched = None if made.matched is None else made.matched[start:end]
        failed = {row - start: each for row, each in made.failed.items() if start <= row < end}
        suspects = {row: suspects_of(each, places[row]) for row, each in failed.items()}
        if not sink.load.add_plainly(identities, fragments, places, lines, matched, suspects):
            return False
        for row, each in sorted(failed.items()):
            sink.tell_failed(each, places[row])
        sink.read(end - start)
        return True

    def take_one(self, made: Made, row: int, place: int, line: bytes) -> None:
        """Hand one contact over.

        Raises:
            TargetW50Error: the first error of the background, or the stop.
        """
        sink, fragment = self.sink, made.fragments[row]
        if fragment is None:
            raise AssertionError
        sink.read(1)
        matched = None if made.matched is None else made.matched[row]
        failed = made.failed.get(row)
        if failed is None:
            sink.load.add(made.identities[row], fragment, place, line, None, matched)
            return
        sink.tell_failed(failed, place)
        suspects = suspects_of(failed, place)
        sink.load.add(made.identities[row], fragment, place, line, None, matched, suspects)


def _part(made: Made, start: int, end: int) -> tuple[Sequence[Hashable | None], Sequence[bytes]]:
    # None stands among the fragments only where a line was doubtful, and those are not handed over here.
    fragments = cast("Sequence[bytes]", made.fragments)
    if not start and end == len(fragments):
        return made.identities, fragments
    return made.identities[start:end], fragments[start:end]
