"""What a short way is to the reader: it makes contacts of the lines of one stream, and hands them over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol


class Made(Protocol):
    """What became of the lines of one stream."""

    @property
    def doubtful(self) -> Sequence[int]:
        """Those that are to be read by themselves, in order."""


class Way(Protocol):
    """The short way of one stream."""

    def make(self, lines: Sequence[bytes], *, bare: bool = False) -> Any:
        """Make contacts of lines, a `Made`; `bare`: they are records without a message."""

    def shares_with(self, other: Way) -> bool:
        """Whether the records of the two end in the same place, so that their order matters."""

    def has_room(self, made: Any, start: int, end: int, lines: Sequence[bytes]) -> int | None:
        """How many bytes these contacts need, or None if something has to be decided about one of them."""

    def fits(self, needed: int) -> bool:
        """Whether so many bytes are left for all streams."""

    def take(self, made: Any, start: int, end: int, places: Sequence[int], lines: Sequence[bytes]) -> bool:
        """Hand these contacts over; False, and none of them, if something has to be decided."""

    def take_one(self, made: Any, row: int, place: int, line: bytes) -> None:
        """Hand one contact over."""
