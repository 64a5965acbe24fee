"""Two source streams under one alias: each with its own FieldNames and SCHEMA, in the order of the input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from target_w50.sandbox import Sandbox
from tests.support import entry, jobs_of, load_here, run_target, schema, settings, state, stored

TEXT = {"type": ["null", "string"]}
EMAIL_AND_FIRST = {"email": TEXT, "first_name": TEXT}
EMAIL_AND_LAST = {"email": TEXT, "last_name": TEXT}
ALIASES = {"old": {"__alias__": "contacts"}, "new": {"__alias__": "contacts"}}


def record(stream: str, number: int, **values: Any) -> dict[str, Any]:
    return {"type": "RECORD", "stream": stream, "record": {"email": f"n{number}@example.com", **values}}


def sent(sandbox: Sandbox) -> list[list[list[str]]]:
    """The e-mail addresses of each job that ran, by batch."""
    return [
        [[contact["Values"]["Email"] for contact in batch["Contacts"]] for batch in job["Batches"]]
        for job in jobs_of(sandbox)
        if job["Runs"]
    ]


def test_a_stream_of_two_sources_with_other_field_names_ends(sandbox: Sandbox, tmp_path: Path) -> None:
    """Records come for the first source's FieldNames after the second's SCHEMA, and the input is cut."""
    messages = [
        schema("old", EMAIL_AND_FIRST),
        schema("new", EMAIL_AND_LAST),
        record("old", 1, first_name="One"),
        record("new", 2, last_name="Two"),
        record("old", 3, first_name="Three"),
        state(1),
    ]
    ended = run_target(tmp_path, settings(sandbox, stream_maps=ALIASES), messages)
    assert (ended.status, ended.bookmarks) == (0, [1]), ended.stderr
    assert [*stored(sandbox)] == ["n1@example.com", "n3@example.com", "n2@example.com"]
    assert [job["ContactCount"] for job in jobs_of(sandbox)] == [2, 1]


@pytest.mark.parametrize("rows", [1, 10])
def test_the_last_value_of_a_contact_wins_across_the_sources(
    sandbox: Sandbox, tmp_path: Path, rows: int
) -> None:
    """The contact is in the later job when it comes for the earlier one: all are closed first."""
    both = {"email": TEXT, "first_name": TEXT, "last_name": TEXT}
    messages = [
        schema("old", EMAIL_AND_FIRST),
        schema("new", both),
        record("old", 1, first_name="a"),
        record("new", 2, first_name="b", last_name="B"),
        record("old", 2, first_name="c"),
        record("new", 1, first_name="d"),
        state(1),
    ]
    config = settings(sandbox, stream_maps=ALIASES, batch_size_rows=rows)
    ended = run_target(tmp_path, config, messages)
    assert (ended.status, ended.bookmarks) == (0, [1]), ended.stderr
    found = stored(sandbox)
    assert found["n1@example.com"]["FirstName"] == "d"
    assert found["n2@example.com"] == {"Email": "n2@example.com", "FirstName": "c", "LastName": "B"}
    assert sent(sandbox) == [[[f"n{number}@example.com"]] for number in (1, 2, 2, 1)]


def test_contacts_that_nothing_tells_apart_keep_their_order_across_the_sources(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    messages = [
        schema("old", EMAIL_AND_FIRST, keys=()),
        schema("new", EMAIL_AND_LAST, keys=()),
        record("old", 1),
        record("new", 2),
        record("old", 3),
    ]
    config = settings(sandbox, entry(match_fields=[]), stream_maps=ALIASES)
    assert load_here(tmp_path, config, messages).status == 0
    assert sent(sandbox) == [[["n1@example.com"]], [["n2@example.com"]], [["n3@example.com"]]]


def test_many_sets_of_field_names_do_not_leave_as_many_jobs_open(start: Any, tmp_path: Path) -> None:
    fields = ["Email", *(f"Own{number}" for number in range(20))]
    sandbox = start(lists=[{"Id": 42, "Name": "Newsletter", "Fields": fields}])
    messages: list[dict[str, Any]] = []
    for number in range(20):
        naming = {f"own_{number}": TEXT}
        messages += [
            schema("contacts", {"email": TEXT, **naming}),
            record("contacts", number, **dict.fromkeys(naming, "x")),
            state(number),
        ]
    ended = load_here(tmp_path, settings(sandbox), messages)
    assert ended.status == 0, ended.stderr
    assert len(ended.bookmarks) >= 2


def test_a_quarantine_of_two_sources_loads_again(start: Any, tmp_path: Path) -> None:
    """Each record stands behind its own source's SCHEMA, also where W50 refused it in one job with others."""
    aside = tmp_path / "aside.singer"
    old = {"email": TEXT, "first_name": TEXT}
    new = {"email": {"type": "string"}, "first_name": {"type": "string", "maxLength": 20}}
    messages = [
        schema("old", old),
        schema("new", new),
        record("old", 1, first_name="poison"),
        record("new", 2, first_name="poison"),
        record("old", 3, first_name=None),
        record("old", 4, first_name=7),
        record("new", 5, first_name=None),
        record("new", 6, first_name="poison"),
        record("old", 6, first_name="poison, too"),
        record("old", 7, first_name="good"),
        state(1),
    ]
    faults = [{"reject": {"field": "FirstName", "contains": "poison", "status": 400}}]
    more = {"on_invalid_record": "quarantine", "quarantine_path": str(aside), "stream_maps": ALIASES}
    refusing = start(faults=faults)
    ended = run_target(tmp_path / "one", settings(refusing, **more), messages)
    assert (ended.status, ended.bookmarks) == (0, [1]), ended.stderr
    schemas: dict[str, Any] = {}
    found = []
    for message in map(json.loads, aside.read_text().splitlines()):
        if message["type"] == "SCHEMA":
            schemas[message["stream"]] = message["schema"]["properties"]
        else:
            assert schemas[message["stream"]] == {"old": old, "new": new}[message["stream"]]
            found.append((message["stream"], message["record"]["email"][1]))
    refused = {"new": "256", "old": "146"}
    assert sorted(found) == [(stream, number) for stream in refused for number in refused[stream]]
    again = start()
    more["quarantine_path"] = str(tmp_path / "again.singer")
    ended = run_target(tmp_path / "two", settings(again, **more), aside.read_bytes())
    assert ended.status == 0, ended.stderr
    assert sorted(stored(again)) == ["n1@example.com", "n2@example.com", "n6@example.com"]
    assert stored(again)["n6@example.com"]["FirstName"] == "poison, too"
