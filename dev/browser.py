"""The browser that the tests look at the pages with; see `found_or_installed`."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import sync_playwright

from dev import found_or_installed

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
VARIABLE = "W50_TEST_BROWSER"
"""Environment variable with the path or the name of a browser to take instead."""
PACKAGES = ("chromium", "fonts-dejavu-core")
"""Debian's, with letters to draw pages with."""
TRIED = found_or_installed.TRIED_IN / ".no-browser"
START_TIMEOUT_S = 60
INSTALLING = "Installing a browser for the tests (once, about a minute) ..."
MISSING = (
    f"No browser that starts for tests/browser: install Chromium, name one by {VARIABLE}"
    + found_or_installed.or_again(TRIED)
)


def find() -> str | None:
    """The path of a browser that starts, or None."""
    return next(filter(_starts, _candidates()), None)


def install() -> None:
    """Try what the machine lets us: Debian's as root, else playwright's own."""
    if not found_or_installed.debian(PACKAGES):
        found_or_installed.run((sys.executable, "-m", "playwright", "install", "--no-shell", "chromium"))


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
    return found_or_installed.run((path, "--version"), timeout_s=START_TIMEOUT_S)
