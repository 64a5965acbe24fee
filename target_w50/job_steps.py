"""The life of one import job at W50, a step at a time: filled, run once, waited for."""

from __future__ import annotations

from collections.abc import Callable

from target_w50.batches import Places
from target_w50.errors import LimitError, RefusedError, W50Error
from target_w50.job_filling import REFUSED_FOR_CONTACTS, Filling
from target_w50.job_running import Running
from target_w50.jobs import LoadJob
from target_w50.ledger import Ledger
from target_w50.rejections import Rejections
from target_w50.runtime.logs import is_at_hand
from target_w50.settings.model import Settings
from target_w50.w50 import RequestEvent, W50Client, WireFormat


class JobSteps:
    """Takes one job at a time a step further. Used by one thread.

    Args:
        make_client: makes its own client; its requests are counted for the job at hand.
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
        self._at_hand: LoadJob | None = None
        self._places = places
        self._quarantines = settings.quarantines
        self._client = make_client(self._count_request)
        self._filling = Filling(
            self._client,
            settings,
            ledger,
            wire=wire,
            rejections=rejections,
            places=places,
            monotonic=monotonic,
        )
        self._running = Running(self._client, settings, ledger, may_run=may_run, monotonic=monotonic)

    def _take(self, job: LoadJob) -> None:
        self._at_hand = job
        is_at_hand(job.log_fields)

    def _count_request(self, event: RequestEvent) -> None:
        effort = self._at_hand.effort if self._at_hand else None
        if effort is not None:
            effort.count(event)

    def fill(self, job: LoadJob) -> None:
        """Create W50's job, or send it the next batch.

        Raises:
            W50Error: refused, or out of reach for too long.
            LimitError: more contacts than may get custom events.
        """
        self._take(job)
        check_events(job)
        try:
            self._filling.step(job)
        except W50Error as error:
            self._name(job, error)
            raise

    def run(self, job: LoadJob) -> None:
        """Run the job, every batch of which was acknowledged: once, whatever comes of it.

        Raises:
            LimitError: more contacts than may get custom events, and it was not run; or as `poll`.
            W50Error: W50 refused to run it, or could not be reached before; it was not run.
            JobError: as `poll`.
        """
        self._take(job)
        check_events(job)
        try:
            self._running.run(job)
        except W50Error as error:
            self._name(job, error)
            raise

    def _name(self, job: LoadJob, error: W50Error) -> None:
        """Say in the error which job it is about, and where the contacts are that W50 refused."""
        about = "" if error.message.startswith(job.name) else f"{job.name}: "
        is_refusal = isinstance(error, RefusedError) and error.status in REFUSED_FOR_CONTACTS
        if is_refusal and error.call == "add_contacts" and job.sent < len(job.batches):
            places = job.batches[job.sent].places
            words = self._places.text(places[0])
            if len(places) > 1:
                words = f"{len(places)} contacts, {words} to {self._places.text(places[-1])}"
            advice = "; with on_invalid_record quarantine those at fault are set aside"
            about += f"W50 refused to take {words}{'' if self._quarantines else advice}. "
        error.say(about + error.message)

    def poll(self, job: LoadJob) -> None:
        """Ask once how the job stands; a status request that fails does not fail the job.

        Raises:
            JobFailedError: W50 says that it failed.
            JobUnknownError: it did not end in time, or it is not known whether it runs.
            LimitError: it ended, and too many of its contacts were rejected.
        """
        self._take(job)
        self._running.poll(job)

    def close(self) -> None:
        """Close the client's connections."""
        self._client.close()


def check_events(job: LoadJob) -> None:
    """Hold the limit of contacts that may get custom events, before anything of the job is sent or run.

    Raises:
        LimitError: the job would go past it.
    """
    if not job.custom_events:
        return
    entry, contacts = job.mapping.entry, job.counts.contacts_with_events + job.contacts
    if contacts > entry.custom_events_max_contacts:
        raise LimitError(
            f"Stream {job.stream!r}, contact list {job.list_id}: {contacts} contacts of this run would get "
            f"the custom events {', '.join(job.custom_events)}, more than custom_events_max_contacts "
            f"({entry.custom_events_max_contacts}). Their import job was not run. Raise the setting if they "
            "are all to get them, or set suppress_custom_events for a first load.",
            code="custom_events_limit",
        )
