"""Records set aside, in a file or in parts: a Singer stream of what the tap sent, each with its reason."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from target_w50.contacts.refusal import Reason
from target_w50.errors import InputError, SettingsError
from target_w50.outputs.json_members import SPACE, with_member
from target_w50.outputs.message_lines import MessageLine
from target_w50.outputs.messages_at import MessageOutput, messages_at
from target_w50.outputs.store_calls import StoreCalls
from target_w50.settings.output_place import is_url
from target_w50.singer.messages import SchemaLine

_log = logging.getLogger("target-w50")
_encode = msgspec.json.Encoder(decimal_format="number").encode


MOST_HELD_BYTES = 256 * 1024
"""So many bytes of records are held before they go into the file together."""
_MOST_WHYS = 256
_MEMBER = b'"quarantine"'


class SetAside(NamedTuple):
    """A record that is set aside; see `QuarantineFile.add`."""

    stream: str
    line: bytes
    reason: Reason
    message: str
    property: str | None
    position: int | str
    schema: SchemaLine | None = None


class QuarantineFile:
    """Appends records to a file that is itself a Singer stream; safe to use from several threads.

    Every record follows the SCHEMA that it belongs to, also where other runs append to the same file, see
    `MessageFile`; in a store each part is such a stream, see `MessageParts`.

    Args:
        path: the file; its directory must exist. It is made, or made, readable for its owner alone. Or the
            URL of a store.
        run_id: the run, named with each record.
        now: clock; aware datetimes.
        apart_from: open descriptors of files that hold something else: contacts must not get there.
        calls: how a store is asked.

    Raises:
        SettingsError: it can't be written (`quarantine_unwritable`).
        StoreError: the store can't be reached.
        StoppedError: the run was stopped meanwhile.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        run_id: str,
        now: Callable[[], dt.datetime],
        *,
        apart_from: Iterable[int] = (),
        calls: StoreCalls | None = None,
    ) -> None:
        self._run_id = run_id
        self._now = now
        self._lock = threading.Lock()
        self._writing = threading.Lock()  # whoever writes what is held has it before the other lock
        self._held: list[MessageLine] = []
        self._held_bytes = 0
        self._has_written = False
        self._schemas: dict[str, SchemaLine] = {}
        self._whys: dict[tuple[Reason, str, str | None], str] = {}
        self._repeated = 0
        self._file = _open(os.fspath(path), apart_from, calls)

    def schema(self, stream: str, message: dict[str, Any] | bytes) -> SchemaLine:
        """Remember a SCHEMA message; it is written before the first record that belongs to it.

        Args:
            stream: the stream's name, as the tap has it.
            message: the line as the tap sent it, or the message.

        Returns:
            What to give to `add` for a record that is set aside after the stream's schema has changed.
        """
        line = SchemaLine(message.strip() if isinstance(message, bytes) else _encoded(message))
        with self._lock:
            before = self._schemas.get(stream)
            if before is not None and before.line == line.line:
                return before
            self._schemas[stream] = line
        return line

    def add(  # noqa: PLR0917 - in the order of the file's members
        self,
        stream: str,
        line: bytes,
        reason: Reason,
        message: str,
        property: str | None,  # noqa: A002 - the member's name in the file
        position: int | str,
        *,
        schema: SchemaLine | None = None,
    ) -> None:
        """Append a record, as the tap sent it, unless it waits in the file already.

        Args:
            stream: the stream's name, as the tap has it.
            line: the RECORD message's line; a `quarantine` of an earlier run in it is replaced.
            reason: why it is set aside.
            message: the same in words, without a value of the record.
            property: the property at fault, if it is one.
            position: where it was read: the line of the input, or batch file and line.
            schema: what its schema was, if that is not the stream's latest.

        Raises:
            SettingsError: the file can't be written any more (`quarantine_unwritable`).
            StoreError: the store stays away.
        """
        self._write_held()
        self._append([*self._messages([SetAside(stream, line, reason, message, property, position, schema)])])

    def hold(self, records: Sequence[SetAside]) -> None:
        """Append records as `add` does each, but together with others, when `flush` is called at the latest.

        Appending each as it comes would take longer than finding it.

        Raises:
            SettingsError: the file can't be written any more (`quarantine_unwritable`).
            StoreError: the store stays away.
        """
        messages = [*self._messages(records)]
        if not self._has_written:
            # What waits in the file is read first, which may take long: nobody is to wait for that lock.
            self._append(messages)
            return
        with self._lock:
            self._held += messages
            self._held_bytes += sum(len(each.record_line) for each in messages)
        if self._held_bytes > MOST_HELD_BYTES:
            self._write_held()

    def _write_held(self) -> None:
        """Append what is held; where that fails it is held on, so that no state passes it."""
        with self._writing:
            with self._lock:
                held = self._held[:]
            if held:
                self._append(held)
                with self._lock:
                    del self._held[: len(held)]
                    self._held_bytes = sum(len(each.record_line) for each in self._held)

    def _append(self, messages: Sequence[MessageLine]) -> None:
        try:
            appended = self._file.append_all(messages)
        except OSError as error:
            raise _unwritable(f"can't be written any more ({error.strerror})") from error
        self._has_written = True
        self._repeated += len(messages) - appended

    def _messages(self, records: Sequence[SetAside]) -> Iterator[MessageLine]:
        at = self._now().astimezone(dt.timezone.utc).isoformat()
        end = json.dumps({"run_id": self._run_id, "at": at})[1:]
        for each in records:
            belongs_to = each.schema or self._schemas.get(each.stream)
            position = each.position if type(each.position) is int else json.dumps(each.position)
            about = f'{self._why(each)}, "position": {position}, {end}'.encode()
            schema_line, line = None if belongs_to is None else belongs_to.line, each.line
            if _MEMBER in line or b"\\u" in line:
                record_line = with_member(line, "quarantine", about)
            else:  # the same, but quicker
                others = line.strip().removesuffix(b"}").rstrip(SPACE)
                record_line = b'%b, "quarantine": %b}' % (others, about)
            yield MessageLine(each.stream, schema_line, record_line, once=True)

    def _why(self, record: SetAside) -> str:
        """The beginning of what is said about a record, as JSON; many have it in common."""
        key = (record.reason, record.message, record.property)
        found = self._whys.get(key)
        if found is None:
            if len(self._whys) >= _MOST_WHYS:
                self._whys.clear()
            about = {"reason": record.reason.value, "message": record.message, "property": record.property}
            found = self._whys[key] = json.dumps(about)[:-1]
        return found

    def flush(self) -> None:
        """Have everything where it can't be lost when it returns; to be called before a state passes these.

        Raises:
            SettingsError: the disk does not take it (`quarantine_unwritable`).
            StoreError: the store stays away.
        """
        self._write_held()
        try:
            self._file.sync()
        except OSError as error:
            raise _unwritable(f"can't be brought to disk ({error.strerror})") from error

    def close(self) -> None:
        """Bring everything to where it can't be lost, and close the file.

        Raises:
            SettingsError: as `flush`.
        """
        if self._file.closed:
            return
        if self._repeated:
            _log.info(
                "%d of the records set aside wait in quarantine already, and were not appended again",
                self._repeated,
            )
        try:
            self.flush()
        finally:
            self._file.close()


def _open(path: str, apart_from: Iterable[int], calls: StoreCalls | None) -> MessageOutput:
    try:
        return messages_at(path, "quarantine_path", calls, private=True, apart_from=apart_from)
    except OSError as error:
        if is_url(path):
            raise _unwritable(f"can't be written ({error.strerror})", place=path) from error
        raise _unwritable(
            f"can't be opened for appending and closed to other users ({error.strerror}); name a file of "
            "this user's in a folder that exists and may be written to",
            place=path,
        ) from error


def _encoded(message: dict[str, Any]) -> bytes:
    try:
        return _encode(message)
    except RecursionError as error:
        raise InputError("A SCHEMA message is nested too deeply.", code="schema_broken") from error
    except (ValueError, TypeError, OverflowError, msgspec.MsgspecError):
        return json.dumps(message, default=_plain).encode()


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else str(value)


def _unwritable(fault: str, place: str = "") -> SettingsError:
    message = f"The {'URL' if is_url(place) else 'file'} of `quarantine_path` {fault}."
    return SettingsError(message, faults=(message,), code="quarantine_unwritable")
