"""Values that failed their checks: how many of each field, and where the first were read."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from target_w50.contacts.checks import FieldCheck
from target_w50.import_jobs.places import Places

MOST_NAMED = 10
"""Of so many failed values of a field it is said where they were read; the others are counted."""
MOST_NAMED_OF_STREAM = 50
"""So many failed values of a stream have a line of the log of their own."""


@dataclass
class FirstPlaces:
    """How many there are, and where the first were read.

    Attributes:
        first: as `Places` has them.
    """

    count: int = 0
    first: array[int] = field(default_factory=lambda: array("q"))

    def add(self, place: int) -> bool:
        """Count one that was read there; whether it is among the first, which are named."""
        self.count += 1
        if len(self.first) >= MOST_NAMED:
            return False
        self.first.append(place)
        return True

    def add_all(self, other: FirstPlaces) -> None:
        """Count others that were read later."""
        self.count += other.count
        self.first.extend(other.first[: MOST_NAMED - len(self.first)])

    def in_words(self, places: Places) -> str:
        """Where they were read, such as `lines 3, 17 and 4 more`."""
        named = ", ".join(str(places.position(each)) for each in self.first)
        more = self.count - len(self.first)
        return f"line{'' if self.count == 1 else 's'} {named}" + (f" and {more:,} more" if more else "")


@dataclass(kw_only=True)
class FailedValues(FirstPlaces):
    """The failed values of one field of a stream.

    Attributes:
        check: which they failed.
        messages: how often each thing is wrong, in words.
    """

    check: FieldCheck
    messages: dict[str, int] = field(default_factory=dict)

    def add_one(self, message: str, place: int) -> bool:
        """Count one; whether it is among the first."""
        self.messages[message] = self.messages.get(message, 0) + 1
        return self.add(place)


Suspects = dict[str, FirstPlaces]
"""Values that failed and were sent all the same, by FieldName: W50 may refuse them."""


NO_SUSPECTS: Mapping[str, int] = MappingProxyType({})
"""Of one contact, as of nearly all: which of its values failed, and where each was read."""


def suspect(suspects: Suspects, contacts: Iterable[Mapping[str, int]]) -> None:
    """Add the failed values of contacts."""
    for failed in contacts:
        for field_name, place in failed.items():
            suspects.setdefault(field_name, FirstPlaces()).add(place)
