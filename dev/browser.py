"""The browser that the tests look at the pages with: found, or installed where the machine lets us.

`make test` runs it before pytest. A browser that is there already is taken as it is; where none can be had,
a line says so, and the tests that need it are skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
VARIABLE = "W50_TEST_BROWSER"
"""Environment variable with the path or the name of a browser to take instead."""
PACKAGES = ("chromium", "fonts-dejavu-core")
"""Debian's, with letters to draw pages with."""
TRIED = Path(__file__).parents[1] / ".venv" / ".no-browser"
"""Is there when installing failed: the next run does not try again."""
START_TIMEOUT_S = 60
INSTALL_TIMEOUT_S = 900
APT = (
    *("-qq", "-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=30"),
    *("-o", "Acquire::https::Timeout=30", "-o", "DPkg::Lock::Timeout=120"),
)
MISSING = (
    f"No browser that starts for tests/browser: install Chromium, name one by {VARIABLE}, or remove "
    f"{TRIED.parent.name}/{TRIED.name} to have it tried again."
)


def find() -> str | None:
    """The path of a browser that starts, or None."""
    return next(filter(_starts, _candidates()), None)


def demanded() -> bool:
    """Whether a missing browser is a failure: CI is to look at the pages."""
    return os.environ.get("CI", "").lower() not in {"", "0", "false"}


def install() -> None:
    """Try what the machine lets us: Debian's as root, else playwright's own."""
    if _debian():
        return
    _run((sys.executable, "-m", "playwright", "install", "--no-shell", "chromium"))


def main() -> int:
    """Find a browser, or install one; returns the exit status, which only CI makes a failure."""
    if find():
        return 0
    if VARIABLE not in os.environ and (demanded() or not TRIED.exists()):
        print("Installing a browser for the tests (once, about a minute) ...", flush=True)
        install()
        if find():
            TRIED.unlink(missing_ok=True)
            return 0
        TRIED.touch()
    print(MISSING, "CI demands them." if demanded() else "They are skipped.", file=sys.stderr)
    return 1 if demanded() else 0


def _candidates() -> Iterator[str]:
    named = os.environ.get(VARIABLE)
    for each in [named] if named else NAMES:
        found = shutil.which(each)
        if found:
            yield found
    if not named:
        with sync_playwright() as playwright:
            own = playwright.chromium.executable_path
        if Path(own).exists():
            yield own


def _starts(path: str) -> bool:
    """Whether it runs at all: one may lack libraries, or be a note that it is to be had elsewhere."""
    return _run((path, "--version"), timeout_s=START_TIMEOUT_S)


def _debian() -> bool:
    apt_get = shutil.which("apt-get")
    if apt_get is None or os.geteuid() != 0:
        return False
    # Without the lists of packages there is nothing to install; with old ones there may be.
    _run((apt_get, *APT, "update"))
    return _run((apt_get, *APT, "install", "-y", "--no-install-recommends", *PACKAGES))


def _run(command: Sequence[str], timeout_s: float = INSTALL_TIMEOUT_S) -> bool:
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


if __name__ == "__main__":
    sys.exit(main())
