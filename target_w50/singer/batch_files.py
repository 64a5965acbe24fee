"""Reads the files that a BATCH message names, in blocks of lines, and the records of these."""

from __future__ import annotations

import gzip
import os
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from typing import Any
from urllib.parse import unquote

from target_w50.errors import InputError
from target_w50.singer.lines import DEFAULT_MAX_LINE_BYTES, Block, LineTooLongError, split_lines
from target_w50.singer.messages import Message, parse_json, require

_CHUNK_BYTES = 512 * 1024
_GZIP_MAGIC = b"\x1f\x8b"  # no JSON begins so


@dataclass(frozen=True)
class BatchManifest:
    """What a BATCH message says.

    Attributes:
        stream: the stream's name.
        files: paths or `file:` URLs, in their order.
        compression: `gzip` or None.
    """

    stream: str
    files: tuple[str, ...]
    compression: str | None


def read_manifest(message: Message, line_number: int) -> BatchManifest:
    """Read a BATCH message.

    Raises:
        InputError: a member is missing (`input_not_singer`), or the encoding is another than JSON lines,
            plain or gzipped (`batch_encoding_unsupported`).
    """
    stream = require(message, line_number, "stream", str)
    encoding = require(message, line_number, "encoding", dict)
    files = require(message, line_number, "manifest", list)
    if not all(type(file) is str for file in files):
        raise InputError(
            f"Line {line_number} of the input (BATCH) has a `manifest` that is not an array of strings.",
            code="input_not_singer",
        )
    compression = encoding.get("compression") or "none"
    if encoding.get("format") != "jsonl" or compression not in ("gzip", "none"):
        raise InputError(
            f"Line {line_number} of the input (BATCH for stream {stream!r}) has an encoding not known here; "
            "have the tap write JSON lines (format 'jsonl'), with compression 'gzip' or 'none'.",
            code="batch_encoding_unsupported",
        )
    return BatchManifest(stream, tuple(files), "gzip" if compression == "gzip" else None)


def file_name(file: str) -> str:
    """Give the last part of a manifest's entry, to name it in a message or a position."""
    return file.rstrip("/").rpartition("/")[2] or file


def batch_blocks(
    file: str, compression: str | None, max_line_bytes: int = DEFAULT_MAX_LINE_BYTES
) -> Iterator[Block]:
    """Yield the lines of a batch file in blocks, reading no more than a chunk ahead.

    Args:
        file: a path, or a `file:` URL; whether the URL is percent-encoded depends on the tap's settings, so
            a file of either name is taken.
        compression: `gzip` or None. SDK taps gzip their files also when they say nothing: a file that begins
            like gzip is read as such.
        max_line_bytes: how long a line may be, decompressed.

    Raises:
        InputError: the file is missing, remote, damaged, no regular file or not of this compression
            (`batch_unreadable`), or a line is longer than may be (`line_too_long`).
    """
    name = file_name(file)
    try:
        with open(_local_path(file), "rb", opener=_open_at_once) as raw:
            if not stat.S_ISREG(os.fstat(raw.fileno()).st_mode):
                raise _unreadable(name, "is no regular file; a pipe or a device may have no end")
            yield from _blocks(raw, name, compression, max_line_bytes)
    except LineTooLongError as error:
        raise InputError(
            f"Line {error.line_number} of batch file {name!r} has more than {max_line_bytes} bytes; check "
            "what the tap wrote there, or allow more with `max_line_bytes`.",
            code="line_too_long",
        ) from None
    except EOFError as error:
        raise _unreadable(name, "is cut off") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise _unreadable(name, "is not well-formed gzip") from error
    except OSError as error:
        raise _unreadable(name, f"can't be read ({error.strerror or error})") from error
    except ValueError as error:  # a zero byte or half a surrogate pair in its name
        raise _unreadable(name, "has a name that no file can have") from error


def _open_at_once(path: str, flags: int) -> int:
    """Open a file; of a pipe, without waiting for who writes to it."""
    return os.open(path, flags | os.O_NONBLOCK)


def batch_record(line: bytes, number: int, file: str) -> dict[str, Any] | None:
    """Read the record of a line of a batch file; None where the line is blank.

    Raises:
        InputError: it is not a JSON object (`batch_unreadable`).
    """
    if not line or line.isspace():
        return None
    name = file_name(file)
    try:
        record = parse_json(line, f"line {number} of batch file {name!r}")
    except InputError as error:
        raise InputError(error.message, code="batch_unreadable") from error
    if type(record) is not dict:
        raise _unreadable(name, f"has a record that is not an object in line {number}")
    return record


def _blocks(raw: BufferedReader, name: str, compression: str | None, max_line_bytes: int) -> Iterator[Block]:
    zipped = compression == "gzip" or _begins_like_gzip(raw)
    if (zipped or name.endswith(".gz")) and not raw.peek(1):
        raise _unreadable(name, "is empty, which no gzip file is: it was not written to its end")
    source = gzip.GzipFile(fileobj=raw) if zipped else raw
    yield from split_lines(iter(lambda: source.read(_CHUNK_BYTES), b""), max_line_bytes)


def _begins_like_gzip(raw: BufferedReader) -> bool:
    return raw.peek(len(_GZIP_MAGIC)).startswith(_GZIP_MAGIC)


def _local_path(file: str) -> str:
    scheme, colon, rest = file.partition(":")
    if not colon or "/" in scheme or not scheme:
        return file
    if scheme.lower() != "file":
        if "//" not in rest[:2]:
            return file  # a colon in the name of a file
        raise _unreadable(
            # What follows a question mark may be a signature: a secret.
            file_name(file.partition("?")[0]),
            f"is at a URL of scheme {scheme[:20]!r}; only local files are read",
        )
    if rest.startswith("//"):
        host, slash, path = rest[2:].partition("/")
        if host not in ("", "localhost"):
            raise _unreadable(file_name(file), "is on another host; only local files are read")
        rest = slash + path
    decoded = unquote(rest)
    return rest if os.path.exists(rest) and not os.path.exists(decoded) else decoded  # noqa: PTH110


def _unreadable(name: str, fault: str) -> InputError:
    return InputError(f"Batch file {name!r} {fault}.", code="batch_unreadable")
