"""Running one job and waiting for its end, step by step: what is asked of W50, when, and what it comes to."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from unittest.mock import ANY, call

import pytest

from target_w50.errors import (
    DoubtfulError,
    JobFailedError,
    JobUnknownError,
    LimitError,
    RefusedError,
    StoppedError,
    UnreachableError,
)
from target_w50.import_jobs.counts import Effort
from target_w50.import_jobs.phases import Outcome, Phase
from target_w50.runtime.clock import CLOCK
from target_w50.w50 import ImportJob
from tests.loading.one_job import BEGIN_S, FRESH, RUN_ID, OneJob, ended, running

Make = Callable[..., OneJob]
STATE = [b'{"at":1}']
EVENTS = {"custom_events": ["Welcome"]}
NOTHING_COUNTED = ended(0)


def unreachable(asked_s: float | None = None) -> UnreachableError:
    error = UnreachableError("W50 is not there")
    error.retry_after_s = asked_s
    return error


# Running it.


def test_a_job_is_run_once_as_its_mapping_says_after_its_status_was_read(one_job: Make) -> None:
    one = one_job(entry_members=EVENTS)
    one.fill(4)
    one.w50.get_import_job.return_value = FRESH
    one.w50.run_import_job.return_value = running()
    one.polling.run(one.job)
    assert one.w50.mock_calls == [
        call.get_import_job(42, 7),
        call.run_import_job(42, 7, match=("Email",), custom_events=("Welcome",), last_look=ANY),
    ]
    assert one.job.before_run == FRESH
    assert (one.job.phase, one.job.w50_job, one.job.run_at) == (Phase.RUNNING, running(), BEGIN_S)
    assert [each.job_id for each in one.ledger.repeats] == [7]
    assert one.pause_s == 5


def test_what_forbids_a_run_leaves_the_job_as_it_was(one_job: Make) -> None:
    one = one_job(entry_members=EVENTS)
    one.fill(4)
    one.w50.get_import_job.return_value = FRESH
    one.may_run.side_effect = StoppedError("stopped", exit_status=143, code="signal")
    with pytest.raises(StoppedError):
        one.polling.run(one.job)
    assert (one.job.phase, one.ledger.repeats) == (Phase.FILLING, [])
    one.w50.run_import_job.assert_not_called()


def test_a_run_that_was_refused_took_no_effect(one_job: Make) -> None:
    """Nor has anybody had a custom event: the limit may not count them."""
    one = one_job(entry_members=EVENTS)
    one.fill(4)
    one.w50.run_import_job.side_effect = RefusedError("no", status=400)
    one.w50.get_import_job.return_value = FRESH
    with pytest.raises(RefusedError):
        one.polling.run(one.job)
    assert (one.job.phase, one.ledger.repeats, one.ledger.contacts_with_events[42]) == (Phase.FILLING, [], 0)


def test_after_an_error_of_our_own_nobody_knows_whether_a_job_runs(one_job: Make) -> None:
    one = one_job(entry_members=EVENTS)
    one.fill(4)
    one.w50.run_import_job.side_effect = OSError()
    one.w50.get_import_job.return_value = FRESH
    with pytest.raises(OSError, match=r"^$"):
        one.polling.run(one.job)
    assert (one.job.phase, len(one.ledger.repeats)) == (Phase.INTENT, 1)


def doubtful(one: OneJob, after_s: float = 3.0) -> OneJob:
    """Run it, and get no clear answer, after so long."""
    one.fill(4)
    one.w50.get_import_job.return_value = FRESH
    one.w50.run_import_job.side_effect = one.taking(after_s, DoubtfulError("lost"))
    one.polling.run(one.job)
    return one


def test_a_run_without_a_clear_answer_is_looked_at_and_may_have_taken_effect(one_job: Make) -> None:
    one = doubtful(one_job(entry_members=EVENTS))
    assert (one.job.phase, one.job.doubtful_at, one.pause_s) == (Phase.DOUBTFUL, BEGIN_S + 3, 5)
    assert [each.job_id for each in one.ledger.repeats] == [7]


def test_a_job_all_of_whose_contacts_were_refused_is_not_run_and_its_state_passes(one_job: Make) -> None:
    one = one_job()
    one.hold(2)
    one.ledger.state_read({"at": 1})
    one.ledger.cut()
    one.job.creating(Effort(CLOCK.now()))
    one.job.created(FRESH)
    one.job.replace(one.job.batch_leaves(), [], accepted=True)
    one.polling.run(one.job)
    assert (one.job.outcome, one.states, one.w50.mock_calls) == (Outcome.ABANDONED, STATE, [])
    assert [each["outcome"] for each in one.told] == ["abandoned"]
    assert "nothing was left to run" in one.told[0]["error"]


# Waiting for its end.


@pytest.mark.parametrize(
    ("waited_s", "pause_s"),
    [(0, 5), (49, 5), (50, 5), (60, 6), (590, 59), (600, 60), (7000, 60), (7199, 1.01), (7200, 0.01)],
)
def test_a_job_is_asked_less_often_the_longer_it_takes_and_once_more_at_the_end_of_its_time(
    one_job: Make, waited_s: float, pause_s: float
) -> None:
    one = one_job(job_timeout_s=7200)
    one.run(4)
    one.poll(running(), after_s=waited_s)
    assert one.pause_s == pause_s


@pytest.mark.parametrize(
    ("error", "pause_s"),
    [
        (unreachable(), 5),
        (unreachable(3), 5),
        (unreachable(30), 30),
        (unreachable(400), 280.01),
        (RefusedError("no", status=404), 5),
    ],
    ids=repr,
)
def test_a_status_that_could_not_be_read_is_asked_for_again_when_w50_lets_us(
    one_job: Make, error: Exception, pause_s: float
) -> None:
    one = one_job(job_timeout_s=300)
    one.run(4)
    one.poll(error, after_s=20)
    assert (one.pause_s, one.job.phase) == (pause_s, Phase.RUNNING)


def test_where_the_settings_poll_many_times_a_second_no_pause_is_longer(one_job: Make) -> None:
    one = one_job(poll_interval_s=0.1)
    one.run(4)
    for answer in (running(), unreachable(), unreachable(0)):
        one.poll(answer)
        assert one.pause_s == 0.1
    assert doubtful(one_job(poll_interval_s=0.1), after_s=0).pause_s == 0.1


@pytest.mark.parametrize(
    ("after_s", "within_s"), [(0, 300), (120, 180), (297, 3), (298, 2), (299, 2), (300, 2)]
)
def test_a_status_request_may_take_what_is_left_of_the_jobs_time_and_is_not_tried_again(
    one_job: Make, after_s: float, within_s: float
) -> None:
    """The last may take two seconds."""
    one = one_job(job_timeout_s=300)
    one.run(4)
    one.poll(running(), after_s=after_s)
    assert one.w50.mock_calls == [call.get_import_job(42, 7, retry_for_s=0, within_s=within_s)]


def test_a_doubtful_jobs_status_may_take_what_is_left_of_either_time(one_job: Make) -> None:
    one = doubtful(one_job(request_timeout_s=60, job_timeout_s=300))
    one.w50.reset_mock()
    one.poll(FRESH, after_s=20)
    assert one.w50.mock_calls == [call.get_import_job(42, 7, retry_for_s=0, within_s=40)]
    one = doubtful(one_job(request_timeout_s=600, job_timeout_s=300))
    one.w50.reset_mock()
    one.poll(FRESH, after_s=20)
    assert one.w50.mock_calls == [call.get_import_job(42, 7, retry_for_s=0, within_s=277)]


def test_a_job_is_unknown_only_after_a_look_that_began_when_its_time_was_up(one_job: Make) -> None:
    """A process that was stopped for a while asks once more."""
    one = one_job(job_timeout_s=300)
    one.run(4)
    one.poll(running(), after_s=299, takes_s=1000)
    assert (one.job.phase, one.pause_s) == (Phase.RUNNING, 0.01)
    with pytest.raises(JobUnknownError, match="within job_timeout_s \\(300 s\\)") as caught:
        one.poll(running(), after_s=0.01)
    assert (caught.value.job_id, one.job.outcome, one.states) == (7, Outcome.UNKNOWN, [])
    (told,) = one.told
    assert (told["outcome"], told["error"]) == ("unknown", caught.value.message)
    assert told["run_seconds"] == 1299.01


def test_a_job_is_not_unknown_at_the_very_end_of_its_time(one_job: Make) -> None:
    one = one_job(job_timeout_s=300)
    one.run(4)
    one.poll(unreachable(), after_s=300)
    assert one.job.phase is Phase.RUNNING
    with pytest.raises(JobUnknownError):
        one.poll(unreachable(), after_s=0.01)


def test_a_doubtful_job_that_has_not_changed_for_as_long_as_a_request_may_take_is_unknown(
    one_job: Make,
) -> None:
    """That time begins with the lost answer, not with the run."""
    one = doubtful(one_job(request_timeout_s=60), after_s=100)
    one.poll(FRESH, after_s=59)
    assert (one.job.phase, one.pause_s) == (Phase.DOUBTFUL, 1.01)
    one.poll(unreachable(), after_s=1)
    assert (one.job.phase, one.pause_s) == (Phase.DOUBTFUL, 0.01)
    with pytest.raises(JobUnknownError, match="did not change for 61 s") as caught:
        one.poll(FRESH, after_s=1)
    assert (caught.value.job_id, one.job.outcome) == (7, Outcome.UNKNOWN)


def test_a_doubtful_job_that_has_changed_runs_and_has_the_time_of_one_that_runs(one_job: Make) -> None:
    one = doubtful(one_job(request_timeout_s=60))
    one.poll(running(), after_s=59)
    assert (one.job.phase, one.job.w50_job) == (Phase.RUNNING, running())
    one.poll(running(), after_s=100)
    assert one.job.phase is Phase.RUNNING


# How it ended.


def test_an_answer_that_is_as_before_the_run_says_nothing_of_its_end(one_job: Make) -> None:
    """Not even one that looks like an end."""
    one = one_job()
    one.fill(4)
    one.w50.get_import_job.return_value = one.w50.run_import_job.return_value = ended(4)
    one.polling.run(one.job)
    assert one.job.phase is Phase.RUNNING


def test_an_end_that_the_answer_to_run_tells_is_one(one_job: Make) -> None:
    one = one_job()
    one.run(4, seen=ended(4))
    assert (one.job.outcome, one.states) == (Outcome.FINISHED, STATE)


def test_of_a_date_that_stood_there_before_the_run_nothing_is_concluded(one_job: Make) -> None:
    """Nor of counters."""
    before = running(inserted_contacts=4, finish_date_text="2026-01-02T03:04:05+00:00")
    one = one_job()
    one.fill(4)
    one.w50.get_import_job.return_value = before
    one.w50.run_import_job.return_value = replace(before, current_status="Really running")
    one.polling.run(one.job)
    assert one.job.phase is Phase.RUNNING


def test_a_job_that_failed_is_told_by_its_id_its_status_and_its_time(one_job: Make) -> None:
    """A status that the settings name is shown as it is, plain words or not."""
    one = one_job(failure_statuses=["E=17"])
    one.run(4)
    with pytest.raises(JobFailedError, match="CurrentStatus 'E=17'") as caught:
        one.poll(running(current_status="E=17"), after_s=12)
    assert (caught.value.job_id, one.job.outcome, one.states) == (7, Outcome.FAILED, [])
    (told,) = one.told
    assert (told["outcome"], told["error"], told["run_seconds"]) == ("failed", caught.value.message, 12)


def test_a_job_that_ended_well_is_booked_with_its_results_and_its_time(one_job: Make) -> None:
    one = one_job()
    one.run(4)
    one.poll(ended(3, not_updated_contacts=1), after_s=12)
    assert (one.job.outcome, one.states) == (Outcome.FINISHED, STATE)
    (told,) = one.told
    assert (told["outcome"], told["inserted_contacts"], told["run_seconds"]) == ("finished", 3, 12)


def test_a_job_that_ended_but_counts_nothing_is_asked_once_more(one_job: Make) -> None:
    """It may be about to count."""
    one = one_job()
    one.run(4)
    one.poll(NOTHING_COUNTED, after_s=5)
    assert (one.job.phase, one.pause_s) == (Phase.RUNNING, 5)
    with pytest.raises(JobUnknownError, match="CurrentStatus 'Done'\\), but counts nothing") as caught:
        one.poll(NOTHING_COUNTED, after_s=5)
    assert (caught.value.job_id, one.told[0]["run_seconds"]) == (7, 10)


def test_a_job_that_counts_what_it_did_at_the_second_look_has_ended_well(one_job: Make) -> None:
    one = one_job()
    one.run(4)
    one.poll(NOTHING_COUNTED, after_s=5)
    one.poll(ended(4), after_s=5)
    assert one.states == STATE


@pytest.mark.parametrize(("percent", "phase"), [(100, Phase.ENDED), (99.9, Phase.RUNNING)])
def test_a_job_that_counts_nothing_has_ended_well_only_where_every_contact_may_be_rejected(
    one_job: Make, percent: float, phase: Phase
) -> None:
    one = one_job(max_rejected_percent=percent)
    one.run(4)
    one.poll(NOTHING_COUNTED, after_s=5)
    assert (one.job.phase, one.states) == (phase, STATE if phase is Phase.ENDED else [])


def test_a_job_that_was_doubtful_and_counts_nothing_is_unknown_whatever_may_be_rejected(
    one_job: Make,
) -> None:
    one = doubtful(one_job(max_rejected_percent=100))
    one.poll(NOTHING_COUNTED, after_s=5)
    with pytest.raises(JobUnknownError):
        one.poll(NOTHING_COUNTED, after_s=5)
    assert one.states == []


# What was rejected.


@pytest.mark.parametrize(("percent", "code"), [(25, None), (24.9, "rejected_limit")])
def test_more_rejected_contacts_than_may_be_end_the_run_though_the_state_passes(
    one_job: Make, percent: float, code: str | None
) -> None:
    one = one_job(max_rejected_percent=percent)
    one.run(4)
    caught = None
    try:
        one.poll(ended(3))
    except LimitError as error:
        caught = error
    assert (caught.code if caught else None) == code
    assert caught is None or "rejected 1 of 4 contacts (25.0 %)" in caught.message
    assert (one.job.outcome, one.states) == (Outcome.FINISHED, STATE)


def test_where_a_single_contact_arrived_the_state_is_written_and_events_were_fired(one_job: Make) -> None:
    one = one_job(entry_members=EVENTS, max_rejected_percent=10)
    one.run(4)
    with pytest.raises(LimitError, match="The state that it completes was written"):
        one.poll(ended(1))
    assert (one.ledger.contacts_with_events[42], one.states) == (4, STATE)


def test_where_no_contact_arrived_no_state_is_written_and_no_event_was_fired(one_job: Make) -> None:
    one = one_job(entry_members=EVENTS, max_rejected_percent=10)
    one.run(4)
    with pytest.raises(LimitError, match="None arrived"):
        one.poll(ended(0, invalid_email_count=4))
    assert (one.states, one.ledger.repeats, one.ledger.contacts_with_events[42]) == ([], [], 0)


def test_where_no_contact_need_arrive_the_state_passes_without_one(one_job: Make) -> None:
    one = one_job(max_rejected_percent=100)
    one.run(4)
    one.poll(ended(0, invalid_email_count=4))
    assert one.states == STATE


# What is said.


@pytest.mark.parametrize(
    ("seen", "level"),
    [
        (ended(4), logging.INFO),
        (ended(3), logging.WARNING),
        (ended(4, total_contacts=5), logging.WARNING),
        (ended(4, total_contacts=3), logging.INFO),
    ],
    ids=["all", "rejected", "beyond_what_was_sent", "fewer_in_total"],
)
def test_counters_that_do_not_add_up_are_a_warning(
    one_job: Make, caplog: pytest.LogCaptureFixture, seen: ImportJob, level: int
) -> None:
    one = one_job()
    one.run(4)
    with caplog.at_level(logging.INFO, "target-w50"):
        one.poll(seen)
    (said,) = caplog.records
    assert said.levelno == level


def test_the_line_of_a_job_that_ended_has_its_figures(
    one_job: Make, caplog: pytest.LogCaptureFixture
) -> None:
    one = one_job()
    one.run(40)
    with caplog.at_level(logging.INFO, "target-w50"):
        one.poll(
            ended(
                11,
                updated_contacts=12,
                not_updated_contacts=13,
                dropped_contacts=2,
                invalid_email_count=3,
                invalid_sms_count=1,
            )
        )
    assert caplog.messages[0].endswith(
        "sent 40, inserted 11, updated 12, not updated 13, dropped 2, rejected 4; "
        "invalid e-mails 3, invalid text-message numbers 1"
    )


def test_every_line_about_a_job_can_be_found_by_run_job_list_and_stream(
    one_job: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """What came of a request is told in its error's words."""
    with caplog.at_level(logging.INFO, "target-w50"):
        one = one_job()
        one.run(4)
        one.poll(unreachable())
        one.poll(ended(4))
        doubtful(one_job())
    assert [said.getMessage().rpartition(": ")[2] for said in caplog.records[1::2]] == [
        "W50 is not there",
        "lost",
    ]
    assert len(caplog.records) == 4
    for said in caplog.records:
        assert (
            vars(said).items()
            >= {
                "run_id": RUN_ID,
                "import_job_id": 7,
                "contact_list_id": 42,
                "stream_name": "contacts",
            }.items()
        )
        assert "import job 7 of contact list 42" in said.getMessage()
