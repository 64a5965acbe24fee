"""The records of a CSV file as Python finds them: what DuckDB has read is counted against them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from target_w50.files.csv_layout import Layout
from target_w50.files.faults import broken
from target_w50.files.text import TextFile

MOST_LINE_BYTES = 2_000_000
"""DuckDB's own limit, said so that it reads in pieces of four lines like that and not of sixteen."""

TOO_LONG = "it is longer than 2 MB. Is a double quote missing?"
NOT_CLOSED = (
    "a cell that begins with a double quote is not closed, or goes on behind the closing one. A double quote "
    "within such a cell is written twice"
)
NOT_CLOSED_SOON = (
    "a cell that begins with a double quote is not closed within 2 MB, and no record is longer. Is a double "
    "quote missing?"
)


def count_records(text: TextFile, layout: Layout) -> int | None:
    """Count the records, and see that no line is too long: DuckDB leaves out some that are, without a word.

    Returns:
        How many; None if quotes stand where they don't tell: `lines_of_records` counts with more care.

    Raises:
        InputError: a line is too long, or the file can't be read (as `TextFile.chunks`).
    """
    tally = _Tally(layout)
    for chunk in text.chunks():
        if not tally.add(chunk):
            raise broken(f"{text.name}, line {tally.line}: {TOO_LONG}")
    return tally.end()


class _Tally:
    """Counts records by line ends and quotes, a chunk of the text after the other."""

    def __init__(self, layout: Layout) -> None:
        delimiter = re.escape(layout.delimiter.encode())
        self._opens = re.compile(rb'(?:^|%s) *"[^"]*(?:""[^"]*)*\Z' % delimiter).search
        self._closes = re.compile(rb'[^"]*(?:""[^"]*)*" *(?:%s|\Z)' % delimiter).match
        self.line = 1
        self._records = -1 if layout.has_header else 0
        self._skipped = layout.lines_before
        self._is_open = False
        self._is_certain = True
        self._parts: list[bytes] = []  # of the line that goes on in the next chunk
        self._length = 0
        self._after_cr = False

    def add(self, chunk: bytes) -> bool:
        """Count a chunk; False if `line` is too long. One that is within a chunk is not."""
        if self._after_cr:
            # The second half of a line end that two chunks part is none of its own.
            chunk = chunk.removeprefix(b"\n")
        if not chunk:
            return True
        self._after_cr = chunk.endswith(b"\r")
        lines = chunk.splitlines()
        rest = b"" if chunk.endswith((b"\n", b"\r")) else lines.pop()
        if lines:
            self._length += len(lines[0])
            if self._length > MOST_LINE_BYTES:
                return False
            lines[0] = b"".join((*self._parts, lines[0]))
            self._count(lines)
            self._parts, self._length = [], 0
        self._parts.append(rest)
        self._length += len(rest)
        return self._length <= MOST_LINE_BYTES

    def end(self) -> int | None:
        """How many there are, the last one with it."""
        self._count([b"".join(self._parts)])
        return max(0, self._records) if self._is_certain and not self._is_open else None

    def _count(self, lines: list[bytes]) -> None:
        self.line += len(lines)
        if self._skipped:
            lines, self._skipped = lines[self._skipped :], max(0, self._skipped - len(lines))
        is_open, records = self._is_open, self._records
        for line in lines:
            if line.count(b'"') & 1:
                # So a cell of several lines begins or ends, or the quote is no more than a sign.
                if not (self._closes if is_open else self._opens)(line):
                    self._is_certain = False
                is_open = not is_open
            if line and not is_open:
                records += 1
        self._is_open, self._records = is_open, records


class RecordTooLongError(Exception):
    """A record is not at its end after as many bytes as DuckDB reads at most.

    Attributes:
        line: on which it begins.
    """

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line


def lines_of_records(text: TextFile, layout: Layout) -> Iterator[int]:
    """The line on which each record begins, the header's first, with all quotes heeded.

    Raises:
        InputError: as `TextFile.chunks`.
        RecordTooLongError: most likely a quote is not closed.
        csv.Error: Python can't read it.
    """
    for line, _ in _records(text, layout):
        yield line


def open_quote(text: TextFile, layout: Layout) -> tuple[int, str] | None:
    """The line of the record whose quote is not closed, and what to say; None: there is none.

    DuckDB names the line before it where much comes after.
    """
    try:
        for line, is_open in _records(text, layout):
            if is_open:
                return line, NOT_CLOSED
    except RecordTooLongError as error:
        return error.line, NOT_CLOSED_SOON
    except csv.Error:
        pass
    return None


def _records(text: TextFile, layout: Layout) -> Iterator[tuple[int, bool]]:
    """The line of each record, and whether a quote in it is still open at the end of the file."""
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=layout.delimiter, skipinitialspace=True)
    for _ in range(layout.lines_before):
        next(reader, None)
    begins = lines.begin_record()
    for cells in reader:
        is_open = lines.at_end and cells != [_Lines.END]
        if cells and (is_open or not lines.at_end):
            yield begins, is_open
        begins = lines.begin_record()


class _Lines:
    """The lines of a text for Python's reader, and one more, which shows whether the last quote is closed."""

    END = "end"

    def __init__(self, text: TextFile) -> None:
        raw = io.BufferedReader(_Chunks(text))
        self._lines = io.TextIOWrapper(raw, encoding="utf-8", errors="surrogateescape", newline="")
        self._line = 0
        self._begins = 1
        self._bytes = 0
        self.at_end = False

    def begin_record(self) -> int:
        """The next line is the first of a record: this one of the file."""
        self._begins, self._bytes = self._line + 1, 0
        return self._begins

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self.at_end:
            raise StopIteration
        line = self._lines.readline()
        if not line:
            self.at_end = True
            return self.END
        self._line += 1
        self._bytes += len(line.encode(errors="surrogateescape"))
        if self._bytes > MOST_LINE_BYTES + len("\r\n"):
            raise RecordTooLongError(self._begins)
        # Python 3.10 reads no zero bytes; where records begin, they do not matter.
        return line.replace("\0", " ")


class _Chunks(io.RawIOBase):
    """The text of a file as something that Python reads as a file."""

    def __init__(self, text: TextFile) -> None:
        super().__init__()
        self._chunks = text.chunks()
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # what is asked with
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = chunk
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size
