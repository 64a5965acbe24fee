"""The life of one import job at W50, a step at a time: create, send, run once, wait, judge."""

from __future__ import annotations

import logging
from collections.abc import Callable

from target_w50.batches import Places
from target_w50.errors import (
    DoubtfulError,
    JobFailedError,
    JobUnknownError,
    LimitError,
    RefusedError,
    UnreachableError,
    W50Error,
)
from target_w50.jobs import Effort, LoadJob, Outcome, Phase, has_ended, has_failed
from target_w50.ledger import Ledger, rejected
from target_w50.rejections import Rejections
from target_w50.settings import Settings
from target_w50.w50 import ImportJob, RequestEvent, W50Client, WireFormat
from target_w50.warnings_told import WarningsTold

log = logging.getLogger("target-w50")

MOST_REBUILDS = 3
TOO_LARGE = 413
NOT_FOUND = 404
WHOLE_REFUSALS = (400, 417, 422)
POLL_SHARE = 0.1
"""A pause is this share of the time waited so far, within the settings: long jobs are asked less often."""
LAST_LOOK_S = 0.01
"""How long after the end of the time limit a job is asked for the last time."""


class JobSteps:
    """Takes one job at a time a step further. Used by one thread.

    Args:
        client: its own client; its requests are counted for the job at hand.
        may_run: asked just before a job is run; from its yes on, the job counts as running.
    """

    def __init__(
        self,
        make_client: Callable[[Callable[[RequestEvent], None]], W50Client],
        settings: Settings,
        ledger: Ledger,
        *,
        wire: WireFormat,
        rejections: Rejections,
        places: Places,
        may_run: Callable[[LoadJob], bool],
        monotonic: Callable[[], float],
    ) -> None:
        self._client = make_client(self._count_request)
        self._settings = settings
        self._ledger = ledger
        self._wire = wire
        self._rejections = rejections
        self._warnings = WarningsTold(places)
        self._may_run = may_run
        self._monotonic = monotonic
        self._at_hand: LoadJob | None = None

    def _count_request(self, event: RequestEvent) -> None:
        effort = self._at_hand.effort if self._at_hand else None
        if effort is not None:
            effort.http_requests += 1
            effort.http_retries += event.attempt > 1
            effort.bytes_sent += event.bytes_sent

    # Creating and filling.

    def fill(self, job: LoadJob) -> None:
        """Create W50's job, or send it the next batch.

        Raises:
            W50Error: refused, or out of reach for too long.
            LimitError: more contacts than may get custom events.
        """
        self._at_hand = job
        self._check_events(job)
        if job.w50_job is None:
            self._create(job)
        elif job.sent < len(job.batches):
            self._send(job)
        else:
            self._probed(job)

    def _create(self, job: LoadJob) -> None:
        job.effort = Effort(self._ledger.now())
        began = self._monotonic()
        try:
            created = self._client.create_import_job(job.list_id, job.mapping.field_names)
        except DoubtfulError as error:
            # The job that may exist is never filled and never run; another is created.
            self._begin_anew(job, error)
            return
        job.effort.create_seconds = self._monotonic() - began
        job.w50_job = created
        log.info("Created %s", job.name, extra=self._fields(job))

    def _send(self, job: LoadJob) -> None:
        batch = job.batches[job.sent]
        fragments = job.store.fragments(batch)
        effort, w50_job = job.effort, job.w50_job
        if effort is None or w50_job is None:
            raise AssertionError
        began = self._monotonic()
        try:
            answer = self._client.add_contacts(job.list_id, w50_job.id, self._wire.frame_contacts(fragments))
        except DoubtfulError as error:
            self._begin_anew(job, error)
            return
        except RefusedError as error:
            self._refused(job, error)
            return
        finally:
            effort.upload_seconds += self._monotonic() - began
        effort.batches += 1
        effort.contacts_sent += batch.count
        job.sent += 1
        if answer.warnings:
            self._warnings.tell(job, batch, answer.warnings)
        if job.probing:
            self._probed(job)

    def _refused(self, job: LoadJob, error: RefusedError) -> None:
        batch = job.batches[job.sent]
        if error.status in (TOO_LARGE, NOT_FOUND) and batch.count > 1 and self._is_too_large(job, error):
            log.warning(
                "W50 refused a request of %d contacts and %d bytes for %s as too large; sending halves",
                batch.count,
                batch.size_bytes,
                job.name,
                extra=self._fields(job),
            )
            self._rejections.halve(job)
            return
        whole = error.status in WHOLE_REFUSALS or (error.status == TOO_LARGE and batch.count == 1)
        if not (whole and self._settings.quarantines):
            raise error
        self._probe(job, error)

    def _is_too_large(self, job: LoadJob, error: RefusedError) -> bool:
        """IIS answers 404 to a body that is too large: then the job is still there."""
        if error.status == TOO_LARGE:
            return True
        try:
            self._status(job)
        except W50Error:
            return False
        return True

    def _probe(self, job: LoadJob, error: RefusedError) -> None:
        """Find the contacts at fault in W50's job, which is given up: what it accepts may be there twice."""
        if not job.probing:
            self._ledger.given_up(job, f"W50 refused a batch (status {error.status}); built anew without it")
            job.probing = True
        w50_job = job.w50_job
        if w50_job is None:
            raise AssertionError

        self._rejections.find(job, error, lambda fragments: self._accepts(job.list_id, w50_job.id, fragments))
        self._probed(job)

    def _accepts(self, list_id: int, job_id: int, fragments: list[bytes]) -> bool:
        """Whether W50 takes these contacts into a job that is never run."""
        body = self._wire.frame_contacts(fragments)
        for rest in reversed(range(MOST_REBUILDS)):
            try:
                self._client.add_contacts(list_id, job_id, body)
            except RefusedError as refusal:
                if refusal.status in (*WHOLE_REFUSALS, TOO_LARGE):
                    return False
                raise
            except DoubtfulError:
                # Whether they arrived does not matter, so it is safe to ask again.
                if not rest:
                    raise
            else:
                return True
        raise AssertionError

    def _probed(self, job: LoadJob) -> None:
        if job.probing and job.closed and job.sent >= len(job.batches):
            job.begin_anew()

    def _begin_anew(self, job: LoadJob, error: DoubtfulError) -> None:
        job.rebuilds += 1
        if job.rebuilds > MOST_REBUILDS:
            raise UnreachableError(
                f"{job.name}: after {MOST_REBUILDS} rebuilds W50 still gives no clear answer. Nothing of it "
                f"was run. Last: {error.message}",
                call=error.call,
                status=error.status,
                code="rebuilds_exhausted",
            ) from error
        log.warning(
            "Gave up %s, which is never run, and build it anew with all its batches (%d of %d): %s",
            job.name,
            job.rebuilds,
            MOST_REBUILDS,
            error.message,
            extra=self._fields(job),
        )
        if not job.probing:
            self._ledger.given_up(job, error.message)
        job.begin_anew()

    # Running.

    def _check_events(self, job: LoadJob) -> None:
        if not job.custom_events:
            return
        entry, contacts = job.mapping.entry, job.counts.contacts_with_events + job.contacts
        if contacts > entry.custom_events_max_contacts:
            raise LimitError(
                f"{job.name}: {contacts} contacts of this run would get the custom events "
                f"{', '.join(job.custom_events)}, more than custom_events_max_contacts "
                f"({entry.custom_events_max_contacts}). The job was not run. Raise the setting if they are "
                "all to get them, or set suppress_custom_events for a first load.",
                code="custom_events_limit",
            )

    def run(self, job: LoadJob) -> None:
        """Run the job, every batch of which was acknowledged: once, whatever comes of it.

        Raises:
            LimitError: more contacts than may get custom events; it was not run.
            W50Error: W50 refused to run it, or could not be reached before; it was not run.
        """
        self._at_hand = job
        self._check_events(job)
        if job.contacts == 0:
            self._nothing_left(job)
            return
        job.before_run = self._status(job)
        if not self._may_run(job):
            return
        self._ledger.events_may_fire(job)
        job.counts.contacts_with_events += job.contacts if job.custom_events else 0
        job.run_at = self._monotonic()
        try:
            seen = self._client.run_import_job(
                job.list_id, self._id(job), match=job.mapping.match_fields, custom_events=job.custom_events
            )
        except DoubtfulError as error:
            log.warning(
                "%s: no clear answer to run; its status tells whether it runs: %s",
                job.name,
                error.message,
                extra=self._fields(job),
            )
            job.phase = Phase.DOUBTFUL
            self._pause(job)
            return
        except BaseException:
            # Certainly not run.
            job.phase = Phase.FILLING
            raise
        log.info("Running %s with %d contacts", job.name, job.contacts, extra=self._fields(job))
        self._look_at(job, seen)

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
        self._at_hand = job
        try:
            seen = self._client.get_import_job(job.list_id, self._id(job), retry_for_s=0)
        except W50Error as error:
            log.warning(
                "%s: its status could not be read, asking again: %s",
                job.name,
                error.message,
                extra=self._fields(job),
            )
            self._check_time(job)
            return
        if job.phase is Phase.DOUBTFUL:
            if seen == job.before_run:
                self._check_time(job)
                return
            job.phase = Phase.RUNNING
        self._look_at(job, seen)

    def _look_at(self, job: LoadJob, seen: ImportJob) -> None:
        # An answer that is just as before the run says nothing about the run.
        if seen == job.before_run or not has_ended(seen, self._settings.failure_statuses):
            job.w50_job = seen
            self._check_time(job)
            return
        job.w50_job = seen
        if job.effort is not None:
            job.effort.run_seconds = self._monotonic() - job.run_at
        if has_failed(seen, self._settings.failure_statuses):
            message = (
                f"W50 reports that {job.name} failed (CurrentStatus {seen.current_status!r}). Its contacts "
                "may be loaded in part and will be sent again by the next run; look at the job in W50 first."
            )
            self._ledger.ended_badly(job, Outcome.FAILED, message)
            raise JobFailedError(message, job_id=seen.id)
        self._finished(job, seen)

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
            extra=self._fields(job),
        )
        self._ledger.ended(job, seen, Outcome.FINISHED)
        percent = 100 * lost / job.contacts
        if percent > self._settings.max_rejected_percent:
            raise LimitError(
                f"{job.name}: W50 rejected {lost} of {job.contacts} contacts ({percent:.1f} %), more than "
                f"max_rejected_percent ({self._settings.max_rejected_percent:g}). Its state was written. "
                "Look at the job in W50 for the reasons.",
                code="rejected_limit",
            )

    # Waiting.

    def _check_time(self, job: LoadJob) -> None:
        waited = self._monotonic() - job.run_at
        settings = self._settings
        if job.phase is Phase.DOUBTFUL and waited > settings.request_timeout_s:
            self._unknown(
                job,
                f"No clear answer came to run of {job.name}, and its status did not change for "
                f"{waited:.0f} s: it is not known whether it runs. Look at it in W50 before the next run, "
                "which sends its contacts again.",
            )
        if waited > settings.job_timeout_s:
            self._unknown(
                job,
                f"{job.name} has not ended within job_timeout_s ({settings.job_timeout_s:g} s): it is "
                "neither failed nor done. Wait for it in W50 before the next run, which sends its contacts "
                "again.",
            )
        self._pause(job)

    def _unknown(self, job: LoadJob, message: str) -> None:
        job_id = self._id(job)
        if job.effort is not None:
            job.effort.run_seconds = self._monotonic() - job.run_at
        self._ledger.ended_badly(job, Outcome.UNKNOWN, message)
        raise JobUnknownError(message, job_id=job_id)

    def _pause(self, job: LoadJob) -> None:
        settings, now = self._settings, self._monotonic()
        waited = now - job.run_at
        limit = settings.request_timeout_s if job.phase is Phase.DOUBTFUL else settings.job_timeout_s
        pause = min(max(settings.poll_interval_s, waited * POLL_SHARE), settings.poll_max_interval_s)
        job.next_poll_at = now + min(pause, max(limit - waited, 0) + LAST_LOOK_S)

    def _status(self, job: LoadJob) -> ImportJob:
        return self._client.get_import_job(job.list_id, self._id(job))

    @staticmethod
    def _id(job: LoadJob) -> int:
        if job.w50_job is None:
            raise AssertionError
        return job.w50_job.id

    def _fields(self, job: LoadJob) -> dict[str, object]:
        """What structured log lines carry."""
        return {
            "stream_name": job.stream,
            "contact_list_id": job.list_id,
            "import_job_id": job.w50_job.id if job.w50_job else None,
            "run_id": self._ledger.run_id,
        }

    def close(self) -> None:
        """Close the client's connections."""
        self._client.close()
