"""Singer messages into numbered objects of a store: they can't be appended to, so each part is a stream."""

from __future__ import annotations

import errno
import logging
import threading
from collections.abc import Sequence

from target_w50.errors import StoreError
from target_w50.outputs.message_lines import MessageLine
from target_w50.outputs.store_calls import (
    LAST_TRY_S,
    LATE_TRY_S,
    NOT_ACKNOWLEDGED,
    CallFailedError,
    StoreCalls,
)
from target_w50.outputs.stores import Store, fault_of
from target_w50.settings.output_place import part_of

PART_BYTES = 8_000_000
"""From this size on a part goes out, whoever waits for it or not."""
PROOF = b"\n"
"""What the store is proven with: a blank line, which readers of Singer messages pass over."""

log = logging.getLogger("target-w50")


class MessageParts:
    """A Singer stream in parts, as a `MessageFile` in what it offers; safe to use from several threads.

    Messages are kept in memory until somebody needs them in the store, or there are enough of them. A part
    that is there is never written again, nor over: a run of the same name goes on behind the parts of the
    one before it. Once the store has stayed away, each need is one more try.

    Args:
        url: with the run's name in it; the parts' numbers are put before its suffix.
        calls: how the store is asked.
        setting: whose URL it is.

    Raises:
        OSError: the store takes no object there; `strerror` says why.
        SettingsError: its driver is not installed.
        StoreError: it can't be reached.
    """

    def __init__(self, url: str, calls: StoreCalls, setting: str) -> None:
        self._lock = threading.Lock()
        self._url = url
        self._calls = calls
        self._what = f"The store of `{setting}`"
        self._number = 1
        self._lines: list[bytes] = []
        self._bytes = 0
        self._sealed = b""  # the next part, which is tried again as it is
        self._written: dict[str, bytes] = {}  # the SCHEMAs of the part that grows
        self._stays_away = False
        self._closed = False
        self._store = self._calls.call(lambda: Store(url, calls.timeout_s), what=self._what)
        self._prove(setting)

    def _prove(self, setting: str) -> None:
        """Write a small object and remove it, before anything depends on it."""
        url, store = part_of(self._url, 0), self._store
        try:
            self._calls.call(lambda: store.write(url, PROOF), what=self._what, may_refuse=True)
        except CallFailedError as failed:
            raise OSError(errno.EACCES, failed.fault.words) from None
        try:
            self._calls.attempt(lambda: store.remove(url), LATE_TRY_S)
        except CallFailedError as failed:
            log.warning(
                "The object that `%s` was proven writable with can't be removed (%s); it stays, with a blank "
                "line in it: %s",
                setting,
                failed.fault.words,
                url.rpartition("/")[2],
            )

    def append(self, stream: str, schema_line: bytes | None, record_line: bytes) -> None:
        """Append a record, and before it its SCHEMA if its part does not have it as the stream's last.

        Args:
            stream: the stream's name.
            schema_line: the SCHEMA message, without a line end; None where there is none.
            record_line: the RECORD message, without a line end.

        Raises:
            StoreError: the store stays away; nothing of the lines was taken.
            StoppedError: the run was stopped; the same.
        """
        self.append_all([MessageLine(stream, schema_line, record_line)])

    def append_all(self, records: Sequence[MessageLine]) -> int:
        """Append records together, each as `append` does: of what is in other runs' parts nothing is known.

        Raises:
            StoreError: the store stays away; nothing of the lines was taken.
            StoppedError: the run was stopped; the same.
        """
        with self._lock:
            if self._bytes >= PART_BYTES:
                self._send_all()
            lines = []
            for stream, schema_line, record_line, _ in records:
                if schema_line is not None and self._written.get(stream) != schema_line:
                    lines.append(schema_line)
                    self._written[stream] = schema_line
                lines.append(record_line)
            self._lines += lines
            self._bytes += sum(map(len, lines)) + len(lines)
        return len(records)

    def sync(self) -> None:
        """Have everything in the store when it returns.

        Raises:
            StoreError: it stays away.
            StoppedError: the run was stopped.
        """
        with self._lock:
            self._send_all()

    def _send_all(self) -> None:
        while self._sealed or self._lines:
            if not self._sealed:
                self._sealed = b"\n".join((*self._lines, b""))
                self._lines, self._bytes, self._written = [], 0, {}
            self._number = self._send(self._sealed) + 1
            self._sealed = b""

    def _send(self, data: bytes) -> int:
        """Write a part; returns the number that it got."""

        def work() -> int:
            return self._put(self._number, data)

        if not (self._stays_away or self._calls.is_stopped):
            try:
                return self._calls.call(work, size=len(data), what=self._what)
            except StoreError:
                self._stays_away = True
                raise
        limit_s = LAST_TRY_S if self._calls.is_stopped else LATE_TRY_S
        try:
            return self._calls.attempt(work, limit_s, heeds_stop=not self._calls.is_stopped)
        except CallFailedError as failed:
            raise StoreError(
                f"{self._what} still can't be used: {failed.fault.words}.{NOT_ACKNOWLEDGED} Run again when "
                "it is there."
            ) from None

    def _put(self, number: int, data: bytes) -> int:
        """Write a part as the first free number from this one on."""
        while True:
            url = part_of(self._url, number)
            try:
                self._store.create(url, data)
            except FileExistsError:
                # Perhaps it is ours, and the answer to an earlier try was lost.
                if self._is(url, data):
                    return number
                number += 1
            else:
                return number

    def _is(self, url: str, data: bytes) -> bool:
        try:
            return self._store.read(url) == data
        except Exception as error:
            if fault_of(error).is_refusal:
                return False  # who may only write has it twice rather than not at all
            raise

    def close(self) -> None:
        """Have everything in the store, if it takes it; a second time changes nothing.

        Raises:
            StoreError: it does not take it.
            StoppedError: the run was stopped.
        """
        if self._closed:
            return
        self._closed = True
        self.sync()

    @property
    def fd(self) -> int:
        """No descriptor: it is in no file of this machine."""
        return -1

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed
