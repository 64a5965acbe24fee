"""The reader's side of loading: the streams' open jobs, and where the input is cut."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol
from weakref import WeakValueDictionary

from target_w50.contacts.mapping import StreamMapping
from target_w50.import_jobs.counts import StreamCounts
from target_w50.journal.history import StreamHistory
from target_w50.loading.open_batches import MOST_IN_OPEN_JOBS, OPEN_BYTES, OpenBatches
from target_w50.loading.open_jobs import OpenJobs
from target_w50.loading.quiet_load import QuietLoad
from target_w50.loading.stream_load import StreamLoad
from target_w50.loading.takes_batches import TakesBatches
from target_w50.outputs.ledger import Ledger
from target_w50.settings.model import Settings
from target_w50.w50 import WireFormat

MOST_OPEN_JOBS = 8
"""A stream whose FieldNames change again and again has this many open jobs at most."""


class SeesToLists(Protocol):
    """What is done about a contact list before anything of it is loaded: a recovery, or its foresight.

    Attributes:
        unresolved: import jobs that only a person can judge.
        running: import jobs that W50 goes on with after this run has waited for them.
    """

    unresolved: list[int]
    running: list[int]

    def list_named(self, list_id: int) -> None:
        """A stream goes to the list."""

    def history_of(self, mapping: StreamMapping) -> StreamHistory | None:
        """What earlier runs brought of a stream; None where nothing is kept of its contacts."""

    def see_what_is_left(self) -> None:
        """The run ended well: how many contacts its lists have now."""

    def close(self) -> None:
        """Give back what was opened for it."""


class Intake:
    """Owns the streams' open jobs, and cuts the input.

    Args:
        loader: takes the batches.
        ledger: learns where the input is cut.
        wire: writes a merged contact anew.
        monotonic: clock, in seconds.

    Attributes:
        recovery: takes contact lists and sees to what earlier runs left; None where nothing is remembered.
        open_batches: what the streams' open batches hold.
    """

    def __init__(
        self,
        loader: TakesBatches,
        ledger: Ledger,
        settings: Settings,
        wire: WireFormat,
        monotonic: Callable[[], float],
    ) -> None:
        self.recovery: SeesToLists | None = None
        self.loader = loader
        self.ledger = ledger
        self.settings = settings
        self.wire = wire
        self.open_batches = OpenBatches(
            max(OPEN_BYTES, settings.batch_size_bytes * 3 // 2),
            max(MOST_IN_OPEN_JOBS, settings.max_contacts_per_job),
        )
        self._monotonic = monotonic
        self._last_cut = monotonic()
        self._cutting = False
        self._open_jobs: dict[str, OpenJobs] = {}
        self._fired: dict[int, set[int]] = {}
        self._loads: WeakValueDictionary[tuple[str, tuple[str, ...]], StreamLoad] = WeakValueDictionary()

    def load_for(self, counts: StreamCounts, mapping: StreamMapping) -> StreamLoad:
        """Where contacts of the stream go that have these FieldNames: on into the open job for them.

        Several source streams may have one alias, with FieldNames of their own. A load lives as long as a
        sink uses it or its job is open; its stream's entry and contact list never change.
        """
        open_jobs = self._open_jobs.setdefault(counts.stream, OpenJobs())
        key = (counts.stream, mapping.field_names)
        load = self._loads.get(key)
        if load is None:
            if len(open_jobs.loads) >= MOST_OPEN_JOBS:
                self.cut()
            history, fired = self._history_of(mapping), self._fired_of(mapping)
            load = self._loads[key] = StreamLoad(
                self,
                open_jobs,
                counts,
                mapping,
                fired,
                history,
                lambda: QuietLoad(self, open_jobs, counts, mapping, history),
            )
        return load

    def _history_of(self, mapping: StreamMapping) -> StreamHistory | None:
        """What earlier runs brought of the stream, once its list is this run's."""
        if self.recovery is None:
            return None
        self.recovery.list_named(mapping.contact_list.id)
        return self.recovery.history_of(mapping)

    def see_what_is_left(self) -> None:
        """After a good end: have it remembered how many contacts the lists have now."""
        if self.recovery is not None:
            self.recovery.see_what_is_left()

    def close(self) -> None:
        """Give back what was opened to look at earlier runs."""
        if self.recovery is not None:
            self.recovery.close()

    def _fired_of(self, mapping: StreamMapping) -> set[int] | None:
        """The contacts of the list whose custom events fire in this run; None where none are to fire."""
        if not mapping.entry.custom_events or self.settings.suppress_custom_events:
            return None
        return self._fired.setdefault(mapping.contact_list.id, set())

    def cut(self) -> None:
        """Close every open job at this place of the input, so that the states before it can pass."""
        if self._cutting:
            return
        self._cutting = True
        try:
            for open_jobs in self._open_jobs.values():
                open_jobs.close()
            self.open_batches.jobs_closed()
            self.ledger.cut()
            self._last_cut = self._monotonic()
        finally:
            self._cutting = False

    def look_round(self) -> None:
        """To be called while nothing is read: errors of the background, and the checkpoint interval.

        Raises:
            TargetW50Error: the first error of the background, or the stop.
        """
        self.loader.check()
        if self._monotonic() - self._last_cut < self.settings.checkpoint_interval_s:
            return
        if self.ledger.waits:
            self.cut()
        else:
            self._last_cut = self._monotonic()
