"""Tables, names and counts for people: boxed on a terminal, mere text elsewhere, which needs no library."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TextIO

from target_w50.errors import printable

if TYPE_CHECKING:
    from rich.table import Table

GAP = "  "
BOX_WIDTH = 4
"""What a box is wider than the columns, beside one more for each column."""


def counted(number: int, one: str, more: str | None = None) -> str:
    """The number with what it counts, such as `1 contact` or `2,000 entries`.

    Args:
        number: how many.
        one: the word for one of them.
        more: the word for several, if that is not `one` with an s.
    """
    return f"{number:,} {one if number == 1 else more or one + 's'}"


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
    file: TextIO, headers: Sequence[str], rows: Iterable[Sequence[object]], *, numbers: Sequence[str] = ()
) -> None:
    """Write the table to the file, boxed if that is a terminal.

    On a terminal that is too narrow for it, each row becomes a small table of its own.
    """
    rows = list(rows)
    lines = plain_table(headers, rows, numbers=numbers)
    if not file.isatty():
        file.writelines(line + "\n" for line in lines)
        return
    from rich.console import Console  # noqa: PLC0415

    console = Console(file=file, highlight=False, emoji=False, markup=False)
    if max(map(_width, lines)) + BOX_WIDTH + len(headers) <= console.width:
        console.print(boxed_table(headers, rows, numbers=numbers))
        return
    for row in rows:
        below = list(zip(headers[1:], row[1:], strict=True))
        head = (headers[0], printable(row[0]))
        console.print(boxed_table(head, below, numbers=head[1:] if len(numbers) > len(headers) / 2 else ()))


def _width(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1
        for each in text
    )
