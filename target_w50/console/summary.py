"""What a run is told to have come to, at its end on standard error: a table, or a plan, and one sentence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TextIO

from target_w50.console.check_report import suspect_lines
from target_w50.console.plan_report import plan_lines, plan_sentence
from target_w50.console.tables import counted, write_table
from target_w50.console.terminal import width_of
from target_w50.import_jobs.counts import StreamCounts
from target_w50.import_jobs.places import Places
from target_w50.loading.dry_run import Plan
from target_w50.outputs.ledger import Ledger
from target_w50.outputs.verdict import well_in_words
from target_w50.settings.model import ImportMode

COLUMNS = (
    "stream",
    "list",
    "read",
    "sent",
    "inserted",
    "updated",
    "not updated",
    "dropped",
    "rejected",
    "invalid",
    "quarantined",
    "jobs",
    "seconds",
)
"""`invalid` is what W50 says of e-mail addresses and numbers for text messages."""


def write_summary(file: TextIO, ledger: Ledger, plan: Plan | None, places: Places) -> None:
    """Write what became of each stream, or for a dry run what would become of it."""
    if plan is not None:
        file.writelines(line + "\n" for line in plan_lines(plan, show_values=False, width=width_of(file)))
        return
    streams = list(ledger.streams.values())
    if not streams:
        return
    now = ledger.now()
    rows = [_row(each, now) for each in streams]
    write_table(file, COLUMNS, rows, numbers=COLUMNS[2:])
    file.writelines(line + "\n" for line in suspect_lines(streams, places))


def _row(counts: StreamCounts, now: dt.datetime) -> Sequence[str]:
    figures = (
        counts.records_read,
        counts.contacts_sent,
        counts.contacts_inserted,
        counts.contacts_updated,
        counts.contacts_not_updated,
        counts.contacts_dropped,
        counts.contacts_rejected,
        counts.invalid_emails + counts.invalid_sms,
        counts.records_quarantined,
        counts.import_jobs,
    )
    seconds = (now - counts.started_at).total_seconds()
    contact_list = counts.mapping.contact_list if counts.mapping else None
    place = f"{contact_list.id} {contact_list.name}" if contact_list else ""
    return (counts.stream, place, *(f"{figure:,}" for figure in figures), f"{seconds:.1f}")


def done_in_words(ledger: Ledger, plan: Plan | None, import_mode: ImportMode) -> str:
    """What a run that went well came to, in one sentence."""
    if plan is not None:
        return f"Dry run: {plan_sentence(plan)}."
    streams = ledger.streams.values()
    sent, jobs = sum(each.contacts_sent for each in streams), sum(each.import_jobs for each in streams)
    inserted = sum(each.contacts_inserted for each in streams)
    updated = sum(each.contacts_updated for each in streams)
    verdict = well_in_words(
        sum(each.contacts_rejected for each in streams), sum(each.records_quarantined for each in streams)
    )
    delivered = sum(each.contacts_already_delivered for each in streams)
    unchanged = sum(each.contacts_unchanged for each in streams)
    not_updated = sum(each.contacts_not_updated for each in streams)
    words = f"Sent {counted(sent, 'contact')} in {counted(jobs, 'import job')}: "
    words += f"{inserted:,} inserted, {updated:,} updated"
    if import_mode is ImportMode.CREATE_ONLY:
        words = f"Created {counted(jobs, 'import job')} without contacts"
    others = (
        (not_updated, "not updated"),
        (delivered, "delivered by an earlier run and not sent again"),
        (unchanged, "unchanged and not sent"),
    )
    for count, what in others:
        words += f", {count:,} {what}" if count else ""
    return f"{verdict.capitalize()}. {words}."
