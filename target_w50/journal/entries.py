"""One import job as the journal has it, and how far it came."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from target_w50.journal.database import Row
from target_w50.w50 import ImportJob


class JournalPhase(str, Enum):
    """How far an import job came, as far as it was written down."""

    CREATING = "creating"
    """W50 was about to be asked for a job."""
    FILLING = "filling"
    """W50 gave an id; contacts are sent."""
    INTENT = "intent"
    """`run` was about to be sent, or was sent: only W50's status tells."""
    RUNNING = "running"
    """W50 runs it, or ran it; how it ended is not written down."""
    FINISHED = "finished"
    """It ended well."""
    COVERED = "covered"
    """The state line that passes its contacts was written."""
    ABANDONED = "abandoned"
    """It is never run, or it came to nothing; its contacts count as not delivered."""
    WITHOUT_EVENTS = "without events"
    """The same, as somebody said; and its contacts are sent again without its custom events."""


PHASE_WORDS = {
    JournalPhase.CREATING: "being created",
    JournalPhase.FILLING: "being filled",
    JournalPhase.INTENT: "perhaps run",
    JournalPhase.RUNNING: "run, its end not seen",
    JournalPhase.FINISHED: "ended well",
    JournalPhase.COVERED: "ended well, its state written",
    JournalPhase.ABANDONED: "given up",
    JournalPhase.WITHOUT_EVENTS: "given up, its events never to fire",
}
"""How far a job came, for people."""
NOT_RUN = (JournalPhase.CREATING, JournalPhase.FILLING)
MAY_RUN = (JournalPhase.INTENT, JournalPhase.RUNNING)
DELIVERED = (JournalPhase.FINISHED, JournalPhase.COVERED)
FIRED = (*DELIVERED, JournalPhase.WITHOUT_EVENTS)
"""What counts as fired until it is settled."""
OPEN = (*NOT_RUN, *MAY_RUN)
COLUMNS = (
    "id, account, contact_list_id, stream, run_id, host, process, epoch, phase, import_job_id, "
    "custom_events, contacts, before_run, result, reason, created, changed, intended, doubtful_until, settled"
)


@dataclass(frozen=True)
class Entry:
    """A row of `w50_jobs`; times are the database's, in seconds since 1970."""

    id: int
    account: str
    list_id: int
    stream: str
    run_id: str
    host: str
    process: str
    epoch: int
    phase: JournalPhase
    import_job_id: int | None
    custom_events: tuple[str, ...]
    contacts: int
    before_run: ImportJob | None
    result: ImportJob | None
    reason: str | None
    created: float
    changed: float
    intended: float | None
    doubtful_until: float | None
    settled: float | None

    @property
    def name(self) -> str:
        """The job in words."""
        job = (
            "an import job without an id"
            if self.import_job_id is None
            else f"import job {self.import_job_id}"
        )
        return f"{job} of contact list {self.list_id} (stream {self.stream!r})"


def entry_of(row: Row) -> Entry:
    """A row's columns, in the order of `COLUMNS`."""
    values: list[Any] = [*row]
    values[8] = JournalPhase(values[8])
    values[10] = tuple(json.loads(values[10]))
    values[12] = read_job(values[12])
    values[13] = read_job(values[13])
    return Entry(*values)


def write_job(job: ImportJob) -> str:
    """An ImportJob as text."""
    return json.dumps(job.as_wire())


def read_job(text: str | None) -> ImportJob | None:
    """The ImportJob of a text."""
    return None if text is None else ImportJob.from_wire(json.loads(text))


def harmless(job: ImportJob) -> ImportJob:
    """The job without what its status may say about people."""
    return replace(job, current_status=job.status_in_words())
