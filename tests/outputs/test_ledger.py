"""The books of a run: what they keep, and that they are open for moments only."""

from __future__ import annotations

import logging
import weakref

from target_w50.contacts.mapping import StreamMapping
from target_w50.import_jobs.counts import Effort
from target_w50.import_jobs.job import LoadJob
from target_w50.import_jobs.phases import Outcome
from target_w50.outputs.ledger import Ledger, Repeat
from target_w50.outputs.metrics import MetricsWriter
from target_w50.outputs.state_lines import JobResults, StateWriter
from target_w50.runtime.clock import CLOCK
from target_w50.runtime.stop import Stop
from target_w50.settings.model import StateMode, entry_from
from target_w50.w50 import ContactsList, ImportJob

SEEN = ImportJob(7, 42, 0, 0, 100, None, None, None, 1, 0, 0, 0, 1)
EVENTS = ["SendWelcomeEmail"]


def new_ledger(written: list[bytes]) -> Ledger:
    results = JobResults()
    return Ledger(
        "a-run",
        states=StateWriter(StateMode.WITH_JOBS, results, written.append),
        results=results,
        metrics=MetricsWriter(None, logging.getLogger("test"), CLOCK.now),
        stop=Stop(),
        before_state=lambda: None,
        now=CLOCK.now,
    )


def run_to_its_end(ledger: Ledger, number: int) -> LoadJob:
    entry = entry_from({"stream": "contacts", "contact_list": "42", "custom_events": EVENTS})
    mapping = StreamMapping("contacts", entry, ContactsList(42, "N", 0), (), (), ("Email",))
    job = LoadJob(number, ledger.counts("contacts"), mapping)
    ledger.read(1, job.counts)
    ledger.begin(job)
    job.add(job.store.put([b"{}"], [1], None, b","))
    job.close()
    job.creating(Effort(CLOCK.now()))
    job.created(SEEN)
    job.batch_sent()
    job.stood_before_run(SEEN)
    job.may_run(0.0)
    ledger.may_take_effect(job)
    job.running_seen(SEEN)
    ledger.cut()
    ledger.ended(job, SEEN, Outcome.FINISHED)
    job.store.close()
    return job


def test_of_a_job_that_has_ended_only_what_may_be_repeated_is_kept() -> None:
    """A tap without states covers none of them: their batches must not be kept until the end."""
    ledger = new_ledger([])
    ended = weakref.ref(run_to_its_end(ledger, 1))
    assert ended() is None
    assert ledger.repeats == [Repeat(7, tuple(EVENTS), makes_duplicates=True)]


def test_a_state_covers_what_would_be_repeated() -> None:
    written: list[bytes] = []
    ledger = new_ledger(written)
    run_to_its_end(ledger, 1)
    ledger.state_read({"at": 1})
    ledger.cut()
    assert (len(written), ledger.repeats) == (1, [])


def test_an_id_is_new_once_for_each_list() -> None:
    ledger = new_ledger([])
    assert [ledger.is_new(42, 7), ledger.is_new(42, 7), ledger.is_new(43, 7)] == [True, False, True]
