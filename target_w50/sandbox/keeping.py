"""What a sandbox holds, kept in a file from one start to the next: each change is a line, and is read again.

The first line names the contact lists; each line after it is a change (a job created, a batch added, a run
begun or ended, a status read) or a request. A line is written in one piece before its call is answered, so
that a sandbox that is killed leaves all that it has answered for; half a line at the end never was.
"""

from __future__ import annotations

import fcntl
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from target_w50.sandbox.formats import json_format
from target_w50.sandbox.http.request_log import RequestLog, read_entry
from target_w50.sandbox.model.list_documents import DEFAULT_LISTS
from target_w50.sandbox.model.models import Batch, Outcome, Run, SentContact
from target_w50.sandbox.model.refusals import Refusal
from target_w50.sandbox.model.store import Change, Store

_FORM = 1
_HEAD = b'{"w50_sandbox":'
_REQUEST = b'{"op":"request",'
_REQUESTS_KEPT = 5_000
"""Requests that a new start has of earlier ones; all else is kept whole."""
_NS_PER_S = 1_000_000_000


class Keeping:
    """The file; it belongs to one sandbox at a time.

    Args:
        path: the file; it is made where there is none.
        lists: the contact lists, in the form of `list_documents`; None: those of the file, else the default.

    Attributes:
        lists: the contact lists that the file is about.

    Raises:
        ValueError: the file is about other contact lists.
        RuntimeError: it can't be used; the message says why.
    """

    def __init__(self, path: str | Path, lists: Sequence[Any] | None) -> None:
        self._path = Path(path)
        self._lock = threading.Lock()
        self._is_lost = False
        try:
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with open(self._fd, "rb", closefd=False) as file:
                content = file.read()
        except OSError as error:
            why = "another sandbox uses it" if isinstance(error, BlockingIOError) else error.strerror
            raise RuntimeError(f"{self._path} can't be used to keep the sandbox in: {why}.") from None
        try:
            self._lines = self._whole_lines(content)
            if not self._lines:
                os.ftruncate(self._fd, 0)
                head = {"w50_sandbox": _FORM, "lists": list(DEFAULT_LISTS if lists is None else lists)}
                self._lines = [json_format.encode(head)]
                self._append(self._lines[0])
            self.lists = self._read_head()
            self._require(lists)
            self._shorten()
        except BaseException:
            self.close()
            raise

    def attach(self, store: Store, log: RequestLog) -> None:
        """Give a fresh store and log what the file has, and keep from now on what becomes of them.

        Raises:
            RuntimeError: a line is none that a sandbox has written.
        """
        requests = []
        for number, line in enumerate(self._lines[1:], 2):
            try:
                change = json_format.decode(line)
                if change["op"] == "request":
                    requests.append(read_entry(change["entry"]))
                else:
                    _REPLAYED[change["op"]](store, change)
            except (Refusal, KeyError, TypeError, ValueError, IndexError, AttributeError):
                raise self._unusable(number) from None
        log.restore(requests)
        os.ftruncate(self._fd, sum(len(line) + 1 for line in self._lines))
        self._lines = self._lines[:1]
        store.on_change = self._keep
        log.on_answer = lambda entry: self._keep({"op": "request", "entry": entry})

    def close(self) -> None:
        """Let go of the file."""
        with self._lock, suppress(OSError):
            self._is_lost = True
            os.close(self._fd)

    def _whole_lines(self, content: bytes) -> list[bytes]:
        """All lines but half a one at the end."""
        if content and not content.startswith(_HEAD[: len(content)]):
            raise self._unusable(1)
        return content[: content.rfind(b"\n") + 1].split(b"\n")[:-1]

    def _read_head(self) -> list[Any]:
        try:
            head = json_format.decode(self._lines[0])
            lists = head["lists"]
            if head["w50_sandbox"] != _FORM or not isinstance(lists, list):
                raise self._unusable(1)
        except (Refusal, KeyError, TypeError):
            raise self._unusable(1) from None
        return lists

    def _require(self, lists: Sequence[Any] | None) -> None:
        if lists is not None and json_format.encode(list(lists)) != json_format.encode(self.lists):
            raise ValueError(f"{self._path} is about other contact lists: name another file, or no --lists.")

    def _unusable(self, line: int) -> RuntimeError:
        return RuntimeError(
            f"{self._path}, line {line}, is nothing that a sandbox has kept; the file was left as it is. "
            "Move it away to begin anew, or name another file."
        )

    def _shorten(self) -> None:
        """Write the file anew, in one step, where most of it is about old requests."""
        requests = [index for index, line in enumerate(self._lines) if line.startswith(_REQUEST)]
        if len(requests) < 2 * _REQUESTS_KEPT:
            return
        old = set(requests[:-_REQUESTS_KEPT])
        self._lines = [line for index, line in enumerate(self._lines) if index not in old]
        beside = self._path.with_name(f"{self._path.name}.new")
        fd = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _write_all(fd, b"\n".join(self._lines) + b"\n")
        os.fsync(fd)
        beside.replace(self._path)
        os.close(self._fd)
        self._fd = fd

    def _keep(self, change: Change) -> None:
        if change["op"] == "reset":
            with self._lock:
                os.ftruncate(self._fd, len(self._lines[0]) + 1)
            return
        self._append(json_format.encode({name: _plain(value) for name, value in change.items()}))

    def _append(self, line: bytes) -> None:
        with self._lock:
            if self._is_lost:
                return
            try:
                _write_all(self._fd, line + b"\n")
            except OSError as error:
                # A line may be there in part, and nothing may stand behind it.
                self._is_lost = True
                words = f"{self._path} can't be written any more ({error.strerror}): what comes is not kept"
                sys.stderr.write(f"w50 sandbox: {words}\n")


def _write_all(fd: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(fd, view) :]


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, Batch):
        contacts = [
            [each.enc_contact_id, dict(each.values), each.invalid_emails, each.invalid_sms]
            for each in value.contacts
        ]
        return {"count": value.count, "size": value.size, "sha256": value.sha256, "contacts": contacts}
    if isinstance(value, Outcome):
        return {**asdict(value), "members": dict(value.members)}
    return value


def _create(store: Store, change: Change) -> None:
    store.create_job(change["list"], change["fields"])


def _add(store: Store, change: Change) -> None:
    batch = change["batch"]
    contacts = tuple(SentContact(*each) for each in batch["contacts"])
    store.add_batch(
        change["list"], change["job"], Batch(batch["count"], batch["size"], batch["sha256"], contacts)
    )


def _run(store: Store, change: Change) -> None:
    options = store.options
    # The time that the sandbox was away counts: a job of W50 would have gone on.
    gone_s = max(0.0, (options.time_ns() - change["at_ns"]) / _NS_PER_S)
    outcome = Outcome(**change["outcome"])
    run = Run(
        tuple(change["match"]),
        tuple(change["events"]),
        outcome,
        options.monotonic() - gone_s,
        change["start_date"],
    )
    store.begin(store.job(change["list"], change["job"]), run)


def _read(store: Store, change: Change) -> None:
    for run in store.job(change["list"], change["job"]).runs:
        run.reads += 1


def _finish(store: Store, change: Change) -> None:
    job = store.job(change["list"], change["job"])
    store.finish(job, job.runs[change["run"]], change["finish_date"])


_REPLAYED: Mapping[str, Callable[[Store, Change], None]] = {
    "create": _create,
    "add": _add,
    "run": _run,
    "read": _read,
    "finish": _finish,
}
