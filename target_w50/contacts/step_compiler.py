"""A stream's schema and mapping compiled into steps, one for each property: how it is read, judged, written.

| the property's schema takes                         | is read as           | is judged by             |
|-----------------------------------------------------|----------------------|--------------------------|
| text, whole numbers, true and false, null; text or  | that, by msgspec     | reading it               |
| whole numbers alone also with lengths or bounds     |                      |                          |
| all else: fractions, arrays, objects, `enum`,       | whatever is there,   | its type, and the checks |
| `multipleOf`, `pattern`, `$ref`, several types      | as the general way   | of `validation.compiler` |
| with rules                                          | reads it             |                          |

The checks are those of the general way, property by property, and `anyOf` of one type and null is that type
to them; annotations and definitions that nobody refers to are none. A schema that says more of a record than
what its properties are (`anyOf` around them, `patternProperties`) has no steps.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable
from functools import reduce
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Raw, defstruct

from target_w50.contacts.mapping import StreamMapping
from target_w50.contacts.steps import AS_READ, AS_THEY_ARE, Nest, NoStepsError, Origin, Step, Steps
from target_w50.validation.compiled_checks import NONE
from target_w50.validation.property_rules import ANY_VALUE, PropertyRules, RecordRules

DELETED = "_sdc_deleted_at"
"""Says that a record was deleted, whatever the schema says of it."""
_TYPED = frozenset((NONE, bool, int, str))
_INT64 = range(-(2**63), 2**63)
_ESCAPED = re.compile('["\\\\\x00-\x1f\ud800-\udfff]')


def compile_steps(
    stream: str,
    rules: RecordRules | None,
    mapping: StreamMapping,
    key_properties: tuple[str, ...],
    origin: Origin = AS_THEY_ARE,
) -> Steps:
    """The steps of a stream.

    Args:
        stream: its name, as the tap has it.
        rules: what its records are judged by.
        mapping: what was decided for it.
        key_properties: its keys.
        origin: where its properties come from.

    Raises:
        NoStepsError: it has none.
    """
    if rules is None:
        raise NoStepsError("its schema says more than what each property is")
    return _Compiler(rules, mapping, key_properties, origin).steps(stream)


_Tree = dict[str, Any]
"""By member: the names of the properties that it is, or the tree of the object that it is."""


class _Compiler:
    def __init__(
        self, rules: RecordRules, mapping: StreamMapping, key_properties: tuple[str, ...], origin: Origin
    ) -> None:
        self._rules = rules
        self._origin = origin
        self._sent = {each.name: each.field_name for each in mapping.properties}
        self._required = rules.required.union(key_properties)
        self._by_fields = bool(mapping.match_fields)
        property_of = {field_name: name for name, field_name in self._sent.items()}
        # The mapping has seen to it that each match field has a property.
        by_fields = tuple(property_of[name] for name in mapping.match_fields)
        self._identity = by_fields or key_properties
        self._enc_contact_id = mapping.entry.enc_contact_id
        self._looked_at = {*self._sent, *self._identity, self._enc_contact_id}
        self._columns: dict[str, int] = {}
        self._next_column = self._deleted = 0
        self._nests: list[Nest] = []

    def steps(self, stream: str) -> Steps:
        if not self._sent:
            raise NoStepsError("no property of it is sent")
        others = {*self._rules.properties, *self._required, *self._looked_at} - self._sent.keys() - {None}
        names = [*self._sent, *sorted(map(str, others))]
        tree = self._tree(names)
        if any(map(_ESCAPED.search, (stream, *_members(tree), *self._sent.values()))):
            raise NoStepsError("a name has characters that JSON escapes")
        record_type = self._struct(tree, is_top=True)
        columns = self._columns
        steps = [self._step(name) for name in names if name in columns]
        may_be = DELETED in {*self._rules.properties, *self._origin.ignored} or not self._rules.is_closed
        steps.append(Step(self._deleted, frozenset((NONE,) if may_be else ()), {}, {}, None))
        kinds: list[Any] = [("type", Literal["RECORD"]), ("stream", Literal[stream]), ("record", record_type)]
        return Steps(
            defstruct("Message", kinds, gc=False),
            record_type,
            tuple(self._nests),
            tuple(steps),
            tuple(columns[name] for name in self._identity),
            self._by_fields,
            None if self._enc_contact_id is None else columns[self._enc_contact_id],
            sum(step.counts for step in steps),
        )

    def _tree(self, names: Iterable[str]) -> _Tree:
        """The members that the tap sends."""
        tree: _Tree = {}
        for name in names:
            *above, last = self._origin.paths.get(name, (name,))
            inner = tree
            for member in above:
                inner = inner.setdefault(member, {})
                if not isinstance(inner, dict):
                    raise NoStepsError("an object is a column and has columns")
            if above and name in self._required:
                raise NoStepsError("a column of an object has to be there")
            leaf = inner.setdefault(last, [])
            if not isinstance(leaf, list):
                raise NoStepsError("an object is a column and has columns")
            leaf.append(name)
        for member in (*self._origin.ignored, DELETED):
            tree.setdefault(member, [])
        return tree

    def _struct(self, tree: _Tree, *, is_top: bool) -> type:
        """The type that reads the members of an object; the next columns are theirs."""
        kept = {
            member: each
            for member, each in tree.items()
            if isinstance(each, dict) or (is_top and member == DELETED) or self._has_to_be_read(each)
        }
        first = self._next_column
        self._next_column += len(kept)
        fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
        for index, (member, each) in enumerate(kept.items()):
            if isinstance(each, dict):
                kind = self._nest(each, first + index)
            else:
                self._columns.update(dict.fromkeys(each, first + index))
                kind = self._read_as(each)
                if is_top and member == DELETED:
                    self._deleted, kind = first + index, None
            is_needed = is_top and (member in self._origin.needed or not self._required.isdisjoint(each))
            fields.append((f"p{index}", kind) if is_needed else (f"p{index}", kind, UNSET))
        return defstruct(
            "Record",
            fields,
            rename={f"p{index}": member for index, member in enumerate(kept)},
            forbid_unknown_fields=self._origin.is_flattened or (is_top and self._rules.is_closed),
            kw_only=True,
            gc=False,
        )

    def _nest(self, tree: _Tree, column: int) -> Any:
        place = len(self._nests)
        self._nests.append(Nest(column, object, 0))
        kind = self._struct(tree, is_top=False)
        self._nests[place] = Nest(column, kind, len(kind.__struct_fields__))  # type: ignore[attr-defined]
        # Null is a column then, which no schema has.
        return kind if self._rules.is_closed else _any_of((kind, None))

    def _has_to_be_read(self, names: list[str]) -> bool:
        """Whether anybody wants to know of the member, or that it may be there."""
        return (
            self._rules.is_closed
            or self._origin.is_flattened
            or not self._looked_at.isdisjoint(names)
            or not self._required.isdisjoint(names)
            or any(_is_judged(self._rules_of(name)) for name in names)
        )

    def _rules_of(self, name: str) -> PropertyRules:
        if name in self._rules.properties or not self._rules.is_closed:
            return self._rules.properties.get(name, ANY_VALUE)
        return PropertyRules(frozenset(), {}, {}, None)  # it must not be there

    def _read_as(self, names: list[str]) -> Any:
        if self._looked_at.isdisjoint(names) and not any(_is_judged(self._rules_of(name)) for name in names):
            return Raw
        if len(names) > 1 or names[0] in self._origin.texts:
            return object
        kind = _own_type(self._rules_of(names[0]))
        return object if kind is _NO_TYPE else kind

    def _step(self, name: str) -> Step:
        rules, column, field_name = self._rules_of(name), self._columns[name], self._sent.get(name)
        text_first = name in self._origin.texts
        alone = sum(each == column for each in self._columns.values()) == 1 and column != self._deleted
        if alone and not text_first and _own_type(rules) is not _NO_TYPE:
            return Step(column, None, {}, {}, field_name)
        return Step(
            column, rules.types & AS_READ, rules.rules, rules.columns, field_name, text_first, rules.counts
        )


def _is_judged(rules: PropertyRules) -> bool:
    return bool(rules.rules) or not rules.types >= AS_READ


def _members(tree: _Tree) -> Iterable[str]:
    for member, each in tree.items():
        yield member
        if isinstance(each, dict):
            yield from _members(each)


class _NoType:
    """Stands for the type of values that are read as whatever they are."""


_NO_TYPE = _NoType()


def _own_type(rules: PropertyRules) -> Any:
    """The type that reads and judges values at once, or `_NO_TYPE`."""
    kinds = rules.types - {float}
    if not kinds or not kinds <= _TYPED:
        return _NO_TYPE
    if not rules.rules:
        return _any_of(None if kind is NONE else kind for kind in sorted(kinds, key=repr))
    bare = kinds - {NONE}
    if rules.plain is None or len(bare) != 1 or rules.rules.keys() != bare:
        return _NO_TYPE
    (kind,) = bare
    names = {str: ("minLength", "maxLength"), int: ("minimum", "maximum")}.get(kind, ("", ""))
    least, most = (rules.plain.get(name) for name in names)
    if not all(each is None or (type(each) is int and each in _INT64) for each in (least, most)):
        return _NO_TYPE
    meta = Meta(min_length=least, max_length=most) if kind is str else Meta(ge=least, le=most)
    own = Annotated[kind, meta]  # type: ignore[valid-type]
    return own if kinds == bare else _any_of((own, None))


def _any_of(types: Iterable[Any]) -> Any:
    """The union of types that are known only at run time."""
    return reduce(operator.or_, types)
