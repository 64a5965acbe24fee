"""`custom_events_once_per`: the same values never fire again, or a contact one time for ever."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from target_w50.sandbox import Sandbox
from tests.journal.nights import Nights
from tests.journal.support import EVENTS
from tests.support import jobs_of, record, schema

SENDS = ["all", "changed"]
"""Whether all are sent or what has changed: events are the same."""


@pytest.fixture
def nights(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nights:
    return Nights(sandbox, tmp_path, monkeypatch)


def once_per(what: str, **members: Any) -> dict[str, Any]:
    return {"custom_events": EVENTS, "custom_events_once_per": what, **members}


@pytest.mark.parametrize("send", SENDS)
@pytest.mark.parametrize(("what", "mails"), [("version", 2), ("contact", 1)])
def test_what_has_fired_is_sent_without_events(nights: Nights, what: str, mails: int, send: str) -> None:
    members = once_per(what, send=send)
    for name in "ABABA":
        nights.run(schema(), record(1, first_name=name), record(2), **members)
    assert nights.mails == {"n1": mails, "n2": 1}
    assert nights.jobs[-1][0]["FirstName"] == "A"


@pytest.mark.parametrize("what", ["version", "contact"])
def test_an_added_column_mails_nobody_again(nights: Nights, what: str) -> None:
    members = once_per(what, send="all")
    nights.run(schema(), record(1, customer_id=1), **members, fields={"customer_id": "__NULL__"})
    nights.run(schema(), record(1, customer_id=1), **members)
    nights.run(schema(), record(1, customer_id=1), **members, fields={"first_name": "__NULL__"})
    assert nights.mails == {"n1": 1}
    assert len(nights.jobs) == 3


@pytest.mark.parametrize("what", ["version", "contact"])
def test_other_match_fields_mail_nobody_again(nights: Nights, what: str) -> None:
    members = once_per(what, send="all")
    nights.run(schema(), record(1, customer_id=1), **members)
    nights.run(schema(), record(1, customer_id=1), **members, match_fields=["CustomerId"])
    assert nights.mails == {"n1": 1}


def test_what_fired_once_per_run_counts_once_in_a_lifetime(nights: Nights) -> None:
    """Who had the mail before the setting was changed has had it."""
    nights.run(schema(), record(1), send="all", **once_per("run"))
    nights.run(schema(), record(1), record(2), **once_per("contact", send="all"))
    assert nights.mails == {"n1": 1, "n2": 1}


@pytest.mark.parametrize("what", ["version", "contact"])
def test_where_events_are_suppressed_that_was_it(nights: Nights, what: str) -> None:
    """The first load of a list whose contacts are no new ones."""
    members = once_per(what)
    nights.run(schema(), record(1), more={"suppress_custom_events": True}, **members)
    nights.run(schema(), record(1), record(2), **{**members, "send": "all"})
    assert nights.mails == {"n2": 1}


def test_a_job_that_certainly_fired_nothing_leaves_its_contacts_their_turn(nights: Nights) -> None:
    members = once_per("contact")
    nights.sandbox.faults.add({"call": "run", "job": {"CurrentStatus": "Failed", "effect": False}})
    nights.run(schema(), record(1), status=5, **members)
    assert nights.mails == {}
    nights.run(schema(), record(1), **members)
    assert nights.mails == {"n1": 1}


def test_contacts_that_nothing_tells_apart_are_no_ones_turn(nights: Nights) -> None:
    nameless = {"type": "RECORD", "stream": "contacts", "record": {"first_name": "x"}}
    members = once_per("contact", match_fields=[])
    for _ in range(2):
        nights.run(schema(keys=()), nameless, nameless, more={"max_rejected_percent": 100}, **members)
    assert [len(job) for job in nights.jobs] == [2, 2]
    assert all(job["RunHistory"][0]["CustomEvents"] for job in jobs_of(nights.sandbox))
