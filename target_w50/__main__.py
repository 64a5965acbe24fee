"""`python -m target_w50` and the program `target-w50`."""

from __future__ import annotations

import sys

from target_w50.program import main as run_program


def main() -> None:
    """Run the program and exit with its status."""
    sys.exit(run_program())


if __name__ == "__main__":
    main()
