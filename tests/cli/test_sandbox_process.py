"""The sandbox in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
import requests

from target_w50.cli.demo import sandbox_process
from target_w50.cli.demo.sandbox_process import running_sandbox
from target_w50.errors import UnreachableError


def test_it_serves_until_the_block_ends_and_then_no_more() -> None:
    with running_sandbox(token="secret") as sandbox:
        names = [contact_list["Name"] for contact_list in sandbox.contents()["Lists"]]
        assert names == ["Newsletter", "Customers"]
        assert requests.get(f"{sandbox.url}/contactLists", timeout=10).status_code == 401
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{sandbox.url}/contactLists", timeout=10)


def test_one_that_does_not_start_is_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UnreachableError) as raised, running_sandbox("--no-such-option"):
        pass
    assert raised.value.code == "sandbox_not_started"
    assert "--no-such-option" in capfd.readouterr().err


def test_one_that_never_says_that_it_is_ready_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_process, "START_TIMEOUT_S", 0.0)
    with pytest.raises(UnreachableError, match="did not start"), running_sandbox():
        pass


def test_one_that_does_not_stop_when_asked_is_stopped_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_process, "STOP_TIMEOUT_S", 0.0)
    deaf = "import signal; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"
    process = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == "deaf\n"
        sandbox_process._stop(process)
    assert process.returncode == -signal.SIGKILL
