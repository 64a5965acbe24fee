"""The journal of one run: lists that it holds, and each step of its import jobs before it counts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from target_w50.errors import LeaseLostError
from target_w50.journal.contact_rows import NOTHING_BOOKED, Booking, ContactRows
from target_w50.journal.database import Database
from target_w50.journal.entries import (
    COLUMNS,
    FIRED,
    MAY_RUN,
    OPEN,
    Entry,
    JournalPhase,
    entry_of,
    harmless,
    write_job,
)
from target_w50.journal.leases import Leases
from target_w50.journal.members import Delivered, PackedMembers
from target_w50.journal.scopes import Scopes
from target_w50.w50 import ImportJob


class Journal:
    """What one run writes and reads. Any thread may; each call is one transaction.

    Args:
        database: with its tables.
        leases: the contact lists that the run holds.
        since: since when the journal is kept, in seconds since 1970.
        key: of the hashes.
        old_keys: of hashes made before the key was changed, while it is.
    """

    def __init__(
        self,
        database: Database,
        leases: Leases,
        *,
        since: float,
        key: bytes,
        old_keys: Sequence[bytes] = (),
    ) -> None:
        self.database = database
        self.leases = leases
        self.since = since
        self.key = key
        self.keys = (key, *old_keys)
        self.contacts = ContactRows(database)
        self.scopes = Scopes(database, leases.account)
        self._entries: dict[int, tuple[int, int]] = {}  # by our job's number: its row, and its list

    @property
    def account(self) -> str:
        """W50 as the settings name it."""
        return self.leases.account

    # The jobs of this run.

    def creating(
        self,
        number: int,
        list_id: int,
        stream: str,
        custom_events: Sequence[str],
        booking: Booking = NOTHING_BOOKED,
    ) -> None:
        """W50 is about to be asked for a job; `booking` says what is remembered if it ends well."""
        database = self.database
        with database.transaction():
            self.leases.need(list_id)
            now = database.now()
            ((row,),) = database.rows(
                "INSERT INTO w50_jobs (account, contact_list_id, stream, run_id, host, process, epoch, "
                "phase, custom_events, contacts, created, changed, scope, books_contacts, books_fired) "
                "VALUES (:account, :list_id, :stream, :run_id, :host, :process, :epoch, :phase, :events, "
                "0, :now, :now, :scope, :contacts, :fired) RETURNING id",
                account=self.account,
                list_id=list_id,
                stream=stream,
                **self.leases.names,
                epoch=self.leases.epoch(list_id),
                phase=JournalPhase.CREATING.value,
                events=json.dumps([*custom_events]),
                now=now,
                scope=booking.scope,
                contacts=int(booking.contacts),
                fired=int(booking.fired),
            )
        self._entries[number] = (row, list_id)

    def filling(self, number: int, import_job_id: int) -> None:
        """W50 gave the job this id."""
        self._step(number, (JournalPhase.CREATING,), JournalPhase.FILLING, import_job_id=import_job_id)

    def intent(
        self,
        number: int,
        before_run: ImportJob,
        *,
        contacts: int,
        doubtful_s: float,
        members: Iterable[PackedMembers],
    ) -> None:
        """`run` is about to be sent; it must not be unless this has returned.

        Args:
            number: of our job.
            before_run: as its status stands.
            contacts: how many it holds.
            doubtful_s: how long its status may stay as it is before it counts as not run.
            members: of each batch.
        """
        database = self.database
        row, _ = self._entries[number]
        with database.transaction():
            now = database.now()
            self._step(
                number,
                (JournalPhase.FILLING,),
                JournalPhase.INTENT,
                before_run=write_job(harmless(before_run)),
                contacts=contacts,
                intended=now,
                doubtful_until=now + doubtful_s,
            )
            database.change("DELETE FROM w50_members WHERE job_id = :row", row=row)
            self.contacts.keep(row, members)

    def not_run(self, number: int) -> None:
        """W50 certainly did not run it."""
        self._step(number, (JournalPhase.INTENT,), JournalPhase.FILLING)

    def running(self, number: int) -> None:
        """W50 took `run`, or its status has changed since."""
        self._step(number, MAY_RUN, JournalPhase.RUNNING)

    def finished(self, number: int, result: ImportJob) -> None:
        """It ended well."""
        self._step(number, MAY_RUN, JournalPhase.FINISHED, result=write_job(harmless(result)))

    def abandoned(self, number: int, reason: str) -> None:
        """It is never run, or came to nothing: its contacts count as not delivered."""
        if number in self._entries:
            self._step(number, OPEN, JournalPhase.ABANDONED, reason=reason)
            del self._entries[number]

    def covered(self, numbers: Iterable[int]) -> None:
        """The state line that passes these jobs' contacts was written."""
        with self.database.transaction():
            for number in numbers:
                if number in self._entries:
                    self._step(number, (JournalPhase.FINISHED,), JournalPhase.COVERED)

    def _step(
        self,
        number: int,
        before: Sequence[JournalPhase],
        after: JournalPhase,
        **columns: str | float | None,
    ) -> None:
        """From one of these phases to that one, only while the list is ours: else nothing changes."""
        database = self.database
        row, list_id = self._entries[number]
        with database.transaction():
            self.leases.need(list_id)
            self._change_phase(row, before, after, **columns)

    def _change_phase(
        self, row: int, before: Sequence[JournalPhase], after: JournalPhase, **columns: str | float | None
    ) -> None:
        database = self.database
        sets = "".join(f", {name} = :{name}" for name in columns)
        phases = ", ".join(f"'{phase.value}'" for phase in before)
        changed = database.change(
            f"UPDATE w50_jobs SET phase = :phase, changed = :now{sets} "  # noqa: S608  # our own words
            f"WHERE id = :row AND phase IN ({phases})",
            phase=after.value,
            now=database.now(),
            row=row,
            **columns,
        )
        if not changed:
            raise LeaseLostError(self._list_of(row))
        if after is JournalPhase.FINISHED:
            self.contacts.delivered(row)
        elif after in (JournalPhase.ABANDONED, JournalPhase.WITHOUT_EVENTS):
            self.contacts.not_known(row, fired=after is JournalPhase.WITHOUT_EVENTS)

    def _list_of(self, row: int) -> int:
        ((list_id,),) = self.database.rows("SELECT contact_list_id FROM w50_jobs WHERE id = :row", row=row)
        return int(list_id)

    # The jobs of runs before.

    def open_entries(self, list_id: int) -> list[Entry]:
        """Jobs of the list that no run has seen the end of, in the order in which they were begun."""
        return self._select("phase IN ('creating', 'filling', 'intent', 'running')", list_id=list_id)

    def recovered(
        self, entry: Entry, after: JournalPhase, *, result: ImportJob | None = None, reason: str | None = None
    ) -> None:
        """What became of a job of an earlier run.

        Raises:
            LeaseLostError: another run has seen to it.
        """
        columns: dict[str, str | float | None] = {"reason": reason}
        if result is not None:
            columns["result"] = write_job(harmless(result))
        with self.database.transaction():
            self.leases.need(entry.list_id)
            epoch = self.leases.epoch(entry.list_id)
            self._change_phase(entry.id, [entry.phase], after, epoch=epoch, **columns)

    def open_in_words(self) -> str:
        """How many jobs of earlier runs no run has seen the end of."""
        ((count,),) = self.database.rows(
            "SELECT count(*) FROM w50_jobs WHERE account = :account "
            "AND phase IN ('creating', 'filling', 'intent', 'running')",
            account=self.account,
        )
        if not count:
            return "no import job of an earlier run is open"
        return (
            f"{count} import jobs of earlier runs are open"
            if count > 1
            else "1 import job of an earlier run is open"
        )

    def delivered(self, list_id: int, stream: str, also: Iterable[int] = ()) -> Delivered:
        """What jobs of runs that did not end well brought to W50 of the stream's contacts.

        Of a job that may have been run and came to nothing for all that is known, W50 may hold something:
        what is known of its contacts from before is forgotten.

        Args:
            list_id: the contact list.
            stream: of the contacts.
            also: rows of open jobs that are taken for such as ended well.
        """
        phases = ", ".join(f"'{phase.value}'" for phase in (*FIRED, JournalPhase.ABANDONED))
        others = ", ".join(map(str, also)) or "NULL"
        rows = self.database.rows(
            "SELECT m.contact_keys, m.versions, j.custom_events, j.phase "  # noqa: S608  # our own words
            "FROM w50_members m JOIN w50_jobs j ON j.id = m.job_id "
            "WHERE j.account = :account AND j.contact_list_id = :list_id AND j.stream = :stream "
            f"AND j.settled IS NULL AND (j.phase IN ({phases}) OR j.id IN ({others})) "
            "ORDER BY j.intended, j.id, m.batch",
            account=self.account,
            list_id=list_id,
            stream=stream,
        )
        return Delivered(_with_events(*row) for row in rows)

    def settle(self, streams: Iterable[tuple[int, str]]) -> None:
        """These streams' run ended well: from now on the tap delivers what it means to deliver.

        Args:
            streams: each with its contact list.
        """
        phases = ", ".join(f"'{phase.value}'" for phase in (*FIRED, JournalPhase.ABANDONED))
        with self.database.transaction():
            for list_id, stream in streams:
                if self.leases.held(list_id):
                    self.leases.need(list_id)
                    self.database.change(
                        "UPDATE w50_jobs SET settled = :now WHERE account = :account "  # noqa: S608  # our own words
                        "AND contact_list_id = :list_id AND stream = :stream AND settled IS NULL "
                        f"AND phase IN ({phases})",
                        now=self.database.now(),
                        account=self.account,
                        list_id=list_id,
                        stream=stream,
                    )

    def forget_members(self, older_than_s: float) -> int:
        """Remove the members of jobs that were settled that long ago; returns of how many batches."""
        with self.database.transaction():
            return self.database.change(
                "DELETE FROM w50_members WHERE job_id IN (SELECT id FROM w50_jobs WHERE settled < :before)",
                before=self.database.now() - older_than_s,
            )

    def _select(self, condition: str, **values: object) -> list[Entry]:
        rows = self.database.rows(
            f"SELECT {COLUMNS} FROM w50_jobs WHERE account = :account AND contact_list_id = :list_id "  # noqa: S608
            f"AND {condition} ORDER BY id",
            account=self.account,
            **values,
        )
        return [entry_of(row) for row in rows]

    def close(self) -> None:
        """Give the connection back."""
        self.database.close()


def _with_events(keys: bytes, versions: bytes, events: str, phase: str) -> tuple[PackedMembers, bool]:
    """A batch of a job, and whether its contacts have had its events, or are never to get them."""
    members = PackedMembers(keys, versions)
    if phase == JournalPhase.ABANDONED.value:
        return members.without_versions(), False
    if phase == JournalPhase.WITHOUT_EVENTS.value:
        members = members.without_versions()
    return members, events != "[]"
