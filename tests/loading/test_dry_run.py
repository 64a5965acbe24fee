"""`w50 plan`: what a run would do, by the run's own ways."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from target_w50.sandbox import Sandbox
from tests.cli.support import TOKEN, Operator, Outcome
from tests.support import (
    LIST,
    OTHER_LIST,
    Target,
    entry,
    lines,
    record,
    run_target,
    schema,
    state,
    wait_until,
)

LOADED = {"auth_token": TOKEN, "poll_interval_s": 0.01}


@pytest.fixture
def operator(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Operator]:
    with Sandbox(token=TOKEN, lists=[LIST, OTHER_LIST]) as sandbox:
        yield Operator(sandbox, tmp_path, capsys)


def plan(
    operator: Operator, messages: Iterable[Mapping[str, Any]], *options: str, **settings: Any
) -> Outcome:
    path = operator.folder / "input.singer"
    path.write_bytes(lines(messages))
    return operator.w50("plan", str(path), *options, **settings)


def planned(operator: Operator, messages: Iterable[Mapping[str, Any]], **settings: Any) -> dict[str, Any]:
    """The plan as JSON."""
    outcome = plan(operator, messages, "--json", **settings)
    assert outcome.status == 0, outcome.err
    document: dict[str, Any] = outcome.document
    return document


def stream_of(document: Mapping[str, Any], name: str = "contacts") -> dict[str, Any]:
    (found,) = [each for each in document["streams"] if each["stream"] == name]
    assert isinstance(found, dict)
    return found


REPEATS = [schema(), *(record(number % 7, first_name=f"F{number}") for number in range(20)), state(1)]
MANY = [schema(), *(record(number) for number in range(45)), state(1)]
TWO_STREAMS = [
    schema(),
    schema("customers"),
    *(record(number // 2, "contacts" if number % 2 else "customers") for number in range(30)),
    state(1),
]


@pytest.mark.parametrize(
    ("messages", "more"),
    [
        (REPEATS, {}),
        (REPEATS, {"batch_size_rows": 3}),
        (MANY, {"batch_size_rows": 10, "max_contacts_per_job": 25}),
        (MANY, {"batch_size_bytes": 1000}),
        (MANY, {"media_type": "application/xml", "batch_size_rows": 10}),
        (TWO_STREAMS, {"streams": [entry(), entry("customers", "43")], "batch_size_rows": 4}),
    ],
)
def test_the_plan_is_what_the_run_then_does(
    messages: list[dict[str, Any]], more: dict[str, Any], operator: Operator, tmp_path: Path
) -> None:
    """The same jobs, requests, contacts and merged records: the ways are the same, up to the sending."""
    document = planned(operator, messages, **more)
    finished = run_target(tmp_path / "run", {**operator.settings, **LOADED, **more}, messages)
    assert finished.status == 0, finished.stderr
    for told in finished.records("w50_streams"):
        of_plan = stream_of(document, told["stream"])
        jobs = [each for each in finished.jobs if each["stream"] == told["stream"]]
        assert of_plan["contacts"] == told["contacts_sent"]
        assert of_plan["import_jobs"] == told["import_jobs"] == len(jobs)
        assert of_plan["requests"]["add_contacts"] == sum(job["batches"] for job in jobs)
        assert of_plan["records"]["superseded"] == told["records_superseded"]
        assert [each["field_name"] for each in of_plan["fields"]] == jobs[0]["field_names"]


def test_nothing_but_gets_is_asked_and_nothing_is_left_behind(operator: Operator, tmp_path: Path) -> None:
    left = {name: str(tmp_path / name) for name in ("metrics_path", "quarantine_path")}
    plan(operator, [schema(), {**record(1), "record": {}}], on_invalid_record="quarantine", **left)
    assert operator.asked() == {"GET"}
    assert not any(Path(path).exists() for path in left.values())


def test_every_property_is_told_with_how_it_was_decided(operator: Operator) -> None:
    properties = {name: {"type": "string"} for name in ("email", "LastName", "id", "first_nam", "gone")}
    fields = {"id": "CustomerId", "gone": "__NULL__"}
    document = planned(operator, [schema(properties=properties)], streams=[entry(fields=fields)])
    of_plan = stream_of(document)
    assert {each["property"]: (each["field_name"], each["decided_by"]) for each in of_plan["fields"]} == {
        "email": ("Email", "normalized"),
        "LastName": ("LastName", "normalized"),
        "id": ("CustomerId", "explicit"),
    }
    assert {each["property"]: (each["why"], each["nearest_field"]) for each in of_plan["ignored"]} == {
        "first_nam": ("no such field", "FirstName"),
        "gone": ("dropped", None),
    }


INVALID = [
    schema(),
    record(1),
    record(2, email=" "),
    record(3, customer_id=True),
    record(4, customer_id=False),
    {"type": "RECORD", "stream": "contacts", "record": {"first_name": "x"}},
    state(1),
]


def test_invalid_records_are_counted_by_reason_and_the_end_of_the_run_is_told(operator: Operator) -> None:
    """With `on_invalid_record` fail the first of them would end a run; here all are counted."""
    document = planned(operator, INVALID)
    of_plan = stream_of(document)
    assert {(each["reason"], each["property"]): each["count"] for each in of_plan["invalid"]} == {
        ("missing_match_value", "email"): 1,
        ("schema_invalid", "customer_id"): 2,
        ("missing_key_property", "email"): 1,
    }
    assert not any(each["would_be_quarantined"] for each in of_plan["invalid"])
    assert of_plan["invalid"][0]["first_at"] == "line 3"
    assert of_plan["records"] == {"read": 5, "valid": 1, "skipped": 0, "superseded": 0, "invalid": 4}
    assert {each["exit_status"] for each in document["would_end_with"]} == {2}
    assert "if it did not end with exit status 2" in document["summary"]


def test_where_invalid_records_are_set_aside_the_run_would_go_on(operator: Operator, tmp_path: Path) -> None:
    document = planned(
        operator, INVALID, on_invalid_record="quarantine", quarantine_path=str(tmp_path / "q.singer")
    )
    assert all(each["would_be_quarantined"] for each in stream_of(document)["invalid"])
    assert document["would_end_with"] == []


@pytest.mark.parametrize(("limit", "value"), [("max_invalid_records", 3), ("max_invalid_percent", 79)])
def test_a_limit_that_would_be_passed_is_told(
    limit: str, value: int, operator: Operator, tmp_path: Path
) -> None:
    kept = {"on_invalid_record": "quarantine", "quarantine_path": str(tmp_path / "q.singer")}
    document = planned(operator, INVALID, **kept, **{limit: value})
    (ending,) = document["would_end_with"]
    assert ending["exit_status"] == 6
    assert limit in ending["message"]
    assert planned(operator, INVALID, **kept, **{limit: value + 1})["would_end_with"] == []


def test_custom_events_are_told_with_how_many_contacts_may_get_them(operator: Operator) -> None:
    events = entry(custom_events=["SendWelcomeEmail"], custom_events_max_contacts=44)
    document = planned(operator, MANY, streams=[events])
    assert stream_of(document)["custom_events"] == {
        "names": ["SendWelcomeEmail"],
        "contacts": 45,
        "most_contacts": 44,
    }
    (ending,) = document["would_end_with"]
    assert ending["error_code"] == "custom_events_limit"
    assert "45 contacts of this run would get the custom events SendWelcomeEmail" in ending["message"]
    assert "events: SendWelcomeEmail for up to 45" in document["summary"]


def test_suppressed_events_reach_nobody(operator: Operator) -> None:
    events = entry(custom_events=["SendWelcomeEmail"], custom_events_max_contacts=1)
    told = plan(operator, MANY, streams=[events], suppress_custom_events=True)
    assert "none: SendWelcomeEmail suppressed" in told.out
    assert told.out.rstrip().endswith("events: none; nothing was sent")


def test_the_text_ends_with_one_sentence(operator: Operator) -> None:
    told = plan(operator, TWO_STREAMS, streams=[entry(), entry("customers", "43")])
    assert told.status == 0
    assert told.out.splitlines()[-1] == (
        "would send 15 contacts to list 42 'Newsletter' and 15 contacts to list 43 'Customers'; 0 invalid; "
        "events: none; nothing was sent"
    )
    assert "Stream contacts -> contact list 42 'Newsletter'" in told.out


def test_the_first_contact_is_shown_without_its_values_unless_they_are_asked_for(operator: Operator) -> None:
    messages = [schema(), record("secret", customer_id=4711, first_name=None)]
    masked = plan(operator, messages)
    assert "text like an e-mail address, 19 characters" in masked.out
    assert "secret@" not in masked.out + masked.err
    assert "4711" not in masked.out
    shown = plan(operator, messages, "--show-values")
    assert "nsecret@example.com" in shown.out
    assert "4711" in shown.out
    for media_type in ("application/json", "text/xml"):
        sample = stream_of(planned(operator, messages, media_type=media_type))["sample_contact"]
        assert sample == {
            "Email": "text like an e-mail address, 19 characters",
            "FirstName": "null",
            "CustomerId": "a number",
        }


def test_what_the_input_has_no_counterpart_for_ends_the_plan_like_a_run(operator: Operator) -> None:
    told = plan(operator, [schema("orders")])
    assert (told.status, told.out) == (2, "")
    assert "error_code=stream_unlisted" in told.last_line


def test_an_input_that_is_not_singer_ends_the_plan_like_a_run(operator: Operator) -> None:
    path = operator.folder / "input.singer"
    path.write_text("nonsense\n")
    told = operator.w50("plan", str(path))
    assert (told.status, told.out) == (2, "")
    assert operator.w50("plan", str(path) + ".missing").status == 2


def test_skipped_and_deleted_records_are_told(operator: Operator) -> None:
    deleted = record(2, _sdc_deleted_at="2026-01-01T00:00:00Z")
    document = planned(operator, [schema(), record(1), deleted])
    assert stream_of(document)["records"]["skipped"] == 1
    failing = planned(operator, [schema(), record(1), deleted], streams=[entry(deleted_records="fail")])
    assert [each["error_code"] for each in failing["would_end_with"]] == ["deleted_at_source"]


def test_an_empty_input_would_send_nothing(operator: Operator) -> None:
    assert plan(operator, []).out == "would send no contacts; 0 invalid; events: none; nothing was sent\n"


def test_a_mode_that_sends_no_contacts_has_no_plan(operator: Operator) -> None:
    told = plan(operator, MANY, import_mode="create_only")
    assert told.status == 2
    assert "error_code=nothing_to_plan" in told.last_line


def test_the_target_rehearses_too_with_the_plan_on_standard_error(operator: Operator, tmp_path: Path) -> None:
    """`import_mode: dry_run`, for `meltano run`: no state, no values, the same text."""
    settings = {**operator.settings, **LOADED, "import_mode": "dry_run"}
    finished = run_target(tmp_path / "run", settings, MANY)
    assert (finished.status, finished.stdout) == (0, "")
    assert plan(operator, MANY).out.rpartition("\n\n")[0] in finished.stderr
    assert finished.last_line.startswith(
        "target-w50: Dry run: would send 45 contacts to list 42 'Newsletter'"
    )
    assert "n1@example.com" not in finished.stderr
    assert operator.asked() == {"GET"}


def test_a_rehearsal_of_the_target_sets_nothing_aside(operator: Operator, tmp_path: Path) -> None:
    quarantine = tmp_path / "q.singer"
    settings = {
        **operator.settings,
        "import_mode": "dry_run",
        "on_invalid_record": "quarantine",
        "quarantine_path": str(quarantine),
    }
    finished = run_target(tmp_path / "run", settings, INVALID)
    assert (finished.status, finished.stdout) == (0, "")
    assert not quarantine.exists()
    assert finished.run["records_quarantined"] == 0


def test_a_signal_ends_a_rehearsal(operator: Operator, tmp_path: Path) -> None:
    settings = {**operator.settings, "import_mode": "dry_run"}
    with Target(tmp_path / "run", settings) as target:
        target.send(schema(), record(1))
        wait_until(lambda: bool(operator.asked()), "a look at the list", target)
        target.process.terminate()
        assert target.wait().status == 143


def test_the_plan_is_read_from_standard_input_too(operator: Operator, tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps(operator.settings))
    ran = subprocess.run(
        [sys.executable, "-m", "target_w50.cli", "plan", "--config", str(config)],
        input=lines(MANY),
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert b"would send 45 contacts" in ran.stdout
