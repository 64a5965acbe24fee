"""`python crashing.py POINT COUNT ...`: the program, ended as by a crash at that point of the journal."""

from __future__ import annotations

import os
import signal
import sys

from target_w50.__main__ import main
from target_w50.journal import crash_points


def crash_at(point: str, count: int) -> None:
    """End this process when it comes to the point that often."""
    left = [count]

    def look(reached: crash_points.CrashPoint) -> None:
        if reached.value == point:
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

    crash_points.hook = look


if __name__ == "__main__":
    crash_at(sys.argv[1], int(sys.argv[2]))
    sys.argv[1:3] = []
    main()
