"""Finds what quarantine files say of one contact: why a record of it was refused; nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

from target_w50.errors import SettingsError
from target_w50.outputs.quarantine_lines import Line, Verdict, Wish, read_line


@dataclass(frozen=True)
class Refused:
    """A record that was set aside.

    Attributes:
        path: the file, or its URL.
        line: its number there, from 1.
        stream: as the tap has it; empty where the line can't be read.
        reason: of `Reason`, as it is written; empty where it does not say.
        message: what was wrong, without a value.
        property: which one.
        position: where it was read, in words.
        run_id: of the run that set it aside.
        at: when, as it is written.
    """

    path: str
    line: int
    stream: str
    reason: str
    message: str
    property: str
    position: str
    run_id: str
    at: str


def refused(name: str, file: IO[bytes], wishes: Sequence[Wish]) -> Iterator[Refused]:
    """The records of a file that all the wishes are about, in its order.

    Args:
        name: the file's path or URL.
        file: what is in it.
        wishes: about one contact.

    Raises:
        SettingsError: the file can't be read (`quarantine_unusable`).
    """
    try:
        for number, text in enumerate(file, 1):
            line = read_line(text)
            is_one = line.record is not None or (line.message is None and not text.isspace())
            if is_one and all(wish.verdict(line) is Verdict.GOES for wish in wishes):
                yield _refused(name, number, line)
    except OSError as error:
        raise unreadable(name, error) from None


def unreadable(name: str, error: OSError) -> SettingsError:
    """A quarantine file that can't be read."""
    return SettingsError(
        f"Quarantine file {name} can't be read: {error.strerror or 'it can not be opened'}.",
        code="quarantine_unusable",
    )


def _refused(name: str, number: int, line: Line) -> Refused:
    about: Any = (line.message or {}).get("quarantine")
    told = about if type(about) is dict else {}

    def word(name: str) -> str:
        value = told.get(name)
        return "" if value is None else str(value)

    return Refused(
        name,
        number,
        line.stream,
        word("reason"),
        word("message"),
        word("property"),
        word("position"),
        word("run_id"),
        word("at"),
    )
