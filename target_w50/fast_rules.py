"""Quick checks of single values, for values of a type that the caller has looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, DecimalException, Inexact, InvalidOperation
from typing import Any

Check = Callable[[Any], bool]
NONE = type(None)

# What would be rounded raises, and is left to jsonschema.
_remainder = Context(prec=60, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[Inexact, InvalidOperation]).remainder


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


def multiple(schema: dict[str, Any]) -> Check | None:
    """Give the check of an int or Decimal for being a multiple, None where none is asked for."""
    divisor = schema.get("multipleOf")
    if divisor is None:
        return None
    exact = Decimal(repr(divisor)) if isinstance(divisor, float) else Decimal(divisor)

    def check(value: int | Decimal) -> bool:
        try:
            return not _remainder(value, exact)
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
