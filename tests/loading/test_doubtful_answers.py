"""Answers that were lost or say nothing: a batch is once in a job that runs, and a job runs at most once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from target_w50.sandbox import Sandbox
from target_w50.w50 import W50Client
from tests.support import (
    Load,
    calls_of,
    entry,
    jobs_of,
    record,
    requests_of,
    run_target,
    schema,
    settings,
    state,
    stored,
)

MESSAGES = [schema(), *[record(number) for number in range(5)], state(5)]
ALL = {f"n{number}@example.com" for number in range(5)}
EVENTS = entry(custom_events=["SendWelcomeEmail"])

LOST_ANSWERS: list[dict[str, Any]] = [
    {"cut": "after"},
    {"cut": "after", "how": "reset"},
    {"cut": "before"},
    {"half": True},
    {"html": True},
    {"html": True, "when": "after"},
    {"status": 500, "when": "after"},
    {"status": 500},
    {"status": 502, "when": "after"},
    {"status": 504, "when": "after"},
    {"status": 408, "when": "after"},
    {"status": 503, "when": "after", "retry_after": 0},
    {"status": 503, "retry_after": 0},
    {"hang": 5, "when": "after"},
]


def name_of(fault: dict[str, Any]) -> str:
    return ",".join(f"{name}={value}" for name, value in fault.items())


def assert_delivered_once(sandbox: Sandbox) -> None:
    """Every contact is there, no job ran twice, and no contact is twice in a job that ran."""
    assert set(stored(sandbox)) == ALL
    for job in jobs_of(sandbox):
        assert job["Runs"] <= 1
        if job["Runs"]:
            sent = Counter(
                contact["Values"]["Email"] for batch in job["Batches"] for contact in batch["Contacts"]
            )
            assert set(sent.values()) == {1}


@pytest.mark.parametrize("fault", LOST_ANSWERS, ids=name_of)
def test_an_upload_whose_answer_was_lost_is_never_run_and_built_anew(
    load: Load, sandbox: Sandbox, fault: dict[str, Any]
) -> None:
    """Sent again into the same job, the batch would be in it twice."""
    sandbox.faults.add({"call": "add", "skip": 1, **fault})
    finished = load(MESSAGES, batch_size_rows=2, request_timeout_s=2)
    assert (finished.status, finished.bookmarks) == (0, [5])
    given_up, built_anew = jobs_of(sandbox)
    assert (given_up["Runs"], built_anew["Runs"]) == (0, 1)
    assert [batch["Count"] for batch in built_anew["Batches"]] == [2, 2, 1]
    assert_delivered_once(sandbox)
    assert finished.outcomes == ["abandoned", "finished"]


def test_between_a_503_and_the_rebuild_there_is_a_pause_that_grows(load: Load, sandbox: Sandbox) -> None:
    """Three rebuilds within a moment would not outlast a restart of W50."""
    sandbox.faults.add(call="create", status=503, times=2)
    pauses: list[float] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(W50Client, "pause", lambda _self, seconds: pauses.append(seconds))
        finished = load(MESSAGES)
    assert (finished.status, pauses) == (0, [1.0, 4.0])
    assert_delivered_once(sandbox)


@pytest.mark.parametrize("call", ["create", "add"])
def test_a_503_that_asks_for_longer_than_fits_ends_the_run_with_4_and_nothing_was_run(
    load: Load, sandbox: Sandbox, call: str
) -> None:
    sandbox.faults.add(call=call, status=503, retry_after=3600, times=None)
    finished = load(MESSAGES)
    assert (finished.status, finished.error_code, finished.rerun) == (4, "w50_retry_later", "safe")
    assert "3600 s" in finished.last_line
    assert calls_of(sandbox).count(call) == 1
    assert "run" not in calls_of(sandbox)


@pytest.mark.parametrize("fault", LOST_ANSWERS, ids=name_of)
def test_after_a_lost_answer_to_create_another_job_is_created(
    load: Load, sandbox: Sandbox, fault: dict[str, Any]
) -> None:
    sandbox.faults.add({"call": "create", **fault})
    finished = load(MESSAGES, batch_size_rows=2, request_timeout_s=2)
    assert (finished.status, finished.bookmarks) == (0, [5])
    assert sum(job["Runs"] for job in jobs_of(sandbox)) == 1
    assert all(job["Batches"] == [] for job in jobs_of(sandbox) if not job["Runs"])
    assert_delivered_once(sandbox)


@pytest.mark.parametrize("call", ["create", "add"])
def test_after_three_rebuilds_the_run_ends_with_4_and_nothing_was_run(
    load: Load, sandbox: Sandbox, call: str
) -> None:
    sandbox.faults.add(call=call, cut="after", times=None)
    finished = load(MESSAGES)
    assert (finished.status, finished.error_code, finished.rerun) == (4, "rebuilds_exhausted", "safe")
    assert calls_of(sandbox).count("create") == 4
    assert "run" not in calls_of(sandbox)
    assert finished.states == []


TOOK_EFFECT = [
    *(fault for fault in LOST_ANSWERS if "after" in fault.values() or "half" in fault),
    {"status": 302, "when": "after"},
    {"status": 409, "when": "after"},
]


@pytest.mark.parametrize("fault", TOOK_EFFECT, ids=name_of)
def test_a_run_that_took_effect_without_an_answer_is_waited_for_and_not_run_again(
    load: Load, sandbox: Sandbox, fault: dict[str, Any]
) -> None:
    """Its custom events would mail every customer twice."""
    sandbox.faults.add({"call": "run", **fault})
    finished = load(MESSAGES, EVENTS, request_timeout_s=2)
    assert (finished.status, finished.bookmarks, finished.rerun) == (0, [5], "safe")
    assert calls_of(sandbox).count("run") == 1
    assert sandbox.contents()["CustomEventCount"] == 5
    assert_delivered_once(sandbox)


@pytest.mark.parametrize(
    "fault",
    [
        {"cut": "before"},
        *({"status": status} for status in (302, 409, 413, 500, 502, 503, 504)),
        {"html": True},
    ],
    ids=name_of,
)
def test_a_run_that_took_no_effect_without_a_clear_answer_is_unknown(
    load: Load, sandbox: Sandbox, fault: dict[str, Any]
) -> None:
    """Nobody can tell it from one that takes effect later, so it is not run again."""
    sandbox.faults.add({"call": "run", **fault})
    finished = load(MESSAGES, EVENTS, request_timeout_s=0.3)
    (job,) = jobs_of(sandbox)
    assert (finished.status, finished.error_code, finished.states) == (5, "job_unknown", [])
    assert f"import job {job['Id']}" in finished.last_line
    assert calls_of(sandbox).count("run") == 1
    assert finished.outcomes == ["unknown"]
    assert (finished.run["rerun"], finished.run["rerun_import_job_ids"]) == ("may_repeat_events", [job["Id"]])
    assert "SendWelcomeEmail" in finished.last_line


def test_the_program_ends_with_5_where_it_is_unknown_whether_a_job_runs(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.faults.add(call="run", cut="before")
    finished = run_target(tmp_path, settings(sandbox, request_timeout_s=0.3), MESSAGES)
    assert (finished.status, finished.error_code, finished.rerun) == (5, "job_unknown", "wait")
    assert "Traceback" not in finished.stderr


def test_the_status_is_watched_from_the_lost_answer_on_for_as_long_as_a_request_may_take(
    load: Load, sandbox: Sandbox
) -> None:
    """An answer that timed out has used up as much already; the job may still be about to begin."""
    sandbox.faults.add(call="run", hang=5)
    finished = load(MESSAGES, request_timeout_s=0.3)
    assert finished.error_code == "job_unknown"
    after_run = calls_of(sandbox)[calls_of(sandbox).index("run") + 1 :]
    assert after_run.count("status") >= 3


def test_a_run_that_was_certainly_not_accepted_is_tried_again(load: Load, sandbox: Sandbox) -> None:
    """429 says so."""
    sandbox.faults.add(call="run", status=429, retry_after=0)
    finished = load(MESSAGES)
    assert (finished.status, finished.bookmarks) == (0, [5])
    assert calls_of(sandbox).count("run") == 2
    assert_delivered_once(sandbox)


def test_a_refused_run_ends_with_3_and_its_events_count_as_not_fired(load: Load, sandbox: Sandbox) -> None:
    sandbox.faults.add(call="run", status=400)
    finished = load(MESSAGES, EVENTS)
    assert (finished.status, finished.rerun, finished.states) == (3, "safe", [])
    assert finished.outcomes == ["abandoned"]


def test_gets_are_tried_again_after_whatever_fault(load: Load, sandbox: Sandbox) -> None:
    for fault in ({"status": 500}, {"cut": "before"}, {"half": True}, {"html": True}):
        sandbox.faults.add({"call": ["list", "fields"], "share": 0.3, "times": 2, **fault})
    sandbox.faults.add(call="status", status=502, times=2)
    finished = load(MESSAGES, retry_for_s=60)
    assert (finished.status, finished.bookmarks) == (0, [5])


def test_a_longer_retry_after_than_fits_ends_the_run_with_4_and_names_it(
    load: Load, sandbox: Sandbox
) -> None:
    sandbox.faults.add(call="create", status=429, retry_after=3600, times=None)
    finished = load(MESSAGES)
    assert (finished.status, finished.error_code) == (4, "w50_retry_later")
    assert "3600 s" in finished.last_line
    assert len(requests_of(sandbox, "create")) == 1
