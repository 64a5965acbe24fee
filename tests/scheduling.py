"""Which of the processes of tests runs which: those that want the same started or read run in one, and first.

Xdist has groups too, by a mark that it adds to the ids of tests; pytest 9.2 does not let it.
"""

from __future__ import annotations

import functools
import os
import re
from pathlib import Path

from xdist.scheduler.loadscope import LoadScopeScheduling

from tests.effort import LONG

REPOSITORY = Path(__file__).parents[1]
PROPERTIES = "the constants that hypothesis reads from all modules"
GROUPS = {
    "browser": re.compile(r"tests/browser/test_(report|sandbox)_page\.py"),
    "PostgreSQL": re.compile(r"tests/journal/(test_postgres\.py|.*\[(.*[-/])?postgres\b)"),
    "S3": re.compile(r"tests/outputs/test_(outputs_at_urls|parts|stored_files)\.py"),
    "Azurite": re.compile(r"tests/outputs/test_azure\.py"),
    # With Mono, which others do not start.
    PROPERTIES: re.compile(r"tests/w50/wire/test_dotnet\.py"),
    "the package's trees": re.compile(r"tests/house/test_(structure|documents)\.py"),
    "the files of versions": re.compile(r"tests/house/test_supply\.py"),
    # For seconds on end, and leave a core to the others; in several processes at once they would leave all.
    "what waits": re.compile(
        r"tests/(loading/test_(background|doubtful_answers|odd_answers)|console/test_progress"
        r"|journal/test_several_processes|runtime/test_last_resort)\.py"
    ),
}
"""By the ids of tests; a test that is in none, and might be, takes only longer."""
PROPERTY = re.compile(r"@given\(.*?\bdef (test_\w+)\(", re.DOTALL)


@functools.cache
def properties_in(path: str) -> set[str]:
    """The names of a module's property tests, but for the state machines."""
    return {*PROPERTY.findall((REPOSITORY / path).read_text(encoding="utf-8"))}


def is_property(nodeid: str) -> bool:
    path, _, name = nodeid.partition("::")
    return name.endswith("::runTest") or name.partition("[")[0] in properties_in(path)


class InGroups(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Each test by itself to whoever is free, but for the groups, the largest of which come first."""

    def _split_scope(self, nodeid: str) -> str:
        group = next((name for name, ids in GROUPS.items() if ids.match(nodeid)), nodeid)
        # All by themselves they take long enough for more than one.
        return PROPERTIES if group == nodeid and LONG not in os.environ and is_property(nodeid) else group
