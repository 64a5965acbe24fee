"""Reads metrics files and parts: each record that can be used, and for each line that can't be, why."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from target_w50.errors import InputError
from target_w50.outputs.metrics import KEY_PROPERTIES, MetricsStream, load_schema
from target_w50.outputs.moments import moment
from target_w50.settings.output_place import is_url

Record = Mapping[str, Any]

DATES = ("started_at", "ended_at")
"""What all records must tell; it puts them in their order."""


NEEDED = {
    MetricsStream.RUNS: ("exit_status",),
    MetricsStream.STREAMS: ("contact_list_id",),
    MetricsStream.IMPORT_JOBS: ("stream", "contact_list_id", "outcome"),
}
"""What a record must tell beside key and dates; one of another version may lack the rest, or have more."""

MOST_OF_A_FIGURE = 10**15
"""A figure beyond it, or below its negative, is none that a run can have; sums and charts can't hold any."""


@dataclass(frozen=True)
class Complaint:
    """A line that can't be used; `line` is 0 where it is the whole file."""

    file: str
    line: int
    why: str

    def __str__(self) -> str:
        return f"{self.file}: {self.why}" if not self.line else f"{self.file}, line {self.line}: {self.why}"


@dataclass
class Metrics:
    """The records of all files, each once, and what could not be read."""

    records: dict[MetricsStream, dict[tuple[Any, ...], Record]] = field(
        default_factory=lambda: {stream: {} for stream in MetricsStream}
    )
    complaints: list[Complaint] = field(default_factory=list)

    def of(self, stream: MetricsStream) -> Iterable[Record]:
        """The records of a stream, in the order they were read."""
        return self.records[stream].values()


def read_metrics(places: Sequence[str | Path], *, last: int | None = None) -> Metrics:
    """Read the files; a record that stands in several of them counts once, and its last version wins.

    Args:
        places: files, and URLs of objects in a store, see `StoredFiles`.
        last: of what a URL names, only the objects of so many runs are read: those written to last.

    Raises:
        InputError: there is no usable record in any of them; names the first complaints.
        SettingsError: a URL can't be used.
        StoreError: a store can't be reached.
    """
    metrics = Metrics()
    for place in places:
        if is_url(str(place)):
            _read_store(metrics, str(place), last)
            continue
        try:
            with Path(place).open("rb") as lines:
                _read(metrics, str(place), lines)
        except OSError as error:
            metrics.complaints.append(Complaint(str(place), 0, f"it can't be read: {error.strerror}"))
    if not any(metrics.records.values()):
        first = "; ".join(map(str, metrics.complaints[:3])) or "they are empty"
        raise InputError(
            f"The files hold no metrics record of target-w50: {first}. Name the files of `metrics_path`.",
            code="no_metrics",
        )
    return metrics


def _read(metrics: Metrics, name: str, lines: Iterable[bytes]) -> None:
    for number, line in enumerate(lines, 1):
        why = _take(metrics, line)
        if why is not None:
            metrics.complaints.append(Complaint(name, number, why))


def _read_store(metrics: Metrics, url: str, last: int | None) -> None:
    # Only here: stores are for those who name one.
    from target_w50.outputs.store_calls import CallFailedError  # noqa: PLC0415
    from target_w50.outputs.stored_files import StoredFiles, newest_streams  # noqa: PLC0415

    files = StoredFiles(url)
    try:
        found = files.find()
    except CallFailedError as failed:
        metrics.complaints.append(Complaint(url, 0, f"it can't be read: {failed.fault.words}"))
        return
    if not found:
        metrics.complaints.append(Complaint(url, 0, "there is nothing"))
    for stored, content in files.read(found if last is None else newest_streams(found, last)):
        if isinstance(content, CallFailedError):
            metrics.complaints.append(Complaint(stored.url, 0, f"it can't be read: {content.fault.words}"))
            continue
        with content:
            _read(metrics, stored.url, content)


def _take(metrics: Metrics, line: bytes) -> str | None:
    """Keep what the line holds; returns why it can't be used, or None."""
    if not line.strip():
        return None
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return "it is not JSON; the run may have been killed while it was written"
    if not isinstance(message, dict) or "type" not in message:
        return "it is not a Singer message"
    if message["type"] != "RECORD":
        return None  # SCHEMA and STATE are of the form, but not of the matter
    try:
        stream = MetricsStream(message.get("stream"))
    except ValueError:
        return "its stream is none of target-w50's metrics"
    record: Any = message.get("record")
    fault = next(iter(_faults(stream, record)), None)
    if fault is not None:
        return fault
    key = tuple(record[name] for name in KEY_PROPERTIES[stream])
    metrics.records[stream].pop(key, None)
    metrics.records[stream][key] = {**_absent(stream), **record}
    return None


def _faults(stream: MetricsStream, record: Any) -> Iterator[str]:
    for error in () if _surely_fits(stream, record) else _reader(stream).iter_errors(record):
        place = ".".join(map(str, error.absolute_path)) or "the record"
        yield f"{place} is not as a record of {stream.value} has it ({error.validator})"
        return
    for name in DATES:
        if moment(record[name]) is None:
            yield f"{name} is no date that a run can have"
    for name, value in record.items():
        # Not `>`: NaN is beyond nothing.
        if isinstance(value, (int, float)) and not abs(value) <= MOST_OF_A_FIGURE:
            yield f"{name} is no figure that a run can have"


@cache
def _reader(stream: MetricsStream) -> Draft202012Validator:
    """Judges records of all versions: what is needed is there, and what is there is as the schema has it."""
    schema = {**load_schema(stream.value), "additionalProperties": True}
    return Draft202012Validator({**schema, "required": [*KEY_PROPERTIES[stream], *DATES, *NEEDED[stream]]})


_TYPES: Mapping[str, set[type]] = {
    "string": {str},
    "integer": {int},
    "number": {int, float},
    "null": {type(None)},
}


@cache
def _plain_members(stream: MetricsStream) -> dict[str, tuple[set[type], float, float]]:
    """Each member that has one type, or one of several, with the least and the most that a number may be."""
    plain = {}
    for name, schema in load_schema(stream.value)["properties"].items():
        if "type" not in schema or not schema.keys() <= {"type", "format", "minimum", "maximum", "minLength"}:
            continue
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        types = set[type]().union(*(_TYPES.get(kind, set()) for kind in kinds))
        plain[name] = (types, schema.get("minimum", -math.inf), schema.get("maximum", math.inf))
    return plain


def _surely_fits(stream: MetricsStream, record: Any) -> bool:
    """Whether a record is as it should be, seen fast, as thousands are read at once; False says nothing."""
    if type(record) is not dict or not all(record.get(name) for name in (*KEY_PROPERTIES[stream], *DATES)):
        return False
    if not record.keys() >= set(NEEDED[stream]):
        return False
    plain, judged = _plain_members(stream), load_schema(stream.value)["properties"]
    for name, value in record.items():
        if name in plain:
            types, least, most = plain[name]
            if type(value) not in types or (type(value) in (int, float) and not least <= value <= most):
                return False
        elif name in judged and not _is_plainly_one_of(judged[name], value):
            return False
    return True


def _is_plainly_one_of(schema: Mapping[str, Any], value: Any) -> bool:
    if isinstance(value, (list, dict)):
        # Nothing in it, or names alone.
        names = schema.get("items") == {"type": "string"} and all(type(each) is str for each in value)
        return schema.get("type") in ("array", "object") and (not value or names)
    allowed = schema.get("enum", [schema["const"]] if "const" in schema else [])
    return any(type(value) is type(each) and value == each for each in allowed)


@cache
def _absent(stream: MetricsStream) -> Record:
    """What stands for a member that a record of another version lacks."""
    nothing = {"integer": 0, "number": 0.0, "array": (), "object": {}}
    return {
        name: nothing.get(schema["type"]) if isinstance(schema.get("type"), str) else None
        for name, schema in load_schema(stream.value)["properties"].items()
    }


def date_of(record: Record, name: str) -> dt.datetime:
    """A date of a record that was read: one of `DATES`, in UTC."""
    found = moment(record[name])
    if found is None:
        raise AssertionError(name)
    return found
