"""The calls of the API page over a real socket."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from http.client import HTTPConnection
from typing import Any

import pytest
import requests

from target_w50.sandbox import Sandbox

from .conftest import Caller, FakeClock

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


def test_an_import_job_answers_with_its_thirteen_members(caller: Caller) -> None:
    answer = caller.post("/contactLists/7/import", json={"FieldNames": ["Email"]})
    assert list(answer.json()) == [
        *("Id", "ContactListId", "InvalidEmailCount", "InvalidSmsCount", "ProgressPercent", "CurrentStatus"),
        *("StartDate", "FinishDate", "InsertedContacts", "UpdatedContacts", "DroppedContacts"),
        *("NotUpdatedContacts", "TotalContacts"),
    ]
    assert answer.json()["StartDate"] is None
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"


def test_contacts_take_effect_when_the_job_is_run_and_not_before(caller: Caller) -> None:
    job = caller.create()
    caller.add(job, {"Email": "ada@example.com"})
    assert caller.stored() == []
    ended = caller.run(job).json()
    assert caller.stored() == [{"Email": "ada@example.com"}]
    assert (ended["InsertedContacts"], ended["TotalContacts"], ended["ProgressPercent"]) == (1, 1, 100)
    assert caller.get("/contactLists/7").json()["Count"] == 1


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


def test_a_job_that_is_run_twice_does_everything_twice(caller: Caller) -> None:
    """So that a test can tell that a caller did it."""
    job = caller.create()
    caller.add(job, {"Email": "a@example.com"})
    caller.run(job, match="", events="Welcome")
    caller.run(job, match="", events="Welcome")
    contents = caller.sandbox.contents()
    assert contents["Jobs"][0]["Runs"] == 2
    assert len(contents["CustomEvents"]) == 2
    assert len(caller.stored()) == 2


def test_a_job_takes_no_contacts_after_its_run(caller: Caller) -> None:
    job = caller.create()
    caller.run(job)
    assert caller.add(job, {"Email": "a@example.com"}).status_code == 400


def test_a_match_field_that_the_list_lacks_is_refused(caller: Caller) -> None:
    assert caller.run(caller.create(), match="Nowhere").status_code == 400


def test_custom_events_run_for_contacts_that_were_inserted_or_updated(caller: Caller) -> None:
    caller.load({"Email": "a@example.com"})
    caller.load(
        {"Email": "a@example.com"}, {"Email": "b@example.com"}, {"Email": "bad"}, events="Welcome, Offer"
    )
    events = caller.sandbox.contents()["CustomEvents"]
    assert [(one["Event"], one["ContactId"]) for one in events] == [
        ("Welcome", 1),
        ("Offer", 1),
        ("Welcome", 2),
        ("Offer", 2),
    ]
    assert {one["JobId"] for one in events} == {1002}


def test_a_job_ends_after_as_many_seconds_as_it_was_told(start: Start) -> None:
    clock = FakeClock()
    caller = start(job_seconds=4, monotonic=clock)
    job = caller.create()
    caller.add(job, {"Email": "a@example.com"})
    assert caller.status(job)["CurrentStatus"] == "Created"
    assert caller.run(job).json()["CurrentStatus"] == "Queued"
    clock.now_s += 1
    state = caller.status(job)
    assert (state["ProgressPercent"], state["CurrentStatus"], state["FinishDate"]) == (25, "Running", None)
    assert caller.stored() == []
    clock.now_s += 100
    state = caller.status(job)
    assert (state["ProgressPercent"], state["CurrentStatus"]) == (100, "Completed")
    assert state["InsertedContacts"] == 1
    assert len(caller.stored()) == 1


def test_a_job_takes_effect_in_time_though_nobody_asks_for_its_status(start: Start) -> None:
    clock = FakeClock()
    caller = start(job_seconds=4, monotonic=clock)
    caller.load({"Email": "a@example.com"})
    clock.now_s += 4
    assert caller.get("/contactLists/7").json()["Count"] == 1


def test_a_job_ends_after_as_many_status_reads_as_it_was_told(start: Start) -> None:
    caller = start(job_reads=3)
    job = caller.create()
    caller.run(job)
    assert [caller.status(job)["ProgressPercent"] for _ in range(4)] == [33, 66, 100, 100]


def test_the_words_of_each_state_and_the_dates_not_set_can_be_chosen(start: Start) -> None:
    caller = start(statuses={"created": None, "finished": "  DONE "}, unset_date="0001-01-01T00:00:00")
    job = caller.create()
    assert caller.status(job)["CurrentStatus"] is None
    assert caller.status(job)["FinishDate"] == "0001-01-01T00:00:00"
    assert caller.run(job).json()["CurrentStatus"] == "  DONE "


def test_dates_have_seven_fractional_digits_and_an_offset(start: Start) -> None:
    caller = start(time_ns=lambda: 1_763_155_784_847_993_199)
    job = caller.run(caller.create()).json()
    assert job["StartDate"] == "2025-11-14T21:29:44.8479931+00:00"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}\+00:00", job["FinishDate"])


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


def test_a_connection_is_kept_for_the_next_call(caller: Caller) -> None:
    """Whatever the call before was answered with."""
    with closing(HTTPConnection(caller.sandbox.url.removeprefix("http://"), timeout=20)) as connection:
        connection.connect()
        opened = connection.sock
        for method, path in (("GET", "/contactLists/9"), ("POST", "/nowhere"), ("GET", "/contactLists")):
            connection.request(method, path, body=b"x" * 100_000 if method == "POST" else None)
            connection.getresponse().read()
            assert connection.sock is opened


def test_a_chunked_body_is_read(caller: Caller) -> None:
    parts = iter([b'{"FieldNames":', b'["Email"]}'])
    headers = {"Content-Type": "application/json"}
    assert caller.post("/contactLists/7/import", data=parts, headers=headers).status_code == 200
    assert caller.get("/contactLists").status_code == 200


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(TypeError):
        Sandbox(tokn="x")
    with pytest.raises(ValueError, match="auth"):
        Sandbox(auth="magic")


def test_no_call_is_answered_after_the_stop(start: Start) -> None:
    caller = start()
    url = caller.sandbox.url
    caller.get("/contactLists")
    caller.sandbox.stop()
    with pytest.raises(requests.ConnectionError):
        caller.session.get(url + "/contactLists", timeout=5)


@pytest.mark.parametrize(
    "framing", ["Content-Length: 500\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n1f4\r\n"]
)
def test_a_caller_who_goes_away_in_the_middle_has_asked_for_nothing(caller: Caller, framing: str) -> None:
    head = "POST /contactLists/7/import HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    port = int(caller.sandbox.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall((head + framing + '{"FieldNames": ["Email"]}').encode())
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(100) == b""
    contents = caller.sandbox.contents()
    assert (contents["Jobs"], contents["Requests"]) == ([], [])


def test_a_large_body_is_asked_to_be_sent(caller: Caller) -> None:
    """`Expect: 100-continue` is answered before the body comes."""
    body = b'{"FieldNames": ["Email"]}'
    head = (
        "POST /contactLists/7/import HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Expect: 100-continue\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    port = int(caller.sandbox.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100 Continue")
        connection.sendall(body)
        assert connection.recv(100).startswith(b"HTTP/1.1 200 OK")


def test_a_caller_who_goes_away_before_the_answer_makes_no_noise(
    caller: Caller, capfd: pytest.CaptureFixture[str]
) -> None:
    caller.sandbox.faults.add(call="lists", slow=0.05)
    port = int(caller.sandbox.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(b"GET /contactLists HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    while not any(one["Status"] for one in caller.sandbox.contents()["Requests"]):
        caller.get("/_sandbox/faults")
    caller.sandbox.stop()
    assert capfd.readouterr() == ("", "")


def test_a_request_that_is_no_http_is_refused(caller: Caller) -> None:
    port = int(caller.sandbox.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(b"nonsense\r\n\r\n")
        assert b"400" in connection.recv(1000)
