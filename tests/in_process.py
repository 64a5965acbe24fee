"""What the tests share that run the target in their own process, without W50 and without threads."""

from __future__ import annotations

import datetime as dt
import logging
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from target_w50.contacts.contact_lists import ListDirectory
from target_w50.contacts.mapping import StreamMapping
from target_w50.errors import TargetW50Error
from target_w50.import_jobs.batches import Batch
from target_w50.import_jobs.counts import StreamCounts
from target_w50.import_jobs.job import LoadJob
from target_w50.loading.intake import Intake
from target_w50.loading.loader import Loader
from target_w50.outputs.ledger import Ledger
from target_w50.outputs.metrics import MetricsWriter
from target_w50.runtime.clock import Clock
from target_w50.runtime.stop import Stop
from target_w50.settings.model import Settings, settings_from
from target_w50.singer.messages import SchemaLine
from target_w50.target import TargetW50
from target_w50.target.opening import open_run
from target_w50.target.run import Run
from target_w50.w50 import ContactSchemaField, ContactsList

NEW_YEAR = dt.datetime(2027, 1, 1, tzinfo=dt.timezone.utc)


class NewYear(Clock):
    """It is always new year."""

    def now(self) -> dt.datetime:
        return NEW_YEAR


class TakingLoader:
    """Takes batches as the loader does, and keeps them."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.jobs: list[LoadJob] = []

    def open_job(
        self,
        counts: StreamCounts,
        mapping: StreamMapping,
        schemas: Mapping[str, SchemaLine],
        *,
        suppressed_events: bool,
    ) -> LoadJob:
        number = len(self.jobs) + 1
        self.jobs.append(
            LoadJob(number, counts, mapping, schemas=schemas, suppressed_events=suppressed_events)
        )
        self._ledger.begin(self.jobs[-1])
        return self.jobs[-1]

    def add_batch(self, job: LoadJob, batch: Batch, look_round: Callable[[], None]) -> None:
        del look_round
        job.add(batch)

    def close_job(self, job: LoadJob) -> None:
        job.close()

    def check(self) -> None:
        """Nothing can go wrong."""

    def finish(self) -> None:
        """Nothing is under way."""


FIELDS = ("id", "A", "Deleted", "E-mail é", 'E-mail "é"')


class AnyList(ListDirectory):
    """Knows every contact list, with the same fields each."""

    def __init__(self) -> None:
        """No client is needed."""

    def resolve(self, text: str, *, instead: str = "") -> ContactsList:
        del instead
        return ContactsList(int(text), f"list {text}", 0)

    def fields(self, list_id: int) -> tuple[ContactSchemaField, ...]:
        del list_id
        return tuple(ContactSchemaField(at, name, None, None, at, ()) for at, name in enumerate(FIELDS))


def detached_run(settings: Settings) -> Run:
    """A run that asks W50 nothing, and whose contacts are kept."""
    stop = Stop(NewYear())
    metrics = MetricsWriter(settings.metrics_path, logging.getLogger("no-metrics"), stop.clock.now)
    run = open_run(settings, metrics, write_line=lambda _: None, stop=stop)
    loader = TakingLoader(run.ledger)
    return replace(
        run,
        directory=AnyList(),
        loader=cast("Loader", loader),
        intake=Intake(loader, run.ledger, settings, run.wire, run.clock.monotonic),
    )


@dataclass
class Came:
    """What came of an input.

    Attributes:
        jobs: every contact as it would be sent, with its place and raw lines, by batches and jobs, in order.
        suspects: of each job, the values that failed a check and are sent: how many, where the first were.
        counts: the streams' figures.
        stretches: what each stretch of the input waits for, and its state.
        quarantine: the lines of the quarantine file.
        error: code and words of the error that ended it.
    """

    jobs: list[list[list[tuple[bytes, int, bytes]]]] = field(default_factory=list)
    suspects: list[dict[str, tuple[int, list[int]]]] = field(default_factory=list)
    counts: dict[str, dict[str, Any]] = field(default_factory=dict)
    stretches: list[dict[str, Any]] = field(default_factory=list)
    quarantine: list[bytes] = field(default_factory=list)
    error: str | None = None


def load(config: Mapping[str, Any], lines: bytes, prepare: Callable[[TargetW50], None] | None = None) -> Came:
    """Run the target over these lines.

    Args:
        config: its settings.
        lines: its input.
        prepare: called with the target before it reads.
    """
    settings = settings_from(config)
    run = detached_run(settings)
    target = TargetW50(config={**config, "run_id": settings.run_id}, run=run)
    if prepare is not None:
        prepare(target)
    came = Came()
    try:
        with tempfile.TemporaryFile() as file:
            file.write(lines)
            file.seek(0)
            target.listen(cast("Any", file))
    except TargetW50Error as error:
        came.error = f"{error.code}: {error.message}"
        run.intake.cut()
    for job in cast("TakingLoader", run.loader).jobs:
        parts = [job.store.parts(batch) for batch in job.batches]
        came.jobs.append([[(each.fragment, each.place, each.raw) for each in batch] for batch in parts])
        came.suspects.append({name: (each.count, each.first.tolist()) for name, each in job.suspects.items()})
        job.store.close()
    for name, counts in run.ledger.streams.items():
        figures = dict(vars(counts))
        for other in ("started_at", "mapping"):
            del figures[other]
        came.counts[name] = {**figures, "records": run.ledger.records_read}
    checkpoints = run.ledger._checkpoints
    came.stretches = [vars(each) for each in (*checkpoints._cut, checkpoints._current)]
    run.wind_up(None)
    if run.quarantine is not None and settings.quarantine_path is not None:
        came.quarantine = Path(settings.quarantine_path).read_bytes().splitlines()
    return came
