"""What is left in a store is read, reported and purged from there."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from dev.s3_server import BUCKET, S3Server
from target_w50.cli import main as program
from target_w50.outputs.metrics import MetricsStream
from target_w50.sandbox import Sandbox
from tests.outputs.at_urls import INVALID, answer, at_urls, parts
from tests.relay import Relay
from tests.report.records import job, run, write
from tests.support import load_here, record, run_target, schema, settings, stored


def left(s3: S3Server, tmp_path: Path, name: str, runs: Iterable[int]) -> str:
    """A folder with the parts of runs: two each, one with a job, one with the run's end; returns its URL."""
    for number in runs:
        for part, records in ((1, [job(number, 100 + number)]), (2, [run(number)])):
            content = write(tmp_path / "part", records).read_bytes()
            s3.files.pipe_file(f"{BUCKET}/{name}/run-{number}-{part:04}.singer", content)
    s3.files.pipe_file(f"{BUCKET}/{name}/run-9-0000.singer", b"\n")
    return f"s3://{BUCKET}/{name}/"


def reported(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert program.run(["report", *arguments, "--json"]) == 0, capsys.readouterr().err
    return [each["run_id"] for each in json.loads(capsys.readouterr().out)["runs"]]


def test_a_report_is_made_of_a_folder_a_glob_or_the_setting(
    s3: S3Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = left(s3, tmp_path, "report", range(4))
    newest_first = ["run-3", "run-2", "run-1", "run-0"]
    assert reported(capsys, folder) == newest_first
    assert reported(capsys, f"{folder}{{run_id}}.singer") == newest_first
    assert reported(capsys, f"{folder}run-[12]-*.singer") == ["run-2", "run-1"]
    assert reported(capsys, f"{folder}run-2-0002.singer") == ["run-2"]


def test_of_many_runs_only_the_newest_are_read(
    s3: S3Server, relay: Relay, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = left(s3, tmp_path, "newest", range(6))
    s3.files.rm_file(f"{BUCKET}/newest/run-9-0000.singer")
    content = write(tmp_path / "part", [run(0), run(7)]).read_bytes()
    s3.files.pipe_file(f"{BUCKET}/newest/run-7-0001.singer", content)
    read: list[str] = []

    def before(method: str, path: str) -> None:
        if method == "GET" and ".singer" in path:
            read.append(path)

    relay.before = before
    assert reported(capsys, folder, "--last", "1") == ["run-7"]
    assert len(read) <= 2


def test_the_page_goes_to_a_url(s3: S3Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = left(s3, tmp_path, "page", range(2))
    url = f"s3://{BUCKET}/pages/report.html"
    assert program.run(["report", folder, "-o", url]) == 0, capsys.readouterr().err
    assert b"run-1" in s3.files.cat_file(f"{BUCKET}/pages/report.html")


def test_what_the_store_does_not_hold_is_said(
    s3: S3Server, relay: Relay, capsys: pytest.CaptureFixture[str]
) -> None:
    del s3
    assert program.run(["report", f"s3://{BUCKET}/nothing/here.singer"]) == 2
    assert "there is no such bucket, container or object" in capsys.readouterr().err
    relay.before = lambda *_: answer(403)
    assert program.run(["report", f"s3://{BUCKET}/nothing/"]) == 2
    assert "403" in capsys.readouterr().err
    assert program.run(["report", "https://example.com/metrics"]) == 2


def test_one_person_is_taken_out_of_all_parts(
    s3: S3Server,
    sandbox: Sandbox,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    others = {**INVALID, "record": {"email": "other@example.com", "first_name": 7}}
    for number, records in enumerate(([INVALID], [INVALID, others])):
        config = at_urls(sandbox, "purge", run_id=f"run-{number}")
        assert load_here(tmp_path, config, [schema(), *records]).status == 0
    path = tmp_path / "config.json"
    path.write_text(json.dumps(at_urls(sandbox, "purge")))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"ODD@example.com\n")))
    assert program.run(["quarantine", "purge", "--contact", "email", "--config", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["removed"] == 2
    (kept,) = parts(s3, "purge/aside").items()
    assert kept[0] == "run-1-0001.singer"
    assert [each.get("record", {}).get("email") for each in kept[1]] == [None, "other@example.com"]


def test_mended_parts_are_loaded_from_the_store(s3: S3Server, sandbox: Sandbox, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        content = b"\n".join(json.dumps(each).encode() for each in (schema(), record(number)))
        s3.files.pipe_file(f"{BUCKET}/input/mended-{number:04}.singer", content)
    arguments = ["--input", f"s3://{BUCKET}/input/mended-*.singer"]
    done = run_target(tmp_path, settings(sandbox), b"", arguments=arguments)
    assert done.status == 0, done.stderr
    assert len(stored(sandbox)) == 3
    assert {each["stream"] for each in done.metrics} == {each.value for each in MetricsStream}
