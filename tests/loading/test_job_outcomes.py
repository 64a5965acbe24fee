"""How a job ended is W50's to say, in words that are not documented; a lost status request says nothing."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from target_w50.sandbox import Sandbox
from target_w50.w50 import IMPORT_JOB_MEMBERS, ImportJob, has_ended
from tests.support import (
    Load,
    calls_of,
    entry,
    jobs_of,
    load_here,
    record,
    requests_of,
    schema,
    settings,
    state,
    stored,
)

MESSAGES = [schema(), *[record(number) for number in range(4)], state(4)]


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"status": 404},
        {"status": 401},
        {"status": 429, "retry_after": 0},
        {"cut": "before"},
        {"cut": "after", "how": "reset"},
        {"html": True},
        {"half": True},
        {"empty": True},
        {"hang": 5},
    ],
    ids=str,
)
def test_a_status_request_that_fails_does_not_fail_the_job(
    start: Callable[..., Sandbox], tmp_path: Path, fault: dict[str, Any]
) -> None:
    sandbox = start(job_reads=3)
    # The first request is made before the run: to know what the job was like then.
    sandbox.faults.add({"call": "status", "skip": 1, "times": 2, **fault})
    finished = load_here(tmp_path, settings(sandbox, request_timeout_s=0.3), MESSAGES)
    assert (finished.status, finished.bookmarks, finished.outcomes) == (0, [4], ["finished"])
    assert calls_of(sandbox)[-4:].count("status") >= 3
    assert calls_of(sandbox).count("run") == 1


def test_a_wait_that_a_status_answer_asks_for_is_kept(start: Callable[..., Sandbox], tmp_path: Path) -> None:
    sandbox = start(job_reads=2)
    sandbox.faults.add(call="status", status=429, skip=1, retry_after=1)
    load_here(tmp_path, settings(sandbox), MESSAGES)
    asked = [dt.datetime.fromisoformat(each["Date"][:26]) for each in requests_of(sandbox, "status")]
    refused_at = next(
        number for number, each in enumerate(requests_of(sandbox, "status")) if each["Status"] == 429
    )
    assert asked[refused_at + 1] - asked[refused_at] >= dt.timedelta(seconds=1)


def test_status_answers_that_come_and_go_are_waited_out(
    start: Callable[..., Sandbox], tmp_path: Path
) -> None:
    """Every second answer shows the job as not finished: the first word of its end counts."""
    sandbox = start(job_reads=3, faults=[{"call": "run", "job": {"flicker": True}}])
    finished = load_here(tmp_path, settings(sandbox), MESSAGES)
    assert (finished.status, finished.bookmarks, finished.outcomes) == (0, [4], ["finished"])


@pytest.mark.parametrize("status", ["failed", " FAILED ", "Error", "\tCancelled\n", "aborted", "REJECTED"])
def test_a_failure_status_is_known_in_any_case_and_padded(load: Load, sandbox: Sandbox, status: str) -> None:
    sandbox.faults.add(call="run", job={"CurrentStatus": status, "effect": False, "finishes": False})
    finished = load(MESSAGES)
    assert (finished.status, finished.error_code, finished.states) == (5, "job_failed", [])
    assert finished.outcomes == ["failed"]
    assert str(jobs_of(sandbox)[0]["Id"]) in finished.last_line


@pytest.mark.parametrize("status", [None, "Completed without errors", "", "No failed contacts"])
def test_only_a_whole_failure_status_is_one(load: Load, sandbox: Sandbox, status: str | None) -> None:
    sandbox.faults.add(call="run", job={"CurrentStatus": status})
    finished = load(MESSAGES)
    assert (finished.status, finished.bookmarks) == (0, [4])
    (job,) = finished.jobs
    assert (job["outcome"], job["current_status"]) == ("finished", status)


def test_which_statuses_mean_failure_is_a_setting(load: Load, sandbox: Sandbox) -> None:
    sandbox.faults.add(call="run", job={"CurrentStatus": "Kaput"})
    finished = load(MESSAGES, failure_statuses=["kaput"])
    assert (finished.status, finished.outcomes) == (5, ["failed"])


@pytest.mark.parametrize("finish_date", [None, "0001-01-01T00:00:00"])
def test_a_job_at_100_percent_has_ended_without_a_finish_date(
    load: Load, sandbox: Sandbox, finish_date: str | None
) -> None:
    """Year 0001 is what .NET may send for a date that was never set."""
    sandbox.faults.add(call="run", job={"FinishDate": finish_date, "ProgressPercent": 100})
    finished = load(MESSAGES)
    assert (finished.status, finished.bookmarks) == (0, [4])
    assert finished.jobs[0]["finish_date"] is None
    assert finished.states[0]["w50_import_jobs"]["contacts"]["last_job"]["FinishDate"] == finish_date


def test_a_job_with_a_finish_date_has_ended_whatever_its_progress(load: Load, sandbox: Sandbox) -> None:
    sandbox.faults.add(call="run", job={"ProgressPercent": 0})
    finished = load(MESSAGES)
    assert (finished.status, finished.bookmarks) == (0, [4])


def test_a_job_in_year_0001_without_progress_has_not_ended(load: Load, sandbox: Sandbox) -> None:
    sandbox.faults.add(
        call="run", job={"FinishDate": "0001-01-01T00:00:00", "ProgressPercent": 99, "finishes": False}
    )
    finished = load(MESSAGES, job_timeout_s=0.3)
    assert (finished.status, finished.error_code) == (5, "job_unknown")


def test_a_job_that_does_not_end_in_time_is_unknown_and_named(load: Load, sandbox: Sandbox) -> None:
    """Neither failed nor done: it may still end well, and its contacts may be there."""
    sandbox.faults.add(call="run", job={"finishes": False})
    finished = load(MESSAGES, job_timeout_s=0.3)
    (job,) = jobs_of(sandbox)
    assert (finished.status, finished.error_code, finished.rerun) == (5, "job_unknown", "wait")
    assert f": Import job {job['Id']}" in finished.last_line
    assert (finished.outcomes, finished.states) == (["unknown"], [])
    assert finished.run["rerun_import_job_ids"] == [job["Id"]]
    said = [line for line in finished.stderr.splitlines() if "has not ended" in line and "METRIC" not in line]
    assert len(said) == 2, "once in the log, once as the last line"


def test_status_requests_that_always_fail_end_at_the_job_timeout(load: Load, sandbox: Sandbox) -> None:
    sandbox.faults.add(call="run", job={"finishes": False})
    sandbox.faults.add(call="status", status=500, skip=1, times=None)
    finished = load(MESSAGES, job_timeout_s=0.3)
    assert (finished.status, finished.error_code) == (5, "job_unknown")


@pytest.mark.parametrize("counters", [
    {"InsertedContacts": 3},
    {"InsertedContacts": 1, "UpdatedContacts": 1, "NotUpdatedContacts": 1, "TotalContacts": 99},
])  # fmt: skip
def test_counters_that_do_not_add_up_are_said_in_log_and_metrics(
    load: Load, sandbox: Sandbox, counters: dict[str, int]
) -> None:
    sandbox.faults.add(call="run", job=counters)
    finished = load(MESSAGES)
    assert (finished.status, finished.bookmarks) == (0, [4])
    (job,) = finished.jobs
    assert (job["contacts_sent"], job["contacts_rejected"]) == (4, 1)
    assert "sent 4" in finished.stderr
    assert "rejected 1" in finished.stderr


def test_counters_beyond_what_was_sent_are_no_negative_rejections(load: Load, sandbox: Sandbox) -> None:
    sandbox.faults.add(call="run", job={"InsertedContacts": 400, "TotalContacts": 400})
    finished = load(MESSAGES)
    assert (finished.status, finished.jobs[0]["contacts_rejected"]) == (0, 0)


def test_too_many_rejected_contacts_end_with_6_after_the_state_was_written(
    load: Load, sandbox: Sandbox
) -> None:
    sandbox.faults.add(call="run", job={"InsertedContacts": 1})
    later = [record(number) for number in range(4, 8)]
    finished = load([*MESSAGES, *later, state(8)], max_contacts_per_job=4)
    assert (finished.status, finished.error_code) == (6, "rejected_limit")
    assert finished.bookmarks == [4]
    assert calls_of(sandbox).count("run") == 1


def test_as_many_rejected_contacts_as_are_allowed_are_fine(load: Load, sandbox: Sandbox) -> None:
    sandbox.faults.add(call="run", job={"InsertedContacts": 2})
    assert load(MESSAGES, max_rejected_percent=50).status == 0


# Custom events: real people get these mails.

WITH_EVENTS = entry(custom_events=["SendWelcomeEmail", "Tag"], custom_events_max_contacts=3)


def test_past_the_limit_of_contacts_with_events_the_job_is_not_run(load: Load, sandbox: Sandbox) -> None:
    finished = load(MESSAGES, WITH_EVENTS)
    assert (finished.status, finished.error_code, finished.states) == (6, "custom_events_limit", [])
    assert "run" not in calls_of(sandbox)
    for words in ("4 contacts", "SendWelcomeEmail, Tag", "custom_events_max_contacts"):
        assert words in finished.last_line


def test_the_limit_of_contacts_with_events_counts_all_jobs_of_a_stream(load: Load, sandbox: Sandbox) -> None:
    finished = load(MESSAGES, WITH_EVENTS, max_contacts_per_job=2)
    assert (finished.status, finished.error_code) == (6, "custom_events_limit")
    assert calls_of(sandbox).count("run") == 1
    assert sandbox.contents()["CustomEventCount"] == 4


def test_events_fire_once_for_each_contact_of_a_job(load: Load, sandbox: Sandbox) -> None:
    finished = load(MESSAGES[:4] + MESSAGES[5:], WITH_EVENTS)
    assert (finished.status, finished.rerun) == (0, "safe")
    assert sandbox.contents()["CustomEventCount"] == 6


def test_suppressed_events_are_not_fired_and_not_limited(load: Load, sandbox: Sandbox) -> None:
    finished = load(MESSAGES, WITH_EVENTS, suppress_custom_events=True)
    assert finished.status == 0
    assert sandbox.contents()["CustomEventCount"] == 0
    assert len(stored(sandbox)) == 4


def test_a_finished_job_whose_state_was_not_written_may_repeat_its_events(
    load: Load, sandbox: Sandbox
) -> None:
    """The tap's state stands before the job's last record: the next run sends that again, events and all."""
    messages = [schema(), record(1), state(1), record(2), record(3), record(4), state(4)]
    finished = load(messages, WITH_EVENTS, max_contacts_per_job=2)
    assert (finished.status, finished.bookmarks) == (6, [1])
    assert finished.outcomes == ["finished"]
    assert finished.rerun == "may_repeat_events"
    assert finished.run["rerun_import_job_ids"] == [jobs_of(sandbox)[0]["Id"]]


# What a job counts, and what says that it has ended.


NOTHING = {
    "InsertedContacts": 0,
    "UpdatedContacts": 0,
    "NotUpdatedContacts": 0,
    "TotalContacts": 0,
    "InvalidEmailCount": 0,
    "InvalidSmsCount": 0,
}


def test_a_job_that_ended_but_counts_nothing_at_all_is_unknown(load: Load, sandbox: Sandbox) -> None:
    sandbox.faults.add(call="run", job={**NOTHING, "CurrentStatus": "Done"})
    finished = load(MESSAGES)
    assert (finished.status, finished.error_code, finished.states) == (5, "job_unknown", [])
    assert "counts nothing at all, although 4 contacts had been sent" in finished.last_line
    assert finished.outcomes == ["unknown"]


def test_where_every_contact_may_be_rejected_a_job_that_counts_nothing_has_ended_well(
    load: Load, sandbox: Sandbox
) -> None:
    sandbox.faults.add(call="run", job=NOTHING)
    finished = load(MESSAGES, max_rejected_percent=100)
    assert (finished.status, finished.bookmarks) == (0, [4])


def test_no_state_is_written_for_a_job_none_of_whose_contacts_arrived(load: Load, sandbox: Sandbox) -> None:
    """It did count them: as invalid."""
    sandbox.faults.add(call="run", job={**NOTHING, "InvalidEmailCount": 4})
    finished = load(MESSAGES)
    assert (finished.status, finished.error_code, finished.states) == (6, "rejected_limit", [])
    assert "None arrived, so no state was written for them" in finished.last_line
    assert finished.jobs[0]["contacts_rejected"] == 4


@pytest.mark.parametrize("status", ["Failed: disk full", "failure", "Error (7)", "rejected, see the log"])
def test_a_status_that_begins_with_a_word_of_failure_is_one(
    load: Load, sandbox: Sandbox, status: str
) -> None:
    sandbox.faults.add(call="run", job={"CurrentStatus": status})
    finished = load(MESSAGES)
    assert (finished.status, finished.error_code, finished.states) == (5, "job_failed", [])


@pytest.mark.parametrize("never", ["1900-01-01T00:00:00", "9999-12-31T23:59:59.9999999"])
def test_a_finish_date_that_means_never_says_nothing(load: Load, sandbox: Sandbox, never: str) -> None:
    sandbox.faults.add(call="run", job={"FinishDate": never, "ProgressPercent": 99, "finishes": False})
    finished = load(MESSAGES, job_timeout_s=0.3)
    assert (finished.status, finished.error_code) == (5, "job_unknown")


def job(**members: object) -> ImportJob:
    names = {each.attribute: 0 if each.kind.is_integer else None for each in IMPORT_JOB_MEMBERS}
    return ImportJob(**{**names, **members})  # type: ignore[arg-type]  # by name


def test_a_finish_date_that_stood_there_before_the_run_says_nothing() -> None:
    before = job(finish_date_text="2026-01-02T03:04:05+00:00", current_status="Ready")
    assert not has_ended(dataclasses.replace(before, current_status="Running"), (), before)
    assert has_ended(dataclasses.replace(before, finish_date_text="2026-01-02T03:04:06+00:00"), (), before)


def test_a_percentage_that_stood_there_before_the_run_says_nothing_until_something_is_counted() -> None:
    before = job(progress_percent=100, current_status="Filled")
    assert not has_ended(dataclasses.replace(before, current_status="Running"), (), before)
    assert has_ended(dataclasses.replace(before, inserted_contacts=1), (), before)
    assert has_ended(job(progress_percent=100), (), job())
