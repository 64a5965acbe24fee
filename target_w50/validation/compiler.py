"""Compiles a schema into a quick check that says yes only where jsonschema would.

Its "no" means "ask jsonschema" and may be wrong. What it does not know it hands to jsonschema, subschema by
subschema, so that one odd property does not make the others slow.

It is kept beside jsonschema and the short way because records that miss the short way load some five times as
fast with it: judging ten properties takes 3 microseconds of CPU time and not 100, of 19 for the whole record
(measured in pairs over 50,000 records; with the schema of a database tap 7 and not 158, of 31).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from jsonschema.protocols import Validator

from target_w50.validation.compiled_checks import (
    NONE,
    Check,
    Property,
    always,
    bounded,
    listed,
    multiple,
    never,
    object_check,
    sized,
)
from target_w50.validation.drafts import (
    Schema,
    at_pointer,
    floats_may_be_integers,
    is_draft_3,
    ref_stands_alone,
    walk,
)
from target_w50.validation.exact_numbers import is_integral
from target_w50.validation.property_rules import ANY_TYPE, Compiled, PropertyRules, RecordRules
from target_w50.validation.work import WORK

_ANY = ANY_TYPE
_TYPES: dict[str, frozenset[type]] = {
    "null": frozenset((NONE,)),
    "boolean": frozenset((bool,)),
    "integer": frozenset((int,)),
    "number": frozenset((int, float, Decimal)),
    "string": frozenset((str,)),
    "object": frozenset((dict,)),
    "array": frozenset((list,)),
}
_OF_OBJECTS = frozenset(("properties", "required", "additionalProperties"))
_OF_ARRAYS = frozenset(("items", "minItems", "maxItems"))
_OF_NUMBERS = frozenset(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"))
_OF_ALL = frozenset(("type", "enum", "const", "anyOf", "allOf", "$ref", "format", "minLength", "maxLength"))
_MANIFOLD = frozenset(("anyOf", "allOf"))
MOST_JUDGINGS = 1000
"""So often a compiled schema may judge one value; past it jsonschema does, where steps are counted."""
_KNOWN = _OF_ALL | _OF_OBJECTS | _OF_ARRAYS | _OF_NUMBERS
_OF_PLAIN = frozenset(("type", "format", "minLength", "maxLength", "minimum", "maximum"))


@dataclass
class _Node:
    """A compiled schema.

    Attributes:
        types: the types of the values that it takes.
        rules: what values must pass besides, by their type.
        takes_integral: whether a Decimal without a fraction is taken, though Decimals as such are not.
        plain: the schema, where its type, sizes and bounds are all that it says.
        judgings: how often at most it judges the value itself.
        judgings_within: how often at most it judges a value that is nested in it.
    """

    types: frozenset[type] = _ANY
    rules: dict[type, Check] = field(default_factory=dict)
    takes_integral: bool = False
    plain: Schema | None = None
    judgings: int = 1
    judgings_within: int = 0

    @property
    def most_judgings(self) -> int:
        """How often at most it judges any one value."""
        return max(self.judgings, self.judgings_within)

    def check(self, value: Any) -> bool:
        """Say yes if the value is certainly valid."""
        kind = type(value)
        if kind not in self.types and not (self.takes_integral and kind is Decimal and is_integral(value)):
            return False
        rule = self.rules.get(kind)
        return rule is None or rule(value)

    def may_take(self, kind: type) -> bool:
        """Say whether there may be values of a type that it takes."""
        return kind in self.types or (self.takes_integral and kind is Decimal)

    def add(self, kind: type, rule: Check | None) -> None:
        """Have values of a type pass one more check."""
        if rule is None:
            return
        before = self.rules.get(kind)
        self.rules[kind] = rule if before is None else lambda value: before(value) and rule(value)


def compile_fast(schema: Schema, draft: type[Validator], judge: Validator) -> Compiled | None:
    """Compile the schema, found without faults, of records: of objects.

    Args:
        schema: the schema, as `judge` has it.
        draft: the stock validator of its draft.
        judge: jsonschema's validator, for what is not known here.

    Returns:
        None where ids within the schema, or draft 3, keep its parts from being judged alone, or no object is
        valid.
    """
    has_ids = any(place and ("$id" in each or "id" in each) for place, each in walk(schema))
    if has_ids or is_draft_3(draft):
        return None
    compiler = _Compiler(schema, draft, judge)
    node = compiler.node(schema)
    if dict not in node.types:
        return None
    check = node.rules.get(dict, always)
    return Compiled(_counting(check) if compiler.counts else check, compiler.rules_of(schema))


def _counting(check: Check) -> Check:
    def counted(record: Any) -> bool:
        WORK.begin(record)
        return check(record)

    return counted


class _Compiler:
    """Makes nodes.

    Attributes:
        counts: whether checks take steps of `WORK`: those of jsonschema, and of what refers to itself. How
            much all others are at most is known beforehand.
    """

    def __init__(self, root: Schema, draft: type[Validator], judge: Validator) -> None:
        self._root = root
        self._judge = judge
        self._keywords = frozenset(draft.VALIDATORS)
        self._ref_stands_alone = ref_stands_alone(draft)
        self._floats_may_be_integers = floats_may_be_integers(draft)
        self._targets: dict[int, _Node] = {}
        self._unready: set[int] = set()
        self._properties: dict[int, dict[str, _Node]] = {}
        self.counts = False

    def rules_of(self, schema: Schema) -> RecordRules | None:
        """Give the rules of a compiled schema of objects; None where there are others beside them."""
        others = schema.get("additionalProperties", True)
        said = self._keywords.intersection(schema)
        if said - _OF_OBJECTS - {"type"} or "properties" not in schema or others not in (True, False, {}):
            return None
        given = schema["properties"]
        return RecordRules(
            {
                name: PropertyRules(
                    node.types,
                    {kind: node.rules[kind] for kind in node.types & {*node.rules}},
                    node.plain,
                    counts=self.counts and node.plain is None and _may_count(given[name], self._keywords),
                )
                for name, node in self._properties[id(schema)].items()
            },
            frozenset(schema.get("required", ())),
            is_closed=others is False,
        )

    def node(self, schema: Any) -> _Node:
        if isinstance(schema, bool):
            return _Node() if schema else _Node(frozenset())
        if "$ref" in schema and self._ref_stands_alone:
            return self._target(schema["$ref"])
        # `items` as a list means different things in different drafts.
        if self._keywords.intersection(schema) - _KNOWN or isinstance(schema.get("items"), list):
            return self._judged(schema)
        node = self._typed(schema)
        said = (self._keywords | _KNOWN).intersection(schema)  # draft 4 has bounds that are no keywords
        node.plain = schema if said <= _OF_PLAIN else None
        node.add(str, sized(schema.get("minLength", 0), schema.get("maxLength")))
        if not _OF_NUMBERS.isdisjoint(schema):
            node.types -= {float}  # of stream maps, or NaN: jsonschema's business
            for kind in (int, Decimal):
                node.add(kind, bounded(schema))
                node.add(kind, multiple(schema))
        if not _OF_OBJECTS.isdisjoint(schema):
            node.add(dict, self._object(node, schema))
        if not _OF_ARRAYS.isdisjoint(schema):
            node.add(list, sized(schema.get("minItems", 0), schema.get("maxItems")))
            node.add(list, self._items(node, schema))
        self._add_in_place(node, schema)
        return node if node.most_judgings <= MOST_JUDGINGS else self._judged(schema)

    def _typed(self, schema: Schema) -> _Node:
        if "type" not in schema:
            return _Node()
        names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        types = frozenset(kind for name in names for kind in _TYPES[name])
        return _Node(types, takes_integral=self._floats_may_be_integers and "integer" in names)

    def _object(self, outer: _Node, schema: Schema) -> Check:
        properties = []
        within = 0
        nodes = self._properties[id(schema)] = {}
        for name, inner in schema.get("properties", {}).items():
            node = nodes[name] = self.node(inner)
            types = None if node.types == _ANY else node.types
            properties.append(Property(name, types, node.rules, node.check if node.takes_integral else None))
            within = max(within, node.most_judgings)
        others: Any = schema.get("additionalProperties", True)
        if others and not isinstance(others, bool):
            node = self.node(others)
            others = node.check
            within = max(within, node.most_judgings)
        elif others is False:
            others = never
        else:
            others = None
        outer.judgings_within += within
        return object_check(properties, frozenset(schema.get("required", ())), others)

    def _items(self, outer: _Node, schema: Schema) -> Check | None:
        if schema.get("items", True) in (True, {}):
            return None
        node = self.node(schema["items"])
        outer.judgings_within += node.most_judgings
        check = node.check
        return lambda value: all(map(check, value))

    def _add_in_place(self, node: _Node, schema: Schema) -> None:
        """Add what judges the value itself by further schemas, or lists it."""
        for each in schema.get("allOf", ()):
            _add_any_of(node, [self.node(each)])
        if "anyOf" in schema:
            _add_any_of(node, [self.node(each) for each in schema["anyOf"]])
        if "$ref" in schema:
            _add_any_of(node, [self._target(schema["$ref"])])
        for values in (schema.get("enum"), [schema["const"]] if "const" in schema else None):
            if values is not None:
                for kind, rule in listed(values).items():
                    node.add(kind, rule)

    def _judged(self, schema: Schema) -> _Node:
        self.counts = True
        return _Node(rules=dict.fromkeys(_ANY, self._judge.evolve(schema=schema).is_valid))

    def _target(self, reference: str) -> _Node:
        target = at_pointer(self._root, reference)
        if isinstance(target, bool):
            return self.node(target)
        if not isinstance(target, dict):
            return self._judged({"$ref": reference})
        key = id(target)
        if key in self._unready:  # it refers to itself: called when it is ready
            self.counts = True
            return _Node(rules=dict.fromkeys(_ANY, partial(_step_and_check, self._targets[key])))
        if key not in self._targets:
            node = self._targets[key] = _Node()
            self._unready.add(key)
            made = self.node(target)
            node.types, node.rules, node.takes_integral = made.types, made.rules, made.takes_integral
            node.judgings, node.judgings_within = made.judgings, made.judgings_within
            node.plain = made.plain
            self._unready.discard(key)
        return self._targets[key]


def _add_any_of(node: _Node, alternatives: Sequence[_Node]) -> None:
    """Have values pass one of some schemas; what follows from a value's type alone is decided here."""
    node.judgings += sum(each.judgings for each in alternatives)
    node.judgings_within += sum(each.judgings_within for each in alternatives)
    for kind in _ANY:
        checks: list[Check] = [each.check for each in alternatives if each.may_take(kind)]
        if any(kind in each.types and kind not in each.rules for each in alternatives):
            continue
        if not checks:
            node.types -= {kind}
            node.add(kind, never)
        elif len(checks) == 1:
            node.add(kind, checks[0])
        else:
            node.add(kind, partial(_any_passes, checks))


def _any_passes(checks: Sequence[Check], value: Any) -> bool:
    return any(check(value) for check in checks)


def _may_count(schema: Any, keywords: frozenset[str]) -> bool:
    """Whether the check of a schema may take steps: it refers to others, or has what is not known here."""
    return isinstance(schema, dict) and any(
        "$ref" in each
        or (keywords.intersection(each) - _KNOWN)
        or isinstance(each.get("items"), list)
        or not _MANIFOLD.isdisjoint(each)
        for _, each in walk(schema)
    )


def _step_and_check(node: _Node, value: Any) -> bool:
    WORK.step()
    return node.check(value)
