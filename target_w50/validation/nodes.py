"""What a schema is compiled into: for each type of value whether it is taken, and what checks it besides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from target_w50.validation.column_checks import ColumnCheck, one_by_one
from target_w50.validation.compiled_checks import Check, never
from target_w50.validation.drafts import Schema
from target_w50.validation.exact_numbers import is_integral
from target_w50.validation.property_rules import ANY_TYPE


@dataclass
class Node:
    """A compiled schema.

    Attributes:
        types: the types of the values that it takes.
        rules: what values must pass besides, by their type.
        columns: the same of many values at once, by the same types.
        takes_integral: whether a Decimal without a fraction is taken, though Decimals as such are not.
        plain: the schema, where its type, sizes and bounds are all that it says.
        judgings: how often at most it judges the value itself.
        judgings_within: how often at most it judges a value that is nested in it.
        counts: whether its rules may take steps of `WORK`.
    """

    types: frozenset[type] = ANY_TYPE
    rules: dict[type, Check] = field(default_factory=dict)
    columns: dict[type, ColumnCheck] = field(default_factory=dict)
    takes_integral: bool = False
    plain: Schema | None = None
    judgings: int = 1
    judgings_within: int = 0
    counts: bool = False

    @property
    def most_judgings(self) -> int:
        """How often at most it judges any one value."""
        return max(self.judgings, self.judgings_within)

    @property
    def takes_all(self) -> bool:
        """Whether it takes any value."""
        return self.types == ANY_TYPE and not self.rules

    def check(self, value: Any) -> bool:
        """Say yes if the value is certainly valid."""
        kind = type(value)
        if kind not in self.types and not (self.takes_integral and kind is Decimal and is_integral(value)):
            return False
        rule = self.rules.get(kind)
        return rule is None or rule(value)

    def all_pass(self, values: Sequence[Any]) -> bool:
        """Say yes if all of these values are certainly valid, without any step of `WORK`."""
        there = set(map(type, values))
        if not there <= self.types and not self._takes_integral_of(there, values):
            return False
        for kind in there.intersection(self.columns):
            some = values if len(there) == 1 else [value for value in values if type(value) is kind]
            if not self.columns[kind](some):
                return False
        return True

    def _takes_integral_of(self, there: set[type], values: Sequence[Any]) -> bool:
        return (
            self.takes_integral
            and there <= {*self.types, Decimal}
            and all(is_integral(value) for value in values if type(value) is Decimal)
        )

    def may_take(self, kind: type) -> bool:
        """Say whether there may be values of a type that it takes."""
        return kind in self.types or (self.takes_integral and kind is Decimal)

    def add(self, kind: type, rule: Check | None, column: ColumnCheck | None = None) -> None:
        """Have values of a type pass one more check.

        Args:
            kind: the type.
            rule: the check; None for none.
            column: the same of many values; None to ask one by one, where that takes no steps of `WORK`.
        """
        if rule is None:
            return
        own = column or one_by_one(rule)
        before, column_before = self.rules.get(kind), self.columns.get(kind)
        self.rules[kind] = rule if before is None else lambda value: before(value) and rule(value)
        self.columns[kind] = (
            own if column_before is None else lambda values: column_before(values) and own(values)
        )

    def pass_any_of(self, alternatives: Sequence[Node]) -> None:
        """Have values pass one of some schemas; what follows from a value's type alone is decided here."""
        self.judgings += sum(each.judgings for each in alternatives)
        self.judgings_within += sum(each.judgings_within for each in alternatives)
        self.counts = self.counts or any(each.counts for each in alternatives)
        for kind in ANY_TYPE:
            fitting = [each for each in alternatives if each.may_take(kind)]
            if any(kind in each.types and kind not in each.rules for each in alternatives):
                continue
            if not fitting:
                self.types -= {kind}
                self.add(kind, never, never)
            elif len(fitting) == 1 and kind in fitting[0].types:
                self.add(kind, fitting[0].rules[kind], fitting[0].columns[kind])
            else:
                checks: list[Check] = [each.check for each in fitting]
                rule = checks[0] if len(checks) == 1 else partial(_any_passes, checks)
                self.add(kind, rule, never if any(each.counts for each in fitting) else None)


def judged_by(rule: Check) -> Node:
    """What takes any value that a check passes which takes steps of `WORK`."""
    return Node(rules=dict.fromkeys(ANY_TYPE, rule), columns=dict.fromkeys(ANY_TYPE, never), counts=True)


def _any_passes(checks: Sequence[Check], value: Any) -> bool:
    return any(check(value) for check in checks)
