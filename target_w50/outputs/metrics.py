"""Metrics records: what a run, its streams and its import jobs came to, validated as they leave."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import logging
import os
import threading
from collections.abc import Callable, Iterable
from enum import Enum
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from target_w50.errors import SettingsError, StoppedError, StoreError, TargetW50Error
from target_w50.outputs.messages_at import MessageOutput, messages_at
from target_w50.outputs.store_calls import StoreCalls
from target_w50.settings.output_place import is_url

_log = logging.getLogger("target-w50")


class MetricsStream(str, Enum):
    """The three streams of metrics records."""

    IMPORT_JOBS = "w50_import_jobs"
    STREAMS = "w50_streams"
    RUNS = "w50_runs"


KEY_PROPERTIES = {
    MetricsStream.IMPORT_JOBS: ["run_id", "import_job_id"],
    MetricsStream.STREAMS: ["run_id", "stream"],
    MetricsStream.RUNS: ["run_id"],
}


@cache
def load_schema(name: str) -> dict[str, Any]:
    """A JSON Schema that ships with the package, such as `w50_runs`."""
    text = resources.files("target_w50").joinpath(f"schemas/{name}.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


@cache
def validator(name: str) -> Draft202012Validator:
    """The validator of a schema that ships with the package."""
    return Draft202012Validator(load_schema(name))


class MetricsWriter:
    """Writes each metrics record to the log, and to `path` as Singer messages.

    Args:
        path: file that is appended to, or the URL of a store, or None.
        logger: the SDK's metrics logger.
        now: the time of day, with its zone.
        apart_from: open descriptors of files that metrics records must not get into.
        calls: how a store is asked.

    Raises:
        SettingsError: at once, if it can't be written.
        StoreError: the store can't be reached.
        StoppedError: the run was stopped meanwhile.
    """

    def __init__(
        self,
        path: str | None,
        logger: logging.Logger,
        now: Callable[[], dt.datetime],
        *,
        apart_from: Iterable[int] = (),
        calls: StoreCalls | None = None,
    ) -> None:
        self._logger = logger
        self._now = now
        self._lock = threading.Lock()
        self._is_at_url = path is not None and is_url(path)
        self._lost: TargetW50Error | None = None
        self._file = None if path is None else _opened(path, apart_from, calls)

    def write(self, stream: MetricsStream, record: dict[str, Any]) -> None:
        """Check the record against its schema, log it and append it.

        Raises:
            TargetW50Error: if the record does not fit its schema; it is not written.
        """
        error = next(iter(validator(stream.value).iter_errors(record)), None)
        if error is not None:
            place = ".".join(map(str, error.absolute_path)) or str(error.validator)
            raise TargetW50Error(
                f"A metrics record of {stream.value} does not fit its schema at {place} ({error.validator}); "
                "it was not written. Please report this.",
                code="metrics_invalid",
            )
        from singer_sdk.metrics import Point  # noqa: PLC0415  # the schemas are read without the SDK too

        metric: Any = stream  # an enum of ours, where the SDK has its own
        self._logger.info("METRIC: %s", Point("counter", metric, int(record["contacts_sent"]), record))
        self._append(stream, record)

    def _append(self, stream: MetricsStream, record: dict[str, Any]) -> None:
        message = {"type": "RECORD", "stream": stream.value, "record": record}
        line = _encoded({**message, "time_extracted": self._now().isoformat()})
        with self._lock:
            if self._file is None or self._lost is not None:
                return
            try:
                self._file.append(stream.value, _schema_line(stream), line)
            except OSError as fault:
                # The record is in the log; a full disk must not keep a state from passing.
                words = "`metrics_path` can't be written any more (%s); metrics records are in the log alone"
                _log.error(words, fault.strerror)
                self._close()
            except (StoreError, StoppedError) as error:
                self._lost = error  # said by whoever would let a state pass

    def sync(self) -> None:
        """Have all records in the store when it returns; a file has them already.

        Raises:
            StoreError: the store stays away.
            StoppedError: the run was stopped.
        """
        with self._lock:
            if self._lost is not None:
                raise self._lost
            if self._file is not None and self._is_at_url:
                self._file.sync()

    def leave(self, path: str) -> None:
        """Write to the log alone from now on, if the file is the one at this path as well."""
        with contextlib.suppress(OSError, ValueError):
            if self.fd >= 0 and os.path.samestat(os.fstat(self.fd), Path(path).stat()):
                self.close()

    @property
    def fd(self) -> int:
        """The descriptor of its file, or -1."""
        return -1 if self._file is None else self._file.fd

    def close(self) -> None:
        """Close it; what its store does not take any more is in the log alone, and that is said."""
        with self._lock:
            try:
                self._close()
            except TargetW50Error as error:
                _log.error("%s The last metrics records are in the log alone", error.message)

    def _close(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            file.close()


def _opened(path: str, apart_from: Iterable[int], calls: StoreCalls | None) -> MessageOutput:
    try:
        return messages_at(path, "metrics_path", calls, apart_from=apart_from)
    except OSError as error:
        advice = "Name a file in a folder that exists and may be written to."
        if is_url(path):
            advice = "Name a URL where objects may be written, and let the driver find credentials."
        raise SettingsError(
            f"`metrics_path` ({Path(path).name}) can't be written: {error.strerror}. {advice}",
            code="metrics_unwritable",
        ) from None


@cache
def _schema_line(stream: MetricsStream) -> bytes:
    message = {"type": "SCHEMA", "stream": stream.value, "schema": load_schema(stream.value)}
    return _encoded({**message, "key_properties": KEY_PROPERTIES[stream]})


def _encoded(message: dict[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode()
