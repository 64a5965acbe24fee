"""Filling one import job at W50: create it, send its batches, and begin anew where an answer was lost.

Several batches may be under way at once: a contact is once in a job, so their order means nothing. Where an
answer is doubtful, nothing more is sent, all that is under way is waited for, and only then the job is given
up: so no answer is ever counted for another job than the one that it is about.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from target_w50.errors import (
    DoubtfulError,
    RefusedError,
    StoppedError,
    TargetW50Error,
    UnreachableError,
    W50Error,
    counted,
)
from target_w50.import_jobs.batches import Batch
from target_w50.import_jobs.counts import Effort
from target_w50.import_jobs.job import LoadJob
from target_w50.import_jobs.phases import JobLifeError, Phase
from target_w50.import_jobs.places import Places
from target_w50.journal.crash_points import CrashPoint, reached
from target_w50.journal.job_journal import JobJournal
from target_w50.loading.bisection import Bisection
from target_w50.loading.lanes import Lanes
from target_w50.loading.validation_warnings import ValidationWarnings
from target_w50.outputs.ledger import Ledger
from target_w50.settings.model import Settings
from target_w50.w50 import ImportJob, UploadAnswer, WireFormat

if TYPE_CHECKING:
    from target_w50.w50 import W50Client

log = logging.getLogger("target-w50")

MOST_REBUILDS = 3
TOO_LARGE = 413
UNAVAILABLE = 503
FIRST_REBUILD_PAUSE_S = 1.0
"""After a 503; four times as long before each further rebuild, so that a restart of W50 fits into them."""
WHOLE_REFUSALS = (400, 417, 422)
REFUSED_FOR_CONTACTS = (*WHOLE_REFUSALS, TOO_LARGE)


class Uploading:
    """Takes a job that is not run yet a step further. Used by one thread, for one job at a time.

    Args:
        client: the thread's own client; lanes share it.
        wire: frames the serialised contacts.
        bisection: finds the contacts that W50 refuses.
        places: the words for where a record was read.
        journal: told of each step.
        lanes: batches under way at once.
    """

    def __init__(
        self,
        client: W50Client,
        settings: Settings,
        ledger: Ledger,
        *,
        wire: WireFormat,
        bisection: Bisection,
        places: Places,
        journal: JobJournal,
        lanes: Lanes,
        monotonic: Callable[[], float],
    ) -> None:
        self._client = client
        self._journal = journal
        self._settings = settings
        self._ledger = ledger
        self._wire = wire
        self._bisection = bisection
        self._places = places
        self._warnings = ValidationWarnings(places)
        self._lanes = lanes
        self._monotonic = monotonic
        self._uploading_since = 0.0
        self._doubt: DoubtfulError | None = None

    def can_step(self, job: LoadJob) -> bool:
        """Whether there is something to create, to send, or to take note of.

        A job is created when its first contacts are there.
        """
        if self._lanes.has_returned:
            return True
        if job.phase is Phase.WAITING:
            return job.at_hand is not None
        return self._can_send(job) or self._is_searched(job)

    def step(self, job: LoadJob) -> None:
        """Create W50's job, or send it the next batch, or see to what came of one.

        Raises:
            W50Error: refused, or out of reach for too long.
        """
        if job.phase is Phase.WAITING:
            self._create(job)
            return
        if self._can_send(job):
            self._send(job)
        if self._lanes.has_returned:
            self._take_back(job)
        if self._is_searched(job):
            self._bisection.conclude(job)
            job.begin_anew(after_doubt=False)

    def _can_send(self, job: LoadJob) -> bool:
        is_open = job.phase in (Phase.FILLING, Phase.PROBING) and self._doubt is None
        return is_open and job.at_hand is not None and self._lanes.has_room

    def _is_searched(self, job: LoadJob) -> bool:
        """Whether W50's job has served to find the contacts that W50 refuses."""
        is_whole = job.closed and job.at_hand is None and not job.under_way
        return job.phase is Phase.PROBING and is_whole

    def _create(self, job: LoadJob) -> None:
        effort = Effort(self._ledger.now())
        self._journal.creating(job)
        reached(CrashPoint.CREATING)
        job.creating(effort)
        began = self._monotonic()
        try:
            created = self._client.create_import_job(job.list_id, job.mapping.field_names)
        except DoubtfulError as error:
            # The job that may exist is never filled and never run; another is created.
            self._begin_anew(job, error)
            return
        except TargetW50Error:
            # Refused, out of reach, or stopped between two tries: certainly none was created.
            job.not_created()
            self._journal.abandoned(job, "W50 created no import job")
            raise
        reached(CrashPoint.CREATED)
        effort.create_seconds = self._monotonic() - began
        if not self._ledger.is_new(job.list_id, created.id):
            self._begin_anew(job, known_already(created))
            return
        job.created(created)
        self._journal.filling(job)
        reached(CrashPoint.FILLING)
        log.info("Created %s", job.name, extra=job.log_fields(self._ledger.run_id))

    def _send(self, job: LoadJob) -> None:
        if not self._lanes.under_way:
            self._uploading_since = self._monotonic()
        self._lanes.begin(job, job.batch_leaves())

    def _take_back(self, job: LoadJob) -> None:
        """See to what came of the batch that was answered first."""
        returned, effort = self._lanes.take_back(), job.effort
        if effort is None:
            raise JobLifeError(f"{job.name} is filled before it is created")
        # Time in which several were under way counts once.
        effort.upload_seconds += returned.at_s - self._uploading_since
        self._uploading_since = returned.at_s
        batch, came = returned.batch, returned.came
        if self._doubt is not None:
            # W50's job is as good as given up: what it took, or refuses, will come again with the next.
            if isinstance(came, StoppedError) or not isinstance(came, (UploadAnswer, TargetW50Error)):
                raise came
        elif isinstance(came, DoubtfulError):
            self._doubt = came
            self._lanes.drop()
        elif isinstance(came, RefusedError):
            self._refused(job, batch, came)
        elif isinstance(came, Exception):
            raise came
        else:
            self._acknowledged(job, batch, came)
        if self._doubt is not None and not self._lanes.under_way:
            doubt, self._doubt = self._doubt, None
            self._begin_anew(job, doubt)

    def _acknowledged(self, job: LoadJob, batch: Batch, answer: UploadAnswer) -> None:
        reached(CrashPoint.BATCH_SENT)
        if job.effort is not None:
            job.effort.batches += 1
            job.effort.contacts_sent += batch.count
        job.batch_sent(batch)
        if answer.warnings:
            self._warnings.tell(job, batch, answer.warnings)
            batch.doubt(index for index, _ in answer.warnings)

    def _refused(self, job: LoadJob, batch: Batch, error: RefusedError) -> None:
        may_be_too_large = error.status == TOO_LARGE or error.not_found
        if may_be_too_large and batch.count > 1 and self._is_too_large(job, error):
            log.warning(
                "W50 refused a request of %s and %s for %s as too large; sending halves",
                counted(batch.count, "contact"),
                counted(batch.size_bytes, "byte"),
                job.name,
                extra=job.log_fields(self._ledger.run_id),
            )
            self._bisection.halve(job, batch)
            return
        whole = error.status in WHOLE_REFUSALS or (error.status == TOO_LARGE and batch.count == 1)
        if not (whole and self._settings.quarantines):
            self._say_where(job, batch, error)
            raise error
        self._probe(job, batch, error)

    def _say_where(self, job: LoadJob, batch: Batch, error: RefusedError) -> None:
        """Say in the error where the contacts are that W50 refused."""
        if error.status not in REFUSED_FOR_CONTACTS:
            return
        places = batch.places
        words = self._places.text(places[0])
        if len(places) > 1:
            words = f"{counted(len(places), 'contact')}, {words} to {self._places.text(places[-1])}"
        quarantines = self._settings.quarantines
        advice = "" if quarantines else "; with on_invalid_record quarantine those at fault are set aside"
        error.say(f"{job.name}: W50 refused to take {words}{advice}. {error.message}")

    def _is_too_large(self, job: LoadJob, error: RefusedError) -> bool:
        """IIS answers 404 to a body that is too large: then the job is still there."""
        if error.status == TOO_LARGE:
            return True
        try:
            self._client.get_import_job(job.list_id, job.w50_id)
        except W50Error:
            return False
        return True

    def _probe(self, job: LoadJob, batch: Batch, error: RefusedError) -> None:
        """Find the contacts at fault in W50's job, which is given up: what it accepts may be there twice."""
        if job.phase is not Phase.PROBING:
            reason = f"W50 refused a batch (status {error.status}); built anew without it"
            self._journal.abandoned(job, reason)
            self._ledger.given_up(job, reason)
            job.probe()
        job_id = job.w50_id
        try:
            self._bisection.find(
                job, batch, error, lambda fragments: self._accepts(job.list_id, job_id, fragments)
            )
        except RefusedError as refusal:
            self._say_where(job, batch, refusal)
            raise

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

    def _begin_anew(self, job: LoadJob, error: DoubtfulError) -> None:
        if job.rebuilds >= MOST_REBUILDS:
            raise UnreachableError(
                f"{job.name}: after {MOST_REBUILDS} rebuilds W50 still gives no clear answer. Nothing of it "
                f"was run. Last: {error.message}",
                call=error.call,
                status=error.status,
                code="rebuilds_exhausted",
            ) from error
        pause_s = self._pause_before_rebuild(job, error)
        log.warning(
            "%s is given up and never run; another one gets all its batches (%d of %d): %s",
            job.name,
            job.rebuilds + 1,
            MOST_REBUILDS,
            error.message,
            extra=job.log_fields(self._ledger.run_id),
        )
        if job.phase is not Phase.PROBING:
            self._journal.abandoned(job, error.message)
            self._ledger.given_up(job, error.message)
        job.begin_anew(after_doubt=True)
        self._client.pause(pause_s)

    def _pause_before_rebuild(self, job: LoadJob, error: DoubtfulError) -> float:
        """How long W50 asks to be left alone, or a 503 without a word of it lets one wait.

        Raises:
            UnreachableError: it is longer than `retry_for_s`.
        """
        asked_s = error.retry_after_s
        if asked_s is None:
            return FIRST_REBUILD_PAUSE_S * 4**job.rebuilds if error.status == UNAVAILABLE else 0.0
        if asked_s > self._settings.retry_for_s:
            late = UnreachableError(
                f"{error.message}; it asks to wait for {asked_s:.0f} s, which is longer than retry_for_s. "
                "Nothing of the job was run; run again after that",
                call=error.call,
                status=error.status,
                code="w50_retry_later",
            )
            late.retry_after_s = asked_s
            raise late from error
        return asked_s


def known_already(created: ImportJob) -> DoubtfulError:
    """What it means that W50 answers create with a job that this run has filled, run or given up."""
    return DoubtfulError(
        f"create was answered with import job {created.id}, which this run knows already",
        call="create_import_job",
    )
