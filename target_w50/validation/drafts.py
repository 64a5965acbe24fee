"""Which draft of JSON Schema a schema is judged by, and jsonschema's validators made exact for Decimals."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from jsonschema import TypeChecker, ValidationError, validators
from jsonschema.protocols import Validator

from target_w50.validation.exact_numbers import is_integral, is_multiple, is_written_as_integer
from target_w50.validation.work import WORK

Schema = dict[str, Any]
Place = tuple[str | int, ...]

_DRAFTS: dict[str, type[Validator]] = {
    "http://json-schema.org/draft-03/schema": validators.Draft3Validator,
    "http://json-schema.org/draft-04/schema": validators.Draft4Validator,
    "http://json-schema.org/draft-06/schema": validators.Draft6Validator,
    "http://json-schema.org/draft-07/schema": validators.Draft7Validator,
    "http://json-schema.org/draft/2019-09/schema": validators.Draft201909Validator,
    "http://json-schema.org/draft/2020-12/schema": validators.Draft202012Validator,
}
# The SDK's DEFAULT_JSONSCHEMA_VALIDATOR, named here as importing the SDK takes longer than all else.
_DEFAULT_DRAFT = validators.Draft202012Validator
_FLOATS_ARE_NO_INTEGERS = (validators.Draft3Validator, validators.Draft4Validator)
_REF_STANDS_ALONE = (*_FLOATS_ARE_NO_INTEGERS, validators.Draft6Validator, validators.Draft7Validator)

_WITH_ONE = (
    "additionalItems", "additionalProperties", "contains", "contentSchema", "else", "extends", "if", "items",
    "not", "propertyNames", "then", "unevaluatedItems", "unevaluatedProperties",
)  # fmt: skip
_WITH_LIST = ("allOf", "anyOf", "disallow", "extends", "items", "oneOf", "prefixItems", "type")
_WITH_NAMED = ("$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties")
_IN_PLACE = frozenset(
    ("allOf", "anyOf", "dependencies", "dependentSchemas", "else", "extends", "if", "not", "oneOf", "then")
)
REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_MANIFOLD = {*_WITH_ONE, *_WITH_LIST, *_WITH_NAMED, *REFERENCES} - {
    "type", "properties", "additionalProperties", "items", "prefixItems", "additionalItems"
}  # fmt: skip
"""What may have a value judged once more; those left out share the values within it among them."""
_LISTS = frozenset(("enum", "required", "type"))
_DATA = frozenset(("const", "default", "enum", "examples"))
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_EQUALITIES = ("enum", "const")

_Rule = Callable[[Validator, Any, Any, Any], Iterable[ValidationError] | None]


def draft_of(schema: Schema) -> type[Validator]:
    """Give the stock validator class of the draft that a schema is written in.

    That is draft 4 if it uses the boolean `exclusiveMaximum` or `exclusiveMinimum`, which no later draft has
    (whatever `$schema` says: taps copy that line), else what `$schema` says, else the SDK's default; draft
    2019-09 in place of 2020-12 if it uses `items` with a list, which 2020-12 has no more.
    """
    declared = schema.get("$schema")
    name = declared.replace("https://", "http://", 1).rstrip("#/") if isinstance(declared, str) else ""
    draft = _DRAFTS.get(name, _DEFAULT_DRAFT)
    if draft not in _FLOATS_ARE_NO_INTEGERS and any(_has_boolean_bound(each) for _, each in walk(schema)):
        return validators.Draft4Validator
    if draft is _DEFAULT_DRAFT and any(isinstance(each.get("items"), list) for _, each in walk(schema)):
        return validators.Draft201909Validator
    return draft


def is_draft_3(draft: type[Validator]) -> bool:
    """Say whether it is the draft that shares few rules with the others."""
    return draft is validators.Draft3Validator


def floats_may_be_integers(draft: type[Validator]) -> bool:
    """Say whether 1.0 is an integer."""
    return draft not in _FLOATS_ARE_NO_INTEGERS


def ref_stands_alone(draft: type[Validator]) -> bool:
    """Say whether the draft ignores what is beside a `$ref`."""
    return draft in _REF_STANDS_ALONE


def subschemas(schema: Schema) -> Iterator[tuple[Place, Schema]]:
    """Yield the schemas (the booleans left out) directly within a schema, and where they are."""
    for keyword in _WITH_ONE:
        if isinstance(inner := schema.get(keyword), dict):
            yield (keyword,), inner
    for keyword in _WITH_LIST:
        if isinstance(inners := schema.get(keyword), list):
            yield from (((keyword, i), each) for i, each in enumerate(inners) if isinstance(each, dict))
    for keyword in _WITH_NAMED:
        if isinstance(named := schema.get(keyword), dict):
            yield from (((keyword, name), each) for name, each in named.items() if isinstance(each, dict))


def subschemas_in_place(schema: Schema) -> Iterator[Schema]:
    """Yield the schemas directly within a schema that judge the very same value."""
    return (inner for place, inner in subschemas(schema) if place[0] in _IN_PLACE)


def walk(schema: Schema, place: Place = ()) -> Iterator[tuple[Place, Schema]]:
    """Yield a schema and all schemas within it, and where they are."""
    yield place, schema
    for inner_place, inner in subschemas(schema):
        yield from walk(inner, place + inner_place)


def tidied(value: Any) -> Any:
    """Copy a schema, leaving out what has no effect and is in the way.

    That is `$schema` (jsonschema would leave our validator for the stock one there), an empty `required`
    (taps write it also where draft 4 forbids it), and what `required`, `type` or `enum` list twice.
    """
    if isinstance(value, list):
        return [tidied(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    copy = {}
    for key, inner in value.items():
        if isinstance(inner, list) and key in _LISTS:
            once = list({repr(each): each for each in inner}.values())
            if once or key != "required":
                copy[key] = once
        elif not (key == "$schema" and isinstance(inner, str)):
            copy[key] = inner if key in _DATA else tidied(inner)
    return copy


@lru_cache
def exact_validator(draft: type[Validator]) -> type[Validator]:
    """Give a draft's validator with rules that are exact for Decimals, and without formats.

    A Decimal is a number; one without a fraction is an integer where 1.0 is (from draft 6 on). What may have
    a value judged once more takes a step of `WORK`, which may raise TooMuchWorkError.
    """
    integer = _is_integer_draft4 if draft in _FLOATS_ARE_NO_INTEGERS else _is_integer
    types = draft.TYPE_CHECKER.redefine_many(
        {"number": _is_number, "integer": integer, "boolean": _is_boolean}
    )
    stock: Mapping[str, _Rule] = draft.VALIDATORS
    rules: dict[str, _Rule] = {name: _counted(stock[name]) for name in _MANIFOLD if name in stock}
    rules |= {name: _multiple_of for name in ("multipleOf", "divisibleBy") if name in stock}
    rules |= {name: _exactly(stock[name]) for name in _EQUALITIES if name in stock}
    rules["uniqueItems"] = _exactly(_unique_items)
    rules |= {name: _unless_nan(_exactly(stock[name])) for name in _BOUNDS if name in stock}
    exact: type[Validator] = validators.extend(draft, rules, type_checker=types)  # type: ignore[no-untyped-call]
    return exact


def _counted(rule: _Rule) -> _Rule:
    """Have a rule take a step each time it is asked."""

    def counted(
        validator: Validator, wanted: Any, instance: Any, schema: Any
    ) -> Iterable[ValidationError] | None:
        WORK.step()
        return rule(validator, wanted, instance, schema)

    return counted


def _is_boolean(_: TypeChecker, value: Any) -> bool:
    # jsonschema asks this of each schema on its way to what is unevaluated, where it follows references by
    # itself, without the rules.
    WORK.step()
    return isinstance(value, bool)


def _is_number(_: TypeChecker, value: Any) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def _is_integer(_: TypeChecker, value: Any) -> bool:
    if isinstance(value, int):
        return not isinstance(value, bool)
    return isinstance(value, (float, Decimal)) and is_integral(value)


def _is_integer_draft4(_: TypeChecker, value: Any) -> bool:
    if isinstance(value, int):
        return not isinstance(value, bool)
    return isinstance(value, Decimal) and is_written_as_integer(value)


def _multiple_of(validator: Validator, divisor: Any, instance: Any, _: Any) -> Iterator[ValidationError]:
    if validator.is_type(instance, "number") and not is_multiple(instance, divisor):
        yield ValidationError("not a multiple")


def _unique_items(validator: Validator, is_wanted: Any, items: Any, _: Any) -> Iterator[ValidationError]:
    # jsonschema compares objects each with each.
    if is_wanted and validator.is_type(items, "array") and len(set(map(_comparable, items))) < len(items):
        yield ValidationError("an item twice")


def _comparable(value: Any) -> Any:
    """Give something hashable that is equal where JSON values are: 1 and 1.0 are, 1 and true are not."""
    if isinstance(value, bool):
        return (bool, value)
    if isinstance(value, list):
        return (list, tuple(map(_comparable, value)))
    if isinstance(value, dict):
        return (dict, frozenset((name, _comparable(inner)) for name, inner in value.items()))
    return value


def _exactly(rule: _Rule) -> _Rule:
    """Have a rule compare Decimals: a float, as stream maps make them, is not 0.1 but something near it."""

    def exact(validator: Validator, wanted: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        yield from rule(validator, wanted, _without_floats(instance), schema) or ()

    return exact


def _unless_nan(rule: _Rule) -> _Rule:
    """Keep NaN, which no bound refuses, from being compared with a Decimal, which raises."""

    def bounded(validator: Validator, bound: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        if not (isinstance(instance, float) and math.isnan(instance)):
            yield from rule(validator, bound, instance, schema) or ()

    return bounded


def _without_floats(value: Any) -> Any:
    if isinstance(value, float):
        return Decimal(repr(value)) if math.isfinite(value) else value
    if isinstance(value, list):
        return [_without_floats(inner) for inner in value]
    if isinstance(value, dict):
        return {key: _without_floats(inner) for key, inner in value.items()}
    return value


def _has_boolean_bound(schema: Schema) -> bool:
    return isinstance(schema.get("exclusiveMaximum"), bool) or isinstance(
        schema.get("exclusiveMinimum"), bool
    )


def at_pointer(root: Schema, reference: str) -> Any:
    """Give what a reference within the document points at, None if it is of another kind."""
    if reference != "#" and not reference.startswith("#/"):
        return None
    found: Any = root
    for part in reference.split("/")[1:]:
        name = unquote(part).replace("~1", "/").replace("~0", "~")
        if not isinstance(found, dict) or name not in found:
            return None
        found = found[name]
    return found
