"""State lines: what stands in them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import simplejson

from target_w50.runtime.stdout import stdout_closed
from target_w50.settings.model import StateMode
from target_w50.w50 import IMPORT_JOB_MEMBERS, ImportJob, MemberKind

STATE_KEY = "w50_import_jobs"
TOTALS = tuple(
    each.name
    for kind in (MemberKind.CONTACTS, MemberKind.ADDRESSES)
    for each in IMPORT_JOB_MEMBERS
    if each.kind is kind
)
"""The members of ImportJob that are summed."""

_encoder = msgspec.json.Encoder(decimal_format="number")


@dataclass
class _StreamJobs:
    job_count: int = 0
    last_job: Mapping[str, Any] | None = None
    totals: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TOTALS, 0))


class JobResults:
    """The results of the import jobs that ended, by stream: bounded by the number of streams."""

    def __init__(self) -> None:
        self._streams: dict[str, _StreamJobs] = {}

    def add(self, stream: str, job: ImportJob) -> None:
        """Count a job that ended well, or was created for W50 to fill."""
        jobs = self._streams.setdefault(stream, _StreamJobs())
        wire = {**job.as_wire(), "CurrentStatus": job.status_in_words()}
        jobs.job_count += 1
        jobs.last_job = wire
        for name in TOTALS:
            jobs.totals[name] += wire[name] or 0

    def as_state(self) -> dict[str, Any]:
        """The value of `w50_import_jobs` in a state line."""
        return {
            stream: {"job_count": jobs.job_count, "last_job": jobs.last_job, "totals": jobs.totals}
            for stream, jobs in self._streams.items()
        }


class StateWriter:
    """Composes and writes state lines.

    Args:
        mode: the setting `state`.
        results: what stands beside the tap's state.
        write: takes one whole line without its end.
    """

    def __init__(self, mode: StateMode, results: JobResults, write: Callable[[bytes], None]) -> None:
        self._mode = mode
        self._results = results
        self._write = write
        self._tap_state: Any = None
        self._last_line: bytes | None = None
        self.written = 0

    def line_for(self, state: Any) -> bytes | None:
        """The line that acknowledges the tap's state; None if the tap sent it empty.

        The results stand in it as they are now: to be called while nobody adds to them.
        """
        if not state:
            return None
        self._tap_state = state
        return encode_state(self._composed(state))

    def last_line(self) -> bytes | None:
        """The line of the end: the last state again; with `always` also without a state."""
        if self._tap_state or self._mode is StateMode.ALWAYS:
            return encode_state(self._composed(self._tap_state or {}))
        return None

    def _composed(self, state: Any) -> Any:
        if self._mode is StateMode.TAP_ONLY or not isinstance(state, Mapping):
            return state
        return {**state, STATE_KEY: self._results.as_state()}

    def write(self, line: bytes | None) -> None:
        """Write the line, unless it says just what the last one said. One thread at a time.

        Raises:
            StoppedError: if standard output was closed.
        """
        if line is not None and line != self._last_line:
            self._write(line)
            self._last_line = line
            self.written += 1


def encode_state(state: Any) -> bytes:
    """The state as one line of JSON, numbers with their digits.

    NaN and Infinity, which Python's writers and readers of JSON know, go back to the tap as it wrote them.
    """
    try:
        line = _encoder.encode(state)
    except (ValueError, OverflowError, TypeError):
        pass  # Integers beyond 64 bits and lone surrogates.
    else:
        if b"null" not in line or not _holds_a_float(state):
            return line
    text: str = simplejson.dumps(state, use_decimal=True, allow_nan=True, separators=(",", ":"))
    return text.encode("ascii")


def _holds_a_float(value: Any) -> bool:
    """Whether there is a float: of numbers the reader makes Decimals, of NaN and Infinity floats."""
    if isinstance(value, Mapping):
        return any(map(_holds_a_float, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(_holds_a_float, value))
    return isinstance(value, float)


def write_to_stdout(line: bytes) -> None:
    """Write a whole line to `sys.stdout`, whatever that is now."""
    try:
        sys.stdout.write(line.decode() + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise stdout_closed() from None
