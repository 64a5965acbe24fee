"""`w50 report` as a command: tables, JSON, the page, and what it says when something is missing."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from target_w50.cli import main as program
from target_w50.cli.commands import report
from tests.report.records import BEGAN, job, run, stream, write


@pytest.fixture
def metrics(tmp_path: Path) -> Path:
    records = [
        run(0, seconds=1.5),
        stream(0, contacts_sent=1200, contacts_inserted=1200),
        run(1, exit_status=5, error_code="job_failed", error="It failed."),
        job(1, 12, outcome="failed", error="It failed."),
    ]
    return write(tmp_path / "m.singer", records)


def test_the_first_line_is_the_answer_then_lists_then_needs_then_runs(
    metrics: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "CLOCK", SimpleNamespace(now=lambda: BEGAN + dt.timedelta(days=1, hours=2)))
    assert program.run(["report", str(metrics)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "Last run: failed, 1 h ago (began 2026-11-02 02:30 UTC, took 10 s)"
    assert printed[1] == "  It failed."
    assert printed[2].startswith("  What to do: Look at the import job")
    fresh = printed.index("How fresh each list is: its last good import job")
    assert printed[fresh + 2].split()[:4] == ["42", "Newsletter", "25", "h"]
    assert "not loaded by its last run: job failed" in printed[fresh + 2]
    needs = next(index for index, line in enumerate(printed) if line.startswith("Needs somebody now"))
    runs = printed[printed.index("Runs, the newest first") + 2 :]
    assert fresh < needs < len(printed) - len(runs)
    assert "exit 5, job_failed" in runs[0]
    assert "all well" in runs[1]
    assert "1,200" in runs[1]
    assert runs[1].endswith("1.5")
    assert printed[-3].split() == ["42", "Newsletter", "1,200", "0", "0", "0"]
    assert printed[-1] == "Ages are as of 2026-11-02 04:30 UTC, when this report was made."


@pytest.mark.parametrize(
    ("since", "found"),
    [
        ("2026-11-02", ["run-1"]),
        ("2026-11-01T02:30:00Z", ["run-1", "run-0"]),
        ("25h", ["run-1"]),
        ("1w", ["run-1", "run-0"]),
    ],
)
def test_since_shows_the_runs_that_began_since_then(
    metrics: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    since: str,
    found: list[str],
) -> None:
    """How fresh a list is goes by all runs all the same."""
    monkeypatch.setattr(report, "CLOCK", SimpleNamespace(now=lambda: BEGAN + dt.timedelta(days=1, hours=2)))
    assert program.run(["report", str(metrics), "--since", since, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [each["run_id"] for each in document["runs"]] == found
    assert document["contact_lists"][0]["nothing_to_send_at"] is not None


def test_no_run_since_then_says_when_the_last_one_was(
    metrics: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert program.run(["report", str(metrics), "--since", "2026-11-03"]) == 2
    assert "The last one began 2026-11-02 02:30 UTC" in capsys.readouterr().err


@pytest.mark.parametrize("since", ["yesterday", "7x", "0d"])
def test_a_since_that_is_none_is_refused(
    metrics: Path, capsys: pytest.CaptureFixture[str], since: str
) -> None:
    assert program.run(["report", str(metrics), "--since", since]) == 2
    assert "--since" in capsys.readouterr().err


def test_programs_get_json(metrics: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.run(["report", str(metrics), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [each["run_id"] for each in document["runs"]] == ["run-1", "run-0"]
    assert document["runs"][1]["contacts_sent"] == 1200
    assert document["troubled_jobs"][0]["import_job_id"] == 12
    assert document["lists"] == [
        {"contact_list": "42 Newsletter", "inserted": 1200, "updated": 0, "rejected": 0, "invalid": 0}
    ]


def test_complaints_go_to_standard_error_and_are_not_endless(
    metrics: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with metrics.open("a") as file:
        file.write("nonsense\n" * 13)
    assert program.run(["report", str(metrics)]) == 0
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 11
    assert "line 5" in told[0]
    assert "3 more" in told[-1]


def test_the_page_is_written_to_the_file(
    metrics: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "report.html"
    assert program.run(["report", str(metrics), "-o", str(output)]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "wrote" in captured.err
    assert output.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_page_that_can_not_be_written_is_status_2(
    metrics: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert program.run(["report", str(metrics), "-o", str(tmp_path / "missing" / "r.html")]) == 2
    assert "output_unwritable" in capsys.readouterr().err


@pytest.mark.parametrize("how", ["same", "spelled otherwise", "symbolic link", "hard link"])
def test_a_page_over_one_of_its_metrics_files_is_status_2_before_anything_is_written(
    metrics: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    before = metrics.read_bytes()
    output = metrics
    if how == "spelled otherwise":
        (tmp_path / "x").mkdir()
        output = tmp_path / "x" / ".." / metrics.name
    elif how == "symbolic link":
        output = tmp_path / "report.html"
        output.symlink_to(metrics)
    elif how == "hard link":
        output = tmp_path / "report.html"
        os.link(metrics, output)
    other = write(tmp_path / "other", [run(7)])
    assert program.run(["report", str(other), str(metrics), "-o", str(output)]) == 2
    assert "which is one of the metrics files" in capsys.readouterr().err
    assert metrics.read_bytes() == before


def test_without_the_extra_the_page_is_refused_with_what_to_install(
    metrics: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report, "REPORT_MODULES", ("no_such_module_of_the_extra",))
    assert program.run(["report", str(metrics), "-o", "never.html"]) == 2
    assert "pip install 'target-w50[report]'" in capsys.readouterr().err.splitlines()[-1]
    assert program.run(["report", str(metrics)]) == 0, "tables need no extra"


def test_files_without_metrics_are_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.run(["report", str(tmp_path / "missing")]) == 2
    assert "error_code=no_metrics" in capsys.readouterr().err.splitlines()[-1]
