"""What a compiled schema says, property by property: what the short way of records is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from target_w50.validation.column_checks import ColumnCheck
from target_w50.validation.compiled_checks import NONE, Check
from target_w50.validation.drafts import Schema

ANY_TYPE: frozenset[type] = frozenset((NONE, bool, int, float, Decimal, str, dict, list))


@dataclass(frozen=True)
class PropertyRules:
    """What the value of one property must be; with the rules of the others, all that its schema says.

    Attributes:
        types: the types of the values that are taken, as they are read: `Decimal` for fractions.
        rules: further checks of them, by their type.
        columns: the same of many values at once.
        plain: the property's schema, where its type, sizes and bounds are all that it says.
        counts: whether the checks take steps of `WORK`.
    """

    types: frozenset[type]
    rules: Mapping[type, Check]
    columns: Mapping[type, ColumnCheck]
    plain: Schema | None
    counts: bool = False


@dataclass(frozen=True)
class RecordRules:
    """What a schema says of records, where it says it property by property.

    Attributes:
        properties: the properties that it knows.
        required: the names that must be there.
        is_closed: whether no other properties may be there.
    """

    properties: Mapping[str, PropertyRules]
    required: frozenset[str]
    is_closed: bool


NO_RULES = RecordRules({}, frozenset(), is_closed=False)
"""Of records that are not judged."""
ANY_VALUE = PropertyRules(ANY_TYPE, {}, {}, None)


@dataclass(frozen=True)
class Compiled:
    """A schema compiled.

    Attributes:
        check: says yes to a record that is certainly valid; it may raise RecursionError, ArithmeticError and
            TooMuchWorkError.
        rules: the same, property by property; None where the schema says more than that.
    """

    check: Check
    rules: RecordRules | None


def is_surely_valid(rules: PropertyRules, value: Any) -> bool:
    """Whether the value of a property is surely valid."""
    kind = type(value)
    if kind not in rules.types:
        return False
    rule = rules.rules.get(kind)
    try:
        return rule is None or rule(value)
    except Exception:  # noqa: BLE001  # jsonschema is asked then
        return False


def plain_fault(schema: Schema, rules: RecordRules, record: Mapping[str, Any]) -> tuple[str, str, Any] | None:
    """What jsonschema would find first, where it is plain to see; so that takes a tenth of the time.

    Returns:
        The property, the keyword that it fails, and what that asks for; None if jsonschema is to be asked.
    """
    for keyword in schema:  # in the order in which jsonschema goes through them
        if keyword == "properties":
            for name, each in rules.properties.items():
                if name in record and not is_surely_valid(each, record[name]):
                    found = _fault_of(each, record[name])
                    return None if found is None or not name else (name, *found)
        elif (keyword == "required" and not rules.required <= record.keys()) or (
            keyword == "additionalProperties" and rules.is_closed and not record.keys() <= {*rules.properties}
        ):
            return None
    return None


def _fault_of(rules: PropertyRules, value: Any) -> tuple[str, Any] | None:
    """The first keyword of a plain schema that the value fails."""
    kind = type(value)
    if rules.plain is None or kind in (float, Decimal):  # what of these is an integer differs by draft
        return None
    for keyword, wanted in rules.plain.items():
        fails = _FAILS.get(keyword)
        if keyword == "type":
            if kind not in rules.types:
                return keyword, wanted
        elif fails is not None and fails[0] is kind and fails[1](value, wanted):
            return keyword, wanted
    return None


_FAILS: dict[str, tuple[type, Callable[[Any, Any], bool]]] = {
    "minLength": (str, lambda value, least: len(value) < least),
    "maxLength": (str, lambda value, most: len(value) > most),
    "minimum": (int, lambda value, least: value < least),
    "maximum": (int, lambda value, most: value > most),
}
