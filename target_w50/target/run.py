"""The parts of one run, put together from the settings, and what is told when it ends."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from target_w50.contacts.contact_lists import ListDirectory
from target_w50.errors import TargetW50Error
from target_w50.import_jobs.phases import Phase
from target_w50.import_jobs.places import Places
from target_w50.loading.bisection import Bisection
from target_w50.loading.create_only import CreateOnly
from target_w50.loading.dry_run import Plan, PlannedInvalidRecords
from target_w50.loading.intake import Intake
from target_w50.loading.list_worker import JobSteps
from target_w50.loading.loader import Loader
from target_w50.outputs.invalid_records import InvalidRecords
from target_w50.outputs.ledger import Ledger
from target_w50.outputs.metrics import MetricsWriter
from target_w50.outputs.quarantine import QuarantineFile
from target_w50.outputs.state_lines import JobResults, StateWriter, write_to_stdout
from target_w50.runtime.stop import Stop
from target_w50.settings.connection import Connection
from target_w50.settings.model import DeletedRecords, ImportMode, Settings
from target_w50.singer.messages import BrokenLineError
from target_w50.w50 import W50Client, wire_format

log = logging.getLogger("target-w50")

QUEUE_BYTES = 32_000_000
"""What may wait for W50 at least before the reader waits; two requests fit in any case."""

MOST_IDS = 10
"""How many import jobs the last line names at most."""

LineWriter = Callable[[bytes], None]


class Run:
    """Everything that lives as long as the run.

    Args:
        settings: as judged.
        metrics_logger: the SDK's.
        write_line: takes a state line.
        stop: set from outside to end the run; it has the clock that all its parts go by.
    """

    def __init__(
        self,
        settings: Settings,
        metrics_logger: logging.Logger,
        *,
        write_line: LineWriter = write_to_stdout,
        stop: Stop | None = None,
    ) -> None:
        self.settings = settings
        self.stop = stop or Stop()
        self.places = Places()
        self._metrics_logger = metrics_logger
        self._write_line = write_line
        self.clock = self.stop.clock
        self.started_at = self.clock.now()
        self.plan: Plan | None = None
        self._client: W50Client | None = None
        self._is_open = False
        self._wound_up = False

    def open(self) -> None:
        """Open the outputs, then the connection.

        Raises:
            SettingsError: an output can't be written, or an address not used.
        """
        if self._is_open:
            return
        settings = self.settings
        self.metrics = MetricsWriter(settings.metrics_path, self._metrics_logger, self.clock.now)
        self.quarantine: QuarantineFile | None = None
        results = JobResults()
        self.ledger = Ledger(
            settings.run_id,
            states=StateWriter(settings.state, results, self._write_line),
            results=results,
            metrics=self.metrics,
            stop=self.stop,
            before_state=self._flush_quarantine,
            now=self.clock.now,
        )
        self._is_open = True
        self.refusals: InvalidRecords
        if settings.quarantine_path and self._wants_quarantine and not self._rehearses:
            self.quarantine = QuarantineFile(settings.quarantine_path, settings.run_id, self.clock.now)
        self.connection = Connection(settings, self.clock, self.stop.sleep)
        self.wire = wire_format(settings.media_type)
        self.loader: Loader | Plan = self._plan() if self._rehearses else self._loader()
        self.intake = Intake(self.loader, self.ledger, settings, self.wire, self.clock.monotonic)

    @property
    def is_open(self) -> bool:
        """Whether there are books, however far the opening came."""
        return self._is_open

    @property
    def _rehearses(self) -> bool:
        return self.settings.import_mode is ImportMode.DRY_RUN

    def _plan(self) -> Plan:
        """What takes the place of the loader in a dry run: it sends nothing."""
        self.plan = Plan(self.settings, self.ledger, self.stop, self.wire)
        self.refusals = PlannedInvalidRecords(self.settings, self.places, self.ledger, self.plan)
        return self.plan

    def _loader(self) -> Loader:
        settings = self.settings
        self.refusals = InvalidRecords(settings, self.quarantine, self.places, self.ledger)
        bisection = Bisection(self.quarantine if settings.quarantines else None, self.places)
        loader = Loader(
            lambda may_run: self._steps(loader, may_run, bisection),
            settings,
            self.ledger,
            self.stop,
            queue_bytes=max(QUEUE_BYTES, 2 * settings.batch_size_bytes),
        )
        return loader

    @property
    def client(self) -> W50Client:
        """The reader's own client."""
        if self._client is None:
            # A reader that waits for W50 must learn of what happens in the background meanwhile.
            pause = self.loader.pause if isinstance(self.loader, Loader) else self.stop.sleep
            self._client = self.connection.client(sleep=pause)
        return self._client

    @property
    def directory(self) -> ListDirectory:
        """The account's lists and fields."""
        if not hasattr(self, "_directory"):
            self._directory = ListDirectory(self.client)
        return self._directory

    @property
    def create_only(self) -> CreateOnly:
        """For `import_mode` `create_only`."""
        if not hasattr(self, "_create_only"):
            self._create_only = CreateOnly(self.connection.client, self.ledger, self.clock.monotonic)
        return self._create_only

    @property
    def _wants_quarantine(self) -> bool:
        return self.settings.quarantines or any(
            entry.deleted_records is DeletedRecords.QUARANTINE for entry in self.settings.streams
        )

    def _steps(self, loader: Loader, may_run: Callable[[], None], bisection: Bisection) -> JobSteps:
        return JobSteps(
            lambda on_request: self.connection.client(on_request, sleep=loader.pause_worker),
            self.settings,
            self.ledger,
            wire=self.wire,
            bisection=bisection,
            places=self.places,
            may_run=may_run,
            monotonic=self.clock.monotonic,
        )

    def _flush_quarantine(self) -> None:
        if self.quarantine is not None:
            self.quarantine.flush()

    def close(self) -> None:
        """Close the reader's connections."""
        if self._client is not None:
            self._client.close()

    # The end.

    def abort(self) -> None:
        """After an error: wait for the jobs that W50 runs, run no more.

        Raises:
            StoppedError: if a signal comes meanwhile.
        """
        if self._is_open and hasattr(self, "loader"):
            self.loader.abort()

    def load_what_is_whole(self, error: BrokenLineError) -> None:
        """Have the last state before a broken line pass, with all that was read before it.

        Contacts that were read after that state are in the same jobs. They are loaded too, and come again
        with the next run: no state acknowledges them. Without a state there is nothing to gain.

        Raises:
            TargetW50Error: the first error of the background, the stop, or a limit.
        """
        if not self.ledger.state_waits:
            return
        log.warning("%s What is whole before it is loaded before the run ends.", error.message)
        self.refusals.check_limits(at_end=True)
        self.intake.cut()
        self.loader.finish()
        self.refusals.check_limits(at_end=True)
        self.ledger.finish()
        error.say(
            f"{error.message} All lines before it are loaded, and the last state before it is written: the "
            "next run goes on from there."
        )

    def rerun(self) -> tuple[str, list[int]]:
        """What the next run will repeat, and the import jobs that it is about."""
        if not self._is_open:
            return "safe", []
        running = [job.w50_job.id for job in self.ledger.running if job.w50_job is not None]
        repeated = [each.job_id for each in self.ledger.repeats]
        if repeated:
            return "may_repeat_events", sorted({*running, *repeated})
        return ("wait", running) if running else ("safe", [])

    def repeats_in_words(self) -> str:
        """What W50 is still doing and what the next run will do again, in sentences; empty if nothing."""
        if not self._is_open:
            return ""
        words = [
            f"{job.name[0].upper()}{job.name[1:]} "
            + ("goes on" if job.phase is Phase.RUNNING else "may be running")
            + " in W50; the next run sends its contacts again."
            for job in self.ledger.running
            if job.runs
        ]
        repeats = self.ledger.repeats
        events = sorted({event for each in repeats for event in each.events})
        if events:
            jobs = _jobs([each.job_id for each in repeats if each.events])
            words.append(
                f"The next run may fire custom events again ({', '.join(events)}) for the contacts of {jobs}."
            )
        duplicated = [each.job_id for each in repeats if each.makes_duplicates]
        if duplicated:
            words.append(
                f"The next run sends the contacts of {_jobs(duplicated)} again, and as match_fields is [], "
                "W50 may hold them for new ones: look at them there first."
            )
        return " ".join(words)

    def wind_up(self, exit_status: int, error: TargetW50Error | None) -> None:
        """Write what came of the streams and of the run, once."""
        if not self._is_open or self._wound_up:
            return
        self._wound_up = True
        self.ledger.close_books(error.message if error else "the run ended")
        rerun, job_ids = self.rerun()
        self.ledger.write_streams()
        outcome: dict[str, Any] = {
            "started_at": self.started_at.isoformat(),
            "ended_at": self.clock.now().isoformat(),
            "exit_status": exit_status,
            "error_code": error.code if error else None,
            "error": error.message if error else None,
            "rerun": rerun,
            "rerun_import_job_ids": job_ids,
            "api_host": urlsplit(self.settings.api_url).hostname or "",
        }
        self.ledger.write_run(outcome)
        self.metrics.close()
        if self.quarantine is not None:
            self.quarantine.close()
        self.close()


def _jobs(ids: list[int]) -> str:
    """Import jobs by their ids, of many the first."""
    more = f" and {len(ids) - MOST_IDS} more" if len(ids) > MOST_IDS else ""
    return f"import jobs {', '.join(map(str, ids[:MOST_IDS]))}{more}"
