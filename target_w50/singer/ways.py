"""What a short way is to the reader: it makes contacts of the lines of one stream, and hands them over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

Judged = Any
"""What became of a record on the general way, before that goes anywhere."""


class Made(Protocol):
    """What became of the lines of one stream."""

    @property
    def doubtful(self) -> Sequence[int]:
        """Those that are left to the general way, in order, as long as none is taken out."""

    def take_out(self, row: int) -> None:
        """Forget a line; those behind it move up."""


class Way(Protocol):
    """The short way of one stream.

    Attributes:
        stream: its name, as the tap has it.
    """

    stream: str

    def make(self, lines: Sequence[bytes], *, bare: bool = False) -> Any:
        """Make contacts of lines, a `Made`; `bare`: they are records without a message."""

    def shares_with(self, other: Way) -> bool:
        """Whether the records of the two end in the same place, so that their order matters."""

    def has_room(self, made: Any, start: int, end: int, lines: Sequence[bytes]) -> int | None:
        """How many bytes these contacts need, or None if something has to be decided about one of them."""

    def fits(self, needed: int) -> bool:
        """Whether so many bytes are left for all streams."""

    def take(  # noqa: PLR0917 - the hot path
        self, made: Any, start: int, end: int, places: Sequence[int], lines: Sequence[bytes], room: int
    ) -> None:
        """Hand these contacts over, about which nothing has to be decided; `room` is what they need."""

    def take_one(self, made: Any, row: int, place: int, line: bytes) -> None:
        """Hand one contact over."""

    def judge(self, record: dict[str, Any], line: bytes, place: int) -> Judged:
        """What becomes of a record on the general way."""

    def take_judged(self, judged: Judged) -> None:
        """Have that record go on."""

    def sets_aside(self, judged: Judged, others: int) -> bool:
        """Whether it is set aside and that is all, also behind so many others that wait to be set aside."""

    def set_aside(self, refused: Sequence[Judged]) -> None:
        """Set aside records of any streams, in the order of the input; that they were read is told later."""

    def read(self, records: int) -> None:
        """So many records of the stream were read that are set aside."""
