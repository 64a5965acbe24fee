"""Checks of many values of one type at once, such as a property's in many records.

Each says yes only where all of the values are surely valid, at a fraction of the time that asking one by one
takes; its "no" means "ask one by one". None takes steps of `WORK`: where a value would, it says no.

The values are as msgspec reads them, so that no number is NaN, and there is at least one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import DecimalException
from itertools import chain, repeat
from operator import itemgetter
from typing import Any

from target_w50.validation.compiled_checks import Check, divisor_of, remainder

ColumnCheck = Callable[[Sequence[Any]], bool]
_Shape = list[tuple[Callable[[Any], Any], "ColumnCheck | None"]]
"""Of objects that have the same names: what gives a member's value, and the check of it."""

MOST_SHAPES = 256
"""Of so many sets of names that objects have it is remembered how their values are judged."""
_ALIKE = 4
"""Objects are judged together where on average so many have the same names."""


def one_by_one(rule: Check) -> ColumnCheck:
    """The check that asks of each value, and takes no steps."""
    return lambda values: all(map(rule, values))


def of_ends(rule: Check) -> ColumnCheck:
    """The check of numbers against bounds: the least and the greatest are within, so all are."""
    return lambda values: rule(min(values)) and rule(max(values))


def of_sizes(rule: Callable[[int], bool]) -> ColumnCheck:
    """The same of the sizes of texts or arrays."""

    def check(values: Sequence[Any]) -> bool:
        sizes = set(map(len, values))
        return rule(min(sizes)) and rule(max(sizes))

    return check


def of_multiples(schema: dict[str, Any]) -> ColumnCheck | None:
    """The check of numbers for being multiples, None where none is asked for."""
    divisor = divisor_of(schema)
    if divisor is None:
        return None

    def check(values: Sequence[Any]) -> bool:
        try:
            return not any(map(remainder, values, repeat(divisor)))
        except DecimalException:
            return False

    return check


def of_items(items: ColumnCheck) -> ColumnCheck:
    """The check of arrays, given that of their items of whatever types."""
    return lambda values: items([*chain.from_iterable(values)])


class Objects:
    """The check of objects.

    Args:
        known: the checks of the properties that are known, of values of whatever types; None for any value.
        required: the names that must be there.
        others: the check of all other properties, None for any.
        is_closed: whether there may be no others.
    """

    def __init__(
        self,
        known: Mapping[str, ColumnCheck | None],
        required: AbstractSet[str],
        others: ColumnCheck | None,
        *,
        is_closed: bool,
    ) -> None:
        self._known = known
        self._required = required
        self._others = others
        self._is_closed = is_closed
        self._shapes: dict[tuple[str, ...], _Shape] = {}

    def __call__(self, values: Sequence[dict[str, Any]]) -> bool:
        """Whether all are surely valid."""
        if len(set(map(len, values))) == 1:
            try:
                return self._pass(tuple(values[0]), values)
            except KeyError:  # as many members, but others
                pass
        names = [*map(tuple, values)]
        shapes = set(names)
        if len(shapes) * _ALIKE > len(values):
            return False
        alike: dict[tuple[str, ...], list[dict[str, Any]]] = {shape: [] for shape in shapes}
        for shape, value in zip(names, values, strict=True):
            alike[shape].append(value)
        return all(self._pass(shape, some) for shape, some in alike.items())

    def _pass(self, shape: tuple[str, ...], values: Sequence[dict[str, Any]]) -> bool:
        """The same of objects that have so many members.

        Raises:
            KeyError: one has others, and it may be that all are valid.
        """
        members = self._shapes.get(shape)
        if members is None:
            is_known = self._known.keys() >= {*shape}
            if (self._is_closed and not is_known) or not self._required <= {*shape}:
                return False
            members = [(itemgetter(name), self._known.get(name, self._others)) for name in shape]
            if is_known and len(self._shapes) < MOST_SHAPES:
                self._shapes[shape] = members
        for member, check in members:
            column = [*map(member, values)]
            if check is not None and not check(column):
                return False
        return True
