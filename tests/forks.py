"""Quick runs of the real program: processes that share nothing but the imports, see `forking`."""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from tests.forking import LENGTH_BYTES
from tests.support import UNMEASURED, Finished, read_metrics


class _Forks:
    """The process that forks for each run; it ends when its socket is closed."""

    def __init__(self) -> None:
        self._orders, theirs = socket.socketpair()
        script = Path(__file__).with_name("forking.py")
        self.process = subprocess.Popen(
            [sys.executable, str(script), str(theirs.fileno())],
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={**os.environ, **UNMEASURED},
        )
        theirs.close()
        self._one_by_one = threading.Lock()
        atexit.register(self._end)

    def begin(self, order: Mapping[str, Any], descriptors: Sequence[int]) -> None:
        content = json.dumps(order).encode()
        with self._one_by_one:
            socket.send_fds(self._orders, [len(content).to_bytes(LENGTH_BYTES, "big")], [*descriptors])
            self._orders.sendall(content)

    def _end(self) -> None:
        self._orders.close()
        self.process.wait()


@functools.cache
def _forks() -> _Forks:
    return _Forks()


class Fork:
    """A run of the program that is under way; what can be done with it is what `subprocess.Popen` can.

    Args:
        arguments: of the program.
        environment: all of it.
        folder: the one that it runs in.
        stdin: its descriptor, or `subprocess.PIPE`; so are the next two.
        script: instead of the program.
        ends_itself: whether nobody else does.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        *,
        stdin: int,
        stdout: int,
        stderr: int,
        folder: Path | None = None,
        script: Path | None = None,
        ends_itself: bool = False,
    ) -> None:
        self.returncode: int | None = None
        self.stdin: IO[bytes] | None = None
        self.stdout: IO[bytes] | None = None
        self.stderr: IO[bytes] | None = None
        self._one_by_one = threading.Lock()
        theirs = [stdin, stdout, stderr]
        ours: list[int] = []
        if stdin == subprocess.PIPE:
            theirs[0], write_end = os.pipe()
            ours.append(theirs[0])
            self.stdin = os.fdopen(write_end, "wb")
        if stdout == subprocess.PIPE:
            read_end, theirs[1] = os.pipe()
            ours.append(theirs[1])
            self.stdout = os.fdopen(read_end, "rb")
        if stderr == subprocess.PIPE:
            read_end, theirs[2] = os.pipe()
            ours.append(theirs[2])
            self.stderr = os.fdopen(read_end, "rb")
        read_end, report = os.pipe()
        self._report_fd = read_end
        weakref.finalize(self, os.close, read_end)
        order = {
            "arguments": [*arguments],
            "environment": dict(environment),
            "folder": str(folder or Path.cwd()),
            "script": None if script is None else str(script),
            "ends_itself": ends_itself,
        }
        _forks().begin(order, [*theirs, report])
        for each in (*ours, report):
            os.close(each)
        self.pid = self._told()

    def poll(self) -> int | None:
        """Its exit status, once it has ended."""
        return self._status(0)

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status, waited for.

        Raises:
            subprocess.TimeoutExpired: it has not ended by then; the time is in seconds.
        """
        status = self._status(timeout)
        if status is None:
            raise subprocess.TimeoutExpired("a fork", timeout or 0)
        return status

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            # It may have ended just now: its process is gone before its status is told.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _status(self, within_s: float | None) -> int | None:
        if self.returncode is None and self._report_comes(within_s):
            with self._one_by_one:
                if self.returncode is None:
                    self.returncode = self._told()
        return self.returncode

    def _report_comes(self, within_s: float | None) -> bool:
        report = select.poll()
        report.register(self._report_fd, select.POLLIN)
        return bool(report.poll(None if within_s is None else within_s * 1000))

    def _told(self) -> int:
        """The next number of the report; each is written at once."""
        line = b""
        while not line.endswith(b"\n"):
            more = os.read(self._report_fd, 1)
            if not more:
                raise AssertionError("the process that forks has ended")
            line += more
        return int(line)


def run_forked(
    streams: Path,
    arguments: Sequence[str],
    content: bytes,
    metrics: Path,
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    script: Path | None = None,
) -> Finished:
    """Run the program, or a script that runs it, to its end.

    Args:
        streams: the folder that its standard streams are kept in.
        arguments: of the program.
        content: its standard input.
        metrics: the file of its metrics records.
        folder: the one that it runs in; that of its streams if none is given.
        environment: added to this process's own.
        script: instead of the program.
    """
    streams.mkdir(parents=True, exist_ok=True)
    (streams / "stdin").write_bytes(content)
    with (
        (streams / "stdin").open("rb") as stdin,
        (streams / "stdout").open("wb") as stdout,
        (streams / "stderr").open("wb") as stderr,
    ):
        status = Fork(
            arguments,
            {**os.environ, **(environment or {})},
            stdin=stdin.fileno(),
            stdout=stdout.fileno(),
            stderr=stderr.fileno(),
            folder=folder or streams,
            script=script,
            ends_itself=True,
        ).wait()
    written, said = ((streams / name).read_bytes().decode() for name in ("stdout", "stderr"))
    return Finished(status, written, said, read_metrics(metrics))
