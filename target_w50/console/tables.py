"""Tables, names and counts for people: boxed on a terminal, mere text elsewhere, which needs no library."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import IO, TYPE_CHECKING

from target_w50.console.terminal import console_on, width_of
from target_w50.errors import counted, printable

if TYPE_CHECKING:
    from rich.table import Table

__all__ = [
    "NARROWEST",
    "counted",
    "folded",
    "hanging",
    "pair_lines",
    "plain_table",
    "text_table",
    "write_table",
]

GAP = "  "
NARROWEST = 24
"""Columns that a cell must have to be folded in."""
BOX_WIDTH = 4
"""What a box is wider than the columns, beside one more for each column."""


def plain_table(
    headers: Sequence[str], rows: Iterable[Sequence[object]], *, numbers: Sequence[str] = ()
) -> list[str]:
    """The lines of a table without a box.

    Args:
        headers: the columns' names.
        rows: the cells, shown as `printable` has them.
        numbers: names of the columns that are set to the right.
    """
    cells = [list(headers), *([printable(cell) for cell in row] for row in rows)]
    widths = [max(_width(row[column]) for row in cells) for column in range(len(headers))]
    lines = []
    for row in cells:
        parts = []
        for text, width, header in zip(row, widths, headers, strict=True):
            pad = " " * (width - _width(text))
            parts.append(pad + text if header in numbers else text + pad)
        lines.append(GAP.join(parts).rstrip())
    return lines


def boxed_table(
    headers: Sequence[str], rows: Iterable[Sequence[object]], *, numbers: Sequence[str] = ()
) -> Table:
    """The same table for a terminal, see `plain_table`."""
    from rich import box  # noqa: PLC0415  # takes longer to import than a plain table to write
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=box.ROUNDED, header_style="bold")
    for header in headers:
        table.add_column(header, justify="right" if header in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    return table


def write_table(
    file: IO[str], headers: Sequence[str], rows: Iterable[Sequence[object]], *, numbers: Sequence[str] = ()
) -> None:
    """Write the table to the file, boxed if that is a terminal.

    On a terminal that is too narrow for it, its last column is folded; if that does not help, each row
    becomes a small table of its own.
    """
    rows = list(rows)
    width = width_of(file)
    if width is None:
        file.writelines(line + "\n" for line in plain_table(headers, rows, numbers=numbers))
        return
    console = console_on(file, width=width)
    if _fits(headers, rows, numbers, width - BOX_WIDTH - len(headers)):
        console.print(boxed_table(headers, rows, numbers=numbers))
        return
    for row in rows:
        console.print(_turned(headers, row, numbers))


def _turned(headers: Sequence[str], row: Sequence[object], numbers: Sequence[str]) -> Table:
    """One row as a table of its own: a line for each column, the first one as its head."""
    from rich import box  # noqa: PLC0415  # as above
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=box.ROUNDED, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for header, cell in zip(headers, row, strict=True):
        is_head = header is headers[0]
        value = Text(printable(cell), justify="right" if header in numbers else "left")
        table.add_row(Text(header), value, style="bold" if is_head else "", end_section=is_head)
    return table


def text_table(
    headers: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    numbers: Sequence[str] = (),
    width: int | None = None,
) -> list[str]:
    """The lines of a table without a box, no longer than the width: turned where that is too narrow for it.

    Args:
        headers: the columns' names.
        rows: the cells.
        numbers: names of the columns that are set to the right.
        width: of the terminal; None: there is no limit.
    """
    rows = list(rows)
    lines = plain_table(headers, rows, numbers=numbers)
    if width is None or max(map(_width, lines)) <= width:
        return lines
    turned: list[str] = []
    for row in rows:
        turned += ["", *pair_lines(zip(headers, row, strict=True), width)]
    return turned[1:]


def pair_lines(pairs: Iterable[tuple[object, object]], width: int | None = None) -> list[str]:
    """A line for each name with its value, the values below each other; folded where they are too long.

    Args:
        pairs: names and values, shown as `printable` has them.
        width: of the terminal; None: there is no limit.
    """
    shown = [(printable(name), printable(value)) for name, value in pairs]
    indent = max((_width(name) for name, _ in shown), default=0) + len(GAP)
    if width is None:
        return [f"{name}{' ' * (indent - _width(name))}{value}".rstrip() for name, value in shown]
    indent = min(indent, width // 2)
    lines: list[str] = []
    for name, value in shown:
        *above, last = folded(name, max(width - len(GAP), 1))
        if _width(last) + len(GAP) > indent:
            above, last = [*above, last], ""
        first, *more = folded(value, max(width - indent, 1))
        lines += [*above, (last + " " * (indent - _width(last)) + first).rstrip()]
        lines += [" " * indent + part for part in more]
    return lines


def folded(text: str, width: int) -> list[str]:
    """The text in parts of at most so many columns of a terminal, cut between words where that can be."""
    parts, part, at = [], "", 0
    for word in re.findall(r"\S+\s*|\s+", text):
        if part and at + _width(word.rstrip()) > width:
            parts.append(part.rstrip())
            part, at = "", 0
        for letter in word:
            if at + _width(letter) > width:
                if letter.isspace():
                    continue
                parts.append(part)
                part, at = "", 0
            part, at = part + letter, at + _width(letter)
    return [*parts, part.rstrip()]


def hanging(line: str, width: int | None) -> list[str]:
    """The line in parts for a terminal; what follows a label, such as `  contacts     `, stays behind it."""
    if width is None or _width(line) <= width:
        return [line]
    label = re.match(r" *(?:\S+(?: \S+)* {2,})?", line)
    lead = label[0] if label and len(label[0]) <= width // 2 else ""
    first, *more = folded(line[len(lead) :], max(width - len(lead), 1))
    return [lead + first, *(" " * len(lead) + part for part in more)]


def _fits(
    headers: Sequence[str], rows: Sequence[Sequence[object]], numbers: Sequence[str], width: int
) -> bool:
    """Whether the table can stand in the width, if need be with its last column folded."""
    widths = [max(map(_width, (header, *_cells(rows, at)))) for at, header in enumerate(headers)]
    if len(GAP) * (len(headers) - 1) + sum(widths) <= width:
        return True
    *others, _ = widths
    left = width - len(GAP) * len(others) - sum(others)
    return headers[-1] not in numbers and left >= NARROWEST


def _cells(rows: Sequence[Sequence[object]], column: int) -> list[str]:
    return [printable(row[column]) for row in rows]


def _width(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1
        for each in text
    )
