"""What the journal relies on, in both kinds of database: one holder of a list, all of a step or nothing."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from target_w50.contacts.mapping import StreamMapping
from target_w50.errors import JournalError, LeaseLostError, ListInUseError, SettingsError
from target_w50.import_jobs.fingerprints import DOUBT
from target_w50.journal import tables
from target_w50.journal.contact_rows import Booking
from target_w50.journal.database import Database
from target_w50.journal.entries import JournalPhase
from target_w50.journal.journal import Journal
from target_w50.journal.leases import LEASE_S
from target_w50.journal.members import pack
from target_w50.journal.opening import open_journal
from target_w50.journal.process import Process
from target_w50.journal.tables import VERSION
from target_w50.runtime.clock import CLOCK
from target_w50.sandbox import Sandbox
from target_w50.settings.model import entry_from
from target_w50.w50 import ContactsList, ImportJob
from tests.support import Target, entry, load_here, record, schema, settings, state, stored

ACCOUNT = "w50.example"
PEOPLE = 8
"""Who all want the same list at once."""
Open = Callable[..., Journal]
MAPPING = StreamMapping(
    "contacts", entry_from(entry(send="changed")), ContactsList(42, "N", 0), (), (), ("Email",)
)


@pytest.fixture
def opened(journal: dict[str, Any]) -> Iterator[Open]:
    """Opens the test's journal for a run, from a machine of its own."""
    with ExitStack() as stack:

        def begin(run_id: str, key: str = "a key of the tests") -> Journal:
            found = open_journal(
                journal["journal"], key, api_url=f"https://{ACCOUNT}", run_id=run_id, clock=CLOCK
            )
            assert found is not None
            stack.callback(found.close)
            found.leases.process = Process(f"machine of {run_id}", "1")
            return found

        yield begin


def a_job(**counters: int) -> ImportJob:
    return ImportJob.from_wire({"Id": 7, "ContactListId": 42, "CurrentStatus": "Created", **counters})


def time_goes_by(journal: Journal) -> None:
    """The leases end, as if nobody had renewed them."""
    journal.database.change("UPDATE w50_lists SET expires = expires - :time", time=LEASE_S + 1)


def test_a_list_is_one_runs_until_it_gives_it_back(opened: Open) -> None:
    one, two = opened("one"), opened("two")
    one.leases.take(42)
    two.leases.take(43)
    with pytest.raises(ListInUseError, match=r"run one on machine of one \(process 1\)"):
        two.leases.take(42)
    one.leases.renew()
    one.leases.release()
    two.leases.take(42)
    assert two.leases.epoch(42) == 2


def test_of_many_who_want_a_list_at_once_one_gets_it(opened: Open) -> None:
    """A new list has no row yet that could be locked, and one that was given back has."""
    journals = [opened(f"run {number}") for number in range(PEOPLE)]
    begin = Barrier(PEOPLE)

    def take(journal: Journal, list_id: int) -> bool:
        begin.wait()
        try:
            journal.leases.take(list_id)
        except ListInUseError:
            return False
        return True

    with ThreadPoolExecutor(PEOPLE) as pool:
        for list_id in (1, 1, 2, 2, 3, 3):
            got = [*pool.map(take, journals, [list_id] * PEOPLE)]
            assert sorted(got) == [False] * (PEOPLE - 1) + [True]
            journals[got.index(True)].leases.release()


def test_many_who_open_a_new_journal_at_once_find_one(journal: dict[str, Any], opened: Open) -> None:
    del journal
    begin = Barrier(PEOPLE)

    def open_it(number: int) -> float:
        begin.wait()
        return opened(f"run {number}").since

    with ThreadPoolExecutor(PEOPLE) as pool:
        assert len({*pool.map(open_it, range(PEOPLE))}) == 1


def test_after_its_time_a_list_is_the_next_ones_and_the_old_one_writes_nothing_more(opened: Open) -> None:
    one, two = opened("one"), opened("two")
    one.leases.take(42)
    one.creating(1, 42, "contacts", ["Welcome"])
    time_goes_by(one)
    two.leases.take(42)
    steps: list[Callable[[], object]] = [
        lambda: one.filling(1, 7),
        lambda: one.creating(2, 42, "contacts", []),
        one.leases.renew,
        one.leases.check_all,
        lambda: one.settle([(42, "contacts")]),
    ]
    for step in steps:
        with pytest.raises(LeaseLostError):
            step()
    one.leases.release()
    (left,) = two.open_entries(42)
    assert (left.phase, left.run_id, left.import_job_id) == (JournalPhase.CREATING, "one", None)
    with pytest.raises(ListInUseError):
        opened("three").leases.take(42)


def test_a_job_is_read_as_it_was_written(opened: Open) -> None:
    one = opened("one")
    one.leases.take(42)
    one.creating(1, 42, "contäcts", ["Welcome", "Two"])
    one.filling(1, 2**40)
    one.intent(
        1,
        a_job(),
        contacts=3,
        doubtful_s=1.5,
        members=[pack([(2**64 - 1, 5), (0x00FF00, 2**63)]), pack([(9, 9)])],
    )
    (left,) = one.open_entries(42)
    assert (left.stream, left.custom_events) == ("contäcts", ("Welcome", "Two"))
    assert (left.import_job_id, left.contacts, left.before_run) == (2**40, 3, a_job())
    assert left.doubtful_until == pytest.approx((left.intended or 0) + 1.5)
    assert left.created == pytest.approx(CLOCK.epoch_s(), abs=3600)
    one.running(1)
    one.finished(1, a_job(InsertedContacts=3))
    one.covered([1])
    brought = opened("two").delivered(42, "contäcts")
    assert brought.holds(2**64 - 1, 5)
    assert brought.holds(0x00FF00, 2**63)
    assert brought.holds(9, 9)
    one.settle([(42, "contäcts")])
    assert len(one.delivered(42, "contäcts")) == 0
    assert one.forget_members(older_than_s=-1) == 2


def test_a_journal_of_the_first_version_is_brought_up_and_keeps_what_it_knows(opened: Open) -> None:
    with pytest.MonkeyPatch.context() as before:
        before.setattr(tables, "STEPS", tables.STEPS[:1])
        before.setattr(tables, "VERSION", 1)
        old = opened("old")
    members = pack([(11, 100), (12, 200)])
    for job, phase in ((1, JournalPhase.FINISHED), (2, JournalPhase.RUNNING)):
        ((row,),) = old.database.rows(
            "INSERT INTO w50_jobs (account, contact_list_id, stream, run_id, host, process, epoch, phase, "
            "import_job_id, custom_events, contacts, created, changed) VALUES (:account, 42, 'contacts', "
            "'old', 'h', 'p', 1, :phase, :job, '[\"Welcome\"]', 2, 0, 0) RETURNING id",
            account=ACCOUNT,
            phase=phase.value,
            job=job,
        )
        old.database.change(
            "INSERT INTO w50_members (job_id, batch, contact_keys, versions) "
            "VALUES (:row, 0, :keys, :versions)",
            row=row,
            keys=members.keys,
            versions=members.versions,
        )
    new = opened("new")
    assert new.database.rows("SELECT version FROM w50_journal") == [(VERSION,)]
    new.leases.take(42)
    (running,) = new.open_entries(42)
    new.recovered(running, JournalPhase.FINISHED, result=a_job(InsertedContacts=2))
    assert new.delivered(42, "contacts").holds(12, 200)
    assert new.contacts.known([11, 12]) == {}, "nobody knows under which FieldNames that was"


def test_what_w50_took_is_booked_with_the_end_of_a_job_and_put_in_doubt_by_a_bad_one(opened: Open) -> None:
    one = opened("one")
    one.leases.take(42)
    booking = Booking(one.scopes.book(MAPPING).id, contacts=True, fired=True)
    ends = [
        ([(2**64 - 1, 6), (5, 8 | DOUBT)], True),
        ([(2**64 - 1, 10)], True),
        ([(2**64 - 1, 12), (7, 14)], False),
    ]
    for number, (members, well) in enumerate(ends, 1):
        one.creating(number, 42, "contacts", ["Welcome"], booking)
        one.filling(number, number)
        one.intent(number, a_job(), contacts=2, doubtful_s=1.0, members=[pack(members)])
        if well:
            one.finished(number, a_job(InsertedContacts=2))
        else:
            one.abandoned(number, "it failed")
    known = one.contacts.known([-1, 5, 7])
    assert {key: (version, sent > 0) for key, (version, _, sent) in known.items()} == {
        -1: (10, False),
        5: (8, False),
    }
    fired = one.contacts.fired([-1, 5, 7])
    assert {key: sorted(version for version, _ in each) for key, each in fired.items()} == {
        -1: [6, 10],
        5: [8],
    }


def test_whose_events_are_never_to_come_by_a_persons_word_has_had_them(opened: Open) -> None:
    one = opened("one")
    one.leases.take(42)
    one.creating(
        1, 42, "contacts", ["Welcome"], Booking(one.scopes.book(MAPPING).id, contacts=True, fired=True)
    )
    one.filling(1, 1)
    one.intent(1, a_job(), contacts=1, doubtful_s=1.0, members=[pack([(7, 14)])])
    (open_one,) = one.open_entries(42)
    one.recovered(open_one, JournalPhase.WITHOUT_EVENTS, reason="a person said so")
    assert [*one.contacts.fired([7])] == [7]
    assert one.contacts.known([7]) == {}, "it is sent again"


def test_of_a_step_that_fails_nothing_stays(opened: Open) -> None:
    one = opened("one")
    one.leases.take(42)
    one.creating(1, 42, "contacts", [])
    one.filling(1, 7)

    def members() -> Iterator[Any]:
        yield pack([(1, 1)])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        one.intent(1, a_job(), contacts=1, doubtful_s=1, members=members())
    (left,) = one.open_entries(42)
    assert (left.phase, left.before_run) == (JournalPhase.FILLING, None)
    assert one.database.rows("SELECT count(*) FROM w50_members") == [(0,)]


def test_a_statement_that_fails_is_said_in_words_and_the_next_one_works(opened: Open) -> None:
    database = opened("one").database
    with pytest.raises(JournalError, match=r"could not be read or written \(.*nowhere.*\)\. Nothing more is"):
        database.rows("SELECT * FROM nowhere")
    with pytest.raises(JournalError):
        _half_of_it(database)
    assert database.rows("SELECT version FROM w50_journal WHERE version = :known", known=VERSION) == [
        (VERSION,)
    ]


def test_who_only_reads_keeps_nobody_from_writing_and_writes_nothing(opened: Open) -> None:
    one, two = opened("one").database, opened("two").database
    with one.reading():
        assert one.among("SELECT contact_key FROM w50_contacts WHERE contact_key {among}", [1, 2]) == []
        assert two.change("UPDATE w50_journal SET since = since") == 1
        with pytest.raises(AssertionError):
            one.change("UPDATE w50_journal SET since = since")
    assert one.change("UPDATE w50_journal SET since = since") == 1


def _half_of_it(database: Database) -> None:
    with database.transaction():
        database.change("UPDATE w50_journal SET version = version + 1")
        database.rows("SELECT * FROM nowhere")


def test_a_newer_journal_and_one_of_another_key_are_refused(opened: Open) -> None:
    one = opened("one")
    with pytest.raises(SettingsError, match="begun with another `journal_key`"):
        opened("two", key="another")
    one.database.change("UPDATE w50_journal SET version = version + 1")
    with pytest.raises(SettingsError, match="was made by a newer target-w50"):
        opened("two")


def test_a_second_process_does_not_come_between(
    sandbox: Sandbox, tmp_path: Path, journal: dict[str, Any]
) -> None:
    config = settings(sandbox, entry(), **journal, batch_size_rows=1, max_contacts_per_job=1)
    with Target(tmp_path / "one", {**config, "run_id": "the-first"}) as first:
        first.send(schema(), record(1), state(1), record(2))
        first.next_state()
        second = load_here(tmp_path / "two", config, [schema(), record(9)])
        assert (second.status, second.error_code) == (7, "list_in_use")
        assert f"run the-first on {socket.gethostname()} (process {first.process.pid})" in second.last_line
        first.send(state(2))
        first.end_input()
        assert first.wait().status == 0
    assert load_here(tmp_path / "three", config, [schema(), record(3)]).status == 0
    assert sorted(stored(sandbox)) == ["n1@example.com", "n2@example.com", "n3@example.com"]
