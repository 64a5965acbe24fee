"""A contact's values as an operator gives them: asked for, or on standard input, never as arguments."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from target_w50.contacts.match_values import is_blank
from target_w50.errors import SettingsError, printable

MOST_VALUE_BYTES = 64 * 1024
"""How long what stands on standard input may be."""


def ask_values(names: Sequence[str], option: str = "--contact") -> dict[str, str]:
    """The values by name; on standard input one line each, in the order of the names.

    Args:
        names: properties or FieldNames.
        option: what they were given to, for messages.

    Raises:
        SettingsError: a value stands on the command line, is blank, or is not text.
    """
    if any("=" in name for name in names):
        raise SettingsError(
            f"{option} takes the name alone: a value on the command line is seen by whoever lists processes, "
            "and stays in the shell's history. It is asked for, or read from standard input.",
            code="usage",
        )
    values = dict(zip(names, _values(names), strict=True))
    if any(map(is_blank, values.values())):
        raise SettingsError("The contact's value is blank: it would be anybody's.", code="usage")
    return values


def _values(names: Sequence[str]) -> list[str]:
    if sys.stdin.isatty():
        return [str(click.prompt(f"Value of {printable(name)}", err=True)) for name in names]
    content = sys.stdin.buffer.read(MOST_VALUE_BYTES + 1)
    try:
        values = [line.removesuffix("\r") for line in content.decode().removesuffix("\n").split("\n")]
    except UnicodeDecodeError:
        values = []
    if len(values) != len(names) or len(content) > MOST_VALUE_BYTES:
        lines = "one line" if len(names) == 1 else f"{len(names)} lines, one for each name,"
        raise SettingsError(f"Standard input must be the contact's value: {lines} of UTF-8.", code="usage")
    return values
