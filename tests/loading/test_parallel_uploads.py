"""Several uploads of one import job under way at once: each answer is one thread's to judge, in its order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from target_w50.errors import DoubtfulError, RefusedError, StoppedError, UnreachableError
from target_w50.import_jobs.phases import Phase
from target_w50.sandbox import Sandbox
from target_w50.w50 import UploadAnswer
from tests.loading.one_job import FRESH, OneJob
from tests.support import (
    Target,
    jobs_of,
    load_here,
    record,
    requests_of,
    schema,
    settings,
    state,
    stored,
    wait_until,
)

AN_HOUR = 3600
LOST = DoubtfulError("the answer was lost", call="add_contacts")
Make = Callable[..., OneJob]
Opened = Callable[..., "Held"]


class Held:
    """A job of which up to three uploads are under way; W50 answers each when the test says so.

    Attributes:
        one: the job.
        sent: the contacts of each upload, in the order in which they left.
    """

    def __init__(self, one: OneJob, *contacts: int) -> None:
        self.one = one
        self.sent: list[list[int]] = []
        self._answers: dict[int, Any] = {}
        self._answered = threading.Condition()
        one.hold(*contacts)
        one.w50.create_import_job.return_value = FRESH
        one.w50.add_contacts.side_effect = self._add
        one.upload()

    def _add(self, _list: int, _job: int, body: bytes, **_: object) -> UploadAnswer:
        numbers = [int(each) for each in body.decode().strip('[]{}"n:').split('},{"n":')]
        with self._answered:
            self.sent.append(numbers)
            self._answered.notify_all()
            self._answered.wait_for(lambda: numbers[0] in self._answers)
            answer = self._answers.pop(numbers[0])
        if isinstance(answer, Exception):
            raise answer
        return UploadAnswer()

    def send_all(self) -> list[list[int]]:
        """Take steps while there is something to do; what has left by then, sorted."""
        while self.one.uploading.can_step(self.one.job):
            self.one.upload()
        with self._answered:
            self._answered.wait_for(lambda: len(self.sent) >= self.begun)
        return sorted(self.sent)

    @property
    def begun(self) -> int:
        return int(self.one.w50.add_contacts.call_count)

    def answer(self, first: int, came: Exception | None = None) -> None:
        """Answer the upload that begins with this contact, and let the worker see to it."""
        self.one.woken.clear()
        with self._answered:
            self._answers[first] = came
            self._answered.notify_all()
        assert self.one.woken.wait(20)
        self.one.upload()

    def end(self) -> None:
        with self._answered:
            self._answers = dict.fromkeys(range(100), LOST)
            self._answered.notify_all()


@pytest.fixture
def opened(one_job: Make) -> Iterator[Opened]:
    """Makes a job whose uploads are answered one by one."""
    made: list[Held] = []

    def make(*contacts: int, **options: Any) -> Held:
        made.append(Held(one_job(parallel_uploads=3, **options), *contacts))
        return made[-1]

    yield make
    for each in made:
        each.end()


def test_so_many_uploads_are_under_way_and_one_more_for_each_that_is_answered(opened: Opened) -> None:
    held = opened(1, 1, 1, 1, 1)
    assert held.send_all() == [[0], [1], [2]]
    assert (held.one.job.under_way, held.one.job.sent) == (3, 0)
    held.answer(1)
    assert held.send_all() == [[0], [1], [2], [3]]
    assert (held.one.job.under_way, held.one.job.sent) == (3, 1)


def test_a_job_is_whole_when_each_upload_was_acknowledged_in_whatever_order(opened: Opened) -> None:
    """Its time of uploading is the time that passed, not the sum of theirs."""
    held = opened(1, 2, 3)
    held.send_all()
    for first in (3, 1, 0):
        held.one.pass_time(2)
        held.answer(first)
    effort = held.one.job.effort
    assert effort is not None
    assert (held.one.job.sent, held.one.job.under_way, held.one.job.at_hand) == (3, 0, None)
    assert (effort.batches, effort.contacts_sent, effort.upload_seconds) == (3, 6, 6)


def test_after_a_doubtful_answer_the_others_are_waited_for_and_counted_for_no_job(opened: Opened) -> None:
    """Nothing more is sent meanwhile; then all batches go to a new job."""
    held = opened(1, 1, 1, 1)
    held.send_all()
    held.answer(0)
    held.send_all()
    held.answer(2, LOST)
    assert (held.one.job.phase, held.one.lanes.under_way, held.one.told) == (Phase.FILLING, 2, [])
    assert not held.one.uploading.can_step(held.one.job)
    held.answer(1)
    held.answer(3, RefusedError("no", call="add_contacts", status=403))
    assert (held.one.job.phase, held.one.job.sent, held.one.job.rebuilds) == (Phase.WAITING, 0, 1)
    (told,) = held.one.told
    assert (told["outcome"], told["batches"], told["contacts_sent"]) == ("abandoned", 1, 1)
    held.one.w50.create_import_job.return_value = replace(FRESH, id=8)
    assert held.send_all() == [[0], [0], [1], [1], [2], [2], [3]]
    assert {each.args[1] for each in held.one.w50.add_contacts.mock_calls[4:]} == {8}


def test_after_two_doubtful_answers_to_one_job_it_is_built_anew_once(opened: Opened) -> None:
    held = opened(1, 1, 1)
    held.send_all()
    for first in range(3):
        held.answer(first, LOST)
    assert (held.one.job.rebuilds, len(held.one.told)) == (1, 1)


@pytest.mark.parametrize("error", [StoppedError("stop", exit_status=143), KeyError("a defect")], ids=repr)
def test_a_stop_or_a_defect_is_not_swallowed_by_a_job_that_is_given_up(
    opened: Opened, error: Exception
) -> None:
    held = opened(1, 1)
    held.send_all()
    held.answer(0, LOST)
    with pytest.raises(type(error)):
        held.answer(1, error)


@pytest.mark.parametrize("error", [RefusedError("no", status=403), UnreachableError("away")], ids=repr)
def test_the_first_error_ends_the_run_though_other_uploads_are_under_way(
    opened: Opened, error: Exception
) -> None:
    held = opened(1, 1)
    held.send_all()
    with pytest.raises(type(error)):
        held.answer(1, error)
    assert (held.one.job.phase, held.one.job.under_way) == (Phase.FILLING, 2)


def test_what_is_not_wanted_any_more_is_not_tried_again(opened: Opened) -> None:
    """W50 may have asked one of the others to wait for an hour."""
    held = opened(1, 1)
    lanes, job = held.one.lanes, held.one.job

    def pause(*_: object, **__: object) -> UploadAnswer:
        while not lanes.is_dropped():
            held.one.woken.wait(0.01)
        return UploadAnswer()

    held.one.w50.add_contacts.side_effect = pause
    for _ in range(2):
        held.one.upload()
    lanes.drop()
    wait_until(lambda: held.one.uploading.can_step(job), "the lanes")
    assert not lanes.is_dropped(), "this thread is none"
    held.one.upload(2)
    assert job.sent == 2


def test_a_batch_that_is_too_large_goes_in_halves_beside_the_others(opened: Opened) -> None:
    held = opened(2, 1, 1)
    held.send_all()
    held.answer(0, RefusedError("large", call="add_contacts", status=413))
    assert (held.one.kept, held.one.job.under_way) == ([[0], [1], [2], [3]], 2)
    assert held.send_all() == [[0], [0, 1], [2], [3]]
    for first in (3, 2, 0):
        held.answer(first)
    held.send_all()
    held.answer(1)
    assert (held.one.job.sent, held.one.job.under_way) == (4, 0)


def test_a_refused_batch_names_its_own_records(opened: Opened) -> None:
    held = opened(1, 2, 1)
    held.send_all()
    with pytest.raises(RefusedError, match="refused to take 2 contacts, line 3 to line 4"):
        held.answer(1, RefusedError("no", call="add_contacts", status=400))


def test_a_job_is_searched_and_begun_anew_when_the_last_upload_was_answered(opened: Opened) -> None:
    """What else is under way is taken by the job that serves for the search, and sent again."""
    held = opened(1, 1, 1, aside=True)
    held.send_all()
    held.answer(1, RefusedError("no", call="add_contacts", status=400))
    assert (held.one.job.phase, held.one.job.under_way, held.one.set_aside) == (Phase.PROBING, 2, [1])
    held.answer(0)
    assert (held.one.job.phase, held.one.job.under_way) == (Phase.PROBING, 1)
    held.answer(2)
    assert (held.one.job.phase, held.one.job.rebuilds, held.one.set_aside) == (Phase.WAITING, 0, [1])
    assert held.one.kept == [[0], [2]]


# The whole program.


def test_uploads_that_hang_are_as_many_as_set_and_a_signal_ends_them(
    start: Callable[..., Sandbox], tmp_path: Path
) -> None:
    sandbox = start(faults=[{"call": "add", "hang": AN_HOUR, "times": None}])
    config = settings(sandbox, batch_size_rows=1, parallel_uploads=4)

    def hanging() -> int:
        return sum(each["Outcome"].startswith("hangs") for each in requests_of(sandbox, "add"))

    with Target(tmp_path, config) as target:
        target.send(schema(), *map(record, range(6)), state(6))
        wait_until(lambda: hanging() == 4, "four uploads", target)
        target.process.terminate()
        finished = target.wait()
    assert (finished.status, finished.states, hanging()) == (143, [], 4)
    assert [job["Runs"] for job in jobs_of(sandbox)] == [0]


@pytest.mark.parametrize(
    ("fault", "runs"),
    [
        ({"status": 429, "retry_after": 0, "times": 3}, [1]),
        ({"cut": "after", "skip": 2}, [0, 1]),
        ({"status": 503, "retry_after": 0, "when": "after", "skip": 1, "times": 2}, [0, 1]),
        ({"html": True, "skip": 3}, [0, 1]),
        ({"status": 401, "times": 1}, None),
    ],
    ids=["429", "cut", "503", "html", "401"],
)
def test_a_job_with_uploads_at_once_runs_once_and_whole(
    start: Callable[..., Sandbox], tmp_path: Path, fault: dict[str, Any], runs: list[int] | None
) -> None:
    sandbox = start(faults=[{"call": "add", **fault}])
    messages = [schema(), *map(record, range(12)), state(12)]
    finished = load_here(tmp_path, settings(sandbox, batch_size_rows=1, parallel_uploads=4), messages)
    if runs is None:
        assert (finished.status, finished.error_code, finished.states) == (3, "w50_unauthorized", [])
        return
    assert (finished.status, finished.bookmarks, len(stored(sandbox))) == (0, [12], 12)
    # Two lost answers may be to one job, or one to each of two.
    ran = [job["Runs"] for job in jobs_of(sandbox)]
    assert (ran[0], ran[-1], sum(ran)) == (runs[0], 1, 1)
