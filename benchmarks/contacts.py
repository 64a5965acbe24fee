"""The input of the benchmark: seeded contacts of ten properties as Singer messages, written once and kept."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

SEED = 7
STATE_EVERY = 10_000
"""Records between two STATE messages."""

STREAM = "contacts"
_NULLABLE = {"type": ["null", "string"]}
PROPERTIES = {
    "id": {"type": "integer"},
    "email": _NULLABLE,
    "first_name": _NULLABLE,
    "last_name": _NULLABLE,
    "phone": _NULLABLE,
    "country": {"type": ["null", "string"], "maxLength": 2},
    "opt_in": {"type": ["null", "boolean"]},
    "lifetime_value": {"type": ["null", "number"]},
    "birthdate": {"type": ["null", "string"], "format": "date"},
    "updated_at": {"type": ["null", "string"], "format": "date-time"},
}
_ADDRESS = {
    "type": ["null", "object"],
    "properties": {"street": _NULLABLE, "city": _NULLABLE, "zip": _NULLABLE},
}
FIELD_NAMES = (*PROPERTIES, "full_name", "address__street", "address__city", "address__zip")
"""Fields of the contact list: the properties' own names, so that all who are measured send the same bytes."""

_FIRST_NAMES = ("Anna", "Jürgen", "José", "Mohammed", "Ольга", "Sara", "Tom", "Li")
_LAST_NAMES = ("Smith", "García", "Müller", "Nguyen", "de la Cruz", "O'Brien")
_COUNTRIES = ("DE", "US", "ES", None)
_CITIES = ("Berlin", "Springfield", "A Coruña", None)


def input_file(folder: Path, count: int, *, nested: bool = False) -> Path:
    """The file with this many contacts; it is written if it is not there yet, or this module has changed.

    Args:
        folder: where it is kept.
        count: how many RECORD messages.
        nested: with one property more, an object, for flattening.
    """
    path = folder / f"contacts-{'nested-' if nested else ''}{count}.singer"
    if not path.exists() or path.stat().st_mtime < Path(__file__).stat().st_mtime:
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        with unfinished.open("w", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in _lines(count, nested=nested))
        unfinished.rename(path)
    return path


def _lines(count: int, *, nested: bool) -> Iterator[str]:
    # As the taps of the SDK write: without spaces.
    write = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
    properties = {**PROPERTIES, "address": _ADDRESS} if nested else PROPERTIES
    schema = {"type": "object", "properties": properties}
    yield write({"type": "SCHEMA", "stream": STREAM, "schema": schema, "key_properties": ["id"]})
    chance = random.Random(SEED)  # noqa: S311  # nothing secret
    for number in range(count):
        yield write(
            {
                "type": "RECORD",
                "stream": STREAM,
                "record": record_of(number, chance, nested=nested),
                "time_extracted": "2026-11-22T08:00:00.123456+00:00",
            }
        )
        if (number + 1) % STATE_EVERY == 0:
            yield write({"type": "STATE", "value": {"bookmarks": {STREAM: {"id": number}}}})


def record_of(number: int, chance: random.Random, *, nested: bool = False) -> dict[str, object]:
    """The record with this number."""
    record: dict[str, object] = {
        "id": number,
        "email": f"person{number}@example.com",
        "first_name": chance.choice(_FIRST_NAMES),
        "last_name": chance.choice(_LAST_NAMES),
        "phone": f"+1555{number:07d}",
        "country": chance.choice(_COUNTRIES),
        "opt_in": chance.choice((True, False, None)),
        "lifetime_value": round(chance.random() * 1000, 2),
        "birthdate": f"19{chance.randrange(40, 99)}-04-{chance.randrange(10, 30)}",
        "updated_at": "2026-11-20T07:30:00+00:00",
    }
    if nested:
        record["address"] = {
            "street": f"{number} Main Street",
            "city": chance.choice(_CITIES),
            "zip": "12345",
        }
    return record
