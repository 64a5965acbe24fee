"""Metrics files are read leniently: what can be used is, what can't is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from target_w50.errors import InputError
from target_w50.outputs.metrics import MetricsStream
from target_w50.report.gathering import put_together
from target_w50.report.reading import read_metrics
from tests.report.records import job, run, stream, write


def test_broken_and_foreign_lines_are_named_by_file_and_line(tmp_path: Path) -> None:
    path = write(tmp_path / "m.singer", [run(), stream()])
    foreign = {"type": "RECORD", "stream": "orders", "record": {}}
    wrong = {"type": "RECORD", "stream": "w50_runs", "record": {"run_id": "x"}}
    with path.open("a") as file:
        file.write('{"type": "RECORD", "stre\n\n[1]\n')
        file.write(json.dumps({"type": "SCHEMA", "stream": "w50_runs"}) + "\n")
        file.write(json.dumps(foreign) + "\n" + json.dumps(wrong) + "\n")
    metrics = read_metrics([path, tmp_path / "missing"])
    told = [str(each) for each in metrics.complaints]
    assert [each.line for each in metrics.complaints] == [3, 5, 7, 8, 0]
    assert "m.singer, line 3: it is not JSON" in told[0]
    assert "not a Singer message" in told[1]
    assert "none of target-w50's metrics" in told[2]
    assert "w50_runs" in told[3]
    assert "missing: it can't be read" in told[4]
    assert len(put_together(metrics).runs) == 1


@pytest.mark.parametrize("content", ["", "nonsense\n"])
def test_files_without_any_usable_record_are_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "m.singer"
    path.write_text(content)
    with pytest.raises(InputError) as refused:
        read_metrics([path])
    assert refused.value.code == "no_metrics"


def test_a_record_that_stands_in_two_files_counts_once(tmp_path: Path) -> None:
    first = write(tmp_path / "a", [run(contacts_sent=1)])
    second = write(tmp_path / "b", [run(contacts_sent=2), run(1)])
    metrics = read_metrics([first, second])
    assert [each["contacts_sent"] for each in metrics.of(MetricsStream.RUNS)] == [2, 0]


def test_runs_stand_in_the_order_in_which_they_began(tmp_path: Path) -> None:
    report = put_together(read_metrics([write(tmp_path / "m", [run(3), run(1), run(2)])]))
    assert [each.run_id for each in report.runs] == ["run-1", "run-2", "run-3"]
    assert report.newest.run_id == "run-3"


def test_a_run_that_was_killed_is_made_of_what_it_left(tmp_path: Path) -> None:
    """Its jobs were written as they ended, and nothing after them."""
    left = job(number=7, outcome="finished", contacts_sent=5, inserted_contacts=4, contacts_rejected=1)
    (killed,) = put_together(read_metrics([write(tmp_path / "m", [left])])).runs
    assert killed.end is None
    assert not killed.went_well
    assert killed.ending == "no end recorded"
    assert (killed.figures["contacts_sent"], killed.figures["contacts_inserted"]) == (5, 4)


def test_failed_jobs_come_before_unknown_ones_and_newer_before_older(tmp_path: Path) -> None:
    records = [run(day) for day in range(3)]
    records += [job(0, 1, outcome="unknown"), job(1, 2, outcome="failed"), job(2, 3, outcome="finished")]
    records += [job(2, 4, outcome="failed"), job(2, 5, outcome="unknown")]
    report = put_together(read_metrics([write(tmp_path / "m", records)]))
    assert [found["import_job_id"] for _, found in report.troubled] == [4, 2, 5, 1]
    assert [found["import_job_id"] for found in report.newest.jobs_by_gravity] == [4, 5, 3]


def test_sums_by_list_go_over_all_runs_and_streams(tmp_path: Path) -> None:
    records = [
        stream(0, "a", contacts_inserted=1, invalid_emails=2),
        stream(1, "b", contacts_inserted=10, invalid_sms=20, contacts_rejected=3),
        stream(1, "c", contact_list_id=7, contact_list_name="News", contacts_updated=5),
        stream(1, "d", contact_list_id=None, contact_list_name=None),
    ]
    lists = put_together(read_metrics([write(tmp_path / "m", records)])).lists()
    assert [(each.name, each.inserted, each.updated, each.rejected, each.invalid) for each in lists] == [
        ("7 News", 0, 5, 0, 0),
        ("42 Newsletter", 11, 0, 3, 22),
    ]


def test_a_date_without_a_zone_is_utc(tmp_path: Path) -> None:
    records = [run(0, started_at="2026-11-01T02:30:00"), run(1, started_at="2026-11-01T02:29:00.1234567Z")]
    report = put_together(read_metrics([write(tmp_path / "m", records)]))
    assert [each.run_id for each in report.runs] == ["run-1", "run-0"]


@pytest.mark.parametrize("name", ["started_at", "ended_at"])
@pytest.mark.parametrize(
    "date",
    [
        *("whenever", "0001-01-01T00:00:00", "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59.9999999"),
        *("9999-12-31T23:59:59-05:00", "9999-12-31T23:59:59Z", "2026-11-01T02:30:00+99:00"),
    ],
)
def test_a_record_with_a_date_that_no_run_can_have_is_named_and_left_out(
    tmp_path: Path, name: str, date: str
) -> None:
    path = write(tmp_path / "m", [run(0), {"w50_runs": {**run(1)["w50_runs"], name: date}}])
    metrics = read_metrics([path])
    assert [str(each) for each in metrics.complaints] == [
        f"{path}, line 2: {name} is no date that a run can have"
    ]
    (only,) = put_together(metrics).runs
    assert only.run_id == "run-0"
