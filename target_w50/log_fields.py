"""What log lines carry beside their words, for structured logging: the run, and the job that is at hand."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextvars import ContextVar

from target_w50.jobs import LoadJob

_at_hand: ContextVar[LoadJob | None] = ContextVar("job at hand", default=None)


def is_at_hand(job: LoadJob) -> None:
    """What this thread logs from now on is about this job."""
    _at_hand.set(job)


class _Fields(logging.Filter):
    """Adds the fields that a line does not have by itself; keeps every line."""

    def __init__(self, run_id: str) -> None:
        super().__init__()
        self._run_id = run_id

    def filter(self, record: logging.LogRecord) -> bool:
        job = _at_hand.get()
        fields = {"run_id": self._run_id} if job is None else job.log_fields(self._run_id)
        for name, value in fields.items():
            record.__dict__.setdefault(name, value)
        return True


def add_fields(run_id: str) -> None:
    """Have every handler of the log add the fields; its formatter says whether they are shown."""
    for handler in handlers():
        handler.addFilter(_Fields(run_id))


def handlers() -> Iterator[logging.Handler]:
    """All handlers of the log, whichever logger they belong to."""
    names = list(logging.Logger.manager.loggerDict)
    for logger in (logging.getLogger(), *map(logging.getLogger, names)):
        yield from logger.handlers
