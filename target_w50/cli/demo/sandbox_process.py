"""A sandbox in a process of its own, on a free port, for as long as a `with` block lasts."""

from __future__ import annotations

import os
import queue
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

import requests

from target_w50.cli.demo.child_programs import own_program
from target_w50.errors import UnreachableError
from target_w50.sandbox.command import TOKEN_VARIABLE

READY = re.compile(r"http://127\.0\.0\.1:\d+")
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class RunningSandbox:
    """A sandbox that is ready.

    Attributes:
        url: the base URL of its API.
    """

    url: str

    def contents(self) -> dict[str, Any]:
        """All that the sandbox holds: lists, contacts, jobs, custom events, requests."""
        with requests.Session() as session:
            session.trust_env = False  # no proxy stands before a loopback address
            answer = session.get(f"{self.url}/_sandbox/contents", timeout=30)
        answer.raise_for_status()
        contents: dict[str, Any] = answer.json()
        return contents

    def reset(self) -> None:
        """Have the sandbox be as at its start."""
        with requests.Session() as session:
            session.trust_env = False
            session.post(f"{self.url}/_sandbox/reset", json={}, timeout=30).raise_for_status()


@contextmanager
def running_sandbox(*options: str, token: str | None = None) -> Iterator[RunningSandbox]:
    """Start `w50 sandbox` on a free port, wait until it is ready, and stop it at the end.

    Args:
        options: further options of `w50 sandbox`.
        token: what its callers need; it does not stand on the command line. None: nobody needs one.

    Raises:
        UnreachableError: it did not start; code `sandbox_not_started`.
    """
    environment = {name: value for name, value in os.environ.items() if name != TOKEN_VARIABLE}
    process = subprocess.Popen(  # noqa: S603  # our own program
        [*own_program("target_w50.cli"), "sandbox", "--port", "0", *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=environment if token is None else {**environment, TOKEN_VARIABLE: token},
    )
    try:
        yield RunningSandbox(_ready_url(process))
    finally:
        _stop(process)


def _ready_url(process: subprocess.Popen[str]) -> str:
    ready: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_drain, args=(process.stdout, ready), daemon=True).start()
    try:
        url = ready.get(timeout=START_TIMEOUT_S)
    except queue.Empty:
        url = None
    if url is None:
        raise UnreachableError(
            "the sandbox did not start; `w50 sandbox` says why", code="sandbox_not_started"
        )
    return url


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _drain(output: IO[str] | None, ready: queue.Queue[str | None]) -> None:
    """Hand over the URL of the ready line, or None at the end; read on, so that the pipe never fills."""
    if output is None:
        raise AssertionError("standard output is a pipe")
    with output:
        for line in output:
            found = READY.search(line)
            if found:
                ready.put(found.group())
    ready.put(None)
