"""The programs that are measured, each as a command with the settings that it needs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.contacts import STREAM
from benchmarks.sandbox import LIST_ID

OURS = "target-w50"
FORGETFUL = "without journal"
SDK = "SDK default"
BARE = "bare loop"
JSONL = "target-jsonl"

JSONL_PROGRAM = Path(".venv-bench-jsonl/bin/target-jsonl")
"""Set up by `make bench`; it has an environment of its own, its jsonschema is another."""


@dataclass(frozen=True)
class Subject:
    """A program under measurement.

    Attributes:
        name: as the table calls it.
        command: makes the command, given the sandbox's address and a folder for its own.
        sends: whether its contacts must have arrived in the sandbox.
        is_slow: whether a million records take it minutes.
    """

    name: str
    command: Callable[[str, Path], list[str]]
    sends: bool = True
    is_slow: bool = False


def target_w50(name: str = OURS, **settings: Any) -> Subject:
    """The target with these settings beside those that it needs."""

    def command(url: str, folder: Path) -> list[str]:
        entry = {"stream": STREAM, "contact_list": str(LIST_ID), "match_fields": ["id"]}
        config = {
            "api_url": url,
            "auth_token": "none",
            "streams": [entry],
            "journal": str(folder / "journal.db"),
            **settings,
        }
        return [sys.executable, "-m", "target_w50", "--config", _written(folder / "target-w50.json", config)]

    return Subject(name, command)


def sdk_default(name: str = SDK, **settings: Any) -> Subject:
    """The SDK's own way with these settings."""

    def command(url: str, folder: Path) -> list[str]:
        config = _written(folder / "sdk-default.json", {"api_url": url, **settings})
        return [sys.executable, "-m", "benchmarks.sdk_default", "--config", config]

    return Subject(name, command, is_slow=True)


def bare_loop() -> Subject:
    """The least that can be done."""
    return Subject(BARE, lambda url, _: [sys.executable, "-m", "benchmarks.bare_loop", url])


def target_jsonl() -> Subject:
    """A target from the index; it writes a file, and appends to it: each run begins without one."""

    def command(_: str, folder: Path) -> list[str]:
        output = folder / "target-jsonl"
        output.mkdir(exist_ok=True)
        for file in output.glob("*.jsonl"):
            file.unlink()
        config = {"destination_path": str(output), "do_timestamp_file": False}
        return [str(JSONL_PROGRAM), "--config", _written(folder / "target-jsonl.json", config)]

    return Subject(JSONL, command, sends=False, is_slow=True)


def _written(path: Path, config: Mapping[str, Any]) -> str:
    path.write_text(json.dumps(config))
    return str(path)
