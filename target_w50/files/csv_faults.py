"""What is wrong with a CSV file, by line and without a word of what stands there."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable

from target_w50.errors import InputError
from target_w50.files.csv_layout import Layout
from target_w50.files.csv_records import NOT_CLOSED, TOO_LONG, open_quote
from target_w50.files.duck import DuckError, database
from target_w50.files.faults import broken, not_utf8
from target_w50.files.text import CHUNK_BYTES, TextFile

Question = Callable[[str, str], str]
MOST_FAULTS = 100
_LINE_END = re.compile(rb"\r\n|\r|\n")
_NOT_UTF8 = "INVALID ENCODING"
_OF_QUOTES = ("UNQUOTED VALUE", "LINE SIZE OVER MAXIMUM")


def fault_of(text: TextFile, layout: Layout, question: Question) -> InputError:
    """Say why a file can't be read: it is read once more, and DuckDB notes what it would stop at.

    Its own messages quote the file, so nothing of them is used.

    Args:
        text: the file.
        layout: how it is laid out.
        question: makes the SQL that could not be done, given a path and what is to become of errors.
    """
    found = []
    with contextlib.suppress(DuckError), database() as connection:
        with text.as_path() as path:
            noted = f"store_rejects = true, rejects_limit = {MOST_FAULTS}"
            connection.execute(question(path, noted)).fetchall()
        found = connection.execute(
            "SELECT DISTINCT ON (line_byte_position) line_byte_position, error_type::VARCHAR "
            "FROM reject_errors ORDER BY line_byte_position, column_idx"
        ).fetchall()
    faults = [(_line_at(text, position - 1), kind) for position, kind in found[:2]]
    unclosed = open_quote(text, layout)
    if unclosed is not None:
        # What DuckDB says of quotes and of lines behind this one follows from it.
        faults = [each for each in faults if each[1] not in _OF_QUOTES and each[0] < unclosed[0]]
        if not faults:
            return broken(_sentences(text.name, *unclosed))
    if faults:
        line, kind = faults[0]
        if kind == _NOT_UTF8:
            return not_utf8(text.name, line)
        return broken(_sentences(text.name, line, _in_words(kind, layout), *(each[0] for each in faults[1:])))
    if len({*map(bytes, _LINE_END.findall(_beginning(text)))}) > 1:
        return broken(
            f"{text.name} ends its lines in different ways, some with CR LF, say, and some with LF. Save it "
            "anew with one program."
        )
    return broken(
        f"{text.name} can't be read as CSV with {layout.in_words}. Open it in an editor and see whether each "
        "quoted cell is closed, or name the delimiter with --delimiter."
    )


def _sentences(name: str, line: int, words: str, *more: int) -> str:
    end = "" if words.endswith("?") else "."
    return (
        f"{name}, line {line}: {words}{end}{''.join(f' The next line at fault is {each}.' for each in more)}"
    )


def _line_at(text: TextFile, position: int) -> int:
    """The line of the record that begins at this byte, or behind the line ends that stand there.

    DuckDB's own number leaves out the line breaks within cells.
    """
    line, offset, after_cr = 1, 0, False
    with text.open() as content:
        # DuckDB counts the bytes that it was given: of the file itself, or of the text in a pipe.
        chunks = iter(lambda: content.read(CHUNK_BYTES), b"") if text.is_plain else text.chunks()
        for chunk in chunks:
            for found in _LINE_END.finditer(chunk):
                start, end = offset + found.start(), offset + found.end()
                if start > position:
                    return line
                # The second half of a line end that two chunks part is none of its own.
                line += not (after_cr and start == offset and found[0] == b"\n")
                position = max(position, end)
            offset += len(chunk)
            after_cr = chunk.endswith(b"\r")
    return line


def _beginning(text: TextFile) -> bytes:
    return b"".join(chunk for chunk, _ in zip(text.chunks(), range(64), strict=False))


def _in_words(kind: str, layout: Layout) -> str:
    columns = f"{len(layout.names)} columns, parted by {layout.in_words}"
    words = {
        "MISSING COLUMNS": f"it has fewer cells than the file has columns ({columns})",
        "TOO MANY COLUMNS": f"it has more cells than the file has columns ({columns}). A cell that has the "
        "delimiter in it must stand in double quotes",
        "UNQUOTED VALUE": NOT_CLOSED,
        "LINE SIZE OVER MAXIMUM": TOO_LONG,
    }
    return words.get(kind, "it can't be read")
