"""Files that settings come from: what they hold is text, who may read them and where they lead is said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from target_w50.sandbox import Sandbox
from target_w50.settings.model import settings_from
from target_w50.settings.sources import warnings_of
from tests.support import settings

SECRET = "secret-of-another-service"


def run(folder: Path, module: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", module, *arguments]
    env = {**os.environ, "ANOTHERS_SECRET": SECRET, **variables}
    return subprocess.run(
        command, cwd=folder, env=env, input="", capture_output=True, text=True, check=False, timeout=40
    )


def test_dot_env_takes_no_other_variable_from_the_environment(tmp_path: Path, sandbox: Sandbox) -> None:
    text = (
        f"TARGET_W50_AUTH_TOKEN=${{ANOTHERS_SECRET}}\nTARGET_W50_API_URL={sandbox.url}/${{ANOTHERS_SECRET}}\n"
    )
    (tmp_path / ".env").write_text(text)
    run(tmp_path, "target_w50.cli", "lists", "--config", "ENV", TARGET_W50_RETRY_FOR_S="0")
    assert SECRET not in json.dumps(sandbox.contents()["Requests"])


def test_a_dot_env_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"TARGET_W50_AUTH_TOKEN=\xff\xfe\n")
    ended = run(tmp_path, "target_w50", "--config", "ENV")
    assert ended.returncode == 2
    assert "file .env is not UTF-8" in ended.stderr


def test_the_host_is_said_and_an_open_file_with_secrets(tmp_path: Path, sandbox: Sandbox) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"api_url": sandbox.url, "auth_token": "a-token"}))
    path.chmod(0o644)
    first, second, *_ = run(
        tmp_path, "target_w50.cli", "lists", "--config", "config.json"
    ).stderr.splitlines()
    assert first == f"w50: asks the W50 at {sandbox.url.partition('//')[2].partition('/')[0]}"
    assert "config.json holds secrets, and every user of this machine can read it" in second
    path.chmod(0o600)
    assert "holds secrets" not in run(tmp_path, "target_w50.cli", "lists", "--config", "config.json").stderr


@pytest.mark.parametrize(("user", "is_said"), [("w50:secret@", True), ("w50@", False), ("", False)])
def test_a_password_in_the_url_of_a_journal_is_a_secret_too(
    user: str, is_said: bool, tmp_path: Path, sandbox: Sandbox
) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"journal": f"postgresql://{user}127.0.0.1:5432/w50"}))
    path.chmod(0o644)
    judged = settings_from(settings(sandbox))
    assert [*warnings_of([str(path)], judged)] == [
        (
            f"{path} holds secrets, and every user of this machine can read it. "
            "Close it (chmod o-r) and think of the secrets as known."
        )
    ] * is_said


def test_of_a_file_that_meltano_wrote_it_is_said_how_to_have_it_closed(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    path = tmp_path / ".meltano" / "run" / "target.config.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"auth_token": "a-token"}))
    path.chmod(0o644)
    (told,) = warnings_of([str(path)], settings_from(settings(sandbox)))
    assert "umask 077" in told


def test_settings_from_a_pipe_are_read_once(tmp_path: Path, sandbox: Sandbox) -> None:
    os.mkfifo(tmp_path / "config")
    content = json.dumps(settings(sandbox))
    thread = threading.Thread(target=lambda: (tmp_path / "config").write_text(content))
    thread.start()
    ran = run(tmp_path, "target_w50", "--config", "config")
    thread.join()
    assert ran.returncode == 0, ran.stderr
