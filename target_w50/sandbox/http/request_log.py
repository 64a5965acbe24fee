"""What was asked of the sandbox and what became of it, without credentials and without bodies."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_KEPT = 100_000
_KEPT_WITHOUT_CHECKS = 1_000


@dataclass
class LogEntry:
    """A request; `status` stays None and `outcome` "in progress" until it was answered."""

    number: int
    date: str
    method: str
    path: str
    query: str
    call: str | None
    bytes_received: int = 0
    status: int | None = None
    outcome: str = "in progress"
    seconds: float | None = None

    def document(self) -> dict[str, Any]:
        """As the inspection call shows it."""
        return {name: getattr(self, member) for member, name in _MEMBERS.items()}


_MEMBERS = {
    "number": "Number",
    "date": "Date",
    "method": "Method",
    "path": "Path",
    "query": "Query",
    "call": "Call",
    "bytes_received": "BytesReceived",
    "status": "Status",
    "outcome": "Outcome",
    "seconds": "Seconds",
}


def read_entry(document: Mapping[str, Any]) -> LogEntry:
    """A request as `LogEntry.document` has written it.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    values = {member: document[name] for member, name in _MEMBERS.items()}
    if values["seconds"] is not None:
        values["seconds"] = float(values["seconds"])
    return LogEntry(**values)


class RequestLog:
    """The newest requests, oldest first; bounded, and more so where a lot is measured."""

    def __init__(self, *, no_checks: bool) -> None:
        self._lock = threading.Lock()
        self._entries: deque[LogEntry] = deque(maxlen=_KEPT_WITHOUT_CHECKS if no_checks else _KEPT)
        self.count = 0
        self.on_answer: Callable[[dict[str, Any]], None] | None = None

    def answered(self, entry: LogEntry) -> None:
        """Say that a request was answered."""
        if self.on_answer is not None:
            self.on_answer(entry.document())

    def restore(self, entries: Iterable[LogEntry]) -> None:
        """Have the requests of an earlier log."""
        with self._lock:
            for each in entries:
                self._entries.append(each)
                self.count = max(self.count, each.number)

    def begin(self, date: str, method: str, path: str, query: str, call: str | None) -> LogEntry:
        """Note a request that has just come in."""
        with self._lock:
            self.count += 1
            entry = LogEntry(self.count, date, method, path, query, call)
            self._entries.append(entry)
            return entry

    def reset(self) -> None:
        """Forget all requests."""
        with self._lock:
            self._entries.clear()
            self.count = 0

    def newest(self, limit: int | None = None) -> list[LogEntry]:
        """The newest `limit` requests, or all that are kept; oldest first."""
        with self._lock:
            entries = list(self._entries)
        return entries if limit is None else entries[max(0, len(entries) - limit) :]
