"""A person's word on a job: what speaks against it, and what the next run makes of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from target_w50.errors import JobUnknownError, ListInUseError, SettingsError
from target_w50.journal.entries import Entry, JournalPhase
from target_w50.journal.journal import Journal
from target_w50.journal.looking import find, given_back, holder_of, jobs
from target_w50.journal.members import pack
from target_w50.journal.opening import open_journal
from target_w50.journal.process import Process, this_process
from target_w50.journal.resolving import As, Word, resolve, unresolved_error
from target_w50.runtime.clock import Clock
from target_w50.w50 import ImportJob

STANDS = ImportJob(1001, 42, 0, 0, 0, "Created", None, None, 0, 0, 0, 0, 0)
RUNS = replace(STANDS, current_status="Running", progress_percent=50)
FAILED = replace(STANDS, current_status="Failed", inserted_contacts=1, total_contacts=1)
DONE = replace(STANDS, current_status="Completed", progress_percent=100, inserted_contacts=2)
NOT_RUN = Word(As.NOT_RUN, without_events=False, reason="looked")
QUIETLY = Word(As.NOT_RUN, without_events=True, reason="looked")
RAN = Word(As.RAN, without_events=False, reason="looked")
DOUBTFUL_S = 10.0
ELSEWHERE = Process("elsewhere", "7 boot 1")
FAILURES = ("failed",)


class Time(Clock):
    """It is what a test says."""

    seconds = 1_000.0

    def epoch_s(self) -> float:
        return self.seconds

    def awake_or_not(self) -> float:
        return self.seconds


class Desk:
    """Runs that come and go on one journal."""

    def __init__(self, folder: Path) -> None:
        self.time = Time()
        self._path = str(folder / "journal.db")
        self._open: list[Journal] = []

    def run(self, name: str, process: Process = ELSEWHERE) -> Journal:
        journal = open_journal(self._path, "key", api_url="https://w50", run_id=name, clock=self.time)
        assert journal is not None
        journal.leases.process = process
        self._open.append(journal)
        return journal

    def intent(
        self, journal: Journal, *, events: Sequence[str] = ("Welcome",), job_id: int = 1001, list_id: int = 42
    ) -> None:
        journal.leases.take(list_id)
        journal.creating(job_id, list_id, "contacts", events)
        journal.filling(job_id, job_id)
        members = [pack([(1, 11), (2, 22)])]
        before = replace(STANDS, id=job_id, contact_list_id=list_id)
        journal.intent(job_id, before, contacts=2, doubtful_s=DOUBTFUL_S, members=members)

    def close(self) -> None:
        for journal in self._open:
            journal.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.close()


def says(desk: Desk, word: Word, seen: ImportJob | None) -> tuple[Journal, Entry]:
    journal = desk.run("w50")
    entry = find(journal, 1001)
    return journal, resolve(journal, entry, seen, word, failure_statuses=FAILURES)


def crashed(desk: Desk, **more: Any) -> None:
    """A run died behind its intent; its lease and the time of doubt are over."""
    desk.intent(desk.run("first"), **more)
    desk.time.seconds += 100


def test_a_job_that_ran_counts_as_delivered(desk: Desk) -> None:
    crashed(desk)
    journal, entry = says(desk, RAN, DONE)
    assert (entry.phase, entry.result) == (JournalPhase.FINISHED, DONE)
    assert find(journal, 1001) == replace(entry, epoch=2, changed=1_100.0)
    assert journal.delivered(42, "contacts").holds(1, 11)


def test_a_job_that_was_not_run_leaves_nothing_behind(desk: Desk) -> None:
    crashed(desk)
    journal, entry = says(desk, NOT_RUN, STANDS)
    assert entry.phase is JournalPhase.ABANDONED
    assert not journal.delivered(42, "contacts").has_fired(1)


def test_without_events_its_contacts_count_as_fired_and_not_as_delivered(desk: Desk) -> None:
    """Also where they were delivered just so before, with their events."""
    first = desk.run("first")
    desk.intent(first, job_id=1000)
    first.finished(1000, DONE)
    desk.intent(first)
    desk.time.seconds += 100
    journal, _ = says(desk, QUIETLY, STANDS)
    delivered = journal.delivered(42, "contacts")
    assert delivered.has_fired(1)
    assert not delivered.holds(1, 11)


def test_what_was_said_is_settled_by_a_run_that_ended_well(desk: Desk) -> None:
    crashed(desk)
    says(desk, QUIETLY, STANDS)
    second = desk.run("second")
    second.leases.take(42)
    second.settle([(42, "contacts")])
    assert not second.delivered(42, "contacts").has_fired(1)


def test_a_job_without_events_is_not_run_whatever_its_status(desk: Desk) -> None:
    """Nothing can be fired twice."""
    crashed(desk, events=())
    assert says(desk, NOT_RUN, FAILED)[1].phase is JournalPhase.ABANDONED


def test_without_events_needs_events(desk: Desk) -> None:
    crashed(desk, events=())
    assert says(desk, QUIETLY, STANDS)[1].phase is JournalPhase.ABANDONED


@pytest.mark.parametrize(
    ("word", "seen", "words"),
    [
        (NOT_RUN, FAILED, "its events may have fired"),
        (NOT_RUN, DONE, "its events may have fired"),
        (NOT_RUN, RUNS, "W50 has it under way"),
        (QUIETLY, RUNS, "W50 has it under way"),
    ],
)
def test_a_status_that_has_changed_speaks_against_not_run(
    word: Word, seen: ImportJob, words: str, desk: Desk
) -> None:
    crashed(desk)
    with pytest.raises(JobUnknownError, match=words) as refused:
        says(desk, word, seen)
    assert (refused.value.code, refused.value.job_id) == ("resolve_refused", 1001)
    assert find(desk.run("look"), 1001).phase is JournalPhase.INTENT


def test_a_job_that_failed_in_part_can_be_sent_again_without_events(desk: Desk) -> None:
    crashed(desk)
    assert says(desk, QUIETLY, FAILED)[1].phase is JournalPhase.WITHOUT_EVENTS


def test_nothing_is_said_while_the_call_may_still_be_under_way(desk: Desk) -> None:
    first = desk.run("first")
    desk.intent(first)
    first.leases.release()
    with pytest.raises(JobUnknownError, match="until 1970-01-01 00:16:50 UTC"):
        says(desk, NOT_RUN, STANDS)
    desk.time.seconds += DOUBTFUL_S + 1
    assert says(desk, NOT_RUN, STANDS)[1].phase is JournalPhase.ABANDONED


def test_a_run_that_holds_the_list_is_not_interfered_with(desk: Desk) -> None:
    desk.intent(desk.run("first"))
    for word in (RAN, NOT_RUN, QUIETLY):
        with pytest.raises(ListInUseError, match="run first on elsewhere"):
            says(desk, word, STANDS)


def test_a_process_that_lives_may_yet_run_the_job(desk: Desk) -> None:
    """Its lease has run out, but it did not give the list back: it hangs."""
    journal = desk.run("first", this_process())
    desk.intent(journal)
    desk.time.seconds += 100
    with pytest.raises(JobUnknownError, match="still lives"):
        says(desk, NOT_RUN, STANDS)
    assert says(desk, RAN, STANDS)[1].phase is JournalPhase.FINISHED


def test_the_list_is_free_again_and_the_old_run_can_write_nothing_more(desk: Desk) -> None:
    first = desk.run("first")
    desk.intent(first)
    desk.time.seconds += 100
    journal, _ = says(desk, RAN, DONE)
    assert holder_of(journal, 42) is None
    assert not journal.leases.held(42)
    with pytest.raises(Exception, match="may be another run's"):
        first.running(1001)


def test_a_run_that_saw_to_the_job_meanwhile_has_the_last_word(desk: Desk) -> None:
    crashed(desk)
    journal = desk.run("w50")
    entry = find(journal, 1001)
    says(desk, RAN, DONE)
    with pytest.raises(SettingsError, match=r"A run has worked on .* meanwhile: ended well"):
        resolve(journal, entry, STANDS, NOT_RUN, failure_statuses=FAILURES)


def test_a_job_that_never_came_to_its_run_needs_nobody(desk: Desk) -> None:
    first = desk.run("first")
    first.leases.take(42)
    first.creating(1, 42, "contacts", ["Welcome"])
    first.filling(1, 1001)
    with pytest.raises(SettingsError, match=r"was never run .* without your word"):
        says(desk, NOT_RUN, None)


def test_of_several_lists_one_is_named(desk: Desk) -> None:
    first = desk.run("first")
    desk.intent(first)
    desk.intent(first, list_id=43)
    with pytest.raises(SettingsError, match=r"--list 42, --list 43"):
        find(first, 1001)
    assert find(first, 1001, 43).list_id == 43


def test_of_several_jobs_of_one_id_the_open_one_is_meant(desk: Desk) -> None:
    """An id may come again, as a sandbox gives them out anew."""
    crashed(desk)
    says(desk, RAN, DONE)
    crashed(desk)
    journal = desk.run("look")
    assert find(journal, 1001).phase is JournalPhase.INTENT
    assert [each.phase.value for each in jobs(journal)] == ["intent", "finished"]
    assert len([*jobs(journal, only_open=True)]) == 1


def test_a_run_that_ended_in_order_gave_its_list_back(desk: Desk) -> None:
    first = desk.run("first")
    desk.intent(first)
    assert not given_back(first, find(first, 1001))
    first.leases.release()
    assert given_back(first, find(first, 1001))


@pytest.mark.parametrize(
    ("seen", "found", "offers_not_run"),
    [
        (STANDS, "does not tell whether it ran", True),
        (None, "does not know it any more", True),
        (FAILED, "failed, with a part of its contacts loaded", False),
        (replace(RUNS, progress_percent=100), "counts none of its contacts", False),
    ],
)
def test_a_run_that_stops_names_what_may_be_said(
    seen: ImportJob | None, found: str, offers_not_run: bool, desk: Desk
) -> None:
    crashed(desk)
    message = unresolved_error(find(desk.run("look"), 1001), seen).message
    assert found in message
    assert ("`--as not-run` (" in message) is offers_not_run
    assert "`--as ran` (" in message
    assert "`--as not-run --without-events` (" in message


def test_a_process_of_another_machine_is_neither_gone_nor_there() -> None:
    assert this_process().lives()
    for other in (ELSEWHERE, Process(this_process().host, "7"), Process(this_process().host, "7 boot 1")):
        assert not other.lives()
        assert not other.is_gone()
    gone = Process(this_process().host, this_process().mark.rpartition(" ")[0] + " 1")
    assert gone.is_gone()
    assert not gone.lives()
