"""What real taps send arrives in W50, contact by contact and value by value."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import simplejson

from target_w50.sandbox import Sandbox
from tests.endtoend import program
from tests.support import settings

COMMON = {
    "email": "Email",
    "first_name": "FirstName",
    "last_name": "LastName",
    "phone": "Phone",
    "country": "Country",
    "company": "Company",
    "opt_in": "OptIn",
    "tags": "Tags",
    "lifetime_value": "LifetimeValue",
    "birthdate": "Birthdate",
    "created_at": "CreatedAt",
    "updated_at": "UpdatedAt",
}


@dataclass(frozen=True)
class Load:
    """What one stream of a tap is to become: which property goes to which FieldName, how many are read."""

    stream: str
    match: str
    names: dict[str, str]
    records: int
    contacts: int
    named: tuple[str, ...] = ()
    """The properties that only `fields` can map; the others are found by their names."""

    def entry(self, list_id: int) -> dict[str, Any]:
        return {
            "stream": self.stream,
            "contact_list": str(list_id),
            "match_fields": [self.match],
            "fields": {name: self.names[name] for name in self.named},
        }


POSTGRES = {
    **COMMON,
    "id": "CustomerId",
    "score": "SCORE",
    "login_at": "login at",
    "wake": "Wake",
    "attrs": "Attrs",
    "raw": "Raw",
    "uid": "UID",
    "plan": "Plan",
    "bits": "Bits",
    "ip": "Ip",
    "smallish": "Smallish",
}
MEMBERS = {
    "email_address": "Email",
    "id": "MemberId",
    "merge_fields": "MergeFields",
    "stats": "Stats",
    "tags": "Tags",
    "vip": "Vip",
    "member_rating": "Member-Rating",
    "location": "Location",
    "timestamp_signup": "TimestampSignup",
    "status": "Status",
}
TAPS = {
    "tap-jsonl.singer": [
        Load(
            "contacts",
            "CustomerId",
            {**COMMON, "id": "CustomerId", "address": "Address", "_sdc_filename": "Source"},
            120,
            120,
            ("id", "_sdc_filename"),
        )
    ],
    "pipelinewise-tap-postgres-incremental.singer": [
        Load("public-contacts", "CustomerId", POSTGRES, 150, 150, ("id",)),
        Load("public-contacts_nopk", "Email", {"email": "Email", "first_name": "FirstName"}, 20, 20),
        Load("public-contacts_view", "CustomerId", {"id": "CustomerId", "email": "Email"}, 150, 150, ("id",)),
    ],
    "tap-mailchimp.fakeapi.singer": [
        Load("lists", "Id", {"id": "Id", "name": "Name"}, 1, 1),
        Load("list_members", "MemberId", MEMBERS, 120, 120, ("email_address", "id")),
    ],
    "tap-s3-csv.singer": [
        Load("contacts", "CustomerId", {**COMMON, "id": "CustomerId"}, 120, 120, ("id",)),
    ],
}


def expected(load: Load, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The contacts that the stream's records make: later values over earlier ones of the same match value."""
    found: dict[Any, dict[str, Any]] = {}
    for message in messages:
        if message["type"] == "RECORD" and message["stream"] == load.stream:
            values = {
                load.names[name]: sent(value)
                for name, value in message["record"].items()
                if name in load.names
            }
            found.setdefault(values[load.match], {}).update(values)
    return [*found.values()]


def sent(value: Any) -> Any:
    """Nested values are sent as compact JSON."""
    if not isinstance(value, (dict, list)):
        return value
    return simplejson.dumps(value, use_decimal=True, separators=(",", ":"), ensure_ascii=False)


def last_state(messages: list[dict[str, Any]]) -> Any:
    return [message["value"] for message in messages if message["type"] == "STATE"][-1]


@pytest.mark.parametrize("media_type", ["application/json", "text/xml"])
@pytest.mark.parametrize("name", TAPS)
def test_every_contact_of_a_real_tap_arrives_as_it_was_sent(
    tmp_path: Path, name: str, media_type: str
) -> None:
    loads = TAPS[name]
    lists = [
        program.contact_list(*load.names.values(), list_id=list_id, name=load.stream)
        for list_id, load in enumerate(loads, 42)
    ]
    messages = program.tap_messages(name)
    with Sandbox(lists=lists, token="a-token") as sandbox:
        entries = [load.entry(list_id) for list_id, load in enumerate(loads, 42)]
        config = settings(sandbox, *entries, media_type=media_type)
        ended = program.run(tmp_path, config, (program.TAPS / name).read_bytes())

        assert ended.status == 0, ended.stderr
        for list_id, load in enumerate(loads, 42):
            assert program.contacts(sandbox, list_id) == expected(load, messages)
            figures = program.of_stream(ended, load.stream)
            assert figures["records_read"] == load.records
            assert figures["contacts_sent"] == figures["contacts_inserted"] == load.contacts
            assert figures["records_quarantined"] == figures["records_skipped"] == 0
    assert program.adds_up(ended)
    written = ended.states[-1]
    del written["w50_import_jobs"]
    assert written == json.loads(json.dumps(last_state(messages), default=float))


@pytest.mark.parametrize(
    ("name", "index", "without_address"),
    [
        ("tap-jsonl.singer", 0, 4),
        ("pipelinewise-tap-postgres-incremental.singer", 0, 5),
        ("tap-mailchimp.fakeapi.singer", 1, 4),
        ("tap-s3-csv.singer", 0, 4),
    ],
)
def test_contacts_without_an_address_to_match_by_are_set_aside_and_the_others_arrive(
    tmp_path: Path, name: str, index: int, without_address: int
) -> None:
    load, messages = replace(TAPS[name][index], match="Email"), program.tap_messages(name)
    good = [each for each in expected(load, messages) if each["Email"]]
    with Sandbox(lists=[program.contact_list(*load.names.values())], token="a-token") as sandbox:
        config = settings(
            sandbox,
            load.entry(42),
            unlisted_streams="ignore",
            on_invalid_record="quarantine",
            quarantine_path=str(tmp_path / "aside.singer"),
        )
        ended = program.run(tmp_path, config, (program.TAPS / name).read_bytes())
        assert ended.status == 0, ended.stderr
        assert program.contacts(sandbox) == good
    assert program.reasons(tmp_path / "aside.singer") == ["missing_match_value"] * without_address
    figures = program.of_stream(ended, load.stream)
    assert figures["quarantined_missing_match_value"] == without_address
    assert figures["contacts_inserted"] == len(good)
    assert program.adds_up(ended)


def test_every_file_of_the_folder_is_tried() -> None:
    assert {path.name for path in program.TAPS.glob("*.singer")} == set(TAPS)


def test_a_second_run_over_the_same_input_changes_no_contact(tmp_path: Path) -> None:
    name, (load,) = "tap-jsonl.singer", TAPS["tap-jsonl.singer"]
    content = (program.TAPS / name).read_bytes()
    with Sandbox(lists=[program.contact_list(*load.names.values())], token="a-token") as sandbox:
        config = settings(sandbox, load.entry(42))
        first = program.run(tmp_path, config, content)
        before = program.contacts(sandbox)
        second = program.run(tmp_path, config, content)
        assert program.contacts(sandbox) == before
    assert (
        program.of_stream(first)["contacts_inserted"] == program.of_stream(second)["contacts_updated"] == 120
    )


def test_real_streams_interleaved_record_by_record_arrive_as_if_apart(tmp_path: Path) -> None:
    name = "pipelinewise-tap-postgres-incremental.singer"
    loads, lines = TAPS[name], (program.TAPS / name).read_bytes().splitlines(keepends=True)
    messages = program.tap_messages(name)
    schemas = [line for line, message in zip(lines, messages, strict=True) if message["type"] == "SCHEMA"]
    by_stream = [
        [
            line
            for line, message in zip(lines, messages, strict=True)
            if message["type"] == "RECORD" and message["stream"] == load.stream
        ]
        for load in loads
    ]
    mixed = [stream[index] for index in range(150) for stream in by_stream if index < len(stream)]
    lists = [
        program.contact_list(*load.names.values(), list_id=list_id, name=load.stream)
        for list_id, load in enumerate(loads, 42)
    ]
    with Sandbox(lists=lists, token="a-token") as sandbox:
        entries = [load.entry(list_id) for list_id, load in enumerate(loads, 42)]
        ended = program.run(tmp_path, settings(sandbox, *entries), b"".join([*schemas, *mixed]))
        assert ended.status == 0, ended.stderr
        assert len(ended.jobs) == 3
        for list_id, load in enumerate(loads, 42):
            assert program.contacts(sandbox, list_id) == expected(load, messages)
