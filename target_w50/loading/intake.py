"""The reader's side of loading: the streams' open jobs, and where the input is cut."""

from __future__ import annotations

from collections.abc import Callable

from target_w50.contacts.mapping import StreamMapping
from target_w50.import_jobs.counts import StreamCounts
from target_w50.loading.stream_load import StreamLoad, TakesBatches
from target_w50.outputs.ledger import Ledger
from target_w50.settings.model import Settings
from target_w50.w50 import WireFormat


class Intake:
    """Owns the streams' open jobs, and cuts the input.

    Args:
        loader: takes the batches.
        ledger: learns where the input is cut.
        wire: writes a merged contact anew.
        monotonic: clock, in seconds.
    """

    def __init__(
        self,
        loader: TakesBatches,
        ledger: Ledger,
        settings: Settings,
        wire: WireFormat,
        monotonic: Callable[[], float],
    ) -> None:
        self.loader = loader
        self.ledger = ledger
        self.settings = settings
        self.wire = wire
        self._monotonic = monotonic
        self._last_cut = monotonic()
        self._cutting = False
        self._loads: dict[str, StreamLoad] = {}

    def load_for(self, counts: StreamCounts, mapping: StreamMapping, source_stream: str) -> StreamLoad:
        """Where the stream's contacts go from here on: on with the open job, if its FieldNames stay."""
        load = self._loads.get(counts.stream)
        if load is not None:
            if load.fits(mapping):
                return load
            self.cut()
        load = StreamLoad(self, counts, mapping, source_stream)
        self._loads[counts.stream] = load
        return load

    def cut(self) -> None:
        """Close every open job at this place of the input, so that the states before it can pass."""
        if self._cutting:
            return
        self._cutting = True
        try:
            for load in self._loads.values():
                load.close()
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
