"""Metrics records made up for the tests of the report, valid by their schemas."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from target_w50.outputs.metrics import load_schema

BEGAN = dt.datetime(2026, 11, 1, 2, 30, tzinfo=dt.timezone.utc)


def _filled(name: str, **members: Any) -> dict[str, Any]:
    """A record with something for every member that its schema requires."""
    schema = load_schema(name)
    record = {each: _anything(schema["properties"][each]) for each in schema["required"]}
    return {**record, **members}


def _anything(schema: Mapping[str, Any]) -> Any:
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema["type"][-1] if isinstance(schema["type"], list) else schema["type"]
    return {"string": "text", "integer": 0, "number": 0.0, "array": [], "object": {}, "null": None}[kind]


def times(day: int, seconds: float) -> dict[str, str]:
    began = BEGAN + dt.timedelta(days=day)
    return {"started_at": began.isoformat(), "ended_at": (began + dt.timedelta(seconds=seconds)).isoformat()}


def run(day: int = 0, seconds: float = 10.0, **members: Any) -> dict[str, Any]:
    return {"w50_runs": _filled("w50_runs", **{"run_id": f"run-{day}", **times(day, seconds), **members})}


def stream(day: int = 0, name: str = "contacts", **members: Any) -> dict[str, Any]:
    known = {"run_id": f"run-{day}", "contact_list_id": 42, "contact_list_name": "Newsletter", **members}
    record = _filled("w50_streams", **{"stream": name, **times(day, 9.0), **known})
    return {"w50_streams": record}


def job(day: int = 0, number: int = 1, **members: Any) -> dict[str, Any]:
    known = {"run_id": f"run-{day}", "stream": "contacts", "contact_list_id": 42, "error": None, **members}
    record = _filled("w50_import_jobs", **{"import_job_id": number, **times(day, 9.0), **known})
    return {"w50_import_jobs": record}


def write(path: Path, records: Iterable[Mapping[str, Any]]) -> Path:
    """Write a metrics file."""
    with path.open("w", encoding="utf-8") as file:
        for each in records:
            for name, record in each.items():
                file.write(json.dumps({"type": "RECORD", "stream": name, "record": record}) + "\n")
    return path
