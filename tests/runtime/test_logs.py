"""The last line stays the last, whatever a thread that was left behind has to say."""

from __future__ import annotations

import contextlib
import io
import logging
import sys
import threading
from collections.abc import Iterator

from target_w50.runtime.logs import end_of_log


@contextlib.contextmanager
def standard_error() -> Iterator[io.StringIO]:
    """Standard error, and a logger `left.behind` that writes to it."""
    logger, stream = logging.getLogger("left.behind"), io.StringIO()
    with contextlib.redirect_stderr(stream):
        handler = logging.StreamHandler(sys.stderr)
        logger.addHandler(handler)
        yield stream
        logger.removeHandler(handler)


def test_what_is_logged_while_or_after_the_last_line_is_written_does_not_follow_it() -> None:
    begun = threading.Event()

    def say() -> None:
        begun.set()
        logging.getLogger("left.behind").warning("one more thing")

    thread = threading.Thread(target=say)
    with standard_error() as told:
        logging.getLogger("left.behind").warning("before")
        with end_of_log():
            thread.start()
            begun.wait()
            told.write("the last line\n")
        thread.join()
        logging.getLogger("left.behind").warning("and another")
    assert told.getvalue() == "before\nthe last line\n"


def test_what_goes_elsewhere_goes_on() -> None:
    elsewhere = io.StringIO()
    handler = logging.StreamHandler(elsewhere)
    logging.getLogger("left.behind").addHandler(handler)
    with standard_error() as told, end_of_log():
        told.write("the last line\n")
    logging.getLogger("left.behind").warning("later")
    logging.getLogger("left.behind").removeHandler(handler)
    assert elsewhere.getvalue() == "later\n"
