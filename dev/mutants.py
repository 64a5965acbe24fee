"""`make mutants`: small mistakes are put into rooms that promises hang on, and the tests must notice each.

Mutmut makes the mistakes, in a copy of the project below `.mutants/`. For each room it runs the quick tests
of that room alone, so that a mistake takes a second or two. What no test has noticed is shown as a diff: it
needs a test, or has none because nobody could tell (another word in a message, `None` for `False`).
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
WORKSHOP = REPOSITORY / ".mutants"
MUTMUT = Path(sys.executable).parent / "mutmut"
NOTICED = ("killed", "timeout", "segfault", "caught by type check")
IGNORED = shutil.ignore_patterns("__pycache__", ".*cache")


@dataclass(frozen=True)
class Room:
    """What is mutated together.

    Attributes:
        modules: paths below `target_w50`.
        tests: paths below `tests`.
        without: a test that looks at the code itself, where mutmut's own methods would be seen.
    """

    modules: tuple[str, ...]
    tests: tuple[str, ...]
    without: str | None = None


ROOMS = {
    "checkpoints": Room(("outputs/checkpoints.py",), ("outputs/test_checkpoints.py",)),
    "job": Room(
        ("import_jobs/job.py", "import_jobs/phases.py"),
        ("import_jobs/test_job.py",),
        "test_the_table_has_every_step_that_a_job_can_take",
    ),
    "maker": Room(
        ("contacts/maker.py", "contacts/mapping.py"), ("contacts/test_maker.py", "contacts/test_mapping.py")
    ),
    "fast_path": Room(
        ("contacts/fast_path.py", "contacts/step_compiler.py", "contacts/steps.py"),
        ("contacts/test_short_way.py",),
    ),
    "ledger": Room(("outputs/ledger.py",), ("outputs/test_ledger.py",)),
    "uploading": Room(("loading/uploading.py",), ("loading/test_uploading.py",)),
    "polling": Room(("loading/polling.py",), ("loading/test_polling.py",)),
    "bisection": Room(("loading/bisection.py",), ("loading/test_bisection.py", "loading/test_uploading.py")),
}


def main(arguments: list[str] | None = None) -> int:
    """Try the rooms that are named, or all; returns 1 where mutmut itself could not work."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rooms", nargs="*", choices=[*ROOMS, []], metavar="ROOM", help=", ".join(ROOMS))
    parser.add_argument("--at-once", type=int, default=2, help="how many at a time")
    options = parser.parse_args(arguments)
    return max(_try_room(name, options.at_once) for name in options.rooms or ROOMS)


def _try_room(name: str, at_once: int) -> int:
    folder = _furnish(name)
    print(f"{name}: {', '.join(ROOMS[name].modules)}", flush=True)
    with (folder / "log").open("wb") as log:
        run = subprocess.run(
            [MUTMUT, "run", "--max-children", str(at_once)],
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if run.returncode:
        print((folder / "log").read_text(errors="replace")[-3000:])
        return 1
    _tell(folder)
    return 0


def _furnish(name: str) -> Path:
    """A copy of the project in which mutmut finds its settings: what pyproject.toml says is for us all."""
    room, folder = ROOMS[name], WORKSHOP / name
    shutil.rmtree(folder, ignore_errors=True)
    for each in ("target_w50", "tests", "dev"):
        shutil.copytree(REPOSITORY / each, folder / each, ignore=IGNORED)
    shutil.copy(REPOSITORY / "pyproject.toml", folder)
    arguments = ["--hypothesis-profile=mutants", "--hypothesis-seed=1", "-p", "no:cacheprovider"]
    if room.without is not None:
        arguments += ["-k", f"not {room.without}"]
    listed = {
        "source_paths": ["target_w50"],
        "only_mutate": [f"target_w50/{module}" for module in room.modules],
        "also_copy": ["dev"],
        "pytest_add_cli_args_test_selection": [f"tests/{test}" for test in room.tests],
        "pytest_add_cli_args": arguments,
    }
    members = (f"{key} =\n" + "".join(f"  {value}\n" for value in values) for key, values in listed.items())
    # A test with threads that a mistake leaves waiting is given up soon.
    limits = "timeout_constant = 10.0\ntimeout_multiplier = 3.0\n"
    (folder / "setup.cfg").write_text("[mutmut]\n" + limits + "".join(members))
    return folder


def _tell(folder: Path) -> None:
    listing = _mutmut(folder, "results", "--all", "true")
    became = dict(line.strip().split(": ", 1) for line in listing.splitlines() if ": " in line)
    counts = Counter(became.values())
    print("  " + ", ".join(f"{count} {what}" for what, count in counts.most_common()))
    words = 0
    for mutant, what in became.items():
        if what in NOTICED:
            continue
        diff = [line for line in _mutmut(folder, "show", mutant).splitlines() if line.startswith(("-", "+"))]
        if _changes_words_alone(diff):
            words += 1
            continue
        print(f"\n  {mutant}: {what}")
        print("\n".join(f"    {line}" for line in diff if not line.startswith(("---", "+++"))), flush=True)
    if words:
        print(f"\n  {words} more change the words of a text alone (or its capitals)")


def _changes_words_alone(diff: list[str]) -> bool:
    """Whether mutmut did no more than put XX around a text, or change its capitals."""
    before, after = (
        [line[1:].lower() for line in diff if line.startswith(sign) and not line.startswith(sign * 3)]
        for sign in "-+"
    )
    return [line.replace("xx", "") for line in after] == before


def _mutmut(folder: Path, *arguments: str) -> str:
    return subprocess.run([MUTMUT, *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(main())
