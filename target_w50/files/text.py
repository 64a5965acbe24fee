"""The text of a file, whatever it is packed and written in: as UTF-8, to Python or to DuckDB."""

from __future__ import annotations

import codecs
import contextlib
import glob
import gzip
import os
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from target_w50.errors import InputError
from target_w50.files.faults import broken, not_utf8, unreadable

CHUNK_BYTES = 256 * 1024
HEAD_CHARS = 1_000_000
"""A header is no longer than this."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""What the first bytes say of how a text is written; the longer mark before the one that it begins with."""

_NO_TEXT = (
    (b"PK\x03\x04", "is an Excel workbook or another zip archive. Save it as “CSV UTF-8” first"),
    (b"\xd0\xcf\x11\xe0", "is an old Excel workbook. Save it as “CSV UTF-8” first"),
    (b"PAR1", "is Parquet. Say so with --format parquet"),
    (b"SQLite format 3\0", "is an SQLite database. Write its table to a CSV file first"),
    (b"%PDF", "is a PDF document. What is wanted is a CSV file"),
)


@dataclass(frozen=True)
class TextFile:
    """A file with text.

    Attributes:
        name: as it was named, for messages.
        gzipped: whether it is packed.
        encoding: how its text is written, as Python calls it.
    """

    name: str
    gzipped: bool
    encoding: str

    @staticmethod
    def look_at(name: str, encoding: str | None) -> TextFile:
        """Find out how the file is packed and written.

        Args:
            name: its path.
            encoding: how it is written, if its first bytes do not say so; None: UTF-8.

        Raises:
            InputError: it can't be read (`file_unreadable`), or is no text (`file_broken`).
        """
        with _told(name), Path(name).open("rb") as raw:
            gzipped = raw.read(2) == b"\x1f\x8b"
        plain = TextFile(name, gzipped, "utf-8")
        with _told(name), plain.open() as content:
            begin = content.read(4096)
        for mark, words in _NO_TEXT:
            if begin.startswith(mark):
                raise broken(f"{name} {words}.")
        for mark, found in _MARKS:
            if begin.startswith(mark):
                return TextFile(name, gzipped, found)
        if encoding is None and b"\0" in begin:
            raise broken(
                f"{name} has zero bytes, which no UTF-8 text has. If it is UTF-16, say --encoding utf-16-le "
                "(or -be). Else it may be no text at all.",
            )
        return TextFile(name, gzipped, encoding or "utf-8")

    @property
    def is_plain(self) -> bool:
        """Whether others may read the file itself, and find UTF-8."""
        return not self.gzipped and self.is_utf8

    @property
    def is_utf8(self) -> bool:
        """Whether its bytes are given as they are."""
        return codecs.lookup(self.encoding).name == "utf-8"

    def open(self) -> IO[bytes]:
        """Its bytes, unpacked."""
        if self.gzipped:
            return cast("IO[bytes]", gzip.open(self.name, "rb"))
        return Path(self.name).open("rb")

    def chunks(self) -> Iterator[bytes]:
        """Its text as UTF-8, without a byte order mark.

        Raises:
            InputError: it can't be read or unpacked, or is not written as it should be; a text that is to be
                UTF-8 is given as it is.
        """
        with _told(self.name), self.open() as content:
            if self.is_utf8:
                first = content.read(CHUNK_BYTES).removeprefix(codecs.BOM_UTF8)
                yield first
                while chunk := content.read(CHUNK_BYTES):
                    yield chunk
                return
            yield from self._decoded(content)

    def _decoded(self, content: IO[bytes]) -> Iterator[bytes]:
        decoder = codecs.getincrementaldecoder(self.encoding)()
        line, begins = 1, True
        while True:
            chunk = content.read(CHUNK_BYTES)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                before = error.object[: error.start].decode(self.encoding, errors="replace")
                raise broken(
                    f"{self.name}, line {line + before.count(chr(10))}: the text is not {self.encoding}. See "
                    "how the file was saved, and say so with --encoding.",
                ) from None
            line += text.count("\n")
            if begins and text:
                text, begins = text.removeprefix("\ufeff"), False
            yield text.encode()
            if not chunk:
                return

    def head(self) -> str:
        """The first part of the text, in which the header stands.

        Raises:
            InputError: as `chunks`; or what should be UTF-8 is not.
        """
        decoder = codecs.getincrementaldecoder("utf-8")()
        head = ""
        for chunk in self.chunks():
            try:
                head += decoder.decode(chunk)
            except UnicodeDecodeError as error:
                # The header itself must be right; what is wrong further down is found with its line.
                head += error.object[: error.start].decode(errors="replace")
                if "\n" not in head.lstrip():
                    raise not_utf8(self.name, 1) from None
                return head
            if len(head) > HEAD_CHARS:
                return head
        return head

    @contextlib.contextmanager
    def as_path(self) -> Iterator[str]:
        """A path at which DuckDB reads UTF-8, once: the file's, or a pipe's that is filled meanwhile.

        Raises:
            InputError: as `chunks`, when the text was to be read to its end.
        """
        if self.is_plain:
            yield for_duckdb(self.name)
            return
        read_end, write_end = os.pipe()
        filling = _Filling(self, write_end)
        filling.start()
        try:
            yield f"/dev/fd/{read_end}"
        finally:
            os.close(read_end)
            filling.join()
            if filling.error is not None:
                raise filling.error from None


class _Filling(threading.Thread):
    """Writes a file's text into a pipe, and closes it."""

    def __init__(self, text: TextFile, write_end: int) -> None:
        super().__init__(name="text", daemon=True)
        self._text = text
        self._write_end = write_end
        self.error: InputError | None = None

    def run(self) -> None:
        try:
            with open(self._write_end, "wb") as pipe:  # noqa: PTH123  # a descriptor
                pipe.writelines(self._text.chunks())
        except BrokenPipeError:
            return  # whoever reads has had enough, and says why
        except InputError as error:
            self.error = error


@contextlib.contextmanager
def _told(name: str) -> Iterator[None]:
    """Have errors of reading and unpacking said without what the file holds.

    Raises:
        InputError: `file_unreadable` or `file_broken`.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise broken(f"{name} is packed with gzip, and broken or cut off. Copy it anew.") from None
    except OSError as error:
        raise unreadable(f"{name} can't be read: {error.strerror or error}.") from None


def for_duckdb(name: str) -> str:
    """The path of a file as DuckDB is to be given it.

    No absolute path looks like a URL; and what its name has of a glob's characters is meant as it is.
    """
    return glob.escape(str(Path(name).absolute()))
