"""A file of JSON lines: each record goes on as it is written, to the last digit."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any, NoReturn

import msgspec

from target_w50.files.faults import broken, changed, not_utf8
from target_w50.files.line_numbers import LineNumbers
from target_w50.files.source import Kinds, write_all
from target_w50.files.text import CHUNK_BYTES, TextFile
from target_w50.singer.lines import LineTooLongError, split_lines

MOST_COLUMNS = 5_000
"""A file with more names than this has values for names."""

MOST_SEEN = 1000
"""So many kinds of records of the same names are remembered."""

_KINDS: dict[type, str] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    type(None): "null",
    list: "array",
    dict: "object",
}

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class JsonSource:
    """A file of JSON lines that was read through once.

    Args:
        text: the file.

    Raises:
        InputError: it is broken (`file_broken`); names file and line.
    """

    def __init__(self, text: TextFile) -> None:
        self.name = text.name
        self._text = text
        self._numbers = LineNumbers()
        self.columns: Kinds = self._read_through()
        self.records = self._numbers.records

    @property
    def about(self) -> str:
        """How it is read."""
        return "JSON lines, gzip" if self._text.gzipped else "JSON lines"

    def _read_through(self) -> Kinds:
        kinds: dict[str, set[str]] = {}  # in the order in which their names come
        last_names: tuple[str, ...] = ()
        seen: set[tuple[type, ...]] = set()  # of records with these names
        for number, line in self._lines():
            record = self._record(line, number)
            self._numbers.add(number)
            # Most records are like one before.
            names, types = tuple(record), tuple(map(type, record.values()))
            if names == last_names and types in seen:
                continue
            if names != last_names or len(seen) >= MOST_SEEN:
                last_names = names
                seen.clear()
            seen.add(types)
            for name, kind in zip(names, types, strict=True):
                kinds.setdefault(name, set()).add(_KINDS[kind])
            if len(kinds) > MOST_COLUMNS:
                self._refuse(number, f"the records have more than {MOST_COLUMNS} names by now")
        return {name: frozenset(each) for name, each in kinds.items()}

    def _record(self, line: bytes, number: int) -> dict[str, Any]:
        try:
            return _decode(line)
        except msgspec.MsgspecError:
            pass
        except UnicodeDecodeError:
            raise not_utf8(self.name, number) from None
        except RecursionError:
            self._refuse(number, "it is nested too deeply")
        # What msgspec can't read, and the target can: such as half of a surrogate pair.
        try:
            record = json.loads(line, parse_constant=_no_constant)
        except UnicodeDecodeError:
            raise not_utf8(self.name, number) from None
        except (ValueError, RecursionError):
            more = ""
            if number == 1 and line.startswith(b"["):
                more = ". If the file is one array, write its members on lines of their own (jq -c '.[]')"
            self._refuse(number, f"the line is not a JSON object{more}")
        if type(record) is not dict:
            self._refuse(number, "the line is JSON, but not an object: each line is to be {...}, one contact")
        return record

    def _refuse(self, number: int, words: str) -> NoReturn:
        raise broken(f"{self.name}, line {number}: {words}.")

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        """Lines that are not blank, with their numbers."""
        try:
            for first, lines in split_lines(self._text.chunks()):
                for number, line in enumerate(lines, first):
                    if stripped := line.strip():
                        yield number, stripped
        except LineTooLongError as error:
            self._refuse(error.line_number, "the line is longer than 32 MB")

    def write(self, stream: str, fd: int) -> int:
        """See `Source`."""
        before = f'{{"type":"RECORD","stream":{json.dumps(stream)},"record":'.encode()
        waiting: list[bytes] = []
        written = size = 0
        with os.fdopen(os.dup(fd), "wb", buffering=0) as pipe:
            try:
                for _, line in self._lines():
                    waiting += (before, line, b"}\n")
                    size += len(line)
                    written += 1
                    if size > CHUNK_BYTES:
                        write_all(pipe.fileno(), b"".join(waiting))
                        waiting, size = [], 0
                write_all(pipe.fileno(), b"".join(waiting))
            except OSError:
                raise changed(self.name) from None
        return written

    def line_of(self, record: int) -> int | None:
        """See `Source`."""
        return self._numbers.of(record)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
