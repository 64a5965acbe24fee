"""What needs somebody now: open import jobs, records set aside, refused contacts, what is newly ignored."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from target_w50.console.tables import counted
from target_w50.report.advice import about_job, what_to_do
from target_w50.report.ages import span
from target_w50.report.reading import Record
from target_w50.report.runs import ReportedRun, Tone
from target_w50.report.standing import Standing


@dataclass(frozen=True)
class Need:
    """Something that a person should see to.

    Attributes:
        title: what it is, in a few words.
        words: what is known of it.
        todo: what to do, or the command to begin with.
        at: since when, or the newest time.
    """

    tone: Tone
    title: str
    words: str
    todo: str
    at: dt.datetime


@dataclass
class LeftBehind:
    """What did not become a contact of a stream, over the runs that are shown.

    Attributes:
        quarantined: records set aside, by reason.
        last_quarantined: those of the newest run of the stream.
        quarantined_at: when the last run ended that set some aside.
        checks: failed checks, by field.
        last_checks: those of the newest run of the stream.
        ignored: properties that are not sent, by its newest run.
        newly_ignored: those of them that an earlier run did not ignore.
    """

    stream: str
    quarantined: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    last_quarantined: dict[str, int] = field(default_factory=dict)
    quarantined_at: dt.datetime | None = None
    checks: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    last_checks: dict[str, int] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    newly_ignored: list[str] = field(default_factory=list)
    newest: ReportedRun | None = None

    def __bool__(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.quarantined or self.checks or self.ignored)


@dataclass(frozen=True)
class Needs:
    """What the page says under "Needs somebody now", and what stayed behind."""

    standing: Standing

    @cached_property
    def left_behind(self) -> list[LeftBehind]:
        """By stream, in the order of their names."""
        found: dict[str, LeftBehind] = {}
        for run in self.standing.report.loads:
            for stream in run.streams:
                one = found.setdefault(stream["stream"], LeftBehind(stream["stream"]))
                _take(one, run, stream)
        return [found[name] for name in sorted(found) if found[name]]

    @cached_property
    def items(self) -> list[Need]:
        """All of it, the gravest first."""
        items = [*self._jobs(), *self._failures(), *self._stale_lists(), *self._refused()]
        items += [*self._failed_checks(), *self._quarantined(), *self._newly_ignored()]
        return sorted(items, key=lambda each: (Tone.BAD, Tone.WARN, Tone.QUIET).index(each.tone))

    def _jobs(self) -> list[Need]:
        answer = self.standing.answer
        return [
            Need(
                Tone.BAD,
                f"Import job {job['import_job_id']} {_fate(run, job)}",
                f"{self._list_name(job['contact_list_id'])}, stream {job['stream']}. "
                f"{job['error'] if job['error'] != answer.happened else 'What happened stands above.'}",
                about_job(run, job),
                run.ended_at,
            )
            for run, job in self.standing.open_jobs
            # What the answer has said in the same words is not said again.
            if not (run is answer.run and run.is_waited_for(job))
            and (job["outcome"] == "unknown" or job["error"] != answer.happened)
        ]

    def _failures(self) -> list[Need]:
        """Runs that no job tells of, told once where they ended the same way in a row."""
        answer = self.standing.answer
        alike: dict[tuple[Any, ...], list[ReportedRun]] = defaultdict(list)
        for run in self.standing.failures:
            if run is not answer.run and not run.troubled_jobs:
                alike[run.ending, run.list_ids].append(run)
        items = []
        for (ending, list_ids), runs in alike.items():
            newest = runs[0]
            error = newest.end["error"] if newest.end is not None else None
            is_told = answer.run.ending == ending and answer.run.list_ids == list_ids
            if is_told or (error is not None and error == answer.happened):
                continue
            title = f"{counted(len(runs), 'run')}: {ending}"
            words = error or "No end was recorded: the process may have been killed."
            items.append(Need(Tone.BAD, title, words, what_to_do(newest), newest.started_at))
        return items

    def _stale_lists(self) -> list[Need]:
        """Lists whose next load is late, where no bad end tells why."""
        loads = self.standing.loads
        late = [
            each
            for each in self.standing.lists
            if each.fresh_at is not None and each.trouble is None and each.is_overdue(self.standing.now)
        ]
        if not late or not loads[-1].went_well:
            return []
        oldest = min(late, key=lambda each: each.fresh_at or self.standing.now)
        usual = {each.title: f"every {span(each.usual_gap_s or 0)}" for each in late}
        title = f"{oldest.title} is overdue" if len(late) == 1 else f"{len(late)} lists are overdue"
        words = _some([f"{name}: a load {gap} otherwise" for name, gap in usual.items()])
        todo = "See whether whatever starts their runs still does."
        return [Need(Tone.WARN, title, f"{words}.", todo, oldest.fresh_at or self.standing.now)]

    def _refused(self) -> list[Need]:
        """Contacts that W50 rejected in the last run for each list."""
        rejected: dict[str, int] = {}
        sent = invalid = 0
        newest = None
        for one in self.standing.lists:
            run = one.marks[-1][0]
            streams = [each for each in run.streams if each["contact_list_id"] == one.id]
            count = sum(each["contacts_rejected"] for each in streams)
            if not count:
                continue
            rejected[one.title] = count
            sent += sum(each["contacts_sent"] for each in streams)
            invalid += sum(each["invalid_emails"] + each["invalid_sms"] for each in streams)
            newest = max(filter(None, (newest, run.ended_at)))
        if newest is None:
            return []
        why = f"W50 counts {invalid:,} invalid addresses and numbers." if invalid else "W50 does not say why."
        return [
            Need(
                Tone.WARN,
                f"{counted(sum(rejected.values()), 'contact')} rejected by W50",
                f"Of {sent:,} that the last runs sent: {_counts(rejected)}. {why}",
                "Mend them at the source. `contact_checks` finds such values by line before they are sent.",
                newest,
            )
        ]

    def _failed_checks(self) -> list[Need]:
        """What the last runs' own checks found before anything was sent."""
        found = [each for each in self.left_behind if each.last_checks and each.newest is not None]
        by_field: Counter[str] = Counter()
        for one in found:
            by_field.update({f"{one.stream}: {name}": count for name, count in one.last_checks.items()})
        return [
            Need(
                Tone.WARN,
                f"{counted(by_field.total(), 'value')} failed a check before the sending",
                f"{_counts(by_field)}.",
                "`w50 plan`, and the log of the run, name their lines. Mend them at the source.",
                max(each.newest.ended_at for each in found if each.newest is not None),
            )
        ] if found else []  # fmt: skip

    def _quarantined(self) -> list[Need]:
        """Records that were set aside; whether somebody has loaded them since, metrics do not tell."""
        streams = [each for each in self.left_behind if each.quarantined]
        if not streams:
            return []
        every, last = Counter[str](), Counter[str]()
        for one in streams:
            every.update(one.quarantined)
            last.update(one.last_quarantined)
        earlier = every - last
        which, by = (last, "the last runs") if last else (earlier, "earlier runs")
        by_stream = {
            each.stream: sum((each.last_quarantined if last else each.quarantined).values())
            for each in streams
        }
        words = f"{_counts(which)}; by stream: {_counts({name: n for name, n in by_stream.items() if n})}."
        if last and earlier:
            words += f" Earlier runs: {earlier.total():,}; one that comes again is counted again."
        return [
            Need(
                Tone.WARN,
                f"{counted(which.total(), 'record')} set aside in quarantine by {by}",
                words,
                "If nobody has yet: mend the quarantine file, and load it with `target-w50 --config "
                "config.json --input FILE`.",
                max(each.quarantined_at for each in streams if each.quarantined_at is not None),
            )
        ]

    def _newly_ignored(self) -> list[Need]:
        return [
            Need(
                Tone.WARN,
                f"{one.stream}: {counted(len(one.newly_ignored), 'property', 'properties')} newly ignored",
                f"{_some(one.newly_ignored)}: no FieldName was decided for them, so they are not sent.",
                'Name a FieldName for each in `fields`, or "__NULL__" to leave it out on purpose.',
                one.newest.ended_at,
            )
            for one in self.left_behind
            if one.newly_ignored and one.newest is not None
        ]

    def _list_name(self, list_id: int) -> str:
        name = self.standing.report.list_names().get(list_id)
        return f"List {list_id} {name}" if name else f"List {list_id}"


def _fate(run: ReportedRun, job: Record) -> str:
    """What became of a job that is open."""
    if job["outcome"] == "failed":
        return "failed"
    return "may still run" if run.is_waited_for(job) else "is unknown"


def _take(one: LeftBehind, run: ReportedRun, stream: Record) -> None:
    one.last_quarantined = {
        name.removeprefix("quarantined_"): count
        for name, count in stream.items()
        if name.startswith("quarantined_") and type(count) is int and count > 0
    }
    for name, count in one.last_quarantined.items():
        one.quarantined[name] += count
        one.quarantined_at = run.ended_at
    one.last_checks = failed_checks(stream)
    for name, count in one.last_checks.items():
        one.checks[name] += count
    ignored = list(stream["ignored_properties"])
    # A run that did not get as far as a mapping says nothing about properties.
    if stream["contact_list_id"] is not None:
        known = one.newest is not None
        one.newly_ignored = [each for each in ignored if each not in one.ignored] if known else []
        one.ignored = ignored
    one.newest = run


def failed_checks(stream: Record) -> dict[str, int]:
    """How many values of each checked field failed; empty where none did, or of a version without checks."""
    counts: dict[str, int] = {}
    checks = stream.get("failed_checks")
    for each in checks if isinstance(checks, (list, tuple)) else ():
        if isinstance(each, Mapping) and type(each.get("failed")) is int and each["failed"] > 0:
            name = f"{each.get('field_name')} ({each.get('check')})"
            counts[name] = counts.get(name, 0) + each["failed"]
    return counts


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:8])
    return shown if len(names) <= 8 else f"{shown} and {len(names) - 8:,} more"  # noqa: PLR2004


def _counts(counts: Mapping[str, int]) -> str:
    """Counts behind their names (a stream may be called people, or contacts), the highest first."""
    ordered = sorted(counts.items(), key=lambda pair: -pair[1])
    return _some([f"{name} {count:,}" for name, count in ordered])
