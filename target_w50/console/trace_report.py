"""How the deliveries of one contact are told: rows and lines for people, a document for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from target_w50.console.journal_report import MINUTES, entry_document, iso
from target_w50.console.tables import counted
from target_w50.journal.leases import time_in_words
from target_w50.journal.tracing import Delivery, Trace
from target_w50.outputs.quarantine_search import Refused

COLUMNS = ("sent (UTC)", "run", "stream", "import job", "batch", "what became of the job", "events", "values")
REFUSAL_COLUMNS = ("refused (UTC)", "run", "stream", "reason", "property", "what was wrong", "file", "line")


def delivery_row(delivery: Delivery) -> tuple[object, ...]:
    """One row of `w50 trace`."""
    entry = delivery.entry
    return (
        time_in_words(entry.intended or entry.created)[:MINUTES],
        entry.run_id,
        entry.stream,
        "none" if entry.import_job_id is None else entry.import_job_id,
        ", ".join(map(str, delivery.batches)),
        delivery.fate,
        delivery.events or "none",
        "the first known" if delivery.same is None else "as before" if delivery.same else "changed",
    )


def refusal_row(refusal: Refused) -> tuple[object, ...]:
    """One row of what was set aside."""
    return (
        refusal.at[:MINUTES].replace("T", " "),
        refusal.run_id,
        refusal.stream,
        refusal.reason or "no message that can be read",
        refusal.property,
        refusal.message,
        refusal.path,
        refusal.line,
    )


def trace_lines(trace: Trace, files: Sequence[object], retention_days: float) -> Iterator[str]:
    """What is known beside the deliveries, and what is not, a line at a time.

    Args:
        trace: of the contact.
        files: the quarantine files that were searched.
        retention_days: how long members of jobs are kept.
    """
    if not trace.deliveries:
        yield "No delivery of this contact is in the journal. Is the value spelled as the tap sends it?"
    if trace.last_sent is not None:
        yield (
            f"What W50 has of it was sent last at {time_in_words(trace.last_sent)}. Whether runs since then "
            "saw it again with the same values is not remembered."
        )
    if trace.in_doubt:
        yield "It is not known what W50 holds of it now: it is sent again when the tap sends it."
    if trace.fired:
        verb = "counts" if trace.fired == 1 else "count"
        yield (
            f"{counted(trace.fired, 'version')} of it {verb} as having had the stream's custom events: they "
            "fired, were suppressed, or are booked as had."
        )
    if trace.plain:
        yield (
            f"{_of(trace.plain, trace.jobs)} had neither custom events nor `send: changed`: of such nothing "
            "is written down, so this contact may have been among theirs."
        )
    if trace.emptied:
        yield (
            f"Of {_of(trace.emptied, trace.jobs)} no contacts are kept any more (they were forgotten, or "
            f"`journal_retention_days` went by, {retention_days:g}): this one may have been among them."
        )
    for each in trace.unnamed:
        fields = " and ".join(each.match_fields) or "its key properties"
        yield (
            f"Stream {each.stream!r} knows contacts by {fields}: not looked for, as not all of that was "
            "named."
        )
    if not files:
        yield "No quarantine file was searched: name them with --quarantine, or in `quarantine_path`."


def trace_document(
    trace: Trace, refusals: Sequence[Refused], files: Sequence[object], *, list_id: int
) -> dict[str, Any]:
    """All of it, for a program."""
    return {
        "contact_list_id": list_id,
        "deliveries": [
            {
                **entry_document(each.entry),
                "sent_at": iso(each.entry.intended or each.entry.created),
                "batches": list(each.batches),
                "outcome": each.fate,
                "events": each.events or None,
                "rejected_of_job": each.rejected,
                "warned": each.warned,
                "same_as_before": each.same,
            }
            for each in trace.deliveries
        ],
        "last_sent_at": iso(trace.last_sent),
        "in_doubt": trace.in_doubt,
        "versions_with_events": trace.fired,
        "refusals": [
            {
                "file": str(each.path),
                "line": each.line,
                "stream": each.stream,
                "reason": each.reason or None,
                "message": each.message,
                "property": each.property or None,
                "position": each.position,
                "run_id": each.run_id,
                "at": each.at or None,
            }
            for each in refusals
        ],
        "quarantine_files": [str(each) for each in files],
        "unknown": {
            "import_jobs": trace.jobs,
            "without_contacts": trace.plain,
            "contacts_removed_since": trace.emptied,
            "not_looked_for": [
                {"stream": each.stream, "match_fields": list(each.match_fields)} for each in trace.unnamed
            ],
        },
    }


def _of(number: int, every: int) -> str:
    return f"{number:,} of {counted(every, 'import job')} of the list"
