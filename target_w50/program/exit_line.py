"""How a program ends in words: the last line on standard error, and defects without their values."""

from __future__ import annotations

import errno
import logging
import os
import sys
import traceback
from pathlib import Path

from target_w50.errors import TargetW50Error

PROGRAM = "target-w50"

_NO_ROOM = "make room on the disk, also where temporary files go (TMPDIR)"
_TOO_MANY_FILES = "allow more open files (ulimit -n; 64 are enough)"
_NO_MEMORY = "give it more memory"
_GAVE_OUT = {
    errno.ENOSPC: _NO_ROOM,
    errno.EDQUOT: _NO_ROOM,
    errno.EFBIG: _NO_ROOM,
    errno.EMFILE: _TOO_MANY_FILES,
    errno.ENFILE: _TOO_MANY_FILES,
    errno.ENOMEM: _NO_MEMORY,
}
"""What the machine may run out of, and what helps."""

log = logging.getLogger(PROGRAM)


def say_last(error: TargetW50Error | None, rerun: str, done: str = "", *, program: str = PROGRAM) -> None:
    """The last line: what happened, to what, what to do, `error_code` and `rerun`."""
    sentence = " ".join((error.message if error else done).split())
    code = error.code if error else "none"
    status = error.exit_status if error else 0
    try:
        sys.stderr.write(f"{program}: {sentence} [exit_status={status} error_code={code} rerun={rerun}]\n")
        sys.stderr.flush()
    except BrokenPipeError:
        # Nobody reads it; without this Python would end with a status of its own.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def unexpected(error: BaseException) -> TargetW50Error:
    """A defect of ours as an error; its own text is left out, it may hold a contact's values.

    Where the machine gave out, that is said instead: nobody need report it.
    """
    if isinstance(error, MemoryError) or getattr(error, "errno", None) in _GAVE_OUT:
        return _gave_out(error)
    frames = traceback.extract_tb(error.__traceback__)
    at = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"
    if log.isEnabledFor(logging.DEBUG):
        log.debug("Traceback of %s, without its message:", type(error).__name__)
        for line in "".join(traceback.format_list(frames)).splitlines():
            log.debug("%s", line)
    return TargetW50Error(
        f"Unexpected {type(error).__name__} at {at}. Please report this with the log of a run at log level "
        "DEBUG. Running again is as safe as after any other error."
    )


def _gave_out(error: BaseException) -> TargetW50Error:
    number = getattr(error, "errno", None)
    said = os.strerror(number).lower() if isinstance(number, int) else "no memory left"
    advice = _GAVE_OUT.get(number, _NO_MEMORY) if isinstance(number, int) else _NO_MEMORY
    return TargetW50Error(
        f"The machine gave out ({said}): {advice}, and run again. That is as safe as after any other error.",
        code="machine_gave_out",
    )
