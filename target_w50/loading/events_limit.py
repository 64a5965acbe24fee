"""Custom events in a run: by what a contact is known that has had its own, and how many may have them."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from target_w50.contacts.mapping import StreamMapping
from target_w50.contacts.match_values import ENC_CONTACT_ID
from target_w50.errors import LimitError, counted
from target_w50.import_jobs.job import LoadJob


def event_keys(mapping: StreamMapping, identity: Any, matched: Any) -> list[int]:
    """By what a contact is known that has had its events: hashes, the same for all streams of its list.

    One that has EncContactId and match values is known by either: an event too few is better than two.

    Args:
        mapping: of its stream.
        identity: what tells it from others.
        matched: its match values, where EncContactId may tell it from others as well.
    """
    keys = []
    if type(identity) is tuple and identity[0] is ENC_CONTACT_ID:
        keys.append(hash(identity))
        identity = matched
    if identity is not None:
        fields = mapping.match_fields
        if not fields:
            return [*keys, hash((mapping.stream, _unlike_minus_two(identity)))]
        values = [identity] if len(fields) == 1 else identity
        keys.append(hash(frozenset(zip(fields, map(_unlike_minus_two, values), strict=True))))
    return keys


def _unlike_minus_two(value: Hashable) -> Hashable:
    """Python hashes -1 as -2."""
    return "minus one" if value == -1 else value


def check_events(job: LoadJob, contacts_before: int) -> None:
    """Hold the limit for a job.

    Args:
        job: with the contacts that it has so far.
        contacts_before: of its list, in the jobs of this run that fired events before it.

    Raises:
        LimitError: the job would go past it.
    """
    if not job.custom_events:
        return
    most, contacts = job.mapping.entry.custom_events_max_contacts, contacts_before + job.contacts
    if contacts > most:
        raise LimitError(
            f"Stream {job.stream!r}, contact list {job.list_id}: {counted(contacts, 'contact')} of this run "
            f"would get the custom events {', '.join(job.custom_events)}, more than "
            f"custom_events_max_contacts ({most}). Their import job is not run. Raise the setting if all of "
            "them are to get them, or set suppress_custom_events for a first load.",
            code="custom_events_limit",
        )
