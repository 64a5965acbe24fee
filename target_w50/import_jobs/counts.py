"""What a stream and an import job came to, in numbers."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from target_w50.contacts.checks import FailedCheck
from target_w50.contacts.mapping import StreamMapping
from target_w50.contacts.refusal import Reason
from target_w50.import_jobs.failed_values import MOST_NAMED_OF_STREAM, FailedValues, FirstPlaces, Suspects
from target_w50.w50 import ImportJob, has_refused, rejected

if TYPE_CHECKING:
    from target_w50.w50 import RequestEvent

FIGURES_OF_W50 = {
    "contacts_inserted": "inserted_contacts",
    "contacts_updated": "updated_contacts",
    "contacts_not_updated": "not_updated_contacts",
    "contacts_dropped": "dropped_contacts",
    "invalid_emails": "invalid_email_count",
    "invalid_sms": "invalid_sms_count",
}
"""Figures of a stream, and the member of ImportJob that each sums."""


@dataclass
class StreamCounts:
    """What a stream came to in this run; the reader counts records, the workers contacts."""

    stream: str
    started_at: dt.datetime
    mapping: StreamMapping | None = None
    records_read: int = 0
    records_skipped: int = 0
    records_merged: int = 0
    merged_set_aside: int = 0
    quarantined: dict[Reason, int] = field(default_factory=dict)
    contacts_sent: int = 0
    contacts_inserted: int = 0
    contacts_updated: int = 0
    contacts_not_updated: int = 0
    contacts_dropped: int = 0
    contacts_rejected: int = 0
    invalid_emails: int = 0
    invalid_sms: int = 0
    import_jobs: int = 0
    match_values_alike: int = 0
    contacts_already_delivered: int = 0
    contacts_unchanged: int = 0
    values_named: int = 0
    failed_values: dict[str, FailedValues] = field(default_factory=dict)
    suspects: Suspects = field(default_factory=dict)

    @property
    def records_superseded(self) -> int:
        """How many records were merged into a later one of the same contact that was not set aside."""
        return self.records_merged - self.merged_set_aside

    @property
    def records_quarantined(self) -> int:
        """How many records were set aside, for whatever reason."""
        return sum(self.quarantined.values())

    def check_failed(self, failed: FailedCheck, place: int) -> bool:
        """Count a value that failed; whether it is to be named: the first of each field, within a bound."""
        known = self.failed_values.get(failed.check.field_name)
        if known is None:
            known = self.failed_values[failed.check.field_name] = FailedValues(check=failed.check)
        is_named = known.add_one(failed.message, place) and self.values_named < MOST_NAMED_OF_STREAM
        self.values_named += is_named
        return is_named

    def suspect(self, suspects: Suspects) -> None:
        """W50 refused some of a job's values: these were in it, and had failed their checks."""
        for field_name, places in suspects.items():
            self.suspects.setdefault(field_name, FirstPlaces()).add_all(places)

    def quarantine(self, reason: Reason, count: int = 1) -> None:
        """Count records that were set aside."""
        self.quarantined[reason] = self.quarantined.get(reason, 0) + count

    def add_results(self, job: ImportJob, contacts: int, suspects: Suspects) -> None:
        """Count what W50 says of a job that ended.

        Args:
            job: as W50 describes it.
            contacts: how many were sent.
            suspects: which of their values had failed their checks.
        """
        self.contacts_rejected += rejected(contacts, job)
        if has_refused(contacts, job):
            self.suspect(suspects)
        for figure, member in FIGURES_OF_W50.items():
            setattr(self, figure, getattr(self, figure) + getattr(job, member))


@dataclass
class Effort:
    """What an import job of W50 took so far."""

    started_at: dt.datetime
    batches: int = 0
    contacts_sent: int = 0
    bytes_sent: int = 0
    http_requests: int = 0
    http_retries: int = 0
    create_seconds: float = 0.0
    upload_seconds: float = 0.0
    run_seconds: float = 0.0
    warnings: dict[str, int] = field(default_factory=dict)

    def count(self, event: RequestEvent) -> None:
        """One try of a request took place."""
        self.http_requests += 1
        self.http_retries += event.attempt > 1
        self.bytes_sent += event.bytes_sent
