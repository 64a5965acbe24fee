"""How a person is told of an import job whose end is not known: what the next run does, and the commands."""

from __future__ import annotations

from enum import Enum, auto

from target_w50.journal.entries import JournalPhase

PLACEHOLDERS = ("TEXT", "REASON")
"""What stands for a reason where commands are shown; nobody means it."""


class NextRun(Enum):
    """What the next run will find of a job."""

    WAITS = auto()
    """W50's status tells, in time."""
    ASKS = auto()
    """W50's status may have changed; it did not tell so far."""
    SENDS = auto()
    """It came to nothing."""
    STOPS = auto()
    """Only a person can know."""


def next_run_in_words(
    next_run: NextRun, job_id: int, list_id: int, *, has_events: bool, may_be_not_run: bool
) -> str:
    """What the next run does, and what a person can do, as sentences; with a journal.

    Args:
        next_run: what it will find.
        job_id: W50's.
        list_id: its contact list.
        has_events: whether running it fires custom events.
        may_be_not_run: whether W50's status leaves it open that it was not run.
    """
    if next_run is NextRun.WAITS:
        return "The next run waits for it before it sends anything to the list."
    if next_run is NextRun.SENDS:
        return f"The next run sends its contacts again{', with their custom events' if has_events else ''}."
    if next_run is NextRun.ASKS and not has_events:
        return "The next run asks W50 for it once more, and then sends its contacts again."
    unless = " (unless W50's status changes before the next run)" if next_run is NextRun.ASKS else ""
    says = what_to_say(job_id, list_id, has_events=has_events, may_be_not_run=may_be_not_run)
    return f"Nothing more is sent to contact list {list_id} until you decide{unless}. {says}"


def from_now_on(phase: JournalPhase, *, has_events: bool, settled: bool) -> str:
    """What the next run does about a job whose end is known, as a sentence.

    Args:
        phase: how far it came.
        has_events: whether it has custom events.
        settled: whether nothing of it is open any more.
    """
    if settled:
        return "It is settled: the next run does nothing about it."
    if phase is JournalPhase.ABANDONED:
        events = ", with their custom events" if has_events else ""
        return f"The next run sends its contacts again{events}, unless another import job delivered them."
    if phase is JournalPhase.WITHOUT_EVENTS:
        return "The next run sends its contacts again, without custom events."
    if has_events:
        return "The next run does not send its contacts again: they count as delivered."
    return "The next run may send its contacts again, which does no harm: it has no custom events."


def what_to_say(
    job_id: int, list_id: int, *, has_events: bool, may_be_not_run: bool, is_shown: bool = False
) -> str:
    """The commands, and what each of their choices leads to, as sentences.

    Args:
        job_id: W50's.
        list_id: its contact list.
        has_events: whether running it fires custom events.
        may_be_not_run: whether W50's status leaves it open that it was not run.
        is_shown: whether `w50 journal show` says so itself.
    """
    job = f"{job_id} --list {list_id} --config CONFIG"
    choices = ["`--as ran` (the next run does not send its contacts again)"]
    if not has_events:
        choices.append("`--as not-run` (the next run sends them again)")
    else:
        if may_be_not_run:
            choices.append("`--as not-run` (the next run sends them again, and their events fire)")
        choices.append(
            "`--as not-run --without-events` (the next run sends them again, without their events)"
        )
    look, whose = f"with `w50 journal show {job}` and ", "this run's settings"
    if is_shown:
        look, whose = "", "the settings that this command was given"
    return (
        f"Look at it {look}in W50 itself (a contact, a mail), then say what became of it: `w50 journal "
        f"resolve {job} --reason REASON` with {', or '.join(choices)}. CONFIG is {whose}."
    )
