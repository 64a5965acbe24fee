"""When a state is written: as jobs end, and never before all that was read before it is in one that did."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from target_w50.sandbox import Sandbox
from target_w50.target import TargetW50
from tests.support import (
    Load,
    Target,
    calls_of,
    entry,
    jobs_of,
    record,
    run_target,
    schema,
    settings,
    state,
    stored,
    wait_until,
)


def test_a_state_is_written_only_when_the_job_before_it_has_ended(
    start: Callable[..., Sandbox], tmp_path: Path
) -> None:
    """The SDK's drain writes it when a batch is uploaded; the job may still fail, or never be run."""
    sandbox = start(faults=[{"call": "run", "job": {"finishes": False}}])
    config = settings(sandbox, max_contacts_per_job=2, job_timeout_s=600)
    with Target(tmp_path, config) as target:
        target.send(schema(), record(1), record(2), state(2), record(3), state(3))
        wait_until(lambda: "run" in calls_of(sandbox), "the job to run", target)
        wait_until(lambda: calls_of(sandbox).count("status") > 3, "it to be asked for", target)
        assert target.lines.empty()


def test_a_state_comes_as_each_full_job_ends_while_the_tap_goes_on(sandbox: Sandbox, tmp_path: Path) -> None:
    with Target(tmp_path, settings(sandbox, max_contacts_per_job=2)) as target:
        target.send(schema(), record(1), record(2), state(2))
        assert target.next_state()["bookmarks"]["contacts"]["at"] == 2
        target.send(record(3), record(4), state(4))
        written = target.next_state()
        assert written["bookmarks"]["contacts"]["at"] == 4
        assert written["w50_import_jobs"]["contacts"]["job_count"] == 2
        target.end_input()
        finished = target.wait()
    assert (finished.status, finished.bookmarks) == (0, [2, 4])


def test_a_failure_in_the_third_job_keeps_the_progress_of_two(load: Load, sandbox: Sandbox) -> None:
    sandbox.faults.add(call="run", skip=2, job={"CurrentStatus": "Failed"})
    messages = [schema(), *(each for number in range(1, 7) for each in (record(number), state(number)))]
    finished = load(messages, max_contacts_per_job=2)
    assert finished.status == 5
    assert finished.bookmarks[-1] == 4
    assert finished.outcomes == ["finished", "finished", "failed"]


def test_at_the_checkpoint_interval_open_jobs_are_run_though_the_tap_is_silent(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    with Target(tmp_path, settings(sandbox, checkpoint_interval_s=0.2)) as target:
        target.send(schema(), record(1), state(1))
        assert target.next_state()["bookmarks"]["contacts"]["at"] == 1
        assert set(stored(sandbox)) == {"n1@example.com"}


def test_a_contact_that_comes_back_in_a_later_batch_closes_the_open_jobs(
    load: Load, sandbox: Sandbox
) -> None:
    """Which of two values of one contact wins within a job is not documented."""
    messages = [
        schema(),
        record(1),
        record(2),
        state("before"),
        record(1, first_name="Last"),
        record(3),
        state("after"),
    ]
    finished = load(messages, batch_size_rows=2)
    assert finished.status == 0
    assert [job["ContactCount"] for job in jobs_of(sandbox)] == [2, 2]
    assert finished.bookmarks == ["before", "after"]
    assert stored(sandbox)["n1@example.com"]["FirstName"] == "Last"


def test_a_contact_that_comes_back_within_a_batch_is_merged_and_its_last_values_win(
    load: Load, sandbox: Sandbox
) -> None:
    messages = [
        schema(),
        record(1, first_name="First", customer_id=7),
        record(2),
        record(1, first_name="Last"),
        state(1),
    ]
    finished = load(messages)
    assert finished.status == 0
    assert [job["ContactCount"] for job in jobs_of(sandbox)] == [2]
    assert stored(sandbox)["n1@example.com"] == {
        "Email": "n1@example.com",
        "FirstName": "Last",
        "CustomerId": 7,
    }
    (stream,) = finished.records("w50_streams")
    assert (stream["records_superseded"], stream["contacts_sent"]) == (1, 2)


def test_a_changed_schema_begins_a_new_job_behind_the_old_one(load: Load, sandbox: Sandbox) -> None:
    """The state before the change passes with the old job, the one after it waits for the new."""
    wider = schema(properties={"email": {"type": "string"}, "last_name": {"type": "string"}})
    changed = {**record(1), "record": {"email": "n1@example.com", "last_name": "New"}}
    finished = load([schema(), record(1), state("old"), wider, changed, state("new")])
    assert finished.status == 0
    assert finished.bookmarks == ["old", "new"]
    assert [job["FieldNames"] for job in jobs_of(sandbox)] == [
        ["Email", "FirstName", "CustomerId"],
        ["Email", "LastName"],
    ]
    assert stored(sandbox)["n1@example.com"] == {
        "Email": "n1@example.com",
        "FirstName": "First 1",
        "LastName": "New",
    }


def test_the_same_schema_again_goes_on_with_the_open_job(load: Load, sandbox: Sandbox) -> None:
    finished = load([schema(), record(1), schema(), record(2), schema(), state(2)])
    assert finished.status == 0
    assert [job["ContactCount"] for job in jobs_of(sandbox)] == [2]


def test_no_slow_stream_holds_the_states_of_a_quick_one_back(load: Load, sandbox: Sandbox) -> None:
    """When one stream's job is full, the other's is closed too, however few contacts it has."""
    quick = [record(number) for number in range(1, 7)]
    messages = [schema(), schema("people"), record(0, "people"), *quick[:3], state(3), *quick[3:], state(6)]
    finished = load(messages, entry(), entry("people"), max_contacts_per_job=3)
    assert finished.status == 0
    assert finished.bookmarks == [3, 6]
    assert [job["ContactCount"] for job in jobs_of(sandbox)] == [1, 3, 3]


def test_two_streams_interleaved_into_one_list_pass_their_states_together(
    load: Load, sandbox: Sandbox
) -> None:
    """A state between them is safe only when both streams' contacts before it are."""
    sandbox.faults.add(call="run", skip=1, job={"CurrentStatus": "Failed"})
    messages = [schema(), schema("people"), record(1), record(2, "people"), state("both")]
    finished = load(messages, entry(), entry("people"))
    assert finished.status == 5
    assert finished.outcomes == ["finished", "failed"]
    assert finished.states == []


def test_a_stream_without_contacts_makes_no_job_and_its_state_passes(load: Load, sandbox: Sandbox) -> None:
    finished = load([schema(), state("empty")])
    assert (finished.status, finished.bookmarks) == (0, ["empty"])
    assert jobs_of(sandbox) == []


def test_a_state_that_the_tap_sent_empty_is_not_written(load: Load) -> None:
    empty = {"type": "STATE", "value": {}}
    finished = load([empty, schema(), record(1), state(1), record(2), empty])
    assert (finished.status, finished.bookmarks) == (0, [1])


def test_an_input_that_ends_without_a_state_writes_none(sandbox: Sandbox, tmp_path: Path) -> None:
    """Under Meltano a line would replace the bookmarks that are stored."""
    finished = run_target(tmp_path, settings(sandbox), [schema(), record(1)])
    assert (finished.status, finished.stdout) == (0, "")
    assert set(stored(sandbox)) == {"n1@example.com"}


@pytest.mark.parametrize("mode", ["tap_only", "with_jobs"])
def test_a_state_keeps_the_tap_s_nan_and_infinity(sandbox: Sandbox, tmp_path: Path, mode: str) -> None:
    """They are no JSON, but what Python's writers write, and what a tap that wrote them reads."""
    written = b'{"type": "STATE", "value": {"at": NaN, "more": [-Infinity, null], "n": 0.10}}\n'
    finished = run_target(tmp_path, settings(sandbox, state=mode), written)
    assert finished.status == 0
    assert finished.stdout.startswith('{"at":NaN,"more":[-Infinity,null],"n":0.10')


@pytest.mark.parametrize(
    "fault", [{"status": 503, "times": None, "retry_after": 300}, {"hang": 3600}], ids=str
)
def test_a_new_stream_that_waits_for_w50_does_not_hold_the_states_of_the_others_back(
    start: Callable[..., Sandbox], tmp_path: Path, fault: dict[str, Any]
) -> None:
    """Its look-up is tried again, or never answered, for much longer than the checkpoint interval."""
    sandbox = start(faults=[{"call": "list", "skip": 1, **fault}])
    config = settings(
        sandbox, entry(), entry("people", contact_list="43"), checkpoint_interval_s=0.2, retry_for_s=3600
    )
    with Target(tmp_path, config) as target:
        target.send(schema(), record(1), state(1), schema("people"))
        assert target.next_state()["bookmarks"]["contacts"]["at"] == 1


@pytest.mark.parametrize(("interval_s", "tick_s"), [(0.05, 0.05), (300, 1.0)])
def test_a_silent_tap_is_looked_up_from_as_often_as_the_interval_asks(
    interval_s: float, tick_s: float
) -> None:
    config = {"auth_token": "t", "streams": [entry()], "checkpoint_interval_s": interval_s}
    assert TargetW50(config=config)._begin_reading().tick_s == tick_s
