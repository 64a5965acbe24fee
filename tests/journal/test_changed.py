"""`send: changed`: what W50 has just so is not sent again, and what is sent all the same fires nothing."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from target_w50.errors import JournalError
from target_w50.journal.contact_rows import ContactRows, Known
from target_w50.loading import intake, waiting_batches
from target_w50.sandbox import Sandbox
from tests.journal.nights import Nights
from tests.journal.support import EVENTS, place
from tests.support import entry, jobs_of, load_here, record, requests_of, schema, settings, state, stored

MORE = [
    {},
    {"batch_size_rows": 1},
    {"max_contacts_per_job": 1},
    {"batch_size_rows": 2, "max_contacts_per_job": 3},
]
"""Settings under which the same must hold."""


@pytest.fixture
def nights(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nights:
    return Nights(sandbox, tmp_path, monkeypatch)


PEOPLE = [schema(), *[record(number) for number in range(10)]]
ONE_CHANGED = [*PEOPLE[:-1], record(9, first_name="Another")]


def test_only_what_has_changed_is_sent(nights: Nights) -> None:
    assert nights.sent(*PEOPLE) == (10, 0)
    assert nights.sent(*PEOPLE) == (0, 10)
    assert nights.sent(*ONE_CHANGED) == (1, 9)
    assert stored(nights.sandbox)["n9@example.com"]["FirstName"] == "Another"
    assert nights.sent(*ONE_CHANGED) == (0, 10)
    assert [job["ContactCount"] for job in jobs_of(nights.sandbox)] == [10, 1]


@pytest.mark.parametrize("more", MORE, ids=str)
def test_a_value_that_comes_back_within_a_run_is_sent_again(nights: Nights, more: dict[str, Any]) -> None:
    """A, B, A: W50 had A, and would be left with B."""
    first, other = record(1, first_name="A"), record(1, first_name="B")
    nights.run(schema(), first)
    nights.run(schema(), first, record(2), other, record(3), first, more=more)
    assert stored(nights.sandbox)["n1@example.com"]["FirstName"] == "A"
    assert nights.sent(schema(), first) == (0, 1)


@pytest.mark.parametrize("media_type", ["application/json", "application/xml"])
def test_what_is_compared_is_the_contact_as_it_would_be_sent(nights: Nights, media_type: str) -> None:
    """Whatever the format, the order of the columns and the way that a record went."""
    properties = {"email": {"type": "string"}, "last_name": {}, "first_name": {}}
    number = [schema(properties=properties), record(1, last_name=1.50)]
    turned = [schema(properties=dict(reversed(properties.items()))), record(1, last_name=1.50)]
    text = [number[0], record(1, last_name="1.5")]
    assert nights.sent(*number, more={"media_type": media_type}) == (1, 0)
    assert nights.sent(*turned) == (0, 1)
    assert nights.sent(*number, more={"media_type": "text/xml"}) == (0, 1)
    assert nights.sent(*number, more={"on_invalid_record": "fail", "batch_size_rows": 1}) == (0, 1)
    assert nights.sent(*text, more={"media_type": media_type}) == (1, 0)


def test_the_short_way_and_the_general_way_make_one_version(nights: Nights) -> None:
    properties = {
        "email": {"type": "string"},
        "last_name": {"type": ["null", "number"]},
        "first_name": {"type": ["null", "object", "string"]},
        "customer_id": {"type": ["null", "integer"]},
    }
    values: list[dict[str, Any]] = [
        {"last_name": 1.50, "first_name": {"b": 1.10, "a": ["x", None]}, "customer_id": 7},
        {"last_name": None, "first_name": 'Zoë "Z" \u2028 / \\'},
        {"customer_id": None},
    ]
    people = [schema(properties=properties)]
    for number in range(9):
        own = {"email": f"n{number}@example.com", **values[number % 3]}
        people.append({"type": "RECORD", "stream": "contacts", "record": own})
    assert nights.sent(*people) == (9, 0)
    assert nights.sent(*people, more={"validate_records": False}) == (0, 9), "the general way"
    assert nights.sent(*people, more={"media_type": "text/xml"}) == (0, 9)
    assert nights.sent(*people, more={"batch_size_rows": 2}) == (0, 9)


def test_a_contact_is_compared_when_its_records_are_merged(nights: Nights) -> None:
    parts = [
        {"type": "RECORD", "stream": "contacts", "record": {"email": "n1@example.com", name: "x"}}
        for name in ("last_name", "first_name")
    ]
    wide = schema(properties={"email": {"type": "string"}, "first_name": {}, "last_name": {}})
    assert nights.sent(wide, *parts) == (1, 0)
    assert nights.sent(wide, *parts[::-1]) == (0, 1)
    assert nights.sent(wide, parts[0]) == (1, 0), "it would be sent without the other"


def test_what_is_ignored_is_no_change_and_is_sent_with_one(nights: Nights) -> None:
    ignoring = {"ignore_changes_in": ["CustomerId"]}
    assert nights.sent(schema(), record(1, customer_id=1), **ignoring) == (1, 0)
    assert nights.sent(schema(), record(1, customer_id=2), **ignoring) == (0, 1)
    assert stored(nights.sandbox)["n1@example.com"]["CustomerId"] == 1
    assert nights.sent(schema(), record(1, customer_id=2, first_name="B"), **ignoring) == (1, 0)
    assert stored(nights.sandbox)["n1@example.com"]["CustomerId"] == 2


def test_with_enc_contact_id_both_names_must_hold_what_is_sent(nights: Nights) -> None:
    text = {"type": ["null", "string"]}
    head = schema(properties={"email": text, "enc": text, "first_name": text}, keys=())

    def of(enc: str | None, name: str) -> dict[str, Any]:
        values = {"email": "n1@example.com", "enc": enc, "first_name": name}
        return {"type": "RECORD", "stream": "contacts", "record": values}

    members: dict[str, Any] = {"enc_contact_id": "enc", "more": {"max_rejected_percent": 100}}
    first, other = of("X", "A"), of(None, "B")
    assert nights.sent(head, first, **members) == (1, 0)
    assert nights.sent(head, first, **members) == (0, 1)
    assert nights.sent(head, other, **members) == (1, 0)
    assert nights.sent(head, first, **members) == (1, 0), "W50 may hold what was sent by match values since"


def test_a_deletion_is_marked_once(nights: Nights) -> None:
    gone = record(1, _sdc_deleted_at="2027-01-01T00:00:00Z")
    marks = {"deleted_records": "mark", "deleted_values": {"FirstName": None}}
    assert nights.sent(schema(), record(1), **marks) == (1, 0)
    assert nights.sent(schema(), gone, **marks) == (1, 0)
    assert nights.sent(schema(), gone, **marks) == (0, 1)
    assert nights.sent(schema(), record(1), **marks) == (1, 0)


# Trap 2: what is sent again without having changed fires nothing.


def test_a_column_that_is_added_sends_all_and_mails_only_those_that_changed(nights: Nights) -> None:
    members: dict[str, Any] = {"custom_events": EVENTS, "fields": {"customer_id": "__NULL__"}}
    nights.run(*PEOPLE, **members)
    del members["fields"]
    wider = [
        schema(),
        *[record(number, customer_id=number) for number in range(9)],
        record(9, first_name="B"),
    ]
    assert nights.sent(*wider, record(10), **members) == (11, 0)
    mails = dict.fromkeys((f"n{number}" for number in range(11)), 1)
    assert nights.mails == {**mails, "n9": 2}
    assert nights.sent(*wider, record(10), **members) == (0, 11)


def test_a_column_that_is_gone_sends_all_and_mails_nobody(nights: Nights) -> None:
    """Whether a contact changed as well can't be known: a mail too few is better than one too many."""
    nights.run(schema(), record(1, customer_id=1), custom_events=EVENTS)
    less = {"custom_events": EVENTS, "fields": {"customer_id": "__NULL__"}}
    assert nights.sent(schema(), record(1), **less) == (1, 0)
    assert nights.mails == {"n1": 1}


def test_other_match_fields_make_nobody_new(nights: Nights) -> None:
    people = [schema(), *[record(number, customer_id=number) for number in range(3)]]
    nights.run(*people, custom_events=EVENTS)
    by_id: dict[str, Any] = {"custom_events": EVENTS, "match_fields": ["CustomerId"]}
    assert nights.sent(*people, record(3, customer_id=3), **by_id) == (4, 0)
    assert nights.mails == {"n0": 1, "n1": 1, "n2": 1, "n3": 1}
    assert nights.sent(*people, record(3, customer_id=3), **by_id) == (0, 4)


def test_match_values_that_are_folded_make_nobody_new(nights: Nights) -> None:
    people = [schema(), record(1), record("X")]
    nights.run(*people, custom_events=EVENTS)
    folded: dict[str, Any] = {"custom_events": EVENTS, "match_values": "folded"}
    assert nights.sent(*people, **folded) == (1, 1), "one has another key by it"
    assert nights.mails == {"n1": 1, "nX": 1}
    assert nights.sent(*people, **folded) == (0, 2)


@pytest.mark.parametrize("more", MORE, ids=str)
def test_the_order_of_a_contacts_values_holds_over_both_jobs(nights: Nights, more: dict[str, Any]) -> None:
    """Sent again without events, changed with them, and back: the last value wins."""
    members: dict[str, Any] = {"custom_events": EVENTS, "resend_after_days": 1, "more": more}
    nights.run(schema(), *[record(number, first_name="A") for number in range(5)], **members)
    nights.days += 1
    changing = [record(number, first_name=name) for name in "ABC" for number in range(4)]
    nights.run(schema(), *changing, record(4, first_name="A"), record(0, first_name="A"), **members)
    found = {name.partition("@")[0]: values["FirstName"] for name, values in stored(nights.sandbox).items()}
    assert found == {"n0": "A", "n1": "C", "n2": "C", "n3": "C", "n4": "A"}
    assert nights.mails | {"n0": 2} == {"n0": 2, "n1": 2, "n2": 2, "n3": 2, "n4": 1}
    for job in nights.jobs:
        assert len(job) == len({contact["Email"] for contact in job})


# Trap 4: what W50 holds after a job that came to nothing, or to nobody knows what, is not known.


def test_what_a_job_held_that_failed_is_sent_again(nights: Nights) -> None:
    nights.run(*PEOPLE)
    nights.sandbox.faults.add({"call": "run", "job": {"CurrentStatus": "Failed", "InsertedContacts": 1}})
    nights.run(*ONE_CHANGED, status=5)
    assert nights.sent(*PEOPLE) == (1, 9), (
        "the last one, though it is as W50 had it before the job that failed"
    )
    assert stored(nights.sandbox)["n9@example.com"]["FirstName"] == "First 9"


def test_a_job_without_events_that_failed_makes_nobody_new(nights: Nights) -> None:
    members: dict[str, Any] = {"custom_events": EVENTS, "resend_after_days": 1}
    nights.run(*PEOPLE, **members)
    nights.days += 1
    nights.sandbox.faults.add({"call": "run", "job": {"CurrentStatus": "Failed", "effect": False}})
    nights.run(*PEOPLE, status=5, **members)
    assert nights.sent(*PEOPLE, **members) == (10, 0)
    assert {*nights.mails.values()} == {1}


# Trap 5: what W50 rejects would be rejected again; what it warned of may be mended.


def test_a_rejected_contact_is_not_sent_again_and_one_that_w50_warned_of_is(nights: Nights) -> None:
    odd = "n1@example.com"
    nights.sandbox.faults.add({"warn": {"field": "Email", "equals": odd, "text": "Odd address"}})
    rejecting = {"job": {"InsertedContacts": 9, "TotalContacts": 9}}
    nights.sandbox.faults.add({"call": "run", **rejecting})
    nights.run(*PEOPLE, custom_events=EVENTS)
    assert nights.sent(*PEOPLE, custom_events=EVENTS) == (1, 9)
    nights.sandbox.faults.clear()
    assert nights.sent(*PEOPLE, custom_events=EVENTS) == (1, 9)
    assert nights.sent(*PEOPLE, custom_events=EVENTS) == (0, 10)
    assert {*nights.mails.values()} == {1}


# Trap 6: lists that are edited elsewhere.


def test_contacts_are_sent_again_after_some_days_not_all_on_one_and_without_events(nights: Nights) -> None:
    members: dict[str, Any] = {"custom_events": EVENTS, "resend_after_days": 4}
    people = [schema(), *[record(number) for number in range(40)]]
    nights.run(*people, **members)
    sent = []
    for _ in range(4):
        nights.days += 1
        sent.append(nights.sent(*people, **members)[0])
    assert sent[0] == 0
    assert len({contact["Email"] for job in nights.jobs[1:] for contact in job}) == 40
    assert all(each < 40 for each in sent), "spread by key"
    assert {*nights.mails.values()} == {1}


def test_zero_days_is_never(nights: Nights) -> None:
    nights.run(*PEOPLE)
    nights.days += 10_000
    assert nights.sent(*PEOPLE, resend_after_days=0) == (0, 10)


def test_a_list_that_lost_contacts_is_sent_whole_without_events_and_it_is_said(nights: Nights) -> None:
    nights.run(*PEOPLE, custom_events=EVENTS)
    nights.lose(1)
    assert nights.sent(*PEOPLE, custom_events=EVENTS) == (0, 10), "a tenth of them may go"
    nights.lose(2)
    ended = nights.run(*PEOPLE, record(10), custom_events=EVENTS)
    assert "was changed elsewhere" in ended.stderr
    assert len(stored(nights.sandbox)) == 11
    assert nights.mails["n10"] == 1
    quiet = [
        job
        for job in jobs_of(nights.sandbox)
        if job["RunHistory"] and not job["RunHistory"][0]["CustomEvents"]
    ]
    assert [job["ContactCount"] for job in quiet] == [10]
    assert nights.sent(*PEOPLE, record(10), custom_events=EVENTS) == (0, 11)


# Trap 3: whose contact it is.


def test_two_streams_that_send_one_field_of_a_list_are_refused(nights: Nights) -> None:
    """Each by itself would leave W50 with what the other sent last."""
    entries = [entry(name, send="changed") for name in ("a", "b")]
    config = settings(nights.sandbox, *entries, journal=str(place(nights.folder)))
    ended = load_here(nights.folder / "one", config, [schema("a"), schema("b"), record(1, "a")])
    assert (ended.status, ended.error_code) == (2, "field_of_two_streams"), ended.stderr
    assert not jobs_of(nights.sandbox)


def test_a_stream_that_sends_all_beside_one_that_sends_what_changed_is_warned_of(nights: Nights) -> None:
    entries = [entry("a", send="changed"), entry("b")]
    config = settings(nights.sandbox, *entries, journal=str(place(nights.folder)))
    ended = load_here(nights.folder / "one", config, [schema("a"), schema("b"), record(1, "a")])
    assert ended.status == 0, ended.stderr
    assert "one of them with `send` changed: 'FirstName' (stream 'a')" in ended.stderr


def test_two_streams_that_share_what_they_match_by_alone_keep_apart(nights: Nights) -> None:
    drops = ({"customer_id": "__NULL__"}, {"first_name": "__NULL__"})
    entries = [entry(name, send="changed", fields=each) for name, each in zip("ab", drops, strict=True)]
    config = settings(nights.sandbox, *entries, journal=str(place(nights.folder)))
    messages = [schema("a"), schema("b"), record(1, "a"), record(1, "b", customer_id=1)]
    for name, unchanged in (("one", 0), ("two", 2)):
        ended = load_here(nights.folder / name, config, messages)
        assert ended.status == 0, ended.stderr
        assert ended.run["contacts_unchanged"] == unchanged


# Beside other settings.


def test_after_a_run_that_sent_all_nothing_counts_as_known(nights: Nights) -> None:
    nights.run(schema(), record(1, first_name="A"), custom_events=EVENTS)
    nights.run(schema(), record(1, first_name="B"), custom_events=EVENTS, send="all")
    assert nights.sent(schema(), record(1, first_name="A"), custom_events=EVENTS) == (1, 0)
    assert stored(nights.sandbox)["n1@example.com"]["FirstName"] == "A"
    assert nights.mails == {"n1": 2}, "the first, and the one that was sent with all"


def test_quarantine_and_bisection_keep_what_is_known_of_the_others(nights: Nights, tmp_path: Path) -> None:
    more = {"on_invalid_record": "quarantine", "quarantine_path": str(tmp_path / "aside.singer")}
    nights.sandbox.faults.add({"reject": {"field": "FirstName", "equals": "First 3", "status": 400}})
    assert nights.sent(*PEOPLE, more=more) == (9, 0)
    assert nights.sent(*PEOPLE, more=more) == (0, 9), "and the one that W50 refused is refused again"


def test_where_no_journal_can_be_it_is_refused(
    nights: Nights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    for members in (
        dict[str, Any](),
        {"send": "all", "custom_events": EVENTS, "custom_events_once_per": "contact"},
    ):
        ended = nights.run(*PEOPLE, status=2, more={"journal": "auto"}, **members)
        assert ended.error_code == "journal_needed"
        planned = nights.run(*PEOPLE, more={"journal": "auto", "import_mode": "dry_run"}, **members)
        assert "would end with exit status 2: `send` changed" in planned.stderr
        assert "need a journal" in ended.last_line
    assert not jobs_of(nights.sandbox)


def test_a_plan_tells_how_many_of_all_would_be_sent_and_changes_nothing(nights: Nights) -> None:
    members: dict[str, Any] = {"custom_events": EVENTS, "custom_events_once_per": "contact"}
    nights.run(*PEOPLE, **members)
    for _ in range(2):
        ended = nights.run(*ONE_CHANGED, record(10), more={"import_mode": "dry_run"}, **members)
        assert "would send 2 of 11 contacts to list 42" in ended.last_line
        assert "SendWelcomeEmail for up to 1;" in ended.last_line
        assert "unchanged    9" in ended.stderr
    assert nights.sent(*ONE_CHANGED, record(10), **members) == (2, 9)


def test_a_plan_before_the_first_run_makes_no_journal(nights: Nights) -> None:
    ended = nights.run(*PEOPLE, more={"import_mode": "dry_run"})
    assert "would send 10 contacts to list 42" in ended.last_line
    assert not place(nights.folder).exists()


def test_the_sentence_at_the_end_and_the_figures_tell_what_was_unchanged(nights: Nights) -> None:
    nights.run(*PEOPLE)
    ended = nights.run(*ONE_CHANGED, more={"progress": "always"})
    assert (
        "Sent 1 contact in 1 import job: 0 inserted, 1 updated, 9 unchanged and not sent." in ended.last_line
    )


def test_a_journal_in_a_database_knows_the_same(nights: Nights, journal: dict[str, Any]) -> None:
    members: dict[str, Any] = {"custom_events": EVENTS, "custom_events_once_per": "version", "more": journal}
    assert nights.sent(*PEOPLE, **members) == (10, 0)
    assert nights.sent(*ONE_CHANGED, **members) == (1, 9)
    nights.sandbox.faults.add({"call": "run", "job": {"CurrentStatus": "Failed", "effect": False}})
    nights.run(*PEOPLE, status=5, **members)
    assert nights.sent(*PEOPLE, **members) == (1, 9)
    assert nights.mails["n9"] == 2, "each of its versions"


def test_the_few_that_changed_in_each_batch_go_out_together(nights: Nights) -> None:
    """A request takes long, be it ever so small."""
    people = [record(number) for number in range(60)]
    others = [
        record(number, first_name="Another") if number % 5 == 0 else people[number] for number in range(60)
    ]
    more = {"batch_size_rows": 10}
    assert nights.sent(schema(), *people, more=more) == (60, 0)
    before = len(requests_of(nights.sandbox, "add"))
    assert nights.sent(schema(), *others, more=more) == (12, 48)
    assert len(requests_of(nights.sandbox, "add")) - before == 2, "of six contacts: of three batches each"
    assert [len(job) for job in nights.jobs] == [60, 12]
    assert nights.sent(schema(), *others, more=more) == (0, 60)


@pytest.mark.parametrize("comes_again", [0, 5, 59])
def test_a_contact_that_comes_again_after_it_was_collected_goes_into_another_job(
    nights: Nights, comes_again: int
) -> None:
    """Its request has not left, but it counts as handed over: the last value wins, its event fires once."""
    people = [record(number) for number in range(60)]
    nights.run(schema(), *people, custom_events=EVENTS)
    others = [
        record(number, first_name="Another") if number % 10 == 5 else people[number] for number in range(60)
    ]
    last = record(comes_again, first_name="At last")
    more = {"batch_size_rows": 10}
    nights.run(schema(), *others, last, custom_events=EVENTS, more=more)
    assert stored(nights.sandbox)[f"n{comes_again}@example.com"]["FirstName"] == "At last"
    assert nights.mails["n5"] == 2
    assert nights.sent(schema(), *others, last, custom_events=EVENTS, more=more)[0] == 2, "there and back"


def test_what_is_collected_can_be_set_aside_with_what_the_tap_sent(nights: Nights, tmp_path: Path) -> None:
    people = [record(number) for number in range(40)]
    nights.run(schema(), *people)
    nights.sandbox.faults.add(reject={"field": "FirstName", "contains": "Another"})
    others = [
        record(number, first_name="Another" if number == 12 else "New") if number % 4 == 0 else people[number]
        for number in range(40)
    ]
    aside = tmp_path / "aside.singer"
    more = {"batch_size_rows": 10, "on_invalid_record": "quarantine", "quarantine_path": str(aside)}
    assert nights.run(schema(), *others, more=more).run["contacts_sent"] == 9
    assert "n12@example.com" in aside.read_text()
    assert "n16@example.com" not in aside.read_text()


SIXTY = [record(number) for number in range(60)]
FEW_OTHERS = [
    record(number, first_name="Another") if number % 5 == 0 else each for number, each in enumerate(SIXTY)
]
TENS = {"batch_size_rows": 10}


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Of how many contacts it was looked up at once whether they changed."""
    counts: list[int] = []
    stale = ContactRows.stale

    def counted(rows: ContactRows, keys: Sequence[int], *others: Any) -> dict[int, Known | None]:
        counts.append(len(keys))
        return stale(rows, keys, *others)

    monkeypatch.setattr(ContactRows, "stale", counted)
    return counts


def test_batches_of_which_little_changes_are_looked_up_together(
    nights: Nights, looked_up: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert nights.sent(schema(), *SIXTY, more=TENS) == (60, 0)
    assert looked_up == [10] * 6, "what is sent is sent at once"
    looked_up.clear()
    assert nights.sent(schema(), *FEW_OTHERS, more=TENS) == (12, 48)
    assert looked_up == [10, 50]
    looked_up.clear()
    monkeypatch.setattr(waiting_batches, "MOST_WAITING", 15)
    assert nights.sent(schema(), *SIXTY, more=TENS) == (12, 48)
    assert looked_up == [10, 20, 20, 10]
    looked_up.clear()
    monkeypatch.setattr(waiting_batches, "WAITING_BYTES", 0)
    assert nights.sent(schema(), *FEW_OTHERS, more=TENS) == (12, 48)
    assert looked_up == [10] * 6


def test_what_a_look_up_found_is_not_asked_again(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    nights.run(schema(), *SIXTY, more=TENS)
    asked: list[int] = []
    known = ContactRows.known

    def noted(rows: ContactRows, keys: Sequence[int]) -> dict[int, Known]:
        asked.extend(keys)
        return known(rows, keys)

    monkeypatch.setattr(ContactRows, "known", noted)
    others = [record(number + 60) for number in range(5)]
    assert nights.sent(schema(), *FEW_OTHERS, *others, more=TENS) == (17, 48)
    assert asked == []


def test_a_look_up_in_the_background_that_fails_ends_the_run_before_its_contacts_are_judged(
    nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    nights.run(schema(), *SIXTY, more=TENS)
    monkeypatch.setattr(waiting_batches, "MOST_WAITING", 15)
    stale, threads = ContactRows.stale, list[str]()

    def failing(rows: ContactRows, *others: Any) -> dict[int, Known | None]:
        threads.append(threading.current_thread().name)
        if len(threads) == 3:
            raise JournalError("The journal is gone.")
        return stale(rows, *others)

    monkeypatch.setattr(ContactRows, "stale", failing)
    ended = nights.run(schema(), *FEW_OTHERS, state(1), more=TENS, status=None)
    assert (ended.status, ended.error_code, ended.states) == (1, "journal_failed", [])
    assert "The journal is gone." in ended.stderr
    assert threads[1:] == ["look-up"] * 2
    monkeypatch.setattr(ContactRows, "stale", stale)
    assert nights.sent(schema(), *FEW_OTHERS, more=TENS) == (12, 48)


@pytest.mark.parametrize("together", [15, 20_000])
@pytest.mark.parametrize("comes_again", [0, 5, 15, 18, 45, 59])
def test_a_contact_that_comes_again_while_it_waits_is_judged_before_that(
    nights: Nights, looked_up: list[int], monkeypatch: pytest.MonkeyPatch, comes_again: int, together: int
) -> None:
    """Whether it is in the job is known then, and what W50 will have of it."""
    monkeypatch.setattr(waiting_batches, "MOST_WAITING", together)
    nights.run(schema(), *SIXTY, more=TENS)
    looked_up.clear()
    last, new = record(comes_again, first_name="At last"), [record(number) for number in range(60, 70)]
    ended = nights.run(schema(), *FEW_OTHERS, last, *new, FEW_OTHERS[comes_again], more=TENS)
    assert ended.run["contacts_sent"] == 12 + 1 + 10 + 1, "there and back"
    name = FEW_OTHERS[comes_again]["record"]["first_name"]
    assert stored(nights.sandbox)[f"n{comes_again}@example.com"]["FirstName"] == name
    for job in nights.jobs:
        assert len({each["Email"] for each in job}) == len(job), "a contact is once in a job"
    assert looked_up[0] == 10
    assert nights.sent(schema(), *FEW_OTHERS, more=TENS) == (0, 60)


def test_waiting_contacts_give_way_before_those_that_are_collected_for_a_request(
    nights: Nights, looked_up: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where memory is short, they are looked up earlier, and requests are no smaller."""
    nights.run(schema(), *SIXTY, more=TENS)
    looked_up.clear()
    before = len(requests_of(nights.sandbox, "add"))
    fewer = [other if number in {5, 25, 55} else SIXTY[number] for number, other in enumerate(FEW_OTHERS)]
    monkeypatch.setattr(intake, "OPEN_BYTES", 12_250)
    assert nights.sent(schema(), *fewer, more={**TENS, "batch_size_bytes": 5000}) == (3, 57)
    assert looked_up[0] == 10
    assert 10 < looked_up[1] < 50, "memory was short"
    assert len(requests_of(nights.sandbox, "add")) - before == 1
