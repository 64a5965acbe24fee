"""Takes contact lists as streams name them, and first sees to what earlier runs left open in them."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from target_w50.contacts.mapping import StreamMapping
from target_w50.errors import JobUnknownError, ListInUseError, W50Error
from target_w50.import_jobs.phases import Outcome
from target_w50.journal.crash_points import CrashPoint, reached
from target_w50.journal.entries import Entry, JournalPhase
from target_w50.journal.histories import Histories
from target_w50.journal.history import StreamHistory
from target_w50.journal.journal import Journal
from target_w50.journal.recovery import Verdict, judge, judge_unseen, status_of
from target_w50.journal.resolving import unresolved_error
from target_w50.loading.attended import AttendedClient
from target_w50.loading.pauses import pause_s
from target_w50.outputs.metrics import MetricsStream, MetricsWriter
from target_w50.outputs.metrics_records import recovered_record
from target_w50.runtime.clock import Clock
from target_w50.settings.model import Settings
from target_w50.w50 import ImportJob

log = logging.getLogger("target-w50")

LOOK_S = 0.5
SAY_EVERY_S = 10.0
"""How often one who waits for a contact list says so."""


class Recovery:
    """The reader's: nothing of a list is loaded before it has been seen to.

    Args:
        journal: of the run.
        client: asks W50 how jobs stand, while the rest of the run is looked after.
        metrics: where it is told what became of the jobs of earlier runs.
        look_round: called now and then while waiting; what it raises ends the wait.
        pause: has the reader pause, in seconds; raises an error of the background, or the stop.

    Attributes:
        unresolved: import jobs that only a person can judge.
        running: import jobs that W50 goes on with after this run has waited for them.
    """

    def __init__(
        self,
        journal: Journal,
        client: AttendedClient,
        settings: Settings,
        metrics: MetricsWriter,
        clock: Clock,
        *,
        look_round: Callable[[], None],
        pause: Callable[[float], None],
    ) -> None:
        self.journal = journal
        self._client = client
        self._settings = settings
        self._metrics = metrics
        self._clock = clock
        self._look_round = look_round
        self._sleep = pause
        self._seen_to: set[int] = set()
        self._histories = Histories(journal, writes=True)
        self.unresolved: list[int] = []
        self.running: list[int] = []

    def list_named(self, list_id: int) -> None:
        """Hold the contact list, and see to what earlier runs left open in it; the first time alone.

        Raises:
            ListInUseError: another run holds it, and went on for longer than `journal_wait_s`.
            JobUnknownError: only a person can say what became of a job.
            W50Error: W50 does not say how a job stands.
            JournalError: the journal can't be used.
        """
        if list_id in self._seen_to:
            return
        self._take(list_id)
        reached(CrashPoint.LIST_TAKEN)
        for entry in self.journal.open_entries(list_id):
            self._see_to(entry)
        self._seen_to.add(list_id)
        reached(CrashPoint.RECOVERED)

    def history_of(self, mapping: StreamMapping) -> StreamHistory | None:
        """What earlier runs brought of a stream; None where nothing is kept of its contacts."""
        return self._histories.of(mapping)

    def see_what_is_left(self) -> None:
        """Remember how many contacts the lists have whose streams send what has changed."""
        for stream, list_id in self._histories.compared.items():
            count = None
            with suppress(W50Error):
                count = self._client.get_contact_list(list_id, retry_for_s=0).count
            self.journal.scopes.left(list_id, stream, count)

    def close(self) -> None:
        """The journal is the run's."""

    def _pause(self, seconds: float) -> None:
        ends = self._clock.monotonic() + seconds
        while (left := ends - self._clock.monotonic()) > 0:
            self._look_round()
            self._sleep(min(LOOK_S, left))

    def _take(self, list_id: int) -> None:
        began, said = self._clock.monotonic(), -SAY_EVERY_S
        while True:
            try:
                self.journal.leases.take(list_id)
            except ListInUseError as held:
                waited = self._clock.monotonic() - began
                left = self._settings.journal_wait_s - waited
                if left <= 0:
                    raise
                if waited - said >= SAY_EVERY_S:
                    said = waited
                    log.info("%s Waiting (%.0f s of journal_wait_s, %g)", held.message, waited, left + waited)
                self._pause(min(LOOK_S, left))
            else:
                return

    def _see_to(self, entry: Entry) -> None:
        verdict, seen, reason = judge_unseen(entry), None, "its run ended before it was run"
        began, counts_nothing = self._clock.monotonic(), False
        if verdict is not Verdict.ABANDON:
            log.info(
                "The journal has %s open, of run %s: asking W50 what became of it", entry.name, entry.run_id
            )
        while verdict in (Verdict.ASK_AGAIN, Verdict.RUNS):
            before, seen = seen, self._status(entry)
            counts_nothing = seen is not None and seen == before
            verdict = judge(
                entry,
                seen,
                self.journal.database.now(),
                failure_statuses=self._settings.failure_statuses,
                max_rejected_percent=self._settings.max_rejected_percent,
                counts_nothing_twice=counts_nothing,
            )
            reason = "W50 has not run it, or nothing of it arrived"
            if verdict is Verdict.RUNS:
                self.journal.recovered(entry, JournalPhase.RUNNING)
                entry = replace(entry, phase=JournalPhase.RUNNING)
            if verdict in (Verdict.ASK_AGAIN, Verdict.RUNS):
                self._wait(entry, began)
        if verdict is Verdict.STOP:
            error = unresolved_error(entry, seen)
            self.unresolved.append(error.job_id or 0)
            raise error
        after = JournalPhase.FINISHED if verdict is Verdict.FINISHED else JournalPhase.ABANDONED
        self.journal.recovered(
            entry, after, result=seen, reason=None if seen and after is JournalPhase.FINISHED else reason
        )
        self._tell(entry, after, seen)

    def _status(self, entry: Entry) -> ImportJob | None:
        return status_of(entry, self._client.get_import_job)

    def _wait(self, entry: Entry, began: float) -> None:
        settings, waited = self._settings, self._clock.monotonic() - began
        if entry.phase is JournalPhase.RUNNING and waited > settings.job_timeout_s:
            self.running.append(entry.import_job_id or 0)
            raise JobUnknownError(
                f"{entry.name[0].upper()}{entry.name[1:]}, which run {entry.run_id} began, has not ended "
                f"within job_timeout_s ({settings.job_timeout_s:g} s). Nothing was sent to the list. The "
                "next run waits for it again.",
                job_id=entry.import_job_id,
            )
        self._pause(pause_s(settings, waited))

    def _tell(self, entry: Entry, after: JournalPhase, seen: ImportJob | None) -> None:
        finished = after is JournalPhase.FINISHED
        log.log(
            logging.INFO if finished or seen is None else logging.WARNING,
            "%s of run %s: %s",
            entry.name[0].upper() + entry.name[1:],
            entry.run_id,
            "it ended well; contacts that it brought are not sent again"
            if finished and entry.custom_events
            else "it ended well"
            if finished
            else "it is not run any more; the tap sends its contacts again",
        )
        if seen is not None:
            record = recovered_record(
                self._settings.run_id,
                entry.run_id,
                entry.stream,
                seen,
                outcome=Outcome.FINISHED if finished else Outcome.ABANDONED,
                contacts=entry.contacts,
                started_at=dt.datetime.fromtimestamp(entry.created, dt.timezone.utc),
                ended_at=self._clock.now(),
            )
            self._metrics.write(MetricsStream.IMPORT_JOBS, record)
