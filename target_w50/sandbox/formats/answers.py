"""What the sandbox holds in the shape of W50's objects, member by member (W50 API documentation)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from target_w50.sandbox.model.models import Contact, ContactList, Field, Job, SentContact
from target_w50.sandbox.model.store import Store
from target_w50.sandbox.model.transitions import DONE_PERCENT

Document = dict[str, Any]


def import_job(store: Store, job: Job, *, flickering: bool = False) -> Document:
    """`ImportJob`; `flickering`: as an unreliable status answer shows it, on every second request."""
    percent = store.percent(job)
    unset = store.options.unset_date
    run = job.runs[-1] if job.runs else None
    document: Document = {
        "Id": job.id,
        "ContactListId": job.contact_list_id,
        "InvalidEmailCount": run.counters.invalid_emails if run else 0,
        "InvalidSmsCount": run.counters.invalid_sms if run else 0,
        "ProgressPercent": percent,
        "CurrentStatus": store.statuses[job.state(percent)],
        "StartDate": run.start_date if run else unset,
        "FinishDate": (run.finish_date if run else None) or unset,
        "InsertedContacts": run.counters.inserted if run else 0,
        "UpdatedContacts": run.counters.updated if run else 0,
        "DroppedContacts": run.counters.dropped if run else 0,
        "NotUpdatedContacts": run.counters.not_updated if run else 0,
        "TotalContacts": run.counters.inserted + run.counters.updated if run else 0,
    }
    if run is None:
        return document
    if percent >= DONE_PERCENT or not run.outcome.finishes:
        document.update(run.outcome.members)
    if flickering and run.outcome.flicker and run.reads % 2:
        document.update(ProgressPercent=DONE_PERCENT // 2, CurrentStatus=None, FinishDate=unset)
    return document


def contacts_list(contact_list: ContactList) -> Document:
    """`ContactsList`."""
    return {"Id": contact_list.id, "Name": contact_list.name, "Count": len(contact_list)}


def contact_schema_field(field: Field) -> Document:
    """`ContactSchemaField`."""
    return {
        "Id": field.id,
        "Name": field.name,
        "DefaultValue": field.default_value,
        "MapType": field.map_type,
        "Position": field.position,
        "ContactSchemaFieldValues": [
            {"Id": value.id, "Value": value.value, "Order": value.order, "InUse": value.in_use}
            for value in field.values
        ],
    }


def stored_contact(contact: Contact, list_id: int) -> Document:
    """`Contact`, as a list holds it."""
    return _contact(contact.enc_contact_id, contact.id, list_id, contact.values, ())


def sent_contact(contact: SentContact, list_id: int, warnings: Iterable[str]) -> Document:
    """`Contact`, as an upload is answered with it."""
    return _contact(contact.enc_contact_id, 0, list_id, contact.values, warnings)


def _contact(
    enc_contact_id: str | None, number: int, list_id: int, values: Mapping[str, Any], warnings: Iterable[str]
) -> Document:
    return {
        "EncContactId": enc_contact_id,
        "Id": number,
        "ListId": list_id,
        "Values": dict(values),
        "ValidationWarnings": list(warnings),
    }


def error(message: str, detail: str | None = None) -> Document:
    """The body that a .NET Web API answers a refused call with."""
    return {"Message": message} if detail is None else {"Message": message, "MessageDetail": detail}
