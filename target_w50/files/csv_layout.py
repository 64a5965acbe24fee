"""How a CSV file is laid out: its delimiter, where its header stands, and what its columns are called."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from target_w50.files.faults import unfit
from target_w50.files.text import TextFile

DELIMITERS = (",", ";", "\t", "|")
"""The one that gives the header the most columns is taken, of two the first."""

NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}

_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
"""What Excel writes into the first line where it is told to."""
_ADDRESS = re.compile(r"\S+@\S+\.\S+")
"""What no column is called."""


@dataclass(frozen=True)
class Layout:
    """How to read the file.

    Attributes:
        delimiter: between two cells.
        lines_before: how many lines stand before the header.
        has_header: whether there is one.
        names: of the columns.
    """

    delimiter: str
    lines_before: int
    has_header: bool
    names: tuple[str, ...]

    @property
    def in_words(self) -> str:
        """What parts its cells."""
        return NAMES.get(self.delimiter, f"delimiter {self.delimiter!r}")


def layout_of(text: TextFile, delimiter: str | None, names: Sequence[str]) -> Layout:
    """Find out how a file is laid out.

    The delimiter is judged by the header alone: what is wrong in a line below is then found, and not read
    as one wide column.

    Args:
        text: the file.
        delimiter: if it is known.
        names: of the columns, where the file has no header.

    Raises:
        InputError: there is no header, or none that can be used (`file_columns`).
    """
    csv.field_size_limit(sys.maxsize)
    head = text.head()
    before = 0
    lines = io.StringIO(head, newline="")
    for line in lines:
        bare = line.rstrip("\r\n")
        told = _SEPARATOR_LINE.fullmatch(bare)
        if told:
            delimiter = delimiter or told[1]
        elif bare:
            break
        before += 1
    else:
        raise unfit(f"{text.name} is empty: its first line should name the columns.")
    rest = "".join([line, *lines])
    first = max(
        (_first_record(rest, each) for each in ([delimiter] if delimiter else DELIMITERS)), key=_length
    )
    cells, delimiter = first
    if names:
        if len(names) != len(cells):
            raise unfit(
                f"{text.name} has {len(cells)} columns, parted by {NAMES.get(delimiter, repr(delimiter))}, "
                f"and --columns names {len(names)}. Name all of them, in the order of the file.",
            )
        return Layout(delimiter, before, has_header=False, names=tuple(names))
    return Layout(delimiter, before, has_header=True, names=_names(text.name, cells, before + 1))


def _first_record(text: str, delimiter: str) -> tuple[list[str], str]:
    lines = io.StringIO(text, newline="")
    return next(csv.reader(lines, delimiter=delimiter, skipinitialspace=True), []), delimiter


def _length(first: tuple[list[str], str]) -> int:
    return len(first[0])


def _names(file: str, cells: Sequence[str], line: int) -> tuple[str, ...]:
    """The columns' names: without blanks around them, and with a name where there is none."""
    if any(map(_ADDRESS.search, cells)):
        # What stands there may be a contact's: it is not said.
        raise unfit(
            f"{file}, line {line}: this line should name the columns, but it has an e-mail address. "
            "If the file has no line of names, give them: --columns Email,FirstName,...",
        )
    names = tuple(cell.strip() or f"column {number}" for number, cell in enumerate(cells, 1))
    first: dict[str, int] = {}
    for number, name in enumerate(names, 1):
        other = first.setdefault(name.casefold(), number)
        if other != number:
            raise unfit(
                f"{file}, line {line}: columns {other} and {number} have the same name. Give each its own.",
            )
    return names
