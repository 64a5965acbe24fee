"""Puts a run together from the settings: its outputs first, then the connection."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from target_w50.contacts.contact_lists import ListDirectory
from target_w50.errors import SettingsError
from target_w50.import_jobs.places import Places
from target_w50.journal.crash_points import CrashPoint, reached
from target_w50.journal.job_journal import JobJournal
from target_w50.journal.journal import Journal
from target_w50.journal.opening import need_none, open_journal
from target_w50.loading.attended import AttendedClient
from target_w50.loading.bisection import Bisection
from target_w50.loading.create_only import CreateOnly
from target_w50.loading.dry_run import Plan, PlannedInvalidRecords
from target_w50.loading.foresight import Foresight
from target_w50.loading.intake import Intake
from target_w50.loading.lease_keeper import LeaseKeeper
from target_w50.loading.list_worker import JobSteps
from target_w50.loading.loader import LOOK_S, Loader
from target_w50.loading.recovery import Recovery
from target_w50.loading.seeding import Seeding, Seeds
from target_w50.outputs.invalid_records import InvalidRecords
from target_w50.outputs.ledger import Ledger
from target_w50.outputs.metrics import MetricsWriter
from target_w50.outputs.quarantine import QuarantineFile
from target_w50.outputs.state_lines import JobResults, StateWriter, write_to_stdout
from target_w50.outputs.store_calls import StoreCalls
from target_w50.runtime.clock import Clock
from target_w50.runtime.stop import Stop
from target_w50.settings.connection import Connection
from target_w50.settings.model import ImportMode, Settings
from target_w50.target.run import Run
from target_w50.w50 import wire_format

QUEUE_BYTES = 32_000_000
"""What may wait for W50 at least before the reader waits; those under way and one more fit in any case."""

STANDARD_ERROR = 2

log = logging.getLogger("target-w50")

WriteLine = Callable[[bytes], None]


def open_run(
    settings: Settings,
    metrics: MetricsWriter,
    *,
    write_line: WriteLine = write_to_stdout,
    stop: Stop | None = None,
    states_fd: int = -1,
    seeds: Seeds | None = None,
    places: Places | None = None,
) -> Run:
    """Open the other outputs, then the connection, and give the run with all its parts.

    Args:
        settings: as judged.
        metrics: open already, so that a run that can't begin can be told there.
        write_line: takes a state line.
        stop: set from outside to end the run; it has the clock that all its parts go by.
        states_fd: the descriptor that states are written to: contacts must not get into its file.
        seeds: what a dry run books its contacts by, as delivered; None: it books nothing.
        places: the words for where a record was read; None: lines of the input, and of batch files.

    Raises:
        SettingsError: an output can't be written, or an address not used; what was opened here is closed.
        StoreError: the store of an output can't be reached; the same.
    """
    stop = stop or Stop()
    clock = stop.clock
    started_at = clock.now()
    with ExitStack() as undone:
        quarantine = _quarantine_file(settings, stop, metrics, states_fd)
        if quarantine is not None:
            undone.callback(quarantine.close)
        journal = _journal(settings, clock)
        if journal is not None:
            undone.callback(journal.close)
        results = JobResults()
        ledger = Ledger(
            settings.run_id,
            states=StateWriter(settings.state, results, write_line),
            results=results,
            metrics=metrics,
            stop=stop,
            before_state=lambda: _before_state(quarantine, metrics, journal),
            after_state=lambda numbers: _after_state(numbers, journal),
            now=clock.now,
        )
        connection = Connection(settings, clock, stop.sleep)
        where = places or Places()
        ground = _Ground(settings, stop, where, metrics, quarantine, ledger, connection, journal, seeds)
        run = ground.run(started_at)
        undone.pop_all()
    return run


def _quarantine_file(
    settings: Settings, stop: Stop, metrics: MetricsWriter, states_fd: int
) -> QuarantineFile | None:
    """The quarantine file, if the run may have to set a record aside."""
    wanted = settings.quarantines or any(entry.may_set_aside for entry in settings.streams)
    if not settings.quarantine_path or not wanted or settings.import_mode is ImportMode.DRY_RUN:
        return None
    path = settings.quarantine_path
    try:
        # It may be the input, loaded again: what is appended is not read, see `same_file_limit`.
        others = (states_fd, STANDARD_ERROR, metrics.fd)
        calls = store_calls(settings, stop)
        return QuarantineFile(path, settings.run_id, stop.clock.now, apart_from=others, calls=calls)
    except SettingsError:
        metrics.leave(path)
        raise


def store_calls(settings: Settings, stop: Stop) -> StoreCalls:
    """How the stores of a run's outputs are asked."""
    return StoreCalls(stop, retry_for_s=settings.retry_for_s, timeout_s=settings.request_timeout_s)


def _before_state(quarantine: QuarantineFile | None, metrics: MetricsWriter, journal: Journal | None) -> None:
    """What a state waits for: what is set aside or told can't be lost, and the lists are still ours."""
    if quarantine is not None:
        quarantine.flush()
    metrics.sync()
    if journal is not None:
        journal.leases.check_all()


def _after_state(numbers: Sequence[int], journal: Journal | None) -> None:
    """What is written down of the jobs that a state has passed."""
    reached(CrashPoint.STATE_WRITTEN)
    if journal is not None:
        journal.covered(numbers)
        reached(CrashPoint.COVERED)


def _journal(settings: Settings, clock: Clock) -> Journal | None:
    """What the run remembers, where it loads contacts."""
    if settings.import_mode is not ImportMode.LOAD:
        return None
    journal = open_journal(
        settings.journal,
        settings.journal_key,
        api_url=settings.api_url,
        run_id=settings.run_id,
        clock=clock,
    )
    if journal is None:
        need_none(settings)
    else:
        since = dt.datetime.fromtimestamp(journal.since, dt.timezone.utc)
        log.info(
            "Journal %s, kept since %s: %s",
            journal.database.place,
            since.date(),
            journal.open_in_words(),
        )
    return journal


@dataclass(frozen=True)
class _Ground:
    """What the working parts of a run stand on."""

    settings: Settings
    stop: Stop
    places: Places
    metrics: MetricsWriter
    quarantine: QuarantineFile | None
    ledger: Ledger
    connection: Connection
    journal: Journal | None
    seeds: Seeds | None

    def run(self, started_at: dt.datetime) -> Run:
        """The run, with parts that send, or in a dry run with such as only note what they would."""
        settings, ledger, wire = self.settings, self.ledger, wire_format(self.settings.media_type)
        monotonic = self.stop.clock.monotonic
        loader: Loader | Plan
        refusals: InvalidRecords
        if settings.import_mode is ImportMode.DRY_RUN:
            loader = (
                Plan(settings, ledger, self.stop, wire, self.places)
                if self.seeds is None
                else Seeding(settings, ledger, self.stop, wire, self.places, self.seeds)
            )
            refusals = PlannedInvalidRecords(settings, self.places, ledger, loader)
            make_client = self.connection.client
        else:
            loader = self._loader()
            refusals = InvalidRecords(settings, self.quarantine, self.places, ledger)
            # A reader that waits for W50 must learn of what happens in the background meanwhile.
            make_client = partial(self.connection.client, sleep=loader.pause)
        creates = settings.import_mode is ImportMode.CREATE_ONLY
        intake = Intake(loader, ledger, settings, wire, monotonic)
        every_s = min(LOOK_S, settings.checkpoint_interval_s)
        lists = AttendedClient(make_client, intake.look_round, self.stop.clock, every_s=every_s)
        keeper = None
        if isinstance(loader, Seeding):
            recovery = self._recovery(loader.seeds.journal, lists, intake, self.stop.sleep)
            loader.recovery = intake.recovery = recovery
            keeper = LeaseKeeper(recovery.journal.leases, self.stop.clock, loader.failed)
            keeper.start()
        elif isinstance(loader, Plan):
            intake.recovery = Foresight(lists, settings, loader, self.stop.clock)
        if self.journal is not None and isinstance(loader, Loader):
            intake.recovery = self._recovery(self.journal, lists, intake, loader.pause)
            keeper = LeaseKeeper(self.journal.leases, self.stop.clock, loader.failed)
            keeper.start()
        return Run(
            settings=settings,
            stop=self.stop,
            places=self.places,
            metrics=self.metrics,
            quarantine=self.quarantine,
            ledger=ledger,
            refusals=refusals,
            wire=wire,
            client=lists,
            directory=ListDirectory(lists),
            create_only=CreateOnly(self.connection.client, ledger, monotonic) if creates else None,
            loader=loader,
            intake=intake,
            journal=self.journal,
            keeper=keeper,
            started_at=started_at,
        )

    def _recovery(
        self, journal: Journal, lists: AttendedClient, intake: Intake, pause: Callable[[float], None]
    ) -> Recovery:
        return Recovery(
            journal,
            lists,
            self.settings,
            self.metrics,
            self.stop.clock,
            look_round=intake.look_round,
            pause=pause,
        )

    def _loader(self) -> Loader:
        settings = self.settings
        bisection = Bisection(self.quarantine if settings.quarantines else None, self.places)

        def make_steps(loader: Loader) -> JobSteps:
            return JobSteps(
                lambda on_request, unless: self.connection.client(
                    on_request, sleep=partial(loader.pause_worker, unless=unless)
                ),
                settings,
                self.ledger,
                wire=wire_format(settings.media_type),
                bisection=bisection,
                places=self.places,
                journal=JobJournal(
                    self.journal,
                    settings.request_timeout_s,
                    suppresses_events=settings.suppress_custom_events,
                ),
                may_run=loader.may_run,
                wake=loader.wake,
                monotonic=self.stop.clock.monotonic,
            )

        queue_bytes = max(QUEUE_BYTES, (1 + settings.parallel_uploads) * settings.batch_size_bytes)
        return Loader(make_steps, settings, self.ledger, self.stop, queue_bytes=queue_bytes)
