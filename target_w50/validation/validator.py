"""Judges the records of a stream by its schema, and says what is wrong without saying any value."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from jsonschema import ValidationError

from target_w50.errors import InputError
from target_w50.validation.compiled_checks import Check, always, never
from target_w50.validation.compiler import compile_fast
from target_w50.validation.drafts import Schema, draft_of, exact_validator, tidied, walk
from target_w50.validation.schema_check import LOCAL_REGISTRY, SchemaFaultError, check_schema, spell_place

_OTHER = "*"
"""Stands in a path for a name that the schema does not know: in an object used as a map it may be a value."""

_TEXTS = {
    "enum": "should be one of the values that the schema lists",
    "const": "should be the value that the schema gives",
    "maxLength": "should be at most {0} characters long",
    "minLength": "should be at least {0} characters long",
    "maximum": "should be at most {0}",
    "minimum": "should be at least {0}",
    "exclusiveMaximum": "should be less than {0}",
    "exclusiveMinimum": "should be more than {0}",
    "multipleOf": "should be a multiple of {0}",
    "divisibleBy": "should be a multiple of {0}",
    "pattern": "should match the schema's pattern",
    "maxItems": "should have at most {0} items",
    "minItems": "should have at least {0} items",
    "uniqueItems": "should have no item twice",
    "maxProperties": "should have at most {0} properties",
    "minProperties": "should have at least {0} properties",
    "anyOf": "fits none of the alternatives of the schema (anyOf)",
    "oneOf": "should fit exactly one of the alternatives of the schema (oneOf)",
    "not": "fits what the schema rules out (not)",
    "additionalProperties": "has a property that the schema does not allow",
    "unevaluatedProperties": "has a property that the schema does not allow",
    "false": "has what the schema does not allow at all",
    "propertyNames": "has a property with a name that the schema does not allow",
}


@dataclass(frozen=True)
class Violation:
    """Why a record is invalid; it holds no value of the record.

    Attributes:
        property: dotted path of names and array indexes; None where it is the record as a whole.
        rule: the keyword of the schema that failed.
        message: a sentence part for the operator, such as `'age' should be of type integer or null`.
    """

    property: str | None
    rule: str
    message: str


class RecordValidator:
    """Judges records as jsonschema does by the schema's draft, with numbers exact and formats left alone.

    Args:
        schema: the stream's schema, with its numbers as they were parsed.
        stream: the stream's name, for messages.
        enabled: False to judge neither schema nor records (setting `validate_records`).

    Raises:
        InputError: the schema can't be used (`schema_broken`); names the stream and the place.
    """

    def __init__(self, schema: Schema, stream: str, *, enabled: bool = True) -> None:
        self._is_surely_valid: Check = always
        if not enabled:
            return
        try:
            draft = draft_of(schema)
            own = tidied(schema)
            check_schema(own, draft)
            self._known_names = frozenset(_names(own))
        except (SchemaFaultError, RecursionError) as error:
            fault = "$ is nested too deeply"
            if isinstance(error, SchemaFaultError):
                fault = f"{spell_place(error.place)} {error.fault}"
            raise InputError(
                f"The schema of stream '{stream}' can't be used: {fault}.", code="schema_broken"
            ) from None
        self._judge = exact_validator(draft)(own, registry=LOCAL_REGISTRY)
        self._is_surely_valid = compile_fast(own, draft, self._judge) or never

    def check(self, record: dict[str, Any]) -> Violation | None:
        """Say what is wrong with a record, None if nothing is."""
        try:
            if self._is_surely_valid(record):
                return None
        except (RecursionError, ArithmeticError):
            pass
        return self._judged(record)

    def _judged(self, record: dict[str, Any]) -> Violation | None:
        try:
            error = next(iter(self._judge.iter_errors(record)), None)
        except RecursionError:
            return Violation(None, "depth", "the record is nested too deeply to be judged")
        except ArithmeticError:
            return Violation(None, "number", "the record has a number that can't be compared with others")
        return None if error is None else self._problem(error)

    def _problem(self, error: ValidationError) -> Violation:
        path = [self._shown(part) for part in error.absolute_path]
        rule = str(error.validator or "false")
        text = _text(rule, error.validator_value)
        culprit = _culprit(rule, error, self._known_names)
        if culprit is not None:
            path.append(culprit)
            text = "is required and missing" if rule == "required" else "is not allowed by the schema"
        name = ".".join(path) or None
        return Violation(name, rule, f"'{name}' {text}" if name else f"the record {text}")

    def _shown(self, part: str | int) -> str:
        return str(part) if isinstance(part, int) or part in self._known_names else _OTHER


def _names(schema: Schema) -> Iterable[str]:
    """Yield the names that a schema gives to properties."""
    for _, each in walk(schema):
        properties, required = each.get("properties"), each.get("required")
        if isinstance(properties, dict):
            yield from properties
        if isinstance(required, list):
            yield from required


def _culprit(rule: str, error: ValidationError, known: frozenset[str]) -> str | None:
    """Name the property that an error of its object is about, where that is safe and certain."""
    if not isinstance(error.instance, dict):
        return None
    if rule == "required" and isinstance(error.validator_value, list):
        return next((name for name in error.validator_value if name not in error.instance), None)
    if rule == "additionalProperties" and error.validator_value is False and not error.absolute_path:
        return next((name for name in error.instance if name not in known and _is_plain(name)), None)
    return None


def _is_plain(name: str) -> bool:
    return re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,99}", name) is not None


def _text(rule: str, wanted: Any) -> str:
    if rule == "type":
        types = [wanted] if isinstance(wanted, str) else wanted
        return (
            f"should be of type {' or '.join(each if isinstance(each, str) else 'schema' for each in types)}"
        )
    text = _TEXTS.get(rule)
    if text is None or not isinstance(wanted, (int, float, Decimal)):
        return text if text is not None and "{0}" not in text else f"is against the schema's rule '{rule}'"
    return text.format(wanted)
