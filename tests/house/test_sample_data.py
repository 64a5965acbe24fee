"""The sample contacts are what the demo and the README say they are."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import phonenumbers
import pytest
from email_validator import EmailNotValidError, validate_email

from dev import sample_data

FOLDER = Path(__file__).parents[2] / "sample_data"
SCRIPTS = (
    "LATIN",
    "CYRILLIC",
    "GREEK",
    "ARABIC",
    "HEBREW",
    "CJK",
    "HIRAGANA",
    "KATAKANA",
    "HANGUL",
    "DEVANAGARI",
    "THAI",
)


def lines(name: str) -> Iterator[dict[str, Any]]:
    with (FOLDER / name).open(encoding="utf-8") as file:
        yield from map(json.loads, file)


@pytest.fixture(scope="module")
def messages() -> list[dict[str, Any]]:
    return list(lines("contacts.singer"))


@pytest.fixture(scope="module")
def records(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [message["record"] for message in messages if message["type"] == "RECORD"]


def is_email(text: str) -> bool:
    try:
        validate_email(text, check_deliverability=False)
    except EmailNotValidError:
        return False
    return True


def is_phone(text: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(text))
    except phonenumbers.NumberParseException:
        return False


@pytest.mark.parametrize("name", ["contacts.singer", "contacts.jsonl"])
def test_the_files_are_what_the_script_writes(name: str, tmp_path: Path) -> None:
    sample_data.write(tmp_path)
    assert (FOLDER / name).read_bytes() == (tmp_path / name).read_bytes()


def test_both_files_hold_the_same_contacts(records: list[dict[str, Any]]) -> None:
    assert list(lines("contacts.jsonl")) == records


def test_every_record_is_valid_by_the_streams_schema(
    messages: list[dict[str, Any]], records: list[dict[str, Any]]
) -> None:
    validator = jsonschema.Draft202012Validator(messages[0]["schema"])
    assert [error.message for record in records for error in validator.iter_errors(record)] == []
    assert set(messages[0]["schema"]["properties"]) == set(records[0])


def test_every_script_is_there(records: list[dict[str, Any]]) -> None:
    seen = {
        unicodedata.name(character, "").partition(" ")[0]
        for record in records
        for name in (record["first_name"], record["last_name"])
        for character in name or ""
    }
    assert set(SCRIPTS) <= seen


def test_all_addresses_are_of_domains_kept_free_for_examples(records: list[dict[str, Any]]) -> None:
    domains = {record["email"].rpartition("@")[2] for record in records if is_email(record["email"])}
    assert domains == {"example.com", "example.org", "example.net"}


def test_the_invalid_ones_are_those_that_the_script_names(records: list[dict[str, Any]]) -> None:
    emails = {record["customer_id"]: record["email"] for record in records if not is_email(record["email"])}
    phones = {
        record["customer_id"]: record["phone"]
        for record in records
        if record["phone"] is not None and not is_phone(record["phone"])
    }
    assert emails == sample_data.INVALID_EMAILS
    assert phones == sample_data.INVALID_PHONES


def test_one_contact_comes_twice_and_has_moved(records: list[dict[str, Any]]) -> None:
    count = Counter(record["email"] for record in records)
    assert [times for times in count.values() if times > 1] == [2]
    before, after = (record for record in records if record["customer_id"] == sample_data.UPDATED_CONTACT)
    assert before["city"] != after["city"]
    assert before["updated_at"] < after["updated_at"]


def test_states_bookmark_the_last_record_before_them(messages: list[dict[str, Any]]) -> None:
    last, states = None, 0
    for message in messages:
        if message["type"] == "RECORD":
            assert last is None or last <= message["record"]["updated_at"], "sorted by the replication key"
            last = message["record"]["updated_at"]
        elif message["type"] == "STATE":
            assert message["value"]["bookmarks"]["contacts"]["replication_key_value"] == last
            states += 1
    assert messages[-1]["type"] == "STATE"
    assert states > 3


def test_there_are_nulls_and_nested_values(records: list[dict[str, Any]]) -> None:
    for name in ("phone", "last_name", "address", "lifetime_value", "birthdate", "opt_in"):
        assert any(record[name] is None for record in records), name
    assert any((record["address"] or {}).get("delivery") for record in records)
