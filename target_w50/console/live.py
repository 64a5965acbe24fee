"""The live lines of a run on a terminal: one for each stream, below the log, drawn by rich."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Literal, TextIO

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from target_w50.console.stream_progress import StreamProgress
from target_w50.console.terminal import console_on
from target_w50.errors import printable
from target_w50.runtime.logs import handlers

BAR_WIDTH = 12


class LiveLines:
    """Owns the last lines of the terminal; what the log writes meanwhile goes above them.

    Args:
        file: standard error, a terminal.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._console = console_on(file)
        # Transient: the summary at the end of the run takes its place.
        self._live = Live(console=self._console, auto_refresh=False, transient=True, redirect_stderr=False)
        self._above: TextIO = _AboveTheLines(self._console)
        self._open = False

    @property
    def can_be_drawn(self) -> bool:
        """Whether the terminal can move its cursor."""
        return self._console.is_terminal and not self._console.is_dumb_terminal

    def show(self, streams: list[StreamProgress]) -> None:
        """Draw the streams' lines anew."""
        if not self._open:
            self._open = True
            for handler in _writing_to(self._file):
                handler.setStream(self._above)
            self._live.start()
        self._live.update(lines(streams), refresh=True)

    def close(self) -> None:
        """Take the lines away, and let the log write as before."""
        if not self._open:
            return
        self._open = False
        self._live.stop()
        for handler in _writing_to(self._above):
            handler.setStream(self._file)


class _AboveTheLines(io.StringIO):
    """Prints what is written to it above the live lines, a line at a time and as it is."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def write(self, text: str) -> int:
        *whole, rest = (self.getvalue() + text).split("\n")
        self.seek(0)
        self.truncate()
        super().write(rest)
        for line in whole:
            # The terminal wraps it: a line that is copied stays one line.
            self._console.print(Text(line), soft_wrap=True)
        return len(text)


def lines(streams: list[StreamProgress]) -> Table:
    """A line for each stream: records read, contacts sent, the import job with its bar, the rate."""
    grid = Table.grid(padding=(0, 2))
    alignments: tuple[Literal["left", "right"], ...] = ("left", "right", "right", "left", "left", "right")
    for alignment in alignments:
        grid.add_column(justify=alignment, no_wrap=True)
    for each in streams:
        grid.add_row(
            Text(printable(each.stream), style="bold"),
            Text(f"{each.records_read:,} read"),
            Text(f"{each.contacts_sent:,} sent{each.not_sent_in_words}"),
            Text("" if each.job_id is None else f"job {each.job_id}, {each.job_percent} %"),
            ProgressBar(total=100, completed=each.job_percent, width=BAR_WIDTH),
            Text(f"{each.records_per_second:,.0f}/s"),
        )
    return grid


def _writing_to(file: TextIO) -> Iterator[logging.StreamHandler[TextIO]]:
    """The handlers that write the log to this file."""
    for handler in handlers():
        if isinstance(handler, logging.StreamHandler) and handler.stream is file:
            yield handler
