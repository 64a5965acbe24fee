"""What goes on behind the reader: lists side by side, jobs in order, errors at once, a bounded queue."""

from __future__ import annotations

import contextlib
import itertools
import select
import threading
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

from target_w50.loading.loader import Loader
from target_w50.runtime.stop import Stop
from target_w50.sandbox import Sandbox
from tests.support import (
    Load,
    Target,
    calls_of,
    entry,
    jobs_of,
    lines,
    load_here,
    record,
    requests_of,
    schema,
    settings,
    state,
    stored,
    wait_until,
)

TWO_LISTS = (entry(), entry("people", "43"))


def test_the_first_error_ends_a_reader_that_waits_on_standard_input(sandbox: Sandbox, tmp_path: Path) -> None:
    """The tap may be silent for hours."""
    sandbox.faults.add(call="create", status=403, times=None)
    with Target(tmp_path, settings(sandbox, max_contacts_per_job=1)) as target:
        target.send(schema(), record(1), state(1))
        finished = target.wait()
    assert (finished.status, finished.error_code, finished.states) == (3, "w50_forbidden", [])
    assert finished.run["exit_status"] == 3


def test_an_error_of_the_background_wakes_the_reader() -> None:
    """It need not wait until it looks round by itself."""
    stop = Stop()
    loader = Loader(Mock(), Mock(), Mock(), stop, queue_bytes=1)
    loader.failed(ValueError())
    assert select.select([stop.wake_fd], [], [], 0)[0] == [stop.wake_fd]
    stop.close()


def test_the_first_error_ends_a_reader_that_pauses_between_tries(
    start: Callable[..., Sandbox], tmp_path: Path
) -> None:
    """It asks for the second stream's list again and again, when the first stream's job fails."""
    sandbox = start(faults=[{"call": "list", "skip": 1, "status": 503, "times": None, "retry_after": 300}])
    sandbox.faults.add(call="create", skip=0, slow=0.5)
    sandbox.faults.add(call="add", status=403)
    config = settings(sandbox, *TWO_LISTS, max_contacts_per_job=1, retry_for_s=600)
    with Target(tmp_path, config) as target:
        target.send(schema(), record(1), schema("people"))
        finished = target.wait()
    assert (finished.status, finished.error_code) == (3, "w50_forbidden")


def test_after_an_error_a_running_job_is_waited_for_and_its_state_written(
    start: Callable[..., Sandbox], tmp_path: Path
) -> None:
    """And the jobs that were not run are abandoned; the first error decides the exit."""
    sandbox = start(job_seconds=1.0)
    messages = [schema(), record(1), record(2), state(2), record(3)]
    with Target(
        tmp_path, settings(sandbox, max_contacts_per_job=2, overlap_jobs=True, batch_size_rows=1)
    ) as target:
        target.send(*messages)
        wait_until(lambda: calls_of(sandbox).count("add") == 3, "the second job to be filled", target)
        target.send(schema("unlisted"))
        finished = target.wait()
    assert (finished.status, finished.bookmarks) == (2, [2])
    assert sorted(finished.outcomes) == ["abandoned", "finished"]
    assert [job["Runs"] for job in jobs_of(sandbox)] == [1, 0]
    assert set(stored(sandbox)) == {"n1@example.com", "n2@example.com"}


def test_after_an_error_the_next_job_is_not_tried_again_while_one_runs(
    start: Callable[..., Sandbox], tmp_path: Path
) -> None:
    """The running job's state would have to wait for as long as W50 asks the next one's upload to."""
    sandbox = start(job_seconds=1.0, faults=[{"call": "add", "skip": 1, "status": 429, "retry_after": 3000}])
    config = settings(sandbox, max_contacts_per_job=1, overlap_jobs=True, retry_for_s=3600)
    with Target(tmp_path, config) as target:
        target.send(schema(), record(1), state(1), record(2))
        wait_until(lambda: calls_of(sandbox).count("add") == 2, "the second job to be filled", target)
        target.send(schema("unlisted"))
        finished = target.wait()
    assert (finished.status, finished.bookmarks) == (2, [1])
    assert sorted(finished.outcomes) == ["abandoned", "finished"]


def test_an_error_of_one_list_waits_for_the_running_job_of_another(
    start: Callable[..., Sandbox], tmp_path: Path
) -> None:
    sandbox = start(job_seconds=1.0)
    config = settings(sandbox, *TWO_LISTS, max_contacts_per_job=1)
    with Target(tmp_path, config) as target:
        target.send(schema(), schema("people"), record(1), state(1))
        wait_until(lambda: "run" in calls_of(sandbox), "the first list's job to run", target)
        sandbox.faults.add(call="create", status=400)
        target.send(record(2, "people"), state(2))
        finished = target.wait()
    assert (finished.status, finished.bookmarks) == (3, [1])
    assert finished.outcomes == ["finished"]


def test_two_lists_do_not_wait_for_one_another(start: Callable[..., Sandbox], tmp_path: Path) -> None:
    """The first list's job never ends; the second list's begins and ends all the same."""
    sandbox = start(faults=[{"call": "run", "job": {"finishes": False}}])
    with Target(tmp_path, settings(sandbox, *TWO_LISTS, max_contacts_per_job=1)) as target:
        target.send(schema(), schema("people"), record(1))
        wait_until(lambda: "run" in calls_of(sandbox), "the first list's job to run", target)
        target.send(record(2, "people"))
        wait_until(lambda: stored(sandbox, 43) != {}, "the second list's contact", target)
        assert stored(sandbox, 42) == {}


def test_jobs_of_one_list_follow_each_other(start: Callable[..., Sandbox], tmp_path: Path) -> None:
    """Nothing of the next is created before the one before it has ended."""
    sandbox = start(job_reads=3)
    messages = [schema(), *[record(number) for number in range(4)], state(4)]
    load_here(tmp_path, settings(sandbox, max_contacts_per_job=2), messages)
    assert calls_of(sandbox, "create", "add", "run") == ["create", "add", "run"] * 2
    first = jobs_of(sandbox)[0]["Id"]
    looks = [number for number, each in enumerate(requests_of(sandbox)) if each["Path"].endswith(f"/{first}")]
    creates = [number for number, each in enumerate(requests_of(sandbox)) if each["Call"] == "create"]
    assert looks[-1] < creates[1]


def test_two_streams_of_one_list_take_turns(load: Load, sandbox: Sandbox) -> None:
    messages = [schema(), schema("people")]
    messages += [record(number, "people" if number % 2 else "contacts") for number in range(8)]
    finished = load([*messages, state(8)], entry(), entry("people"), max_contacts_per_job=2)
    assert finished.status == 0
    assert calls_of(sandbox, "create", "add", "run") == ["create", "add", "run"] * len(jobs_of(sandbox))
    assert len(stored(sandbox)) == 8


def test_with_overlap_the_next_job_is_filled_while_one_runs_and_run_when_it_has_ended(
    start: Callable[..., Sandbox], tmp_path: Path
) -> None:
    sandbox = start(job_reads=5)
    messages = [schema(), *[record(number) for number in range(6)], state(6)]
    finished = load_here(tmp_path, settings(sandbox, max_contacts_per_job=2, overlap_jobs=True), messages)
    assert (finished.status, finished.bookmarks) == (0, [6])
    order = [(each["Call"], each["Path"]) for each in requests_of(sandbox, "create", "add", "run")]
    assert [call for call, _ in order] == [
        *("create", "add", "run"),
        *("create", "add", "run"),
        *("create", "add", "run"),
    ]
    # Each is created before the one before it has ended: its last status request comes later.
    everything = requests_of(sandbox)
    ids = [job["Id"] for job in jobs_of(sandbox)]
    for earlier, later in itertools.pairwise(ids):
        last_look = max(n for n, each in enumerate(everything) if each["Path"].endswith(f"/{earlier}"))
        first_add = min(n for n, each in enumerate(everything) if each["Path"].endswith(f"/{later}"))
        run = next(n for n, each in enumerate(everything) if each["Path"].endswith(f"/{later}/run"))
        assert first_add < last_look < run


class Feeder:
    """Writes the same bytes to the program again and again, as fast as it takes them."""

    def __init__(self, target: Target, block: Callable[[int], bytes], blocks: int) -> None:
        assert target.process.stdin is not None
        self._stdin = target.process.stdin
        self._block = block
        self._blocks = blocks
        self.written = 0
        self.thread = threading.Thread(target=self._write, daemon=True)
        self.thread.start()

    def _write(self) -> None:
        with contextlib.suppress(BrokenPipeError, ValueError):  # the test is over
            while self.written < self._blocks:
                self._stdin.write(self._block(self.written))
                self.written += 1

    def wait_until_it_stands_still(self) -> int:
        """Wait until nothing more is taken for a while, or all is written; gives the blocks written."""
        before = -1
        while self.thread.is_alive() and (before != self.written or not self.written):
            before = self.written
            time.sleep(1)
        return self.written


def test_a_reader_pauses_while_too_much_waits_for_w50(start: Callable[..., Sandbox], tmp_path: Path) -> None:
    """Memory and disk stay bounded however slow W50 is: the tap is not read beyond the bound."""
    sandbox = start(faults=[{"call": "add", "hang": 600, "times": None}])
    block = lines(record(number, first_name="x" * 100_000) for number in range(10))  # 1 MB
    with Target(tmp_path, settings(sandbox, batch_size_rows=50, batch_size_bytes=1_000_000)) as target:
        target.send(schema())
        feeder = Feeder(target, lambda number: block.replace(b'"n', b'"r%d-' % number), 300)
        assert 20 < feeder.wait_until_it_stands_still() < 80
        target.process.kill()
        feeder.thread.join()


def test_contacts_that_come_back_again_and_again_do_not_pile_up_jobs(
    start: Callable[..., Sandbox], tmp_path: Path
) -> None:
    """Each makes a job of its own; those that wait count towards the bound, however small they are."""
    sandbox = start(faults=[{"call": "add", "hang": 600, "times": None}])
    block = lines([record(1)] * 100)
    with Target(tmp_path, settings(sandbox, batch_size_rows=1)) as target:
        target.send(schema())
        feeder = Feeder(target, lambda _: block, 1000)
        assert feeder.wait_until_it_stands_still() < 80
        target.process.kill()
        feeder.thread.join()
