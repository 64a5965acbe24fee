"""What log lines carry beside their words, what libraries may say, and that nothing follows the last line."""

from __future__ import annotations

import io
import logging
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import Final

from target_w50.errors import MAX_SENTENCE_CHARS, told

FieldsOf = Callable[[str], Mapping[str, object]]
"""Gives what the lines about a thing carry, by the run's name."""

_METRICS: Final = "singer_sdk.metrics"
_SPEAK_FOR_THEMSELVES: Final = ("target-w50", "target_w50", _METRICS)
"""Loggers whose lines are our own; the SDK's metrics are what we hand to it."""

_PLACEHOLDER: Final = re.compile(r"%(?:\(\w*\))?[#0 +-]*(?:\d+|\*)?(?:\.(?:\d+|\*))?[a-zA-Z%]")
_MEMBERS: Final = frozenset(logging.makeLogRecord({}).__dict__)

_at_hand: ContextVar[FieldsOf | None] = ContextVar("what this thread logs about", default=None)


def is_at_hand(fields_of: FieldsOf) -> None:
    """What this thread logs from now on is about the thing that has these fields."""
    _at_hand.set(fields_of)


class _Fields(logging.Filter):
    """Adds the fields that a line does not have by itself; keeps every line."""

    def __init__(self, run_id: str) -> None:
        super().__init__()
        self._run_id = run_id

    def filter(self, record: logging.LogRecord) -> bool:
        fields_of = _at_hand.get()
        fields = {"run_id": self._run_id} if fields_of is None else fields_of(self._run_id)
        for name, value in fields.items():
            record.__dict__.setdefault(name, value)
        return True


class _Libraries(logging.Filter):
    """Lets the lines of libraries through without what they are about: a value, an answer's text, an address.

    What stands in a library's code is harmless: a line's template, of which each place of a value becomes
    "…". A text that the library has put together itself is not shown, and neither is a traceback, whose last
    line may quote what came.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        name = record.name
        if any(name == own or name.startswith(f"{own}.") for own in _SPEAK_FOR_THEMSELVES):
            return True
        if record.__dict__.get("is_told_without_values"):
            return True  # by the filter of another handler
        if not record.args and record.levelno < logging.WARNING:
            return False
        template = str(record.msg) if record.args else "(a message that may hold values)"
        record.msg = _PLACEHOLDER.sub(lambda found: "%" if found[0] == "%%" else "…", template)
        record.args = record.exc_info = record.exc_text = record.stack_info = None
        for member in record.__dict__.keys() - _MEMBERS:
            del record.__dict__[member]
        record.is_told_without_values = True
        return True


def keep_values_out() -> None:
    """Have every handler of the log leave out what the lines of libraries are about."""
    for handler in handlers():
        if not any(isinstance(each, _Libraries) for each in handler.filters):
            handler.addFilter(_Libraries())


class _Printable(logging.Filter):
    """Keeps a line one short line with nothing in it that a terminal would obey; keeps every line."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        is_long = len(said) > MAX_SENTENCE_CHARS and record.name != _METRICS
        if is_long or not said.isprintable():  # only then: a metrics record is told by its arguments
            record.msg, record.args = told(said), None
        return True


def keep_printable(handlers: Iterable[logging.Handler]) -> None:
    """Have these handlers of the log write lines that are `printable`, whoever says them."""
    for handler in handlers:
        handler.addFilter(_Printable())


def keep_metrics_off_terminals() -> None:
    """Leave the long lines of metrics to logs that a program reads; a person has the summary."""
    for handler in handlers():
        stream = getattr(handler, "stream", None)
        if isinstance(handler, logging.StreamHandler) and stream is not None and stream.isatty():
            handler.addFilter(lambda record: record.name != _METRICS)


def add_fields(run_id: str) -> None:
    """Have every handler of the log add the fields; its formatter says whether they are shown."""
    for handler in handlers():
        handler.addFilter(_Fields(run_id))


def handlers() -> Iterator[logging.Handler]:
    """All handlers of the log, whichever logger they belong to."""
    for logger in (logging.getLogger(), *list(logging.Logger.manager.loggerDict.values())):
        yield from getattr(logger, "handlers", ())  # a placeholder has none


@contextmanager
def end_of_log() -> Iterator[None]:
    """Let what is written within be the last on standard error.

    A worker that was left in the middle of a call may have something to say later: it is said to nobody.
    """
    with ExitStack() as stack:
        on_stderr = [
            handler
            for handler in handlers()
            if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr
        ]
        for handler in on_stderr:
            handler.acquire()
            stack.callback(handler.release)
        yield
        for handler in on_stderr:
            handler.stream = io.StringIO()
