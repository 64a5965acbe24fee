"""Progress while a run loads: a live line for each stream on a terminal, lines of the log elsewhere.

A thread of its own looks at the counters now and again; those who count know nothing of it.
"""

from __future__ import annotations

import logging
import threading
from typing import Protocol, TextIO

from target_w50.console.stream_progress import Looks, StreamProgress
from target_w50.errors import counted
from target_w50.outputs.ledger import Ledger
from target_w50.runtime.clock import CLOCK, Clock
from target_w50.settings.model import ProgressMode

log = logging.getLogger("target-w50")

LIVE_S = 0.5
"""Seconds between two looks on a terminal."""
LINES_S = {ProgressMode.AUTO: 30.0, ProgressMode.ALWAYS: 5.0}
"""Seconds between two lines of the log elsewhere, by the setting `progress`."""


class Display(Protocol):
    """What shows the progress."""

    def show(self, streams: list[StreamProgress]) -> None:
        """Show this instead of what was shown before."""

    def close(self) -> None:
        """Show nothing any more."""


class LogLines:
    """A line of the log for each stream that has moved since its last one."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._told: dict[str, tuple[object, ...]] = {}

    def show(self, streams: list[StreamProgress]) -> None:
        """Write the lines."""
        for each in streams:
            now = (each.records_read, each.contacts_sent, each.not_sent_in_words, each.job_in_words)
            if self._told.get(each.stream) == now:
                continue
            self._told[each.stream] = now
            fields = each.job.log_fields(self._run_id) if each.job else {"run_id": self._run_id}
            log.info(
                "Stream %r: %s read, %s sent%s, %s, %.0f records/s",
                each.stream,
                counted(each.records_read, "record"),
                counted(each.contacts_sent, "contact"),
                *now[2:],
                each.records_per_second,
                extra={**fields, "stream_name": each.stream},
            )

    def close(self) -> None:
        """Nothing is left to be taken away."""


class Progress:
    """Shows the progress of a run from `start` to `stop`.

    Args:
        mode: the setting `progress`.
        file: standard error.
        clock: of the run.
    """

    def __init__(self, mode: ProgressMode, ledger: Ledger, file: TextIO, clock: Clock = CLOCK) -> None:
        self._mode = mode
        self._file = file
        self._run_id = ledger.run_id
        self._looks = Looks(ledger, clock.monotonic)
        self._changed = clock.condition()
        self._ended = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Show progress from now on, unless it is not wanted."""
        if self._mode is ProgressMode.NEVER:
            return
        self._thread = threading.Thread(target=self._go_on, name="progress", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take down what is shown; safe to be called by anyone, and again."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(1.0)

    def _go_on(self) -> None:
        display, pause_s = self._display()
        try:
            while not self._ends_within(pause_s):
                display.show(self._looks.look())
        finally:
            display.close()

    def _ends_within(self, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._ended, seconds)

    def _display(self) -> tuple[Display, float]:
        if self._file.isatty():
            from target_w50.console.live import LiveLines  # noqa: PLC0415  # takes longer to import than a small run

            live = LiveLines(self._file)
            if live.can_be_drawn:
                return live, LIVE_S
        return LogLines(self._run_id), LINES_S[self._mode]
