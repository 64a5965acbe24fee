"""`w50 journal seed`: a list that somebody loaded by other means before target-w50 came."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from target_w50.sandbox import Sandbox
from tests.cli.support import Operator, Outcome
from tests.journal.support import opened, place
from tests.support import Finished, load_here, record, schema, state

EVENTS = ["SendWelcomeEmail"]
PEOPLE = [schema(), *[record(number) for number in range(5)], state(5)]


class Newcomer(Operator):
    """An operator whose list W50 has already; W50 mailed nobody of it."""

    def __init__(self, sandbox: Sandbox, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        super().__init__(sandbox, folder, capsys)
        self._runs = 0
        self.entry: dict[str, Any] = self.settings["streams"][0]
        assert self.load(*PEOPLE, journal="none").run["contacts_sent"] == 5
        self.settings["journal"] = str(place(folder))
        self.entry |= {"send": "changed", "custom_events": EVENTS, "custom_events_once_per": "contact"}

    def load(self, *messages: dict[str, Any], **more: Any) -> Finished:
        self._runs += 1
        ended = load_here(self.folder / f"run-{self._runs}", {**self.settings, **more}, messages)
        assert ended.status == 0, ended.stderr
        return ended

    def seed(self, *arguments: str, messages: list[dict[str, Any]] = PEOPLE, **more: Any) -> Outcome:
        file = self.folder / "messages.singer"
        file.write_text("".join(json.dumps(each) + "\n" for each in messages))
        return self.w50("journal", "seed", str(file), *arguments, **more)

    @property
    def mailed(self) -> int:
        """How many had a mail; none had two."""
        mails = Counter(each["ContactId"] for each in self.sandbox.contents()["CustomEvents"])
        assert {*mails.values()} <= {1}
        return len(mails)


@pytest.fixture
def newcomer(sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Newcomer:
    return Newcomer(sandbox, tmp_path, capsys)


@pytest.mark.parametrize("media_type", ["application/json", "application/xml"])
def test_what_is_seeded_is_not_sent_and_mails_nobody(newcomer: Newcomer, media_type: str) -> None:
    posts = [each["Method"] for each in newcomer.sandbox.contents()["Requests"]].count("POST")
    seeded = newcomer.seed("--json", media_type=media_type)
    assert seeded.status == 0, seeded.err
    (stream,) = seeded.document["streams"]
    assert (stream["contacts_booked"], stream["records_read"], stream["records_refused"]) == (5, 5, 0)
    assert [each["Method"] for each in newcomer.sandbox.contents()["Requests"]].count("POST") == posts
    ended = newcomer.load(*PEOPLE)
    assert (ended.run["contacts_sent"], ended.run["contacts_unchanged"]) == (0, 5)
    changed = newcomer.load(schema(), record(1, first_name="Another"), record(9), state(6))
    assert (changed.run["contacts_sent"], newcomer.mailed) == (2, 1), "the new one alone"


def test_who_has_not_had_the_events_gets_them_with_a_change(newcomer: Newcomer) -> None:
    seeded = newcomer.seed("--events-not-sent")
    assert "5 contacts booked as delivered, but not as having had SendWelcomeEmail" in seeded.out
    newcomer.load(*PEOPLE)
    assert newcomer.mailed == 0
    newcomer.load(schema(), record(1, first_name="Another"), state(6))
    assert newcomer.mailed == 1


def test_where_all_is_sent_each_time_those_who_are_seeded_are_mailed_nothing(newcomer: Newcomer) -> None:
    newcomer.entry["send"] = "all"
    newcomer.seed()
    ended = newcomer.load(*PEOPLE, record(9), state(6))
    assert (ended.run["contacts_sent"], newcomer.mailed) == (6, 1)


def test_seeding_again_books_what_differs_and_says_what_was_known(newcomer: Newcomer) -> None:
    newcomer.seed()
    again = newcomer.seed(messages=[schema(), record(1), record(1, first_name="A"), record(2)])
    assert "1 contact booked as delivered" in again.out, "records of one contact are merged"
    assert "; 1 known already." in again.out
    assert newcomer.load(schema(), record(1, first_name="A"), state(6)).run["contacts_sent"] == 0


def test_records_that_can_not_be_loaded_book_nothing_and_are_said(newcomer: Newcomer) -> None:
    seeded = newcomer.seed(messages=[schema(), record(1), record(2, first_name=7)])
    assert (seeded.status, seeded.out.count("1 contact booked")) == (0, 1)
    assert "1 record could not be loaded (schema_invalid, property 'first_name'" in seeded.err


def test_it_says_what_the_document_shows(newcomer: Newcomer) -> None:
    document = Path(__file__).parents[2] / "docs" / "first-load.md"
    assert f"    {newcomer.seed().out}" in document.read_text(encoding="utf-8")


def test_a_list_that_has_fewer_contacts_than_are_booked_is_told_of(newcomer: Newcomer) -> None:
    seeded = newcomer.seed(messages=[schema(), *[record(number) for number in range(9)]])
    assert "has 5 contacts in W50, fewer than were booked" in seeded.err


def test_a_seeded_contact_is_traced_as_such(newcomer: Newcomer, monkeypatch: pytest.MonkeyPatch) -> None:
    newcomer.seed()
    with opened(newcomer.folder, api_url=newcomer.sandbox.url) as journal:
        assert journal.database.rows("SELECT phase, contacts FROM w50_jobs") == [("covered", 5)]
        assert journal.database.rows("SELECT count(*) FROM w50_lists WHERE run_id IS NOT NULL") == [(0,)]
    assert " seeded " in newcomer.w50("journal", "ls").out
    monkeypatch.setattr("target_w50.cli.commands.trace.ask_values", lambda *_: {"Email": "n1@example.com"})
    traced = newcomer.w50("trace", "42", "Email")
    assert "booked as delivered by other means; nothing was sent" in traced.out


def test_a_list_that_a_run_holds_is_not_seeded(newcomer: Newcomer) -> None:
    with opened(newcomer.folder, "nightly", newcomer.sandbox.url) as journal:
        journal.leases.take(42)
        refused = newcomer.seed()
        assert (refused.status, "error_code=list_in_use" in refused.err) == (7, True)
        assert journal.database.rows("SELECT count(*) FROM w50_jobs") == [(0,)]
        journal.leases.release()


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"journal": "none"}, "settings_invalid"),
        (
            {"streams": [{"stream": "contacts", "contact_list": "42", "match_fields": ["Email"]}]},
            "nothing_to_seed",
        ),
    ],
    ids=["journal", "streams"],
)
def test_where_nothing_can_be_remembered_seeding_is_refused(
    newcomer: Newcomer, settings: dict[str, Any], code: str
) -> None:
    refused = newcomer.seed(**settings)
    assert (refused.status, f"error_code={code}" in refused.err) == (2, True), refused.err
