"""`w50 plan` without a `streams` setting: a proposal of one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from target_w50.cli.setup.entries import scalar, spelled_for_w50
from target_w50.files.opening import holds_contacts
from target_w50.sandbox import Sandbox
from target_w50.settings.model import settings_from
from tests.cli.support import TOKEN, Operator, Outcome
from tests.support import LIST, lines, record, schema

PROPERTIES = {
    name: {"type": ["null", "string"]}
    for name in ("customer_id", "email", "first_name", "lastNam", "_sdc_x", "on")
}
MESSAGES = [
    schema(properties=PROPERTIES, keys=["customer_id"]),
    record(1),
    schema("orders", {"id": {}}, ["id"]),
]


@pytest.fixture
def operator(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Operator]:
    with Sandbox(token=TOKEN, lists=[LIST]) as sandbox:
        yield Operator(sandbox, tmp_path, capsys)


def proposed(
    operator: Operator, *options: str, messages: list[dict[str, Any]] = MESSAGES, **settings: Any
) -> Outcome:
    path = operator.folder / "input.singer"
    path.write_bytes(lines(messages))
    return operator.w50("plan", str(path), *options, streams=None, **settings)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("people.csv", b"Email,Name\na@b.example,Ann\n"),
        ("people.TSV", b"\xef\xbb\xbfEmail\tName\n"),
        ("people.csv.gz", b"\x1f\x8b\x08"),
        ("people.parquet", b"PAR1"),
        ("people.jsonl", b'{"Email": "a@b.example"}\n{"Email": "c@d.example"}\n'),
    ],
)
def test_a_file_of_contacts_is_for_import(operator: Operator, name: str, content: bytes) -> None:
    """No tap wrote it, so nobody need look what a tap wrote."""
    path = operator.folder / name
    path.write_bytes(content)
    told = operator.w50("plan", str(path))
    assert told.status == 2
    assert f"`w50 import {path} --dry-run`" in told.last_line
    assert "error_code=input_not_singer" in told.last_line
    assert operator.asked() == set()


def test_messages_and_catalogs_are_no_contacts_whatever_they_are_called(tmp_path: Path) -> None:
    for name in ("a.txt", "a.csv", "a.jsonl"):
        path = tmp_path / name
        path.write_bytes(lines(MESSAGES))
        assert not holds_contacts(path)
    for content in (b'{"streams": []}', b'{\n "streams": []\n}', b""):
        path.write_bytes(content)
        assert not holds_contacts(path)
    assert not holds_contacts(tmp_path / "missing.csv")


def test_the_block_is_mapped_against_the_list(operator: Operator) -> None:
    told = proposed(operator, "--list", "Newsletter")
    assert told.status == 0
    contacts, orders = yaml.safe_load(told.out)["streams"]
    assert contacts == {
        "stream": "contacts",
        "contact_list": "42",
        "match_fields": ["Email"],
        "fields": {"customer_id": "CustomerId", "email": "Email", "first_name": "FirstName"},
    }
    assert orders == {"stream": "orders", "contact_list": "42", "match_fields": []}
    assert 'contact_list: "42"  # Newsletter' in told.out
    assert "    # No field is near: on" in told.out
    assert "_sdc_x" not in told.out
    assert "nothing was sent" in told.last_line


@pytest.mark.parametrize("properties", [("email", "lastNam"), ("lastNam",)], ids=["beside others", "alone"])
def test_what_is_near_is_there_when_the_comment_sign_is_taken_away(
    operator: Operator, properties: tuple[str, ...]
) -> None:
    messages = [schema(properties={key: {} for key in properties}, keys=[])]
    told = proposed(operator, "--list", "42", messages=messages).out
    assert "lastNam" not in yaml.safe_load(told)["streams"][0].get("fields", {})
    taken = [
        line.replace("# ", "", 1) if "ields:" in line or "lastNam:" in line else line
        for line in told.splitlines()
    ]
    assert yaml.safe_load("\n".join(taken))["streams"][0]["fields"]["lastNam"] == "LastName"


def test_a_catalog_is_as_good_as_messages(operator: Operator) -> None:
    catalog = {
        "streams": [
            {
                "tap_stream_id": "crm-people",
                "stream": "people",
                "schema": {"properties": {"id": {}, "first_name": {}}},
                "metadata": [
                    {"breadcrumb": [], "metadata": {"selected": True, "table-key-properties": ["id"]}},
                    {"breadcrumb": ["properties", "id"], "metadata": {"inclusion": "automatic"}},
                ],
            },
            {"stream": "orders", "schema": {"properties": {"id": {}}}, "key_properties": ["id"]},
        ]
    }
    path = operator.folder / "catalog.json"
    path.write_text(json.dumps(catalog))
    told = operator.w50("plan", str(path), "--offline", streams=None)
    assert yaml.safe_load(told.out)["streams"] == [
        {
            "stream": "people",
            "contact_list": "YOUR-LIST",
            "match_fields": ["Id"],
            "fields": {"id": "Id", "first_name": "FirstName"},
        }
    ]


def test_what_is_proposed_can_be_used(operator: Operator) -> None:
    """The block is a valid setting, and the plan with it maps what it says."""
    told = proposed(operator, "--list", "42", messages=MESSAGES[:2])
    streams = yaml.safe_load(told.out)["streams"]
    assert settings_from({**operator.settings, "streams": streams}).streams[0].match_fields == ("Email",)
    path = operator.folder / "input.singer"
    planned = operator.w50("plan", str(path), "--json", streams=streams).document
    assert {each["decided_by"] for each in planned["streams"][0]["fields"]} == {"explicit"}


def test_programs_get_the_same_as_json(operator: Operator) -> None:
    as_yaml = yaml.safe_load(proposed(operator, "--list", "42").out)
    assert proposed(operator, "--list", "42", "--json").document == as_yaml


def test_offline_nothing_is_asked_and_no_connection_is_needed(operator: Operator) -> None:
    told = proposed(operator, "--offline", api_url=None, auth_token=None)
    assert told.status == 0
    (contacts, _) = yaml.safe_load(told.out)["streams"]
    assert contacts["fields"]["first_name"] == "FirstName"
    assert contacts["contact_list"] == "YOUR-LIST"
    assert operator.asked() == set()


def test_it_must_be_said_what_to_propose_for(operator: Operator) -> None:
    for options in ((), ("--list", "42", "--offline")):
        told = proposed(operator, *options)
        assert told.status == 2
        assert "--list LIST" in told.last_line


def test_a_list_that_is_not_there_is_named_with_the_nearest(operator: Operator) -> None:
    told = proposed(operator, "--list", "Newslettre")
    assert told.status == 2
    assert "did you mean 'Newsletter'?" in told.last_line


def test_with_streams_there_is_nothing_to_propose(operator: Operator) -> None:
    path = operator.folder / "input.singer"
    path.write_bytes(lines(MESSAGES))
    assert operator.w50("plan", str(path), "--offline").status == 2


def test_keys_match_where_nothing_holds_an_e_mail_address(operator: Operator) -> None:
    messages = [schema(properties={"customer_id": {}, "first_name": {}}, keys=["customer_id"])]
    told = proposed(operator, "--list", "42", messages=messages)
    assert yaml.safe_load(told.out)["streams"][0]["match_fields"] == ["CustomerId"]
    assert "# match_fields are the stream's keys" in told.out


def test_stream_maps_are_heeded(operator: Operator) -> None:
    maps = {
        "contacts": {"__alias__": "people", "customer_id": "customer_id", "email": "email", "__else__": None},
        "orders": None,
    }
    told = proposed(operator, "--list", "42", stream_maps=maps)
    assert told.status == 0, told.err
    (people,) = yaml.safe_load(told.out)["streams"]
    assert people["stream"] == "people"
    assert people["fields"] == {"customer_id": "CustomerId", "email": "Email"}


def test_a_field_is_proposed_for_one_property_only(operator: Operator) -> None:
    messages = [schema(properties={"first_name": {}, "firstName": {}})]
    told = proposed(operator, "--list", "42", messages=messages)
    assert yaml.safe_load(told.out)["streams"][0]["fields"] == {"first_name": "FirstName"}
    assert "# No field is near: firstName" in told.out


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_text_is_read_back_from_yaml_as_it_was(text: str) -> None:
    assert yaml.safe_load(f"a: {scalar(text)}") == {"a": text}


@given(st.text(min_size=1))
def test_a_guessed_name_is_never_empty(name: str) -> None:
    assert spelled_for_w50(name)
