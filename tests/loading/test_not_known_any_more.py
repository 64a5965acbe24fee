"""A job that W50 had and does not know any more: given up as unknown, not waited for until its time is up."""

from __future__ import annotations

from collections.abc import Callable
from unittest.mock import create_autospec

import pytest

from target_w50.errors import JobFailedError, JobUnknownError, RefusedError, UnreachableError
from target_w50.import_jobs.phases import Outcome, Phase
from target_w50.journal.job_journal import JobJournal
from target_w50.journal.journal import Journal
from target_w50.journal.words import NextRun
from tests.loading.one_job import OneJob, ended, running

Make = Callable[..., OneJob]
GONE = RefusedError("no such job", status=404)
OTHER = [RefusedError("not you", status=403), UnreachableError("W50 is not there")]


def test_three_times_404_over_half_a_minute_is_unknown_at_once(one_job: Make) -> None:
    one = one_job()
    one.run(4)
    one.poll(GONE, after_s=5)
    one.poll(GONE, after_s=15)
    assert one.job.phase is Phase.RUNNING
    with pytest.raises(JobUnknownError, match=r"404 3 times in 30 s") as caught:
        one.poll(GONE, after_s=15)
    assert (caught.value.job_id, one.job.outcome, one.states) == (7, Outcome.UNKNOWN, [])
    assert "contacts" in caught.value.message
    assert one.told[0]["outcome"] == "unknown"


@pytest.mark.parametrize("pauses", [(1, 28.9, 1), (31,)], ids=["too-soon", "too-few"])
def test_neither_less_time_nor_fewer_answers_are_enough(one_job: Make, pauses: tuple[float, ...]) -> None:
    one = one_job()
    one.run(4)
    for pause_s in pauses:
        one.poll(GONE, after_s=pause_s)
    assert one.job.phase is Phase.RUNNING


def test_a_job_that_shows_itself_again_begins_anew(one_job: Make) -> None:
    one = one_job()
    one.run(4)
    one.poll(GONE)
    one.poll(GONE, after_s=29)
    one.poll(running(), after_s=1)
    one.poll(GONE, after_s=1)
    one.poll(GONE, after_s=29)
    one.poll(ended(4), after_s=5)
    assert one.job.outcome is Outcome.FINISHED


@pytest.mark.parametrize("other", OTHER, ids=["refused", "unreachable"])
def test_other_answers_say_nothing_of_the_job(one_job: Make, other: Exception) -> None:
    one = one_job()
    one.run(4)
    one.poll(GONE)
    one.poll(other, after_s=20)
    one.poll(other, after_s=20)
    assert one.job.phase is Phase.RUNNING
    one.poll(GONE, after_s=1)
    with pytest.raises(JobUnknownError):
        one.poll(GONE, after_s=1)


def test_with_a_journal_a_person_must_look_at_it_though_it_fires_nothing(one_job: Make) -> None:
    """The next run would stop at it as well."""
    one = one_job()
    one.run(4)
    journal = JobJournal(create_autospec(Journal, instance=True))
    says = journal.next_run(one.job, NextRun.STOPS)
    assert "`w50 journal resolve 7 --list 42 --config CONFIG --reason REASON`" in says
    one.poll(GONE)
    one.poll(GONE, after_s=15)
    with pytest.raises(JobUnknownError):
        one.poll(GONE, after_s=15)
    assert one.ledger.unresolved == [7]


@pytest.mark.parametrize(("arrived", "unresolved"), [(0, []), (1, [7])])
def test_a_failed_job_with_events_needs_a_person_only_where_some_of_it_arrived(
    one_job: Make, arrived: int, unresolved: list[int]
) -> None:
    """Where nothing did, the next run sends its contacts again, with their events."""
    one = one_job(entry_members={"custom_events": ["Welcome"]})
    one.run(4)
    with pytest.raises(JobFailedError) as caught:
        one.poll(ended(arrived, current_status="Failed"))
    assert one.ledger.unresolved == unresolved
    assert ("It counts none as loaded" in caught.value.message) is (not arrived)


def test_what_the_next_run_finds_decides_what_is_said(one_job: Make) -> None:
    one = one_job(entry_members={"custom_events": ["Welcome"]})
    one.run(4)
    journal = JobJournal(create_autospec(Journal, instance=True))
    says = {each: journal.next_run(one.job, each) for each in NextRun}
    assert says[NextRun.SENDS] == "The next run sends its contacts again, with their custom events."
    assert {each for each in NextRun if "w50 journal resolve" in says[each]} == {NextRun.ASKS, NextRun.STOPS}
    assert "unless W50's status changes" in says[NextRun.ASKS]
