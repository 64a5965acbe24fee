"""Takes records out of quarantine, while runs may add to it and a crash may come: out of files and parts."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from target_w50.errors import SettingsError
from target_w50.outputs.append import held, sync_directory
from target_w50.outputs.quarantine_lines import Line, Verdict, Wish, read_line
from target_w50.outputs.store_calls import CallFailedError
from target_w50.outputs.stored_files import StoredFiles
from target_w50.outputs.stores import StoredObject

MOST_LINES_NAMED = 10
"""How many of the lines that can't be judged are named."""


@dataclass(frozen=True)
class Purge:
    """What became of a file, or would.

    Attributes:
        path: the file, or the object's URL.
        removed: records that went, with lines that are no Singer message and hold what was to go.
        kept: records that stay.
        unknown: how many lines stay because they don't say what was asked.
        unknown_lines: the numbers of the first of them, from 1, as the file was before.
        elsewhere: records that stay, by stream and property, though the property holds the value.
    """

    path: Path | str
    removed: int
    kept: int
    unknown: int
    unknown_lines: tuple[int, ...]
    elsewhere: Mapping[tuple[str, str], int]


def purge(path: Path, wish: Wish, *, dry_run: bool = False) -> Purge:
    """Take the records of a wish out of a quarantine file, with the SCHEMAs that no record needs any more.

    Runs that append to the file wait meanwhile, and go on in what takes its place, see `MessageFile`. A crash
    leaves the old file or the new one; the half of a new one has the name `.NAME.purging`, and the next purge
    takes it away.

    Args:
        path: the file.
        wish: which records go.
        dry_run: only say what would go.

    Raises:
        SettingsError: the file is no file of its own, or can't be read or replaced (`quarantine_unusable`).
    """
    try:
        with held(path) as fd:
            found = _judged(fd, path, wish)
            if not dry_run:
                half = path.with_name(f".{path.name}.purging")
                half.unlink(
                    missing_ok=True
                )  # of a purge that was killed: the lock is ours, so it is nobody's
                if found.removed:
                    _replace(fd, path, half, wish)
            return found
    except OSError as error:
        raise SettingsError(
            f"Quarantine file {path} can't be purged: {error.strerror or 'it can not be read'}.",
            code="quarantine_unusable",
        ) from None


def purge_object(files: StoredFiles, stored: StoredObject, wish: Wish, *, dry_run: bool = False) -> Purge:
    """The same for a part in a store, which no run writes to any more: it is written anew, or removed.

    Raises:
        SettingsError: the store refuses (`quarantine_unusable`).
        StoreError: it can't be reached.
    """
    try:
        with files.joined([stored]) as content:
            fd = content.fileno()
            found = _judged(fd, stored.url, wish)
            if found.removed and not dry_run:
                kept = b"".join(_kept(_lines(fd), wish))
                if kept.strip():
                    files.write(stored.url, kept)
                else:
                    files.remove(stored.url)
            return found
    except CallFailedError as failed:
        raise SettingsError(
            f"{stored.url} can't be purged: {failed.fault.words}.", code="quarantine_unusable"
        ) from None


def _judged(fd: int, path: Path | str, wish: Wish) -> Purge:
    removed = kept = 0
    unknown: list[int] = []
    more_unknown = 0
    elsewhere: Counter[tuple[str, str]] = Counter()
    for number, line in enumerate(_lines(fd), 1):
        verdict = _verdict(wish, line)
        if verdict is None:
            continue
        if verdict is Verdict.GOES:
            removed += 1
            continue
        kept += line.message is not None
        elsewhere.update((line.stream, name) for name in wish.places(line))
        if verdict is Verdict.UNKNOWN and len(unknown) < MOST_LINES_NAMED:
            unknown.append(number)
        elif verdict is Verdict.UNKNOWN:
            more_unknown += 1
    return Purge(path, removed, kept, len(unknown) + more_unknown, tuple(unknown), dict(elsewhere))


def _verdict(wish: Wish, line: Line) -> Verdict | None:
    """What becomes of a record, or of what is no message; None for any other line."""
    if line.message is None:
        return None if line.text.isspace() else wish.verdict(line)
    return None if line.record is None else wish.verdict(line)


def _lines(fd: int) -> Iterator[Line]:
    os.lseek(fd, 0, os.SEEK_SET)
    with open(fd, "rb", closefd=False) as file:
        for text in file:
            yield read_line(text)


def _replace(fd: int, path: Path, half: Path, wish: Wish) -> None:
    old = os.fstat(fd)
    new_fd = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(new_fd, "wb") as new:
            os.fchmod(new_fd, 0o600)
            if (old.st_uid, old.st_gid) != (os.fstat(new_fd).st_uid, os.fstat(new_fd).st_gid):
                os.fchown(new_fd, old.st_uid, old.st_gid)  # else its runs could not append any more
            new.writelines(_kept(_lines(fd), wish))
            new.flush()
            os.fsync(new_fd)
        half.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            half.unlink()
        raise
    sync_directory(path.parent)


def _kept(lines: Iterator[Line], wish: Wish) -> Iterator[bytes]:
    """What stays, in its order; a SCHEMA comes with the first line that needs it."""
    waiting: dict[str, bytes] = {}
    for line in lines:
        if line.is_schema:
            waiting[line.stream] = line.text
        elif _verdict(wish, line) is Verdict.GOES:
            continue
        elif line.message is None:
            # Nobody knows whose it is: it keeps what it might belong to.
            yield from waiting.values()
            waiting.clear()
            yield line.text
        else:
            schema = waiting.pop(line.stream, None)
            if schema is not None:
                yield schema
            yield line.text
