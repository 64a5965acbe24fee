"""The real journal under runs that crash, stand still and send late, against a W50 whose status lags."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from target_w50.errors import LeaseLostError, ListInUseError
from target_w50.journal.entries import MAY_RUN, Entry, JournalPhase
from target_w50.journal.journal import Journal
from target_w50.journal.leases import Leases
from target_w50.journal.members import pack
from target_w50.journal.process import Process
from target_w50.journal.recovery import Verdict, judge, judge_unseen
from target_w50.journal.sqlite_file import SqliteFile
from target_w50.journal.tables import bring_up_to_date
from target_w50.w50 import ImportJob
from tests.effort import tries

LIST_ID, STREAM = 42, "contacts"
CONTACTS = (1, 2)
REQUEST_TIMEOUT_S = 20.0
MOST_RUNS = 6
FAILED = "Failed"

Values = dict[int, int]
"""Of each contact the newest: its key, and what stands for all that is sent of it."""


@dataclass
class Job:
    """An import job at W50; `shows` what it counts once its status tells of the run."""

    values: Values
    events: bool
    sent: bool = False
    ended: str = ""
    shows: bool = False


@dataclass
class W50:
    """One contact list, and how often each contact's events fired since a run ended well."""

    jobs: list[Job] = field(default_factory=list)
    values: Values = field(default_factory=dict)
    brought: set[tuple[int, int]] = field(default_factory=set)
    mails: Counter[int] = field(default_factory=Counter)

    def take_effect(self, job: Job, status: str) -> None:
        job.ended = status
        if status != FAILED:
            self.values.update(job.values)
            self.brought.update(job.values.items())
            self.mails.update([*job.values] if job.events else [])

    def status(self, number: int) -> ImportJob:
        job = self.jobs[number]
        ended = job.ended if job.shows else ""
        wire: dict[str, Any] = dict.fromkeys(ImportJob.from_wire({"Id": 0, "ContactListId": 0}).as_wire(), 0)
        wire |= {"Id": number, "ContactListId": LIST_ID, "CurrentStatus": ended or "Created"}
        wire |= {"StartDate": None, "FinishDate": "2027-01-01T00:00:00Z" if ended else None}
        inserted = 0 if ended in ("", FAILED) else len(job.values)
        return ImportJob.from_wire({**wire, "InsertedContacts": inserted})


class JournalMachine(RuleBasedStateMachine):
    """Several runs, each with its own connection; a step of one at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="journal-"))
        self.now_s = 1_800_000_000.0
        self.w50 = W50()
        self.tap: Values = dict.fromkeys(CONTACTS, 0)
        self.runs: list[tuple[Journal, Generator[None, None, None]]] = []
        self.begun = 0

    def teardown(self) -> None:
        for journal, _ in self.runs:
            journal.close()
        shutil.rmtree(self.folder)

    def open(self, name: str) -> Journal:
        database = SqliteFile(self.folder / "journal.db", lambda: self.now_s)
        # What a crash of the machine may lose is not what this looks at.
        database._connection.execute("PRAGMA synchronous = OFF")
        since = bring_up_to_date(database, b"a key")
        # Of another machine: nobody can tell that it is gone, its lease must end.
        process = Process("elsewhere", "1")
        leases = Leases(
            database, account="w50", run_id=name, process=process, awake_or_not=lambda: self.now_s
        )
        return Journal(database, leases, since=since, key=b"a key")

    # What happens.

    @precondition(lambda self: self.begun < MOST_RUNS)
    @rule()
    def a_run_begins(self) -> None:
        self.begun += 1
        journal = self.open(f"run {self.begun}")
        self.runs.append((journal, self.run(journal)))

    @precondition(lambda self: self.runs)
    @rule(data=st.data(), steps=st.sampled_from([1, 2, 3, 5, 8, 30]))
    def a_run_goes_on(self, data: st.DataObject, steps: int) -> None:
        number = data.draw(st.integers(0, len(self.runs) - 1))
        journal, run = self.runs[number]
        for _ in range(steps):
            try:
                next(run)
            except (StopIteration, LeaseLostError, ListInUseError):
                journal.close()
                del self.runs[number]
                return

    @precondition(lambda self: self.runs)
    @rule(data=st.data())
    def a_run_crashes(self, data: st.DataObject) -> None:
        journal, run = self.runs.pop(data.draw(st.integers(0, len(self.runs) - 1)))
        run.close()
        journal.close()

    @rule(seconds=st.sampled_from([1.0, 25.0, 61.0]))
    def time_passes(self, seconds: float) -> None:
        self.now_s += seconds

    @precondition(lambda self: any(job.sent and not job.shows for job in self.w50.jobs))
    @rule(data=st.data(), status=st.sampled_from(["Finished", "Finished", FAILED]))
    def w50_goes_on(self, data: st.DataObject, status: str) -> None:
        jobs = [job for job in self.w50.jobs if job.sent and not job.shows]
        job = data.draw(st.sampled_from(jobs))
        if job.ended:
            job.shows = True
        else:
            self.w50.take_effect(job, status)

    @rule(contact=st.sampled_from(CONTACTS), value=st.integers(0, 1))
    def a_contact_changes(self, contact: int, value: int) -> None:
        self.tap[contact] = value

    @rule()
    def a_person_looks_at_what_is_not_known(self) -> None:
        journal = self.open("a person")
        try:
            journal.leases.take(LIST_ID)
            for entry in journal.open_entries(LIST_ID):
                job = None if entry.import_job_id is None else self.w50.jobs[entry.import_job_id]
                if entry.phase in MAY_RUN and job is not None and (job.ended or not job.sent):
                    ran = job.ended and job.ended != FAILED
                    journal.recovered(entry, JournalPhase.FINISHED if ran else JournalPhase.ABANDONED)
            journal.leases.release()
        except ListInUseError:
            pass
        finally:
            journal.close()

    # A run, a step at a time.

    def run(self, journal: Journal) -> Generator[None, None, None]:
        journal.leases.take(LIST_ID)
        yield
        for entry in journal.open_entries(LIST_ID):
            yield
            if not (yield from self.sees_to(journal, entry)):
                journal.leases.release()
                return
        history = journal.delivered(LIST_ID, STREAM)
        sent = {**self.tap}
        loud = {contact: value for contact, value in sent.items() if not history.has_fired(contact)}
        again = {contact: value for contact, value in sent.items() if contact not in loud}
        quiet = {contact: value for contact, value in again.items() if not history.holds(contact, value)}
        for contact in again.keys() - quiet.keys():
            assert self.w50.values[contact] == again[contact], "left out, and W50 does not have it so"
        yield
        numbers = []
        for number, values in enumerate((loud, quiet)):
            if values:
                numbers.append(number)
                if not (yield from self.loads(journal, number, values, events=values is loud)):
                    journal.leases.release()
                    return
        journal.leases.check_all()
        assert sent.items() <= self.w50.brought, "a state was printed, and W50 never had its contacts so"
        yield
        journal.covered(numbers)
        yield
        journal.settle([(LIST_ID, STREAM)])
        self.w50.mails.clear()
        yield
        journal.leases.release()

    def sees_to(self, journal: Journal, entry: Entry) -> Generator[None, None, bool]:
        seen, verdict = None, judge_unseen(entry)
        while verdict in (Verdict.ASK_AGAIN, Verdict.RUNS):
            assert entry.import_job_id is not None
            before, seen = seen, self.w50.status(entry.import_job_id)
            yield
            verdict = judge(
                entry,
                seen,
                journal.database.now(),
                failure_statuses=[FAILED],
                counts_nothing_twice=seen == before,
            )
            if verdict is Verdict.RUNS:
                journal.recovered(entry, JournalPhase.RUNNING)
                entry = replace(entry, phase=JournalPhase.RUNNING)
        if verdict is Verdict.STOP:
            return False
        ended = JournalPhase.FINISHED if verdict is Verdict.FINISHED else JournalPhase.ABANDONED
        journal.recovered(entry, ended, result=seen)
        return True

    def loads(
        self, journal: Journal, number: int, values: Values, *, events: bool
    ) -> Generator[None, None, bool]:
        journal.creating(number, LIST_ID, STREAM, ["Welcome"] if events else [])
        yield
        job = Job({**values}, events)
        self.w50.jobs.append(job)
        w50_id = len(self.w50.jobs) - 1
        yield
        journal.filling(number, w50_id)
        yield
        before = self.w50.status(w50_id)
        members = [pack(values.items())]
        journal.intent(number, before, contacts=len(values), doubtful_s=REQUEST_TIMEOUT_S, members=members)
        yield
        journal.leases.check(LIST_ID)
        job.sent, began = True, self.now_s
        if not events:
            # A late one would bring old values after newer ones; that alone is not held without events.
            self.w50.take_effect(job, "Finished")
        yield
        while (seen := self.w50.status(w50_id)) == before:
            if self.now_s - began > REQUEST_TIMEOUT_S:
                return False
            yield
        journal.running(number)
        yield
        if seen.current_status == FAILED:
            return False
        journal.finished(number, seen)
        yield
        return True

    @invariant()
    def nobody_had_two_mails(self) -> None:
        assert max(self.w50.mails.values(), default=0) <= 1, self.w50.mails


JournalMachine.TestCase.settings = settings(max_examples=tries(100), stateful_step_count=40)
TestJournal = JournalMachine.TestCase
