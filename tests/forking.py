"""Runs the real program many times without importing it each time: a process that has it forks for each.

Each run is a process of its own, with its own standard streams, environment, signals and exit status; only
the imports are shared. Orders come in on a socket, each with the run's descriptors; its process id and, at
its end, its exit status go out on a pipe of the run's own.
"""

from __future__ import annotations

import atexit
import contextlib
import faulthandler
import gc
import json
import os
import runpy
import select
import signal
import socket
import sys
import threading
import time
from importlib import import_module
from typing import Any, NoReturn

LONGEST_S = 60
"""A run that nobody can end and that takes longer hangs; it is ended by SIGALRM."""
PARTS = (
    "coverage",
    "re2",
    "regex",
    "target_w50.__main__",
    "target_w50.program.command",
    "target_w50.program.failed_start",
    "target_w50.program.lifecycle",
    "target_w50.settings.sources",
    "target_w50.w50.client",
    "target_w50.w50.oauth2",
    "target_w50.w50.wire.xml_answers",
    "target_w50.w50.wire.xml_requests",
)
LENGTH_BYTES = 4
"""What an order begins with: how many bytes it has."""


def serve(orders: socket.socket) -> None:
    """Start what is ordered, and tell the end of each, until the orders end."""
    gc.disable()  # as the program does while it imports
    _import()
    _warm()
    gc.freeze()
    ended_fd, wake_fd = os.pipe()
    for each in (ended_fd, wake_fd):
        os.set_blocking(each, False)
    # One that comes before a run has begun ends it, without a traceback of Python's.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake_fd, warn_on_full_buffer=False)
    reports: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([orders.fileno(), ended_fd], [], [])
        if ended_fd in ready:
            os.read(ended_fd, 4096)
            _report_ends(reports)
        if orders.fileno() in ready:
            start, descriptors, _, _ = socket.recv_fds(orders, LENGTH_BYTES, 4)
            if not start:
                return
            order = json.loads(_exactly(orders, int.from_bytes(start, "big")))
            *streams, report = descriptors
            pid = os.fork()
            if pid == 0:
                for each in (orders.detach(), ended_fd, wake_fd, report, *reports.values()):
                    os.close(each)
                _run(order, streams)
            for each in streams:
                os.close(each)
            reports[pid] = report
            _tell(report, pid)


def _import() -> None:
    """What takes the time; the program imports many of them once it needs them."""
    from target_w50.singer.lean_sdk import import_lean  # noqa: PLC0415

    import_lean()
    for name in PARTS:
        import_module(name)


def _warm() -> None:
    """What is made once in each process, of types, patterns and the drafts of JSON Schema."""
    from target_w50.program.command import command  # noqa: PLC0415
    from target_w50.settings.model import settings_from  # noqa: PLC0415
    from target_w50.validation.validator import RecordValidator  # noqa: PLC0415

    settings_from(
        {
            "api_url": "http://127.0.0.1",
            "auth_token": "none",
            "streams": [{"stream": "contacts", "contact_list": "42", "match_fields": ["Email"]}],
        }
    )
    properties = {"email": {"type": ["string", "null"], "format": "email"}, "id": {"type": "integer"}}
    for draft in ("http://json-schema.org/draft-07/schema#", "https://json-schema.org/draft/2020-12/schema"):
        RecordValidator({"$schema": draft, "type": "object", "properties": properties}, "contacts")
    command.make_context("target-w50", [], resilient_parsing=True)


def _exactly(orders: socket.socket, size: int) -> bytes:
    content = b""
    while len(content) < size:
        content += orders.recv(size - len(content))
    return content


def _report_ends(reports: dict[int, int]) -> None:
    while reports:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            break
        report = reports.pop(pid)
        _tell(report, os.waitstatus_to_exitcode(status))
        os.close(report)


def _tell(report: int, number: int) -> None:
    with contextlib.suppress(BrokenPipeError):  # nobody waits for it
        os.write(report, b"%d\n" % number)


def _run(order: dict[str, Any], streams: list[int]) -> NoReturn:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if order["ends_itself"]:
        signal.alarm(LONGEST_S)
    for number, fd in enumerate(streams):
        os.dup2(fd, number)
        if fd > 2:  # that of standard error
            os.close(fd)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    time.tzset()
    faulthandler.register(signal.SIGUSR1)
    gc.enable()
    if any(os.environ.get(name) for name in ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")):
        import coverage  # noqa: PLC0415

        coverage.process_startup()
    if order["script"]:
        sys.argv = [order["script"], *order["arguments"]]
        runpy.run_path(order["script"], run_name="__main__")
        sys.exit()
    from target_w50.__main__ import main  # noqa: PLC0415

    sys.argv = ["target-w50", *order["arguments"]]
    if not order["ends_itself"]:
        main()
    try:
        main()
    except SystemExit as ending:
        # All but Python's last: to take the modules apart, it would copy all the memory that is shared.
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(ending.code or 0))
    raise AssertionError


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
