"""`--keep FILE`: what a sandbox holds is there again at the next start, however the last one ended."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from target_w50.sandbox import Sandbox, keeping
from target_w50.sandbox.command import sandbox as program
from tests.sandbox.conftest import LIST, Caller, FakeClock


@contextmanager
def started(path: Path, **options: Any) -> Iterator[Caller]:
    with Sandbox(keep=path, **options) as sandbox, requests.Session() as session:
        yield Caller(sandbox, session)


def test_all_is_there_again(tmp_path: Path) -> None:
    """Lists, contacts with the digits of their numbers, jobs, runs, events, rejections and requests."""
    path = tmp_path / "kept"
    with started(path, lists=[LIST]) as caller:
        caller.load({"Email": "a@example.com", "Score": 1.10}, {"Email": "no address"}, events="Welcome")
        caller.load({"Email": "a@example.com", "City": "Bern"})
        caller.load({"City": "matches nothing"})
        caller.status(1001)
        caller.create()
        before = caller.sandbox.contents()
    with started(path) as caller:
        assert caller.sandbox.contents() == before
        assert caller.load({"Email": "b@example.com"})["Id"] == 1005
        assert [each["Id"] for each in caller.sandbox.contents()["Lists"][0]["Contacts"]] == [1, 2]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_job_goes_on_while_the_sandbox_is_away(tmp_path: Path) -> None:
    clock, path = FakeClock(), tmp_path / "kept"

    def options() -> dict[str, Any]:
        return {"monotonic": clock, "time_ns": lambda: int(clock.now_s * 1e9), "job_seconds": 100}

    with started(path, lists=[LIST], **options()) as caller:
        assert caller.load({"Email": "a@example.com"})["ProgressPercent"] == 0
        clock.now_s += 20
    clock.now_s += 30
    with started(path, **options()) as caller:
        assert caller.status(1001)["ProgressPercent"] == 50
        clock.now_s += 50
        assert caller.status(1001)["InsertedContacts"] == 1
    with started(path, **options()) as caller:
        assert caller.status(1001)["InsertedContacts"] == 1
        assert len(caller.stored()) == 1


def test_a_reset_is_kept_too(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    with started(path, lists=[LIST]) as caller:
        caller.load({"Email": "a@example.com"})
        caller.sandbox.reset()
        caller.load({"Email": "b@example.com"})
    with started(path) as caller:
        assert caller.stored() == [{"Email": "b@example.com"}]


def test_a_killed_sandbox_has_all_that_it_has_answered_for(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    command = [sys.executable, "-c", "from target_w50.sandbox.command import sandbox; sandbox()"]
    with subprocess.Popen([*command, "--keep", path], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        created = requests.post(f"{url}/contactLists/42/import", json={"FieldNames": ["Email"]}, timeout=20)
        job = f"{url}/contactLists/42/import/{created.json()['Id']}"
        requests.post(job, json=[{"Values": {"Email": "a@example.com"}}], timeout=20)
        requests.post(f"{job}/run", params={"match": "Email"}, timeout=20)
        process.send_signal(signal.SIGKILL)
        process.wait()
    with Sandbox(keep=path) as sandbox:
        contents = sandbox.contents()
    assert [each["Values"] for each in contents["Lists"][0]["Contacts"]] == [{"Email": "a@example.com"}]
    assert contents["RequestCount"] == 3


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_half_a_line_at_the_end_never_was(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "kept"
    with started(path, lists=[LIST]) as caller:
        caller.create()
        whole = path.read_bytes()
        caller.create()
    path.write_bytes(path.read_bytes()[: len(whole) + cut])
    with started(path) as caller:
        assert list(caller.sandbox.contents()["Jobs"]) != []
        assert caller.create() == 1002
    with started(path) as caller:
        assert len(caller.sandbox.contents()["Jobs"]) == 2


HEAD = '{"w50_sandbox":1,"lists":[]}\n'


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("Dear diary", 1),
        ('{"customers": []}\n', 1),
        ('{"w50_sandbox":2,"lists":[]}\n', 1),
        (HEAD + "nonsense\n", 2),
        (HEAD + '{"op":"no such thing"}\n', 2),
        (HEAD + '{"op":"create","list":5,"fields":["Email"]}\n', 2),
        (HEAD + '{"op":"request","entry":{"Number":1}}\n', 2),
    ],
)
def test_a_file_that_is_none_of_ours_is_named_and_left_alone(tmp_path: Path, content: str, line: int) -> None:
    path = tmp_path / "kept"
    path.write_text(content)
    result = CliRunner().invoke(program, ["--keep", str(path)])
    assert result.exit_code == 1
    assert f"{path}, line {line}, is nothing that a sandbox has kept" in result.output
    assert path.read_text() == content


def test_other_lists_and_a_second_sandbox_are_refused(tmp_path: Path) -> None:
    path, lists = tmp_path / "kept", tmp_path / "lists.json"
    lists.write_text(json.dumps([{**LIST, "Name": "Other"}]))
    with started(path, lists=[LIST]):
        taken = CliRunner().invoke(program, ["--keep", str(path)])
    other = CliRunner().invoke(program, ["--keep", str(path), "--lists", str(lists)])
    nowhere = CliRunner().invoke(program, ["--keep", str(tmp_path / "no" / "where")])
    assert (taken.exit_code, "another sandbox uses it" in taken.output) == (1, True)
    assert (other.exit_code, "is about other contact lists" in other.output) == (2, True)
    assert (nowhere.exit_code, "No such file or directory" in nowhere.output) == (1, True)


def test_old_requests_are_dropped_at_a_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "_REQUESTS_KEPT", 3)
    path = tmp_path / "kept"
    with started(path, lists=[LIST]) as caller:
        caller.create()
        for _ in range(9):
            caller.get("/contactLists")
    with started(path) as caller:
        contents = caller.sandbox.contents()
        assert [each["Number"] for each in contents["Requests"]] == [8, 9, 10]
        assert (contents["RequestCount"], contents["JobCount"]) == (10, 1)
    with started(path) as caller:
        assert caller.create() == 1002


def test_a_full_disk_is_said_once_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with started(tmp_path / "kept", lists=[LIST]) as caller:
        monkeypatch.setattr(keeping, "_write_all", full)
        caller.create()
        assert caller.create() == 1002
    told = capsys.readouterr().err
    assert told.count("can't be written any more (No space left on device)") == 1
