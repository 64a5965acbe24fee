"""One person in the journal: the hashes that a contact of certain values may be known by."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice, product
from typing import Any

from target_w50.contacts.match_values import ENC_CONTACT_ID, folded
from target_w50.contacts.names import normalized
from target_w50.journal.journal import Journal
from target_w50.journal.keys import ContactHashes
from target_w50.journal.scopes import names_from

ENC_CONTACT_ID_NAME = "EncContactId"
_MOST_SPELLINGS = 10_000
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,76})")
_FRACTION = re.compile(r"-?[0-9]{1,64}\.[0-9]{1,64}")


@dataclass(frozen=True)
class Whose:
    """A stream's contacts in one list, as far as one way to match them goes."""

    list_id: int
    stream: str
    match_fields: tuple[str, ...]


class Person:
    """A contact as somebody names it.

    A hash can't be searched for what is like it: usual spellings are tried.

    Args:
        values: by FieldName, or property where a stream has no match fields; as text.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = {normalized(name): value for name, value in values.items()}

    def is_named_for(self, match_fields: Sequence[str]) -> bool:
        """Whether the values tell who it is among contacts that are matched by these."""
        enc = normalized(ENC_CONTACT_ID_NAME)
        rest = self._values.keys() - {enc}
        wanted = {normalized(name) for name in match_fields}
        return enc in self._values or (wanted <= rest if wanted else bool(rest))

    def identities(self, match_fields: Sequence[str]) -> Iterator[Any]:
        """What may tell the contact from others, see `ContactMaker`."""
        enc = normalized(ENC_CONTACT_ID_NAME)
        for text in dict.fromkeys(self._texts(self._values.get(enc, ""))):
            yield (ENC_CONTACT_ID, text)
        names = [normalized(name) for name in match_fields] or [name for name in self._values if name != enc]
        if not names or not self._values.keys() >= set(names):
            return
        for parts in islice(
            product(*(self._spellings(self._values[name]) for name in names)), _MOST_SPELLINGS
        ):
            yield parts[0] if len(parts) == 1 else parts

    @staticmethod
    def _texts(value: str) -> list[str]:
        return [each for each in (value, value.strip()) if each]

    def _spellings(self, value: str) -> list[Any]:
        """The value as taps may have it: as text of some case and Unicode form, or as a number."""
        found: list[Any] = []
        for text in self._texts(value):
            for cased in (text, text.lower(), text.upper(), text.title(), text.capitalize()):
                found += (cased, *(unicodedata.normalize(form, cased) for form in ("NFC", "NFD")))
            found.append(folded(text))
        number = value.strip()
        if _INTEGER.fullmatch(number):
            found.append(int(number))
        elif _FRACTION.fullmatch(number):
            found += (Decimal(number), float(number), folded(Decimal(number)))
        return [*{(type(each), each): each for each in found}.values()]


def all_whose(journal: Journal, list_id: int | None = None) -> list[Whose]:
    """Of whose contacts the journal may keep something, with each way in which they may be matched.

    Args:
        journal: to look into.
        list_id: the contact list; None: all of the account.
    """
    streams = journal.database.rows(
        "SELECT contact_list_id, stream FROM w50_scopes WHERE account = :account "
        "UNION SELECT contact_list_id, stream FROM w50_jobs WHERE account = :account",
        account=journal.account,
    )
    ways = {(), *(each.match_fields for each in ways_to_match(journal))}
    return [
        Whose(number, stream, fields)
        for number, stream in sorted(streams)
        if list_id in (None, number)
        for fields in sorted(ways)
    ]


def ways_to_match(journal: Journal, list_id: int | None = None) -> list[Whose]:
    """How the streams' contacts are matched, and were, as far as the journal knows."""
    rows = journal.database.rows(
        "SELECT DISTINCT contact_list_id, stream, match_fields FROM w50_scopes WHERE account = :account",
        account=journal.account,
    )
    found = [Whose(number, stream, names_from(fields)) for number, stream, fields in rows]
    return sorted(
        (each for each in found if list_id in (None, each.list_id)),
        key=lambda each: (each.list_id, each.stream, each.match_fields),
    )


def hashes_of(journal: Journal, person: Person, list_id: int | None = None) -> dict[int, Whose]:
    """The hashes, signed, that the person may be known by."""
    found: dict[int, Whose] = {}
    for whose in all_whose(journal, list_id):
        identities = [*person.identities(whose.match_fields)]
        for key in journal.keys:
            hashes = ContactHashes(
                key,
                account=journal.account,
                list_id=whose.list_id,
                stream=whose.stream,
                match_fields=whose.match_fields,
            )
            found.update((each, whose) for each in hashes.of_identities(identities))
    return found
