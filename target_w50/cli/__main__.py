"""`python -m target_w50.cli`: the same as `w50`."""

from __future__ import annotations

from target_w50.cli.main import main

if __name__ == "__main__":
    main()
