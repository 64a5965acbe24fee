"""Pipes between programs: whether one is there, and what a tap writes after this program has failed."""

from __future__ import annotations

import os
import select
import stat
import time
from collections.abc import Callable

STDIN = 0
MOST_S = 5.0
"""How long a tap may take to come to its end, in seconds."""
_LOOK_MS = 100
_CHUNK_BYTES = 65536


def throw_away(fd: int, is_stopped: Callable[[], bool]) -> None:
    """Read on until the input ends, so that the tap's broken pipe does not bury what this program said.

    Args:
        fd: the input; where nobody is cut off, because it is no pipe, nothing is read.
        is_stopped: asked now and then; True ends it at once.
    """
    if not is_pipe(fd):
        return
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    ends = time.monotonic() + MOST_S
    while not is_stopped() and time.monotonic() < ends:
        try:
            if poll.poll(_LOOK_MS) and not os.read(fd, _CHUNK_BYTES):
                return
        except OSError:  # there is nothing to read any more
            return


def is_pipe(fd: int) -> bool:
    """Whether another program is at the other end, or may be."""
    try:
        mode = os.fstat(fd).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
