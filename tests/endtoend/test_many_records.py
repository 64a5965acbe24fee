"""Thirty thousand records, three in a hundred of them bad: the good ones arrive, the bad ones are kept."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from target_w50.sandbox import Sandbox
from tests.endtoend import program
from tests.support import settings

RECORDS = 30_000
SCHEMA = {
    "type": "SCHEMA",
    "stream": "contacts",
    "key_properties": ["id"],
    "schema": {
        "properties": {
            "id": {"type": "integer"},
            "email": {"type": ["string", "null"]},
            "first_name": {"type": ["string", "null"], "maxLength": 20},
            "score": {"type": ["number", "null"]},
        }
    },
}


def is_bad(number: int) -> bool:
    return number % 100 in (13, 57, 89)


def line_of(number: int) -> str:
    """A record; the bad ones are bad in three ways, each with a way to mend it."""
    values: dict[str, Any] = {
        "id": number,
        "email": f"n{number}@example.com",
        "first_name": f"First {number}",
        "score": number / 8,
    }
    if number % 100 == 13:
        values["first_name"] = 13
    elif number % 100 == 57:
        values["email"] = " "
    elif number % 100 == 89:
        values["first_name"] = "broken \ud800"
    return json.dumps({"type": "RECORD", "stream": "contacts", "record": values})


def mended(content: str) -> str:
    """What a user does in an editor."""
    content = content.replace('"first_name": 13', '"first_name": "Thirteen"')
    content = content.replace('"first_name": "broken \\ud800"', '"first_name": "Whole"')
    return re.sub(r'"id": (\d+), "email": " "', r'"id": \1, "email": "n\1@example.com"', content)


def test_a_large_run_loses_nothing_and_the_mended_file_brings_the_rest(tmp_path: Path) -> None:
    lines = [json.dumps(SCHEMA)]
    for number in range(RECORDS):
        lines.append(line_of(number))
        if number % 5_000 == 4_999:
            lines.append(json.dumps({"type": "STATE", "value": {"at": number}}))
    bad = [number for number in range(RECORDS) if is_bad(number)]
    fields = ("Email", "FirstName", "Id", "Score")
    aside = tmp_path / "aside.singer"
    with Sandbox(lists=[program.contact_list(*fields)], token="a-token") as sandbox:
        config = settings(
            sandbox,
            on_invalid_record="quarantine",
            quarantine_path=str(aside),
            max_invalid_percent=5,
            max_contacts_per_job=10_000,
        )
        ended = program.run(tmp_path, config, "\n".join(lines).encode())
        assert ended.status == 0, ended.stderr
        assert [state["at"] for state in ended.states][-1] == RECORDS - 1
        arrived = program.contacts(sandbox)
        assert [each["Id"] for each in arrived] == [each for each in range(RECORDS) if not is_bad(each)]
        assert all(
            each
            == {"Email": f"n{each['Id']}@example.com", "FirstName": f"First {each['Id']}"}
            | {"Id": each["Id"], "Score": each["Id"] / 8}
            for each in arrived
        )
        figures = program.of_stream(ended)
        assert (figures["records_read"], figures["contacts_sent"]) == (RECORDS, RECORDS - len(bad))
        assert [
            figures[f"quarantined_{name}"]
            for name in ("schema_invalid", "missing_match_value", "conversion_failed")
        ] == [RECORDS // 100] * 3
        assert [each["record"]["id"] for each in program.quarantined(aside)] == bad

        content = mended(aside.read_text(encoding="utf-8"))
        again = program.run(
            tmp_path, {**config, "quarantine_path": str(tmp_path / "again")}, content.encode()
        )
        assert again.status == 0, again.stderr
        assert program.quarantined(tmp_path / "again") == []
        contacts = program.contacts(sandbox)
        assert len(contacts) == RECORDS
        assert {each["Id"]: each["FirstName"] for each in contacts[len(arrived) :]} == {
            number: {13: "Thirteen", 57: f"First {number}", 89: "Whole"}[number % 100] for number in bad
        }
    assert program.adds_up(ended)
    assert program.adds_up(again)
