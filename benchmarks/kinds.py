"""The kinds of input whose further records are measured: each a schema, records and settings of its own."""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.contacts import PROPERTIES, record_of

SEED = 7
STREAM = "contacts"
TAPS = Path("tests/taps")
_STATE_EVERY = 10_000
_WRITE = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
_STRING = {"type": ["null", "string"]}
_DATE_TIME = {"anyOf": [{"type": "string", "format": "date-time"}, {"type": ["null", "string"]}]}
_ADDRESS = {"type": ["null", "object"], "properties": {"street": _STRING, "city": _STRING, "zip": _STRING}}
_BAD_EVERY = 20
_THERE = 0.3

Lines = Callable[[int, Path], Iterator[str]]
"""Gives the lines of an input with so many records; the path is for files beside it."""


@dataclass(frozen=True)
class Kind:
    """One row of the table.

    Attributes:
        name: as the table calls it.
        lines: makes its input.
        entry: members of its entry of `streams`.
        settings: further settings.
        most_times: what its further records may take by the floor; None where there is no goal.
        records: how many more records the longer input has than the shorter.
        beside: the kind that its time is to be compared with, and what it may take by that.
        taps: of what a real tap sent: the sum that it belongs to; empty for all else.
    """

    name: str
    lines: Lines
    entry: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    most_times: float | None = None
    records: int = 150_000
    beside: tuple[str, float] | None = None
    taps: str = ""


def ten(
    count: int,
    folder: Path,
    *,
    properties: Mapping[str, Any] | None = None,
    more: Callable[[int], Mapping[str, Any]] = lambda _: {},
    keys: tuple[str, ...] = ("id",),
    schema: Mapping[str, Any] | None = None,
    state_every: int = _STATE_EVERY,
    streams: tuple[str, ...] = (STREAM,),
    extracted_first: bool = False,
) -> Iterator[str]:
    """Records of ten plain properties, but for what is said."""
    del folder
    whole = {"type": "object", **(schema or {}), "properties": {**PROPERTIES, **(properties or {})}}
    for stream in streams:
        yield _WRITE({"type": "SCHEMA", "stream": stream, "schema": whole, "key_properties": keys})
    chance = random.Random(SEED)  # noqa: S311  # nothing secret
    moment = {"time_extracted": "2026-11-22T08:00:00.123456+00:00"}
    for number in range(count):
        record = {**record_of(number, chance), **more(number)}
        stream = streams[number % len(streams)]
        if extracted_first:
            first = {"time_extracted": f"2026-11-22T08:00:00.{number:06d}+00:00"}
            yield _WRITE({"type": "RECORD", "stream": stream, **first, "record": record})
        else:
            yield _WRITE({"type": "RECORD", "stream": stream, "record": record, **moment})
        if (number + 1) % state_every == 0:
            yield _WRITE({"type": "STATE", "value": {"bookmarks": {stream: {"id": number}}}})


def sixty(
    count: int, folder: Path, *, odd: Mapping[str, Any] | None = None, value: Any = None
) -> Iterator[str]:
    """Records of sixty properties of which seven in ten are null."""
    del folder
    odd = odd or {}
    kinds = [_STRING, _STRING, {"type": ["null", "number"]}, {"type": ["null", "boolean"]}, _STRING]
    properties: dict[str, Any] = {"id": {"type": "integer"}} | {
        f"property_{at:02}": kinds[at % 5] for at in range(59)
    }
    properties |= odd
    schema = {"type": "object", "properties": properties}
    yield _WRITE({"type": "SCHEMA", "stream": STREAM, "schema": schema, "key_properties": ["id"]})
    chance = random.Random(SEED)  # noqa: S311  # nothing secret
    values = (lambda n: f"text {n}", lambda n: f"é {n}", lambda n: n / 8, lambda n: n % 2 == 0, str)
    shapes = [[chance.random() < _THERE for _ in range(59)] for _ in range(64)]
    for number in range(count):
        shape = shapes[number % 64]
        record = {"id": number} | {
            f"property_{at:02}": values[at % 5](number) if there else None for at, there in enumerate(shape)
        }
        record |= dict.fromkeys(odd, value)
        yield _WRITE({"type": "RECORD", "stream": STREAM, "record": record})
        if (number + 1) % _STATE_EVERY == 0:
            yield _WRITE({"type": "STATE", "value": {"bookmarks": {STREAM: {"id": number}}}})


def in_batches(count: int, folder: Path, *, zipped: bool) -> Iterator[str]:
    """The ten plain properties in one batch file."""
    lines = ten(count, folder)
    yield next(lines)
    path = folder / f"batch-{count}.jsonl{'.gz' if zipped else ''}"
    with gzip.open(path, "wt") if zipped else path.open("w") as file:
        for line in lines:
            if line.startswith('{"type":"RECORD"'):
                file.write(_WRITE(json.loads(line)["record"]) + "\n")
    encoding = {"format": "jsonl", "compression": "gzip" if zipped else "none"}
    yield _WRITE(
        {"type": "BATCH", "stream": STREAM, "encoding": encoding, "manifest": [path.absolute().as_uri()]}
    )


def tap(count: int, folder: Path, *, name: str) -> Iterator[str]:
    """What a real tap sent, again and again with other keys, SCHEMA and all but the last STATE once."""
    del folder
    lines = (TAPS / name).read_text().splitlines()
    heads = [line for line in lines if json.loads(line)["type"] == "SCHEMA"]
    records = [line for line in lines if json.loads(line)["type"] == "RECORD"]
    states = [line for line in lines if json.loads(line)["type"] == "STATE"]
    yield from heads
    for turn in range(-(-count // len(records))):
        for line in records[: count - turn * len(records)]:
            yield _KEY.sub(partial(_other_key, turn), line, count=1) if turn else line
        yield states[-1]


_KEY = re.compile(r'("id": ?)(?:(\d+)|"([^"]*)")')


def _other_key(turn: int, found: re.Match[str]) -> str:
    """The key of a tap's record as it is in another turn."""
    if found[2] is None:
        return f'{found[1]}"{found[3]}-{turn}"'
    return f"{found[1]}{int(found[2]) + turn * 10_000_000}"


def _typed(kind: str) -> Lines:
    return {
        "anyOf": partial(ten, properties={"birthdate": _DATE_TIME}),
        "enum": partial(ten, properties={"country": {"enum": ["DE", "US", "ES", None]}}),
        "annotation": partial(ten, properties={"phone": {**_STRING, "x-sql-datatype": "VARCHAR"}}),
        "definitions": partial(ten, schema={"definitions": {"unused": {"type": ["null", "integer"]}}}),
        "pattern": partial(ten, properties={"phone": {**_STRING, "pattern": "^[+]1"}}),
        "numeric key": partial(ten, properties={"id": {"type": "number"}}),
        "untyped key": partial(ten, properties={"id": {}}),
        "no key": partial(ten, keys=()),
        "array": partial(
            ten,
            properties={"phone": {"type": ["null", "array"], "items": {"type": "string"}}},
            more=lambda number: {"phone": ["vip", f"n{number}"]},
        ),
        "multipleOf": partial(
            ten,
            schema={"definitions": {"text": _STRING}},
            properties={
                "lifetime_value": {"type": ["null", "number"], "multipleOf": 0.01},
                "phone": {"$ref": "#/definitions/text"},
            },
        ),
    }[kind]


def kinds() -> list[Kind]:
    """All of them, in the table's order."""
    address: dict[str, Any] = {
        "properties": {"address": _ADDRESS},
        "more": lambda number: {"address": {"street": f"{number} Main Street", "city": "Berlin", "zip": "1"}},
    }
    flat = {"flattening_enabled": True, "flattening_max_depth": 2}
    maps = {
        "stream map, renames": {STREAM: {"full_name": "first_name", "first_name": "__NULL__"}},
        "stream map, computes": {STREAM: {"full_name": "first_name + ' ' + (last_name or '')"}},
    }
    document = {"type": ["null", "object"]}
    text = {f"key{at}": ["some words", at, at / 4, None] for at in range(24)}
    quarantine = {"on_invalid_record": "quarantine", "quarantine_path": "{folder}/aside.singer"}
    bad = partial(ten, more=lambda number: {} if number % _BAD_EVERY else {"country": "too long"})
    return [
        Kind("ten plain properties", ten, most_times=2),
        Kind("60 properties, 70 % null", sixty, most_times=2, records=50_000),
        Kind(
            "60, one anyOf date-time (salesforce)",
            partial(sixty, odd={"CreatedDate": _DATE_TIME}, value="2026-11-20T07:30:00.000Z"),
            most_times=4,
            records=50_000,
        ),
        Kind(
            "60, one nested object (hubspot)",
            partial(
                sixty, odd={"address": _ADDRESS}, value={"street": "1 Main Street", "city": "B", "zip": None}
            ),
            most_times=4,
            records=50_000,
        ),
        *(
            Kind(name, _typed(name), most_times=4, records=75_000)
            for name in (
                "anyOf",
                "enum",
                "annotation",
                "definitions",
                "pattern",
                "numeric key",
                "untyped key",
            )
        ),
        Kind(
            "no key",
            _typed("no key"),
            {"match_fields": [], "fields": {"id": "__NULL__"}},
            most_times=4,
            records=75_000,
        ),
        Kind(
            "validate_records: false", ten, settings={"validate_records": False}, most_times=4, records=75_000
        ),
        Kind("enc_contact_id", ten, {"enc_contact_id": "phone"}, most_times=4, records=75_000),
        Kind(
            "nested address, ignored",
            partial(ten, **address),
            {"fields": {"address": "__NULL__"}},
            most_times=4,
            records=75_000,
        ),
        Kind(
            "nested address, flattened", partial(ten, **address), settings=flat, most_times=4, records=75_000
        ),
        Kind(
            "time_extracted before record", partial(ten, extracted_first=True), most_times=4, records=75_000
        ),
        *(
            Kind(
                name,
                ten,
                settings={"stream_maps": each},
                most_times=4 if "renames" in name else None,
                records=75_000,
            )
            for name, each in maps.items()
        ),
        Kind("add_record_metadata", ten, settings={"add_record_metadata": True}, records=75_000),
        Kind("array of strings", _typed("array"), most_times=4, records=75_000),
        Kind("multipleOf and $ref", _typed("multipleOf"), most_times=4, records=75_000),
        Kind("contact_checks: off", ten, {"contact_checks": "off"}, most_times=2),
        Kind(
            "two fields checked",
            ten,
            {"contact_checks": {"email": "email", "phone": "phone"}},
            beside=("contact_checks: off", 1.5),
        ),
        Kind("STATE after each record", partial(ten, state_every=1), beside=("ten plain properties", 1.5)),
        Kind(
            "3 streams interleaved, STATE every 100",
            partial(ten, streams=("contacts", "others", "people"), state_every=100),
            beside=("ten plain properties", 1.5),
        ),
        Kind("quarantine, all good", ten, settings=quarantine),
        Kind("quarantine, 5 % bad", bad, settings=quarantine, beside=("ten plain properties", 1.5)),
        Kind(
            "a 1 KB document as text",
            partial(ten, properties={"phone": document}, more=lambda _: {"phone": text}),
            records=25_000,
        ),
        Kind("BATCH", partial(in_batches, zipped=False)),
        Kind("BATCH, gzip", partial(in_batches, zipped=True)),
        Kind("XML", ten, settings={"media_type": "application/xml"}, records=75_000),
        *(
            Kind(
                path.name + more,
                partial(tap, name=path.name),
                {"match_fields": [], "contact_checks": checks},
                records=60_000,
                taps=f"real taps, all{more}",
            )
            for checks, more in (("off", ""), ("auto", ", checked"))
            for path in sorted(TAPS.glob("*.singer"))
        ),
    ]
