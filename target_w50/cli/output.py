"""How the commands print beside their tables: a console of the demo, JSON for programs."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from target_w50.console.terminal import console_on, width_of

if TYPE_CHECKING:
    from rich.console import Console

PLAIN_WIDTH = 160


def console() -> Console:
    """A console on standard output; where that is no terminal, lines are long and nothing is coloured."""
    return console_on(sys.stdout, width=width_of(sys.stdout) or PLAIN_WIDTH)


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
