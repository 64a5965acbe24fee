"""An import job, a stream and a run as metrics records, and the names of their figures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from target_w50 import __version__
from target_w50.contacts.refusal import Reason
from target_w50.errors import TargetW50Error
from target_w50.import_jobs.counts import Effort, StreamCounts
from target_w50.import_jobs.job import LoadJob
from target_w50.import_jobs.phases import Outcome
from target_w50.outputs.verdict import verdict_of
from target_w50.settings.checks import CheckKind
from target_w50.w50 import ImportJob, rejected, snake_case_members

SCHEMA_VERSION = 1
_MOST_OF_A_NAME = 200
"""Characters of a property's name: a tap may make one of megabytes."""
STREAM_FIGURES = (
    "records_read",
    "records_skipped",
    "records_superseded",
    "contacts_sent",
    "contacts_inserted",
    "contacts_updated",
    "contacts_not_updated",
    "contacts_dropped",
    "contacts_rejected",
    "invalid_emails",
    "invalid_sms",
    "import_jobs",
    "contacts_already_delivered",
    "contacts_unchanged",
)
RUN_TOTALS = (
    "records_read",
    "records_quarantined",
    "records_skipped",
    "records_superseded",
    "contacts_sent",
    "contacts_inserted",
    "contacts_updated",
    "contacts_not_updated",
    "contacts_dropped",
    "contacts_rejected",
    "import_jobs",
    "contacts_already_delivered",
    "contacts_unchanged",
)
_WRITTEN_BY = {"target_version": __version__, "schema_version": SCHEMA_VERSION}


def job_record(
    run_id: str,
    job: LoadJob,
    w50_job: ImportJob,
    *,
    outcome: Outcome,
    error: str | None,
    ended_at: dt.datetime,
) -> dict[str, Any]:
    """A record of `w50_import_jobs`: what became of one import job of W50."""
    effort = job.effort or Effort(ended_at)
    members = snake_case_members(w50_job)
    del members["contact_list_id"]  # The record has its own: the list that was loaded into.
    return {
        "run_id": run_id,
        "begun_by_run_id": run_id,
        "import_job_id": w50_job.id,
        "stream": job.stream,
        "contact_list_id": job.list_id,
        "outcome": outcome.value,
        **members,
        "field_names": list(job.mapping.field_names),
        **_effort_members(effort),
        "contacts_rejected": rejected(effort.contacts_sent, w50_job) if outcome is Outcome.FINISHED else 0,
        "ended_at": ended_at.isoformat(),
        "error": error,
        **_WRITTEN_BY,
    }


def recovered_record(
    run_id: str,
    begun_by: str,
    stream: str,
    w50_job: ImportJob,
    *,
    outcome: Outcome,
    contacts: int,
    started_at: dt.datetime,
    ended_at: dt.datetime,
) -> dict[str, Any]:
    """A record of `w50_import_jobs`: an import job that an earlier run began and this one saw the end of.

    What it took to send is in that run's metrics.
    """
    nothing = Effort(started_at, contacts_sent=contacts)
    members = snake_case_members(w50_job)
    list_id = members.pop("contact_list_id")
    return {
        "run_id": run_id,
        "begun_by_run_id": begun_by,
        "import_job_id": w50_job.id,
        "stream": stream,
        "contact_list_id": list_id,
        "outcome": outcome.value,
        **members,
        "field_names": [],
        **_effort_members(nothing),
        "contacts_rejected": rejected(contacts, w50_job) if outcome is Outcome.FINISHED else 0,
        "ended_at": ended_at.isoformat(),
        "error": None,
        **_WRITTEN_BY,
    }


def _effort_members(effort: Effort) -> dict[str, Any]:
    return {
        "contacts_sent": effort.contacts_sent,
        "batches": effort.batches,
        "bytes_sent": effort.bytes_sent,
        "http_requests": effort.http_requests,
        "http_retries": effort.http_retries,
        "create_seconds": round(effort.create_seconds, 3),
        "upload_seconds": round(effort.upload_seconds, 3),
        "run_seconds": round(effort.run_seconds, 3),
        "started_at": effort.started_at.isoformat(),
        "validation_warnings": dict(effort.warnings),
    }


def stream_record(run_id: str, counts: StreamCounts, ended_at: dt.datetime) -> dict[str, Any]:
    """A record of `w50_streams`: what a stream came to in a run."""
    mapping = counts.mapping
    seconds = max((ended_at - counts.started_at).total_seconds(), 1e-6)
    return {
        "run_id": run_id,
        "stream": counts.stream,
        "contact_list_id": mapping.contact_list.id if mapping else None,
        "contact_list_name": mapping.contact_list.name if mapping else None,
        "records_quarantined": counts.records_quarantined,
        **{f"quarantined_{each.value}": counts.quarantined.get(each, 0) for each in Reason},
        **{name: getattr(counts, name) for name in STREAM_FIGURES},
        "failed_checks": _failed_checks(counts),
        "ignored_properties": [each.name[:_MOST_OF_A_NAME] for each in mapping.ignored] if mapping else [],
        "started_at": counts.started_at.isoformat(),
        "ended_at": ended_at.isoformat(),
        "records_per_second": round(counts.records_read / seconds, 1),
        **_WRITTEN_BY,
    }


def _failed_checks(counts: StreamCounts) -> list[dict[str, Any]]:
    """How many values of each checked field failed; of fields of mere text, only those that had one."""
    failed = {name: each.count for name, each in counts.failed_values.items()}
    checks = {each.check.field_name: each.check for each in counts.failed_values.values()}
    for each in counts.mapping.checks if counts.mapping else ():
        if each.kind is not CheckKind.TEXT:
            checks.setdefault(each.field_name, each)
    return [
        {"field_name": name, "check": each.kind.value, "failed": failed.get(name, 0)}
        for name, each in checks.items()
    ]


def run_record(
    run_id: str,
    streams: Iterable[StreamCounts],
    *,
    states_written: int,
    outcome: Mapping[str, Any],
) -> dict[str, Any]:
    """A record of `w50_runs`; `outcome` has what only the program around the run knows."""
    every = list(streams)
    totals = {name: sum(getattr(each, name) for each in every) for name in RUN_TOTALS}
    verdict = verdict_of(outcome["exit_status"], totals["contacts_rejected"], totals["records_quarantined"])
    return {
        "run_id": run_id,
        **outcome,
        "verdict": verdict.value,
        **totals,
        "states_written": states_written,
        **_WRITTEN_BY,
    }


def run_outcome(
    started_at: dt.datetime,
    ended_at: dt.datetime,
    error: TargetW50Error | None,
    *,
    rerun: str,
    rerun_import_job_ids: Sequence[int],
    import_mode: str | None,
    api_url: Any,
) -> dict[str, Any]:
    """How a run ended, for `run_record`.

    Args:
        started_at: when it began.
        ended_at: when it ended.
        error: what ended it; None if it went well.
        rerun: what the next run will repeat.
        rerun_import_job_ids: the import jobs that this is about.
        import_mode: what the run did to W50; None if the settings do not say it in a way that can be read.
        api_url: as it was given: it may be wrong, if that ended the run.
    """
    return {
        "started_at": started_at.isoformat(),
        "ended_at": ended_at.isoformat(),
        "exit_status": error.exit_status if error else 0,
        "error_code": error.code if error else None,
        "error": error.message if error else None,
        "rerun": rerun,
        "rerun_import_job_ids": [*rerun_import_job_ids],
        "import_mode": import_mode,
        "api_host": _host(api_url),
    }


def _host(url: Any) -> str:
    try:
        return urlsplit(str(url)).hostname or ""
    except ValueError:
        return ""
