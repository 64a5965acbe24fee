"""How the commands print: tables and colours on a terminal, plain lines anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

PLAIN_WIDTH = 160


def console() -> Console:
    """A console on standard output; where that is no terminal, lines are long and nothing is coloured."""
    terminal = sys.stdout.isatty()
    return Console(
        file=sys.stdout, width=None if terminal else PLAIN_WIDTH, highlight=False, emoji=False, markup=False
    )


def print_table(
    out: Console, headers: Sequence[str], rows: Iterable[Sequence[object]], *, numbers: Sequence[str] = ()
) -> None:
    """Print a table; boxed on a terminal, mere columns elsewhere.

    Args:
        out: the console.
        headers: the columns' names.
        rows: the cells, printed as `str` prints them; None is an empty cell.
        numbers: names of the columns that are set to the right.
    """
    terminal = out.is_terminal
    drawn = Table(
        box=box.ROUNDED if terminal else None, pad_edge=terminal, header_style="bold" if terminal else ""
    )
    for header in headers:
        drawn.add_column(header, justify="right" if header in numbers else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    if terminal:
        out.print(drawn)
        return
    with out.capture() as captured:
        out.print(drawn)
    for line in captured.get().splitlines():
        out.print(line.rstrip(), soft_wrap=True)
