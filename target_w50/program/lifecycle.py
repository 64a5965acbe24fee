"""A run of `target-w50` from the judged settings to its last line."""

from __future__ import annotations

import gc
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any

from singer_sdk import metrics as sdk_metrics

from target_w50.console.progress import Progress
from target_w50.console.summary import done_in_words, write_summary
from target_w50.errors import JobError, StoppedError, TargetW50Error
from target_w50.files.feed import Feed
from target_w50.import_jobs.places import Places
from target_w50.outputs.metrics import MetricsWriter
from target_w50.program.exit_line import PROGRAM, say_last, unexpected
from target_w50.program.failed_start import write_early_end
from target_w50.program.sdk_log import set_up_log
from target_w50.runtime.logs import add_fields, end_of_log
from target_w50.runtime.pipes import STDIN, throw_away
from target_w50.runtime.signals import Watch
from target_w50.runtime.stdout import LineWriter
from target_w50.runtime.stop import Stop
from target_w50.settings.model import Settings
from target_w50.singer.messages import BrokenLineError
from target_w50.target import TargetW50
from target_w50.target.opening import open_run, store_calls
from target_w50.target.run import Run

log = logging.getLogger(PROGRAM)


class LoadedProgram:
    """Owns the signals and the end of one run.

    Args:
        config: the settings as given.
        settings: the same, judged.
        stdout_fd: where states are written.
        warnings: what the log begins with.
        places: the words for where a record was read; None: lines of the input.
        program: who speaks in the last line.
        reword: changes an error's sentence where somebody else than the settings' author has to mend it.
    """

    def __init__(
        self,
        config: dict[str, Any],
        settings: Settings,
        stdout_fd: int,
        warnings: Iterable[str] = (),
        *,
        places: Places | None = None,
        program: str = PROGRAM,
        reword: Callable[[TargetW50Error], None] | None = None,
    ) -> None:
        self._stdout_fd = stdout_fd
        self._config = {**config, "run_id": settings.run_id}
        self._settings = settings
        self._warnings = warnings
        self._places = places
        self._program = program
        self._reword = reword
        self._stop = Stop()
        self._said = threading.Lock()
        self._input_fd = -1
        self._status: int | None = None
        self._metrics: MetricsWriter | None = None
        self._run: Run | None = None
        self._progress: Progress | None = None

    def run(self, file: IO[bytes] | Feed | None) -> int:
        """Load everything; returns the exit status."""
        # What was imported stays: no collection need look at it again.
        gc.freeze()
        gc.enable()
        set_up_log()
        add_fields(self._settings.run_id)
        for each in self._warnings:
            log.warning("%s", each)
        watch = Watch(self._stop, self._stdout_fd, self._last_words)
        watch.start()
        self._input_fd = _descriptor(file)
        status = self._end(self._load(file))
        # Not before: what is said at the end may hang as well.
        watch.done()
        return status

    def _load(self, file: IO[bytes] | Feed | None) -> TargetW50Error | None:
        try:
            settings, logger = self._settings, sdk_metrics.get_metrics_logger()
            self._metrics = MetricsWriter(
                settings.metrics_path,
                logger,
                self._stop.clock.now,
                apart_from=(self._input_fd, self._stdout_fd),
                calls=store_calls(settings, self._stop),
            )
            self._run = open_run(
                settings,
                self._metrics,
                write_line=LineWriter(self._stdout_fd, self._stop),
                stop=self._stop,
                states_fd=self._stdout_fd,
                places=self._places,
            )
            if self._reads_from(settings.quarantine_path):
                log.warning(
                    "The input is the file of `quarantine_path`. What is loaded from it stays in it: loaded "
                    "again it would be sent again, over newer values. Move the file away before you mend and "
                    "load it, and delete it afterwards."
                )
            self._progress = Progress(settings.progress, self._run.ledger, sys.stderr, self._stop.clock)
            self._progress.start()
            target = TargetW50(config=self._config, run=self._run)
            target.listen(file)  # type: ignore[arg-type]  # our reader takes bytes as well
        except TargetW50Error as error:
            return self._wind_down(error)
        except Exception as error:  # noqa: BLE001  # every ending has its status and its last line
            return self._wind_down(unexpected(error))
        return None

    def _reads_from(self, path: str | None) -> bool:
        """Whether that is the file that messages are read from."""
        if path is None or self._input_fd < 0:
            return False
        try:
            return os.path.samestat(os.fstat(self._input_fd), Path(path).stat())
        except (OSError, ValueError):  # it is a URL, or gone
            return False

    def _wind_down(self, error: TargetW50Error) -> TargetW50Error:
        """Wait for what W50 runs already; the first error decides, but a stop on the way ends the waiting."""
        if isinstance(error, StoppedError):
            return error
        try:
            if isinstance(error, BrokenLineError) and self._run is not None:
                self._run.load_what_is_whole(error)
        except StoppedError as stopped:
            return stopped
        except TargetW50Error as other:
            log.error("After that also: %s", other.message)  # noqa: TRY400  # no traceback: it may hold values
        if self._run is None:
            return error
        if any(job.outcome is None for job in self._run.ledger.running):
            # Others are waited for: it is said again at the end, which may be far away.
            log.error("%s", error.message)
        try:
            self._run.abort()
        except StoppedError as stopped:
            return stopped
        except TargetW50Error as other:
            log.error("After that also: %s", other.message)  # noqa: TRY400  # no traceback: it may hold values
        return error

    def _end(self, error: TargetW50Error | None) -> int:
        with self._said:
            if self._status is not None:
                return self._status
            if self._progress is not None:
                self._progress.stop()
            status = error.exit_status if error else 0
            rerun, done = "safe", ""
            if error is not None:
                if self._reword is not None:
                    self._reword(error)
                self._say_at_error(error)
            try:
                rerun, done = self._tell(error)
            except Exception as last:  # noqa: BLE001  # metrics that can't be written must not hide the end
                if error is None:
                    error = last if isinstance(last, TargetW50Error) else unexpected(last)
                    status = error.exit_status
                    log.error("%s", error.message)  # noqa: TRY400
                else:
                    log.error(  # noqa: TRY400
                        "The metrics of the run could not be written: %s", type(last).__name__
                    )
            if error is not None:
                self._throw_away(error)
            with end_of_log():
                say_last(error, rerun, done, program=self._program)
            self._status = status
        return status

    def _say_at_error(self, error: TargetW50Error) -> None:
        """What the last line will say, in the log first: a runner's filter of the log shows it."""
        if self._run is not None and isinstance(error, (StoppedError, JobError)):
            error.say(f"{error.message} {self._run.repeats_in_words()}".rstrip())
        log.error("%s", error.message)

    def _throw_away(self, error: TargetW50Error) -> None:
        """Read on what the tap writes, unless there is no time for it."""
        if self._input_fd == STDIN and not isinstance(error, StoppedError):
            throw_away(STDIN, lambda: self._stop.error is not None)

    def _tell(self, error: TargetW50Error | None) -> tuple[str, str]:
        """Write what came of the run; returns what the next run repeats, and the words for a good end."""
        run = self._run
        if run is None:
            if self._metrics is not None and error is not None:
                write_early_end(self._metrics, self._settings.run_id, error, self._config)
            return "safe", ""
        rerun, _ = run.rerun()
        run.wind_up(error)
        write_summary(sys.stderr, run.ledger, run.plan, run.places)
        return rerun, "" if error else done_in_words(run.ledger, run.plan, self._settings.import_mode)

    def _last_words(self, error: StoppedError) -> None:
        """In the watch's thread, when the main thread hangs: whatever can still be told."""
        self._end(error)


def _descriptor(file: IO[bytes] | Feed | None) -> int:
    """Of what is read: the file, or standard input; -1 for one in memory."""
    if file is None:
        return STDIN
    try:
        return file.fileno()
    except OSError:
        return -1
