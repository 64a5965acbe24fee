"""The `w50` program: the operator's commands. Data goes to standard output, talk to standard error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run `w50` and end the process with its exit status.

    Args:
        arguments: what stands behind the program's name; None: the process's own.
    """
    from target_w50.cli.program import run  # noqa: PLC0415  # `import target_w50.cli` stays cheap

    raise SystemExit(run(arguments))
