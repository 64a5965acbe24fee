"""What a run does to a contact list: who is inserted, who is updated, who is refused.

A contact is found by its EncContactId if it has one, else by the match fields, else it is always inserted;
of one that exists, only the values that were sent change. With `match`, each named field must be among a
contact's values (W50 API documentation), else that contact is rejected, as is one with an EncContactId that
no contact has. A contact with an invalid e-mail address or phone number is not inserted; one that exists is
left alone and counted in NotUpdatedContacts.
"""

from __future__ import annotations

from collections.abc import Iterator

from target_w50.sandbox.model.models import Contact, ContactList, Counters, Job, Run, SentContact, match_key


def apply_run(job: Job, run: Run, contact_list: ContactList) -> Iterator[Contact]:
    """Let the job's contacts take effect in the order they came; gives those inserted or updated."""
    counters = run.counters = Counters()
    for batch in job.batches:
        if not batch.contacts:  # taken unread
            counters.inserted += batch.count
            contact_list.uncounted += batch.count
        for sent in batch.contacts:
            contact = _apply(sent, run, contact_list)
            if contact is not None:
                yield contact


def _apply(sent: SentContact, run: Run, contact_list: ContactList) -> Contact | None:
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
        return None
    if sent.invalid_emails or sent.invalid_sms:
        counters.not_updated += found is not None
        counters.rejected += found is None
        return None
    if found is None:
        counters.inserted += 1
        return contact_list.insert(sent.values)
    counters.updated += 1
    contact_list.update(found, sent.values)
    return found
