"""`python -m target_w50` and the program `target-w50`."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys

DRIVERS = {"adlfs", "gcsfs", "s3fs"}
"""Of stores that outputs go to; imported only by a run that has some."""


def main() -> None:
    """Run the program and exit with its status."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # Until the program takes the signals over, an interrupt ends it without a traceback.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Imports make much and leave nothing to collect; a run collects again, see LoadedProgram.
    gc.disable()
    from target_w50.program.command import main as run_program  # noqa: PLC0415  # it takes time, see above

    status = run_program()
    if DRIVERS & sys.modules.keys():
        # All is said. At Python's own end they would close their connections, and wait for one that hangs.
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


if __name__ == "__main__":
    main()
