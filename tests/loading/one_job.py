"""One import job with its books, its settings and a W50 that answers as it is told: no socket, no thread."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock, create_autospec

from target_w50.contacts.mapping import StreamMapping
from target_w50.errors import RefusedError
from target_w50.import_jobs.batches import Batch
from target_w50.import_jobs.counts import Effort
from target_w50.import_jobs.job import LoadJob
from target_w50.import_jobs.places import Places
from target_w50.journal.job_journal import JobJournal
from target_w50.loading.bisection import Bisection
from target_w50.loading.lanes import Lanes
from target_w50.loading.polling import Polling
from target_w50.loading.uploading import Uploading
from target_w50.outputs.ledger import Ledger
from target_w50.outputs.metrics import MetricsWriter
from target_w50.outputs.quarantine import QuarantineFile
from target_w50.outputs.state_lines import JobResults, StateWriter
from target_w50.runtime.clock import CLOCK
from target_w50.runtime.stop import Stop
from target_w50.settings.model import StateMode, settings_from
from target_w50.singer.messages import SchemaLine
from target_w50.w50 import ContactsList, ImportJob, UploadAnswer, W50Client
from target_w50.w50.wire.formats import wire_format
from tests.support import JSON_FRAME, entry, read_metrics

FRESH = ImportJob(7, 42, 0, 0, 0, "Created", None, None, 0, 0, 0, 0, 0)
"""W50's job before it is run."""
RUN_ID = "a-run"
BEGIN_S = 1000.0
"""What the clock shows at first."""


def running(**members: Any) -> ImportJob:
    return replace(FRESH, **{"current_status": "Running", "progress_percent": 1, **members})


def ended(inserted: int, **members: Any) -> ImportJob:
    counted = {"inserted_contacts": inserted, "total_contacts": inserted}
    return running(**{"current_status": "Done", "progress_percent": 100, **counted, **members})


class OneJob:
    """A job of stream `contacts` on its way into list 42; a state of the tap waits behind it.

    Args:
        folder: where its metrics and its quarantine file are kept.
        entry_members: what the stream's entry has beside the usual.
        more: settings.

    Attributes:
        now_s: what its clock shows; it moves only where a test moves it.
        w50: the client; each of its methods answers as the test says.
        may_run: what is asked before a run.
        adds: the contacts of each upload, once `refuse` was called.
        woken: set when an upload that was under way beside others was answered.
        states: what was written of the tap's states.
    """

    def __init__(
        self, folder: Path, *, entry_members: dict[str, Any] | None = None, aside: bool = False, **more: Any
    ) -> None:
        usual = {"auth_token": "t", "poll_interval_s": 5, "poll_max_interval_s": 60}
        config: dict[str, Any] = {**usual, "streams": [entry(**(entry_members or {}))], **more}
        self._quarantine_path = folder / "aside.singer"
        if aside:
            config |= {"on_invalid_record": "quarantine", "quarantine_path": str(self._quarantine_path)}
        self.settings = settings_from(config)
        self.now_s = BEGIN_S
        self.w50: Any = create_autospec(W50Client, instance=True)
        self.may_run = Mock()
        self.adds: list[list[int]] = []
        self.woken = threading.Event()
        self.states: list[bytes] = []
        self.places = Places()
        self._metrics_path = folder / "metrics.jsonl"
        self._metrics = MetricsWriter(str(self._metrics_path), logging.getLogger("no-metrics"), CLOCK.now)
        self._stop = Stop()
        results = JobResults()
        self.ledger = Ledger(
            RUN_ID,
            states=StateWriter(StateMode.TAP_ONLY, results, self.states.append),
            results=results,
            metrics=self._metrics,
            stop=self._stop,
            before_state=lambda: None,
            after_state=lambda _: None,
            now=CLOCK.now,
        )
        self.quarantine = QuarantineFile(self._quarantine_path, RUN_ID, CLOCK.now) if aside else None
        mapping = StreamMapping(
            "contacts", self.settings.streams[0], ContactsList(42, "N", 0), (), (), ("Email", "A")
        )
        schemas = {
            each: SchemaLine(b'{"type":"SCHEMA","stream":"%b","schema":{}}' % each.encode())
            for each in ("contacts", "people")
        }
        self.job = LoadJob(1, self.ledger.counts("contacts"), mapping, schemas=schemas)
        self.ledger.begin(self.job)
        self.polling = Polling(
            self.w50,
            self.settings,
            self.ledger,
            journal=JobJournal(None),
            may_run=self.may_run,
            monotonic=lambda: self.now_s,
        )
        self.bisection = Bisection(self.quarantine, self.places)
        self.lanes = Lanes(
            self.settings.parallel_uploads, self._send, wake=self.woken.set, monotonic=lambda: self.now_s
        )
        self.uploading = Uploading(
            self.w50,
            self.settings,
            self.ledger,
            wire=wire_format("application/json"),
            bisection=self.bisection,
            places=self.places,
            journal=JobJournal(None),
            lanes=self.lanes,
            monotonic=lambda: self.now_s,
        )

    def _send(self, job: LoadJob, batch: Batch) -> Any:
        body = b"".join(job.store.body(batch))
        return self.w50.add_contacts(job.list_id, job.w50_id, body, contacts=batch.count)

    def close(self) -> None:
        self.job.store.close()
        self._metrics.close()
        if self.quarantine is not None:
            self.quarantine.close()
        self._stop.close()

    def pass_time(self, seconds: float) -> None:
        self.now_s += seconds

    def taking(self, seconds: float, answer: Any) -> Callable[..., Any]:
        """A call that takes so long, and comes to this, or to this error."""

        def take(*_: object, **__: object) -> Any:
            self.pass_time(seconds)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return take

    def hold(self, *contacts: int, closed: bool = True) -> None:
        """Have the job hold batches of so many contacts: `{"n":0}`, `{"n":1}`, ... from line 2 on."""
        for count in contacts:
            begin = self.job.contacts
            numbers = range(begin, begin + count)
            raws = [b'{"type":"RECORD","stream":"contacts","record":{"n":%d}}' % each for each in numbers]
            self.job.add(
                self.job.store.put(
                    [b'{"n":%d}' % number for number in numbers],
                    [number + 2 for number in numbers],
                    None if self.quarantine is None else raws,
                    JSON_FRAME,
                )
            )
        if closed:
            self.job.close()

    def fill(self, *contacts: int) -> None:
        """Have W50's job hold batches of so many contacts: nothing is left but to run it."""
        self.hold(*contacts)
        self.job.creating(Effort(CLOCK.now()))
        self.job.created(FRESH)
        for _ in contacts:
            self.job.batch_sent(self.job.batch_leaves())
        self._end_input()

    def _end_input(self) -> None:
        self.ledger.state_read({"at": 1})
        self.ledger.cut()

    def run(self, *contacts: int, seen: ImportJob | None = None) -> None:
        """Fill it and run it: W50 answers so."""
        self.fill(*contacts)
        self.w50.get_import_job.return_value = FRESH
        self.w50.run_import_job.return_value = running() if seen is None else seen
        self.polling.run(self.job)
        self.w50.reset_mock()

    def poll(self, seen: ImportJob | Exception, after_s: float = 0.0, takes_s: float = 0.0) -> None:
        """Look at it once, so long after the last look; W50 takes its time and answers so."""
        self.pass_time(after_s)
        self.w50.get_import_job.side_effect = self.taking(takes_s, seen)
        self.polling.poll(self.job)

    def refuse(self, *numbers: int, status: int = 400, takes_s: float = 0.0) -> None:
        """Have W50 refuse whatever holds one of these contacts; each request takes its time."""

        def answer(_list: int, _job: int, body: bytes, **_: object) -> UploadAnswer:
            self.pass_time(takes_s)
            self.adds.append([each["n"] for each in json.loads(body)])
            if set(numbers) & set(self.adds[-1]):
                raise RefusedError("W50 says no", call="add_contacts", status=status)
            return UploadAnswer()

        self.w50.add_contacts.side_effect = answer

    def upload(self, steps: int = 1) -> None:
        """Take so many steps towards a job that W50 holds whole."""
        for _ in range(steps):
            self.uploading.step(self.job)

    @property
    def kept(self) -> list[list[int]]:
        """The contacts of each batch that the job holds."""
        store = self.job.store
        return [
            [json.loads(fragment)["n"] for fragment in store.fragments(batch)] for batch in self.job.batches
        ]

    @property
    def set_aside(self) -> list[int]:
        """The contacts that are in quarantine, in order."""
        return [each["record"]["n"] for each in self._in_quarantine("RECORD")]

    @property
    def reasons(self) -> list[dict[str, Any]]:
        """Why each is there."""
        return [each["quarantine"] for each in self._in_quarantine("RECORD")]

    @property
    def schema_lines(self) -> int:
        """How many SCHEMA messages there are."""
        return len(self._in_quarantine("SCHEMA"))

    def _in_quarantine(self, kind: str) -> list[dict[str, Any]]:
        written = map(json.loads, self._quarantine_path.read_bytes().splitlines())
        return [each for each in written if each["type"] == kind]

    @property
    def pause_s(self) -> float:
        """How long from now until it is looked at again."""
        return round(self.job.next_poll_at - self.now_s, 6)

    @property
    def told(self) -> list[dict[str, Any]]:
        """The metrics records of its import jobs."""
        return [each["record"] for each in read_metrics(self._metrics_path) if each["type"] == "RECORD"]
