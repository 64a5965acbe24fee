"""Azurite, Microsoft's own stand-in for Azure's store, for tests of outputs there; see `found_or_installed`.

What `npm-azurite/package-lock.json` pins, each package with its hash, is put into the project's environment;
no script of a package is run. Node.js and npm are the machine's, or Debian's.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from dev import found_or_installed

VARIABLE = "W50_TEST_AZURITE"
"""Environment variable with the path of an `azurite-blob` to take instead."""
PINNED = Path(__file__).with_name("npm-azurite")
INSTALLED = Path(__file__).parents[1] / ".venv" / ".azurite"
TRIED = found_or_installed.TRIED_IN / ".no-azurite"
PACKAGES = ("nodejs", "npm")
START_TIMEOUT_S = 60
INSTALL_TIMEOUT_S = 300
INSTALLING = "Installing Azurite for the tests (once, half a minute) ..."
MISSING = (
    "No Azurite for tests/outputs/test_azure.py: install Node.js with npm, name an azurite-blob by "
    + VARIABLE
    + found_or_installed.or_again(TRIED)
)


def find() -> Path | None:
    """The program, if it starts."""
    named = os.environ.get(VARIABLE)
    program = Path(named) if named else INSTALLED / "node_modules" / ".bin" / "azurite-blob"
    starts = program.exists() and found_or_installed.run((str(program), "--version"), START_TIMEOUT_S)
    return program if starts else None


def install() -> None:
    """Fetch the packages; whether that went well, `find` tells."""
    npm = shutil.which("npm")
    if npm is None and found_or_installed.debian(PACKAGES):
        npm = shutil.which("npm")
    if npm is None:
        return
    INSTALLED.mkdir(parents=True, exist_ok=True)
    for file in PINNED.iterdir():
        shutil.copy(file, INSTALLED)
    command = (npm, "ci", "--prefix", str(INSTALLED), "--ignore-scripts", "--no-audit", "--no-fund")
    found_or_installed.run(command, INSTALL_TIMEOUT_S)
