"""What is to be done about a job that an earlier run left open; decides only."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from target_w50.journal.entries import NOT_RUN, Entry, JournalPhase
from target_w50.journal.journal import harmless
from target_w50.w50 import ImportJob, arrived, has_ended, has_failed


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
    counts_nothing_twice: bool = False,
) -> Verdict:
    """What follows from W50's status of a job that may have been run.

    Args:
        entry: in phase intent or running.
        seen: as W50 describes it; None if it does not know it.
        now: by the journal's database.
        failure_statuses: statuses that mean that it failed.
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
        return Verdict.FINISHED
    return stop if counts_nothing_twice else Verdict.ASK_AGAIN
