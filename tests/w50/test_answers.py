"""Which answers are believed: about what was asked, counting what was sent; and how far they are read."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from target_w50.errors import DoubtfulError, UnreachableError
from target_w50.w50 import ImportJob, W50Client
from target_w50.w50.answers import counts_others
from tests.w50.support import IMPORT_JOB, Script, answer, client_of

JOB = ImportJob.from_wire(IMPORT_JOB)
LIST = {"Id": 42, "Name": "A", "Count": 3}
ABOUT_OTHERS: dict[str, tuple[Callable[[W50Client], Any], Any]] = {
    "another list": (lambda client: client.get_contact_list(42), LIST | {"Id": 43}),
    "a status of another job": (lambda client: client.get_import_job(42, 7), IMPORT_JOB | {"Id": 8}),
    "a status of another list's job": (
        lambda client: client.get_import_job(42, 7),
        IMPORT_JOB | {"ContactListId": 43},
    ),
    "a job created in another list": (
        lambda client: client.create_import_job(42, ["Email"]),
        IMPORT_JOB | {"ContactListId": 43},
    ),
    "an upload into another job": (
        lambda client: client.add_contacts(42, 7, b"[]"),
        IMPORT_JOB | {"Id": 8},
    ),
    "an upload into another list": (
        lambda client: client.add_contacts(42, 7, b"[]"),
        {"ContactListId": 43, "Id": 7},
    ),
    "a run of another job": (
        lambda client: client.run_import_job(42, 7, match=[], custom_events=[]),
        IMPORT_JOB | {"Id": 8},
    ),
    "a run of another list's job": (
        lambda client: client.run_import_job(42, 7, match=[], custom_events=[]),
        IMPORT_JOB | {"ContactListId": 43},
    ),
}


@pytest.mark.parametrize("case", ABOUT_OTHERS.values(), ids=ABOUT_OTHERS)
def test_an_answer_about_something_else_is_not_believed(
    case: tuple[Callable[[W50Client], Any], Any],
) -> None:
    """A GET is tried again and ends with words; a POST is in doubt."""
    call, content = case
    script = Script(answer(200, content))
    with pytest.raises(UnreachableError, match=r"it is about another (contact list|import job)") as caught:
        call(client_of(script))
    if script.requests[0].method == "GET":
        assert (caught.value.code, len(script.requests)) == ("w50_bad_answer", 3)
    else:
        assert isinstance(caught.value, DoubtfulError)
        assert len(script.requests) == 1


def test_an_answer_about_something_else_may_heal() -> None:
    script = Script(answer(200, IMPORT_JOB | {"Id": 8}), answer(200, IMPORT_JOB))
    assert client_of(script).get_import_job(42, 7) == JOB


def test_a_member_that_can_not_be_read_is_said_once_without_its_value(
    caplog: pytest.LogCaptureFixture,
) -> None:
    odd = {"InsertedContacts": "ann@example.com", "FinishDate": "soon", "ProgressPercent": None}
    script = Script(answer(200, IMPORT_JOB | odd), answer(200, IMPORT_JOB | odd | {"TotalContacts": []}))
    client = client_of(script)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert client.get_import_job(42, 7).inserted_contacts == 0
    first, second = (record.getMessage() for record in caplog.records)
    for name in odd:
        assert f"ImportJob.{name}" in first
    assert "w50.example" in first
    assert "ann@" not in first
    assert "soon" not in first
    assert "ImportJob.TotalContacts" in second
    assert "FinishDate" not in second


def _job(**counters: int) -> dict[str, Any]:
    zeros = {name: 0 for name, value in IMPORT_JOB.items() if isinstance(value, int)}
    return IMPORT_JOB | zeros | {"Id": 7, "ContactListId": 42} | counters


CONTACT: dict[str, Any] = {"Values": {}, "ValidationWarnings": []}
WARNED: dict[str, Any] = {"Values": {}, "ValidationWarnings": ["odd"]}


@pytest.mark.parametrize(
    ("wire", "counts"),
    [
        (None, False),
        ("OK", False),
        (True, False),
        ({}, False),
        ([], False),
        ([CONTACT] * 3, False),
        ([WARNED, CONTACT, WARNED], False),
        ([CONTACT] * 2, True),
        ([CONTACT] * 4, True),
        ([WARNED] * 4, True),
        ([WARNED, CONTACT], True),
        ([WARNED], False),
        (["fine"], False),
        (_job(), False),
        (_job(TotalContacts=3), False),
        (_job(TotalContacts=2), True),
        (_job(InsertedContacts=1, UpdatedContacts=1), True),
        (_job(InsertedContacts=1, UpdatedContacts=2), False),
        (_job(TotalContacts=1, NotUpdatedContacts=2), False),
        (_job(TotalContacts=2, InvalidEmailCount=1), False),
        (_job(InvalidEmailCount=1), False),
        (_job(TotalContacts=5), False),
        ({"Count": 2}, True),
        ({"Count": 3}, False),
        ({"Count": "2"}, False),
        (3, False),
        (2, True),
        (0, False),
        (1, False),
        (300, False),
        (2.0, False),
    ],
)
def test_an_answer_to_an_upload_may_count_what_was_sent_or_nothing(wire: Any, counts: bool) -> None:
    """Three contacts were sent. What the answer holds is not documented: only a plain count counts."""
    assert counts_others(wire, 3) is counts
    client = client_of(Script(answer(200, wire)))
    if not counts:
        client.add_contacts(42, 7, b"[]", contacts=3)
        return
    with pytest.raises(DoubtfulError, match="it counts other contacts than were sent"):
        client.add_contacts(42, 7, b"[]", contacts=3)


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"OK", "text/plain"),
        (b"OK", "text/plain; charset=utf-8"),
        (b"OK", "application/json"),
        (b"OK", None),
        (b"[OK]", "text/plain"),
        (b"\x00\x01", "application/octet-stream"),
    ],
)
def test_an_upload_that_is_answered_with_plain_text_was_taken(
    content: bytes, content_type: str | None
) -> None:
    assert client_of(Script(answer(200, content, content_type))).add_contacts(42, 7, b"[]").warnings == ()


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"<html><title>Log in</title>", "text/html"),
        (b"<!DOCTYPE html><p>Log in", "text/plain"),
        (b"Log in", "text/html; charset=utf-8"),
        (b"<meta charset=utf-8><p>Log in", "text/plain"),
        (b'{"Id": 7', "application/json"),
        (b"[", None),
        (b"<ImportJob>", "text/xml"),
    ],
)
def test_an_upload_that_is_answered_with_a_page_or_half_an_answer_is_in_doubt(
    content: bytes, content_type: str | None
) -> None:
    with pytest.raises(DoubtfulError, match="not as documented"):
        client_of(Script(answer(200, content, content_type))).add_contacts(42, 7, b"[]")
