"""Each step of an import job on our side, written to the journal before it counts."""

from __future__ import annotations

from collections.abc import Iterator

from target_w50.import_jobs.job import LoadJob
from target_w50.import_jobs.phases import Phase
from target_w50.journal.contact_rows import Booking
from target_w50.journal.journal import Journal
from target_w50.journal.members import PackedMembers, pack
from target_w50.journal.words import NextRun, next_run_in_words
from target_w50.settings.model import CustomEventsOncePer, Send
from target_w50.w50 import ImportJob


class JobJournal:
    """What the workers tell of their jobs. Without a journal nothing is written.

    Every method raises JournalError if the journal can't be used, and LeaseLostError if the contact list is
    another run's by now: then the step must not be taken.

    Args:
        journal: of the run; None where nothing is remembered.
        doubtful_s: how long a status may stay as it is after `run` before it counts as not run.
        suppresses_events: whether no job of the run fires any.
    """

    def __init__(
        self, journal: Journal | None, doubtful_s: float = 0.0, *, suppresses_events: bool = False
    ) -> None:
        self._journal = journal
        self._suppresses_events = suppresses_events
        self._doubtful_s = doubtful_s

    def next_run(self, job: LoadJob, next_run: NextRun) -> str:
        """What the next run does about a job that may have been run, as sentences.

        Args:
            job: whose end is not known, or was not good.
            next_run: what it will find.
        """
        if self._journal is None:
            verb = "Wait for it" if next_run is NextRun.WAITS else "Look at it"
            return f"{verb} in W50 before the next run, which sends its contacts again."
        return next_run_in_words(
            next_run,
            job.w50_id,
            job.list_id,
            has_events=bool(job.custom_events),
            may_be_not_run=job.phase is not Phase.RUNNING,
        )

    def creating(self, job: LoadJob) -> None:
        """W50 is about to be asked for a job."""
        if self._journal is not None:
            booking = self._booking(self._journal, job)
            self._journal.creating(job.number, job.list_id, job.stream, job.custom_events, booking)

    def _booking(self, journal: Journal, job: LoadJob) -> Booking:
        entry, scope = job.mapping.entry, journal.scopes.number_of(job.mapping)
        # Once in a lifetime, or once for each version: where somebody suppresses the events, that was it.
        suppressed = self._suppresses_events and entry.custom_events_once_per is not CustomEventsOncePer.RUN
        fired = bool(entry.custom_events) and (suppressed or bool(job.custom_events))
        return Booking(scope, contacts=entry.send is Send.CHANGED, fired=fired)

    def filling(self, job: LoadJob) -> None:
        """W50 created it."""
        if self._journal is not None:
            self._journal.filling(job.number, job.w50_id)

    def intent(self, job: LoadJob) -> None:
        """`run` is about to be sent."""
        if self._journal is not None and job.before_run is not None:
            self._journal.intent(
                job.number,
                job.before_run,
                contacts=job.contacts,
                doubtful_s=self._doubtful_s,
                members=_members(job),
            )

    def last_look(self, job: LoadJob) -> None:
        """`run` is sent in this moment."""
        if self._journal is not None:
            self._journal.leases.check(job.list_id)

    def not_run(self, job: LoadJob) -> None:
        """W50 certainly did not run it."""
        if self._journal is not None:
            self._journal.not_run(job.number)

    def running(self, job: LoadJob) -> None:
        """W50 runs it."""
        if self._journal is not None:
            self._journal.running(job.number)

    def finished(self, job: LoadJob, seen: ImportJob) -> None:
        """It ended well."""
        if self._journal is not None:
            self._journal.finished(job.number, seen)

    def abandoned(self, job: LoadJob, reason: str) -> None:
        """It is never run, or came to nothing."""
        if self._journal is not None:
            self._journal.abandoned(job.number, reason)


def _members(job: LoadJob) -> Iterator[PackedMembers]:
    for batch in job.batches:
        if batch.fingerprints is not None:
            yield pack(batch.fingerprints.members())
