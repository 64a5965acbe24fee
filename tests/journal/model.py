"""The journal's protocol as a model: one contact, one list, runs that crash, stand still and send late.

Each step of a run is one write, one request or one look; between any two of them any other run may take any
of its own. So a pause, however long, is nothing special: it is a run that takes no step for a while.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum, auto
from typing import Any, NamedTuple

RUNS = 3


class At(IntEnum):
    """What a run did last; in brackets what comes next."""

    NOT_BEGUN = auto()
    TAKEN = auto()
    """(sees to the jobs that are open, one by one)"""
    SEEN = auto()
    """It has asked W50 about a job of another run. (writes down what follows)"""
    RECOVERED = auto()
    """(leaves out the contact if it was delivered, else begins a job)"""
    CREATING = auto()
    FILLED = auto()
    """(writes the intent)"""
    INTENT = auto()
    """(looks whether the list is its own)"""
    LOOKED = auto()
    """(sends `run`)"""
    SENT = auto()
    ANSWERED = auto()
    """(writes that W50 runs it)"""
    DOUBTFUL = auto()
    """(asks W50 until that tells, or the time is up)"""
    RUNNING = auto()
    """(asks W50 until it has ended)"""
    FINISHED = auto()
    """(looks whether the list is its own)"""
    MAY_TELL = auto()
    """(prints the state)"""
    TOLD = auto()
    """(writes that, and that the run ended well)"""
    GONE = auto()
    """Crashed, stopped or ended."""


@dataclass(frozen=True)
class Rules:
    """How the protocol goes; each that is turned off is a mistake that somebody could make.

    Attributes:
        epoch: every write asks whether the list is still taken under the run's epoch.
        lease: a list that another run holds is left alone until its lease has ended, and a run looks whether
            its own lease still holds before it sends or tells anything.
        swap: a change of phase asks for the phase that it knows.
        intent_first: the intent is written before `run` is sent, and not after.
        asks: a job whose end is open is asked for, and not taken for one that never ran.
        stops: what W50's status does not tell stops the run, and is not taken for a job that never ran.
        waits: a job has ended when W50 says so, and not when `run` has left.
    """

    epoch: bool = True
    lease: bool = True
    swap: bool = True
    intent_first: bool = True
    asks: bool = True
    stops: bool = True
    waits: bool = True


class Job(NamedTuple):
    """A run's job: its row in the journal, and how it stands at W50.

    Attributes:
        phase: as the journal has it; empty without a row.
        under_way: whether `run` has left and had no effect yet.
        ran: what only W50 knows.
        shows: whether its status says so: it lags behind.
    """

    phase: str = ""
    under_way: bool = False
    ran: bool = False
    shows: bool = False


class Run(NamedTuple):
    """A run: where it is, its epoch, and what it found out about which other run's job."""

    at: At = At.NOT_BEGUN
    epoch: int = 0
    about: int = -1
    knows: str = ""
    after: str = ""


class World(NamedTuple):
    """Everything at one moment.

    Attributes:
        holder: the run that holds the list, or -1; `epoch` is how often it was taken.
        expired: whether its lease has ended.
        mails: how often the contact's events fired.
        told: whether a state that passes the contact was printed.
        well: whether a run has ended well; the delivery is over then, and nobody begins another one.
    """

    runs: tuple[Run, ...] = (Run(),) * RUNS
    jobs: tuple[Job, ...] = (Job(),) * RUNS
    epoch: int = 0
    holder: int = -1
    expired: bool = False
    mails: int = 0
    told: bool = False
    well: bool = False

    def run(self, number: int, **changes: Any) -> World:
        runs = [*self.runs]
        runs[number] = runs[number]._replace(**changes)
        return self._replace(runs=tuple(runs))

    def job(self, number: int, **changes: Any) -> World:
        jobs = [*self.jobs]
        jobs[number] = jobs[number]._replace(**changes)
        return self._replace(jobs=tuple(jobs))

    def gone(self, number: int) -> World:
        return self.run(number, at=At.GONE, about=-1, knows="", after="")


class Model:
    """Which worlds follow from one, by the rules."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules

    def following(self, world: World) -> Iterator[World]:
        for number, job in enumerate(world.jobs):
            if job.under_way:
                done = world.job(number, under_way=False, ran=True)
                yield done._replace(mails=world.mails + 1)
            if job.ran and not job.shows:
                yield world.job(number, shows=True)
        if world.holder >= 0 and not world.expired:
            yield world._replace(expired=True)
        for number, run in enumerate(world.runs):
            if run.at is At.NOT_BEGUN:
                # They are all alike: the first that has not begun is as good as any.
                if not world.well and self._may_take(world):
                    yield self._take(world, number)
                break
        for number, run in enumerate(world.runs):
            if At.NOT_BEGUN < run.at < At.GONE:
                yield world.gone(number)
                yield from self._step(world, number, run)

    def _may_take(self, world: World) -> bool:
        if world.holder < 0 or world.expired or not self.rules.lease:
            return True
        return world.runs[world.holder].at is At.GONE

    @staticmethod
    def _take(world: World, number: int) -> World:
        taken = world._replace(epoch=world.epoch + 1, holder=number, expired=False)
        return taken.run(number, at=At.TAKEN, epoch=taken.epoch)

    def _ours(self, world: World, run: Run) -> bool:
        """Whether a write is let through: in one transaction with it."""
        return not self.rules.epoch or (run.epoch == world.epoch and not world.expired)

    def _looks_ours(self, world: World, run: Run) -> bool:
        """The same as a look alone, after which anything may happen."""
        return not self.rules.lease or (run.epoch == world.epoch and not world.expired)

    def _write(self, world: World, number: int, before: str, after: str, at: At) -> World:
        """The run's next phase of its own job; a run that may not write it ends."""
        if not self._ours(world, world.runs[number]):
            return world.gone(number)
        if self.rules.swap and world.jobs[number].phase != before:
            return world.gone(number)
        return world.job(number, phase=after).run(number, at=at)

    def _step(self, world: World, number: int, run: Run) -> Iterator[World]:
        if run.at is At.TAKEN:
            yield from self._see_to(world, number)
        elif run.at is At.SEEN:
            yield self._recovered(world, number, run)
        elif run.at < At.INTENT:
            yield self._fill(world, number, run)
        elif run.at < At.RUNNING:
            yield from self._run(world, number, run)
        else:
            yield from self._end(world, number, run)

    def _fill(self, world: World, number: int, run: Run) -> World:
        if run.at is At.CREATING:
            return self._write(world, number, "creating", "filling", At.FILLED)
        if run.at is At.RECOVERED:
            if any(each.phase == "finished" for each in world.jobs):
                return world.run(number, at=At.FINISHED)
            return self._write(world, number, "", "creating", At.CREATING)
        if self.rules.intent_first:
            return self._write(world, number, "filling", "intent", At.INTENT)
        return world.run(number, at=At.INTENT)

    def _run(self, world: World, number: int, run: Run) -> Iterator[World]:
        at, rules, job = run.at, self.rules, world.jobs[number]
        if at is At.INTENT:
            yield world.run(number, at=At.LOOKED) if self._looks_ours(world, run) else world.gone(number)
        elif at is At.LOOKED:
            yield world.job(number, under_way=True).run(number, at=At.SENT)
        elif at is At.SENT:
            if job.ran or not rules.waits:
                yield world.run(number, at=At.ANSWERED)
            yield world.run(number, at=At.DOUBTFUL)
        elif at is At.ANSWERED or job.shows:
            before = "intent" if rules.intent_first else "filling"
            yield self._write(world, number, before, "running", At.RUNNING)

    def _end(self, world: World, number: int, run: Run) -> Iterator[World]:
        if run.at is At.RUNNING:
            if world.jobs[number].shows or not self.rules.waits:
                yield self._write(world, number, "running", "finished", At.FINISHED)
        elif run.at is At.FINISHED:
            yield world.run(number, at=At.MAY_TELL) if self._looks_ours(world, run) else world.gone(number)
        elif run.at is At.MAY_TELL:
            yield world._replace(told=True).run(number, at=At.TOLD)
        elif self._ours(world, run):
            yield world._replace(well=True, holder=-1, expired=False).gone(number)

    def _see_to(self, world: World, number: int) -> Iterator[World]:
        """What is found out about the next job that is open."""
        for about, job in enumerate(world.jobs):
            if about == number or job.phase not in ("creating", "filling", "intent", "running"):
                continue
            may_have_run = job.phase in ("intent", "running") and self.rules.asks
            if not may_have_run:
                yield world.run(number, at=At.SEEN, about=about, knows=job.phase, after="abandoned")
            elif job.shows:
                yield world.run(number, at=At.SEEN, about=about, knows=job.phase, after="finished")
            elif job.phase == "intent":
                # The time is up, and its status does not tell.
                after = "" if self.rules.stops else "abandoned"
                yield world.run(number, at=At.SEEN, about=about, knows=job.phase, after=after)
            return
        yield world.run(number, at=At.RECOVERED)

    def _recovered(self, world: World, number: int, run: Run) -> World:
        held = not self.rules.swap or world.jobs[run.about].phase == run.knows
        if not run.after or not self._ours(world, run) or not held:
            return world.gone(number)  # What can't be known stops the run.
        world = world.job(run.about, phase=run.after)
        return world.run(number, at=At.TAKEN, about=-1, knows="", after="")


@dataclass(frozen=True)
class Found:
    """What a search came to: the first broken promise, with the way there, or all worlds that there are."""

    worlds: int
    broken: str = ""
    way: tuple[World, ...] = ()


def search(rules: Rules) -> Found:
    """Look at every world that can come, the nearest first."""
    model, begin = Model(rules), World()
    known: dict[World, World | None] = {begin: None}
    newest = [begin]
    while newest:
        coming = []
        for world in newest:
            for each in model.following(world):
                if each in known:
                    continue
                known[each] = world
                if broken := breaks(each):
                    return Found(len(known), broken, _way(known, each))
                coming.append(each)
        newest = coming
    return Found(len(known))


def breaks(world: World) -> str:
    """The promise that is broken here, if one is."""
    if world.mails > 1:
        return "the contact had two mails"
    if world.told and not any(job.ran for job in world.jobs):
        return "a state was printed, and the contact was not delivered"
    return ""


def _way(known: dict[World, World | None], world: World | None) -> tuple[World, ...]:
    way = []
    while world is not None:
        way.append(world)
        world = known[world]
    return tuple(reversed(way))
