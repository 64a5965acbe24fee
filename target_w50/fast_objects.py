"""Makes a quick check of the properties of an object, by writing a function with a line for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial
from typing import Any

from target_w50.fast_rules import NONE as _NONE
from target_w50.fast_rules import AtMost, Check, never


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
        by_null = _NONE in each.types and not is_required
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
