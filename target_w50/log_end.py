"""The end of the log: nothing follows the last line on standard error."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


@contextmanager
def end_of_log() -> Iterator[None]:
    """Let what is written within be the last on standard error.

    A worker that was left in the middle of a call may have something to say later: it is said to nobody.
    """
    with ExitStack() as stack:
        handlers = [*_handlers_on_stderr()]
        for handler in handlers:
            handler.acquire()
            stack.callback(handler.release)
        yield
        for handler in handlers:
            handler.stream = io.StringIO()


def _handlers_on_stderr() -> Iterator[logging.StreamHandler[io.TextIOBase]]:
    loggers = [logging.getLogger(), *logging.Logger.manager.loggerDict.values()]
    for logger in loggers:
        for handler in getattr(logger, "handlers", ()):  # a placeholder has none
            if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr:
                yield handler
