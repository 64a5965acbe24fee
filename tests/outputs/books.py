"""The books of a run with what goes out of them, and import jobs that are booked: no socket, no thread."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from target_w50.contacts.mapping import StreamMapping
from target_w50.import_jobs.batches import BatchStore
from target_w50.import_jobs.counts import Effort
from target_w50.import_jobs.job import LoadJob
from target_w50.outputs.ledger import Ledger
from target_w50.outputs.metrics import MetricsWriter
from target_w50.outputs.state_lines import JobResults, StateWriter
from target_w50.runtime.stop import Stop
from target_w50.settings.model import StateMode, entry_from
from target_w50.w50 import ContactsList, ImportJob
from tests.support import JSON_FRAME, read_metrics

SEEN = ImportJob(7, 42, 0, 0, 100, None, None, None, 1, 0, 0, 0, 1)
NOW = dt.datetime(2027, 1, 1, tzinfo=dt.timezone.utc)


class Books:
    """A ledger, and what goes out of it.

    Attributes:
        written: the state lines, or as a test has it.
        made_durable: how many states were written each time when what they may not pass was made durable.
    """

    def __init__(self, folder: Path, mode: StateMode = StateMode.TAP_ONLY) -> None:
        self.written: list[bytes] = []
        self.write: Callable[[bytes], None] = self.written.append
        self.made_durable: list[int] = []
        self.stop = Stop()
        self._path = folder / "metrics.jsonl"
        self._metrics = MetricsWriter(str(self._path), logging.getLogger("no-metrics"), lambda: NOW)
        self._stores: list[BatchStore] = []
        results = JobResults()
        self.ledger = Ledger(
            "a-run",
            states=StateWriter(mode, results, self._write),
            results=results,
            metrics=self._metrics,
            stop=self.stop,
            before_state=lambda: self.made_durable.append(len(self.written)),
            after_state=lambda _: None,
            now=lambda: NOW,
        )

    def _write(self, line: bytes) -> None:
        self.write(line)

    def close(self) -> None:
        for each in self._stores:
            each.close()
        self._metrics.close()
        self.stop.close()

    def told(self, stream: str) -> list[dict[str, Any]]:
        """The metrics records of that stream."""
        lines = read_metrics(self._path)
        return [each["record"] for each in lines if each["type"] == "RECORD" and each["stream"] == stream]

    def begin(self, number: int, contacts: int = 1, *, list_id: int = 42, **members: Any) -> LoadJob:
        """Read a record for a job of so many contacts, which stands open."""
        entry = entry_from({"stream": "contacts", "contact_list": str(list_id), **members})
        mapping = StreamMapping("contacts", entry, ContactsList(list_id, "N", 0), (), (), ("Email",))
        job = LoadJob(number, self.ledger.counts("contacts"), mapping)
        self._stores.append(job.store)
        self.ledger.read(1, job.counts)
        self.ledger.begin(job)
        job.add(job.store.put([b"{}"] * contacts, range(contacts), None, JSON_FRAME))
        job.close()
        return job

    def fill(self, job: LoadJob) -> LoadJob:
        """Have W50 hold all of it, under the job's number."""
        job.creating(Effort(NOW))
        job.created(replace(SEEN, id=job.number))
        job.batch_sent(job.batch_leaves())
        return job

    def run(self, job: LoadJob) -> LoadJob:
        """Have it running at W50."""
        self.fill(job)
        job.stood_before_run(SEEN)
        job.may_run(0.0)
        self.ledger.may_take_effect(job)
        job.running_seen(replace(SEEN, id=job.number))
        return job

    def state(self, at: int) -> None:
        """Read a state, and end the stretch there."""
        self.ledger.state_read({"at": at})
        self.ledger.cut()
