"""Where records were read, each as one integer: a line of the input, or of a batch file."""

from __future__ import annotations


class Places:
    """Where records were read, each as one integer: a line of the input, or of one of the batch files."""

    _FILE_SHIFT = 40

    def __init__(self) -> None:
        self._files: list[str] = []

    def file(self, name: str) -> int:
        """The place before the first line of a batch file; add a line's number to it."""
        self._files.append(name)
        return len(self._files) << self._FILE_SHIFT

    def position(self, place: int) -> int | str:
        """The place as a quarantined record has it: the line, or the batch file and its line."""
        if place >> self._FILE_SHIFT == 0:
            return place
        name, line = self._split(place)
        return f"{name}:{line}"

    def text(self, place: int) -> str:
        """The place in words."""
        name, line = self._split(place)
        return f"line {line}" if name is None else f"line {line} of batch file {name}"

    def _split(self, place: int) -> tuple[str | None, int]:
        number = place >> self._FILE_SHIFT
        return (self._files[number - 1] if number else None), place & ((1 << self._FILE_SHIFT) - 1)
