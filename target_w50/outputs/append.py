"""Appends Singer messages to a file that other runs may append to: whole lines, records behind SCHEMAs."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from target_w50.outputs.message_lines import MessageLine
from target_w50.outputs.waiting_records import WaitingRecords
from target_w50.runtime.clock import CLOCK

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOCTTY
_FOR_THE_OWNER = 0o600
_FOR_ALL = 0o644
LOCKED_S = 60.0
"""How long another process may keep the file to itself: a purge takes its time, and one that stands still
would keep all others from going on."""
_LOOK_S = 0.01
_NO_LOCKS_HERE = frozenset((errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL))


class MessageFile:
    """A Singer stream that grows; safe to use from several threads and by several runs at once.

    Lines go to the operating system at once, and to the disk with `sync`. Where not all of them can be
    written (a full disk), none stays. A line that a crash cut is ended first, so that it spoils no other.
    Where another file has taken its place meanwhile (a purge, a rotation), the next lines go into that one.

    Args:
        path: the file; its directory must exist. It may be a device or a named pipe, unless it is private.
        private: make it readable for its owner alone, also if it is there already. It must be a file of its
            own then: no link to another, under whatever name.
        apart_from: open descriptors that it must not be the file of.

    Raises:
        OSError: at once, if it can't be appended to; `strerror` says why.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, private: bool = False, apart_from: Iterable[int] = ()
    ) -> None:
        self._lock = threading.Lock()
        self._written: dict[str, bytes] = {}  # the SCHEMA that a record appended now would belong to
        self._end = -1  # where the file ended after our last line; -1: not known
        self._unsynced = False
        self._waiting = WaitingRecords()
        self._reading = threading.Lock()  # what waits; whoever appends holds it before the other lock
        self._path = os.fspath(path)
        self._private = private
        self._apart_from = tuple(apart_from)
        self._fd = _open(self._path, private=private, apart_from=self._apart_from)
        status = os.fstat(self._fd)
        self._is_regular = stat.S_ISREG(status.st_mode)
        self._is_new = self._is_regular and not status.st_size

    def append(self, stream: str, schema_line: bytes | None, record_line: bytes) -> None:
        """Append a record, and before it its SCHEMA if the last one of its stream is another.

        Args:
            stream: the stream's name.
            schema_line: the SCHEMA message, without a line end; None where there is none.
            record_line: the RECORD message, without a line end.

        Raises:
            OSError: the file can't be written any more; nothing of the lines is in it.
        """
        self.append_all([MessageLine(stream, schema_line, record_line)])

    def append_all(self, records: Sequence[MessageLine]) -> int:
        """Append records together, as `append` does each; how many, for some may be there already.

        Raises:
            OSError: the file can't be written any more; nothing of the lines is in it.
        """
        once = any(each.once for each in records)
        with self._reading:
            if once and self._waiting.is_behind(end := os.fstat(self._fd).st_size):
                # It may hold gigabytes: meanwhile others may append, and a stop may have it brought to disk.
                self._waiting.read_on(self._fd, end)
            with self._lock, self._alone():
                return self._append_all(records, looks=once)

    def _append_all(self, records: Sequence[MessageLine], *, looks: bool) -> int:
        end = os.fstat(self._fd).st_size
        if looks:
            self._waiting.read_on(self._fd, end)
            records = self._waiting.news(records)
        if not records:
            self._unsynced = True  # whoever wrote them may not have brought them to disk yet
            return 0
        others_wrote = self._is_regular and end != self._end
        if others_wrote:
            self._written.clear()  # it may have been another SCHEMA of the stream
        lines, written = [], {**self._written}
        if others_wrote and end and os.pread(self._fd, 1, end - 1) != b"\n":
            lines.append(b"")  # a crash cut the last line: it stays alone
        for stream, schema_line, record_line, _ in records:
            if schema_line is not None and written.get(stream) != schema_line:
                lines.append(schema_line)
                written[stream] = schema_line
            lines.append(record_line)
        data = b"\n".join((*lines, b""))
        self._write(data, end)
        if looks:
            self._waiting.take(data, end)
        self._written = written
        return len(records)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other runs from appending meanwhile, where the file system knows locks."""
        is_locked = _lock(self._fd)
        try:
            while self._is_regular and not _is_at(self._path, self._fd):
                self._follow()
                is_locked = _lock(self._fd)
            yield
        finally:
            if is_locked:
                fcntl.flock(self._fd, fcntl.LOCK_UN)

    def _follow(self) -> None:
        """Go on in the file that stands at the path now: nobody looks into the old one any more."""
        fd = _open(self._path, private=self._private, apart_from=self._apart_from)
        try:
            if self._unsynced:
                os.fsync(self._fd)  # it may stand at another path now
            os.dup2(fd, self._fd, inheritable=False)  # others know it by its number, see `apart_from`
        finally:
            os.close(fd)
        self._is_regular = stat.S_ISREG(os.fstat(self._fd).st_mode)
        self._is_new = True
        self._end = -1
        self._written.clear()
        self._waiting.forget()

    def _write(self, data: bytes, end: int) -> None:
        """Write the lines behind the end: all of them, or nothing."""
        self._unsynced = True
        self._end = -1
        written = 0
        try:
            while written < len(data):
                written += os.write(self._fd, data[written:])
        except OSError:
            if written and self._is_regular:
                # If this fails too, the next to append ends the line.
                with contextlib.suppress(OSError):
                    self._take_back(end, written)
            raise
        self._end = end + len(data)

    def _take_back(self, end: int, written: int) -> None:
        # Something else may have been appended by somebody who asks for no lock.
        if os.fstat(self._fd).st_size == end + written:
            os.ftruncate(self._fd, end)

    def sync(self) -> None:
        """Have everything on disk when it returns.

        Raises:
            OSError: the disk does not take it.
        """
        with self._lock:
            if not self._unsynced:
                return
            os.fsync(self._fd)
            if self._is_new:
                sync_directory(Path(self._path).parent)
                self._is_new = False
            self._unsynced = False

    def close(self) -> None:
        """Close the file; a second time changes nothing."""
        with self._lock:
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1
                self._waiting.close()

    @property
    def fd(self) -> int:
        """Its descriptor; -1 once it was closed."""
        return self._fd

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._fd < 0


@contextlib.contextmanager
def held(path: str | os.PathLike[str]) -> Iterator[int]:
    """A private file that is there already, to which nobody appends meanwhile.

    Args:
        path: the file, as for a private `MessageFile`.

    Yields:
        Its descriptor, to read from.

    Raises:
        OSError: it can't be opened, is no file of its own, or its file system knows no locks; `strerror`
            says which.
    """
    name = os.fspath(path)
    while True:
        fd = _opened(name, os.O_RDWR | os.O_NOCTTY, private=True)
        try:
            _judge(os.fstat(fd), private=True, apart_from=())
            if not _lock(fd):
                raise OSError(
                    errno.ENOLCK,
                    "its file system knows no locks, so a run could lose records; while no run is under way, "
                    "purge a copy on a local disk and put it back",
                )
            if _is_at(name, fd):
                yield fd
                return
        finally:
            os.close(fd)


def _lock(fd: int) -> bool:
    """Wait for the lock that whoever appends has; False where the file system knows none.

    Raises:
        OSError: another process does not give it back.
    """
    until = None
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            until = CLOCK.monotonic() + LOCKED_S if until is None else until
            if CLOCK.monotonic() >= until:
                raise OSError(
                    errno.ETIMEDOUT,
                    f"another process has kept it locked for {LOCKED_S:g} seconds; end or wake that process",
                ) from None
            CLOCK.sleep(_LOOK_S)
        except OSError as error:
            if error.errno not in _NO_LOCKS_HERE:
                raise
            return False
        else:
            return True


def _is_at(path: str, fd: int) -> bool:
    """Whether the open file is still the one at the path."""
    try:
        return os.path.samestat(os.fstat(fd), os.stat(path))  # noqa: PTH116 - for each line: parsing a path takes longer
    except FileNotFoundError:
        return False


def _opened(path: str, flags: int, *, private: bool) -> int:
    try:
        return os.open(
            path, flags | (os.O_NOFOLLOW if private else 0), _FOR_THE_OWNER if private else _FOR_ALL
        )
    except ValueError:  # a NUL in it
        raise OSError(errno.EINVAL, "not a path") from None
    except OSError as error:
        if private and error.errno == errno.ELOOP:
            raise OSError(errno.ELOOP, "a symbolic link; name the file itself") from None
        raise


def _open(path: str, *, private: bool, apart_from: Iterable[int]) -> int:
    fd = _opened(path, _FLAGS, private=private)
    try:
        _judge(os.fstat(fd), private=private, apart_from=apart_from)
        if private and stat.S_IMODE(os.fstat(fd).st_mode) != _FOR_THE_OWNER:
            os.fchmod(fd, _FOR_THE_OWNER)
    except OSError:
        os.close(fd)
        raise
    return fd


def _judge(opened: os.stat_result, *, private: bool, apart_from: Iterable[int]) -> None:
    """Refuse what is open but is another's: names tell nothing, a file may have several."""
    if private and not stat.S_ISREG(opened.st_mode):
        raise OSError(errno.EINVAL, "not a regular file")
    if private and opened.st_nlink > 1:
        raise OSError(errno.EMLINK, "a file that has another name as well, a hard link; name one of its own")
    if stat.S_ISCHR(opened.st_mode):
        return  # a terminal or /dev/null may be anything at once
    for other in apart_from:
        try:
            is_same = os.path.samestat(opened, os.fstat(other))
        except OSError:
            continue  # it is closed
        if is_same:
            raise OSError(errno.EINVAL, "the same file as another of this run's; name one of its own")


def sync_directory(directory: Path) -> None:
    """Have the names in a directory on disk when it returns."""
    fd = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
