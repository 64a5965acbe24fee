"""What the sandbox shows of itself: the inspection call and the page."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable
from importlib import resources

import pytest

from target_w50.sandbox.http import request_log

from .conftest import Caller

Start = Callable[..., Caller]


def test_the_inspection_call_shows_all_that_came_and_what_became_of_it(caller: Caller) -> None:
    job = caller.create(["Email"])
    body = b'[{"Values":{"Email":"a@example.com"}}]'
    path = f"/contactLists/7/import/{job}"
    caller.post(path, data=body, headers={"Content-Type": "application/json"})
    caller.run(job, events="Welcome")
    contents = caller.get("/_sandbox/contents").json()
    assert contents == caller.sandbox.contents()
    (shown,) = contents["Jobs"]
    assert (shown["State"], shown["FieldNames"], shown["ContactCount"]) == ("finished", ["Email"], 1)
    assert shown["Batches"] == [
        {
            "Count": 1,
            "Bytes": len(body),
            "Sha256": hashlib.sha256(body).hexdigest(),
            "Contacts": [{"EncContactId": None, "Values": {"Email": "a@example.com"}}],
        }
    ]
    (run,) = shown["RunHistory"]
    assert (run["Match"], run["CustomEvents"], run["StatusReads"]) == (["Email"], ["Welcome"], 0)
    request = contents["Requests"][-1]
    assert (request["Method"], request["Path"], request["Query"]) == (
        "POST",
        f"{path}/run",
        "match=Email&customevents=Welcome",
    )
    assert (request["Call"], request["Status"], request["Outcome"]) == ("run", 200, "done")
    assert contents["RequestCount"] == 3


def test_a_limit_keeps_the_inspection_call_small(caller: Caller) -> None:
    for number in range(5):
        caller.load({"Email": f"{number}@example.com"}, events="Welcome")
    contents = caller.get("/_sandbox/contents?limit=2").json()
    assert [one["Id"] for one in contents["Lists"][0]["Contacts"]] == [4, 5]
    assert [one["Id"] for one in contents["Jobs"]] == [1004, 1005]
    assert "Contacts" not in contents["Jobs"][0]["Batches"][0]
    assert (len(contents["CustomEvents"]), contents["CustomEventCount"]) == (2, 5)
    assert (len(contents["Requests"]), contents["RequestCount"], contents["JobCount"]) == (2, 15, 5)


def test_the_request_log_is_short_where_a_lot_is_measured(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_log, "_KEPT_WITHOUT_CHECKS", 20)
    caller = start(no_checks=True)
    for _ in range(30):
        caller.get("/contactLists")
    contents = caller.sandbox.contents()
    assert (len(contents["Requests"]), contents["RequestCount"]) == (20, 30)
    assert contents["Requests"][0]["Number"] == 11


def test_a_refused_call_is_in_the_log_and_looking_is_not(caller: Caller) -> None:
    caller.get("/contactLists/9")
    caller.get("/nowhere")
    caller.get("/_sandbox/contents")
    caller.get("/")
    requests = caller.sandbox.contents()["Requests"]
    assert [(one["Call"], one["Status"], one["Outcome"]) for one in requests] == [
        ("list", 404, "refused"),
        (None, 404, "refused"),
    ]


def test_many_callers_at_once_lose_nothing(start: Start) -> None:
    caller = start()
    job = caller.create()

    def add(number: int) -> None:
        for step in range(10):
            caller.sandbox.contents()
            caller.add(job, {"Email": f"{number}-{step}@example.com"})

    threads = [threading.Thread(target=add, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert caller.run(job).json()["InsertedContacts"] == 60


def test_the_page_needs_nothing_from_elsewhere(caller: Caller) -> None:
    answer = caller.get("/")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "W50 sandbox" in answer.text
    assert not re.findall(r"(?:https?:)?//[a-z]", re.sub(r"(?m)^\s*//.*$", "", answer.text))
    assert caller.get("/favicon.ico").status_code == 204


def test_the_page_puts_nothing_in_as_markup() -> None:
    page = resources.files("target_w50.sandbox").joinpath("page.html").read_text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", page)


def test_what_the_page_asks_for_is_there(caller: Caller) -> None:
    """Each member that the script names is one that the inspection call gives."""
    caller.load({"Email": "a@example.com"}, events="Welcome")
    text = json.dumps(caller.sandbox.contents())
    page = resources.files("target_w50.sandbox").joinpath("page.html").read_text()
    named = set(re.findall(r"\b(?:contents|job|list|field|contact|event|request|run)\.([A-Z]\w+)", page))
    assert len(named) > 20
    assert {name for name in named if f'"{name}"' not in text} == set()
