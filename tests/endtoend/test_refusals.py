"""What W50 itself refuses or warns of: found, set aside and counted, and never shown with its values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from target_w50.sandbox import Sandbox
from tests.endtoend import program
from tests.support import Finished, calls_of, jobs_of, record, requests_of, schema, settings, state, stored

FIELDS = ("Email", "FirstName", "LastName", "CustomerId")
POISON = "poisonous value"
DEBUG = {"TARGET_W50_LOGLEVEL": "DEBUG"}


@pytest.fixture
def aside(tmp_path: Path) -> Path:
    return tmp_path / "aside.singer"


def sandbox_with(*faults: dict[str, Any], **options: Any) -> Sandbox:
    return Sandbox(lists=[program.contact_list(*FIELDS)], token="a-token", faults=faults, **options)


def rejecting(status: int = 400) -> Sandbox:
    return sandbox_with({"reject": {"field": "FirstName", "contains": POISON, "status": status}})


def quarantine(sandbox: Sandbox, aside: Path, **more: Any) -> dict[str, Any]:
    return settings(
        sandbox, on_invalid_record="quarantine", quarantine_path=str(aside), batch_size_rows=10, **more
    )


def messages(count: int, *bad: int) -> Iterator[dict[str, Any]]:
    """Records of that many contacts; those numbered in `bad` hold what W50 refuses."""
    yield schema()
    for number in range(count):
        yield record(number, first_name=f"{POISON} {number}") if number in bad else record(number)
    yield state(count)


def run_counts(sandbox: Sandbox) -> list[int]:
    return [job["Runs"] for job in jobs_of(sandbox)]


def says_nothing_of_values(ended: Finished) -> bool:
    return POISON not in ended.stderr + ended.stdout + json.dumps(ended.metrics)


@pytest.mark.parametrize("status", [400, 417, 422])
def test_the_contacts_at_fault_are_found_and_set_aside_and_the_rest_arrives(
    tmp_path: Path, aside: Path, status: int
) -> None:
    bad = (3, 4, 17, 29)
    with rejecting(status) as sandbox:
        ended = program.run(tmp_path, quarantine(sandbox, aside), messages(35, *bad), environment=DEBUG)
        assert (ended.status, ended.bookmarks) == (0, [35]), ended.stderr
        assert [*stored(sandbox)] == [f"n{number}@example.com" for number in range(35) if number not in bad]
        # The job that was used to find them is given up: exactly one job ran, and it was built anew.
        assert sorted(run_counts(sandbox)) == [0, 1]
        (ran,) = [job for job in jobs_of(sandbox) if job["Runs"]]
        sent = [contact["Values"]["Email"] for batch in ran["Batches"] for contact in batch["Contacts"]]
        assert sorted(sent) == sorted(stored(sandbox))
    assert sorted(ended.outcomes) == ["abandoned", "finished"]
    assert program.reasons(aside) == ["w50_rejected"] * 4
    found = program.quarantined(aside)
    assert [each["record"]["email"] for each in found] == [f"n{number}@example.com" for number in bad]
    assert [each["quarantine"]["position"] for each in found] == [number + 2 for number in bad]
    assert all(POISON not in json.dumps(each["quarantine"]) for each in found)
    figures = program.of_stream(ended)
    assert (figures["quarantined_w50_rejected"], figures["contacts_sent"]) == (4, 31)
    assert program.adds_up(ended)
    assert says_nothing_of_values(ended)


def test_a_refusal_is_found_in_xml_too(tmp_path: Path, aside: Path) -> None:
    with rejecting() as sandbox:
        config = quarantine(sandbox, aside, media_type="application/xml")
        ended = program.run(tmp_path, config, messages(12, 11), environment=DEBUG)
        assert (ended.status, len(stored(sandbox))) == (0, 11), ended.stderr
    assert says_nothing_of_values(ended)


def test_all_records_of_a_refused_contact_are_set_aside_and_the_counts_add_up(
    tmp_path: Path, aside: Path
) -> None:
    with rejecting() as sandbox:
        again = [record(1), record(1, first_name=POISON), record(1, first_name=f"{POISON} 3"), record(2)]
        ended = program.run(tmp_path, quarantine(sandbox, aside), [schema(), *again, state(1)])
        assert (ended.status, ended.bookmarks) == (0, [1]), ended.stderr
        assert [*stored(sandbox)] == ["n2@example.com"]
    assert [each["record"] for each in program.quarantined(aside)] == [each["record"] for each in again[:3]]
    assert program.adds_up(ended), program.of_stream(ended)


def test_a_job_whose_contacts_are_all_refused_is_not_run_and_its_state_passes(
    tmp_path: Path, aside: Path
) -> None:
    with rejecting() as sandbox:
        ended = program.run(tmp_path, quarantine(sandbox, aside), messages(3, 0, 1, 2))
        assert (ended.status, ended.bookmarks) == (0, [3]), ended.stderr
        assert calls_of(sandbox, "run") == []
    assert program.reasons(aside) == ["w50_rejected"] * 3
    assert program.adds_up(ended)


def test_many_culprits_are_all_found_once_a_contact_was_accepted(tmp_path: Path, aside: Path) -> None:
    bad = range(5, 60)
    with rejecting() as sandbox:
        ended = program.run(tmp_path, quarantine(sandbox, aside), messages(62, *bad))
        assert (ended.status, len(stored(sandbox))) == (0, 7), ended.stderr
    assert len(program.quarantined(aside)) == 55
    assert program.adds_up(ended)


@pytest.mark.parametrize(
    ("count", "bad"),
    [
        (300, range(20)),
        (300, range(280, 300)),
        (300, range(0, 300, 15)),
        # More than the fifty requests that find out whether W50 takes anything at all.
        (120, range(0, 120, 2)),
        (120, range(1, 120, 2)),
        (120, range(100)),
        (120, range(20, 120)),
    ],
    ids=["first", "last", "spread", "even", "odd", "most_first", "most_last"],
)
def test_contacts_at_fault_are_set_aside_wherever_they_stand(
    tmp_path: Path, aside: Path, count: int, bad: range
) -> None:
    with rejecting() as sandbox:
        config = {**quarantine(sandbox, aside), "batch_size_rows": 500}
        ended = program.run(tmp_path, config, messages(count, *bad))
        assert (ended.status, ended.bookmarks) == (0, [count]), ended.stderr
        # The order of those that are kept stays the input's.
        kept = [f"n{number}@example.com" for number in range(count) if number not in bad]
        assert [*stored(sandbox)] == kept
    found = program.quarantined(aside)
    assert [each["record"]["email"] for each in found] == [f"n{number}@example.com" for number in bad]
    assert program.adds_up(ended)


@pytest.mark.parametrize("rows", [1, 5, 20])
def test_contacts_at_fault_that_fill_the_first_batches_are_set_aside(
    tmp_path: Path, aside: Path, rows: int
) -> None:
    with rejecting() as sandbox:
        config = {**quarantine(sandbox, aside), "batch_size_rows": rows}
        ended = program.run(tmp_path, config, messages(60, *range(20)))
        assert (ended.status, ended.bookmarks, len(stored(sandbox))) == (0, [60], 40), ended.stderr
    assert len(program.quarantined(aside)) == 20
    assert program.adds_up(ended)


@pytest.mark.parametrize("alone", [0, 294, 295])
def test_one_good_contact_among_bad_ones_counts_where_it_is_looked_at(
    tmp_path: Path, aside: Path, alone: int
) -> None:
    """One of six is looked at here: 0 and 295 are, and 294 is not."""
    with rejecting() as sandbox:
        config = {**quarantine(sandbox, aside), "batch_size_rows": 500}
        ended = program.run(tmp_path, config, messages(300, *(n for n in range(300) if n != alone)))
        if alone == 294:
            assert (ended.status, ended.error_code, ended.states) == (3, "w50_refused", []), ended.stderr
            assert len(calls_of(sandbox, "add")) == 51
            assert program.reasons(aside) == []
        else:
            assert (ended.status, [*stored(sandbox)]) == (0, [f"n{alone}@example.com"]), ended.stderr
            assert len(program.quarantined(aside)) == 299


@pytest.mark.parametrize("count", [20, 49, 51, 3000])
def test_a_w50_that_takes_nothing_is_known_after_few_requests(
    tmp_path: Path, aside: Path, count: int
) -> None:
    with rejecting() as sandbox:
        config = {**quarantine(sandbox, aside), "batch_size_rows": 5000}
        ended = program.run(tmp_path, config, messages(count, *range(count)))
        assert (ended.status, ended.error_code, ended.states) == (3, "w50_refused", []), ended.stderr
        assert len(calls_of(sandbox, "add")) <= 51
        assert calls_of(sandbox, "run") == []


def test_twenty_culprits_without_an_accepted_contact_are_not_the_contacts_fault(
    tmp_path: Path, aside: Path
) -> None:
    with rejecting() as sandbox:
        config = {**quarantine(sandbox, aside), "batch_size_rows": 50}
        ended = program.run(tmp_path, config, messages(50, *range(50)), environment=DEBUG)
        assert (ended.status, ended.error_code) == (3, "w50_refused"), ended.stderr
        assert calls_of(sandbox, "run") == []
    assert program.reasons(aside) == []
    assert ended.states == []
    assert says_nothing_of_values(ended)


def test_twenty_culprits_over_several_batches_are_not_the_contacts_fault_either(
    tmp_path: Path, aside: Path
) -> None:
    with rejecting() as sandbox:
        config = {**quarantine(sandbox, aside), "batch_size_rows": 5}
        ended = program.run(tmp_path, config, messages(60, *range(60)))
        assert (ended.status, ended.error_code) == (3, "w50_refused"), ended.stderr
        assert len(calls_of(sandbox, "add")) <= 60
        assert calls_of(sandbox, "run") == []


@pytest.mark.parametrize("status", [400, 417, 422])
def test_a_refused_upload_ends_the_run_at_once_where_nothing_is_set_aside(
    tmp_path: Path, status: int
) -> None:
    with rejecting(status) as sandbox:
        ended = program.run(tmp_path, settings(sandbox), messages(8, 3), environment=DEBUG)
        assert (ended.status, ended.error_code, ended.rerun) == (3, "w50_refused", "safe"), ended.stderr
        assert calls_of(sandbox, "add", "run") == ["add"]
        assert program.contacts(sandbox) == []
    assert ended.states == []
    assert says_nothing_of_values(ended)
    assert program.ends_in_words(ended)


def test_a_limit_of_invalid_records_counts_what_w50_refused(tmp_path: Path, aside: Path) -> None:
    with rejecting() as sandbox:
        config = quarantine(sandbox, aside, max_invalid_records=2)
        ended = program.run(tmp_path, config, messages(35, 1, 2, 3))
    assert (ended.status, ended.error_code) == (6, "invalid_records_limit"), ended.stderr
    assert len(program.quarantined(aside)) == 3


# 413.


@pytest.mark.parametrize("on_invalid", ["fail", "quarantine"])
def test_a_request_that_is_too_large_is_halved_until_it_fits(
    tmp_path: Path, aside: Path, on_invalid: str
) -> None:
    with sandbox_with(max_body_bytes=1000) as sandbox:
        config = {**quarantine(sandbox, aside), "on_invalid_record": on_invalid, "batch_size_rows": 200}
        ended = program.run(tmp_path, config, messages(200))
        assert (ended.status, ended.bookmarks) == (0, [200]), ended.stderr
        assert len(stored(sandbox)) == 200
        assert run_counts(sandbox) == [1]
        assert {each["Status"] for each in requests_of(sandbox, "add")} == {200, 413}
    assert ended.outcomes == ["finished"]
    assert program.adds_up(ended)


def test_a_single_contact_that_is_too_large_is_set_aside_or_ends_the_run(tmp_path: Path, aside: Path) -> None:
    big = [schema(), record(1), record(2, first_name=POISON * 200), record(3), state(3)]
    with sandbox_with(max_body_bytes=1000) as sandbox:
        ended = program.run(tmp_path, quarantine(sandbox, aside), big, environment=DEBUG)
        assert (ended.status, ended.bookmarks) == (0, [3]), ended.stderr
        assert [*stored(sandbox)] == ["n1@example.com", "n3@example.com"]
        assert program.reasons(aside) == ["w50_rejected"]
        assert program.adds_up(ended)
        assert says_nothing_of_values(ended)
    with sandbox_with(max_body_bytes=1000) as sandbox:
        ended = program.run(tmp_path, settings(sandbox), big)
        assert (ended.status, ended.error_code) == (3, "w50_too_large"), ended.stderr
        assert calls_of(sandbox, "run") == []


# ValidationWarnings.


def test_warnings_are_counted_by_kind_and_told_with_at_most_five_places(tmp_path: Path) -> None:
    odd = {"warn": {"field": "FirstName", "contains": POISON, "text": f"FirstName is odd: {POISON} 3"}}
    with sandbox_with(odd) as sandbox:
        bad = [3, 5, 6, 7, 8, 9, 12]
        config = settings(sandbox, batch_size_rows=100)
        ended = program.run(tmp_path, config, messages(20, *bad), environment=DEBUG)
        assert (ended.status, len(stored(sandbox))) == (0, 20), ended.stderr
    assert ended.jobs[0]["validation_warnings"] == {"FirstName is … value …": 7}
    (told,) = [line for line in ended.stderr.splitlines() if "warned of" in line]
    assert "7 contacts" in told
    assert told.count("line ") == 5
    assert "line 5, line 7, line 8, line 9, line 10" in told
    assert says_nothing_of_values(ended)


def test_a_warning_does_not_set_anything_aside(tmp_path: Path, aside: Path) -> None:
    odd = {"warn": {"field": "FirstName", "contains": POISON, "text": "Odd"}}
    with sandbox_with(odd, {"add_answer": "contacts"}) as sandbox:
        ended = program.run(tmp_path, quarantine(sandbox, aside), messages(3, 1))
        assert (ended.status, len(stored(sandbox))) == (0, 3), ended.stderr
    assert program.quarantined(aside) == []


# Refusals of other calls.


@pytest.mark.parametrize(
    ("call", "status", "code"),
    [
        ("list", 403, "w50_forbidden"),
        ("fields", 400, "w50_refused"),
        ("create", 401, "w50_unauthorized"),
        ("create", 400, "w50_refused"),
        ("add", 403, "w50_forbidden"),
        ("add", 404, "w50_not_found"),
        ("add", 409, "w50_refused"),
        ("status", 403, "w50_forbidden"),
        ("run", 400, "w50_refused"),
        ("run", 403, "w50_forbidden"),
    ],
)
def test_a_refusal_of_any_call_is_exit_3_and_nothing_was_run(
    tmp_path: Path, aside: Path, call: str, status: int, code: str
) -> None:
    body = json.dumps({"Message": f"Not for you: {POISON}"})
    fault = {"call": call, "status": status, "times": 100, "body": body, "content_type": "application/json"}
    with sandbox_with(fault) as sandbox:
        ended = program.run(tmp_path, quarantine(sandbox, aside), messages(3))
        assert (ended.status, ended.error_code, ended.rerun) == (3, code, "safe"), ended.stderr
        assert sum(run_counts(sandbox)) == 0
    assert (ended.states, program.quarantined(aside)) == ([], [])
    assert program.ends_in_words(ended)
    assert str(status) in ended.last_line
