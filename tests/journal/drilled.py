"""`python drilled.py DRILL ...`: the program, to which something is done at a point of the journal.

DRILL is JSON, each member as it is needed: `point` and `count` (which time it comes by) with `signal`, which
the program then sends itself; `days`, by which its clock is ahead; `lease_s`, `renew_s` and `locked_s`, in
place of the minutes that nobody wants to wait.
"""

from __future__ import annotations

import datetime as dt
import json
import signal
import sys
import threading
from typing import Any

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # As the program does: an interrupt while it is imported ends it without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from target_w50.__main__ import main
from target_w50.journal import crash_points, leases
from target_w50.loading import lease_keeper
from target_w50.outputs import append
from target_w50.runtime.clock import Clock


def send_itself(number: signal.Signals, point: str, count: int) -> None:
    """Send this process a signal when it comes to the point that often."""
    left = [count]

    def look(reached: crash_points.CrashPoint) -> None:
        if reached.value == point:
            left[0] -= 1
            if not left[0]:
                # To this thread: it takes no further step, where the process's other threads might.
                signal.pthread_kill(threading.get_ident(), number)

    crash_points.hook = look


def drilled(drill: dict[str, Any]) -> None:
    """Run the program."""
    if "point" in drill:
        send_itself(signal.Signals[drill.get("signal", "SIGKILL")], drill["point"], drill.get("count", 1))
    if "days" in drill:
        ahead = dt.timedelta(drill["days"])
        Clock.now = lambda self: dt.datetime.now(dt.timezone.utc) + ahead  # type: ignore[method-assign]  # noqa: ARG005
    leases.LEASE_S = drill.get("lease_s", leases.LEASE_S)
    lease_keeper.RENEW_S = drill.get("renew_s", lease_keeper.RENEW_S)
    append.LOCKED_S = drill.get("locked_s", append.LOCKED_S)
    main()


if __name__ == "__main__":
    drilled(json.loads(sys.argv.pop(1)))
