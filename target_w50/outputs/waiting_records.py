"""Which records wait in a quarantine file already, so that repeated runs do not append them again."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

from target_w50.outputs.json_members import members
from target_w50.outputs.message_lines import MessageLine

if TYPE_CHECKING:
    import sqlite3

_log = logging.getLogger("target-w50")

_BLOCK_BYTES = 1 << 20
_TAIL_BYTES = 1 << 10
"""By so many bytes before the place where it reads on, it knows that the file was only appended to."""
_DIGEST_BYTES = 16
_CACHE_KIB = 8192
_ASKED_AT_ONCE = 500
_FRESH = 32_768
"""So many digests are kept before they go into the database together."""


class _RecordLine(msgspec.Struct):
    type: str
    stream: str
    record: msgspec.Raw


_decode = msgspec.json.Decoder(_RecordLine).decode


class WaitingRecords:
    """The digests of a file's records, read as far as it has grown; not safe to use from several threads.

    A file may hold gigabytes: the digests are in a temporary database without a name, of which a bounded part
    is in memory. Where that can't be kept (no room for temporary files), every record is new.
    """

    def __init__(self) -> None:
        self._digests: sqlite3.Connection | None = None
        self._has_given_up = False
        self._fresh: set[bytes] = set()  # not in the database yet
        self._read_to = 0  # the beginning of a line
        self._tail = b""  # what stands before it
        self._unfinished: bytes | None = None  # the digest of a last line without an end
        self._asked: list[bytes] = []  # the digests of the last news

    def is_behind(self, end: int) -> bool:
        """Whether there is so much to read, up to this end, that it takes a moment."""
        return not self._has_given_up and end - self._read_to > _BLOCK_BYTES

    def read_on(self, fd: int, end: int) -> None:
        """Take in what was appended since the last time.

        Args:
            fd: the file, which may be read.
            end: where it ends.
        """
        if self._has_given_up:
            return
        try:
            self._read_on(fd, end)
        except Exception as fault:  # noqa: BLE001  # of a database or a disk; a record too many does no harm
            self._give_up(fault)

    def news(self, records: Sequence[MessageLine]) -> Sequence[MessageLine]:
        """Those of some records that do not wait in the file, as far as it was read: each once, if `once`.

        Args:
            records: as they would be written.
        """
        self._asked = []
        if self._has_given_up:
            return records
        digests = [_digest(each.record_line) for each in records]
        known = self._waiting_of({digest for digest in digests if digest is not None})
        news = []
        for each, digest in zip(records, digests, strict=True):
            if digest is not None:
                if each.once and digest in known:
                    continue
                known.add(digest)
                self._asked.append(digest)
            news.append(each)
        return news

    def _waiting_of(self, digests: set[bytes]) -> set[bytes]:
        """Those of some digests whose records wait."""
        known = digests & self._fresh
        if self._unfinished in digests:
            known.add(self._unfinished)
        rest = [*(digests - known)]
        try:
            for at in range(0, len(rest) if self._digests is not None else 0, _ASKED_AT_ONCE):
                part = rest[at : at + _ASKED_AT_ONCE]
                marks = ",".join("?" * len(part))
                question = f"SELECT digest FROM waiting WHERE digest IN ({marks})"  # noqa: S608 - question marks
                known.update(digest for (digest,) in self._database.execute(question, part))
        except Exception as fault:  # noqa: BLE001
            self._give_up(fault)
        return known

    def take(self, written: bytes, end: int) -> None:
        """Take in what was just written, so that it need not be read again: the last news.

        Args:
            written: all that was written, whole lines.
            end: where the file had ended before.
        """
        if self._has_given_up or end != self._read_to:
            return  # it is read with what else is there
        self._read_to = end + len(written)
        self._tail = (self._tail + written[-_TAIL_BYTES:])[-_TAIL_BYTES:]
        self._fresh.update(self._asked)
        if len(self._fresh) >= _FRESH:
            try:
                self._keep(self._fresh)
            except Exception as fault:  # noqa: BLE001
                self._give_up(fault)
            self._fresh = set()

    def forget(self) -> None:
        """Another file has taken the place of this one: begin anew."""
        self.close()
        self._read_to, self._tail, self._unfinished = 0, b"", None
        self._fresh = set()

    def close(self) -> None:
        """Let the database go."""
        if self._digests is not None:
            database, self._digests = self._digests, None
            database.close()

    @property
    def _database(self) -> sqlite3.Connection:
        if self._digests is None:
            import sqlite3  # noqa: PLC0415  # most runs set nothing aside

            # An empty name: a file without a name, once the cache is full.
            database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            database.execute("PRAGMA journal_mode = OFF")
            database.execute("PRAGMA synchronous = OFF")
            database.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            database.execute("CREATE TABLE waiting (digest BLOB PRIMARY KEY) WITHOUT ROWID")
            self._digests = database
        return self._digests

    def _read_on(self, fd: int, end: int) -> None:
        before = self._read_to - len(self._tail)
        if end < self._read_to or os.pread(fd, len(self._tail), before) != self._tail:
            self.forget()  # it was written anew in its place, by an editor perhaps
        if end == self._read_to:
            self._unfinished = None
            return
        rest, at = b"", self._read_to
        self._unfinished = None
        while at < end:
            block = os.pread(fd, min(_BLOCK_BYTES, end - at), at)
            if not block:
                break
            at += len(block)
            lines = (rest + block).split(b"\n")
            rest = lines.pop()
            self._take(lines)
            if lines:
                self._read_to = at - len(rest)
                self._tail = (self._tail + b"\n".join(lines[-_TAIL_BYTES:]) + b"\n")[-_TAIL_BYTES:]
        self._unfinished = _digest(rest)

    def _take(self, lines: list[bytes]) -> None:
        self._keep(digest for line in lines if (digest := _digest(line)) is not None)

    def _keep(self, found: Iterable[bytes]) -> None:
        digests = sorted(found)
        if not digests:
            return
        database = self._database
        database.execute("BEGIN")
        database.executemany("INSERT OR IGNORE INTO waiting VALUES (?)", ((digest,) for digest in digests))
        database.execute("COMMIT")

    def _give_up(self, fault: Exception) -> None:
        self._has_given_up = True
        self.close()
        _log.warning(
            "What waits in the file of `quarantine_path` already can't be remembered (%s): records may be "
            "appended to it again",
            type(fault).__name__,
        )


def _digest(line: bytes) -> bytes | None:
    """Of the stream and the record of a line; None where it is no record."""
    try:
        found = _decode(line)
        if found.type != "RECORD":
            return None
        parts = (found.stream.encode(), bytes(found.record))
    except (ValueError, RecursionError):  # not for msgspec, which knows no NaN, or no record at all
        if b"record" not in line or not line.rstrip().endswith(b"}"):
            return None
        try:
            spelled = dict(members(line.strip()))
        except ValueError:
            return None
        if "record" not in spelled or "stream" not in spelled:
            return None
        parts = (spelled["stream"], spelled["record"])
    text = b"%d:%b%b" % (len(parts[0]), *parts)
    return hashlib.blake2b(text, digest_size=_DIGEST_BYTES).digest()
