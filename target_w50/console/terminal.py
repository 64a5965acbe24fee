"""What is known of the terminal that is written to: its width, and whether it is to have colours."""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

USUAL_WIDTH = 80


def width_of(file: IO[str]) -> int | None:
    """How many columns the terminal has; None where the file is none, and lines may be of any length."""
    if not file.isatty():
        return None
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given):
        return int(given)
    try:
        return os.get_terminal_size(file.fileno()).columns or USUAL_WIDTH
    except (OSError, ValueError):
        return USUAL_WIDTH


def is_colourless() -> bool:
    """Whether nothing is to be coloured, as `NO_COLOR` (https://no-color.org) says for all programs."""
    return bool(os.environ.get("NO_COLOR"))


def console_on(file: IO[str], *, width: int | None = None) -> Console:
    """A console that prints what it is given as it is: no markup, no emoji, nothing lit up by itself.

    Args:
        file: where to.
        width: of its lines; None: the terminal's, also when that changes.
    """
    from rich.console import Console  # noqa: PLC0415  # takes longer to import than a plain table to write

    return Console(
        file=file,
        width=width,
        color_system=None if is_colourless() else "auto",
        highlight=False,
        emoji=False,
        markup=False,
    )
