"""How the commands print: tables and colours on a terminal, plain lines anywhere else."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console

from target_w50.console.tables import boxed_table, plain_table

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
        rows: the cells; None is an empty one.
        numbers: names of the columns that are set to the right.
    """
    if out.is_terminal:
        out.print(boxed_table(headers, rows, numbers=numbers))
        return
    for line in plain_table(headers, rows, numbers=numbers):
        out.print(line, soft_wrap=True)


def print_json(document: Any) -> None:
    """Print the document for a program; what a terminal might obey stands there as its escape."""
    lines = json.dumps(document, ensure_ascii=False, indent=2).split("\n")
    sys.stdout.writelines("".join(map(_escaped, line)) + "\n" for line in lines)


def _escaped(character: str) -> str:
    """The character, or JSON's escape for it where `printable` would have one."""
    if character.isprintable():
        return character
    code_units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{code_units[at : at + 2].hex()}" for at in range(0, len(code_units), 2))
