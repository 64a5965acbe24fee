"""Changes one member of a JSON object in its text, so that all else stays as it was written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

SPACE = b" \t\n\r"
"""What may stand between tokens."""
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},]', re.DOTALL)
"""What tells one member from the next: strings, so that nothing in them counts, and punctuation."""


def with_member(line: bytes, name: str, value: bytes) -> bytes:
    """Set a member of an object.

    It works on the text alone: numbers may have any size, values be nested to any depth, and bytes that are
    not UTF-8 stay as they are.

    Args:
        line: the text of an object that is known to be JSON, with at least one member.
        name: the member, of plain letters.
        value: its new value, as JSON.

    Returns:
        The text with the member last and once, and all other members as they were, digits and escapes too.
    """
    text = line.strip()
    if b'"%b"' % name.encode() in text or b"\\u" in text:  # it may be there, its name written with escapes
        kept = b"{" + b", ".join(spelled for key, spelled in members(text) if key != name)
    else:
        kept = text.removesuffix(b"}").rstrip(SPACE)
    separator = b"" if kept == b"{" else b", "
    return b'%b%b"%b": %b}' % (kept, separator, name.encode(), value)


def members(text: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the name of each member of an object, and name and value as they are written.

    Args:
        text: of an object, without blanks around it.
    """
    depth, start, key = 0, -1, b""
    for found in _TOKEN.finditer(text):
        token = found[0]
        if token[:1] == b'"':
            if depth == 1 and start < 0:
                start, key = found.start(), token
            continue
        ends = depth == 1 and token in b",}"
        if ends and start >= 0:
            yield json.loads(key.decode(errors="replace")), text[start : found.start()].rstrip(SPACE)
            start = -1
        if token in b"[{":
            depth += 1
        elif token in b"]}":
            depth -= 1
