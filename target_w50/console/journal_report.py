"""How the journal's import jobs are told: as documents for programs, as rows and lines for people."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from target_w50.journal.entries import PHASE_WORDS, Entry
from target_w50.journal.leases import time_in_words
from target_w50.journal.look import Look
from target_w50.journal.process import Process
from target_w50.journal.seeding import is_seeded
from target_w50.w50 import ImportJob

MINUTES = len("2026-01-31 12:00")


def jobs_row(entry: Entry) -> tuple[object, ...]:
    """One row of `w50 journal ls`."""
    return (
        entry.import_job_id,
        entry.list_id,
        entry.stream,
        _phase(entry),
        f"{entry.contacts:,}",
        ", ".join(entry.custom_events),
        time_in_words(entry.created)[:MINUTES],
        entry.run_id,
    )


def _phase(entry: Entry) -> str:
    if is_seeded(entry):
        return "seeded"
    words = PHASE_WORDS[entry.phase]
    return f"{words}, settled" if entry.settled else words


def entry_document(entry: Entry) -> dict[str, Any]:
    """What was written of a job, for a program."""
    return {
        "import_job_id": entry.import_job_id,
        "contact_list_id": entry.list_id,
        "stream": entry.stream,
        "phase": entry.phase.value,
        "run_id": entry.run_id,
        "host": entry.host,
        "pid": Process(entry.host, entry.process).pid,
        "contacts": entry.contacts,
        "custom_events": list(entry.custom_events),
        "created_at": iso(entry.created),
        "changed_at": iso(entry.changed),
        "intent_at": iso(entry.intended),
        "doubtful_until": iso(entry.doubtful_until),
        "settled_at": iso(entry.settled),
        "before_run": _job(entry.before_run),
        "result": _job(entry.result),
        "reason": entry.reason,
    }


def look_document(look: Look) -> dict[str, Any]:
    """All that there is to see of a job, for a program."""
    holder = look.holder
    return {
        "written": entry_document(look.entry),
        "process": look.fate,
        "list_held_by": None
        if holder is None
        else {
            "run_id": holder.run_id,
            "host": holder.process.host,
            "pid": holder.process.pid,
            "since": iso(holder.since),
            "expires": iso(holder.expires),
        },
        "w50_now": _job(look.seen),
        "w50_error": None if look.error is None else look.error.message,
        "next_run": look.verdict.name.lower() if look.verdict else None,
        "next_run_in_words": look.next_run or None,
        "what_to_say": look.advice or None,
    }


def entry_rows(look: Look) -> list[tuple[str, object]]:
    """What was written of a job, and what W50 says now, for a person."""
    entry, process = look.entry, look.process
    now = "could not be asked" if look.error else "does not know it" if look.seen is None else ""
    rows: list[tuple[str, object]] = [
        ("contact list", entry.list_id),
        ("stream", entry.stream),
        ("how far", PHASE_WORDS[entry.phase]),
        ("contacts", f"{entry.contacts:,}"),
        ("custom events", ", ".join(entry.custom_events) or "none"),
        ("run", entry.run_id),
        ("process", f"{process.pid} on {entry.host}: {look.fate}"),
        ("list held by", look.holder.words if look.holder else "nobody"),
        ("begun", time_in_words(entry.created)),
        ("about to be run", _moment(entry.intended)),
        ("last written", time_in_words(entry.changed)),
        ("settled", _moment(entry.settled) or "no"),
        ("before the run", _in_words(entry.before_run)),
        ("result", _in_words(entry.result)),
        ("reason", entry.reason),
        ("W50 now", now or _in_words(look.seen)),
    ]
    return [(name, value) for name, value in rows if value not in (None, "")]


def look_lines(look: Look) -> Iterator[str]:
    """What follows, a line at a time."""
    yield from filter(None, (look.next_run, look.advice))


def _in_words(job: ImportJob | None) -> str:
    if job is None:
        return ""
    finished = f", finished {job.finish_date_text}" if job.finish_date_text else ""
    return (
        f"{job.status_in_words()!r}, {job.progress_percent} %, inserted {job.inserted_contacts:,}, updated "
        f"{job.updated_contacts:,}, not updated {job.not_updated_contacts:,}, dropped "
        f"{job.dropped_contacts:,}, total {job.total_contacts:,}{finished}"
    )


def _job(job: ImportJob | None) -> dict[str, Any] | None:
    return None if job is None else {**job.as_wire(), "CurrentStatus": job.status_in_words()}


def _moment(seconds: float | None) -> str:
    return "" if seconds is None else time_in_words(seconds)


def iso(seconds: float | None) -> str | None:
    """A time of the database for programs."""
    return None if seconds is None else dt.datetime.fromtimestamp(seconds, dt.timezone.utc).isoformat()
