"""Match values that are written otherwise: said, or held for one contact, the short way and the general."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from target_w50.contacts.match_values import ENC_CONTACT_ID, all_folded, folded, is_blank
from target_w50.sandbox import Sandbox
from tests.support import Load, entry, jobs_of, record, schema

TEXT_OR_NUMBER = {"type": ["string", "integer", "number", "null"]}
SHORT_WAY: dict[str, Any] = {"email": {"type": "string"}, "first_name": {"type": "string"}}
GENERAL_WAY: dict[str, Any] = {**SHORT_WAY, "email": {"type": "string", "pattern": "^.*$"}}
WAYS = pytest.mark.parametrize("properties", [SHORT_WAY, GENERAL_WAY], ids=["short", "general"])


def sent_emails(sandbox: Sandbox) -> list[list[str]]:
    return [
        [contact["Values"]["Email"] for batch in job["Batches"] for contact in batch["Contacts"]]
        for job in jobs_of(sandbox)
        if job["Runs"]
    ]


def records(*emails: str) -> list[dict[str, Any]]:
    return [record(number, email=email) for number, email in enumerate(emails)]


@WAYS
@pytest.mark.parametrize("rows", [1, 10])
def test_exact_says_once_how_many_contacts_are_written_like_another(
    load: Load, sandbox: Sandbox, properties: dict[str, Any], rows: int
) -> None:
    emails = ("a@x.example", "A@x.example", "b@x.example", "a@X.example", "\u00e9@x", "e\u0301@x")
    ended = load(
        [schema(properties=properties), *records(*emails)], batch_size_rows=rows, max_rejected_percent=100
    )
    assert ended.status == 0, ended.stderr
    assert sent_emails(sandbox) == [[*emails]]
    assert ended.stderr.count("`match_values`") == 1
    assert "Stream 'contacts': 3 contacts stood" in ended.stderr
    assert "x.example" not in ended.stderr


@WAYS
def test_nothing_is_said_where_no_contact_is_written_like_another(
    load: Load, properties: dict[str, Any]
) -> None:
    ended = load([schema(properties=properties), *records("a@x.org", "b@x.org", "b@x.org", "c@x.org")])
    assert ended.status == 0, ended.stderr
    assert "match_values" not in ended.stderr


@WAYS
@pytest.mark.parametrize("rows", [1, 10])
def test_folded_holds_them_for_one_contact(
    load: Load, sandbox: Sandbox, properties: dict[str, Any], rows: int
) -> None:
    """Within a batch they are merged, and what is sent is the later one as it is written."""
    emails = ("a@x", "b@x", "A@x", "\u00c9@x", "e\u0301@x")
    ended = load(
        [schema(properties=properties), *records(*emails)],
        entry(match_values="folded"),
        batch_size_rows=rows,
        max_rejected_percent=100,
    )
    assert ended.status == 0, ended.stderr
    merged = [["A@x", "b@x", "e\u0301@x"]]
    assert sent_emails(sandbox) == (
        merged if rows == 10 else [["a@x", "b@x"], ["A@x", "\u00c9@x"], ["e\u0301@x"]]
    )
    assert "match_values" not in ended.stderr


def test_folded_holds_a_number_and_its_text_for_one(load: Load, sandbox: Sandbox) -> None:
    properties = {"customer_id": TEXT_OR_NUMBER, "first_name": {"type": "string"}}
    values: list[Any] = [1, "1", 1.0, "01", 2]
    messages = [schema(properties=properties, keys=())]
    messages += [
        {"type": "RECORD", "stream": "contacts", "record": {"customer_id": value, "first_name": "x"}}
        for value in values
    ]
    ended = load(
        messages, entry(match_fields=["CustomerId"], match_values="folded"), max_rejected_percent=100
    )
    assert ended.status == 0, ended.stderr
    (job,) = jobs_of(sandbox)
    assert job["ContactCount"] == 3


@WAYS
@pytest.mark.parametrize("email", ["\u200b", " \ufeff\u2060", "\u3164", ""])
def test_a_match_value_of_invisible_characters_is_blank(
    load: Load, properties: dict[str, Any], email: str
) -> None:
    ended = load([schema(properties=properties), *records(email)])
    assert (ended.status, ended.error_code) == (2, "missing_match_value")


@pytest.mark.parametrize("text", ["a", "\u200ba", "\u00e9", "0", "-", "\x00"])
def test_what_shows_something_is_not_blank(text: str) -> None:
    assert not is_blank(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A", "a"),
        ("\u00c9", "e\u0301"),
        ("STRASSE", "stra\u00dfe"),
        (1, "1"),
        (Decimal("1.50"), "1.5"),
        (Decimal("-0"), "0"),
        (1.0, 1),
        (("A", 1), ("a", "1")),
    ],
)
def test_what_is_only_written_otherwise_is_folded_together(one: Any, other: Any) -> None:
    assert folded(one) == folded(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a", "b"),
        (1, 2),
        (("boolean", True), 1),
        ((ENC_CONTACT_ID, "A"), (ENC_CONTACT_ID, "a")),
        (2**300, 2**300 + 1),
        (Decimal("1e999999999"), Decimal("2e999999999")),
        (Decimal("1." + "0" * 99 + "1"), Decimal(1)),
        ("\uff21", "a"),
    ],
)
def test_what_is_another_value_stays_apart(one: Any, other: Any) -> None:
    assert folded(one) != folded(other)


@pytest.mark.parametrize(
    "values",
    [
        ["A", "b"],
        ["A", "É"],
        [1, -7],
        [1, 2**256],
        [-(2**256), 2**256 - 1],
        [1, "1"],
        [True, 1],
        [None, "A"],
        [],
    ],
    ids=str,
)
def test_many_are_folded_as_each_is(values: list[Any]) -> None:
    assert [*all_folded(values)] == [*map(folded, values)]
