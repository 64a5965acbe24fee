"""One run with its streams and import jobs, and all runs of a report with their sums by contact list."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from target_w50.contacts.refusal import Reason
from target_w50.report.reading import Record

TROUBLED = {"failed": 0, "unknown": 1}
"""Outcomes of import jobs that somebody must look at, the gravest first."""

LIST_TAKEN = 7
"""The exit status of a run whose list another one held."""

GOOD_OUTCOMES = ("finished", "created")

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


_LONGEST = 40
"""Characters of a list's name where several stand in a row."""


class Tone(str, Enum):
    """How grave something is; the page's colours and signs go by it."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    QUIET = "quiet"


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

    @cached_property
    def is_dry(self) -> bool:
        """Whether it was a dry run: it says so, or it read records for a list and sent nothing of them."""
        if self.end is None or self.jobs:
            return False
        if self.end["import_mode"] is not None:
            return bool(self.end["import_mode"] == "dry_run")
        # A record of an earlier version: where a load ends well, what it read is accounted for.
        to_send = sum(
            each["records_read"] - each["records_quarantined"] - each["records_skipped"]
            - each["records_superseded"] - each["contacts_already_delivered"] - each["contacts_unchanged"]
            for each in self.streams if each["contact_list_id"] is not None
        )  # fmt: skip
        states = self.end["states_written"]
        return self.went_well and to_send > 0 and not states and not self.figures["contacts_sent"]

    @property
    def has_rejections(self) -> bool:
        """Whether W50 rejected contacts, or records were set aside."""
        if self.end is not None and self.end["verdict"] is not None:
            return bool(self.end["verdict"] == "well_with_rejections")
        return self.figures["contacts_rejected"] + self.figures["records_quarantined"] > 0

    @property
    def tone(self) -> Tone:
        """How grave its end is."""
        if not self.went_well:
            return Tone.BAD
        if self.is_dry:
            return Tone.QUIET
        return Tone.WARN if self.has_rejections else Tone.GOOD

    @property
    def ending(self) -> str:
        """How it ended, in words."""
        if self.end is None:
            return "no end recorded"
        status, code = self.end["exit_status"], self.end["error_code"]
        return "all well" if status == 0 else f"exit {status}, {code}"

    @property
    def rejections(self) -> str:
        """What was rejected and set aside, in words; nothing where all was taken."""
        said = (
            (self.figures["contacts_rejected"], "contact", "rejected"),
            (self.figures["records_quarantined"], "record", "quarantined"),
        )
        return ", ".join(
            f"{count:,} {what if count == 1 else what + 's'} {how}" for count, what, how in said if count
        )

    @property
    def troubled_jobs(self) -> list[Record]:
        """Its failed and unknown import jobs, failed ones first."""
        found = [job for job in self.jobs if job["outcome"] in TROUBLED]
        return sorted(found, key=lambda job: TROUBLED[job["outcome"]])

    @property
    def came_too_late(self) -> bool:
        """Whether it found its list taken, and so sent nothing."""
        taken = self.end is not None and self.end["exit_status"] == LIST_TAKEN
        return taken and not self.jobs and not self.figures["contacts_sent"]

    def is_waited_for(self, job: Record) -> bool:
        """Whether the next run waits for this job of it, so that nobody need look at it."""
        return (
            job["outcome"] == "unknown"
            and self.end is not None
            and self.end["rerun"] == "wait"
            and job["import_job_id"] in self.end["rerun_import_job_ids"]
        )

    @property
    def jobs_by_gravity(self) -> list[Record]:
        """All its import jobs, failed and unknown ones first."""
        return sorted(self.jobs, key=lambda job: TROUBLED.get(job["outcome"], len(TROUBLED)))

    @cached_property
    def list_ids(self) -> frozenset[int]:
        """The contact lists that it had to do with."""
        of_streams = {each["contact_list_id"] for each in self.streams}
        return frozenset((of_streams | {each["contact_list_id"] for each in self.jobs}) - {None})

    @property
    def list_words(self) -> str:
        """The contact lists that it had to do with, by name, as far as there are few."""
        names = {each["contact_list_id"]: each["contact_list_name"] for each in self.streams}
        few = 3
        if len(self.list_ids) > few:
            return f"{len(self.list_ids)} lists"
        return ", ".join((names.get(each) or f"list {each}")[:_LONGEST] for each in sorted(self.list_ids))

    @property
    def quarantined(self) -> dict[str, int]:
        """Records that it set aside, by reason."""
        counts = {
            each.value: sum(stream.get(f"quarantined_{each.value}", 0) for stream in self.streams)
            for each in Reason
        }
        return {reason: count for reason, count in counts.items() if count}


@dataclass(frozen=True)
class ListSums:
    """What all runs together did to one contact list."""

    id: int
    name: str
    inserted: int
    updated: int
    rejected: int
    invalid: int


@dataclass(frozen=True)
class Report:
    """All runs, the oldest first; there is at least one.

    Attributes:
        runs: those that are shown.
        every: all that the files tell of: how fresh a list is does not hang on what is shown.
    """

    runs: Sequence[ReportedRun]
    every: Sequence[ReportedRun]

    @property
    def newest(self) -> ReportedRun:
        """The run that began last."""
        return self.runs[-1]

    @property
    def loads(self) -> list[ReportedRun]:
        """The runs but the dry ones."""
        return [run for run in self.runs if not run.is_dry]

    @property
    def troubled(self) -> list[tuple[ReportedRun, Record]]:
        """Failed and unknown import jobs with their runs: failed first, the newest of each first."""
        pairs = [(run, job) for run in reversed(self.runs) for job in run.troubled_jobs]
        return sorted(pairs, key=lambda pair: TROUBLED[pair[1]["outcome"]])

    def list_names(self) -> Mapping[int, str]:
        """The contact lists by id, each under its last name; it is empty where no run tells one."""
        names: dict[int, str] = {}
        for run in self.every:
            names.update({each: names.get(each, "") for each in run.list_ids})
            for stream in run.streams:
                if stream["contact_list_id"] is not None and stream["contact_list_name"]:
                    names[stream["contact_list_id"]] = stream["contact_list_name"]
        return dict(sorted(names.items()))

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
                each,
                names[each],
                sums[each]["contacts_inserted"],
                sums[each]["contacts_updated"],
                sums[each]["contacts_rejected"],
                sums[each]["invalid_emails"] + sums[each]["invalid_sms"],
            )
            for each in sorted(sums)
        ]
