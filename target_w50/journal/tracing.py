"""Every delivery of one contact that the journal knows of, and what it can't tell."""

from __future__ import annotations

from dataclasses import dataclass

from target_w50.errors import counted
from target_w50.journal.contact_rows import NOT_KNOWN
from target_w50.journal.entries import (
    COLUMNS,
    DELIVERED,
    MAY_RUN,
    Entry,
    JournalPhase,
    entry_of,
)
from target_w50.journal.journal import Journal
from target_w50.journal.person import Person, Whose, ways_to_match
from target_w50.journal.person_rows import Member, PersonRows, rows_of
from target_w50.journal.seeding import is_seeded
from target_w50.w50 import rejected


@dataclass(frozen=True)
class Delivery:
    """The contact in an import job.

    Attributes:
        entry: the job, as it was written.
        batches: those of its batches that hold the contact, from 1.
        warned: whether W50 took the contact with a warning.
        same: whether it was sent just as the last time before; None the first time.
    """

    entry: Entry
    batches: tuple[int, ...]
    warned: bool
    same: bool | None

    @property
    def rejected(self) -> int:
        """How many of the job's contacts W50 rejected."""
        entry = self.entry
        if entry.result is None or entry.phase not in DELIVERED:
            return 0
        return rejected(entry.contacts, entry.result)

    @property
    def fate(self) -> str:
        """What became of the job, and of the contact as far as that is known, as a clause."""
        entry, phase = self.entry, self.entry.phase
        if is_seeded(entry):
            return "booked as delivered by other means; nothing was sent"
        if phase in DELIVERED:
            return self._delivered
        if phase in MAY_RUN:
            return "not known yet: the next run asks W50"
        why = f" ({entry.reason})" if entry.reason else ""
        if phase is JournalPhase.WITHOUT_EVENTS:
            return f"brought nothing, and its contacts never get its events{why}"
        return f"brought nothing{why}"

    @property
    def _delivered(self) -> str:
        entry, lost = self.entry, self.rejected
        if entry.result is None:
            return f"ended well, as somebody said ({entry.reason})" if entry.reason else "ended well"
        if not lost:
            return "ended well, with a warning of this contact" if self.warned else "ended well"
        if lost >= entry.contacts:
            return "ended; W50 rejected this contact" if lost == 1 else "ended; W50 rejected all its contacts"
        verb = "was" if lost == 1 else "were"
        return (
            f"ended; {lost:,} of {counted(entry.contacts, 'contact')} of that job {verb} rejected; W50 does "
            f"not say which{', and warned of this one' if self.warned else ''}"
        )

    @property
    def events(self) -> str:
        """What became of its custom events, as a clause; empty where it has none."""
        names = ", ".join(self.entry.custom_events)
        if not names:
            return ""
        if self.entry.phase in MAY_RUN:
            return f"{names} may have fired"
        if self.entry.phase not in DELIVERED:
            return f"{names} did not fire" if self.entry.intended is None else f"{names}: not known"
        if not self.rejected:
            return f"{names} fired"
        return names + (" did not fire" if self.rejected >= self.entry.contacts else " fired unless rejected")


@dataclass(frozen=True)
class Trace:
    """What there is of one contact in one list.

    Attributes:
        deliveries: in the order in which their jobs were begun.
        last_sent: when what W50 has of it was sent, in seconds since 1970; None where that is not known.
        in_doubt: whether it is known that W50 may hold something else by now.
        fired: how many versions of it count as having had their events.
        jobs: how many import jobs of the list may have been run.
        plain: of how many of them no contacts were ever written down.
        emptied: of how many their contacts were removed since.
        unnamed: whose contacts could not be looked for: their match fields were not all named.
    """

    deliveries: list[Delivery]
    last_sent: float | None
    in_doubt: bool
    fired: int
    jobs: int
    plain: int
    emptied: int
    unnamed: list[Whose]


def trace(journal: Journal, list_id: int, person: Person) -> Trace:
    """Trace one contact in a list.

    Raises:
        JournalError: the journal can't be read.
    """
    rows = rows_of(journal, person, list_id)
    sent = [when for _, _, when in rows.contacts.values()]
    jobs, plain, emptied = _without_members(journal, list_id)
    ways = ways_to_match(journal, list_id)
    return Trace(
        _deliveries(journal, rows),
        max((when for when in sent if when != NOT_KNOWN), default=None),
        NOT_KNOWN in sent,
        len({version for every in rows.fired.values() for version, _ in every}),
        jobs,
        plain,
        emptied,
        [each for each in ways if not person.is_named_for(each.match_fields)],
    )


def _deliveries(journal: Journal, rows: PersonRows) -> list[Delivery]:
    of_job: dict[int, list[Member]] = {}
    for member in rows.members:
        of_job.setdefault(member.job_row, []).append(member)
    found: list[Delivery] = []
    before: set[int] = set()
    for row, members in of_job.items():
        (job,) = journal.database.rows(f"SELECT {COLUMNS} FROM w50_jobs WHERE id = :row", row=row)  # noqa: S608
        versions = {each.version for each in members}
        batches = sorted({each.batch + 1 for each in members})
        warned = any(each.doubted for each in members)
        same = versions <= before if before else None
        found.append(Delivery(entry_of(job), tuple(batches), warned, same))
        before = versions
    return found


def _without_members(journal: Journal, list_id: int) -> tuple[int, int, int]:
    """How many jobs of the list may have been run; of how many nothing was kept, or is kept any more."""
    rows = journal.database.rows(
        "SELECT j.scope IS NULL, count(*), count(m.job_id) FROM w50_jobs j LEFT JOIN "
        "(SELECT DISTINCT job_id FROM w50_members) m ON m.job_id = j.id WHERE j.account = :account "
        "AND j.contact_list_id = :list_id AND (j.intended IS NOT NULL OR m.job_id IS NOT NULL) "
        "GROUP BY j.scope IS NULL",
        account=journal.account,
        list_id=list_id,
    )
    jobs = sum(number for _, number, _ in rows)
    plain = sum(number - kept for never, number, kept in rows if never)
    return jobs, plain, sum(number - kept for never, number, kept in rows if not never)
