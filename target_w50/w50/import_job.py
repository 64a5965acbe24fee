"""ImportJob: its 13 members under their names, and whether it ended, failed, rejected contacts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import Enum
from typing import Any, Final

from target_w50.w50.models import Members, parse_date
from target_w50.w50.plain_words import plain_words

ALL_PERCENT = 100
_NEVER = frozenset({1900, 9999})
"""Years that say "never" in SQL; year 1, .NET's, is read as no date at all."""
_FIRST_WORD = re.compile(r"\w+")


class MemberKind(Enum):
    """What a member of ImportJob is; an answer must have the ids."""

    ID = "an integer"
    CONTACTS = "a number of contacts"
    ADDRESSES = "a number of e-mail addresses or text-message numbers"
    PERCENT = "percent done"
    TEXT = "a text"
    DATE = "a date"

    @property
    def is_integer(self) -> bool:
        """Whether it is an integer on the wire."""
        return self not in (MemberKind.TEXT, MemberKind.DATE)


_COUNTERS: Final = (MemberKind.CONTACTS, MemberKind.ADDRESSES)

_READERS: Final[Mapping[MemberKind, Callable[[Members, str], Any]]] = {
    MemberKind.ID: Members.integer,
    MemberKind.CONTACTS: Members.count,
    MemberKind.ADDRESSES: Members.count,
    MemberKind.PERCENT: Members.count,
    MemberKind.TEXT: Members.short_text,
    MemberKind.DATE: Members.date_text,
}


def _of_wire(name: str, kind: MemberKind) -> Mapping[str, Any]:
    return {"name": name, "kind": kind}


@dataclass(frozen=True)
class ImportJob:
    """An import job as W50 last described it; the dates are kept as W50 wrote them.

    W50 API documentation: all 13 members are on every answer. A counter that is null counts as 0. What stands
    here is the table of them: reading, writing, states, metrics and XML are made from it.
    """

    id: int = field(metadata=_of_wire("Id", MemberKind.ID))
    contact_list_id: int = field(metadata=_of_wire("ContactListId", MemberKind.ID))
    invalid_email_count: int = field(metadata=_of_wire("InvalidEmailCount", MemberKind.ADDRESSES))
    invalid_sms_count: int = field(metadata=_of_wire("InvalidSmsCount", MemberKind.ADDRESSES))
    progress_percent: int = field(metadata=_of_wire("ProgressPercent", MemberKind.PERCENT))
    current_status: str | None = field(metadata=_of_wire("CurrentStatus", MemberKind.TEXT))
    start_date_text: str | None = field(metadata=_of_wire("StartDate", MemberKind.DATE))
    finish_date_text: str | None = field(metadata=_of_wire("FinishDate", MemberKind.DATE))
    inserted_contacts: int = field(metadata=_of_wire("InsertedContacts", MemberKind.CONTACTS))
    updated_contacts: int = field(metadata=_of_wire("UpdatedContacts", MemberKind.CONTACTS))
    dropped_contacts: int = field(metadata=_of_wire("DroppedContacts", MemberKind.CONTACTS))
    not_updated_contacts: int = field(metadata=_of_wire("NotUpdatedContacts", MemberKind.CONTACTS))
    total_contacts: int = field(metadata=_of_wire("TotalContacts", MemberKind.CONTACTS))

    @property
    def start_date(self) -> datetime | None:
        """When the job started; None when it has not."""
        return parse_date(self.start_date_text or "")

    @property
    def finish_date(self) -> datetime | None:
        """When the job finished; None when it has not."""
        return parse_date(self.finish_date_text or "")

    @property
    def counters(self) -> tuple[int, ...]:
        """All that it counts."""
        return tuple(getattr(self, each.attribute) for each in IMPORT_JOB_MEMBERS if each.kind in _COUNTERS)

    @classmethod
    def from_wire(cls, wire: Any, misfits: list[str] | None = None) -> ImportJob:
        """Read a decoded ImportJob; `misfits` takes the names of members that were read as 0 or None.

        Raises:
            MemberError: it is not one, or lacks an id.
        """
        members = Members("ImportJob", wire, misfits)
        return cls(**{each.attribute: _READERS[each.kind](members, each.name) for each in IMPORT_JOB_MEMBERS})

    def status_in_words(self, known: Iterable[str] = ()) -> str | None:
        """Return what may be shown of the status: as W50 wrote it where it holds nothing but plain words.

        Args:
            known: whole statuses to show beside those, as the settings name them.
        """
        status = self.current_status
        if status is None or status.strip().casefold() in {each.strip().casefold() for each in known}:
            return status
        words = plain_words(status)
        return status if words == " ".join(status.split()) else words

    def as_wire(self) -> dict[str, Any]:
        """Return the 13 members named, ordered and dated as W50 does."""
        return {each.name: getattr(self, each.attribute) for each in IMPORT_JOB_MEMBERS}


@dataclass(frozen=True)
class JobMember:
    """One of ImportJob's members.

    Attributes:
        name: on the wire.
        attribute: where `ImportJob` keeps it as W50 wrote it.
        kind: what it is.
    """

    name: str
    attribute: str
    kind: MemberKind

    @property
    def snake_case(self) -> str:
        """Its name in metrics: also the attribute that has it as Python does, dates parsed."""
        return self.attribute.removesuffix("_text")


IMPORT_JOB_MEMBERS: Final = tuple(
    JobMember(each.metadata["name"], each.name, each.metadata["kind"]) for each in fields(ImportJob)
)
"""The 13 members, in W50's order."""


def has_failed(seen: ImportJob, failure_statuses: Iterable[str]) -> bool:
    """Whether W50 says that the job failed: by its whole status or its first word, without regard to case.

    W50 API documentation: a status is text; which there are is not said. `Failed: disk full` is a failure.
    """
    status = (seen.current_status or "").strip().casefold()
    said = {status, *_FIRST_WORD.findall(status)[:1]} - {""}
    return any(each.strip().casefold() in said for each in failure_statuses)


def has_ended(seen: ImportJob, failure_statuses: Iterable[str], before: ImportJob | None = None) -> bool:
    """Whether W50 says that the job has ended, well or badly.

    Args:
        seen: the job.
        failure_statuses: statuses that mean that it failed.
        before: the job as it stood before it was run. Its date says nothing about the run, nor does its
            percentage where nothing was counted since.
    """
    finished = seen.finish_date
    is_dated = finished is not None and finished.year not in _NEVER
    is_complete = seen.progress_percent >= ALL_PERCENT
    if before is not None:
        is_dated = is_dated and seen.finish_date_text != before.finish_date_text
        is_complete = is_complete and (
            before.progress_percent < ALL_PERCENT or seen.counters != before.counters
        )
    return is_dated or is_complete or has_failed(seen, failure_statuses)


def arrived(job: ImportJob) -> int:
    """Contacts of an import job that are in the list now: inserted, updated, or as they were."""
    taken = max(job.inserted_contacts + job.updated_contacts, job.total_contacts)
    return taken + job.not_updated_contacts


def rejected(sent: int, job: ImportJob) -> int:
    """Contacts of an import job that W50 neither inserted, updated nor left as they were."""
    return max(0, sent - job.inserted_contacts - job.updated_contacts - job.not_updated_contacts)


def has_refused(sent: int, job: ImportJob) -> bool:
    """Whether W50 counted a value or a contact that it did not take."""
    return job.invalid_email_count > 0 or job.invalid_sms_count > 0 or rejected(sent, job) > 0


def snake_case_members(job: ImportJob) -> dict[str, Any]:
    """The 13 members of ImportJob in snake_case, dates with their zone and at most six digits.

    Of the status, what may be shown.
    """
    members = {each.snake_case: getattr(job, each.snake_case) for each in IMPORT_JOB_MEMBERS}
    members["current_status"] = job.status_in_words()
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in members.items()
    }
