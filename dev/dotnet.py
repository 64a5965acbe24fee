"""Mono's DataContractSerializer, which reads what the target sends as XML; see `found_or_installed`.

It is asked by a small program, compiled once: tests/w50/wire/reader.cs.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from dev import found_or_installed

VARIABLE = "W50_TEST_MONO"
"""Environment variable with the folder of Mono's programs (`mcs`, `mono`) to take instead."""
PACKAGES = ("mono-mcs", "mono-runtime", "libmono-system-runtime-serialization4.0-cil")
TRIED = found_or_installed.TRIED_IN / ".no-mono"
SOURCE = Path(__file__).parents[1] / "tests" / "w50" / "wire" / "reader.cs"
COMPILED = found_or_installed.TRIED_IN / ".dotnet-reader.exe"
COMPILE_TIMEOUT_S = 120
INSTALLING = "Installing Mono for the tests (once, some seconds) ..."
MISSING = (
    f"No Mono for tests/w50/wire/test_dotnet.py: install {', '.join(PACKAGES)}, name the folder of its "
    f"programs by {VARIABLE}" + found_or_installed.or_again(TRIED)
)


def find() -> tuple[str, str] | None:
    """The command that starts the reader, or None."""
    folder = os.environ.get(VARIABLE)
    mcs, mono = (shutil.which(name, path=folder) for name in ("mcs", "mono"))
    if mcs is None or mono is None or not (_is_compiled() or _compile(mcs)):
        return None
    return mono, str(COMPILED)


def install() -> None:
    """Debian's, where we may."""
    found_or_installed.debian(PACKAGES)


def _is_compiled() -> bool:
    return COMPILED.exists() and COMPILED.stat().st_mtime > SOURCE.stat().st_mtime


def _compile(mcs: str) -> bool:
    libraries = ("-r:System.Runtime.Serialization", "-r:System.Xml")
    new = COMPILED.with_suffix(f".{os.getpid()}")
    made = found_or_installed.run((mcs, f"-out:{new}", *libraries, str(SOURCE)), timeout_s=COMPILE_TIMEOUT_S)
    if made:
        new.replace(COMPILED)
    return made
