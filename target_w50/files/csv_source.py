"""A CSV file: its cells as text, an empty one as null."""

from __future__ import annotations

import csv
import threading
from functools import cached_property

from target_w50.files.csv_faults import fault_of
from target_w50.files.csv_layout import Layout
from target_w50.files.csv_records import (
    MOST_LINE_BYTES,
    RecordTooLongError,
    count_records,
    lines_of_records,
)
from target_w50.files.duck import DuckError, database, literal, record_line, select, write_lines
from target_w50.files.faults import changed
from target_w50.files.line_numbers import LineNumbers
from target_w50.files.source import Kinds
from target_w50.files.text import TextFile

_INTEGER = "-?(0|[1-9][0-9]{0,17})"
_NUMBER = rf"{_INTEGER}([.][0-9]+)?"
_BOOLEAN = "(?i)true|false"
"""As JSON writes them: what has a leading zero or a plus is no number but, say, a telephone number."""


class CsvSource:
    """A CSV file that was read through once.

    Args:
        text: the file.
        layout: how it is laid out.
        typed: whether columns of nothing but numbers, or true and false, are given as such.

    Raises:
        InputError: it is broken (`file_broken`); names file and line.
        SettingsError: DuckDB is not installed.
    """

    def __init__(self, text: TextFile, layout: Layout, *, typed: bool) -> None:
        self.name = text.name
        self._text = text
        self._layout = layout
        self._cells = [f"c{number}" for number in range(len(layout.names))]
        self._lock = threading.Lock()
        kinds = self._read_through(typed=typed)
        self._values = {
            name: _json(cell, kinds[cell]) for name, cell in zip(layout.names, self._cells, strict=True)
        }
        self.columns: Kinds = {
            name: frozenset({kinds[cell], "null"})
            for name, cell in zip(layout.names, self._cells, strict=True)
        }

    @property
    def about(self) -> str:
        """How it is read."""
        packed = ", gzip" if self._text.gzipped else ""
        return f"CSV with {self._layout.in_words}, {self._text.encoding}{packed}"

    def _table(self, path: str, more: str) -> str:
        """The file as a table of SQL; all is said, nothing is guessed."""
        columns = ", ".join(f"'{cell}': 'VARCHAR'" for cell in self._cells)
        one = len(self._cells) == 1
        # A blank line is no record. Where there is one column, DuckDB takes it for an empty cell: so that it
        # can be told from one in quotes, that one is not made null until blank lines are left out.
        table = (
            f"read_csv({literal(path)}, auto_detect = false, columns = {{{columns}}}, "
            f"delim = {literal(self._layout.delimiter)}, quote = '\"', escape = '\"', comment = '', "
            f"header = {str(self._layout.has_header).lower()}, skip = {self._layout.lines_before}, "
            f"nullstr = '', allow_quoted_nulls = {str(not one).lower()}, null_padding = false, "
            f"strict_mode = true, compression = 'none', "
            f"max_line_size = {MOST_LINE_BYTES}, buffer_size = {4 * MOST_LINE_BYTES}, {more})"
        )
        if not one:
            return table
        filled = select(["nullif(c0, '') AS c0"], table)
        return f"({filled} WHERE c0 IS NOT NULL)"

    def _read_through(self, *, typed: bool) -> dict[str, str]:
        """Read every cell, so that what is broken is known before anything is sent; returns the types."""
        asked = ["count(*)", *(f"count({cell})" for cell in self._cells)]
        if typed:
            asked += [
                f"count(*) FILTER (WHERE regexp_full_match({cell}, '{pattern}'))"
                for cell in self._cells
                for pattern in (_INTEGER, _NUMBER, _BOOLEAN)
            ]

        def question(path: str, more: str) -> str:
            return select(asked, self._table(path, more))

        counted = count_records(self._text, self._layout)
        try:
            with database() as connection, self._text.as_path() as path:
                figures = connection.execute(question(path, _STRICT)).fetchone() or ()
        except DuckError:
            raise fault_of(self._text, self._layout, question) from None
        self.records = int(figures[0])
        if self.records != counted:
            counted = self._line_numbers.records
        if self.records != counted:
            # It left out a line, or took one for two, and does not know it.
            raise fault_of(self._text, self._layout, question)
        return _kinds(self._cells, [int(each) for each in figures[1:]])

    def write(self, stream: str, fd: int) -> int:
        """See `Source`."""
        line = record_line(stream, self._values)
        try:
            with database() as connection, self._text.as_path() as path:
                return write_lines(connection, select([line], self._table(path, _STRICT)), fd)
        except DuckError:
            raise changed(self.name) from None

    def line_of(self, record: int) -> int | None:
        """See `Source`; None where quotes and lines were not counted as DuckDB did."""
        with self._lock:
            numbers = self._line_numbers
        return numbers.of(record) if numbers.records == self.records else None

    @cached_property
    def _line_numbers(self) -> LineNumbers:
        """Read only when it is asked for: where a record is refused."""
        numbers = LineNumbers()
        try:
            lines = lines_of_records(self._text, self._layout)
            if self._layout.has_header:
                next(lines, None)
            for line in lines:
                numbers.add(line)
        except (csv.Error, RecordTooLongError):
            numbers.complete = False
        return numbers


_STRICT = "ignore_errors = false"


def _kinds(cells: list[str], figures: list[int]) -> dict[str, str]:
    """The JSON type of each column: text, unless every value of it is something else."""
    kinds = dict.fromkeys(cells, "string")
    filled, matches = figures[: len(cells)], figures[len(cells) :]
    for at, cell in enumerate(cells):
        for kind, number in zip(("integer", "number", "boolean"), matches[3 * at : 3 * at + 3], strict=False):
            if number == filled[at] and number:
                kinds[cell] = kind
                break
    return kinds


def _json(cell: str, kind: str) -> str:
    """SQL for the cell's JSON text."""
    if kind == "string":
        return f"to_json({cell})::VARCHAR"
    return f"lower({cell})" if kind == "boolean" else cell
