"""The calls of the API page over a real socket: lists, fields, contacts and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from .conftest import Caller

Start = Callable[..., Caller]


def test_the_contact_lists_are_listed_with_their_counts(start: Start) -> None:
    caller = start(lists=None)
    caller.sandbox.reset()
    assert caller.get("/contactLists").json() == [
        {"Id": 42, "Name": "Newsletter", "Count": 0},
        {"Id": 43, "Name": "Customers", "Count": 0},
    ]
    assert caller.get("/contactLists/43").json() == {"Id": 43, "Name": "Customers", "Count": 0}


def test_the_fields_of_a_list_carry_their_types_and_allowed_values(caller: Caller) -> None:
    fields = caller.get("/contactLists/7/fields").json()
    assert [(one["Name"], one["MapType"], one["Position"]) for one in fields] == [
        ("Email", "Email", 1),
        ("Phone", "Sms", 2),
        ("City", "Text", 3),
        ("Score", "Number", 4),
        ("Plan", "Choice", 5),
    ]
    assert fields[4]["DefaultValue"] == "free"
    assert [one["Value"] for one in fields[4]["ContactSchemaFieldValues"]] == ["free", "pro"]
    assert set(fields[4]["ContactSchemaFieldValues"][0]) == {"Id", "Value", "Order", "InUse"}


def test_a_matched_contact_changes_only_in_the_values_that_were_sent(caller: Caller) -> None:
    caller.load({"Email": "ada@example.com", "City": "Paris", "Score": 1})
    ended = caller.load({"Email": "ada@example.com", "Score": None}, {"Email": "bob@example.com"})
    assert (ended["InsertedContacts"], ended["UpdatedContacts"], ended["TotalContacts"]) == (1, 1, 2)
    assert caller.stored() == [
        {"Email": "ada@example.com", "City": "Paris", "Score": None},
        {"Email": "bob@example.com"},
    ]


def test_a_contact_is_matched_by_all_the_match_fields_together(caller: Caller) -> None:
    caller.load({"Email": "a@example.com", "City": "Paris"})
    caller.load(
        {"Email": "a@example.com", "City": "Rome"},
        {"Email": "a@example.com", "City": "Paris", "Score": 5},
        match="Email,City",
    )
    assert caller.stored() == [
        {"Email": "a@example.com", "City": "Paris", "Score": 5},
        {"Email": "a@example.com", "City": "Rome"},
    ]


def test_a_match_value_that_was_changed_is_found_under_its_new_value_only(caller: Caller) -> None:
    caller.load({"Email": "a@example.com", "City": "Paris"})
    caller.load({"Email": "b@example.com", "City": "Paris"}, match="City")
    assert caller.load({"Email": "a@example.com", "City": "Rome"})["InsertedContacts"] == 1
    assert caller.load({"Email": "b@example.com", "City": "Oslo"})["UpdatedContacts"] == 1


def test_numbers_match_by_value_and_never_match_text(caller: Caller) -> None:
    caller.load({"Email": "a@example.com", "Score": 1})
    ended = caller.load(
        {"Email": "a@example.com", "Score": 1.0},
        {"Email": "a@example.com", "Score": "1"},
        {"Email": "a@example.com", "Score": True},
        match="Score",
    )
    assert (ended["UpdatedContacts"], ended["InsertedContacts"]) == (1, 2)


def test_a_contact_is_matched_by_its_encrypted_id_before_all_else(caller: Caller) -> None:
    caller.load({"Email": "a@example.com"}, {"Email": "b@example.com"})
    first = caller.get("/contactLists/7/contacts").json()[0]
    job = caller.create()
    caller.post(
        f"/contactLists/7/import/{job}",
        json=[
            {"EncContactId": first["EncContactId"], "Values": {"Email": "b@example.com"}},
            {"EncContactId": "of nobody", "Values": {"Email": "c@example.com"}},
        ],
    )
    assert caller.run(job).json()["UpdatedContacts"] == 1
    assert caller.stored() == [{"Email": "b@example.com"}, {"Email": "b@example.com"}]
    assert caller.sandbox.contents()["Jobs"][-1]["RejectedContacts"] == 1


def test_without_match_and_encrypted_id_a_contact_is_always_inserted(caller: Caller) -> None:
    caller.load({"Email": "a@example.com"}, match="")
    caller.load({"Email": "a@example.com"}, match="")
    assert len(caller.stored()) == 2


def test_a_contact_without_a_match_property_is_rejected(caller: Caller) -> None:
    ended = caller.load({"City": "Paris"}, {"Email": "a@example.com"})
    assert (ended["InsertedContacts"], ended["NotUpdatedContacts"]) == (1, 0)
    assert caller.sandbox.contents()["Jobs"][0]["RejectedContacts"] == 1


def test_invalid_addresses_and_numbers_are_counted_and_not_taken(caller: Caller) -> None:
    """A new contact with one is not inserted; one that exists is not updated."""
    caller.load({"Email": "a@example.com", "City": "Paris"})
    ended = caller.load(
        {"Email": "not an address"},
        {"Email": "b@example.com", "Phone": "12"},
        {"Email": "a@example.com", "Phone": "nonsense", "City": "Rome"},
        {"Email": 5},
    )
    assert (ended["InvalidEmailCount"], ended["InvalidSmsCount"]) == (2, 2)
    assert (ended["InsertedContacts"], ended["UpdatedContacts"], ended["NotUpdatedContacts"]) == (0, 0, 1)
    assert caller.stored() == [{"Email": "a@example.com", "City": "Paris"}]


@pytest.mark.parametrize("phone", ["+33612345678", "33612345678", 33612345678, "0033612345678", "", None])
def test_a_possible_phone_number_is_taken_in_any_of_these_forms(caller: Caller, phone: Any) -> None:
    assert caller.load({"Email": "a@example.com", "Phone": phone})["InsertedContacts"] == 1


def test_empty_and_missing_addresses_are_not_invalid(caller: Caller) -> None:
    ended = caller.load({"Email": ""}, {"Email": None}, match="")
    assert (ended["InvalidEmailCount"], ended["InsertedContacts"]) == (0, 2)


def test_unknown_lists_and_jobs_are_not_found(caller: Caller) -> None:
    job = caller.create()
    for method, path in [
        ("GET", "/contactLists/8"),
        ("GET", "/contactLists/8/fields"),
        ("GET", "/contactLists/8/contacts"),
        ("POST", "/contactLists/8/import"),
        ("POST", f"/contactLists/8/import/{job}"),
        ("GET", "/contactLists/7/import/9"),
        ("POST", "/contactLists/7/import/9/run"),
        ("GET", "/nothing/here"),
    ]:
        answer = caller.session.request(
            method, caller.sandbox.url + path, json={"FieldNames": ["Email"]}, timeout=20
        )
        assert answer.status_code == 404, path
        assert "not found" in answer.json()["Message"] or "No HTTP resource" in answer.json()["Message"]
    assert caller.session.put(caller.sandbox.url + "/contactLists", timeout=20).status_code == 405


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"FieldNames": null}',
        b'{"FieldNames": []}',
        b'{"FieldNames": ["Email", 5]}',
        b'{"FieldNames": ["Nowhere"]}',
        b'{"FieldNames": ["Email", "Email"]}',
    ],
)
def test_a_job_with_unusable_field_names_is_refused(caller: Caller, body: bytes) -> None:
    answer = caller.post("/contactLists/7/import", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["Message"] == "The request is invalid."


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[5]",
        b"[{}]",
        b'[{"Values": []}]',
        b'[{"Values": {}, "EncContactId": 5}]',
        b'[{"Values": {}, "Vlaues": {}}]',
        b'[{"Values": {"Score": NaN}}]',
        b'[{"Values": {"Score": 1}}',
        b"[" * 100_000,
        b'[{"Values": {"Plan": "free"}}, {"Values": {"City": "Paris"}}]',
    ],
)
def test_an_upload_that_is_malformed_is_refused_as_a_whole(caller: Caller, body: bytes) -> None:
    """The last one has a value for a field that the job does not name."""
    job = caller.create(["Email", "Score", "Plan"])
    path = f"/contactLists/7/import/{job}"
    answer = caller.post(path, data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["MessageDetail"]
    assert caller.sandbox.contents()["Jobs"][0]["Batches"] == []


def test_a_body_without_a_documented_media_type_is_refused(caller: Caller) -> None:
    answer = caller.post("/contactLists/7/import", data=b"{}", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415


def test_ten_thousand_contacts_are_taken_and_one_more_is_refused(start: Start) -> None:
    caller = start(too_many_status=413)
    job = caller.create(["City"])
    assert caller.add(job, *({"City": str(n)} for n in range(10_000))).status_code == 200
    answer = caller.add(job, *({"City": str(n)} for n in range(10_001)))
    assert answer.status_code == 413
    assert "10000" in answer.json()["MessageDetail"]
    assert caller.run(job, match="").json()["InsertedContacts"] == 10_000


def test_numbers_keep_all_their_digits(caller: Caller) -> None:
    job = caller.create()
    digits = ["1.10", "12345678901234567890123", "0.1000000000000000000000001", "1E+400", "-0.0"]
    body = "[" + ",".join(f'{{"Values": {{"Score": {one}}}}}' for one in digits) + "]"
    headers = {"Content-Type": "application/json"}
    assert caller.post(f"/contactLists/7/import/{job}", data=body, headers=headers).status_code == 200
    caller.run(job, match="")
    text = caller.get("/_sandbox/contents").text
    assert all(f'{{"Score":{one}}}' in text for one in digits)
    assert caller.stored()[0] == {"Score": Decimal("1.10")}


def test_text_is_kept_to_the_last_character(caller: Caller) -> None:
    odd = "\x00 tab\t \r\n \ud800 é \U0001d4b3 </script>"
    job = caller.create()
    body = json.dumps([{"Values": {"City": odd}}])
    caller.post(f"/contactLists/7/import/{job}", data=body, headers={"Content-Type": "text/json"})
    caller.run(job, match="")
    assert caller.get("/_sandbox/contents").json()["Lists"][0]["Contacts"][0]["Values"] == {"City": odd}


@pytest.mark.parametrize("kind", ["importjob", "contacts", "empty"])
def test_an_upload_is_answered_in_the_way_that_was_chosen(start: Start, kind: str) -> None:
    caller = start(add_answer=kind)
    answer = caller.add(caller.create(), {"City": "Paris"}, {"City": "Rome"})
    if kind == "importjob":
        assert answer.json()["Id"] == 1001
    elif kind == "contacts":
        assert [one["Values"] for one in answer.json()] == [{"City": "Paris"}, {"City": "Rome"}]
        assert answer.json()[0]["ValidationWarnings"] == []
    else:
        assert answer.content == b""


def test_without_checks_contacts_are_counted_and_not_kept(start: Start) -> None:
    caller = start(no_checks=True)
    job = caller.create()
    assert caller.add(job, *({"Unheard": '"Values":'} for _ in range(12_000))).status_code == 200
    ended = caller.run(job, events="Welcome").json()
    assert (ended["InsertedContacts"], ended["TotalContacts"]) == (12_000, 12_000)
    contents = caller.sandbox.contents()
    assert contents["Lists"][0]["Contacts"] == []
    assert contents["Lists"][0]["Count"] == 12_000
    assert contents["Jobs"][0]["Batches"][0]["Sha256"] is None
    assert contents["CustomEventCount"] == 12_000
