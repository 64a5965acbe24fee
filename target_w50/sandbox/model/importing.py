"""What a run does to a contact list: who is inserted, who is updated, who is refused.

A contact is found by its EncContactId if it has one, else by the match fields, else it is always inserted;
of one that exists, only the values that were sent change. With `match`, each named field must be among a
contact's values (W50 API documentation), else that contact is rejected, as is one with an EncContactId that
no contact has. A contact with an invalid e-mail address or phone number is not inserted; one that exists is
left alone and counted in NotUpdatedContacts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from target_w50.sandbox.model.models import (
    Contact,
    ContactList,
    Counters,
    Job,
    RejectedContact,
    Run,
    SentContact,
    match_key,
)
from target_w50.sandbox.model.validity import EMAIL, invalid_fields


def apply_run(
    job: Job, run: Run, contact_list: ContactList, reject: Callable[[RejectedContact], None]
) -> Iterator[Contact]:
    """Let the job's contacts take effect in the order they came; gives those inserted or updated.

    Args:
        job: has the contacts.
        run: how they are matched; it is given new counters.
        contact_list: what they go into.
        reject: is told of each contact that is not taken.
    """
    counters = run.counters = Counters()
    for batch in job.batches:
        if not batch.contacts:  # taken unread
            counters.inserted += batch.count
            contact_list.uncounted += batch.count
        for sent in batch.contacts:
            contact, reason = _apply(sent, run, contact_list)
            if reason is not None:
                reject(RejectedContact(contact_list.id, job.id, sent, reason, contact is not None))
            elif contact is not None:
                yield contact


def _apply(sent: SentContact, run: Run, contact_list: ContactList) -> tuple[Contact | None, str | None]:
    """The contact that it is now, and why it was not taken; None where it was."""
    counters = run.counters
    counters.invalid_emails += sent.invalid_emails
    counters.invalid_sms += sent.invalid_sms
    key = match_key(sent.values, run.match)
    found: Contact | None = None
    if sent.enc_contact_id is not None:
        found = contact_list.by_enc_contact_id(sent.enc_contact_id)
    elif run.match and key is not None:
        found = contact_list.by_match(run.match, key)
    if key is None or (sent.enc_contact_id is not None and found is None):
        counters.rejected += 1
        if key is not None:
            return None, "no contact of the list has its EncContactId"
        missing = next(name for name in run.match if name not in sent.values)
        return None, f"it has no value for the match field {missing}"
    if sent.invalid_emails or sent.invalid_sms:
        counters.not_updated += found is not None
        counters.rejected += found is None
        return found, _why_invalid(sent, contact_list)
    if found is None:
        counters.inserted += 1
        return contact_list.insert(sent.values), None
    counters.updated += 1
    contact_list.update(found, sent.values)
    return found, None


def _why_invalid(sent: SentContact, contact_list: ContactList) -> str:
    said = [
        f"{name} is no valid {'e-mail address' if kind == EMAIL else 'phone number'}"
        for name, kind in invalid_fields(sent.values, contact_list.fields_by_name)
    ]
    return "; ".join(said)
