"""Contacts that reached W50 by other means, booked as delivered: nothing is sent for them."""

from __future__ import annotations

from target_w50.journal.contact_rows import Booking
from target_w50.journal.entries import Entry, JournalPhase
from target_w50.journal.journal import Journal
from target_w50.journal.keys import HASH_BYTES
from target_w50.journal.members import PackedMembers

SEEDED = "seeded: loaded by other means"
"""Why there is a job in the journal that W50 never had."""


def is_seeded(entry: Entry) -> bool:
    """Whether the job stands for what was loaded by other means."""
    return entry.import_job_id is None and (entry.reason or "").startswith(SEEDED)


def book(journal: Journal, list_id: int, stream: str, booking: Booking, batches: list[PackedMembers]) -> None:
    """Book contacts as delivered, all or none; the list must be held.

    There is an import job for them in the journal that W50 never had, so that they can be traced.

    Args:
        journal: of the account.
        list_id: the contact list.
        stream: whose contacts they are.
        booking: what is remembered of them.
        batches: who they are.

    Raises:
        LeaseLostError: the list is another run's by now; nothing was booked.
        JournalError: the journal can't be used.
    """
    database = journal.database
    with database.transaction():
        journal.leases.need(list_id)
        ((row,),) = database.rows(
            "INSERT INTO w50_jobs (account, contact_list_id, stream, run_id, host, process, epoch, phase, "
            "custom_events, contacts, reason, created, changed, settled, scope, books_contacts, books_fired) "
            "VALUES (:account, :list_id, :stream, :run_id, :host, :process, :epoch, :phase, '[]', :contacts, "
            ":reason, :now, :now, :now, :scope, :books_contacts, :books_fired) RETURNING id",
            account=journal.account,
            list_id=list_id,
            stream=stream,
            **journal.leases.names,
            epoch=journal.leases.epoch(list_id),
            phase=JournalPhase.COVERED.value,
            contacts=sum(len(each.keys) // HASH_BYTES for each in batches),
            reason=SEEDED,
            now=database.now(),
            scope=booking.scope,
            books_contacts=int(booking.contacts),
            books_fired=int(booking.fired),
        )
        journal.contacts.keep(row, batches)
        journal.contacts.delivered(row)
