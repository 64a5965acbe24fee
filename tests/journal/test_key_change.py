"""The journal's key is changed: nobody is new by that, and nobody is mailed again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from target_w50.errors import SettingsError
from target_w50.journal.journal import Journal
from target_w50.journal.opening import open_journal
from target_w50.journal.person import Person
from target_w50.journal.person_rows import rows_of
from target_w50.runtime.clock import CLOCK
from target_w50.sandbox import Sandbox
from target_w50.settings.model import settings_from
from tests.journal.nights import Nights
from tests.journal.support import place
from tests.support import record, schema, state

OLD, NEW = "the key before", "the key from now on"
PEOPLE = [schema(), *[record(number) for number in range(6)], state(6)]
EVENTS: dict[str, Any] = {"custom_events": ["SendWelcomeEmail"]}


@pytest.fixture
def nights(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nights:
    return Nights(sandbox, tmp_path, monkeypatch)


def by(*keys: str, **more: Any) -> dict[str, Any]:
    return {"journal_key": keys[0] if len(keys) == 1 else [*keys], **more}


def opened_by(nights: Nights, *keys: str) -> Journal:
    journal = open_journal(
        str(place(nights.folder)), keys, api_url=nights.sandbox.url, run_id="a test", clock=CLOCK
    )
    assert journal is not None
    return journal


@pytest.mark.parametrize(
    "members", [{}, {**EVENTS, "custom_events_once_per": "contact"}], ids=["plain", "events"]
)
def test_what_is_known_under_the_key_before_is_known_under_the_new_one(
    nights: Nights, members: dict[str, Any]
) -> None:
    nights.run(*PEOPLE, more=by(OLD), **members)
    assert nights.sent(*PEOPLE, more=by(NEW, OLD), **members) == (0, 6)
    assert nights.sent(*PEOPLE, more=by(NEW), **members) == (0, 6), "the key before is not needed any more"
    refused = nights.run(*PEOPLE, more=by(OLD), status=2, **members)
    assert refused.error_code == "journal_key_differs"
    assert {*nights.mails.values()} <= {1}


def test_who_changes_as_the_key_does_is_sent_and_not_mailed_again(nights: Nights) -> None:
    members = {**EVENTS, "custom_events_once_per": "contact"}
    nights.run(*PEOPLE, more=by(OLD), **members)
    changed = [schema(), record(1, first_name="A"), record(2), record(7), state(7)]
    assert nights.sent(*changed, more=by(NEW, OLD), **members) == (2, 1)
    assert nights.sent(*changed, more=by(NEW), **members) == (0, 3)
    assert nights.mails == {f"n{number}": 1 for number in (*range(6), 7)}


def test_a_column_and_match_fields_may_change_with_the_key(nights: Nights) -> None:
    members = {**EVENTS, "custom_events_once_per": "version"}
    people = [record(number, customer_id=number) for number in range(3)]
    nights.run(schema(), *people, more=by(OLD), **members)
    wider = [record(number, customer_id=number, last_name="B") for number in range(3)]
    properties = {
        name: {"type": ["string", "integer"]} for name in ("email", "first_name", "customer_id", "last_name")
    }
    other = {**members, "match_fields": ["CustomerId"]}
    assert nights.sent(schema(properties=properties), *wider, more=by(NEW, OLD), **other) == (3, 0)
    assert {*nights.mails.values()} == {1}


def test_who_was_carried_over_has_no_hash_of_the_key_before(nights: Nights) -> None:
    members = {**EVENTS, "more": by(OLD, journal_retention_days=0)}
    nights.run(*PEOPLE, **members)
    nights.run(schema(), record(1), state(7), **{**members, "more": by(NEW, OLD, journal_retention_days=0)})
    with_both = opened_by(nights, NEW, OLD)
    under_old = opened_by(nights, NEW)
    under_old.keys = with_both.keys[1:]
    try:
        gone, there = Person({"Email": "n1@example.com"}), Person({"Email": "n2@example.com"})
        assert not rows_of(under_old, gone).contacts
        assert not rows_of(under_old, gone).fired
        assert len(rows_of(with_both, gone).contacts) == len(rows_of(with_both, gone).fired) == 1
        assert len(rows_of(with_both, there).contacts) == 1, "forget and trace look under both"
    finally:
        with_both.close()
        under_old.close()


def test_what_jobs_brought_that_are_not_settled_is_known_however_often_runs_end(nights: Nights) -> None:
    tap_dies = [schema(), state(0), record(1)]
    members = {"send": "all", **EVENTS}
    nights.run(*tap_dies, more=by(OLD), **members)
    for _ in range(2):
        ended = nights.run(*tap_dies, more=by(NEW, OLD), **members)
        assert (ended.run["contacts_sent"], ended.run["contacts_already_delivered"]) == (0, 1)
    nights.run(schema(), state(0), record(1, first_name="A"), more=by(NEW, OLD), **members)
    assert nights.mails == {"n1": 1}


def test_a_plan_foresees_it_and_carries_nothing_over(nights: Nights) -> None:
    members = {**EVENTS, "custom_events_once_per": "contact"}
    nights.run(*PEOPLE, more=by(OLD), **members)
    journal = opened_by(nights, OLD)
    before = journal.database.rows("SELECT * FROM w50_contacts ORDER BY contact_key")
    planned = nights.run(*PEOPLE, record(9), more=by(NEW, OLD, import_mode="dry_run"), **members)
    assert (planned.run["contacts_sent"], planned.run["contacts_unchanged"]) == (0, 6)
    assert journal.database.rows("SELECT * FROM w50_contacts ORDER BY contact_key") == before
    journal.close()


def test_the_keys_may_be_a_list_as_text_where_settings_are_mere_text() -> None:
    def key_of(value: Any) -> Any:
        return settings_from({"auth_token": "a", "journal_key": value}, streams_required=False).journal_key

    assert key_of('["new", "old"]') == key_of(["new", "old"]) == ("new", "old")
    assert key_of("[no list") == "[no list"
    for wrong, words in (
        (["a", "a"], "anything twice"),
        (["a", "b", "c"], "not valid"),
        ([], "not be empty"),
    ):
        with pytest.raises(SettingsError, match=words):
            key_of(wrong)
