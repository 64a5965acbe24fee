"""Which of the processes of tests runs which: those that want the same started or read run in one, and first.

Xdist has groups too, by a mark that it adds to the ids of tests; pytest 9.2 does not let it.
"""

from __future__ import annotations

import re

from xdist.scheduler.loadscope import LoadScopeScheduling

GROUPS = {
    "browser": re.compile(r"tests/browser/test_(report|sandbox)_page\.py"),
    "PostgreSQL": re.compile(r"tests/journal/(test_postgres\.py|.*\[(.*[-/])?postgres\b)"),
    "S3": re.compile(r"tests/outputs/test_(outputs_at_urls|parts|stored_files)\.py"),
    "Azurite": re.compile(r"tests/outputs/test_azure\.py"),
    "Mono": re.compile(r"tests/w50/wire/test_dotnet\.py"),
    "the package's trees": re.compile(r"tests/house/test_structure\.py"),
    "the files of versions": re.compile(r"tests/house/test_supply\.py"),
}
"""By the ids of tests; a test that is in none, and might be, takes only longer."""


class InGroups(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Each test by itself to whoever is free, but for the groups, the largest of which come first."""

    def _split_scope(self, nodeid: str) -> str:
        return next((name for name, ids in GROUPS.items() if ids.match(nodeid)), nodeid)
