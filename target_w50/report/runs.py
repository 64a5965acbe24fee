"""Metrics records put together: one run with its streams and import jobs, and sums by contact list."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from target_w50.import_jobs.counts import FIGURES_OF_W50
from target_w50.outputs.metrics import MetricsStream
from target_w50.report.reading import Metrics, Record, date_of

TROUBLED = {"failed": 0, "unknown": 1}
"""Outcomes of import jobs that somebody must look at, the gravest first."""

FIGURES = (
    "records_read",
    "contacts_sent",
    "contacts_inserted",
    "contacts_updated",
    "contacts_not_updated",
    "contacts_dropped",
    "contacts_rejected",
    "invalid_emails",
    "invalid_sms",
    "records_quarantined",
    "import_jobs",
    "contacts_already_delivered",
    "contacts_unchanged",
)


@dataclass(frozen=True)
class ReportedRun:
    """One run.

    Attributes:
        end: its record of `w50_runs`; None if it was killed before it could write one.
        figures: sums of its streams' figures.
    """

    run_id: str
    end: Record | None
    streams: Sequence[Record]
    jobs: Sequence[Record]
    started_at: dt.datetime
    ended_at: dt.datetime
    figures: dict[str, int]

    @property
    def seconds(self) -> float:
        """How long it took."""
        return max((self.ended_at - self.started_at).total_seconds(), 0.0)

    @property
    def contacts_per_second(self) -> float:
        """Contacts sent in a second of the run."""
        return self.figures["contacts_sent"] / self.seconds if self.seconds else 0.0

    @property
    def invalid(self) -> int:
        """What W50 says of e-mail addresses and of numbers for text messages."""
        return self.figures["invalid_emails"] + self.figures["invalid_sms"]

    @property
    def not_sent(self) -> int:
        """Contacts that W50 had already: unchanged, or delivered by an earlier run."""
        return self.figures["contacts_unchanged"] + self.figures["contacts_already_delivered"]

    @property
    def went_well(self) -> bool:
        """Whether it ended with exit status 0."""
        return self.end is not None and self.end["exit_status"] == 0

    @property
    def ending(self) -> str:
        """How it ended, in words."""
        if self.end is None:
            return "no end recorded"
        status, code = self.end["exit_status"], self.end["error_code"]
        return "all well" if status == 0 else f"exit {status}, {code}"

    @property
    def troubled_jobs(self) -> list[Record]:
        """Its failed and unknown import jobs, failed ones first."""
        found = [job for job in self.jobs if job["outcome"] in TROUBLED]
        return sorted(found, key=lambda job: TROUBLED[job["outcome"]])

    @property
    def jobs_by_gravity(self) -> list[Record]:
        """All its import jobs, failed and unknown ones first."""
        return sorted(self.jobs, key=lambda job: TROUBLED.get(job["outcome"], len(TROUBLED)))


@dataclass(frozen=True)
class ListSums:
    """What all runs together did to one contact list."""

    name: str
    inserted: int
    updated: int
    rejected: int
    invalid: int


@dataclass(frozen=True)
class Report:
    """All runs, the oldest first; there is at least one."""

    runs: Sequence[ReportedRun]

    @property
    def newest(self) -> ReportedRun:
        """The run that began last."""
        return self.runs[-1]

    @property
    def troubled(self) -> list[tuple[ReportedRun, Record]]:
        """Failed and unknown import jobs with their runs: failed first, the newest of each first."""
        pairs = [(run, job) for run in reversed(self.runs) for job in run.troubled_jobs]
        return sorted(pairs, key=lambda pair: TROUBLED[pair[1]["outcome"]])

    @property
    def not_well_otherwise(self) -> list[ReportedRun]:
        """Runs that did not end well, and have no failed or unknown import job that tells why."""
        return [run for run in self.not_well if not run.troubled_jobs]

    @property
    def not_well(self) -> list[ReportedRun]:
        """Runs that did not end well, the newest first."""
        return [run for run in reversed(self.runs) if not run.went_well]

    def total(self, figure: str) -> int:
        """The sum of a figure over all runs."""
        return sum(run.figures[figure] for run in self.runs)

    def lists(self) -> list[ListSums]:
        """The sums by contact list, in the order of their ids."""
        sums: dict[int, dict[str, int]] = defaultdict(lambda: dict.fromkeys(FIGURES, 0))
        names: dict[int, str] = {}
        for run in self.runs:
            for stream in run.streams:
                list_id = stream["contact_list_id"]
                if list_id is None:
                    continue
                names[list_id] = f"{list_id} {stream['contact_list_name'] or ''}".strip()
                for figure in FIGURES:
                    sums[list_id][figure] += stream[figure]
        return [
            ListSums(
                names[each],
                sums[each]["contacts_inserted"],
                sums[each]["contacts_updated"],
                sums[each]["contacts_rejected"],
                sums[each]["invalid_emails"] + sums[each]["invalid_sms"],
            )
            for each in sorted(sums)
        ]


def put_together(metrics: Metrics, *, last: int | None = None) -> Report:
    """The records by run; a run without an end of its own has what its streams and jobs tell.

    Args:
        metrics: what was read; there is a record at least.
        last: only so many runs, those that began last.
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
    return Report(sorted(runs, key=lambda run: run.started_at)[-(last or 0) :])


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
    # Records of earlier versions lack figures that came later.
    return sum(int(record.get(name, 0)) for record in records)
