"""Which state may be written: examples, and properties against a naive model that forgets nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_w50.outputs.checkpoints import Checkpoints
from tests.effort import tries


@dataclass
class Naive:
    """Remembers each record with the work that it is in, and each state with how many records came before.

    A record without work was filtered or set aside: it is done at once.
    """

    work_of_records: list[int | None] = field(default_factory=list)
    records_before: list[int] = field(default_factory=list)
    ended: set[int] = field(default_factory=set)

    def is_safe(self, state: int) -> bool:
        """Whether every record before that state is done."""
        return all(
            work is None or work in self.ended for work in self.work_of_records[: self.records_before[state]]
        )

    def is_covered(self, work: int, state: int) -> bool:
        """Whether no record of the work comes after the state: a run that starts there does not repeat it."""
        return work not in self.work_of_records[self.records_before[state] :]


class Tap:
    """Drives both: a reader that puts records into works, cuts the input, and works that end."""

    def __init__(self) -> None:
        self.checkpoints: Checkpoints[int] = Checkpoints()
        self.naive = Naive()
        self.open: list[int] = []
        """Works of the current stretch that still take records."""
        self.running: list[int] = []
        """Works that take no more, and have not ended."""
        self.written: list[int] = []
        self.covered: list[int] = []
        self.begun = 0
        self.cuts = 0
        self.stretch_of: dict[int, int] = {}

    def record(self, choice: int) -> None:
        """A record into one of up to three open works, a new one if there is none at that place."""
        self.checkpoints.record_read()
        if choice < len(self.open):
            work = self.open[choice]
        else:
            work, self.begun = self.begun, self.begun + 1
            self.checkpoints.begin(work)
            self.open.append(work)
            self.stretch_of[work] = self.cuts
        self.naive.work_of_records.append(work)

    def filtered(self) -> None:
        self.checkpoints.record_read()
        self.naive.work_of_records.append(None)

    def state(self) -> None:
        self.checkpoints.state_read(len(self.naive.records_before))
        self.naive.records_before.append(len(self.naive.work_of_records))

    def close(self, choice: int) -> None:
        """One work is closed without a cut, and may end from now on."""
        if self.open:
            self.running.append(self.open.pop(choice % len(self.open)))

    def cut(self) -> None:
        self.running += self.open
        self.open = []
        self.cuts += 1
        self.checkpoints.cut()
        self.leave()

    def end(self, choice: int) -> None:
        if self.running:
            work = self.running.pop(choice % len(self.running))
            self.checkpoints.end(work)
            self.naive.ended.add(work)
            self.leave()

    def leave(self) -> None:
        safe = self.checkpoints.leave()
        if safe is None:
            return
        assert self.naive.is_safe(safe.state), "written too early"
        assert safe.state > (self.written[-1] if self.written else -1), "written twice, or backwards"
        assert all(self.naive.is_covered(work, safe.state) for work in safe.covered), "covered too early"
        self.written.append(safe.state)
        self.covered += safe.covered

    def finish(self) -> None:
        self.cut()
        while self.running:
            self.end(0)


CHOICE = st.integers(0, 2)
EVENT = st.one_of(
    st.tuples(st.just("record"), CHOICE),
    st.tuples(st.just("close"), CHOICE),
    st.tuples(st.just("end"), st.integers(0, 9)),
    st.just(("filtered",)),
    st.just(("state",)),
    st.just(("cut",)),
)
# Of its own accord hypothesis makes lists of about five, which come to little here.
EVENTS = st.lists(EVENT, max_size=15) | st.lists(EVENT, min_size=25, max_size=60)


def play(events: list[tuple[Any, ...]], tap: Tap | None = None) -> Tap:
    tap = tap or Tap()
    for name, *arguments in events:
        getattr(tap, name)(*arguments)
    return tap


@settings(max_examples=tries(120), deadline=None)
@given(EVENTS)
def test_a_state_is_never_written_before_all_that_was_read_before_it_has_ended(events: Any) -> None:
    """`Tap.leave` holds it after every single step."""
    play(events).finish()


@settings(max_examples=tries(120), deadline=None)
@given(EVENTS)
def test_no_state_is_lost_once_everything_has_ended(events: Any) -> None:
    tap = play(events)
    tap.finish()
    assert tap.written[-1:] == list(range(len(tap.naive.records_before)))[-1:]


@settings(max_examples=tries(120), deadline=None)
@given(EVENTS)
def test_after_each_cut_the_last_state_before_it_waits_for_nothing_that_comes_later(events: Any) -> None:
    """All works up to a cut end, those behind it don't: what was read up to the cut is acknowledged."""
    tap = play(events)
    tap.cut()
    newest = len(tap.naive.records_before) - 1
    earlier = list(tap.running)
    tap.record(2)
    tap.state()
    tap.record(2)
    for work in earlier:
        tap.end(tap.running.index(work))
    assert tap.written[-1:] == ([newest] if newest >= 0 else [])


@settings(max_examples=tries(120), deadline=None)
@given(EVENTS)
def test_what_is_kept_is_bounded_by_the_work_that_is_unfinished(events: Any) -> None:
    """One slow job must not have all the quick ones of another list kept behind it."""
    tap = Tap()
    for event in events:
        play([event], tap)
        unfinished = {tap.stretch_of[work] for work in (*tap.running, *tap.open)} - {tap.cuts}
        assert tap.checkpoints.open_stretches == 1 + len(unfinished)


@settings(max_examples=tries(120), deadline=None)
@given(EVENTS)
def test_every_work_is_covered_once_the_last_state_comes_after_it(events: Any) -> None:
    """And none twice: what is covered is forgotten by those who keep account of events."""
    tap = play(events)
    tap.state()
    tap.finish()
    assert sorted(tap.covered) == list(range(tap.begun))


def test_a_state_right_after_a_cut_passes_with_what_was_read_before_it() -> None:
    """The tap sends a state just after a job has become full: it need not wait for the next job."""
    checkpoints: Checkpoints[str] = Checkpoints()
    checkpoints.record_read()
    checkpoints.begin("first")
    checkpoints.cut()
    checkpoints.state_read("after first")
    checkpoints.record_read()
    checkpoints.begin("second")
    checkpoints.end("first")
    safe = checkpoints.leave()
    assert safe is not None
    assert (safe.state, safe.covered) == ("after first", ("first",))


def test_a_state_waits_for_an_earlier_stretch_even_if_its_own_has_ended() -> None:
    checkpoints: Checkpoints[str] = Checkpoints()
    checkpoints.begin("slow")
    checkpoints.cut()
    checkpoints.record_read()
    checkpoints.begin("quick")
    checkpoints.state_read("after quick")
    checkpoints.cut()
    checkpoints.end("quick")
    assert checkpoints.leave() is None
    checkpoints.end("slow")
    safe = checkpoints.leave()
    assert safe is not None
    assert safe.state == "after quick"


def test_work_with_records_after_the_state_is_not_covered_by_it() -> None:
    """Its custom events would be repeated by a run that starts from that state."""
    checkpoints: Checkpoints[str] = Checkpoints()
    checkpoints.begin("job")
    checkpoints.state_read("in the middle")
    checkpoints.record_read()
    checkpoints.cut()
    checkpoints.end("job")
    safe = checkpoints.leave()
    assert safe is not None
    assert (safe.state, safe.covered) == ("in the middle", ())


def test_only_what_was_begun_can_end_and_only_once() -> None:
    checkpoints: Checkpoints[str] = Checkpoints()
    checkpoints.begin("job")
    checkpoints.end("job")
    with pytest.raises(KeyError):
        checkpoints.end("job")


def test_work_that_was_covered_stays_so_when_stretches_join() -> None:
    checkpoints: Checkpoints[str] = Checkpoints()
    checkpoints.begin("slow")
    checkpoints.cut()
    checkpoints.begin("one")
    checkpoints.begin("other")
    checkpoints.cut()
    checkpoints.begin("last")
    checkpoints.state_read("at the end")
    checkpoints.cut()
    for work in ("one", "last", "other", "slow"):
        checkpoints.end(work)
    safe = checkpoints.leave()
    assert safe is not None
    assert sorted(safe.covered) == ["last", "one", "other", "slow"]


def test_work_that_was_covered_stays_so_however_many_states_follow() -> None:
    """Each quick job behind a slow one joins it, with a state of its own."""
    checkpoints: Checkpoints[str] = Checkpoints()
    checkpoints.begin("slow")
    checkpoints.cut()
    for work in ("first", "second", "third"):
        checkpoints.begin(work)
        checkpoints.state_read(f"after {work}")
        checkpoints.cut()
        checkpoints.end(work)
    checkpoints.end("slow")
    safe = checkpoints.leave()
    assert safe is not None
    assert safe.state == "after third"
    assert sorted(safe.covered) == ["first", "second", "slow", "third"]


def test_work_with_records_after_the_state_is_not_covered_once_its_stretch_has_joined() -> None:
    checkpoints: Checkpoints[str] = Checkpoints()
    checkpoints.begin("slow")
    checkpoints.cut()
    checkpoints.begin("quick")
    checkpoints.state_read("in the middle")
    checkpoints.record_read()
    checkpoints.cut()
    for work in ("quick", "slow"):
        checkpoints.end(work)
    safe = checkpoints.leave()
    assert safe is not None
    assert safe.state == "in the middle"
    assert "quick" not in safe.covered


def test_work_that_was_read_after_the_state_is_not_covered_though_an_empty_stretch_follows() -> None:
    checkpoints: Checkpoints[str] = Checkpoints()
    checkpoints.begin("slow")
    checkpoints.state_read("before quick")
    checkpoints.cut()
    checkpoints.begin("quick")
    checkpoints.record_read()
    checkpoints.cut()
    checkpoints.cut()
    for work in ("quick", "slow"):
        checkpoints.end(work)
    safe = checkpoints.leave()
    assert safe is not None
    assert "quick" not in safe.covered


def test_what_came_after_the_last_state_comes_again_and_nothing_does_without_states() -> None:
    checkpoints: Checkpoints[str] = Checkpoints()
    comes_again = []
    for step in (
        checkpoints.record_read,
        lambda: checkpoints.state_read("first"),
        checkpoints.record_read,
        checkpoints.cut,
        lambda: checkpoints.state_read("last"),
    ):
        step()
        comes_again.append(checkpoints.comes_again)
    # A tap without states begins anew, and means what it sends.
    assert comes_again == [False, False, True, True, False]
