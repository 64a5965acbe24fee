"""`w50 demo`, with the real programs: the sandbox, the target and the command itself."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from target_w50.cli.demo import command as demo
from target_w50.sandbox import Sandbox

W50 = (sys.executable, "-m", "target_w50.cli")


def figures(printed: str, name: str) -> int:
    found = re.search(rf"^\s*{name}\s+(\d+)", printed, re.MULTILINE)
    assert found, printed
    return int(found.group(1))


def test_the_demo_shows_contacts_state_and_metrics() -> None:
    """300 people, one of them twice, 8 of them with an address or a number that is none.

    That it shows the same in each format: tests/endtoend/test_authentication.py.
    """
    ran = subprocess.run(
        [*W50, "demo", "--media-type", "application/xml"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert figures(ran.stdout, "created") == 292
    assert figures(ran.stdout, "updated") == 1
    assert figures(ran.stdout, "refused") == 8
    assert "City Leeds -> Ålesund" in ran.stdout
    states = [line for line in ran.stdout.splitlines() if line.startswith('{"bookmarks"')]
    assert json.loads(states[-1])["w50_import_jobs"]["contacts"]["totals"]["InsertedContacts"] == 292
    for stream in ("w50_import_jobs", "w50_streams", "w50_runs"):
        assert re.search(rf"^{stream}: [1-9]", ran.stdout, re.MULTILINE), stream
    assert ran.stdout.rstrip().endswith("target-w50 ended with exit status 0")


@pytest.fixture
def _near(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox is in this process."""
    monkeypatch.setattr(demo, "running_sandbox", lambda *_, token: Sandbox(token=token))


@pytest.mark.usefixtures("_near")
def test_the_files_of_a_run_are_kept_when_they_are_asked_for(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert demo.demo(media_type="application/json", keep=True) == 0
    (folder,) = tmp_path.glob("w50-demo-*")
    assert {path.name for path in folder.iterdir()} == {
        "config.json",
        "journal.db",
        "journal.db.key",
        "metrics.singer",
        "state.jsonl",
        "target.log",
    }
    assert str(folder) in capsys.readouterr().out


@pytest.mark.usefixtures("_near")
def test_the_exit_status_is_the_targets_and_nothing_is_left_behind(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(demo, "CONTACT_LIST", "No such list")
    assert demo.demo(media_type="application/json", keep=False) == 2
    printed = capsys.readouterr().out
    assert "No such list" in printed
    assert printed.rstrip().endswith("target-w50 ended with exit status 2")
    assert list(tmp_path.iterdir()) == []


def test_a_death_by_a_signal_counts_as_a_shell_counts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = (sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    monkeypatch.setattr(demo, "TARGET", killed)
    sample = tmp_path / "empty.singer"
    sample.touch()
    assert demo._run_target(tmp_path, sample) == 137
