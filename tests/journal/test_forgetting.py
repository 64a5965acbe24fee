"""What is forgotten of a person is in no file of the journal any more, and what is known of others stays."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from target_w50.errors import ListInUseError, SettingsError
from target_w50.journal.forgetting import Forgotten, forget_before, forget_list, forget_person
from target_w50.journal.journal import Journal
from target_w50.journal.person import Person
from target_w50.journal.person_rows import rows_of
from target_w50.journal.sqlite_file import SqliteFile
from target_w50.runtime.clock import CLOCK
from target_w50.sandbox import Sandbox
from tests.journal.nights import Nights
from tests.journal.support import opened, place, spellings
from tests.support import record, schema, state

MANY = 300
EVENTS: dict[str, Any] = {"custom_events": ["SendWelcomeEmail"]}


@pytest.fixture
def nights(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nights:
    return Nights(sandbox, tmp_path, monkeypatch)


def journal_of(nights: Nights, **more: Any) -> Any:
    return opened(nights.folder, api_url=nights.sandbox.url, **more)


def forget(nights: Nights, *, dry_run: bool = False, **values: str) -> Forgotten:
    with journal_of(nights) as journal:
        return forget_person(journal, Person(values), dry_run=dry_run)


def in_files(nights: Nights, keys: list[int]) -> int:
    """How many spellings of the hashes stand in the journal's files."""
    content = b"".join(path.read_bytes() for path in place(nights.folder).parent.iterdir())
    return sum(each in content for key in keys for each in spellings(key))


def kept_of(journal: Journal, **values: str) -> tuple[int, int, int]:
    rows = rows_of(journal, Person(values))
    return len(rows.contacts), len(rows.fired), len(rows.members)


def test_of_a_person_who_is_forgotten_not_even_the_bytes_of_a_hash_are_left(nights: Nights) -> None:
    people = [record(number) for number in range(MANY)]
    nights.run(schema(), *people, **EVENTS)
    nights.run(schema(), record(7, first_name="Another"), **EVENTS)
    with journal_of(nights) as journal:
        keys = [*rows_of(journal, Person({"Email": "n7@example.com"})).contacts]
        assert kept_of(journal, Email="n7@example.com") == (1, 1, 2)
    assert in_files(nights, keys) >= 3, "packed, in a row and as a row's number"
    gone = forget(nights, Email="N7@Example.com ")
    assert (gone.contacts, gone.fired, gone.members, gone.lists) == (1, 2, 2, (42,))
    assert in_files(nights, keys) == 0
    with journal_of(nights) as journal:
        assert kept_of(journal, Email="n7@example.com") == (0, 0, 0)
        assert kept_of(journal, Email="n8@example.com") == (1, 1, 1)
    assert nights.sent(schema(), *people, **EVENTS) == (1, MANY - 1), "who comes again is new"


def test_a_dry_run_says_the_same_and_changes_nothing(nights: Nights) -> None:
    nights.run(schema(), record(1))
    assert forget(nights, dry_run=True, Email="n1@example.com").contacts == 1
    assert forget(nights, Email="n1@example.com").contacts == 1
    assert not forget(nights, Email="n1@example.com").something


@pytest.mark.parametrize("name", ["EncContactId", "Email"])
@pytest.mark.parametrize("send", ["changed", "all", "unbooked"])
def test_who_is_known_by_two_names_is_forgotten_under_both(nights: Nights, name: str, send: str) -> None:
    members: dict[str, Any] = {
        "enc_contact_id": "contact_key",
        "send": "all" if send == "unbooked" else send,
        **EVENTS,
    }
    members["more"] = {"max_rejected_percent": 100}  # the sandbox knows none of these ids
    nights.run(
        schema(properties={name: {"type": "string"} for name in ("email", "first_name", "contact_key")}),
        *[record(number, contact_key=f"enc-{number}") for number in range(5)],
        **members,
    )
    values = {"EncContactId": "enc-3", "Email": "n3@example.com"}
    with journal_of(nights) as journal:
        keys = [*rows_of(journal, Person(values)).names]
        if send == "unbooked":  # as while the job has not ended
            journal.database.change("DELETE FROM w50_fired")
    with journal_of(nights) as journal:
        gone = forget_person(journal, Person({name: values[name]}), dry_run=False)
    assert gone.members == 2
    assert gone.contacts == (2 if send == "changed" else 0)
    assert in_files(nights, keys) == 0
    with journal_of(nights) as journal:
        assert kept_of(journal, Email="n4@example.com") == kept_of(journal, EncContactId="enc-4")
        assert kept_of(journal, Email="n4@example.com")[2] == 2


def test_where_several_fields_match_all_are_needed_and_what_is_missing_is_said(nights: Nights) -> None:
    match: dict[str, Any] = {"match_fields": ["Email", "CustomerId"]}
    nights.run(schema(), record(1, customer_id=1), record(2, customer_id=2), **match)
    (unnamed,) = forget(nights, Email="n1@example.com").unnamed
    assert (unnamed.stream, unnamed.match_fields) == ("contacts", ("CustomerId", "Email"))
    gone = forget(nights, customer_id="1", Email="n1@example.com")
    assert (gone.contacts, gone.unnamed) == (1, ())


def test_a_contact_without_match_fields_goes_by_its_key_properties(nights: Nights) -> None:
    nights.run(schema(), record(1), record(2), send="all", match_fields=[])
    assert forget(nights, email="n2@example.com").members == 1


def test_a_list_is_forgotten_whole_and_another_stays(nights: Nights) -> None:
    nights.run(schema(), record(1), record(2), **EVENTS)
    nights.run(schema(), record(1), contact_list="43", match_fields=["Email"])
    with journal_of(nights) as journal:
        gone = forget_list(journal, 42, dry_run=False)
        assert (gone.contacts, gone.fired, gone.members) == (2, 2, 2)
        assert kept_of(journal, Email="n1@example.com") == (1, 0, 1)
        assert journal.database.rows("SELECT count(*) FROM w50_jobs") == [(2,)]


def test_what_was_sent_before_a_day_goes_and_what_has_no_date_stays(nights: Nights) -> None:
    nights.run(schema(), record(1), record(2), record(3), **EVENTS)
    nights.days = 10
    nights.run(schema(), record(1, first_name="Another"), record(2), **EVENTS)
    with journal_of(nights) as journal:
        now = journal.database.now()
        journal.database.change(
            "UPDATE w50_contacts SET sent = 0 WHERE sent = (SELECT max(sent) FROM w50_contacts)"
        )
        gone = forget_before(journal, now - 5 * 86_400, dry_run=False)
        assert (gone.contacts, gone.fired, gone.members, gone.undated) == (2, 3, 3, 1)
        assert kept_of(journal, Email="n1@example.com") == (1, 1, 1)


def test_the_contacts_of_jobs_that_are_not_settled_stay_whatever_the_day(nights: Nights) -> None:
    nights.run(schema(), state(0), record(1), send="all", **EVENTS)
    with journal_of(nights) as journal:
        assert forget_before(journal, journal.database.now() + 1, dry_run=False).members == 0


def test_a_list_that_a_run_holds_is_left_alone(nights: Nights) -> None:
    nights.run(schema(), record(1))
    with journal_of(nights, run_id="nightly") as running:
        running.leases.take(42)
        words: list[Callable[[Journal], Forgotten]] = [
            lambda journal: forget_person(journal, Person({"Email": "n1@example.com"}), dry_run=False),
            lambda journal: forget_list(journal, 42, dry_run=False),
            lambda journal: forget_before(journal, 2e9, dry_run=False),
        ]
        for word in words:
            with journal_of(nights) as journal, pytest.raises(ListInUseError, match="nightly"):
                word(journal)
        assert kept_of(running, Email="n1@example.com") == (1, 0, 1)
        running.leases.release()


def test_a_list_with_a_job_that_nobody_has_seen_to_is_not_forgotten(nights: Nights) -> None:
    nights.run(schema(), record(1), **EVENTS)
    with journal_of(nights) as journal:
        journal.database.change("UPDATE w50_jobs SET phase = 'intent'")
        with pytest.raises(SettingsError, match="may have been run") as refused:
            forget_list(journal, 42, dry_run=False)
        assert refused.value.code == "forget_refused"


def test_where_another_reads_the_journal_it_is_said_that_the_bytes_are_there_still(nights: Nights) -> None:
    nights.run(schema(), record(1))
    with journal_of(nights) as reading, reading.database.reading():
        reading.database.rows("SELECT count(*) FROM w50_jobs")
        gone = forget(nights, Email="n1@example.com")
    assert "say it again" in gone.left
    assert forget(nights, Email="n1@example.com").left == "", "then they go, though nothing is found"


def test_a_run_on_another_list_is_not_kept_waiting_for_the_bytes_to_go(nights: Nights) -> None:
    nights.run(schema(), record(1))
    with journal_of(nights, run_id="nightly") as running:
        running.leases.take(43)
        gone = forget(nights, Email="n1@example.com")
        assert (gone.contacts, "runs are under way" in gone.left) == (1, True)
        running.leases.release()
    assert forget(nights, Email="n1@example.com").left == ""


def test_what_sqlite_copied_as_it_grew_is_wiped_too(tmp_path: Path) -> None:
    """`secure_delete` alone leaves one of these 400 in a page that was split since."""
    numbers = random.Random(1)  # noqa: S311  # always the same
    keys = [numbers.getrandbits(63) for _ in range(20_000)]
    database = SqliteFile(tmp_path / "journal.db", CLOCK.epoch_s)
    database.change(
        "CREATE TABLE w50_fired (contact_key INTEGER, version INTEGER, scope INTEGER, fired INTEGER, "
        "PRIMARY KEY (contact_key, version)) WITHOUT ROWID"
    )
    for start in range(0, len(keys), 500):
        some = keys[start : start + 500]
        versions = [numbers.getrandbits(63) for _ in some]
        ones = [1] * len(some)
        columns = {"contact_key": some, "version": versions, "scope": ones, "fired": ones}
        database.insert("w50_fired", columns, "")
    database.change_among("DELETE FROM w50_fired WHERE contact_key {among}", keys[::50])
    assert database.wipe() == ""
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert [key for key in keys[::50] if key.to_bytes(8, "big") in content] == []
    database.close()
