"""Objects of a store as files for commands: found, read many at a time, written anew."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO

from target_w50.errors import SettingsError
from target_w50.outputs.store_calls import CallFailedError, StoreCalls
from target_w50.outputs.stores import Store, StoredObject
from target_w50.settings.output_place import url_fault

READ_FOR_S = 30.0
"""How long a store is tried again by who only reads."""
READ_TIMEOUT_S = 60.0
READ_AT_ONCE = 8
PIECE_BYTES = 8_000_000
IN_MEMORY_BYTES = 1_000_000

Content = IO[bytes] | CallFailedError
"""An object as a file, or why it can't be read."""

_NUMBER = re.compile(r"-\d{4,}(?=(?:\.[A-Za-z][A-Za-z0-9]*)?$)")


class StoredFiles:
    """The store that a URL is in, for commands.

    Args:
        url: of an object, a folder (`.../`) or a glob; or a setting with `{run_id}`, for all runs' parts.

    Raises:
        SettingsError: it is no such URL, or the driver of such a store is not installed.
    """

    def __init__(self, url: str) -> None:
        fault = url_fault(url)
        if fault is not None:
            raise SettingsError(f"A URL {fault}.", code="usage")
        self._calls = StoreCalls(None, retry_for_s=READ_FOR_S, timeout_s=READ_TIMEOUT_S)
        self._url = url
        self._what = f"The store of {url.rpartition('/')[0]}/"
        self._store = self._calls.call(lambda: Store(url, READ_TIMEOUT_S), what=self._what)

    def find(self) -> list[StoredObject]:
        """The objects that the URL names, with parts in the order of their numbers.

        Raises:
            CallFailedError: the store refuses.
            StoreError: it can't be reached.
        """
        found = self._calls.call(lambda: self._store.find(self._url), what=self._what, may_refuse=True)
        return sorted(found, key=lambda each: (stream_of(each.url), len(each.url), each.url))

    def read(
        self, stored: Sequence[StoredObject]
    ) -> Iterator[tuple[StoredObject, IO[bytes] | CallFailedError]]:
        """Read objects, some at a time, in their order; what can't be read comes with why.

        Raises:
            StoreError: the store can't be reached.
        """
        # Only here: for the few commands that read many.
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

        with ThreadPoolExecutor(READ_AT_ONCE) as readers:
            for at in range(0, len(stored), READ_AT_ONCE):
                some = stored[at : at + READ_AT_ONCE]
                yield from zip(some, list(readers.map(self._fetched, some)), strict=True)

    def _fetched(self, stored: StoredObject) -> Content:
        try:
            return self.fetch(stored)
        except CallFailedError as failed:
            return failed

    def fetch(self, stored: StoredObject) -> IO[bytes]:
        """An object as a file, at its beginning.

        Raises:
            CallFailedError: the store refuses.
            StoreError: it can't be reached.
        """
        file = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115 - the caller's
        self._copy([stored], file)
        return file

    def joined(self, stored: Iterable[StoredObject]) -> IO[bytes]:
        """Objects one behind the other as one file of this machine, at its beginning.

        Raises:
            CallFailedError: the store refuses.
            StoreError: it can't be reached.
        """
        file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller's
        self._copy(stored, file)
        return file

    def _copy(self, stored: Iterable[StoredObject], file: IO[bytes]) -> None:
        for each in stored:
            last = b"\n"
            for start in range(0, each.size, PIECE_BYTES):
                piece = self._piece(each, start)
                file.write(piece)
                last = piece[-1:]
            if last != b"\n":
                file.write(b"\n")  # what comes behind is another message
        file.seek(0)

    def _piece(self, stored: StoredObject, start: int) -> bytes:
        end = min(start + PIECE_BYTES, stored.size)

        def work() -> bytes:
            return self._store.read(stored.url, start, end)

        return self._calls.call(work, size=end - start, what=self._what, may_refuse=True)

    def write(self, url: str, data: bytes) -> None:
        """Write an object, or write it anew.

        Raises:
            CallFailedError: the store refuses.
            StoreError: it can't be reached.
        """

        def work() -> None:
            self._store.write(url, data)

        self._calls.call(work, size=len(data), what=self._what, may_refuse=True)

    def remove(self, url: str) -> None:
        """Remove an object.

        Raises:
            CallFailedError: the store refuses.
            StoreError: it can't be reached.
        """
        self._calls.call(lambda: self._store.remove(url), what=self._what, may_refuse=True)


def stream_of(url: str) -> str:
    """What the parts of one run have in common: the URL without the part's number."""
    return _NUMBER.sub("", url)


def newest_streams(stored: Sequence[StoredObject], most: int) -> list[StoredObject]:
    """The objects of the runs that were written to last, so many runs.

    Args:
        stored: objects in their order, which is kept.
        most: how many runs.
    """
    newest: dict[str, StoredObject] = {}
    for each in stored:
        of_run = stream_of(each.url)
        if of_run not in newest or newest[of_run].modified <= each.modified:
            newest[of_run] = each
    # Stores tell seconds: of those in one second it is the later name, so that the choice is always the same.
    by_time = sorted(newest, key=lambda of_run: (newest[of_run].modified, of_run), reverse=True)
    kept = {*by_time[:most]}
    return [each for each in stored if stream_of(each.url) in kept]
