"""How much the tests of generated input try: a sixth of it in `make test`, all of it in `make seeds`."""

from __future__ import annotations

import os

LONG = "TESTS_LONG"
"""The variable of the environment that asks for all of it."""


def tries(count: int) -> int:
    """How many examples of this many are tried in this run."""
    return count if os.environ.get(LONG) else -(-count // 6)
