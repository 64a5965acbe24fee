"""Quick runs of the real program: processes that share nothing but the imports, see `forking`."""

from __future__ import annotations

import atexit
import functools
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support import Finished, read_metrics


class _Forks:
    """The process that forks for each run; it ends when its pipe is closed."""

    def __init__(self) -> None:
        orders_read, self._orders = os.pipe()
        self._answers_fd, answers_write = os.pipe()
        script = Path(__file__).with_name("forking.py")
        self.process = subprocess.Popen(
            [sys.executable, str(script), str(orders_read), str(answers_write)],
            pass_fds=(orders_read, answers_write),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        os.close(orders_read)
        os.close(answers_write)
        self._answers = os.fdopen(self._answers_fd, "rb")
        self._one_by_one = threading.Lock()
        atexit.register(self._end)

    def run(self, order: Mapping[str, Any]) -> int:
        if not self._one_by_one.acquire(blocking=False):
            raise AssertionError("runs that overlap must be started as programs of their own")
        try:
            os.write(self._orders, json.dumps(order).encode() + b"\n")
            status: int = json.loads(self._answers.readline())
        finally:
            self._one_by_one.release()
        return status

    def _end(self) -> None:
        os.close(self._orders)
        self.process.wait()
        self._answers.close()


@functools.cache
def _forks() -> _Forks:
    return _Forks()


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
    order = {
        "arguments": [*arguments],
        "script": None if script is None else str(script),
        "folder": str(folder or streams),
        "environment": {**os.environ, **(environment or {})},
        **{name: str(streams / name) for name in ("stdin", "stdout", "stderr")},
    }
    status = _forks().run(order)
    stdout, stderr = (streams / "stdout").read_bytes(), (streams / "stderr").read_bytes()
    return Finished(status, stdout.decode(), stderr.decode(), read_metrics(metrics))
