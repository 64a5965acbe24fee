"""What all tests have: a sandbox with two small lists, and what a process of tests begins with."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from dev.found_or_installed import AGAIN
from target_w50.sandbox import Sandbox, server
from tests import loopback, measuring, pipes
from tests.effort import tries
from tests.fake_time import OF_THE_RUN
from tests.support import (
    LIST,
    OTHER_LIST,
    Finished,
    Load,
    heed_signals,
    load_here,
    settings,
)

# The same where CI is set, for which hypothesis has a profile that tries the same examples for ever. No time
# is judged: a busy machine is no fault of the code. `make test` says the seed in its first lines.
hypothesis.settings.register_profile(
    "house",
    max_examples=tries(100),
    deadline=None,
    derandomize=False,
    print_blob=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
# For `make mutants`: that a test fails is enough there, the smallest example is for people.
hypothesis.settings.register_profile(
    "mutants",
    hypothesis.settings.get_profile("house"),
    database=None,
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
)
hypothesis.settings.load_profile("house")
heed_signals()
loopback.stay()
pipes.give_back()
# What programs remember across runs is the test's own, and never the user's.
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="target-w50-tests-")
atexit.register(shutil.rmtree, os.environ["XDG_STATE_HOME"], ignore_errors=True)
# The programs are started by the thousand: without its bytecode each start would compile the package anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# Sandboxes too: they look more often whether they are to stop, which their test waits for.
server._POLL_S = 0.005


def pytest_configure(config: pytest.Config) -> None:
    """Measure once. Who hands tests out keeps all that he is told to the end: there is no garbage."""
    measuring.begin(config)
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        gc.disable()


def pytest_report_header(config: pytest.Config) -> str | None:
    """The seed, so that what failed can be tried again."""
    seed = config.getoption("--hypothesis-seed", None)
    return None if seed is None else f"hypothesis: tried again by make test HYPOTHESIS_SEED={seed}"


@pytest.hookimpl(optionalhook=True)  # xdist's
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Have tests that want the same started run in one process."""
    if config.getvalue("dist") != "load":
        return None
    from tests.scheduling import InGroups  # noqa: PLC0415  # only here xdist is there for certain

    return InGroups(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Find the tests, unmeasured."""
    with measuring.paused(session.config):
        return (yield)


def pytest_collection_finish() -> None:
    """What was collected stays to the end: the garbage collector need not look through it each time."""
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Keep coverage out of what other tests cover, its fixtures too, see `tests/measuring.py`."""
    with ExitStack() as stack:
        measuring.keep_out(item, stack.enter_context(pytest.MonkeyPatch.context()))
        if not measuring.is_measured(item):
            stack.enter_context(measuring.paused(item.config))
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """One line of the summary for all tests that lack the same thing of the machine, not one for each."""
    report = yield
    if report.skipped and isinstance(report.longrepr, tuple) and report.longrepr[2].endswith(AGAIN):
        report.longrepr = (__file__, 1, report.longrepr[2])
    return report


@pytest.fixture(autouse=True)
def signals_stay_free() -> Iterator[None]:
    """A run takes the signals of its process over: programs started by later tests would heed none."""
    yield
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ()) & {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


@pytest.fixture(autouse=True)
def nothing_leaves_this_machine() -> Iterator[None]:
    """No test asks anybody else, not even for the address of a name."""
    yield
    asked, loopback.AWAY[:] = [*loopback.AWAY], []
    assert not asked


@pytest.fixture(autouse=True)
def no_thread_of_a_run_is_left() -> Iterator[None]:
    """A run that was not wound up would go on beside later tests."""
    before = {*threading.enumerate()}
    yield
    left = [each for each in threading.enumerate() if each.name.startswith(OF_THE_RUN) and each not in before]
    for each in left:
        each.join(10)
    assert not [each.name for each in left if each.is_alive()]


@pytest.fixture
def start() -> Iterator[Callable[..., Sandbox]]:
    """Starts sandboxes with options; they end with the test."""
    with ExitStack() as stack:

        def begin(**options: Any) -> Sandbox:
            return stack.enter_context(Sandbox(**{"lists": [LIST, OTHER_LIST], **options}))

        yield begin


@pytest.fixture
def sandbox(start: Callable[..., Sandbox]) -> Sandbox:
    return start()


@pytest.fixture
def load(sandbox: Sandbox, tmp_path: Path) -> Load:
    """Loads messages into the sandbox with the usual settings and these."""

    def run(messages: Any, *entries: Mapping[str, Any], **more: Any) -> Finished:
        return load_here(tmp_path, settings(sandbox, *entries, **more), messages)

    return run
