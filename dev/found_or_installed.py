"""What tests want of the machine and need not have: found, or installed where the machine lets us.

`make test` runs it before pytest: `python -m dev.found_or_installed browser postgres dotnet azurite`, each a
module beside this one. What is there already is taken as it is; for what can't be had a line says so, and the
tests that need it are skipped. CI demands everything.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

TRIED_IN = Path(__file__).parents[1] / ".venv"
"""Here is a file for each thing that could not be installed: the next run does not try again."""
AGAIN = "to have it tried again."
"""The end of every line about something missing."""
INSTALL_TIMEOUT_S = 900
APT = (
    *("-qq", "-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=30"),
    *("-o", "Acquire::https::Timeout=30", "-o", "DPkg::Lock::Timeout=120"),
)


class Wanted(Protocol):
    """A module that knows one thing that tests want.

    Attributes:
        VARIABLE: environment variable with a path to it, to be taken instead.
        INSTALLING: what is said while it is installed.
        MISSING: what is said where it can't be had.
        TRIED: is there when installing failed.
    """

    VARIABLE: str
    INSTALLING: str
    MISSING: str
    TRIED: Path

    def find(self) -> object | None:
        """It, if it is there and starts."""

    def install(self) -> None:
        """Try what the machine lets us; whether that went well, `find` tells."""


def demanded() -> bool:
    """Whether something missing is a failure: CI is to run all tests."""
    return os.environ.get("CI", "").lower() not in {"", "0", "false"}


def or_again(tried: Path) -> str:
    """What a person can do last about something that could not be installed."""
    return f", or remove {tried.parent.name}/{tried.name} {AGAIN}"


def seek(wanted: Wanted) -> int:
    """Find it, or install it; returns the exit status, which only CI makes a failure."""
    if wanted.find():
        return 0
    if wanted.VARIABLE not in os.environ and (demanded() or not wanted.TRIED.exists()):
        print(wanted.INSTALLING, flush=True)
        wanted.install()
        if wanted.find():
            wanted.TRIED.unlink(missing_ok=True)
            return 0
        wanted.TRIED.touch()
    print(wanted.MISSING, "CI demands them." if demanded() else "They are skipped.", file=sys.stderr)
    return 1 if demanded() else 0


def debian(packages: Sequence[str]) -> bool:
    """Install Debian's packages, where we may; whether that went well."""
    apt_get = shutil.which("apt-get")
    if apt_get is None or os.geteuid() != 0:
        return False
    _fetch_lists(apt_get)
    return run((apt_get, *APT, "install", "-y", "--no-install-recommends", *packages))


@cache
def _fetch_lists(apt_get: str) -> None:
    """Without the lists of packages there is nothing to install; with old ones there may be."""
    run((apt_get, *APT, "update"))


def run(command: Sequence[str], timeout_s: float = INSTALL_TIMEOUT_S) -> bool:
    """Run it, in silence unless CI is to know why it failed; whether it ended well."""
    shown = None if demanded() else subprocess.DEVNULL
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=shown,
            stderr=shown,
            timeout=timeout_s,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def main(names: Sequence[str]) -> int:
    """Seek each; returns the worst exit status."""
    return max(seek(cast("Wanted", import_module(f"dev.{name}"))) for name in names)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
