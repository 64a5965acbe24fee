"""Of which tests coverage is measured: what is measured takes twice as long, the libraries beneath it too.

Left out is what passes no line by itself that others do not: property tests, tests of the whole, what the
sandbox's threads do but in its own tests, and tests that try many cases or much data. One that is left out by
mistake shows in the percentage; one that is measured needlessly, in the time. A run with `--cov-context=test`
tells which test passes which line.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

from target_w50.sandbox import server
from tests.support import UNMEASURED

HERE = Path(__file__).parent
WHOLE = {"browser", "chaos", "endtoend", "hostile", "house"}
"""Folders of tests of the whole: none is the only one to pass a line..."""
SANDBOX = {"sandbox", "test_sandbox_page.py", "test_web_pages.py"}
"""... but for what is asked of the sandbox from its page, or from the pages of others."""
PROGRAMS = {"program", "test_last_resort.py", "test_stdout.py"}
"""Here programs that tests start are measured: others pass lines that tests pass in their own process."""
MANY = frozenset((HERE / "unmeasured.txt").read_text(encoding="utf-8").split())
"""Tests of many cases or much data, and others whose lines are all passed by tests that take less."""


def begin(config: pytest.Config) -> None:
    """Leave what is measured to what pytest-cov starts in each process once its session begins.

    Where tests are handed out to processes, two more would go on beneath that one: coverage would start with
    Python, as in every program of ours, and pytest-cov has started the one of the process that hands out.
    Nobody pauses them, and what they find is lost. Who hands out passes no line of the package.
    """
    controller = _controller(config)
    if controller is not None and (hasattr(config, "workerinput") or config.getoption("numprocesses", None)):
        controller.pause()
        for name in UNMEASURED:
            os.environ.pop(name, None)


@contextmanager
def paused(config: pytest.Config) -> Iterator[None]:
    """Measure nothing meanwhile."""
    controller = _controller(config)
    if controller is None or not controller.started:
        yield
        return
    controller.pause()
    try:
        yield
    finally:
        controller.resume()


def _controller(config: pytest.Config) -> Any:
    return getattr(config.pluginmanager.get_plugin("_cov"), "cov_controller", None)


def is_measured(item: pytest.Item) -> bool:
    """Whether what the test does in its own process is measured."""
    place = item.path.relative_to(HERE)
    return not (
        item.get_closest_marker("hypothesis")
        or (WHOLE & {*place.parts} and not SANDBOX & {*place.parts})
        or f"{place.as_posix()}::{getattr(item, 'originalname', '')}" in MANY
    )


def keep_out(item: pytest.Item, patched: pytest.MonkeyPatch) -> None:
    """Keep coverage out of the sandbox, and of the programs that a test starts, where it is not wanted."""
    parts = {*item.path.relative_to(HERE).parts}
    if not SANDBOX & parts:
        for name in ("serve_forever", "process_request_thread"):
            patched.setattr(server._Server, name, _unmeasured(getattr(server._Server, name)))
    if not PROGRAMS & parts:
        for name, value in UNMEASURED.items():
            patched.setenv(name, value)


def _unmeasured(take: Callable[..., None]) -> Callable[..., None]:
    @wraps(take)
    def taken(*arguments: Any) -> None:
        sys.settrace(None)
        take(*arguments)

    return taken
