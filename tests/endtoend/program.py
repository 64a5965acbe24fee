"""What the tests in this folder share: quick runs of the real program, real taps, and what adds up."""

from __future__ import annotations

import atexit
import functools
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from target_w50.sandbox import Sandbox
from tests import support
from tests.support import Finished, read_metrics

TAPS = Path(__file__).parents[1] / "taps"
_folders = itertools.count()


class _Forks:
    """The process that forks for each run; it ends when its pipe is closed."""

    def __init__(self) -> None:
        orders_read, self._orders = os.pipe()
        self._answers_fd, answers_write = os.pipe()
        self.process = subprocess.Popen(
            [
                sys.executable,
                str(Path(__file__).with_name("forking.py")),
                str(orders_read),
                str(answers_write),
            ],
            pass_fds=(orders_read, answers_write),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        os.close(orders_read)
        os.close(answers_write)
        self._answers = os.fdopen(self._answers_fd, "rb")
        atexit.register(self._end)

    def run(self, order: Mapping[str, Any]) -> int:
        os.write(self._orders, json.dumps(order).encode() + b"\n")
        status: int = json.loads(self._answers.readline())
        return status

    def _end(self) -> None:
        os.close(self._orders)
        self.process.wait()
        self._answers.close()


@functools.cache
def _forks() -> _Forks:
    return _Forks()


def run(
    folder: Path,
    config: Mapping[str, Any],
    messages: Iterable[Mapping[str, Any]] | bytes,
    *,
    environment: Mapping[str, str] | None = None,
    arguments: Iterable[str] = (),
) -> Finished:
    """Run the program over these messages to its end; as `tests.support.run_target`, but quicker."""
    content = messages if isinstance(messages, bytes) else support.lines(messages)
    own = folder / f"run-{next(_folders)}"
    own.mkdir(parents=True)
    metrics = own / "metrics.jsonl"
    (own / "config.json").write_text(json.dumps({"metrics_path": str(metrics), **config}))
    (own / "stdin").write_bytes(content)
    return _finished(own, ["--config", "config.json", *arguments], environment or {}, metrics)


def run_program(
    folder: Path, *arguments: str, content: bytes = b"", environment: Mapping[str, str] | None = None
) -> Finished:
    """Run the program with just these arguments, in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "stdin").write_bytes(content)
    return _finished(folder, [*arguments], environment or {}, folder / "metrics.jsonl")


def _finished(folder: Path, arguments: list[str], environment: Mapping[str, str], metrics: Path) -> Finished:
    status = _forks().run(
        {
            "arguments": arguments,
            "folder": str(folder),
            "environment": dict(environment),
            **{name: str(folder / name) for name in ("stdin", "stdout", "stderr")},
        }
    )
    stdout, stderr = (folder / "stdout").read_bytes(), (folder / "stderr").read_bytes()
    return Finished(status, stdout.decode(), stderr.decode(), read_metrics(metrics))


# Lists and contacts.


def contact_list(*fields: str, list_id: int = 42, name: str = "Newsletter") -> dict[str, Any]:
    return {"Id": list_id, "Name": name, "Fields": list(fields)}


def contacts(sandbox: Sandbox, list_id: int = 42) -> list[dict[str, Any]]:
    """The values of the list's contacts, as the sandbox came to have them."""
    for each in sandbox.contents()["Lists"]:
        if each["Id"] == list_id:
            return [contact["Values"] for contact in each["Contacts"]]
    raise AssertionError(f"no list {list_id}")


# Input.


def tap_messages(name: str) -> list[dict[str, Any]]:
    """What a real tap sent, numbers with their digits."""
    text = (TAPS / name).read_text(encoding="utf-8")
    return [json.loads(line, parse_float=Decimal) for line in text.splitlines()]


# The end.


def adds_up(finished: Finished) -> bool:
    """Whether each record of each stream became exactly one of the four things it may become."""
    return all(
        each["records_read"]
        == each["contacts_sent"]
        + each["records_superseded"]
        + each["records_skipped"]
        + each["records_quarantined"]
        + each["contacts_already_delivered"]
        for each in finished.records("w50_streams")
    )


def of_stream(finished: Finished, stream: str = "contacts") -> dict[str, Any]:
    """The metrics record of one stream."""
    (only,) = [each for each in finished.records("w50_streams") if each["stream"] == stream]
    return only


def quarantined(path: Path) -> list[dict[str, Any]]:
    """The RECORD messages of a quarantine file."""
    if not path.exists():
        return []
    every = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [each for each in every if each["type"] == "RECORD"]


def reasons(path: Path) -> list[str]:
    return [each["quarantine"]["reason"] for each in quarantined(path)]


def ends_in_words(finished: Finished) -> bool:
    """Whether its last line is the one that says what happened, and there is no traceback."""
    return (
        finished.last_line.startswith("target-w50: ")
        and "error_code=" in finished.last_line
        and "rerun=" in finished.last_line
        and "Traceback" not in finished.stderr
    )
