"""Running one import job at W50: once, waiting for its end, and judging how it ended."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from target_w50.errors import (
    DoubtfulError,
    JobFailedError,
    JobUnknownError,
    LimitError,
    RefusedError,
    TargetW50Error,
    UnreachableError,
    W50Error,
    counted,
)
from target_w50.import_jobs.job import LoadJob
from target_w50.import_jobs.phases import Outcome, Phase
from target_w50.journal.crash_points import CrashPoint, reached
from target_w50.journal.job_journal import JobJournal
from target_w50.journal.words import NextRun
from target_w50.loading.pauses import pause_s
from target_w50.outputs.ledger import Ledger
from target_w50.settings.model import Settings
from target_w50.w50 import ALL_PERCENT, ImportJob, arrived, has_ended, has_failed, rejected

if TYPE_CHECKING:
    from target_w50.w50 import W50Client

log = logging.getLogger("target-w50")

LAST_LOOK_WITHIN_S = 2.0
"""What a status request may take at least: the last comes when the time limit has passed."""
NOT_FOUND_TIMES, NOT_FOUND_S = 3, 30.0
"""So often and for so long W50 must say that it has no such job: then it does not know it any more."""


class Polling:
    """Takes a job from its last batch to its end. Used by one thread.

    Args:
        client: the thread's own client.
        journal: told of each step.
        may_run: called as the last thing before a job is run; raises what forbids it.
    """

    def __init__(
        self,
        client: W50Client,
        settings: Settings,
        ledger: Ledger,
        *,
        journal: JobJournal,
        may_run: Callable[[], None],
        monotonic: Callable[[], float],
    ) -> None:
        self._journal = journal
        self._client = client
        self._settings = settings
        self._ledger = ledger
        self._may_run = may_run
        self._monotonic = monotonic
        self._not_found: dict[int, list[float]] = {}  # by the job's number: when W50 said that it has none

    def run(self, job: LoadJob) -> None:
        """Run the job, every batch of which was acknowledged: once, whatever comes of it.

        Raises:
            W50Error: W50 refused to run it, or could not be reached before; it was not run.
            JobError, LimitError: as `poll`.
        """
        if job.contacts == 0:
            self._nothing_left(job)
            return
        job.stood_before_run(self._client.get_import_job(job.list_id, job.w50_id))
        reached(CrashPoint.STATUS_READ)
        self._may_run()
        self._journal.intent(job)
        reached(CrashPoint.INTENT)
        job.may_run(self._monotonic())
        self._ledger.may_take_effect(job)
        try:
            seen = self._client.run_import_job(
                job.list_id,
                job.w50_id,
                match=job.mapping.match_fields,
                custom_events=job.custom_events,
                last_look=lambda: self._last_look(job),
            )
        except DoubtfulError as error:
            log.warning(
                "%s: no clear answer to run; its status tells whether it runs: %s",
                job.name,
                error.message,
                extra=job.log_fields(self._ledger.run_id),
            )
            job.doubtful(self._monotonic())
            self._pause(job)
            return
        except TargetW50Error:
            # Certainly not run. (After any other error nobody knows, and the phase stays.)
            job.not_run()
            self._ledger.took_no_effect(job)
            self._journal.not_run(job)
            raise
        reached(CrashPoint.RUN_SENT)
        log.info(
            "Running %s with %s",
            job.name,
            counted(job.contacts, "contact"),
            extra=job.log_fields(self._ledger.run_id),
        )
        self._look_at(job, seen, job.run_at)

    def _last_look(self, job: LoadJob) -> None:
        self._may_run()
        self._journal.last_look(job)

    def _nothing_left(self, job: LoadJob) -> None:
        """All contacts were set aside: there is nothing to run."""
        self._ledger.ended_without_contacts(job, "W50 refused all its contacts; nothing was left to run")

    def poll(self, job: LoadJob) -> None:
        """Ask once how the job stands; a status request that fails does not fail the job.

        Raises:
            JobFailedError: W50 says that it failed.
            JobUnknownError: it did not end in time, or it is not known whether it runs.
            LimitError: it ended, and too many of its contacts were rejected.
        """
        asked_at = self._monotonic()
        try:
            left_s = max(self._left_s(job), LAST_LOOK_WITHIN_S)
            seen = self._client.get_import_job(job.list_id, job.w50_id, retry_for_s=0, within_s=left_s)
        except W50Error as error:
            log.warning(
                "%s: its status could not be read, asking again: %s",
                job.name,
                error.message,
                extra=job.log_fields(self._ledger.run_id),
            )
            self._check_not_found(job, asked_at, error)
            asked_s = error.retry_after_s if isinstance(error, UnreachableError) else None
            self._check_time(job, asked_at, asked_s or 0.0)
            return
        self._not_found.pop(job.number, None)
        reached(CrashPoint.POLLED)
        if job.phase is Phase.DOUBTFUL and seen == job.before_run:
            self._check_time(job, asked_at)
            return
        self._look_at(job, seen, asked_at)

    def _look_at(self, job: LoadJob, seen: ImportJob, asked_at: float) -> None:
        last_seen, statuses = job.w50_job, self._settings.failure_statuses
        if job.phase is not Phase.RUNNING:
            self._journal.running(job)
            reached(CrashPoint.RUNNING)
        job.running_seen(seen)
        # An answer that is just as before the run says nothing about the run.
        if seen == job.before_run or not has_ended(seen, statuses, job.before_run):
            self._check_time(job, asked_at)
            return
        if job.effort is not None:
            job.effort.run_seconds = self._monotonic() - job.run_at
        if has_failed(seen, statuses):
            status, needs_person = (
                seen.status_in_words(statuses),
                arrived(seen) > 0 and bool(job.custom_events),
            )
            loaded = "Its contacts may be loaded in part." if arrived(seen) else "It counts none as loaded."
            next_run = NextRun.STOPS if needs_person else NextRun.SENDS
            message = (
                f"W50 reports that {job.name} failed (CurrentStatus {status!r}). {loaded} "
                f"{self._journal.next_run(job, next_run)}"
            )
            self._ledger.ended_badly(job, Outcome.FAILED, message, needs_person=needs_person)
            raise JobFailedError(message, job_id=seen.id)
        if any(seen.counters) or (self._settings.max_rejected_percent >= ALL_PERCENT and not job.doubtful_at):
            self._finished(job, seen)
        elif seen != last_seen:
            # It may be about to count: it is asked once more before that is called an end.
            self._check_time(job, asked_at)
        else:
            self._counts_nothing(job, seen)

    def _counts_nothing(self, job: LoadJob, seen: ImportJob) -> None:
        status = seen.status_in_words()
        self._unknown(
            job,
            f"{job.name} ended (CurrentStatus {status!r}), but counts nothing at all, although "
            f"{counted(job.contacts, 'contact')} had been sent: it is not known what arrived. "
            f"{self._journal.next_run(job, NextRun.ASKS)} If W50 is right to take none of them, set "
            "max_rejected_percent to 100.",
            needs_person=bool(job.custom_events),
        )

    def _finished(self, job: LoadJob, seen: ImportJob) -> None:
        lost = rejected(job.contacts, seen)
        level = logging.WARNING if lost or seen.total_contacts > job.contacts else logging.INFO
        log.log(
            level,
            "Finished %s: sent %d, inserted %d, updated %d, not updated %d, dropped %d, rejected %d; "
            "invalid e-mails %d, invalid text-message numbers %d",
            job.name,
            job.contacts,
            seen.inserted_contacts,
            seen.updated_contacts,
            seen.not_updated_contacts,
            seen.dropped_contacts,
            lost,
            seen.invalid_email_count,
            seen.invalid_sms_count,
            extra=job.log_fields(self._ledger.run_id),
        )
        percent = 100 * lost / job.contacts
        passes = percent <= self._settings.max_rejected_percent
        has_arrived = arrived(seen) > 0
        if has_arrived or passes:
            self._journal.finished(job, seen)
            reached(CrashPoint.FINISHED)
        else:
            self._journal.abandoned(job, "none of its contacts arrived")
        if not has_arrived:
            self._ledger.took_no_effect(job)
        self._ledger.ended(job, seen, Outcome.FINISHED, acknowledges=passes or has_arrived)
        if not passes:
            state = (
                "The state that it completes was written, if the tap sent one."
                if has_arrived
                else "None arrived, so no state was written for them: the next run sends them again."
            )
            raise LimitError(
                f"{job.name}: W50 rejected {lost:,} of {counted(job.contacts, 'contact')} ({percent:.1f} %), "
                f"more than max_rejected_percent ({self._settings.max_rejected_percent:g}). {state} Look at "
                "the job in W50 for the reasons.",
                code="rejected_limit",
            )

    # Waiting.

    def _check_time(self, job: LoadJob, asked_at: float, waits_s: float = 0.0) -> None:
        """Set the time of the next look, or give the job up as unknown.

        Only a look that was begun when the time was up counts as the last: a process that was stopped for a
        while asks once more.

        Args:
            job: not known to have ended.
            asked_at: when the look at it began, on the clock of the run.
            waits_s: how long W50 asks to be left alone.
        """
        settings = self._settings
        if job.phase is Phase.DOUBTFUL and asked_at - job.doubtful_at > settings.request_timeout_s:
            self._unknown(
                job,
                f"W50 did not clearly answer the request to run {job.name}, and its status did not change "
                f"for {asked_at - job.doubtful_at:.0f} s: it is not known whether it runs. "
                f"{self._journal.next_run(job, NextRun.ASKS)}",
                needs_person=bool(job.custom_events),
            )
        if asked_at - job.run_at > settings.job_timeout_s:
            self._unknown(
                job,
                f"{job.name[0].upper()}{job.name[1:]} has not ended within job_timeout_s "
                f"({settings.job_timeout_s:g} s): it is neither failed nor done. "
                f"{self._journal.next_run(job, NextRun.WAITS)}",
            )
        self._pause(job, waits_s)

    def _check_not_found(self, job: LoadJob, asked_at: float, error: W50Error) -> None:
        """Give up a job that W50 had and does not know any more: to wait longer would not help."""
        if not (isinstance(error, RefusedError) and error.not_found):
            return  # This answer tells nothing, and takes nothing back.
        times = self._not_found.setdefault(job.number, [])
        times.append(asked_at)
        if len(times) >= NOT_FOUND_TIMES and asked_at - times[0] >= NOT_FOUND_S:
            self._unknown(
                job,
                f"W50 does not know {job.name} any more: it answered 404 {len(times)} times in "
                f"{asked_at - times[0]:.0f} s. It is not known what became of it. "
                f"{self._journal.next_run(job, NextRun.STOPS)}",
                needs_person=True,
            )

    def _unknown(self, job: LoadJob, message: str, *, needs_person: bool = False) -> NoReturn:
        job_id = job.w50_id
        if job.effort is not None:
            job.effort.run_seconds = self._monotonic() - job.run_at
        self._ledger.ended_badly(job, Outcome.UNKNOWN, message, needs_person=needs_person)
        raise JobUnknownError(message, job_id=job_id)

    def _pause(self, job: LoadJob, asked_s: float = 0.0) -> None:
        now = self._monotonic()
        waited_s, left_s = now - job.run_at, self._left_s(job)
        job.poll_next(now + pause_s(self._settings, waited_s, left_s=left_s, asked_s=asked_s))

    def _left_s(self, job: LoadJob) -> float:
        """What is left of the time until the job is given up as unknown."""
        settings, now = self._settings, self._monotonic()
        left = job.run_at + settings.job_timeout_s - now
        if job.phase is Phase.DOUBTFUL:
            left = min(left, job.doubtful_at + settings.request_timeout_s - now)
        return left
