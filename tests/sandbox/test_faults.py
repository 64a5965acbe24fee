"""How the sandbox misbehaves when it is told to."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests

from target_w50.sandbox.fault_rules import parse_spec, read_rule

from .conftest import Caller, FakeClock

Start = Callable[..., Caller]
LIST_REQUEST = b"GET /contactLists/7 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def address_of(caller: Caller) -> tuple[str, int]:
    return "127.0.0.1", int(caller.sandbox.url.rpartition(":")[2])


def outcomes(caller: Caller) -> list[tuple[str | None, str, int | None]]:
    return [(one["Call"], one["Outcome"], one["Status"]) for one in caller.sandbox.contents()["Requests"]]


def test_the_next_calls_of_a_kind_are_answered_with_a_status(caller: Caller) -> None:
    caller.sandbox.faults.add(call="lists", status=503, retry_after=2, times=2)
    assert caller.get("/contactLists/7").status_code == 200
    first = caller.get("/contactLists")
    assert (first.status_code, first.headers["Retry-After"]) == (503, "2")
    assert first.json() == {"Message": "An error has occurred."}
    assert [caller.get("/contactLists").status_code for _ in range(2)] == [503, 200]
    assert outcomes(caller)[1] == ("lists", "answered 503 before effect", 503)


def test_a_status_can_come_after_the_call_took_effect(caller: Caller) -> None:
    caller.sandbox.faults.add(
        call="add", status=504, when="after", body="<h1>Gateway</h1>", content_type="text/html"
    )
    answer = caller.add(caller.create(), {"City": "Paris"})
    assert (answer.status_code, answer.text) == (504, "<h1>Gateway</h1>")
    assert answer.headers["Content-Type"] == "text/html"
    assert len(caller.sandbox.contents()["Jobs"][0]["Batches"]) == 1


@pytest.mark.parametrize(
    ("how", "error"), [("close", "RemoteDisconnected"), ("reset", "ConnectionResetError")]
)
@pytest.mark.parametrize(("moment", "batches"), [("before", 0), ("after", 1)])
def test_the_connection_is_cut_before_or_after_the_effect(
    caller: Caller, how: str, error: str, moment: str, batches: int
) -> None:
    job = caller.create()
    caller.sandbox.faults.add(call="add", cut=moment, how=how)
    with pytest.raises(requests.ConnectionError, match=error):
        caller.add(job, {"City": "Paris"})
    assert len(caller.sandbox.contents()["Jobs"][0]["Batches"]) == batches
    assert outcomes(caller)[-1] == ("add", f"cut {moment} effect", None)
    assert caller.add(job, {"City": "Paris"}).status_code == 200


def test_a_cut_after_a_refusal_says_so(caller: Caller) -> None:
    caller.sandbox.faults.add(call="list", cut="after")
    with pytest.raises(requests.ConnectionError):
        caller.get("/contactLists/99")
    assert outcomes(caller) == [("list", "cut after refusal", None)]


def test_a_call_that_hangs_is_seen_by_others_and_cut_in_the_end(start: Start) -> None:
    caller = start()
    caller.sandbox.faults.add(call="lists", hang=600)
    errors: list[Exception] = []

    def call() -> None:
        try:
            requests.get(caller.sandbox.url + "/contactLists", timeout=60)
        except requests.ConnectionError as error:
            errors.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    while not any("hangs" in outcome for _, outcome, _ in outcomes(caller)):
        assert caller.get("/contactLists/7").status_code == 200
    assert caller.get("/_sandbox/contents").status_code == 200
    caller.sandbox.stop()
    thread.join(timeout=20)
    assert len(errors) == 1


def test_a_slow_answer_is_the_right_one(caller: Caller) -> None:
    caller.sandbox.faults.add(call="list", slow=0.01)
    assert caller.get("/contactLists/7").json()["Name"] == "News"
    assert outcomes(caller) == [("list", "done, slowly", 200)]


def test_html_can_come_with_a_status_of_200(caller: Caller) -> None:
    caller.sandbox.faults.add(call="create", html=True)
    answer = caller.post("/contactLists/7/import", json={"FieldNames": ["Email"]})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert answer.text.startswith("<!DOCTYPE html>")
    assert caller.sandbox.contents()["Jobs"] == []


def test_half_an_answer_is_less_than_it_promised(caller: Caller) -> None:
    job = caller.create()
    caller.sandbox.faults.add(call="run", half=True)
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        caller.run(job)
    assert caller.sandbox.contents()["Jobs"][0]["Runs"] == 1


def test_an_answer_can_be_empty(caller: Caller) -> None:
    job = caller.create()
    caller.sandbox.faults.add(call="run", empty=True)
    assert caller.run(job).content == b""
    assert outcomes(caller)[-1] == ("run", "empty after effect", 200)


@pytest.mark.parametrize("statuses", [[102], [103, 102], [100] * 20])
def test_interim_answers_go_ahead_of_the_right_one(caller: Caller, statuses: list[int]) -> None:
    caller.sandbox.faults.add(call="list", interim=statuses)
    with socket.create_connection(address_of(caller), timeout=20) as connection:
        connection.sendall(LIST_REQUEST)
        received = connection.makefile("rb").read()
    *interim, head, body = received.split(b"\r\n\r\n")
    assert [int(each.split()[1]) for each in interim] == statuses
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert json.loads(body)["Name"] == "News"
    assert outcomes(caller) == [("list", "done, behind interim answers", 200)]


def test_an_answer_that_trickles_is_the_right_one(caller: Caller) -> None:
    caller.sandbox.faults.add(call="list", trickle_s=0.001)
    assert caller.get("/contactLists/7").json()["Name"] == "News"
    assert caller.get("/contactLists/7").json()["Name"] == "News"
    assert outcomes(caller)[0] == ("list", "done, byte by byte", 200)


@pytest.mark.parametrize("fault", [{"endless_headers_s": 0.001}, {"trickle_s": 600}])
def test_an_answer_that_does_not_end_ends_with_the_sandbox(start: Start, fault: dict[str, Any]) -> None:
    caller = start()
    caller.sandbox.faults.add(call="list", **fault)
    with socket.create_connection(address_of(caller), timeout=20) as connection:
        connection.sendall(LIST_REQUEST)
        assert connection.recv(1) == b"H"
        caller.sandbox.stop()
        with contextlib.suppress(ConnectionResetError):
            while connection.recv(65_536):
                pass


def test_headers_without_end_come_one_after_the_other(caller: Caller) -> None:
    caller.sandbox.faults.add(call="create", endless_headers_s=0.0001, when="after")
    with pytest.raises(requests.ConnectionError, match="got more than 100 headers"):
        caller.create()
    assert outcomes(caller) == [("create", "headers without end after effect", None)]
    assert len(caller.sandbox.contents()["Jobs"]) == 1


def test_an_answer_can_be_about_the_job_before(caller: Caller) -> None:
    first = caller.load({"Email": "a@example.com"})["Id"]
    caller.sandbox.faults.add(call="create", answer_id="earlier")
    assert caller.create() == first
    caller.sandbox.faults.add(call="status", answer_id="earlier")
    assert (caller.status(1002)["FinishDate"] is None, caller.status(1002)["Id"]) == (False, 1002)
    assert outcomes(caller)[-2] == ("status", "done, answered about another", 200)


def test_where_no_job_was_before_the_answer_is_the_right_one(caller: Caller) -> None:
    caller.sandbox.faults.add(call=["create", "list"], answer_id="earlier", times=2)
    assert caller.create() == 1001
    assert caller.get("/contactLists/7").json()["Id"] == 7


def test_an_answer_can_have_another_id(caller: Caller) -> None:
    caller.sandbox.faults.add(call=["list", "create"], answer_id=5000, times=2)
    assert caller.get("/contactLists/7").json() == {"Id": 5000, "Name": "News", "Count": 0}
    assert caller.create() == 5000


def test_an_answer_can_be_about_another_list(caller: Caller) -> None:
    caller.sandbox.faults.add(call="run", answer_list_id=8)
    ran = caller.run(caller.create()).json()
    assert (ran["Id"], ran["ContactListId"]) == (1001, 8)


def test_a_share_of_calls_fails_and_the_same_ones_for_the_same_seed(start: Start) -> None:
    def codes() -> list[int]:
        caller = start(faults=[{"call": "any", "status": 500, "share": 0.3, "seed": 11}])
        return [caller.get("/contactLists").status_code for _ in range(40)]

    first = codes()
    assert first == codes()
    assert 4 < first.count(500) < 24


def test_calls_are_let_pass_before_a_fault(caller: Caller) -> None:
    caller.sandbox.faults.add(call=["lists", "list"], status=500, skip=2)
    paths = ["/contactLists", "/contactLists/7", "/contactLists/7/fields", "/contactLists", "/contactLists"]
    assert [caller.get(path).status_code for path in paths] == [200, 200, 200, 500, 200]


def test_a_job_fails_and_has_no_effect(caller: Caller) -> None:
    caller.sandbox.faults.add(call="run", job={"CurrentStatus": "Failed", "effect": False})
    ended = caller.load({"Email": "a@example.com"}, events="Welcome")
    assert (ended["CurrentStatus"], ended["InsertedContacts"]) == ("Failed", 0)
    assert ended["FinishDate"] is not None
    assert caller.stored() == []
    assert caller.sandbox.contents()["CustomEvents"] == []


def test_all_jobs_fail_where_a_failing_status_is_set(start: Start) -> None:
    caller = start(failing_status="ABORTED")
    assert caller.load({"Email": "a@example.com"})["CurrentStatus"] == "ABORTED"
    assert caller.stored() == []


def test_a_job_never_ends(start: Start) -> None:
    clock = FakeClock()
    caller = start(monotonic=clock, job_seconds=1)
    caller.sandbox.faults.add(call="run", job={"finishes": False})
    job = caller.load({"Email": "a@example.com"})["Id"]
    clock.now_s += 1e6
    assert (caller.status(job)["ProgressPercent"], caller.status(job)["FinishDate"]) == (50, None)
    assert caller.stored() == []


@pytest.mark.parametrize(
    "members",
    [
        {"FinishDate": None},
        {"FinishDate": "0001-01-01T00:00:00", "StartDate": "0001-01-01T00:00:00"},
        {"CurrentStatus": None},
        {"CurrentStatus": "  cOMPLETED without Errors "},
        {"InsertedContacts": 99, "TotalContacts": None},
    ],
)
def test_an_ended_job_shows_whatever_it_is_told_to(caller: Caller, members: dict[str, Any]) -> None:
    caller.sandbox.faults.add(call="run", job=members)
    ended = caller.load({"Email": "a@example.com"})
    assert {name: ended[name] for name in members} == members
    assert ended["ProgressPercent"] == 100
    assert len(caller.stored()) == 1


def test_status_answers_can_come_and_go(caller: Caller) -> None:
    caller.sandbox.faults.add(call="run", job={"flicker": True})
    job = caller.load({"Email": "a@example.com"})["Id"]
    assert [caller.status(job)["ProgressPercent"] for _ in range(4)] == [50, 100, 50, 100]
    assert caller.status(job)["FinishDate"] is None


def test_an_upload_with_a_poisonous_value_is_refused_as_a_whole(caller: Caller) -> None:
    caller.sandbox.faults.add(reject={"field": "Email", "contains": "poison", "status": 422})
    job = caller.create()
    assert caller.add(job, {"Email": "a@example.com"}, {"Email": "poison@example.com"}).status_code == 422
    assert caller.add(job, {"Email": "a@example.com"}, {"City": "poison"}).status_code == 200
    assert caller.sandbox.contents()["Jobs"][0]["ContactCount"] == 2


def test_contacts_are_warned_about_in_the_order_in_which_they_came(caller: Caller) -> None:
    caller.sandbox.faults.add(warn={"field": "Score", "equals": 13, "text": "Unlucky"})
    job = caller.create()
    answer = caller.add(job, {"Score": 1}, {"Score": 13}, {"City": "13"})
    assert [one["ValidationWarnings"] for one in answer.json()] == [[], ["Unlucky"], []]
    assert set(answer.json()[0]) == {"EncContactId", "Id", "ListId", "Values", "ValidationWarnings"}
    assert caller.add(job, {"Score": 1}).json()["Id"] == job


def test_too_large_an_upload_is_refused(caller: Caller) -> None:
    caller.sandbox.faults.add(max_body_bytes=200)
    job = caller.create()
    assert caller.add(job, {"City": "x" * 200}).status_code == 413
    assert caller.add(job, {"City": "x"}).status_code == 200


def test_faults_are_told_over_http_listed_and_cleared(caller: Caller) -> None:
    told = [
        {"call": "lists", "status": 500, "times": 3},
        {"add_answer": "empty"},
        {"warn": {"field": "City"}},
    ]
    assert caller.post("/_sandbox/faults", json=told).status_code == 200
    caller.get("/contactLists")
    assert caller.get("/_sandbox/faults").json() == [
        {"call": "lists", "status": 500, "times": 2},
        {"warn": {"field": "City"}},
    ]
    assert caller.session.delete(caller.sandbox.url + "/_sandbox/faults", timeout=20).json() == []
    assert caller.get("/contactLists").status_code == 200
    assert caller.add(caller.create(), {"City": "Paris"}).json()["Id"] == 1001


def test_a_fault_that_makes_no_sense_is_refused_with_all_its_fellows(
    caller: Caller,
) -> None:
    answer = caller.post("/_sandbox/faults", json=[{"call": "lists", "status": 500}, {"call": "lists"}])
    assert answer.status_code == 400
    assert "exactly one of" in answer.json()["MessageDetail"]
    assert caller.get("/contactLists").status_code == 200
    assert (
        caller.post("/_sandbox/faults", data=b"{", headers={"Content-Type": "application/json"}).status_code
        == 400
    )


def test_a_reset_brings_back_the_start_with_its_faults(start: Start) -> None:
    caller = start(faults=[{"call": "lists", "status": 500}])
    caller.sandbox.faults.add(call="any", status=418, times=None)
    assert caller.get("/contactLists").status_code == 500
    assert caller.get("/contactLists").status_code == 418
    assert caller.post("/_sandbox/reset", json={}).status_code == 200
    assert caller.get("/contactLists").status_code == 500
    caller.load({"Email": "a@example.com"})
    caller.sandbox.reset()
    contents = caller.sandbox.contents()
    assert (contents["Jobs"], contents["Requests"], contents["Lists"][0]["Contacts"]) == ([], [], [])


@pytest.mark.parametrize(
    ("spec", "document"),
    [
        ("add:status=503,retry_after=2", {"call": "add", "status": 503, "retry_after": 2}),
        ("run:cut=after,how=reset", {"call": "run", "cut": "after", "how": "reset"}),
        ("add+run:empty", {"call": ["add", "run"], "empty": True}),
        ("any:status=500,share=0.1,seed=7", {"call": "any", "status": 500, "share": 0.1, "seed": 7}),
        (
            "run:job.CurrentStatus=Failed,job.effect=false,times=null",
            {"call": "run", "job": {"CurrentStatus": "Failed", "effect": False}, "times": None},
        ),
        (
            "add:reject.field=Email,reject.contains=x",
            {"call": "add", "reject": {"field": "Email", "contains": "x"}},
        ),
        ("create+add:interim=103+102", {"call": ["create", "add"], "interim": [103, 102]}),
        ("status:interim=[102]", {"call": "status", "interim": [102]}),
        ("create:answer_id=earlier,times=2", {"call": "create", "answer_id": "earlier", "times": 2}),
        ("status:trickle_s=0.5", {"call": "status", "trickle_s": 0.5}),
        ("lists:endless_headers_s=1", {"call": "lists", "endless_headers_s": 1}),
        ('{"call": "run", "half": true}', {"call": "run", "half": True}),
        (
            '{"call": "run", "job.CurrentStatus": "Failed", "job": {"effect": false}}',
            {"call": "run", "job": {"CurrentStatus": "Failed", "effect": False}},
        ),
        ("add:max_body_bytes=10", {"call": "add", "max_body_bytes": 10}),
    ],
)
def test_a_fault_on_a_command_line_says_the_same_in_short(spec: str, document: dict[str, Any]) -> None:
    assert read_rule(parse_spec(spec)) == read_rule(document)


@pytest.mark.parametrize(
    "document",
    [
        5,
        {},
        {"call": "lists"},
        {"call": "nothing", "status": 500},
        {"call": [], "status": 500},
        {"call": "lists", "status": 500, "html": True},
        {"call": "lists", "status": 500, "tmies": 3},
        {"call": "lists", "status": "many"},
        {"call": "lists", "status": 99},
        {"call": "lists", "hang": -1},
        {"call": "lists", "slow": "long"},
        {"call": "lists", "trickle_s": -1},
        {"call": "lists", "endless_headers_s": True},
        {"call": "lists", "interim": 102},
        {"call": "lists", "interim": []},
        {"call": "lists", "interim": [101]},
        {"call": "lists", "interim": [200]},
        {"call": "lists", "interim": ["102"]},
        {"call": "create", "answer_id": "later"},
        {"call": "create", "answer_list_id": "earlier"},
        {"call": "lists", "status": 500, "times": "two"},
        {"call": "lists", "status": 500, "share": 2},
        {"call": "lists", "status": 500, "skip": -1},
        {"call": "run", "cut": "sideways"},
        {"call": "run", "cut": "after", "how": "gently"},
        {"call": "run", "job": {"Progress": 5}},
        {"call": "run", "job": "Failed"},
        {"call": "status", "job": {"CurrentStatus": "Failed"}},
        {"call": "run", "reject": {"field": "Email"}},
        {"reject": {"contains": "x"}},
        {"reject": {"field": "Email", "status": "no"}},
        {"add_answer": "nothing"},
        {"max_body_bytes": "ten"},
    ],
)
def test_a_fault_without_sense_is_refused_where_it_is_told(document: Any) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_rule(document)
