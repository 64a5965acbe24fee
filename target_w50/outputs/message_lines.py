"""A record on its way into an output of Singer messages."""

from __future__ import annotations

from typing import NamedTuple


class MessageLine(NamedTuple):
    """A record behind the SCHEMA that it belongs to.

    Attributes:
        stream: the stream's name.
        schema_line: the SCHEMA message, without a line end; None where there is none.
        record_line: the RECORD message, without a line end.
        once: whether to leave it at that where the file holds the same record of the same stream already.
    """

    stream: str
    schema_line: bytes | None
    record_line: bytes
    once: bool = False
