"""What a run would first see to in its contact lists, told in a plan: reads the journal, holds nothing."""

from __future__ import annotations

from contextlib import ExitStack

from target_w50.contacts.mapping import StreamMapping
from target_w50.errors import ListInUseError, SettingsError
from target_w50.journal.histories import Histories
from target_w50.journal.history import StreamHistory
from target_w50.journal.journal import Journal
from target_w50.journal.leases import time_in_words
from target_w50.journal.looking import Absent, holder_of, looked_at
from target_w50.journal.opening import need_none
from target_w50.journal.recovery import SeenToFirst, Verdict, foresee
from target_w50.journal.resolving import unresolved_error
from target_w50.loading.attended import AttendedClient
from target_w50.loading.dry_run import Plan
from target_w50.runtime.clock import Clock
from target_w50.settings.model import Settings

COUNTS_AS_DELIVERED = (Verdict.FINISHED, Verdict.RUNS, Verdict.ASK_AGAIN)


class Foresight:
    """Stands in the place of the recovery, in a dry run.

    Args:
        client: asks W50 how jobs stand.
        plan: learns what would be seen to first, and what would end the run.
    """

    def __init__(self, client: AttendedClient, settings: Settings, plan: Plan, clock: Clock) -> None:
        self._client = client
        self._settings = settings
        self._plan = plan
        self._clock = clock
        self._also: dict[int, list[int]] = {}
        self._opened = ExitStack()
        self._histories: Histories | None = None
        self.unresolved: list[int] = []
        self.running: list[int] = []

    def list_named(self, list_id: int) -> None:
        """Note what a run would first do in the list; the first time alone.

        Raises:
            SettingsError: the journal can't be used.
            W50Error: W50 does not say how a job stands.
            JournalError: the journal can't be read.
        """
        if list_id in self._also:
            return
        self._also[list_id] = []
        with looked_at(self._settings, self._clock) as journal:
            if isinstance(journal, Journal):
                self._look(journal, list_id)

    def _look(self, journal: Journal, list_id: int) -> None:
        holder = holder_of(journal, list_id)
        if holder is not None:
            self._plan.would_end(
                ListInUseError(
                    list_id,
                    run_id=holder.run_id,
                    host=holder.process.host,
                    pid=holder.process.pid,
                    since=time_in_words(holder.since),
                )
            )
            return  # What is open in it is that run's affair.
        for entry in journal.open_entries(list_id):
            verdict, seen = foresee(
                entry,
                self._client.get_import_job,
                journal.database.now(),
                failure_statuses=self._settings.failure_statuses,
            )
            self._plan.seen_to_first.append(SeenToFirst(entry, verdict))
            if verdict is Verdict.STOP:
                self._plan.would_end(unresolved_error(entry, seen))
            if verdict in COUNTS_AS_DELIVERED:
                self._also[list_id].append(entry.id)

    def history_of(self, mapping: StreamMapping) -> StreamHistory | None:
        """What earlier runs brought of a stream, where what runs yet ends well."""
        if self._histories is None:
            journal = self._opened.enter_context(looked_at(self._settings, self._clock))
            if isinstance(journal, Absent):
                if not journal.can_be_made:
                    self._need_none()
                return None
            self._histories = Histories(journal, writes=False)
        return self._histories.of(mapping, self._also[mapping.contact_list.id])

    def _need_none(self) -> None:
        try:
            need_none(self._settings)
        except SettingsError as error:
            self._plan.would_end(error)

    def see_what_is_left(self) -> None:
        """Nothing was sent."""

    def close(self) -> None:
        """Close the journal."""
        self._opened.close()
