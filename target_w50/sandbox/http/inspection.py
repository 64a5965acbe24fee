"""All that the sandbox holds as one document, for tests, users and the page."""

from __future__ import annotations

from collections.abc import Reversible
from itertools import islice
from typing import Any, TypeVar

from target_w50.sandbox.faults import Faults
from target_w50.sandbox.formats import answers
from target_w50.sandbox.http.request_log import RequestLog
from target_w50.sandbox.model.models import Batch, ContactList, Job, RejectedContact, Run
from target_w50.sandbox.model.store import FiredEvent, Store

_Item = TypeVar("_Item")


def contents(store: Store, faults: Faults, log: RequestLog, limit: int | None = None) -> dict[str, Any]:
    """Lists, jobs, custom events and requests, all at one moment.

    Args:
        store: lists, jobs and custom events.
        faults: what is in force.
        log: the requests.
        limit: at most so many contacts of each list, jobs, events and requests, the newest, and no contacts
            of batches; None: everything.
    """
    with store.lock:
        store.advance()
        return {
            "Lists": [_list(contact_list, limit) for contact_list in store.lists.values()],
            "Jobs": [
                _job(store, job, with_contacts=limit is None) for job in _newest(store.jobs.values(), limit)
            ],
            "JobCount": len(store.jobs),
            "CustomEvents": [_event(event) for event in _newest(store.events, limit)],
            "CustomEventCount": sum(event.contacts for event in store.events),
            "RejectedContacts": [_rejected(each) for each in _newest(store.rejected, limit)],
            "RejectedContactCount": store.rejected_count,
            "Requests": [entry.document() for entry in log.newest(limit)],
            "RequestCount": log.count,
            "Faults": faults.documents(),
            "FaultNumbers": [number for number, _ in faults.numbered()],
            "UploadSettings": faults.changed_settings(),
        }


def _newest(items: Reversible[_Item], limit: int | None) -> list[_Item]:
    """The last `limit` items, or all; without a look at the others, which may be many."""
    return list(items) if limit is None else list(islice(reversed(items), max(0, limit)))[::-1]


def _list(contact_list: ContactList, limit: int | None) -> dict[str, Any]:
    return {
        **answers.contacts_list(contact_list),
        "Fields": [answers.contact_schema_field(one) for one in contact_list.fields],
        "Contacts": [
            {"Id": contact.id, "EncContactId": contact.enc_contact_id, "Values": dict(contact.values)}
            for contact in _newest(contact_list.contacts.values(), limit)
        ],
    }


def _job(store: Store, job: Job, *, with_contacts: bool) -> dict[str, Any]:
    return {
        **answers.import_job(store, job),
        "State": job.state(store.percent(job)),
        "FieldNames": list(job.field_names),
        "ContactCount": job.contact_count,
        "RejectedContacts": job.runs[-1].counters.rejected if job.runs else 0,
        "Batches": [_batch(batch, with_contacts=with_contacts) for batch in job.batches],
        "Runs": len(job.runs),
        "RunHistory": [_run(run) for run in job.runs],
    }


def _batch(batch: Batch, *, with_contacts: bool) -> dict[str, Any]:
    document: dict[str, Any] = {"Count": batch.count, "Bytes": batch.size, "Sha256": batch.sha256}
    if with_contacts:
        document["Contacts"] = [
            {"EncContactId": sent.enc_contact_id, "Values": dict(sent.values)} for sent in batch.contacts
        ]
    return document


def _run(run: Run) -> dict[str, Any]:
    return {
        "Match": list(run.match),
        "CustomEvents": list(run.custom_events),
        "StartDate": run.start_date,
        "FinishDate": run.finish_date,
        "StatusReads": run.reads,
    }


def _rejected(rejected: RejectedContact) -> dict[str, Any]:
    return {
        "ContactListId": rejected.contact_list_id,
        "JobId": rejected.job_id,
        "EncContactId": rejected.sent.enc_contact_id,
        "Values": dict(rejected.sent.values),
        "Reason": rejected.reason,
        "IsStored": rejected.is_stored,
    }


def _event(event: FiredEvent) -> dict[str, Any]:
    return {
        "Event": event.name,
        "ContactListId": event.contact_list_id,
        "JobId": event.job_id,
        "ContactId": event.contact_id,
        "EncContactId": event.enc_contact_id,
        "Contacts": event.contacts,
    }
