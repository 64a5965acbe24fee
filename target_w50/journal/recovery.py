"""What is to be done about a job that an earlier run left open; decides only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from target_w50.errors import RefusedError
from target_w50.journal.entries import NOT_RUN, Entry, JournalPhase, harmless
from target_w50.w50 import ALL_PERCENT, ImportJob, arrived, has_ended, has_failed, rejected


class Verdict(Enum):
    """What the next run does."""

    ABANDON = "abandon"
    """It is never run, or came to nothing: the tap sends its contacts again."""
    RUNS = "runs"
    """W50 runs it: written down, and asked again until it has ended."""
    ASK_AGAIN = "ask again"
    """Nothing can be said yet."""
    FINISHED = "finished"
    """It ended well, and brought its contacts."""
    STOP = "stop"
    """Nobody can know but a person: the run ends before anything is sent."""


def judge_unseen(entry: Entry) -> Verdict:
    """What follows from the journal alone."""
    return Verdict.ABANDON if entry.phase in NOT_RUN else Verdict.ASK_AGAIN


def judge(
    entry: Entry,
    seen: ImportJob | None,
    now: float,
    *,
    failure_statuses: Sequence[str],
    max_rejected_percent: float = ALL_PERCENT,
    counts_nothing_twice: bool = False,
) -> Verdict:
    """What follows from W50's status of a job that may have been run.

    Args:
        entry: in phase intent or running.
        seen: as W50 describes it; None if it does not know it.
        now: by the journal's database.
        failure_statuses: statuses that mean that it failed.
        max_rejected_percent: how many of its contacts W50 may reject, where none of them arrived.
        counts_nothing_twice: whether it was seen just so before: ended, with nothing counted.
    """
    stop = Verdict.STOP if entry.custom_events else Verdict.ABANDON
    if seen is None:
        return Verdict.STOP
    seen = harmless(seen)
    if entry.phase is JournalPhase.INTENT and seen == entry.before_run:
        until = entry.doubtful_until or 0.0
        return Verdict.ASK_AGAIN if now <= until else stop
    if not has_ended(seen, failure_statuses, entry.before_run):
        return Verdict.RUNS if entry.phase is JournalPhase.INTENT else Verdict.ASK_AGAIN
    if has_failed(seen, failure_statuses):
        return stop if arrived(seen) or not entry.custom_events else Verdict.ABANDON
    if any(seen.counters):
        passes = 100 * rejected(entry.contacts, seen) <= max_rejected_percent * entry.contacts
        return Verdict.FINISHED if arrived(seen) or passes else Verdict.ABANDON
    return stop if counts_nothing_twice else Verdict.ASK_AGAIN


def status_of(entry: Entry, get_import_job: Callable[[int, int], ImportJob]) -> ImportJob | None:
    """How W50 describes the job now; None if it does not know it.

    Raises:
        W50Error: it does not say.
    """
    if entry.import_job_id is None:
        return None
    try:
        return get_import_job(entry.list_id, entry.import_job_id)
    except RefusedError as error:
        if error.not_found:
            return None
        raise


def foresee(
    entry: Entry,
    get_import_job: Callable[[int, int], ImportJob],
    now: float,
    *,
    failure_statuses: Sequence[str],
) -> tuple[Verdict, ImportJob | None]:
    """What the next run will do as things stand, and how W50 describes the job.

    Raises:
        W50Error: W50 does not say.
    """
    if entry.phase in NOT_RUN:
        return judge_unseen(entry), None
    seen = status_of(entry, get_import_job)
    verdict = judge(entry, seen, now, failure_statuses=failure_statuses)
    if verdict is Verdict.ASK_AGAIN and seen is not None and seen == status_of(entry, get_import_job):
        verdict = judge(entry, seen, now, failure_statuses=failure_statuses, counts_nothing_twice=True)
    return verdict, seen


WORDS = {
    Verdict.ABANDON: "gives it up, as it was never run or brought nothing: the tap sends its contacts again",
    Verdict.RUNS: "waits for it",
    Verdict.ASK_AGAIN: "asks W50 for it again until more can be said",
    Verdict.FINISHED: "notes that it ended well, and does not send the contacts again that had its events",
    Verdict.STOP: "ends with exit status 5: only a person can say what became of it",
}
"""What the next run does."""


def decides_itself(entry: Entry, seen: ImportJob | None, now: float, failure_statuses: Sequence[str]) -> str:
    """What the next run would do about a job without a person's word; empty where it would stop at it.

    Args:
        entry: as the journal has it.
        seen: as W50 describes the job; None if it does not know it, or could not be asked.
        now: by the journal's database.
        failure_statuses: statuses that mean that it failed.
    """
    if seen is None or entry.phase in NOT_RUN:
        return ""
    verdict = judge(entry, seen, now, failure_statuses=failure_statuses)
    return WORDS[verdict] if verdict in (Verdict.ABANDON, Verdict.FINISHED, Verdict.RUNS) else ""


@dataclass(frozen=True)
class SeenToFirst:
    """An import job of an earlier run that a run would see to before it loads anything.

    Attributes:
        entry: what was written of it.
        verdict: what would be done.
    """

    entry: Entry
    verdict: Verdict

    @property
    def words(self) -> str:
        """It as a sentence."""
        return f"{self.entry.name[0].upper()}{self.entry.name[1:]}: the run {WORDS[self.verdict]}."
