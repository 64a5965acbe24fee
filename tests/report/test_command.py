"""`w50 report` as a command: tables, JSON, the page, and what it says when something is missing."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from target_w50.cli import main as program
from target_w50.cli.commands import report
from tests.report.records import job, run, stream, write


@pytest.fixture
def metrics(tmp_path: Path) -> Path:
    records = [
        run(0, seconds=1.5),
        stream(0, contacts_sent=1200, contacts_inserted=1200),
        run(1, exit_status=5, error_code="job_failed"),
        job(1, 12, outcome="failed", error="It failed."),
    ]
    return write(tmp_path / "m.singer", records)


def test_the_tables_begin_with_what_failed(metrics: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.run(["report", str(metrics)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "Failed and unknown import jobs"
    assert printed[2].split() == ["failed", "12", "42", "contacts", "It", "failed."]
    runs = printed[printed.index("Runs, the newest first") + 2 :]
    assert "exit 5, job_failed" in runs[0]
    assert "all well" in runs[1]
    assert "1,200" in runs[1]
    assert runs[1].endswith("1.5")
    assert printed[-1].split() == ["42", "Newsletter", "1,200", "0", "0", "0"]


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
