"""What the tests of the operator's commands share: a sandbox, settings in a file, a command's outcome."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from target_w50.cli import main as program
from target_w50.sandbox import Sandbox

TOKEN = "secret-of-the-operator"


@dataclass(frozen=True)
class Outcome:
    """What a command came to."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)

    @property
    def last_line(self) -> str:
        return self.err.splitlines()[-1]


class Operator:
    """Runs commands in this process, against one sandbox, with settings that a test may change."""

    def __init__(self, sandbox: Sandbox, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.sandbox = sandbox
        self.folder = folder
        self._capsys = capsys
        self.settings: dict[str, Any] = {
            "api_url": sandbox.url,
            "auth_token": TOKEN,
            "streams": [{"stream": "contacts", "contact_list": "42", "match_fields": ["Email"]}],
            "poll_interval_s": 0.01,
            "poll_max_interval_s": 0.05,
            "retry_for_s": 1,
        }

    def w50(self, *arguments: str, **settings: Any) -> Outcome:
        """Run `w50 ARGUMENTS --config FILE`; a setting of None is left out."""
        path = self.folder / "config.json"
        path.touch(mode=0o600)
        merged = {**self.settings, **settings}
        path.write_text(json.dumps({name: value for name, value in merged.items() if value is not None}))
        self._capsys.readouterr()
        status = program.run([*arguments, "--config", str(path)])
        captured = self._capsys.readouterr()
        assert TOKEN not in captured.out + captured.err
        return Outcome(status, captured.out, captured.err)

    def captured(self) -> str:
        """What a command that was run without the settings printed."""
        return self._capsys.readouterr().out

    def asked(self) -> set[str]:
        """The HTTP methods that the sandbox was asked with."""
        return {each["Method"] for each in self.sandbox.contents()["Requests"]}
