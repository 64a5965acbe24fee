"""How things stand now: the answer in one line, how fresh each contact list is, and what is history."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass, field
from functools import cached_property

from target_w50.report.advice import what_to_do
from target_w50.report.ages import ago, is_overdue, span, usual_gap_s
from target_w50.report.reading import Record, date_of
from target_w50.report.runs import GOOD_OUTCOMES, LIST_TAKEN, Report, ReportedRun, Tone

MARKS = 30
"""Runs that are told apart for each contact list."""
_SIGNALS = 128
"""The exit status above which are signals."""
STILL_MAY_RUN = dt.timedelta(hours=6)
"""A run without an end that began less long ago may be under way."""


@dataclass(frozen=True)
class Answer:
    """What a person wants to know first.

    Attributes:
        line: one sentence.
        happened: what went wrong, in the run's own words; None where nothing did.
        todo: what is to be done about it.
        beside: what is to be said of a run that was well: how much was rejected.
    """

    tone: Tone
    line: str
    run: ReportedRun
    happened: str | None = None
    todo: str | None = None
    beside: str | None = None


@dataclass
class ListStanding:
    """A contact list as its runs left it.

    Attributes:
        loaded_at: when the last good import job for it ended.
        loaded: contacts that the run of that job sent.
        nothing_to_send_at: when a later run ended well without anything to send for it.
        trouble: how the newest run ended badly for it, if nothing good came after; in words.
        marks: its newest runs, the oldest first, each with its tone for this list.
    """

    id: int
    name: str
    loaded_at: dt.datetime | None = None
    loaded: int = 0
    nothing_to_send_at: dt.datetime | None = None
    trouble: str | None = None
    trouble_run: ReportedRun | None = None
    good: list[dt.datetime] = field(default_factory=list)
    marks: list[tuple[ReportedRun, Tone]] = field(default_factory=list)

    @property
    def title(self) -> str:
        """Its name, or its number where no run told a name."""
        return self.name or f"List {self.id}"

    @property
    def fresh_at(self) -> dt.datetime | None:
        """Since when W50 has all that was to be sent."""
        return max(filter(None, (self.loaded_at, self.nothing_to_send_at)), default=None)

    @property
    def usual_gap_s(self) -> float | None:
        """The usual time between its good runs."""
        return usual_gap_s(self.good)

    def is_overdue(self, now: dt.datetime) -> bool:
        """Whether the next good run should have come by now."""
        return is_overdue(self.good, now)

    def tone(self, now: dt.datetime) -> Tone:
        """How grave its state is."""
        if self.trouble is not None or self.fresh_at is None:
            return Tone.BAD
        return Tone.WARN if self.is_overdue(now) else Tone.GOOD


@dataclass(frozen=True)
class Standing:
    """All that the report says of the present; ages are as of `now`."""

    report: Report
    now: dt.datetime

    @cached_property
    def loads(self) -> list[ReportedRun]:
        """All runs that were read but the dry ones, in the order of their ends.

        One that found its list taken ends before the run that holds the list, though it began later.
        """
        return sorted((run for run in self.report.every if not run.is_dry), key=lambda run: run.ended_at)

    @cached_property
    def lists(self) -> list[ListStanding]:
        """The contact lists: those in trouble first, then by id."""
        found = {each: ListStanding(each, name) for each, name in self.report.list_names().items()}
        for run in self.loads:
            for list_id in run.list_ids:
                _take(found[list_id], run)
        # A list that dry runs alone named was never loaded, and nobody says that it should have been.
        known = [each for each in found.values() if each.marks]
        for each in known:
            del each.marks[:-MARKS]
        order = (Tone.BAD, Tone.WARN, Tone.GOOD)
        return sorted(known, key=lambda each: (order.index(each.tone(self.now)), each.id))

    @cached_property
    def failures(self) -> list[ReportedRun]:
        """Runs that ended badly, and what they were about was not done by a later run; the newest first."""
        return [run for run in self._not_well if not self._is_overtaken(run) and not self._stood_aside(run)]

    @cached_property
    def history(self) -> list[ReportedRun]:
        """Runs of those shown that ended badly and were made good by later ones, the newest first."""
        shown = set(map(id, self.report.runs))
        return [run for run in self._not_well if id(run) in shown and self._is_overtaken(run)]

    @cached_property
    def open_jobs(self) -> list[tuple[ReportedRun, Record]]:
        """Failed and unknown import jobs that no later good job made good: unknown ones first."""
        latest = {
            (job["contact_list_id"], job["import_job_id"]): run for run in self.loads for job in run.jobs
        }
        pairs = [
            (run, job)
            for run in reversed(self.loads)
            for job in run.troubled_jobs
            if latest[job["contact_list_id"], job["import_job_id"]] is run
            and not self._was_good_after(job["contact_list_id"], run)
        ]
        return sorted(pairs, key=lambda pair: pair[1]["outcome"] != "unknown")

    @property
    def answer(self) -> Answer:
        """The first line, and what belongs to it."""
        if not self.loads:
            return self._only_dry()
        run = self.loads[-1]
        age = ago(run.ended_at, self.now)
        if run.end is None:
            return self._without_end(run)
        if not run.went_well:
            line = f"Last run: {_how(run)}, {age}{self._again(run)}"
            return Answer(Tone.BAD, line, run, run.end["error"] or run.ending, what_to_do(run))
        line = f"Last run: all well, {age}"
        beside = run.rejections if run.has_rejections else None
        in_trouble = [each for each in self.lists if each.trouble is not None]
        if in_trouble:
            names = ", ".join(each.title for each in in_trouble[:2])
            more = f" and {len(in_trouble) - 2} more" if len(in_trouble) > 2 else ""  # noqa: PLR2004
            verb = "is" if len(in_trouble) == 1 else "are"
            line += f"; but {names}{more} {verb} not loaded"
            worst = in_trouble[0].trouble_run
            happened = worst.end["error"] if worst is not None and worst.end is not None else None
            return Answer(Tone.BAD, line, run, happened, what_to_do(worst) if worst is not None else None)
        if self.open_jobs:
            return Answer(Tone.BAD, f"{line}; but an import job is not settled", run, beside=beside)
        begun = [each.started_at for each in self.loads]
        if is_overdue(begun, self.now):
            usual = span(usual_gap_s(begun) or 0.0)
            todo = "See whether whatever starts the runs still does."
            return Answer(
                Tone.WARN, f"{line}; the next one is overdue", run, f"A run comes every {usual}.", todo
            )
        # What was rejected is said; a wall that is never green would be looked at by nobody.
        return Answer(Tone.GOOD, line, run, beside=beside)

    def _again(self, last: ReportedRun) -> str:
        """The how manyth in a row it is that did not end well; of those that came too late, where it did."""
        row = list(itertools.takewhile(lambda run: not run.went_well, reversed(self.loads)))
        row = [run for run in row if last.came_too_late or not self._stood_aside(run)]
        if len(row) < 2:  # noqa: PLR2004
            return ""
        alike = {_how(run) for run in row} == {_how(last)}
        nth = _ordinal(len(row))
        return f", for the {nth} time in a row" if alike else f", the {nth} in a row that did not end well"

    @property
    def _not_well(self) -> list[ReportedRun]:
        return [run for run in reversed(self.loads) if not run.went_well]

    def _is_overtaken(self, run: ReportedRun) -> bool:
        if not run.list_ids:
            return self._place[id(run)] < self._last_well
        return all(self._was_good_after(each, run) for each in run.list_ids)

    def _stood_aside(self, run: ReportedRun) -> bool:
        """Whether it came too late beside a run that ended after it: how that ended is what counts."""
        place = self._place[id(run)]
        last = [self._last_of_list[each] for each in run.list_ids] or [len(self.loads) - 1]
        return run.came_too_late and place < min(last)

    def _was_good_after(self, list_id: int, run: ReportedRun) -> bool:
        last = self._last_good.get(list_id)
        return last is not None and self._place[id(run)] < last

    @cached_property
    def _place(self) -> dict[int, int]:
        return {id(run): place for place, run in enumerate(self.loads)}

    @cached_property
    def _last_of_list(self) -> dict[int, int]:
        """The place among the loads of the last one for a list, by list."""
        return {each: place for place, run in enumerate(self.loads) for each in run.list_ids}

    @cached_property
    def _last_good(self) -> dict[int, int]:
        """The place among the loads of the last one that was good for a list, by list."""
        return {
            each: place
            for place, run in enumerate(self.loads)
            for each in run.list_ids
            if _tone_for(run, each) in (Tone.GOOD, Tone.WARN)
        }

    @cached_property
    def _last_well(self) -> int:
        return max((place for place, run in enumerate(self.loads) if run.went_well), default=-1)

    def _only_dry(self) -> Answer:
        run = self.report.newest
        how = "ended well" if run.went_well else f"ended with {run.ending}"
        line = f"Only dry runs: nothing was loaded. The last one {how}, {ago(run.ended_at, self.now)}"
        todo = "To load, run without `import_mode: dry_run`."
        return Answer(Tone.QUIET, line, run, None, todo)

    def _without_end(self, run: ReportedRun) -> Answer:
        last_word = ago(run.ended_at, self.now)
        if self.now - run.started_at < STILL_MAY_RUN:
            line = f"Last run: under way or killed; its last word came {last_word}"
            todo = "If it is not under way any more: see in its log why it was killed, and run it again."
            return Answer(Tone.WARN, line, run, "It has recorded no end.", todo)
        happened = "It recorded no end: the process may have been killed, or the machine may have stopped."
        return Answer(Tone.BAD, f"Last run: no end recorded, {last_word}", run, happened, what_to_do(run))


def _take(standing: ListStanding, run: ReportedRun) -> None:
    """What one run did to a list, after all earlier ones."""
    tone = _tone_for(run, standing.id)
    standing.marks.append((run, tone))
    if tone is Tone.BAD:
        bad = next((job for job in run.troubled_jobs if job["contact_list_id"] == standing.id), None)
        standing.trouble = _job_trouble(run, bad) if bad is not None else run.ending
        standing.trouble_run = run
    else:
        standing.trouble = standing.trouble_run = None
    done = [
        job for job in run.jobs if job["contact_list_id"] == standing.id and job["outcome"] in GOOD_OUTCOMES
    ]
    if done:
        standing.loaded_at = max(date_of(job, "ended_at") for job in done)
        standing.loaded = sum(job["contacts_sent"] for job in done)
    elif run.went_well:
        standing.nothing_to_send_at = run.ended_at
    if tone is not Tone.BAD:
        standing.good.append(run.started_at)


def _tone_for(run: ReportedRun, list_id: int) -> Tone:
    """How a run ended for one contact list: one that failed may have loaded this list all the same."""
    outcomes = {job["outcome"] for job in run.jobs if job["contact_list_id"] == list_id}
    if not run.went_well and not (outcomes and outcomes <= set(GOOD_OUTCOMES)):
        return Tone.BAD
    rejected = sum(
        each["contacts_rejected"] + each["records_quarantined"]
        for each in run.streams
        if each["contact_list_id"] == list_id
    )
    return Tone.WARN if rejected else Tone.GOOD


def _job_trouble(run: ReportedRun, job: Record) -> str:
    return "its job may still run" if run.is_waited_for(job) else f"job {job['outcome']}"


def _how(run: ReportedRun) -> str:
    """How a run ended that was not well."""
    if run.end is None:
        return "no end recorded"
    if run.end["exit_status"] == LIST_TAKEN:
        return "did not load, another run held the list"
    return "stopped before its end" if run.end["exit_status"] >= _SIGNALS else "failed"


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"
