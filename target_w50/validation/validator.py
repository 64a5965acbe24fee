"""Judges the records of a stream by its schema, and says what is wrong without saying any value."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from jsonschema import ValidationError
from jsonschema.protocols import Validator

from target_w50.errors import InputError
from target_w50.validation.compiled_checks import Check, always, never
from target_w50.validation.compiler import compile_fast
from target_w50.validation.drafts import Schema, draft_of, exact_validator, tidied, walk
from target_w50.validation.patterns import PatternTooSlowError
from target_w50.validation.property_rules import NO_RULES, RecordRules, is_surely_valid, plain_fault
from target_w50.validation.schema_check import LOCAL_REGISTRY, SchemaFaultError, check_schema, spell_place
from target_w50.validation.work import WORK, TooMuchWorkError

log = logging.getLogger("target-w50")

WITHOUT_VALIDATION = "set `validate_records` to false to load the records without validating them"
"""What else an operator can do where the schema is at fault."""

MOST_JUDGES = 256
"""Validators that are kept of what is not surely valid of records, by what is."""

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


class Violation(NamedTuple):
    """Why a record is invalid; it holds no value of the record.

    Attributes:
        property: dotted path of names and array indexes; None where it is the record as a whole.
        rule: the keyword of the schema that failed.
        message: a sentence part for the operator, such as `'age' should be of type integer or null`.
    """

    property: str | None
    rule: str
    message: str


_TOO_MUCH_WORK = Violation(
    None,
    "work",
    "the record took too long to be judged: the schema has too many ways to judge a value (anyOf, oneOf, "
    "allOf, $ref within one another)",
)


class RecordValidator:
    """Judges records as jsonschema does by the schema's draft, with numbers exact and formats left alone.

    Args:
        schema: the stream's schema, with its numbers as they were parsed.
        stream: the stream's name, for messages.
        enabled: False to judge neither schema nor records (setting `validate_records`).

    Attributes:
        rules: what records are judged by, property by property; None where that is not all.

    Raises:
        InputError: the schema can't be used (`schema_broken`); names the stream and the place.
    """

    def __init__(self, schema: Schema, stream: str, *, enabled: bool = True) -> None:
        self._is_surely_valid: Check = always
        self.rules: RecordRules | None = NO_RULES
        if not enabled:
            return
        try:
            draft = draft_of(schema)
            own = tidied(schema)
            check_schema(own, draft)
            self._schema = own
            self._known_names = frozenset(_names(own))
            self._judge = exact_validator(draft)(own, registry=LOCAL_REGISTRY)
        except Exception as error:  # noqa: BLE001  # a schema may have anything where jsonschema expects something else
            raise InputError(
                f"The schema of stream {stream!r} can't be used: {_fault(error)}. Have the tap send another "
                f"(catalog, stream maps), or {WITHOUT_VALIDATION}.",
                code="schema_broken",
            ) from None
        self._is_surely_valid, self.rules = never, None
        self._judges: dict[frozenset[str], Validator] = {}
        try:
            compiled = compile_fast(own, draft, self._judge)
        except Exception as error:  # noqa: BLE001  # jsonschema is asked of each record then
            log.debug("Stream %r: no quick check can be compiled (%s)", stream, type(error).__name__)
        else:
            if compiled is not None:
                self._is_surely_valid, self.rules = compiled.check, compiled.rules

    def check(self, record: dict[str, Any]) -> Violation | None:
        """Say what is wrong with a record, None if nothing is."""
        try:
            if self._is_surely_valid(record):
                return None
        except (RecursionError, ArithmeticError):
            pass
        except PatternTooSlowError as error:
            return self._too_slow(record, error)
        except TooMuchWorkError:
            return _TOO_MUCH_WORK
        except Exception as error:  # noqa: BLE001  # jsonschema is asked then
            log.debug("The quick check failed on a record (%s)", type(error).__name__)
        return self._judged(record)

    def _judged(self, record: dict[str, Any]) -> Violation | None:
        plain = None if self.rules is None else plain_fault(self._schema, self.rules, record)
        if plain is not None:
            name, rule, wanted = plain
            return Violation(name, rule, f"{name!r} {_text(rule, wanted)}")
        WORK.begin(record)
        try:
            error = next(iter(self._judge_of(record).iter_errors(record)), None)
            return None if error is None else self._problem(error)
        except PatternTooSlowError as slow:
            return self._too_slow(record, slow)
        except TooMuchWorkError:
            return _TOO_MUCH_WORK
        except RecursionError:
            return Violation(None, "depth", "the record is nested too deeply to be judged")
        except ArithmeticError:
            return Violation(None, "number", "the record has a number that can't be compared with others")
        except Exception as error:  # noqa: BLE001  # a record that can't be judged is not a valid one
            kind = type(error).__name__
            log.debug("jsonschema failed on a record (%s)", kind)
            return Violation(None, "unjudged", f"the record can't be judged by its schema ({kind})")

    def _judge_of(self, record: dict[str, Any]) -> Validator:
        """Give the validator of what is not surely valid of a record: the rest would only take time.

        The properties that are surely valid may be anything to it, so it finds the same fault first.
        """
        if self.rules is None:
            return self._judge
        valid = frozenset(
            name
            for name, rules in self.rules.properties.items()
            if name not in record or is_surely_valid(rules, record[name])
        )
        judge = self._judges.get(valid)
        if judge is None:
            if len(self._judges) >= MOST_JUDGES:
                self._judges.clear()
            given = self._schema["properties"]
            properties = {name: True if name in valid else given[name] for name in given}
            if not self.rules.is_closed:
                properties = {name: each for name, each in properties.items() if each is not True}
            judge = self._judges[valid] = self._judge.evolve(
                schema={**self._schema, "properties": properties}
            )
        return judge

    def _problem(self, error: ValidationError) -> Violation:
        path = [self._shown(part) for part in error.absolute_path]
        rule = str(error.validator or "false")
        text = _text(rule, error.validator_value)
        culprit = _culprit(rule, error, self._known_names)
        if culprit is not None:
            path.append(culprit)
            text = "is required and missing" if rule == "required" else "is not allowed by the schema"
        name = ".".join(path) or None
        return Violation(name, rule, f"{name!r} {text}" if name else f"the record {text}")

    def _too_slow(self, record: dict[str, Any], error: PatternTooSlowError) -> Violation:
        place = _place_of(error.text, record)
        name = ".".join(map(self._shown, place or ())) or None
        fault = "took too long to be matched with a pattern of the schema"
        return Violation(name, "pattern", f"{name!r} {fault}" if name else f"the record {fault}")

    def _shown(self, part: str | int) -> str:
        return str(part) if isinstance(part, int) or part in self._known_names else _OTHER


def _fault(error: Exception) -> str:
    """What is wrong with a schema, in words that hold no more of it than names."""
    if isinstance(error, SchemaFaultError):
        return f"{spell_place(error.place)} {error.fault}"
    if isinstance(error, RecursionError):
        return "$ is nested too deeply"
    return f"jsonschema fails on it ({type(error).__name__})"


def _names(schema: Schema) -> Iterable[str]:
    """Yield the names that a schema gives to properties."""
    for _, each in walk(schema):
        properties, required = each.get("properties"), each.get("required")
        if isinstance(properties, dict):
            yield from properties
        if isinstance(required, list):
            yield from (name for name in required if isinstance(name, str))


def _culprit(rule: str, error: ValidationError, known: frozenset[str]) -> str | None:
    """Name the property that an error of its object is about, where that is safe and certain."""
    if not isinstance(error.instance, dict):
        return None
    if rule == "required" and isinstance(error.validator_value, list):
        return next((name for name in error.validator_value if name not in error.instance), None)
    if rule == "additionalProperties" and error.validator_value is False and not error.absolute_path:
        return next((name for name in error.instance if name not in known and _is_plain(name)), None)
    return None


def _place_of(text: str, value: Any) -> tuple[str | int, ...] | None:
    """Find where in a value that very text is, as a value or as a property's name; of a name, its object."""
    if value is text:
        return ()
    inners: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        inners = value.items()
    elif isinstance(value, list):
        inners = enumerate(value)
    for part, inner in inners:
        if part is text:
            return ()
        place = _place_of(text, inner)
        if place is not None:
            return (part, *place)
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
