"""The command line: one line when it is ready, and a clean end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from target_w50.sandbox import Sandbox
from target_w50.sandbox.command import sandbox

PROGRAM = [sys.executable, "-W", "error", "-c", "from target_w50.sandbox.command import sandbox; sandbox()"]


@contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with subprocess.Popen(
        [*PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline()
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_program_says_its_url_in_one_line_and_ends_cleanly(number: signal.Signals) -> None:
    with running("--fault", "lists:hang=600") as (process, line):
        assert line.startswith("W50 sandbox ready at http://127.0.0.1:")
        url = line.split()[-1]
        with requests.Session() as session:
            assert session.get(f"{url}/contactLists/42", timeout=20).json()["Name"] == "Newsletter"
            process.send_signal(number)
            out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "", "")


def test_an_interrupt_that_is_ignored_from_the_start_stays_so() -> None:
    """As with `w50 sandbox &` in a script."""
    usual = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with running() as (process, line):
            process.send_signal(signal.SIGINT)
            assert requests.get(f"{line.split()[-1]}/contactLists/42", timeout=20).status_code == 200
            process.terminate()
            process.communicate(timeout=20)
    finally:
        signal.signal(signal.SIGINT, usual)
    assert process.returncode == 0


def test_the_program_takes_lists_from_a_file_and_all_options(tmp_path: Path) -> None:
    lists = tmp_path / "lists.json"
    lists.write_text(
        json.dumps([{"Id": 5, "Name": "Five", "Fields": [{"Name": "Email", "MapType": "Email"}]}])
    )
    arguments = ["--lists", str(lists), "--auth", "header", "--token", "t", "--header-name", "X-T"]
    arguments += [
        "--status",
        "created=Neu",
        "--job-reads",
        "2",
        "--latency",
        "0.001",
        "--upload-latency",
        "0.001",
    ]
    with running(*arguments) as (_, line):
        url = line.split()[-1]
        headers = {"X-T": "t"}
        assert requests.get(f"{url}/contactLists", timeout=20).status_code == 401
        body = {"FieldNames": ["Email"]}
        job = requests.post(f"{url}/contactLists/5/import", json=body, headers=headers, timeout=20).json()
        assert job["CurrentStatus"] == "Neu"


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--fault", "nonsense"], "call:member=value"),
        (["--fault", "run:cut=maybe"], "before"),
        (["--fault", "{"], "Invalid value"),
        (["--status", "nowhere=x"], "STATE=TEXT"),
        (["--auth", "basic"], "needs username and password"),
        (["--lists", "/nowhere/at/all.json"], "can't be read"),
        (["--job-seconds", "-1"], "0<=x<="),
        (["--latency", "inf"], "0<=x<="),
        (["--latency", "nan"], "not a number"),
        (["--fault", "add:hang=NaN"], "is a number from 0"),
        (["--port", "70000"], "0<=x<=65535"),
        (["--port", "-1"], "0<=x<=65535"),
    ],
)
def test_a_wrong_option_is_named(arguments: list[str], part: str) -> None:
    result = CliRunner().invoke(sandbox, arguments)
    assert result.exit_code == 2
    assert part in result.output


def test_a_file_that_holds_no_lists_is_named(tmp_path: Path) -> None:
    path = tmp_path / "lists.json"
    path.write_text("{}")
    assert "does not hold a list" in CliRunner().invoke(sandbox, ["--lists", str(path)]).output
    path.write_text("[5]")
    result = CliRunner().invoke(sandbox, ["--lists", str(path)])
    assert (result.exit_code, "each contact list is an object" in result.output) == (2, True)


def test_a_port_that_is_taken_is_named() -> None:
    with Sandbox() as other:
        port = other.url.rpartition(":")[2]
        result = CliRunner().invoke(sandbox, ["--port", port])
    assert (result.exit_code, f"port {port} can't be used" in result.output) == (1, True)
