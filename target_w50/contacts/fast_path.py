"""The short way of a record whose stream is simple: parse, validate, map and write in compiled steps.

A line takes it only if the general way would make the very same contact of it; whatever is unusual about a
line (a value that does not fit, a number that would be written differently, a record that was deleted) is
left to the general way, which also finds the words for what is wrong.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from decimal import Decimal
from itertools import islice
from operator import attrgetter, itemgetter
from typing import Any

import msgspec
from msgspec import UNSET, Raw

from target_w50.contacts.fast_schema import FastSchema, fast_schema
from target_w50.contacts.mapping import StreamMapping
from target_w50.contacts.match_values import folded, is_blank
from target_w50.contacts.quick_checks import Find, finder_of
from target_w50.settings.model import ImportMode, Settings
from target_w50.singer.nested_json import compact_json
from target_w50.singer.reader import Take
from target_w50.w50 import WireFormat, wire_format

log = logging.getLogger("target-w50")

TakeBlock = Callable[[list[Hashable], list[bytes], int, list[bytes]], None]
"""Takes contacts of consecutive lines: what tells them from others, how they are sent, where the first was
read, and the lines."""

_decode_text = msgspec.json.Decoder(str).decode
_decode_nested = msgspec.json.Decoder(float_hook=Decimal).decode
_QUOTE, _OBJECT, _ARRAY = b'"{['

# What the general way would write with just these characters: it writes small fractions with an exponent,
# and takes the sign off -0. A number of more digits goes the general way.
_PLAIN_NUMBER = re.compile(rb"-?(?:[1-9][0-9]{0,30}(?:\.[0-9]{1,30})?|0\.(?!00000)[0-9]{1,30})|0")
_PLAIN_OR_NULL = re.compile(_PLAIN_NUMBER.pattern + rb"|null")
_CHECKED = 64
"""So many records at most are made before their values are checked."""
_GENERAL = object()
"""Says that the general way is to be taken."""

_REFUSED = (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError, ArithmeticError)
"""What an unusual line is known to raise; anything else is said at DEBUG."""


def make_take(  # noqa: PLR0917 - what the short way is compiled from
    stream: str,
    schema: Mapping[str, Any],
    mapping: StreamMapping,
    key_properties: tuple[str, ...],
    settings: Settings,
    hand_over: TakeBlock,
) -> Take | None:
    """What takes the lines of a stream's records, or None if all of them go the general way.

    Args:
        stream: the stream's name; no stream map changes its records.
        schema: its JSON Schema.
        mapping: what was decided for it.
        key_properties: its keys.
        settings: as judged.
        hand_over: takes the contacts of consecutive lines.
    """
    if (
        settings.import_mode is not ImportMode.LOAD
        or settings.add_record_metadata
        or not settings.validate_records
    ):
        return None
    try:
        plan = fast_schema(stream, schema, mapping, key_properties)
        finders = [*_finders(mapping)]
        return None if plan is None else _taker(plan, finders, wire_format(settings.media_type), hand_over)
    except Exception as error:  # noqa: BLE001  # the general way takes what this one can't, and has words for it
        log.debug("Stream %r: no short way can be compiled (%s)", stream, type(error).__name__)
        return None


def _finders(mapping: StreamMapping) -> Iterator[tuple[int, Find]]:
    """What finds values that may fail their checks, with the position of the field's value."""
    positions = {each.field_name: position for position, each in enumerate(mapping.properties)}
    return ((positions[check.field_name], finder_of(check)) for check in mapping.checks)


def _first_doubtful(rows: list[tuple[Any, ...]], finders: list[tuple[int, Find]]) -> int:
    """The first of the rows that has a value that may fail its check, or how many rows there are."""
    first = len(rows)
    for position, find in finders:
        found = find([row[position] for row in rows[:first]])
        first = found[0] if found else first
    return first


def _taker(  # noqa: C901 - calls in the loop would cost too much
    plan: FastSchema, finders: list[tuple[int, Find]], wire: WireFormat, hand_over: TakeBlock
) -> Take:
    """Close over everything, so that a record costs few look-ups."""
    decode: Callable[[bytes], Any] = msgspec.json.Decoder(plan.message_type).decode
    write = wire.contact_writer(plan.field_names, omits_nulls=plan.omits_nulls)
    values_of = _getter(plan.value_attributes)
    numbers = [(position, _number_test(kinds)) for position, kinds in plan.raw_positions if _is_number(kinds)]
    others = [(position, kinds) for position, kinds in plan.raw_positions if not _is_number(kinds)]
    if plan.omits_nulls:
        numbers, others = [], [*plan.raw_positions]
    identity_of: Callable[[Any], Any] = itemgetter(*plan.identity_positions)
    deleted_is_fine = _deleted_is_fine(plan)
    # Where one is doubtful, what was made of those behind it is for nothing.
    end: Callable[[int], int | None] = (lambda start: start + _CHECKED) if finders else (lambda _: None)

    def take(lines: list[bytes], start: int, first_place: int, beginning: bytes) -> int:  # noqa: C901 - as above
        identities: list[Hashable] = []
        fragments: list[bytes] = []
        rows: list[tuple[Any, ...]] = []
        try:
            for line in islice(lines, start, end(start)):
                if not line.startswith(beginning):
                    break
                if not line.isascii():
                    line.decode()  # msgspec passes over members that it does not know
                record = decode(line).record
                if record.deleted is not UNSET and not deleted_is_fine(record.deleted):
                    break
                values = values_of(record)
                identity = identity_of(values)
                if type(identity) is not int and not _tells_apart(identity):
                    break
                for position, is_fine in numbers:
                    if values[position] is not UNSET and is_fine(values[position]) is None:
                        raise ValueError  # noqa: TRY301 - leaves both loops
                if others:
                    values = _written(values, others)
                fragments.append(write(values))
                rows.append(values)
                identities.append(identity)
        except Exception as error:  # noqa: BLE001  # the general way takes the line, or says what is wrong with it
            if not isinstance(error, _REFUSED):
                log.debug("A record is taken the general way (%s)", type(error).__name__)
        first = _first_doubtful(rows, finders)
        del fragments[first:], identities[first:]
        if fragments:
            if plan.folds:
                identities = [*map(folded, identities)]
            hand_over(identities, fragments, first_place, lines[start : start + len(fragments)])
        return len(fragments)

    return take


def _deleted_is_fine(plan: FastSchema) -> Callable[[Raw], bool]:
    """Whether `_sdc_deleted_at`, where it is there, says that the record is not deleted."""
    return lambda deleted: plan.deleted_may_be_null and bytes(deleted) == b"null"


def _getter(attributes: tuple[str, ...]) -> Callable[[Any], Any]:
    """Gives the attributes as a tuple, also where there is only one."""
    get = attrgetter(*attributes)
    return get if len(attributes) > 1 else lambda record: (get(record),)


def _is_number(kinds: frozenset[str]) -> bool:
    return "number" in kinds and kinds <= {"number", "integer", "null"}


def _number_test(kinds: frozenset[str]) -> Callable[[Any], Any]:
    return (_PLAIN_OR_NULL if "null" in kinds else _PLAIN_NUMBER).fullmatch


def _written(values: tuple[Any, ...], raws: list[tuple[int, frozenset[str]]]) -> Any:
    """The values with what was left as the tap wrote it.

    Raises:
        ValueError: one must go the general way.
    """
    written = [*values]
    for position, kinds in raws:
        raw = values[position]
        if raw is not UNSET:
            value = written[position] = _value(raw, kinds)
            if value is _GENERAL:
                raise ValueError
    return written


def _value(raw: Raw, kinds: frozenset[str]) -> Any:
    """What is sent for a value that is still as the tap wrote it; `_GENERAL` if that is not plain to see."""
    text = bytes(raw)
    first = text[0]
    if first in b"-0123456789":
        allowed = "number" in kinds or ("integer" in kinds and b"." not in text)
        return raw if allowed and _PLAIN_NUMBER.fullmatch(text) else _GENERAL
    if first == _QUOTE:
        return _decode_text(text) if "string" in kinds else _GENERAL
    if first in (_OBJECT, _ARRAY):
        kind = "object" if first == _OBJECT else "array"
        return compact_json(_decode_nested(text)) if kind in kinds else _GENERAL
    if text == b"null":
        return None if "null" in kinds else _GENERAL
    return text == b"true" if "boolean" in kinds else _GENERAL


def _tells_apart(value: Any) -> bool:
    """Whether a value, or several of them, tell a contact from others, just as the general way has it."""
    kind = type(value)
    if kind is str:
        return not is_blank(value)
    return kind is int or (kind is tuple and all(map(_tells_apart, value)))
