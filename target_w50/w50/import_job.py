"""ImportJob: its 13 members under their names, and whether it ended, failed, rejected contacts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from target_w50.w50.models import Members, parse_date

ALL_PERCENT = 100


@dataclass(frozen=True)
class ImportJob:
    """An import job as W50 last described it; the dates are kept as W50 wrote them.

    W50 API documentation: all 13 members are on every answer. A counter that is null counts as 0.
    """

    id: int
    contact_list_id: int
    invalid_email_count: int
    invalid_sms_count: int
    progress_percent: int
    current_status: str | None
    start_date_text: str | None
    finish_date_text: str | None
    inserted_contacts: int
    updated_contacts: int
    dropped_contacts: int
    not_updated_contacts: int
    total_contacts: int

    @property
    def start_date(self) -> datetime | None:
        """When the job started; None when it has not."""
        return parse_date(self.start_date_text or "")

    @property
    def finish_date(self) -> datetime | None:
        """When the job finished; None when it has not."""
        return parse_date(self.finish_date_text or "")

    @classmethod
    def from_wire(cls, wire: Any) -> ImportJob:
        """Read a decoded ImportJob.

        Raises:
            MemberError: it is not one.
        """
        members = Members("ImportJob", wire)
        return cls(
            id=members.integer("Id"),
            contact_list_id=members.integer("ContactListId"),
            invalid_email_count=members.count("InvalidEmailCount"),
            invalid_sms_count=members.count("InvalidSmsCount"),
            progress_percent=members.count("ProgressPercent"),
            current_status=members.text("CurrentStatus"),
            start_date_text=members.date_text("StartDate"),
            finish_date_text=members.date_text("FinishDate"),
            inserted_contacts=members.count("InsertedContacts"),
            updated_contacts=members.count("UpdatedContacts"),
            dropped_contacts=members.count("DroppedContacts"),
            not_updated_contacts=members.count("NotUpdatedContacts"),
            total_contacts=members.count("TotalContacts"),
        )

    def as_wire(self) -> dict[str, Any]:
        """Return the 13 members named, ordered and dated as W50 does."""
        return {
            "Id": self.id,
            "ContactListId": self.contact_list_id,
            "InvalidEmailCount": self.invalid_email_count,
            "InvalidSmsCount": self.invalid_sms_count,
            "ProgressPercent": self.progress_percent,
            "CurrentStatus": self.current_status,
            "StartDate": self.start_date_text,
            "FinishDate": self.finish_date_text,
            "InsertedContacts": self.inserted_contacts,
            "UpdatedContacts": self.updated_contacts,
            "DroppedContacts": self.dropped_contacts,
            "NotUpdatedContacts": self.not_updated_contacts,
            "TotalContacts": self.total_contacts,
        }


def has_failed(seen: ImportJob, failure_statuses: Iterable[str]) -> bool:
    """Whether W50 says that the job failed: its whole status, trimmed and without regard to case."""
    status = (seen.current_status or "").strip().casefold()
    return any(status == each.strip().casefold() for each in failure_statuses)


def has_ended(seen: ImportJob, failure_statuses: Iterable[str]) -> bool:
    """Whether W50 says that the job has ended, well or badly."""
    return (
        seen.finish_date is not None
        or seen.progress_percent >= ALL_PERCENT
        or has_failed(seen, failure_statuses)
    )


def rejected(sent: int, job: ImportJob) -> int:
    """Contacts of an import job that W50 neither inserted, updated nor left as they were."""
    return max(0, sent - job.inserted_contacts - job.updated_contacts - job.not_updated_contacts)


def snake_case_members(job: ImportJob) -> dict[str, Any]:
    """The 13 members of ImportJob in snake_case, dates with their zone and at most six digits."""
    return {
        "id": job.id,
        "invalid_email_count": job.invalid_email_count,
        "invalid_sms_count": job.invalid_sms_count,
        "progress_percent": job.progress_percent,
        "current_status": job.current_status,
        "start_date": job.start_date.isoformat() if job.start_date else None,
        "finish_date": job.finish_date.isoformat() if job.finish_date else None,
        "inserted_contacts": job.inserted_contacts,
        "updated_contacts": job.updated_contacts,
        "dropped_contacts": job.dropped_contacts,
        "not_updated_contacts": job.not_updated_contacts,
        "total_contacts": job.total_contacts,
    }
