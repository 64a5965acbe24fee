"""Starts programs of this package as children that take no modules from the working directory."""

from __future__ import annotations

import sys

# Before anything is imported, the empty entry goes that `-c` puts first: it means the working directory.
# `-P` would do, but is only there from Python 3.11 on; `-I` does too much: the package itself may lie in the
# user's own site or on PYTHONPATH.
_START = (
    "import sys; sys.path[:] = filter(None, sys.path); "
    "import runpy; runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
)


def own_program(module: str) -> tuple[str, ...]:
    """The command line of `python -m module`, but for the working directory; arguments may follow."""
    return (sys.executable, "-c", _START, module)
