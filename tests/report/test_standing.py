"""How things stand: the answer, how fresh each list is, what is open and what is history."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from target_w50.report.ages import ago, is_overdue, span
from target_w50.report.gathering import put_together
from target_w50.report.needs import Needs
from target_w50.report.reading import read_metrics
from target_w50.report.runs import Tone
from target_w50.report.standing import Standing
from tests.report.records import BEGAN, job, run, stream, times, write


def standing(tmp_path: Path, *records: dict[str, Any], days: float, **options: Any) -> Standing:
    """As of so many days after the first run."""
    now = BEGAN + dt.timedelta(days=days)
    return Standing(put_together(read_metrics([write(tmp_path / "m", records)]), now=now, **options), now)


def night(day: int, list_id: int = 42, **members: Any) -> list[dict[str, Any]]:
    """A run that loaded one list well."""
    name = {42: "Newsletter", 43: "Customers"}[list_id]
    known = {"contact_list_id": list_id, **members}
    return [
        run(day),
        stream(day, name, contact_list_name=name, contacts_sent=5, **known),
        job(day, 100 + day, outcome="finished", stream=name, contact_list_id=list_id, contacts_sent=5),
    ]


def failed(day: int, outcome: str = "failed", **members: Any) -> list[dict[str, Any]]:
    ending = {"exit_status": 5, "error_code": f"job_{outcome}", "error": f"It is {outcome}.", **members}
    return [run(day, **ending), stream(day), job(day, 100 + day, outcome=outcome, error=f"It is {outcome}.")]


def titles(found: Standing) -> list[str]:
    return [each.title for each in Needs(found).items]


def test_a_last_run_that_was_well_says_so_with_its_age(tmp_path: Path) -> None:
    answer = standing(tmp_path, *night(0), days=0.1).answer
    assert (answer.line, answer.tone) == ("Last run: all well, 2 h ago", Tone.GOOD)
    assert (answer.happened, answer.todo) == (None, None)


@pytest.mark.parametrize("verdict", [None, "well_with_rejections"])
def test_rejections_are_said_and_leave_it_well(tmp_path: Path, verdict: str | None) -> None:
    """By the verdict in the record, and by the figures of a record that has none."""
    told: dict[str, Any] = {} if verdict is None else {"verdict": verdict}
    records = [run(0, **told), stream(0, contacts_rejected=22, records_quarantined=1)]
    answer = standing(tmp_path, *records, days=0.1).answer
    assert answer.line == "Last run: all well, 2 h ago"
    assert answer.beside == "22 contacts rejected, 1 record quarantined"
    assert answer.tone is Tone.GOOD


@pytest.mark.parametrize(
    ("rerun", "said"),
    [
        ("safe", "Then run again: that is safe."),
        ("wait", "that run waits for import job 7 first"),
        ("may_repeat_events", "custom events may fire a second time"),
        ("resolve", "`w50 journal resolve 7`"),
    ],
)
def test_a_run_that_failed_says_what_to_do(tmp_path: Path, rerun: str, said: str) -> None:
    bad = failed(1, "unknown", rerun=rerun, rerun_import_job_ids=[7])
    answer = standing(tmp_path, *night(0), *bad, days=1.1).answer
    assert (answer.line, answer.tone) == ("Last run: failed, 2 h ago", Tone.BAD)
    assert answer.happened == "It is unknown."
    assert said in (answer.todo or "")


@pytest.mark.parametrize(
    ("status", "code", "todo"),
    [
        (1, "state_unwritable", "Make room where standard output goes. Then run again: that is safe."),
        (1, "of_a_newer_version", "Run again: that is safe."),
        (4, "of_a_newer_version", "See whether W50 can be reached. Then run again: that is safe."),
        (143, "terminated", "Run again: that is safe."),
    ],
)
def test_what_to_do_goes_by_the_error_code(tmp_path: Path, status: int, code: str, todo: str) -> None:
    bad = run(1, exit_status=status, error_code=code, error="It ended.")
    assert standing(tmp_path, *night(0), bad, days=1.1).answer.todo == todo


def test_failures_in_a_row_are_counted(tmp_path: Path) -> None:
    found = standing(tmp_path, *night(0), *failed(1), *failed(2), *failed(3), days=3.1)
    assert found.answer.line == "Last run: failed, 2 h ago, for the 3rd time in a row"


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (7, "Last run: did not load, another run held the list, 2 h ago"),
        (143, "Last run: stopped before its end, 2 h ago"),
    ],
)
def test_a_run_that_was_stopped_or_came_too_late_did_not_fail(tmp_path: Path, status: int, line: str) -> None:
    bad = run(1, exit_status=status, error_code="stopped", error="It ended.")
    assert standing(tmp_path, *night(0), bad, days=1.1).answer.line == line


def test_a_run_that_found_its_list_taken_is_overtaken_by_the_one_that_held_it(tmp_path: Path) -> None:
    """It began later and ended sooner."""
    holder = [run(1, seconds=7200), stream(1), job(1, 5, outcome="finished")]
    late = times(1, 60.0)["ended_at"]
    refused = run(2, started_at=late, ended_at=late, exit_status=7, error_code="list_in_use")
    found = standing(tmp_path, *night(0), *holder, refused, stream(2), days=1.2)
    assert found.answer.line == "Last run: all well, 2 h ago"
    assert [each.trouble for each in found.lists] == [None]
    assert [each.run_id for each in found.history] == ["run-2"]


def test_a_run_that_was_stopped_while_another_found_its_list_taken_is_one_matter(tmp_path: Path) -> None:
    """What W50 goes on with, the next run waits for: nobody need look at it."""
    ending = {"error_code": "terminated", "error": "Import job 1012 goes on in W50."}
    waits = {"rerun": "wait", "rerun_import_job_ids": [1012]}
    stopped = [
        run(1, seconds=7200, exit_status=143, **ending, **waits),
        stream(1),
        job(1, 1012, outcome="unknown", error="Import job 1012 goes on in W50."),
    ]
    late = times(1, 60.0)["ended_at"]
    refused = run(2, started_at=late, ended_at=late, exit_status=7, error_code="list_in_use")
    records = [*night(0), *stopped, refused, stream(2)]
    found = standing(tmp_path, *records, days=1.2)
    assert found.answer.line == "Last run: stopped before its end, 2 h ago"
    assert (found.answer.todo or "").startswith("Run again: that run waits for import job 1012 first")
    assert [each.trouble for each in found.lists] == ["its job may still run"]
    assert titles(found) == []
    after = standing(tmp_path, *records, *night(3, 43), days=3.2)
    assert after.answer.line == "Last run: all well, 4 h ago; but Newsletter is not loaded"
    (need,) = Needs(after).items
    assert need.title == "Import job 1012 may still run"
    assert need.todo.startswith("Run again: that run waits for it first")


def test_runs_that_ended_badly_in_several_ways_are_counted_together(tmp_path: Path) -> None:
    stopped = run(2, exit_status=143, error_code="terminated", error="It ended.")
    found = standing(tmp_path, *night(0), *failed(1), stopped, days=2.1)
    said = "Last run: stopped before its end, 2 h ago, the 2nd in a row that did not end well"
    assert found.answer.line == said


def test_a_list_is_as_fresh_as_its_last_good_job(tmp_path: Path) -> None:
    found = standing(tmp_path, *night(0), *night(1, 43), *failed(2), days=2.1)
    newsletter, customers = found.lists
    assert (newsletter.title, newsletter.trouble) == ("Newsletter", "job failed")
    assert newsletter.loaded_at == BEGAN + dt.timedelta(seconds=9)
    assert [tone for _, tone in newsletter.marks] == [Tone.GOOD, Tone.BAD]
    assert (customers.title, customers.trouble, customers.loaded) == ("Customers", None, 5)


def test_how_fresh_a_list_is_does_not_hang_on_what_is_shown(tmp_path: Path) -> None:
    found = standing(tmp_path, *night(0), *night(1, 43), days=1.1, last=1)
    assert [each.id for each in found.lists] == [42, 43]
    assert len(found.report.runs) == 1


def test_a_run_with_nothing_to_send_keeps_a_list_fresh(tmp_path: Path) -> None:
    (only,) = standing(tmp_path, *night(0), run(1), stream(1, contacts_unchanged=5), days=1.1).lists
    assert only.fresh_at == only.nothing_to_send_at == BEGAN + dt.timedelta(days=1, seconds=10)
    assert only.loaded_at == BEGAN + dt.timedelta(seconds=9)


def test_a_run_that_failed_for_one_list_loaded_the_other(tmp_path: Path) -> None:
    bad = [*failed(1), stream(1, "other", contact_list_id=43, contact_list_name="Customers")]
    bad += [job(1, 200, outcome="finished", contact_list_id=43)]
    newsletter, customers = standing(tmp_path, *night(0), *bad, days=1.1).lists
    assert (newsletter.trouble, customers.trouble) == ("job failed", None)


def test_a_good_run_of_another_list_does_not_hide_one_that_failed(tmp_path: Path) -> None:
    """Several pipelines may write to the same metrics."""
    found = standing(tmp_path, *night(0), *failed(1), *night(2, 43), days=2.1)
    assert found.answer.tone is Tone.BAD
    assert found.answer.line == "Last run: all well, 2 h ago; but Newsletter is not loaded"
    assert [each.run_id for each in found.failures] == ["run-1"]


def test_a_failure_that_later_runs_made_good_is_history(tmp_path: Path) -> None:
    records = [each for day in range(30) for each in (failed(day) if day == 4 else night(day))]
    found = standing(tmp_path, *records, days=29.1)
    assert found.answer.tone is Tone.GOOD
    assert [each.run_id for each in found.history] == ["run-4"]
    assert (found.failures, found.open_jobs, titles(found)) == ([], [], [])


def test_an_unknown_job_needs_somebody_until_a_later_record_settles_it(tmp_path: Path) -> None:
    unknown = failed(1, "unknown", rerun="resolve", rerun_import_job_ids=[101])
    (need,) = Needs(standing(tmp_path, *night(0), *unknown, days=1.1)).items
    assert need.title == "Import job 101 is unknown"
    assert need.todo == "`w50 journal show 101`, then `w50 journal resolve 101 --list 42`"
    settled = [run(2), stream(2), job(2, 101, outcome="finished", begun_by_run_id="run-1")]
    assert titles(standing(tmp_path, *night(0), *unknown, *settled, days=2.1)) == []


def test_runs_that_failed_alike_are_one_matter(tmp_path: Path) -> None:
    refused = [
        run(day, exit_status=3, error_code="w50_unauthorized", error="W50 refuses.") for day in range(1, 4)
    ]
    found = standing(tmp_path, *night(0), *refused, days=3.1)
    assert (len(found.failures), titles(found)) == (3, [])


def test_what_is_overdue_is_told_by_the_pauses_there_were(tmp_path: Path) -> None:
    nightly = [each for day in range(6) for each in night(day)]
    on_time, late = standing(tmp_path, *nightly, days=6.2), standing(tmp_path, *nightly, days=6.5)
    assert (on_time.answer.tone, titles(on_time)) == (Tone.GOOD, [])
    assert late.answer.line == "Last run: all well, 35 h ago; the next one is overdue"
    assert late.answer.tone is Tone.WARN
    assert titles(late) == ["Newsletter is overdue"]


def test_a_run_without_an_end_may_be_under_way_for_some_hours(tmp_path: Path) -> None:
    left = [*night(0), job(1, 9, outcome="finished")]
    assert "under way or killed" in standing(tmp_path, *left, days=1.1).answer.line
    assert standing(tmp_path, *left, days=1.5).answer.line == "Last run: no end recorded, 11 h ago"


def test_failed_checks_are_counted_by_field(tmp_path: Path) -> None:
    def found(failed: int) -> list[dict[str, Any]]:
        return [{"field_name": "Email", "check": "email", "failed": failed}]

    records = [run(0), stream(0, failed_checks=found(3)), run(1), stream(1, failed_checks=found(2))]
    needs = Needs(standing(tmp_path, *records, days=1.1))
    (only,) = needs.left_behind
    assert dict(only.checks) == {"Email (email)": 5}
    assert [each.title for each in needs.items] == ["2 values failed a check before the sending"]


def test_records_that_come_again_each_night_are_not_added_up(tmp_path: Path) -> None:
    """A tap that sends all each time has the same ones set aside each time."""
    again: dict[str, Any] = {"records_quarantined": 8, "quarantined_schema_invalid": 8}
    nights = [each for day in range(3) for each in (run(day), stream(day, **again))]
    (need,) = Needs(standing(tmp_path, *nights, days=2.1)).items
    assert need.title == "8 records set aside in quarantine by the last runs"
    assert need.words.startswith("schema_invalid 8; by stream: contacts 8. Earlier runs: 16;")
    (after,) = Needs(standing(tmp_path, *nights, run(3), stream(3), days=3.1)).items
    assert after.title == "24 records set aside in quarantine by earlier runs"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (1.5, "1.5 s"),
        (59, "59 s"),
        (60, "1 min"),
        (7199, "1 h"),
        (47 * 3600, "47 h"),
        (48 * 3600, "2 days"),
    ],
)
def test_times_are_as_short_as_can_be(seconds: float, said: str) -> None:
    assert span(seconds) == said
    then = BEGAN - dt.timedelta(seconds=seconds)
    assert ago(then, BEGAN) == ("just now" if seconds < 60 else f"{said} ago")


def test_pauses_at_weekends_are_no_delay() -> None:
    """Runs on workdays alone: Monday's is not late on Sunday."""
    workdays = [BEGAN + dt.timedelta(days=day) for day in range(15) if day % 7 not in (5, 6)]
    last = max(workdays)
    assert not is_overdue([*workdays[:-1], last], last + dt.timedelta(days=3, hours=1))
    assert is_overdue(workdays, last + dt.timedelta(days=4))
