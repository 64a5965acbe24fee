"""One stream's short way to its sink: contacts made together, and handed over together where they can be."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple, cast

from target_w50.contacts.fast_path import Made, ShortWay
from target_w50.contacts.maker import ReadyContact
from target_w50.contacts.refusal import Refusal
from target_w50.singer.ways import Way
from target_w50.target.route import Route
from target_w50.target.sinks import W50Sink, suspects_of


class Judged(NamedTuple):
    """A record that was judged on the general way.

    Attributes:
        way: its stream's.
        found: its contact, why there is none, or None if it is skipped.
        line: its message.
        place: where it was read.
    """

    way: StreamWay
    found: ReadyContact | Refusal | None
    line: bytes
    place: int


class StreamWay:
    """The short way of the records of one stream, where all of them go to one sink.

    Args:
        stream: the stream's name, as the tap has it.
        short: makes the contacts.
        route: the general way, for records that the short one does not take.
        sink: where both lead.

    Attributes:
        stream: as given.
        sink: as given.
        make: makes contacts of lines.
    """

    def __init__(self, stream: str, short: ShortWay, route: Route, sink: W50Sink) -> None:
        self._route = route
        self.stream = stream
        self.sink = sink
        self.make = short.make

    def shares_with(self, other: Way) -> bool:
        """Whether contacts of the two go into the same jobs."""
        return isinstance(other, StreamWay) and other.sink.counts is self.sink.counts

    def has_room(self, made: Made, start: int, end: int, lines: Sequence[bytes]) -> int | None:
        """How many bytes these contacts need, or None if something has to be decided about one of them."""
        identities, fragments, matched = _part(made, start, end)
        return self.sink.load.plain_bytes(identities, fragments, lines, matched)

    def fits(self, needed: int) -> bool:
        """Whether so many bytes are left for all streams."""
        return self.sink.load.fits(needed)

    def take(  # noqa: PLR0917 - the hot path
        self, made: Made, start: int, end: int, places: Sequence[int], lines: Sequence[bytes], room: int
    ) -> None:
        """Hand these contacts over, about which nothing has to be decided; `room` is what they need."""
        identities, fragments, matched = _part(made, start, end)
        failed = {row - start: each for row, each in made.failed.items() if start <= row < end}
        suspects = {row: suspects_of(each, places[row]) for row, each in failed.items()}
        self.sink.load.add_plainly(identities, fragments, places, lines, matched, suspects, room)
        for row, each in sorted(failed.items()):
            self.sink.tell_failed(each, places[row])
        self.read(end - start)

    def take_one(self, made: Made, row: int, place: int, line: bytes) -> None:
        """Hand one contact over.

        Raises:
            TargetW50Error: the first error of the background, or the stop.
        """
        sink, fragment = self.sink, made.fragments[row]
        if fragment is None:
            raise AssertionError
        self.read(1)
        matched = None if made.matched is None else made.matched[row]
        failed = made.failed.get(row)
        if failed is None:
            sink.load.add(made.identities[row], fragment, place, line, None, matched)
            return
        sink.tell_failed(failed, place)
        suspects = suspects_of(failed, place)
        sink.load.add(made.identities[row], fragment, place, line, None, matched, suspects)

    def judge(self, record: dict[str, Any], line: bytes, place: int) -> Judged:
        """What becomes of a record on the general way."""
        return Judged(self, self._route.judge(record, {}), line, place)

    def take_judged(self, judged: Judged) -> None:
        """Have that record go on.

        Raises:
            InvalidRecordError: it can't be loaded, and is not to be set aside.
            TargetW50Error: too many are invalid; or the first error of the background, or the stop.
        """
        self.read(1)
        self._route.take(judged.found, judged.line, judged.place)

    def sets_aside(self, judged: Judged, others: int) -> bool:
        """Whether it is set aside and that is all, also behind so many others that wait to be set aside."""
        found, sink = judged.found, self.sink
        return type(found) is Refusal and sink.refusals.has_room(found, sink.mapping.entry, others)

    def set_aside(self, refused: Sequence[Judged]) -> None:
        """Set aside records of any streams, in the order of the input; that they were read is told later.

        Raises:
            TargetW50Error: they can't be written, or too many are invalid.
        """
        self.sink.refusals.refuse_all(
            [way.sink.refused(cast("Refusal", found), line, place) for way, found, line, place in refused]
        )

    def read(self, records: int) -> None:
        """So many records of the stream were read."""
        self.sink.read(records)


def _part(
    made: Made, start: int, end: int
) -> tuple[Sequence[Hashable | None], Sequence[bytes], Sequence[Hashable] | None]:
    # None stands among the fragments only where a line was doubtful, and those are not handed over here.
    fragments = cast("Sequence[bytes]", made.fragments[start:end])
    return made.identities[start:end], fragments, None if made.matched is None else made.matched[start:end]
