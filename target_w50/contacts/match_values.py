"""Match values for comparing: which are blank, and which differ only in how they are written; pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Hashable, Iterable
from decimal import Decimal
from typing import Any

ENC_CONTACT_ID = object()
"""Tells an EncContactId from a match value that reads the same."""

_MOST_BITS = 256
"""Integers beyond these, and fractions beyond so many digits, are compared as numbers only."""
_MOST_DIGITS = 64
_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Characters that show nothing, though Unicode's categories hold them for letters, marks or signs."""


def is_blank(value: str) -> bool:
    """Whether the text shows nothing: it is empty, or all spaces and invisible format characters."""
    if "!" <= value < "\x7f":
        return False  # It begins with something to see, as nearly all do.
    return all(map(_is_invisible, value))


def _is_invisible(character: str) -> bool:
    return (
        character.isspace()
        or character in _FILLERS
        or "\ufe00" <= character <= "\ufe0f"  # variation selectors
        or unicodedata.category(character) == "Cf"
    )


def folded(identity: Any) -> Hashable:
    """What is the same for match values that differ only in case, Unicode form or number against text."""
    kind = type(identity)
    if kind is str:
        return identity.lower() if identity.isascii() else _caseless(identity)
    if kind is int:
        return str(identity) if identity.bit_length() <= _MOST_BITS else identity
    if kind is Decimal or kind is float:
        return _number_text(identity)
    if kind is tuple and identity[0] is not ENC_CONTACT_ID:
        return tuple(map(folded, identity))
    result: Hashable = identity
    return result


def all_folded(identities: Collection[Any]) -> Iterable[Hashable]:
    """The same of many: where they are texts or integers as most are, all at once."""
    kinds = set(map(type, identities))
    if kinds == {str} and all(map(str.isascii, identities)):
        return map(str.lower, identities)
    if kinds == {int} and min(identities) > -(2**_MOST_BITS) and max(identities) < 2**_MOST_BITS:
        return map(str, identities)
    return map(folded, identities)


def _caseless(text: str) -> str:
    """Unicode's canonical caseless form."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())


def _number_text(number: Decimal | float) -> Hashable:
    """The digits, as an integer has them where it is one."""
    exact = Decimal(number)
    if len(exact.as_tuple().digits) > _MOST_DIGITS or abs(exact.adjusted()) > _MOST_DIGITS:
        return number
    text = format(exact, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text
