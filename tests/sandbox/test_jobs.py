"""The life of an import job over a real socket."""

from __future__ import annotations

import re
from collections.abc import Callable

from .conftest import Caller, FakeClock

Start = Callable[..., Caller]


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


def test_what_a_run_rejects_is_kept_with_the_reason(caller: Caller) -> None:
    """Reason and values; the counters of W50 say no more than how many."""
    caller.load({"Email": "a@example.com"})
    caller.load({"Email": "no address", "Phone": "x"}, {"City": "Bern"})
    caller.load({"Email": "a@example.com", "Phone": "nonsense"})
    job = caller.create()
    unknown = [{"EncContactId": "nobody", "Values": {"Email": "b@example.com"}}]
    caller.post(f"/contactLists/7/import/{job}", json=unknown)
    caller.run(job)
    contents = caller.sandbox.contents()
    assert [(each["JobId"], each["Reason"], each["IsStored"]) for each in contents["RejectedContacts"]] == [
        (1002, "Email is no valid e-mail address; Phone is no valid phone number", False),
        (1002, "it has no value for the match field Email", False),
        (1003, "Phone is no valid phone number", True),
        (1004, "no contact of the list has its EncContactId", False),
    ]
    assert contents["RejectedContacts"][0]["Values"] == {"Email": "no address", "Phone": "x"}
    assert caller.sandbox.contents(limit=1)["RejectedContactCount"] == 4
