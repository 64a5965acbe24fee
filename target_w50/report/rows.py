"""The page's rows: each run with its jobs and streams as far as there is room, and what is older by month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from target_w50.contacts.refusal import Reason
from target_w50.report.needs import LeftBehind, failed_checks
from target_w50.report.reading import Record, date_of
from target_w50.report.runs import Report, ReportedRun

RUNS_TOLD = 60
"""Runs that are told one by one, the newest."""
ROWS_TOLD = 600
"""Import jobs and streams of all those runs together."""
ROWS_OF_A_RUN = 40
MONTHS_TOLD = 60
_NAMES_OF_A_CELL = 12

JOB_COLUMNS = (
    *("Import job", "Outcome", "List", "Stream", "Sent", "Inserted", "Updated", "Rejected", "Invalid"),
    *("Requests", "Retries", "Upload s", "Run s", "Ended (UTC)"),
)
STREAM_COLUMNS = (
    *("Stream", "List", "Read", "Not sent", "Sent", "Inserted", "Updated", "Not updated", "Dropped"),
    *("Rejected", "Invalid", "Quarantined", "Jobs"),
)


@dataclass(frozen=True)
class Row:
    """A line of a table with what is said below it."""

    cells: Sequence[str]
    tone: str = ""
    below: str | None = None


@dataclass(frozen=True)
class ToldRun:
    """A run as the page tells it.

    Attributes:
        anchor: its id on the page.
        left_out: jobs and streams that there was no room for.
    """

    run: ReportedRun
    anchor: str
    jobs: Sequence[Row]
    streams: Sequence[Row]
    left_out: int


@dataclass
class Month:
    """The runs of a month, in sum."""

    name: str
    runs: int = 0
    failed: int = 0
    sent: int = 0
    inserted: int = 0
    updated: int = 0
    rejected: int = 0
    quarantined: int = 0

    @property
    def row(self) -> Row:
        """As a line of a table."""
        figures = (self.runs, self.failed, self.sent, self.inserted, self.updated, self.rejected)
        return Row((self.name, *(f"{each:,}" for each in (*figures, self.quarantined))))


def told_runs(report: Report) -> tuple[list[ToldRun], list[ReportedRun]]:
    """The newest runs, the newest first, and those that are too many to be told one by one."""
    room = ROWS_TOLD
    told = []
    newest_first = list(reversed(report.runs))
    for index, run in enumerate(newest_first[:RUNS_TOLD], 1):
        most = min(room, ROWS_OF_A_RUN)
        jobs = [_job_row(each) for each in run.jobs_by_gravity[:most]]
        streams = [_stream_row(each) for each in run.streams[: most - len(jobs)]]
        room -= len(jobs) + len(streams)
        left_out = len(run.jobs) + len(run.streams) - len(jobs) - len(streams)
        told.append(ToldRun(run, f"run-{index}", jobs, streams, left_out))
    return told, newest_first[RUNS_TOLD:]


def by_month(runs: Sequence[ReportedRun]) -> list[Row]:
    """Runs in sums by month, in their order."""
    months: dict[str, Month] = {}
    for run in runs:
        name = run.started_at.strftime("%Y-%m")
        if name not in months and len(months) == MONTHS_TOLD:
            name = "before"
        month = months.setdefault(name, Month(name))
        month.runs += 1
        month.failed += not run.went_well
        month.sent += run.figures["contacts_sent"]
        month.inserted += run.figures["contacts_inserted"]
        month.updated += run.figures["contacts_updated"]
        month.rejected += run.figures["contacts_rejected"]
        month.quarantined += run.figures["records_quarantined"]
    return [each.row for each in months.values()]


def left_behind_row(left: LeftBehind) -> Row:
    """What did not become a contact of a stream, as a line of a table."""
    by_reason, by_field = (
        [f"{count:,} {name}" for name, count in counts.items()] for counts in (left.quarantined, left.checks)
    )
    ignored = [f"{name} (new)" if name in left.newly_ignored else name for name in left.ignored]
    return Row((left.stream, _listed(by_reason), _listed(by_field), _listed(ignored, 40)))


def _listed(names: Sequence[str], most: int = _NAMES_OF_A_CELL) -> str:
    more = len(names) - most
    return ", ".join([*names[:most], *([f"{more:,} more"] if more > 0 else [])]) or "none"


def _job_row(job: Record) -> Row:
    counts = (
        *("contacts_sent", "inserted_contacts", "updated_contacts", "contacts_rejected"),
        *("http_requests", "http_retries"),
    )
    sent, inserted, updated, rejected, requests, retries = (f"{job[name]:,}" for name in counts)
    invalid = f"{job['invalid_email_count'] + job['invalid_sms_count']:,}"
    cells = (
        *(str(job["import_job_id"]), job["outcome"], str(job["contact_list_id"]), job["stream"]),
        *(sent, inserted, updated, rejected, invalid, requests, retries),
        *(f"{job['upload_seconds']:,.1f}", f"{job['run_seconds']:,.1f}"),
        date_of(job, "ended_at").strftime("%m-%d %H:%M:%S"),
    )
    said = [job["error"]] if job["error"] else []
    warnings = sorted(job["validation_warnings"].items(), key=lambda pair: -pair[1])[:_NAMES_OF_A_CELL]
    said += [f"W50 warned {count:,} times: {text}" for text, count in warnings]
    tone = {"finished": "good", "created": "good", "failed": "bad", "unknown": "bad"}.get(
        job["outcome"], "warn"
    )
    return Row(cells, tone, " ".join(said) or None)


def _stream_row(stream: Record) -> Row:
    list_id, name = stream["contact_list_id"], stream["contact_list_name"]
    place = "none" if list_id is None else f"{list_id} {name or ''}".strip()
    not_sent = stream["contacts_already_delivered"] + stream["contacts_unchanged"]
    names = (
        *("contacts_sent", "contacts_inserted", "contacts_updated", "contacts_not_updated"),
        *("contacts_dropped", "contacts_rejected"),
    )
    invalid = stream["invalid_emails"] + stream["invalid_sms"]
    figures = (stream["records_read"], not_sent, *(stream[each] for each in names), invalid)
    last = (stream["records_quarantined"], stream["import_jobs"])
    cells = (stream["stream"], place, *(f"{each:,}" for each in (*figures, *last)))
    return Row(cells, below=_said_of(stream))


def _said_of(stream: Record) -> str | None:
    reasons = {each.value: stream.get(f"quarantined_{each.value}", 0) for each in Reason}
    said = {
        "Quarantined": [f"{count:,} {reason}" for reason, count in reasons.items() if count],
        "Failed checks": [f"{count:,} {name}" for name, count in failed_checks(stream).items()],
        "Ignored properties": list(stream["ignored_properties"]),
    }
    return ". ".join(f"{what}: {_listed(names)}" for what, names in said.items() if names) or None
