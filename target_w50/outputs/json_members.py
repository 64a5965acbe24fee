"""Changes one member of a JSON object in its text, so that all else stays as it was written."""

from __future__ import annotations

import json
from collections.abc import Iterator

# Values are only skipped: their numbers need not be read, however long they are.
_skip = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str).raw_decode
_SPACE = " \t\n\r"


def with_member(line: bytes, name: str, value: bytes) -> bytes:
    """Set a member of an object.

    Args:
        line: the text of an object that is known to be JSON, with at least one member.
        name: the member, of plain letters.
        value: its new value, as JSON.

    Returns:
        The text with the member last and once, and all other members as they were, digits and escapes too.
    """
    text = line.decode().strip()
    if f'"{name}"' in text or "\\u" in text:  # it may be there, and the name may be written with escapes
        kept = "{" + ", ".join(spelled for key, spelled in _members(text) if key != name)
    else:
        kept = text.removesuffix("}").rstrip(_SPACE)
    separator = "" if kept == "{" else ", "
    return f'{kept}{separator}"{name}": '.encode() + value + b"}"


def _members(text: str) -> Iterator[tuple[str, str]]:
    """Yield the name of each member of an object, and name and value as they are written."""
    at = _after_space(text, 1)
    while text[at] != "}":
        start = at
        key, at = _skip(text, at)
        at = _after_space(text, _after_space(text, at) + 1)
        _, at = _skip(text, at)
        yield key, text[start:at]
        at = _after_space(text, at)
        if text[at] == ",":
            at = _after_space(text, at + 1)


def _after_space(text: str, at: int) -> int:
    while text[at] in _SPACE:
        at += 1
    return at
