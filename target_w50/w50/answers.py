"""What is read out of an answer, and whether it is about what was asked for: else it is not believed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from target_w50.w50.import_job import ImportJob
from target_w50.w50.models import ContactsList, MemberError, UploadAnswer

T = TypeVar("T")
Reader = Callable[[Any, list[str]], T]
"""Reads a decoded answer, and adds to the list the names of members that could not be read.

Raises:
    MemberError: it can't be read at all, or is not to be believed.
"""

_logger = logging.getLogger(__name__)
_OTHER_LIST = "it is about another contact list"
_OTHER_JOB = "it is about another import job"


class Misfits:
    """Says of each member that W50 leaves out or misforms, once, that it does.

    Args:
        host: whose answers they are.
    """

    def __init__(self, host: str) -> None:
        self._host = host
        self._told: frozenset[str] = frozenset()

    def tell(self, names: list[str]) -> None:
        """Warn of those of these members that were not told yet; no values."""
        news = [name for name in dict.fromkeys(names) if name not in self._told]
        if not news:
            return
        self._told |= frozenset(news)
        _logger.warning(
            "An answer of %s has no %s that can be read: taken as 0 or as not set, and said only once",
            self._host,
            ", ".join(news),
        )


class OtherAnswerError(MemberError):
    """The answer is about something else than was asked for: it may belong to another request."""


def collection(read: Callable[[Any, list[str]], T]) -> Reader[tuple[T, ...]]:
    """Return what reads a collection whose items `read` reads."""

    def read_all(wire: Any, misfits: list[str]) -> tuple[T, ...]:
        if not isinstance(wire, list):
            raise MemberError("something else came instead of a collection")
        return tuple(read(item, misfits) for item in wire)

    return read_all


def contact_list(list_id: int) -> Reader[ContactsList]:
    """Return what reads this contact list."""

    def read(wire: Any, misfits: list[str]) -> ContactsList:
        found = ContactsList.from_wire(wire, misfits)
        if found.id != list_id:
            raise OtherAnswerError(_OTHER_LIST)
        return found

    return read


def import_job(list_id: int, job_id: int | None = None) -> Reader[ImportJob]:
    """Return what reads an import job of this list: this one, or a new one."""

    def read(wire: Any, misfits: list[str]) -> ImportJob:
        job = ImportJob.from_wire(wire, misfits)
        _check_ids(job.contact_list_id, job.id, list_id, job_id)
        return job

    return read


def upload(list_id: int, job_id: int, contacts: int | None) -> Reader[UploadAnswer]:
    """Return what reads the answer to an upload of so many contacts (None: nobody counted them).

    Its content is not documented, so nothing in it is required; but an ImportJob must be this one, and what
    counts contacts must not count others than were sent.
    """

    def read(wire: Any, _misfits: list[str]) -> UploadAnswer:
        if isinstance(wire, Mapping) and "ContactListId" in wire:
            _check_ids(wire["ContactListId"], wire.get("Id", job_id), list_id, job_id)
        if contacts is not None and counts_others(wire, contacts):
            raise MemberError("it counts other contacts than were sent")
        return UploadAnswer.from_wire(wire)

    return read


def counts_others(wire: Any, contacts: int) -> bool:
    """Say whether an answer to an upload counts what W50 took, and counts otherwise than what was sent.

    What counts:

    - An array of as many contacts as it has. An empty one says nothing, and neither does a shorter one in
      which each contact has ValidationWarnings: those may be all that W50 has to say.
    - An object's counters (of an ImportJob, or `Count`), where one is not 0: before `run` they say nothing.
      They may be of all the job's batches, and invalid addresses may be counted apart: only fewer than were
      sent, with all that is counted, are fewer than were sent.
    - A bare number from 2 to fewer than were sent. It may as well be a code, an id or the job's total.
    """
    if isinstance(wire, list) and all(isinstance(item, Mapping) for item in wire):
        if len(wire) >= contacts:
            return len(wire) > contacts
        warned = UploadAnswer.from_wire(wire).warnings
        return len(warned) < len(wire)
    if isinstance(wire, Mapping):
        taken = _counted(wire)
        return 0 < taken < contacts
    is_number = isinstance(wire, int) and not isinstance(wire, bool)
    return is_number and 1 < wire < contacts


def _counted(wire: Mapping[str, Any]) -> int:
    def of(*names: str) -> int:
        values = [wire.get(name) for name in names]
        return sum(value for value in values if isinstance(value, int) and not isinstance(value, bool))

    taken = max(of("TotalContacts"), of("InsertedContacts", "UpdatedContacts"), of("Count"))
    others = of("NotUpdatedContacts", "DroppedContacts")
    return taken + others and taken + others + of("InvalidEmailCount", "InvalidSmsCount")


def _check_ids(found_list: Any, found_job: Any, list_id: int, job_id: int | None) -> None:
    if found_list != list_id:
        raise OtherAnswerError(_OTHER_LIST)
    if job_id is not None and found_job != job_id:
        raise OtherAnswerError(_OTHER_JOB)
