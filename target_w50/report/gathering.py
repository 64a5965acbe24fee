"""Metrics records put together by run, and the runs that are to be shown."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence

from target_w50.errors import InputError
from target_w50.import_jobs.counts import FIGURES_OF_W50
from target_w50.outputs.metrics import MetricsStream
from target_w50.report.ages import ago
from target_w50.report.reading import Metrics, Record, date_of
from target_w50.report.runs import FIGURES, Report, ReportedRun


def put_together(
    metrics: Metrics,
    *,
    last: int | None = None,
    since: dt.datetime | None = None,
    now: dt.datetime | None = None,
) -> Report:
    """The records by run; a run without an end of its own has what its streams and jobs tell.

    Args:
        metrics: what was read; there is a record at least.
        last: show only so many runs, those that began last.
        since: show only runs that began then or later.
        now: for `since`, to say how long ago the last run was.

    Raises:
        InputError: no run began since then.
    """
    ends = {record["run_id"]: record for record in metrics.of(MetricsStream.RUNS)}
    streams: dict[str, list[Record]] = defaultdict(list)
    jobs: dict[str, list[Record]] = defaultdict(list)
    for record in metrics.of(MetricsStream.STREAMS):
        streams[record["run_id"]].append(record)
    for record in metrics.of(MetricsStream.IMPORT_JOBS):
        jobs[record["run_id"]].append(record)
    ids = dict.fromkeys([*ends, *streams, *jobs])
    runs = [_run(each, ends.get(each), streams[each], jobs[each]) for each in ids]
    every = sorted(runs, key=lambda run: run.started_at)
    shown = [run for run in every if since is None or run.started_at >= since][-(last or 0) :]
    if not shown:
        newest = every[-1].started_at
        age = "" if now is None else f", {ago(newest, now)}"
        raise InputError(
            f"No run began since {since:%Y-%m-%d %H:%M} UTC. The last one began {newest:%Y-%m-%d %H:%M} UTC"
            f"{age}: see whether whatever starts the runs still does, or name an earlier date.",
            code="no_metrics",
        )
    return Report(shown, every)


def _run(run_id: str, end: Record | None, streams: Sequence[Record], jobs: Sequence[Record]) -> ReportedRun:
    every = [end] if end else [*streams, *jobs]
    return ReportedRun(
        run_id,
        end,
        streams,
        jobs,
        min(date_of(record, "started_at") for record in every),
        max(date_of(record, "ended_at") for record in every),
        _figures(end, streams, jobs),
    )


def _figures(end: Record | None, streams: Sequence[Record], jobs: Sequence[Record]) -> dict[str, int]:
    if streams:
        return {name: _sum(streams, name) for name in FIGURES}
    if end is not None:
        return {name: int(end.get(name, 0)) for name in FIGURES}
    finished = [job for job in jobs if job["outcome"] == "finished"]
    of_jobs = {
        **FIGURES_OF_W50,
        "contacts_sent": "contacts_sent",
        "contacts_rejected": "contacts_rejected",
    }
    known = {name: _sum(finished, member) for name, member in of_jobs.items()}
    return {**dict.fromkeys(FIGURES, 0), **known, "import_jobs": len(finished)}


def _sum(records: Iterable[Record], name: str) -> int:
    return sum(int(record[name]) for record in records)
