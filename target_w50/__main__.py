"""`python -m target_w50` and the program `target-w50`."""

from __future__ import annotations

import gc
import signal
import sys


def main() -> None:
    """Run the program and exit with its status."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # Until the program takes the signals over, an interrupt ends it without a traceback.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Imports make much and leave nothing to collect; a run collects again, see LoadedProgram.
    gc.disable()
    from target_w50.program.command import main as run_program  # noqa: PLC0415  # it takes time, see above

    sys.exit(run_program())


if __name__ == "__main__":
    main()
