"""The import modes beside `load`, and what is not kept."""

from __future__ import annotations

import gc
import io
import logging
from typing import Any

from target_w50.outputs.metrics import MetricsWriter
from target_w50.runtime.clock import CLOCK
from target_w50.sandbox import Sandbox
from target_w50.settings.model import settings_from
from target_w50.target import TargetW50
from target_w50.target.opening import open_run
from target_w50.target.sinks import W50Sink
from tests.support import Load, calls_of, jobs_of, lines, record, requests_of, schema, settings, state

WIDER: dict[str, Any] = {
    "email": {"type": "string"},
    "first_name": {"type": "string"},
    "last_name": {"type": "string"},
}


def test_create_only_creates_one_job_for_each_distinct_set_of_field_names(
    load: Load, sandbox: Sandbox
) -> None:
    """And sends no contacts: for accounts where W50 fetches them itself."""
    messages = [schema(), record(1), schema(), state(1), schema(properties=WIDER), schema(), state(2)]
    finished = load(messages, import_mode="create_only")
    assert (finished.status, finished.bookmarks[-1]) == (0, 2)
    assert calls_of(sandbox, "create", "add", "run") == ["create", "create"]
    assert [job["FieldNames"] for job in jobs_of(sandbox)] == [
        ["Email", "FirstName", "CustomerId"],
        ["Email", "FirstName", "LastName"],
    ]
    assert finished.outcomes == ["created", "created"]
    assert finished.states[-1]["w50_import_jobs"]["contacts"]["job_count"] == 2


def test_create_only_passes_no_state_when_the_job_could_not_be_created(load: Load, sandbox: Sandbox) -> None:
    sandbox.faults.add(call="create", status=403)
    finished = load([schema(), state(1)], import_mode="create_only")
    assert (finished.status, finished.states) == (3, [])


def test_create_only_creates_another_job_after_a_lost_answer_and_gives_up_after_three(
    load: Load, sandbox: Sandbox
) -> None:
    sandbox.faults.add(call="create", cut="after", times=3)
    assert load([schema(), state(1)], import_mode="create_only").bookmarks == [1]
    sandbox.faults.add(call="create", cut="after", times=None)
    finished = load([schema(), state(1)], import_mode="create_only")
    assert (finished.status, finished.error_code) == (4, "rebuilds_exhausted")


def test_a_dry_run_sends_nothing_but_gets_and_writes_no_state(load: Load, sandbox: Sandbox) -> None:
    messages = [schema(), *[record(number) for number in range(5)], state(5)]
    finished = load(messages, import_mode="dry_run", max_contacts_per_job=2, state="always")
    assert (finished.status, finished.stdout) == (0, "")
    assert {each["Method"] for each in requests_of(sandbox)} == {"GET"}
    assert jobs_of(sandbox) == []


def test_sinks_that_a_new_schema_has_replaced_are_not_kept(sandbox: Sandbox) -> None:
    """The SDK keeps them until it drains, with their validators and stream maps."""
    config = {**settings(sandbox), "state": "tap_only"}
    written: list[bytes] = []
    metrics = MetricsWriter(None, logging.getLogger("metrics"), CLOCK.now)
    run = open_run(settings_from(config), metrics, write_line=written.append)
    target = TargetW50(config=config, run=run)
    messages: list[dict[str, Any]] = []
    for number in range(30):
        extra = {f"unknown_{number}": {"type": "string"}}
        messages += [schema(properties={**WIDER, **extra}), record(number)]
    target.listen(io.BytesIO(lines([*messages, state(1)])))  # type: ignore[arg-type]
    gc.collect()
    counts = run.ledger.streams["contacts"]
    kept = [each for each in gc.get_objects() if type(each) is W50Sink and each.counts is counts]
    assert len(kept) == 1
    assert len(written) == 1
    run.stop.close()
