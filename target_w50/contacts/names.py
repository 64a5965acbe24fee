"""Names without case and punctuation; the nearest that exists."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

MOST_NAMES = 12
"""How many existing names a message lists."""
ALIKE = 0.6
"""How much alike two names are at least, for the one to be meant by the other."""


def normalized(name: str) -> str:
    """The name without regard to case and to all but letters and digits."""
    return "".join(character for character in name.casefold() if character.isalnum())


def nearest(name: str, known: Iterable[str], likeness: float = ALIKE) -> str:
    """A clause that names the nearest that exists, or nothing."""
    found = nearest_name(name, known, likeness)
    return f" (did you mean {found!r}?)" if found else ""


def nearest_name(name: str, known: Iterable[str], likeness: float = ALIKE) -> str | None:
    """The name that is nearest to this one, if any is near: at least so much alike, from 0 to 1."""
    spelled = {normalized(each): each for each in known}
    near = difflib.get_close_matches(normalized(name), spelled, n=1, cutoff=likeness)
    return spelled[near[0]] if near else None


def listing(names: Iterable[str]) -> str:
    """The names, of many the first twelve and how many more there are."""
    every = list(names)
    if not every:
        return "none"
    more = f" and {len(every) - MOST_NAMES} more" if len(every) > MOST_NAMES else ""
    return ", ".join(every[:MOST_NAMES]) + more
