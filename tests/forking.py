"""Runs the real program many times without importing it each time: a process that has it forks for each.

Each run is a process of its own, with its own standard streams, environment, signals and exit status; only
the imports are shared. Orders come in on one descriptor, exit statuses go out on another.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import sys
from typing import Any, NoReturn

LONGEST_S = 60
"""A run that takes longer hangs; it is ended by SIGALRM."""


def serve(orders_fd: int, answers_fd: int) -> None:
    """Run what is ordered, one after the other, until the orders end."""
    from target_w50.program.command import main  # noqa: PLC0415
    from target_w50.singer.lean_sdk import import_lean  # noqa: PLC0415

    import_lean()
    # What takes the time; the latter three the program imports once it needs them.
    import re2  # noqa: F401, PLC0415
    import regex  # noqa: F401, PLC0415

    import target_w50.program.lifecycle  # noqa: PLC0415
    import target_w50.w50.client  # noqa: F401, PLC0415

    with os.fdopen(orders_fd, "rb") as orders, os.fdopen(answers_fd, "wb", buffering=0) as answers:
        for line in orders:
            order: dict[str, Any] = json.loads(line)
            pid = os.fork()
            if pid == 0:
                _run(order, main)
            _, status = os.waitpid(pid, 0)
            answers.write(json.dumps(os.waitstatus_to_exitcode(status)).encode() + b"\n")


def _run(order: dict[str, Any], main: Any) -> NoReturn:
    signal.alarm(LONGEST_S)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        fd = os.open(order[name], flags, 0o600)
        os.dup2(fd, number)
        os.close(fd)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    if order["script"]:
        sys.argv = [order["script"], *order["arguments"]]
        runpy.run_path(order["script"], run_name="__main__")
        sys.exit()
    sys.exit(main(order["arguments"]))


if __name__ == "__main__":
    serve(int(sys.argv[1]), int(sys.argv[2]))
