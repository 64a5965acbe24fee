"""What the tests that run the real program share: its input, its settings, the process, what it wrote."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from target_w50.program.lifecycle import LoadedProgram
from target_w50.sandbox import Sandbox
from target_w50.settings.model import settings_from
from target_w50.w50 import wire_format

if TYPE_CHECKING:
    from tests.forks import Fork

JSON_FRAME = wire_format("application/json").frame
PATIENCE_S = 120.0
"""How long a test waits for something that comes at once on a free machine, before it says that it hangs."""

UNMEASURED = {"COVERAGE_PROCESS_START": "", "COVERAGE_PROCESS_CONFIG": ""}
"""What keeps coverage out of a program that a test starts."""

CONTACT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "email": {"type": "string"},
        "first_name": {"type": ["string", "null"]},
        "customer_id": {"type": ["integer", "string", "null"]},
    },
}
LIST: dict[str, Any] = {
    "Id": 42,
    "Name": "Newsletter",
    "Fields": [{"Name": "Email", "MapType": "Email"}, "FirstName", "LastName", "CustomerId"],
}
OTHER_LIST: dict[str, Any] = {**LIST, "Id": 43, "Name": "Customers"}


# Singer input.


def schema(
    stream: str = "contacts", properties: Mapping[str, Any] | None = None, keys: Sequence[str] = ("email",)
) -> dict[str, Any]:
    body = CONTACT_SCHEMA if properties is None else {"type": "object", "properties": dict(properties)}
    return {"type": "SCHEMA", "stream": stream, "schema": body, "key_properties": list(keys)}


def record(number: int | str, stream: str = "contacts", **values: Any) -> dict[str, Any]:
    """A record for the contact of that number: `n<number>@example.com`."""
    return {
        "type": "RECORD",
        "stream": stream,
        "record": {"email": f"n{number}@example.com", "first_name": f"First {number}", **values},
    }


def state(bookmark: Any) -> dict[str, Any]:
    return {"type": "STATE", "value": {"bookmarks": {"contacts": {"at": bookmark}}}}


def lines(messages: Iterable[Mapping[str, Any]]) -> bytes:
    return b"".join(json.dumps(message).encode() + b"\n" for message in messages)


# Settings.


def entry(stream: str = "contacts", contact_list: str = "42", **members: Any) -> dict[str, Any]:
    return {"stream": stream, "contact_list": contact_list, "match_fields": ["Email"], **members}


def settings(sandbox: Sandbox, *entries: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Settings that poll often and wait for little; `more` overrides."""
    return {
        "api_url": sandbox.url,
        "auth_token": "a-token",
        "streams": list(entries) or [entry()],
        "poll_interval_s": 0.01,
        "poll_max_interval_s": 0.05,
        "retry_for_s": 20,
        "journal": "none",
        **more,
    }


# The program as a process.


def heed_signals() -> None:
    """Have the programs that are started from here heed signals, though we ourselves are to ignore them.

    Whoever started us may have them ignored, as `nohup` does, and shells with `&` in a script; programs
    inherit that. They do not inherit a handler, not even one that does nothing.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


@dataclass(frozen=True)
class Finished:
    """What a run of the program came to."""

    status: int
    stdout: str
    stderr: str
    metrics: tuple[dict[str, Any], ...] = ()

    @property
    def states(self) -> list[dict[str, Any]]:
        """The state lines; every line of standard output must be one."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def bookmarks(self) -> list[Any]:
        """What `state(bookmark)` had put into the tap's states, in the order they were written."""
        return [each["bookmarks"]["contacts"]["at"] for each in self.states]

    @property
    def last_line(self) -> str:
        return self.stderr.rstrip("\n").rpartition("\n")[2]

    @property
    def error_code(self) -> str:
        return self._told("error_code")

    @property
    def rerun(self) -> str:
        return self._told("rerun")

    def _told(self, name: str) -> str:
        return self.last_line.rpartition(f"{name}=")[2].rstrip("]").split(" ")[0]

    def records(self, stream: str) -> list[dict[str, Any]]:
        """Metrics records of that stream."""
        return [
            each["record"] for each in self.metrics if each["type"] == "RECORD" and each["stream"] == stream
        ]

    @property
    def jobs(self) -> list[dict[str, Any]]:
        return self.records("w50_import_jobs")

    @property
    def outcomes(self) -> list[str]:
        return [each["outcome"] for each in self.jobs]

    @property
    def run(self) -> dict[str, Any]:
        """The one record of `w50_runs`."""
        (only,) = self.records("w50_runs")
        return only


Load = Callable[..., Finished]
"""Loads messages into the test's sandbox: the fixture `load`."""


@dataclass
class Target:
    """A run of the real program that is under way; `with` ends it in any case.

    Args:
        folder: where its settings and metrics are kept.
        config: its settings.
        stdout: a descriptor to write states to instead of `lines`.
        closed: descriptors that are closed before the program begins.
        limit: an option of the shell's `ulimit` with its value, such as `-n 7`. Coverage is not measured
            then: its own files need what the limit takes away.
        trapped: a signal that it is to inherit as ignored, such as `HUP`.
        anew: whether it is started as a program of its own, as it is where one of the three above asks for
            it, or a variable that Python heeds at its start. Otherwise it is forked from a process that has
            it imported, see `tests/forks.py`: some ten times as quick, and what a test sees is the same.
        stderr: a descriptor to write standard error to, such as a terminal's.
        environment: added to this process's own.
    """

    folder: Path
    config: Mapping[str, Any]
    stdout: int | None = None
    stdin: int | None = None
    stderr: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    arguments: Sequence[str] = ()
    closed: Sequence[int] = ()
    limit: str = ""
    trapped: str = ""
    anew: bool = False

    def __post_init__(self) -> None:
        path, self.metrics_path = write_settings(self.folder, self.config)
        self.lines: queue.Queue[str] = queue.Queue()
        self.stdout_text = ""
        self.stderr_text = ""
        self.process = self._begun(["--config", str(path), *self.arguments])
        self._readers = []
        if self.stderr is None:
            self._readers.append(threading.Thread(target=self._read_stderr, daemon=True))
        if self.stdout is None:
            self._readers.append(threading.Thread(target=self._read_stdout, daemon=True))
        for reader in self._readers:
            reader.start()

    def _begun(self, arguments: Sequence[str]) -> subprocess.Popen[bytes] | Fork:
        from tests.forks import Fork  # noqa: PLC0415  # it stands on this module

        stdin, stdout, stderr = (
            subprocess.PIPE if fd is None else fd for fd in (self.stdin, self.stdout, self.stderr)
        )
        environment = {**os.environ, **(UNMEASURED if self.limit else {}), **self.environment}
        at_the_start = self.closed or self.limit or self.trapped
        if not (at_the_start or self.anew or any(name.startswith("PYTHON") for name in self.environment)):
            return Fork(arguments, environment, stdin=stdin, stdout=stdout, stderr=stderr)
        command = [sys.executable, "-m", "target_w50", *arguments]
        if at_the_start:
            closing = " ".join(f"{number}>&-" for number in self.closed)
            first = f"ulimit {self.limit} && " if self.limit else ""
            first += f"trap '' {self.trapped} && " if self.trapped else ""
            command = ["sh", "-c", f'{first}exec "$@" {closing}', "sh", *command]
        return subprocess.Popen(command, env=environment, stdin=stdin, stdout=stdout, stderr=stderr)

    def _read_stdout(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.stdout_text += line.decode()
            self.lines.put(line.decode())

    def _read_stderr(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.stderr_text += line.decode()

    def send(self, *messages: Mapping[str, Any]) -> None:
        """Write messages to its standard input, which stays open."""
        assert self.process.stdin is not None
        self.process.stdin.write(lines(messages))
        self.process.stdin.flush()

    def end_input(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def next_state(self) -> dict[str, Any]:
        """The next state line, waited for."""
        value: dict[str, Any] = json.loads(self.lines.get(timeout=PATIENCE_S))
        return value

    def wait_for_words(self, words: str) -> None:
        """Wait until its standard error holds these words."""
        wait_until(lambda: words in self.stderr_text, f"{words!r} on standard error", self)

    def wait(self, timeout_s: float = PATIENCE_S) -> Finished:
        """Wait for its end."""
        try:
            status = self.process.wait(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it has not ended; standard error:\n{self.stderr_text}") from None
        for reader in self._readers:
            reader.join(PATIENCE_S)
        return Finished(status, self.stdout_text, self.stderr_text, read_metrics(self.metrics_path))

    def __enter__(self) -> Target:  # noqa: PYI034  # Self is not in Python 3.10
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for reader in self._readers:
            reader.join(PATIENCE_S)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):  # what was never read of the input
                    stream.close()


def run_target(
    folder: Path, config: Mapping[str, Any], messages: Iterable[Mapping[str, Any]] | bytes, **options: Any
) -> Finished:
    """Run the program over these messages to its end."""
    content = messages if isinstance(messages, bytes) else lines(messages)
    with Target(folder, config, **options) as target:
        assert target.process.stdin is not None
        try:
            target.process.stdin.write(content)
            target.process.stdin.close()
        except BrokenPipeError:
            pass  # it ended before it read everything: the test will tell
        return target.wait()


def write_settings(folder: Path, config: Mapping[str, Any]) -> tuple[Path, Path]:
    """Write the settings into the folder; give their file, and the one that their metrics go to."""
    folder.mkdir(parents=True, exist_ok=True)
    metrics, path = folder / "metrics.jsonl", folder / "config.json"
    path.write_text(json.dumps({"metrics_path": str(metrics), **config}))
    return path, metrics


def read_metrics(path: Path) -> tuple[dict[str, Any], ...]:
    if not path.exists():
        return ()
    return tuple(json.loads(line) for line in path.read_text().splitlines())


# The sandbox.


def wait_until(condition: Callable[[], bool], words: str, target: Target | None = None) -> None:
    """Wait until the condition holds; fail with words if it never does, or if the program has ended."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        ended = target is not None and target.process.poll() is not None and not condition()
        if ended or time.monotonic() > deadline:
            shown = "" if target is None else f"; standard error:\n{target.stderr_text}"
            raise AssertionError(f"waited in vain for {words}{shown}")
        time.sleep(0.01)


def requests_of(sandbox: Sandbox, *calls: str) -> list[dict[str, Any]]:
    """The requests of these kinds that came in so far, in order; all of them if none is named."""
    found: list[dict[str, Any]] = sandbox.contents()["Requests"]
    return [each for each in found if not calls or each["Call"] in calls]


def calls_of(sandbox: Sandbox, *calls: str) -> list[str]:
    return [each["Call"] for each in requests_of(sandbox, *calls)]


def stored(sandbox: Sandbox, list_id: int = 42) -> dict[str, dict[str, Any]]:
    """The values of the list's contacts by e-mail address."""
    for each in sandbox.contents()["Lists"]:
        if each["Id"] == list_id:
            return {contact["Values"]["Email"]: contact["Values"] for contact in each["Contacts"]}
    raise AssertionError(f"no list {list_id}")


def jobs_of(sandbox: Sandbox) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sandbox.contents()["Jobs"]
    return found


# The program within this process: the same parts and the same sockets, but for signals and standard output.


def load_here(
    folder: Path, config: Mapping[str, Any], messages: Iterable[Mapping[str, Any]] | bytes
) -> Finished:
    """Run the program's parts over these messages to their end; some ten times as quick as a process."""
    folder.mkdir(parents=True, exist_ok=True)
    values = {"metrics_path": str(folder / "metrics.jsonl"), **config}
    told = io.StringIO()
    handler = logging.StreamHandler(told)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        with (folder / "states.jsonl").open("wb") as states, contextlib.redirect_stderr(told):
            program = LoadedProgram(values, settings_from(values), states.fileno())
            content = messages if isinstance(messages, bytes) else lines(messages)
            status = program._end(program._load(io.BytesIO(content)))
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    return Finished(
        status,
        (folder / "states.jsonl").read_text(),
        told.getvalue(),
        read_metrics(folder / "metrics.jsonl"),
    )
