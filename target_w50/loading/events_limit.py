"""The limit of contacts that may get custom events in a run: held before a job is sent, and planned with."""

from __future__ import annotations

from target_w50.errors import LimitError
from target_w50.import_jobs.job import LoadJob


def check_events(job: LoadJob, contacts_before: int) -> None:
    """Hold the limit for a job.

    Args:
        job: with the contacts that it has so far.
        contacts_before: of its stream, in the jobs of this run that fired events before it.

    Raises:
        LimitError: the job would go past it.
    """
    if not job.custom_events:
        return
    most, contacts = job.mapping.entry.custom_events_max_contacts, contacts_before + job.contacts
    if contacts > most:
        raise LimitError(
            f"Stream {job.stream!r}, contact list {job.list_id}: {contacts} contacts of this run would get "
            f"the custom events {', '.join(job.custom_events)}, more than custom_events_max_contacts "
            f"({most}). Their import job is not run. Raise the setting if they are all to get them, or set "
            "suppress_custom_events for a first load.",
            code="custom_events_limit",
        )
