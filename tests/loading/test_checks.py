"""Values that fail their checks: who they are agrees with whom W50 refuses, and what becomes of them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from target_w50.sandbox import Sandbox
from tests.cli.support import Operator
from tests.endtoend import program
from tests.support import entry, lines, load_here, schema, settings, state

FIELDS = [
    {"Name": "CustomerId", "MapType": "Number"},
    {"Name": "Email", "MapType": "Email"},
    {"Name": "Mobile", "MapType": "Sms"},
    {"Name": "BirthDay", "MapType": "Date"},
    {"Name": "Plan", "MapType": "Choice", "Values": ["free", "pro"]},
    "FirstName",
]
TEXT = {"type": ["string", "null"]}
SCHEMA = schema(
    properties={
        "customer_id": {"type": "integer"},
        **dict.fromkeys(("email", "mobile", "birth_day", "plan", "first_name"), TEXT),
    },
    keys=["customer_id"],
)
SECRET = "Zq1"
EMAILS = ("ann{}@example.com", "Jo.Doe+{}@mail.example.org", "ü{}@bücher.example", "{}@w50.test", None, "")
BAD_EMAILS = (
    "Zq1{}",
    "Zq1{}@",
    "Zq1 {}@example.com",
    "Zq1{}@example..com",
    " Zq1{}@example.com",
    "NULL",
    "N/A",
)
MOBILES = ("+4477009{:05d}", "+49 171 23{:05d}", "00491712{:05d}", None, "")
BAD_MOBILES = ("+99912{:05d}", "+44{:03d}", "call Zq1 {}", "NULL")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(lists=[{"Id": 42, "Name": "News", "Fields": FIELDS}], token="a-token") as each:
        yield each


def person(number: int, **values: Any) -> dict[str, Any]:
    return part(number, **{"email": f"n{number}@example.com", **values})


def part(number: int, **values: Any) -> dict[str, Any]:
    return {"type": "RECORD", "stream": "contacts", "record": {"customer_id": number, **values}}


def dirty(chance: random.Random, number: int) -> dict[str, Any]:
    """One of many people, some with values that are wrong."""
    emails = BAD_EMAILS if chance.random() < 0.1 else EMAILS
    mobiles = BAD_MOBILES if chance.random() < 0.1 else MOBILES
    made = {"email": chance.choice(emails), "mobile": chance.choice(mobiles)}
    return person(number, **{name: each and each.format(number % 1000) for name, each in made.items()})


def by_id(**members: Any) -> dict[str, Any]:
    return entry(match_fields=["CustomerId"], **members)


def failed(finished: Any) -> dict[str, int]:
    (stream,) = finished.records("w50_streams")
    return {each["field_name"]: each["failed"] for each in stream["failed_checks"] if each["failed"]}


@pytest.mark.parametrize("media_type", ["application/json", "application/xml"], ids=["json", "xml"])
def test_who_is_refused_of_500_dirty_people_agrees_with_what_the_checks_found(
    sandbox: Sandbox, tmp_path: Path, media_type: str
) -> None:
    chance = random.Random(4)  # noqa: S311
    people = [dirty(chance, number) for number in range(500)]
    config = settings(sandbox, by_id(), media_type=media_type, max_rejected_percent=100)
    messages = lines([SCHEMA, *people, state(1)])
    plain = load_here(tmp_path / "plain", config, messages)
    arrived = {each["CustomerId"] for each in program.contacts(sandbox)}
    aside = tmp_path / "aside"
    checked = {**config, "streams": [by_id(on_failed_check="quarantine")], "quarantine_path": str(aside)}
    careful = load_here(tmp_path / "careful", checked, messages)
    found = {each["record"]["customer_id"] for each in program.quarantined(aside)}
    refused = {*range(500)} - arrived
    assert found == refused
    assert 50 < len(found) < 150
    assert plain.run["contacts_rejected"] == careful.run["records_quarantined"] == len(found)
    (job,) = plain.jobs
    assert failed(plain) == {"Email": job["invalid_email_count"], "Mobile": job["invalid_sms_count"]}
    assert (careful.jobs[0]["invalid_email_count"], careful.run["contacts_rejected"]) == (0, 0)
    for each in (plain, careful):
        assert SECRET not in each.stderr + each.stdout + json.dumps(each.metrics)


def test_what_fails_is_named_in_the_log_and_suspected_where_w50_refused(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    people = [person(number, email=f"{SECRET} {number}") for number in range(13)]
    people[5:5] = [person(50), person(51, birth_day="31/12/1980", plan="gold", first_name="NULL")]
    config = settings(sandbox, by_id(), max_rejected_percent=100)
    ended = load_here(tmp_path, config, lines([SCHEMA, *people, state(1)]))
    assert (ended.status, ended.run["verdict"]) == (0, "well_with_rejections")
    named = [
        line for line in ended.stderr.splitlines() if "is no e-mail address; it is sent all the same" in line
    ]
    assert len(named) == 10
    assert named[0].startswith("Stream 'contacts', line 2: property 'email' (FieldName 'Email') is no e-mail")
    assert "13 of FieldName" not in ended.stderr
    assert "16 values failed their checks ('Email' 13, 'BirthDay' 1, 'Plan' 1, 'FirstName' 1)" in ended.stderr
    assert "line 8: property 'birth_day' (FieldName 'BirthDay') is no date" in ended.stderr
    assert (
        "Stream 'contacts': W50 refused 13 contacts, 13 e-mail addresses. Suspected, by their checks: "
        "Email in lines 2, 3, 4, 5, 6, 9, 10, 11, 12, 13 and 3 more; BirthDay in line 8; Plan in line 8; "
        "FirstName in line 8\n"
    ) in ended.stderr
    assert SECRET not in ended.stderr
    assert {each["CustomerId"] for each in program.contacts(sandbox)} == {50, 51}, "all that W50 takes"


def test_where_no_check_finds_whom_w50_refused_that_is_said(sandbox: Sandbox, tmp_path: Path) -> None:
    """A number without its country's calling code might be one somewhere."""
    people = [person(1), person(2, mobile="0171 5500000")]
    ended = load_here(
        tmp_path,
        settings(sandbox, by_id(), max_rejected_percent=100),
        lines([SCHEMA, *people, state(1)]),
    )
    assert (
        "W50 refused 1 contact, 1 text-message number. No check finds whom: numbers without +" in ended.stderr
    )


def test_where_w50_refused_nothing_nobody_is_suspected(sandbox: Sandbox, tmp_path: Path) -> None:
    ended = load_here(
        tmp_path, settings(sandbox, by_id()), lines([SCHEMA, person(1, birth_day="x"), state(1)])
    )
    assert failed(ended) == {"BirthDay": 1}
    assert "uspected" not in ended.stderr
    assert ended.run["verdict"] == "well"
    (stream,) = ended.records("w50_streams")
    assert [(each["field_name"], each["check"]) for each in stream["failed_checks"]] == [
        ("BirthDay", "date"),
        ("Email", "email"),
        ("Mobile", "phone"),
        ("Plan", "choice"),
    ]


@pytest.mark.parametrize("media_type", ["application/json", "application/xml"], ids=["json", "xml"])
def test_of_merged_records_the_one_is_suspected_that_the_value_came_from(
    sandbox: Sandbox, tmp_path: Path, media_type: str
) -> None:
    bad = {"email": f"{SECRET}@", "mobile": "+1"}
    messages = [
        *(SCHEMA, person(1, **bad), part(1, first_name="B"), part(1, email="mended@example.com")),
        *(person(2), person(2, mobile="+1"), person(3, **bad), part(3, mobile="+44770")),
    ]
    config = settings(sandbox, by_id(), media_type=media_type, max_rejected_percent=100)
    ended = load_here(tmp_path, config, lines([*messages, state(1)]))
    assert "Mobile in lines 2, 6, 8; Email in line 7\n" in ended.stderr


def test_what_is_left_out_is_not_sent_and_a_match_field_sets_its_record_aside(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    aside = tmp_path / "aside"
    omits = entry(match_fields=["Email"], on_failed_check="omit", null_values="send")
    people = [
        person(1, mobile="+1", first_name="N/A", plan=None),
        person(2, email=f"{SECRET}@", mobile="+1"),
        person(3, plan="gold"),
    ]
    config = settings(sandbox, omits, quarantine_path=str(aside), run_id="r")
    ended = load_here(tmp_path / "run", config, lines([SCHEMA, *people, state(1)]))
    assert ended.status == 0, ended.stderr
    assert [{name: each[name] for name in sorted(each)} for each in program.contacts(sandbox)] == [
        {"CustomerId": 1, "Email": "n1@example.com", "Plan": None},
        {"CustomerId": 3, "Email": "n3@example.com"},
    ]
    ((about),) = [each["quarantine"] for each in program.quarantined(aside)]
    assert (about["reason"], about["property"], about["position"]) == ("invalid_value", "email", 3)
    assert SECRET not in json.dumps(about)
    (stream,) = ended.records("w50_streams")
    assert stream["quarantined_invalid_value"] == 1
    assert failed(ended) == {"Mobile": 2, "FirstName": 1, "Email": 1, "Plan": 1}
    assert "it is left out" in ended.stderr
    assert "its record is set aside" in ended.stderr


def test_what_a_stream_map_makes_is_checked_by_its_own_name(sandbox: Sandbox, tmp_path: Path) -> None:
    maps = {"contacts": {"mobile": "'+1' if customer_id == 2 else mobile"}}
    config = settings(sandbox, by_id(contact_checks={"Mobile": "phone"}), stream_maps=maps)
    ended = load_here(tmp_path, config, lines([SCHEMA, person(1, mobile=""), person(2, mobile=""), state(1)]))
    assert failed(ended) == {"Mobile": 1}
    assert "line 3: property 'mobile'" in ended.stderr


def test_a_contact_whose_value_is_left_out_has_not_changed_the_next_night(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    config = settings(
        sandbox,
        by_id(send="changed", on_failed_check="omit"),
        journal=str(tmp_path / "journal.db"),
        quarantine_path=str(tmp_path / "aside"),
    )
    for night, mobile in enumerate(("+1", "+12")):
        people = [person(1, mobile=mobile), person(2)]
        ended = load_here(tmp_path / str(night), config, lines([SCHEMA, *people, state(1)]))
        assert ended.run["contacts_unchanged"] == 2 * night, ended.stderr


def test_what_comes_out_of_quarantine_mended_is_loaded(sandbox: Sandbox, tmp_path: Path) -> None:
    aside = tmp_path / "aside"
    config = settings(sandbox, by_id(on_failed_check="quarantine"), quarantine_path=str(aside))
    load_here(tmp_path / "1", config, lines([SCHEMA, person(1, email=f"{SECRET}@"), person(2), state(1)]))
    mended = aside.read_bytes().replace(f"{SECRET}@".encode(), b"one@example.com")
    aside.write_bytes(b"")
    load_here(tmp_path / "2", config, mended)
    assert {each["Email"] for each in program.contacts(sandbox)} == {"n2@example.com", "one@example.com"}
    assert aside.read_bytes() == b""


def test_a_plan_names_what_fails_by_field_and_line(
    sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "people.singer"
    source.write_bytes(lines([SCHEMA, person(1, email=f"{SECRET}@"), person(2, email="NULL", mobile="+1")]))
    operator = Operator(sandbox, tmp_path, capsys)
    operator.settings = settings(sandbox, by_id())
    told = operator.w50("plan", str(source))
    assert told.status == 0
    table = [line.split() for line in told.out.splitlines()]
    assert ["mobile", "Mobile", "its", "name", "phone"] in table
    assert ["customer_id", "CustomerId", "its", "name", "-"] in table
    assert (
        "  checks       3 values failed: would be sent all the same\n"
        "                 Email, 1 time: is no e-mail address\n"
        "                 Email, 1 time: is text that stands for no value, such as NULL\n"
        "                 Email: lines 2, 3\n"
        "                 Mobile, 1 time: is no phone number\n"
        "                 Mobile: line 3\n"
    ) in told.out
    document = json.loads(operator.w50("plan", str(source), "--json").out)
    (stream,) = document["streams"]
    assert [(each["field_name"], each["failed"], each["first_at"]) for each in stream["failed_checks"]] == [
        ("Email", 2, [2, 3]),
        ("Mobile", 1, [3]),
    ]
    assert SECRET not in told.out + told.err
