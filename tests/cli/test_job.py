"""`w50 job`: an import job, once or until it ends."""

from __future__ import annotations

import io
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import requests

from target_w50.cli.commands.job import _readings
from target_w50.sandbox import Sandbox
from target_w50.settings.model import settings_from
from target_w50.w50 import ImportJob
from tests.cli.support import TOKEN, Operator
from tests.fake_time import FakeClock
from tests.support import entry


def job(sandbox: Sandbox, *, run: bool = True) -> str:
    """The id of a job with one contact."""
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {TOKEN}"
        base = f"{sandbox.url}/contactLists/42/import"
        number = session.post(base, json={"FieldNames": ["Email"]}, timeout=20).json()["Id"]
        contacts = [{"Values": {"Email": "a@example.com"}}]
        session.post(f"{base}/{number}", json=contacts, timeout=20).raise_for_status()
        if run:
            session.post(f"{base}/{number}/run?match=Email", timeout=20).raise_for_status()
    return str(number)


@pytest.fixture
def slow(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Operator]:
    """A sandbox whose jobs end after they were asked for four times."""
    with Sandbox(token=TOKEN, job_reads=4) as sandbox:
        yield Operator(sandbox, tmp_path, capsys)


def members(printed: str) -> dict[str, str]:
    return {line.split()[0]: " ".join(line.split()[1:]) for line in printed.splitlines()}


def test_a_job_is_shown_with_all_its_members(operator: Operator) -> None:
    shown = operator.w50("job", "Newsletter", job(operator.sandbox))
    assert shown.status == 0
    figures = members(shown.out)
    assert figures["InsertedContacts"] == "1"
    assert figures["ProgressPercent"] == "100"


def test_a_job_comes_as_json_named_as_w50_names_it(operator: Operator) -> None:
    document = operator.w50("job", "42", job(operator.sandbox), "--json").document
    assert document["TotalContacts"] == 1
    assert len(document) == 13


def test_a_job_that_runs_is_shown_as_it_is(slow: Operator) -> None:
    shown = slow.w50("job", "42", job(slow.sandbox))
    assert shown.status == 0
    assert members(shown.out)["FinishDate"] == ""


def test_watching_goes_on_until_the_job_has_ended(slow: Operator) -> None:
    """Where standard error is no terminal, each change is a line."""
    watched = slow.w50("job", "42", job(slow.sandbox), "--watch")
    assert watched.status == 0
    assert members(watched.out)["ProgressPercent"] == "100"
    assert len(watched.err.splitlines()) > 2
    assert all(" %" in line for line in watched.err.splitlines()[1:])


def test_on_a_terminal_watching_draws_a_bar_on_standard_error(
    slow: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    number = job(slow.sandbox)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", terminal)
    watched = slow.w50("job", "42", number, "--watch", "--json")
    assert watched.document["ProgressPercent"] == 100
    assert f"import job {number}" in terminal.getvalue()
    assert "100%" in terminal.getvalue()


@pytest.mark.parametrize("options", [(), ("--watch",)])
def test_a_failed_job_is_status_5(
    options: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Sandbox(token=TOKEN, failing_status=" Failed ") as sandbox:
        shown = Operator(sandbox, tmp_path, capsys).w50("job", "42", job(sandbox), *options)
    assert shown.status == 5
    assert "error_code=job_failed" in shown.last_line
    assert members(shown.out)["CurrentStatus"] == "Failed"


def test_a_job_that_does_not_end_in_time_is_neither_failed_nor_done(operator: Operator) -> None:
    """It was never run, so it never ends."""
    watched = operator.w50("job", "42", job(operator.sandbox, run=False), "--watch", job_timeout_s=0.05)
    assert watched.status == 5
    assert "error_code=job_unknown" in watched.last_line


def test_a_job_that_is_not_there_is_status_3(operator: Operator) -> None:
    shown = operator.w50("job", "42", "4711")
    assert (shown.status, shown.out) == (3, "")
    assert "error_code=w50_not_found" in shown.last_line


def test_nothing_but_gets_is_asked(operator: Operator) -> None:
    operator.w50("job", "42", "4711", "--watch")
    assert operator.asked() == {"GET"}


def test_a_job_is_named_by_its_number(operator: Operator) -> None:
    assert operator.w50("job", "42", "seven").status == 2


def test_a_secret_given_on_the_way_shows_nowhere(operator: Operator) -> None:
    values: dict[str, Any] = {
        "auth_method": "basic",
        "username": "u",
        "password": "p-secret-p",
        "auth_token": None,
    }
    shown = operator.w50("job", "42", "1", **values)
    assert shown.status == 3
    assert "p-secret-p" not in shown.out + shown.err


def test_a_job_is_watched_with_the_pauses_of_a_run_up_to_its_time_limit() -> None:
    """Long jobs are asked less often; the last look comes when the time is up."""
    config = {"auth_token": "t", "poll_interval_s": 2, "poll_max_interval_s": 5, "job_timeout_s": 60}
    clock, client, seen = FakeClock(), Mock(), ImportJob(7, 42, 0, 0, 0, "Running", None, None, 0, 0, 0, 0, 0)
    client.get_import_job.return_value = seen
    settings = settings_from({**config, "streams": [entry()]})
    looks = [clock.monotonic() for _ in _readings(client, seen, settings, clock)]
    pauses = [after - before for before, after in itertools.pairwise(looks)]
    assert (pauses[0], max(pauses), pauses == sorted(pauses[:-1]) + pauses[-1:]) == (2, 5, True)
    assert 60 < looks[-1] < 60.1
