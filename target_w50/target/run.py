"""One run: its parts, and what is told when it ends."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass, field

from target_w50.contacts.contact_lists import ListDirectory
from target_w50.errors import TargetW50Error, counted
from target_w50.import_jobs.phases import Phase
from target_w50.import_jobs.places import Places
from target_w50.journal.crash_points import CrashPoint, reached
from target_w50.journal.journal import Journal
from target_w50.loading.attended import AttendedClient
from target_w50.loading.create_only import CreateOnly
from target_w50.loading.dry_run import Plan
from target_w50.loading.intake import Intake
from target_w50.loading.lease_keeper import LeaseKeeper
from target_w50.loading.loader import Loader
from target_w50.outputs.invalid_records import InvalidRecords
from target_w50.outputs.ledger import Ledger
from target_w50.outputs.metrics import MetricsWriter
from target_w50.outputs.metrics_records import run_outcome
from target_w50.outputs.quarantine import QuarantineFile
from target_w50.runtime.clock import Clock
from target_w50.runtime.stop import Stop
from target_w50.settings.model import Settings
from target_w50.singer.messages import BrokenLineError
from target_w50.w50 import WireFormat

log = logging.getLogger("target-w50")

DAY_S = 86_400
MOST_IDS = 10
"""How many import jobs the last line names at most."""


@dataclass(eq=False, kw_only=True)
class Run:
    """Everything that lives as long as the run; `opening` puts it together.

    Attributes:
        settings: as judged.
        stop: set from outside to end the run; it has the clock that all its parts go by.
        places: the words for where a record was read.
        metrics: where metrics records go.
        quarantine: the file, if the run may set records aside.
        ledger: the books.
        refusals: what becomes of records that can't be loaded.
        wire: how contacts are written.
        client: the reader's own.
        directory: the account's lists and fields.
        create_only: for `import_mode` `create_only`; else None.
        loader: takes the batches; in a dry run the plan, which sends nothing.
        intake: makes batches of contacts, and cuts the input.
        journal: what is remembered across runs; None where nothing is.
        keeper: holds the contact lists meanwhile.
        started_at: when the run began.
    """

    settings: Settings
    stop: Stop
    places: Places
    metrics: MetricsWriter
    quarantine: QuarantineFile | None
    ledger: Ledger
    refusals: InvalidRecords
    wire: WireFormat
    client: AttendedClient
    directory: ListDirectory
    create_only: CreateOnly | None
    loader: Loader | Plan
    intake: Intake
    journal: Journal | None
    keeper: LeaseKeeper | None
    started_at: dt.datetime
    _wound_up: bool = field(default=False, init=False)

    @property
    def clock(self) -> Clock:
        """What all parts go by."""
        return self.stop.clock

    @property
    def plan(self) -> Plan | None:
        """What a dry run notes; None where contacts are sent."""
        return self.loader if isinstance(self.loader, Plan) else None

    def close(self) -> None:
        """Close the reader's connections."""
        self.intake.close()
        self.client.close()

    # The end.

    def abort(self) -> None:
        """After an error: wait for the jobs that W50 runs, run no more.

        Raises:
            StoppedError: if a signal comes meanwhile.
        """
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
        running = [job.w50_job.id for job in self.ledger.running if job.w50_job is not None]
        if self.journal is not None:
            recovery = self.intake.recovery
            unresolved = [*(recovery.unresolved if recovery else []), *self.ledger.unresolved]
            if unresolved:
                return "resolve", sorted(unresolved)
            running += recovery.running if recovery else []
            return ("wait", running) if running else ("safe", [])
        repeated = [each.job_id for each in self.ledger.repeats]
        if repeated:
            return "may_repeat_events", sorted({*running, *repeated})
        return ("wait", running) if running else ("safe", [])

    def repeats_in_words(self) -> str:
        """What W50 is still doing and what the next run will do again, in sentences; empty if nothing."""
        goes_on = "the next run sends its contacts again"
        if self.journal is not None:
            goes_on = "the next run waits for it, and does not send its contacts again"
        words = [
            f"{job.name[0].upper()}{job.name[1:]} "
            + ("goes on" if job.phase is Phase.RUNNING else "may be running")
            + f" in W50; {goes_on}."
            for job in self.ledger.running
            if job.runs
        ]
        repeats = self.ledger.repeats if self.journal is None else []
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

    def _close_journal(self, error: TargetW50Error | None) -> None:
        """Give the contact lists back; after a good end the streams' jobs are settled."""
        if self.keeper is not None:
            self.keeper.close()
        if self.journal is None:
            return
        try:
            # All or nothing: where jobs are settled and the run still ends badly, it is repeated whole.
            with self.journal.database.transaction():
                if error is None:
                    self._settle(self.journal)
                self.journal.leases.release()
            reached(CrashPoint.RELEASED)
        finally:
            self.journal.close()

    def _settle(self, journal: Journal) -> None:
        if self.ledger.comes_again:
            # The tap may have died; whoever began both sees that, and begins again at the last state.
            log.info("The input ended after its last state: what came then is expected again.")
        else:
            journal.settle(
                (counts.mapping.contact_list.id, counts.stream)
                for counts in self.ledger.streams.values()
                if counts.mapping is not None
            )
        journal.forget_members(self.settings.journal_retention_days * DAY_S)

    def _tell_alike(self) -> None:
        """Say which streams had contacts that W50 may take for one."""
        for stream, counts in self.ledger.streams.items():
            if counts.match_values_alike:
                log.warning(
                    "Stream %r: %s stood in an import job with another whose match values differ "
                    "only in case, Unicode form or number against text. If W50 takes them for one contact, "
                    "set `match_values` to folded; else mend them at their source",
                    stream,
                    counted(counts.match_values_alike, "contact"),
                    extra={"stream_name": stream},
                )

    def _tell_failed_checks(self) -> None:
        """Say how many values failed their checks, where not all of them were named."""
        for stream, counts in self.ledger.streams.items():
            fields = counts.failed_values.values()
            count = sum(each.count for each in fields)
            if self.plan is None and count > counts.values_named:
                log.warning(
                    "Stream %r: %s failed their checks (%s); the first of each FieldName are named",
                    stream,
                    counted(count, "value"),
                    ", ".join(f"{each.check.field_name!r} {each.count}" for each in fields),
                    extra={"stream_name": stream},
                )

    def wind_up(self, error: TargetW50Error | None) -> None:
        """Write what came of the streams and of the run, once."""
        if self._wound_up:
            return
        self._wound_up = True
        given = error
        self.ledger.close_books(error.message if error else "the run ended")
        for close in (self._close_quarantine, self._close_journal):
            try:
                close(error)
            except TargetW50Error as failed:
                error = error or failed
        rerun, job_ids = self.rerun()
        self.ledger.write_streams()
        self._tell_alike()
        self._tell_failed_checks()
        outcome = run_outcome(
            self.started_at,
            self.clock.now(),
            error,
            rerun=rerun,
            rerun_import_job_ids=job_ids,
            import_mode=self.settings.import_mode.value,
            api_url=self.settings.api_url,
        )
        self.ledger.write_run(outcome)
        self.metrics.close()
        self.close()
        if error is not given and error is not None:
            raise error

    def _close_quarantine(self, error: TargetW50Error | None) -> None:
        """Before the end is told: what was set aside behind the last state may be lost with its store."""
        if self.quarantine is None:
            return
        try:
            self.quarantine.close()
        except TargetW50Error as failed:
            if error is not None and failed.code != error.code:
                log.error("After that also: %s", failed.message)  # noqa: TRY400  # it may hold values
            raise


def _jobs(ids: list[int]) -> str:
    """Import jobs by their ids, of many the first."""
    more = f" and {len(ids) - MOST_IDS} more" if len(ids) > MOST_IDS else ""
    return f"import jobs {', '.join(map(str, ids[:MOST_IDS]))}{more}"
