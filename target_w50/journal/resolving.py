"""A person's word on an import job that W50's status does not tell of: when it is asked for, and taken."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from target_w50.errors import JobUnknownError, SettingsError, counted, printable
from target_w50.journal.entries import MAY_RUN, NOT_RUN, PHASE_WORDS, Entry, JournalPhase, harmless
from target_w50.journal.journal import Journal
from target_w50.journal.leases import time_in_words
from target_w50.journal.looking import find, given_back
from target_w50.journal.process import Process
from target_w50.journal.words import what_to_say
from target_w50.w50 import ImportJob, arrived, has_ended

LONGEST_REASON_CHARS = 500


class As(str, Enum):
    """What became of a job, as a person says."""

    RAN = "ran"
    NOT_RUN = "not-run"


@dataclass(frozen=True)
class Word:
    """What a person says of a job.

    Attributes:
        as_: what became of it.
        without_events: whether its contacts are sent again without its custom events.
        reason: how the person knows.
    """

    as_: As
    without_events: bool
    reason: str

    @property
    def to_keep(self) -> str:
        """What the journal keeps of it."""
        without = ", without events" if self.without_events else ""
        return f"resolved as {self.as_.value}{without}: {printable(self.reason)}"[:LONGEST_REASON_CHARS]


def unresolved_error(entry: Entry, seen: ImportJob | None) -> JobUnknownError:
    """What ends a run that only a person can help on.

    Args:
        entry: that W50's status does not decide.
        seen: as W50 describes it; None if it does not know it.
    """
    if seen is None:
        found = "W50 does not know it any more"
    elif not has_changed(entry, seen):
        found = "W50's status does not tell whether it ran"
    elif arrived(seen):
        found = "W50 says that it failed, with a part of its contacts loaded"
    else:
        found = "W50 says that it ended, and counts none of its contacts"
    events = f" and the events {', '.join(entry.custom_events)}" if entry.custom_events else ""
    says = what_to_say(
        entry.import_job_id or 0,
        entry.list_id,
        has_events=bool(entry.custom_events),
        may_be_not_run=not has_changed(entry, seen),
    )
    return JobUnknownError(
        f"{entry.name[0].upper()}{entry.name[1:]}, with {counted(entry.contacts, 'contact')}{events}, which "
        f"run {entry.run_id} began, must be looked at by a person: {found}. Nothing was sent to the list. "
        f"{says}",
        job_id=entry.import_job_id,
        code="job_unresolved",
    )


def has_changed(entry: Entry, seen: ImportJob | None) -> bool:
    """Whether W50's status says that something happened to the job since it was about to be run."""
    if entry.phase is not JournalPhase.INTENT:
        return True
    return seen is not None and harmless(seen) != entry.before_run


def resolve(
    journal: Journal, entry: Entry, seen: ImportJob | None, word: Word, *, failure_statuses: tuple[str, ...]
) -> Entry:
    """Write a person's word down; the list is held meanwhile, so that no run works on it.

    Args:
        journal: it is in.
        entry: as the person was shown it.
        seen: as W50 describes it now; None if it does not know it, or, for `ran`, can't be asked.
        word: the person's.
        failure_statuses: statuses that mean that it failed.

    Returns:
        The entry as it is from now on.

    Raises:
        SettingsError: there is nothing to say of it.
        JobUnknownError: W50's status, or the old process, speaks against it.
        ListInUseError: a run holds the list.
        JournalError: the journal can't be used.
    """
    _need_open(entry)
    is_over = given_back(journal, entry)
    journal.leases.take(entry.list_id)
    try:
        now = find(journal, entry.import_job_id or 0, entry.list_id)
        if (now.id, now.phase) != (entry.id, entry.phase):
            raise SettingsError(
                f"A run has worked on {entry.name} meanwhile: {PHASE_WORDS[now.phase]}. Look again.",
                code="job_not_open",
            )
        after = JournalPhase.FINISHED
        if word.as_ is As.NOT_RUN:
            if not is_over:
                _need_no_process(entry)
            _need_not_run(journal, entry, seen, word, failure_statuses)
            quiet = word.without_events and entry.custom_events
            after = JournalPhase.WITHOUT_EVENTS if quiet else JournalPhase.ABANDONED
        journal.recovered(entry, after, result=seen, reason=word.to_keep)
    finally:
        journal.leases.release()
    return replace(entry, phase=after, result=None if seen is None else harmless(seen), reason=word.to_keep)


def _need_open(entry: Entry) -> None:
    if entry.phase in MAY_RUN:
        return
    name, words = f"{entry.name[0].upper()}{entry.name[1:]}", PHASE_WORDS[entry.phase]
    if entry.phase in NOT_RUN:
        why = f"was never run ({words}), so the next run sends its contacts again without your word"
    else:
        why = f"needs no word of yours: its end is known ({words})"
    raise SettingsError(f"{name} {why}. Nothing was changed.", code="job_not_open")


def _need_no_process(entry: Entry) -> None:
    """Raise if the process that may yet run the job is certainly there still."""
    process = Process(entry.host, entry.process)
    if process.lives():
        raise _refused(
            entry,
            f"process {process.pid} on this machine, which may yet run it, still lives",
            "End it first, or wait until it has ended.",
        )


def _need_not_run(
    journal: Journal, entry: Entry, seen: ImportJob | None, word: Word, failure_statuses: tuple[str, ...]
) -> None:
    """Raise what of W50's status speaks against sending the job's contacts again."""
    if not has_changed(entry, seen):
        until = entry.doubtful_until or 0.0
        if journal.database.now() <= until:
            against = f"W50 may still be working on the call, until {time_in_words(until)}"
            raise _refused(entry, against, "Say it again after that.")
        return
    if seen is not None and not has_ended(seen, failure_statuses, entry.before_run):
        raise _refused(entry, "W50 has it under way", "The next run waits for it.")
    if entry.custom_events and not word.without_events:
        raise _refused(
            entry,
            "W50's status has changed since it was about to be run, so its events may have fired",
            "Say `--as ran`, or `--as not-run --without-events`, which has its contacts sent again without.",
        )


def _refused(entry: Entry, against: str, advice: str) -> JobUnknownError:
    return JobUnknownError(
        f"{entry.name[0].upper()}{entry.name[1:]} can't be said not to have run: {against}. Nothing was "
        f"changed. {advice}",
        job_id=entry.import_job_id,
        code="resolve_refused",
    )
