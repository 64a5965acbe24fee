"""Quick checks that a compiled schema is made of: of the properties of an object, and of single values.

The checks of single values are for values of a type that the caller has looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, DecimalException, Inexact, InvalidOperation
from functools import partial
from typing import Any

Check = Callable[[Any], bool]
NONE = type(None)

# What would be rounded raises, and is left to jsonschema.
remainder = Context(prec=60, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[Inexact, InvalidOperation]).remainder


def bounded(schema: dict[str, Any]) -> Check | None:
    """Give the check of an int or Decimal against bounds, of draft 4 or later; None without any."""
    low, above = schema.get("minimum"), schema.get("exclusiveMinimum")
    high, below = schema.get("maximum"), schema.get("exclusiveMaximum")
    if isinstance(above, bool):
        low, above = (None, low) if above else (low, None)
    if isinstance(below, bool):
        high, below = (None, high) if below else (high, None)
    checks: list[Check] = []
    if low is not None:
        checks.append(lambda value: bool(value >= low))
    if above is not None:
        checks.append(lambda value: bool(value > above))
    if high is not None:
        checks.append(lambda value: bool(value <= high))
    if below is not None:
        checks.append(lambda value: bool(value < below))
    return every(checks)


def divisor_of(schema: dict[str, Any]) -> Decimal | None:
    """Give what numbers have to be multiples of, or None."""
    divisor = schema.get("multipleOf")
    if divisor is None:
        return None
    return Decimal(repr(divisor)) if isinstance(divisor, float) else Decimal(divisor)


def multiple(schema: dict[str, Any]) -> Check | None:
    """Give the check of an int or Decimal for being a multiple, None where none is asked for."""
    exact = divisor_of(schema)
    if exact is None:
        return None

    def check(value: int | Decimal) -> bool:
        try:
            return not remainder(value, exact)
        except DecimalException:
            return False

    return check


class AtMost:
    """The check of a text's or array's size that is asked for most: no more than `size`."""

    __slots__ = ("size",)

    def __init__(self, size: int) -> None:
        self.size = size

    def __call__(self, value: Any) -> bool:  # noqa: D102 - the class says it
        return len(value) <= self.size


def sized(low: Any, high: Any) -> Check | None:
    """Give the check of the size of a text or array; None where any size will do."""
    if high is None:
        return (lambda value: len(value) >= low) if low else None
    return (lambda value: low <= len(value) <= high) if low else AtMost(int(high))


def sizes(low: Any, high: Any) -> Callable[[int], bool]:
    """Give the same check of a size that is known."""
    return lambda size: bool(low <= size and (high is None or size <= high))


def listed(values: Sequence[Any]) -> dict[type, Check]:
    """Give the checks, by the value's type, of being one of the given values.

    Objects and arrays are not looked for, nor are floats: jsonschema does that.
    """
    texts = frozenset(value for value in values if isinstance(value, str))
    constants = [value for value in values if value is None or isinstance(value, bool)]
    numbers = [value for value in values if type(value) in (int, Decimal)]
    return {
        str: texts.__contains__,
        NONE: lambda _: None in constants,
        bool: lambda value: any(value is each for each in constants),
        int: numbers.__contains__,
        Decimal: numbers.__contains__,
        float: never,
        dict: never,
        list: never,
    }


def every(checks: Sequence[Check]) -> Check | None:
    """Give one check for several; None for none."""
    if not checks:
        return None
    first, rest = checks[0], every(checks[1:])
    return first if rest is None else lambda value: first(value) and rest(value)


def never(_: Any) -> bool:
    """Leave the value to jsonschema."""
    return False


def always(_: Any) -> bool:
    """Take any value."""
    return True


class _Missing:
    """Stands for the value of a property that an object lacks."""


_MISSING = _Missing()


@dataclass(frozen=True)
class Property:
    """What a property's value must be.

    Attributes:
        name: the property.
        types: the types of the values that are taken; None for any.
        rules: further checks, by the value's type.
        second_try: check of a value of another type that may be taken all the same.
    """

    name: str
    types: AbstractSet[type] | None
    rules: Mapping[type, Check]
    second_try: Check | None = None


def object_check(properties: Sequence[Property], required: AbstractSet[str], others: Check | None) -> Check:
    """Make the check of an object.

    The source of a function is written and compiled, as dataclasses are: a line for each property takes two
    thirds of the time of a loop over them. All that comes of a schema is in it as a literal, or by reference.

    Args:
        properties: the properties that are known.
        required: the names that must be there.
        others: check of the values of all other properties, None for any.
    """
    names = frozenset(each.name for each in properties)
    namespace: dict[str, Any] = {"MISSING": _MISSING}
    lines = ["def check(record):", " get = record.get"]
    if others is never:
        namespace["knows_all"] = names.issuperset
        lines.append(" if not knows_all(record): return False")
    elif others is not None:
        namespace["others_pass"] = partial(_others_pass, names, others)
        lines.append(" if not others_pass(record): return False")
    lines += [f" if {name!r} not in record: return False" for name in sorted(required - names)]
    for number, each in enumerate(properties):
        lines += _lines(each, number, namespace, is_required=each.name in required)
    lines.append(" return True")
    exec("\n".join(lines), namespace)  # noqa: S102 - see above
    check: Check = namespace["check"]
    return check


def _lines(each: Property, number: int, namespace: dict[str, Any], *, is_required: bool) -> list[str]:
    """Write the check of one property."""
    name = repr(each.name)
    if each.types is None:
        lines = [f" if {name} not in record: return False"] if is_required else []
        value = f"get({name}, MISSING)"
    else:
        # A property that is not there passes as null does, or as what only stands for it.
        by_null = NONE in each.types and not is_required
        value = f"get({name})" if by_null else f"get({name}, MISSING)"
        types = set(each.types) if by_null or is_required else {*each.types, _Missing}
        namespace[f"types_{number}"] = frozenset(types)
        once_more = ""
        if each.second_try is not None:
            namespace[f"second_try_{number}"] = each.second_try
            once_more = f" and not second_try_{number}({value})"
        lines = [f" if type({value}) not in types_{number}{once_more}: return False"]
    rule = each.rules.get(str)
    if isinstance(rule, AtMost) and len(each.rules) == 1:
        lines += [f" value = {value}", f" if type(value) is str and len(value) > {rule.size}: return False"]
    elif each.rules:
        namespace[f"rule_{number}"] = each.rules.get
        lines += [
            f" value = {value}",
            f" rule = rule_{number}(type(value))",
            " if rule is not None and not rule(value): return False",
        ]
    return lines


def _others_pass(names: AbstractSet[str], check: Check, record: dict[str, Any]) -> bool:
    return all(name in names or check(value) for name, value in record.items())
