"""What the setting `journal` may name: `auto`, `none`, a file, or a PostgreSQL database by its URL."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

AUTO, NONE = "auto", "none"
_DATABASES = ("postgresql://", "postgres://")


def is_database(place: str) -> bool:
    """Whether it is the URL of a PostgreSQL database."""
    return place.startswith(_DATABASES)


def journal_faults(given: Mapping[str, Any], names: Collection[str]) -> Iterator[str]:
    """What is wrong with the place of the journal, without showing it: a URL may hold a password.

    Args:
        given: the settings that are sound, with their defaults.
        names: of all settings that are given.
    """
    place = given.get("journal", AUTO)
    if "\0" in place or ("://" in place and not is_database(place)):
        yield "`journal` must be the path of a file, or the URL of a PostgreSQL database (postgresql://...)"
    elif is_database(place) and "journal_key" not in names:
        yield (
            "`journal_key` is required for a journal in a database: all who share the journal have the same "
            "key, and the database does not hold it"
        )
