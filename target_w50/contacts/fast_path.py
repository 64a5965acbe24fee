"""The short way: records of a stream parsed, judged, mapped and written together, step by step.

A record takes it only if the general way would make the very same contact of it; whatever is unusual about a
record (a value that does not fit, a match value that is blank, a record that was deleted) is left to the
general way, record by record; that also finds the words for what is wrong. Only the failed check of a value
that is sent all the same is told here: one address in twenty may be none.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from target_w50.contacts.columns import (
    DOUBT,
    REFUSED,
    Column,
    all_pass,
    as_texts,
    ask,
    enc_contact_id,
    is_utf8,
    leave_blanks,
    nested,
)
from target_w50.contacts.maker import told_apart
from target_w50.contacts.mapping import StreamMapping
from target_w50.contacts.match_values import ENC_CONTACT_ID, all_folded
from target_w50.contacts.quick_checks import Failures, finder_of, tell_failed
from target_w50.contacts.step_compiler import compile_steps
from target_w50.contacts.steps import AS_THEY_ARE, NoStepsError, Origin, Step, Steps
from target_w50.settings.model import ImportMode, MatchValues, NullValues, OnFailedCheck, Settings
from target_w50.validation.property_rules import RecordRules
from target_w50.w50 import WireFormat

log = logging.getLogger("target-w50")


_PLAIN_KEYS = frozenset((str, int, Decimal))


class Made:
    """What became of some lines.

    Attributes:
        identities: what tells each contact from others; None where nothing does.
        fragments: each contact as it is sent; None where its line is left to the general way.
        matched: match values, where EncContactId may tell contacts from others as well.
        doubtful: which lines are left to the general way, in order.
        failed: the checks that values failed which are sent all the same, by line.
    """

    __slots__ = ("doubtful", "failed", "fragments", "identities", "matched")

    def __init__(
        self,
        identities: Sequence[Hashable | None],
        fragments: Sequence[bytes | None],
        matched: Sequence[Hashable] | None,
        doubtful: Sequence[int],
        failed: Failures,
    ) -> None:
        self.identities = identities
        self.fragments = fragments
        self.matched = matched
        self.doubtful = doubtful
        self.failed = failed

    def take_out(self, row: int) -> None:
        """Forget a line; those behind it move up, but in `doubtful`."""
        self.identities = _without(self.identities, row)
        self.fragments = _without(self.fragments, row)
        if self.matched is not None:
            self.matched = _without(self.matched, row)
        if self.failed:
            others = ((at, each) for at, each in self.failed.items() if at != row)
            self.failed = {at - (at > row): each for at, each in others}


class ShortWay:
    """Makes contacts of lines.

    Args:
        plan: the stream's steps.
        mapping: what was decided for the stream.
        wire: the format that contacts are sent in.
    """

    def __init__(self, plan: Steps, mapping: StreamMapping, wire: WireFormat) -> None:
        entry = mapping.entry
        self._plan = plan
        self._decoders: dict[bool, Callable[[bytes], Any]] = {
            bare: msgspec.json.Decoder(kind, float_hook=Decimal).decode
            for bare, kind in ((False, plan.message_type), (True, plan.record_type))
        }
        self._nests = [(nest, (UNSET,) * nest.width) for nest in plan.nests]
        self._judged = [(step, _types_of(step)) for step in plan.steps if step.is_judged]
        self._texts = [
            step for step in plan.steps if step.may_nest and (step.field_name or step.is_text_first)
        ]
        sent = [step for step in plan.steps if step.field_name is not None]
        self._sent = [step.column for step in sent]
        self._write = wire.contacts_writer(
            [step.field_name or "" for step in sent], omits_nulls=entry.null_values is NullValues.OMIT
        )
        columns = {step.field_name: step.column for step in sent}
        self._finders = [(check, columns[check.field_name], finder_of(check)) for check in mapping.checks]
        # What is not sent all the same is for the general way to tell, and to leave out.
        self._sends_failed = entry.on_failed_check is OnFailedCheck.WARN
        self._folds = plan.by_fields and entry.match_values is MatchValues.FOLDED

    def make(self, lines: Sequence[bytes], *, bare: bool = False) -> Made:
        """Make contacts of these lines.

        Args:
            lines: RECORD messages of the stream, as far as is known.
            bare: whether they are records without a message.
        """
        doubtful: set[int] = set()
        columns = self._read(lines, doubtful, bare=bare)
        if not columns:
            return _nothing_of(lines)
        try:
            return self._made(columns, doubtful)
        except Exception as error:  # noqa: BLE001  # the general way takes them, or says what is wrong
            log.debug("Records are taken the general way (%s)", type(error).__name__)
            return _nothing_of(lines)

    def _made(self, columns: list[Column], doubtful: set[int]) -> Made:
        for step in self._texts:
            if step.is_text_first:
                columns[step.column] = as_texts(columns[step.column], doubtful)
        for step, types in self._judged:
            self._judge(step, types, columns[step.column], doubtful)
        encs = self._enc_contact_ids(columns, doubtful)
        # Keys tell contacts apart as they were read, match fields as they are sent.
        parts = [columns[column] for column in self._plan.identity]
        for step in self._texts:
            columns[step.column] = as_texts(columns[step.column], doubtful)
        if self._plan.by_fields:
            parts = [columns[column] for column in self._plan.identity]
        identities = self._identities(parts, doubtful) if parts else [None] * len(columns[0])
        matched = None
        if encs is not None:
            matched = identities if self._plan.by_fields else None
            identities = [
                identity if enc is UNSET else (ENC_CONTACT_ID, enc)
                for identity, enc in zip(identities, encs, strict=True)
            ]
        failed = self._failed(columns, doubtful)
        fragments = self._write([columns[column] for column in self._sent], encs)
        if None in fragments:
            doubtful.update(row for row, fragment in enumerate(fragments) if fragment is None)
        return Made(identities, fragments, matched, sorted(doubtful), failed)

    def _failed(self, columns: list[Column], doubtful: set[int]) -> Failures:
        """The checks that values failed which are sent all the same."""
        failed: Failures = {}
        for check, at, find in self._finders:
            rows = find(columns[at])
            if not self._sends_failed:
                doubtful.update(rows)
            elif rows:
                tell_failed(check, columns[at], rows, failed)
        return failed

    def _enc_contact_ids(self, columns: list[Column], doubtful: set[int]) -> list[Any] | None:
        """Each contact's EncContactId, or UNSET; None where no contact has any."""
        if self._plan.enc_contact_id is None:
            return None
        encs = [*map(enc_contact_id, columns[self._plan.enc_contact_id])]
        # Without match fields it has to be there.
        needed = (DOUBT,) if self._plan.by_fields else (DOUBT, UNSET)
        doubtful.update(row for row, enc in enumerate(encs) if enc in needed)
        return [UNSET if enc is DOUBT else enc for enc in encs]

    def _read(self, lines: Sequence[bytes], doubtful: set[int], *, bare: bool) -> list[Column]:
        """The lines' records in columns; a line that can't be read has nothing in all of them."""
        messages: list[Any] = []
        decode = self._decoders[bare]
        rest = iter(lines)
        while True:
            try:
                messages.extend(map(decode, rest))
                break
            except Exception as error:  # noqa: BLE001  # the general way takes the line, or says what is wrong
                if not isinstance(error, REFUSED):
                    log.debug("A record is taken the general way (%s)", type(error).__name__)
                doubtful.add(len(messages))
                messages.append(None)
        # msgspec passes over members that it does not know.
        if not is_utf8(b"\n".join(lines)):
            doubtful.update(row for row, line in enumerate(lines) if not is_utf8(line))
        if len(doubtful) == len(lines):
            return []
        if doubtful:
            some = next(each for each in messages if each is not None)
            messages = [some if each is None else each for each in messages]
        records = messages if bare else [message.record for message in messages]
        columns: list[Column] = [*zip(*map(msgspec.structs.astuple, records), strict=True)]
        for nest, nothing in self._nests:
            columns += nested(nest, nothing, columns[nest.column])
        return columns

    def _judge(self, step: Step, types: frozenset[type], column: Column, doubtful: set[int]) -> None:
        there = set(map(type, column))
        if not there <= types:
            doubtful.update(row for row, value in enumerate(column) if type(value) not in types)
        for kind in there.intersection(step.rules):
            some = column if len(there) == 1 else [value for value in column if type(value) is kind]
            if not all_pass(step.columns[kind], some):
                ask(step.rules[kind], kind, column, self._plan.counted if step.counts else 0, doubtful)

    def _identities(self, parts: list[Column], doubtful: set[int]) -> Sequence[Hashable | None]:
        plan = self._plan
        whole = []
        for part in parts:
            kinds = set(map(type, part))
            if plan.by_fields:
                leave_blanks(part, kinds, doubtful)
            whole.append(part if kinds <= _PLAIN_KEYS else [*map(told_apart, part)])
        identities: Sequence[Hashable | None] = whole[0] if len(whole) == 1 else [*zip(*whole, strict=True)]
        if not plan.by_fields and any(None in part or UNSET in part for part in whole):
            return [
                None if any(each is None for each in keys) else identity
                for identity, keys in zip(identities, zip(*whole, strict=True), strict=True)
            ]
        return [*all_folded(identities)] if self._folds else identities


def _nothing_of(lines: Sequence[bytes]) -> Made:
    """All of the lines are left to the general way."""
    count = len(lines)
    return Made([None] * count, [None] * count, None, range(count), {})


def short_way(  # noqa: PLR0917 - what the short way is compiled from
    stream: str,
    rules: RecordRules | None,
    mapping: StreamMapping,
    key_properties: tuple[str, ...],
    settings: Settings,
    wire: WireFormat,
    origin: Origin = AS_THEY_ARE,
) -> ShortWay:
    """What takes the lines of a stream's records.

    Args:
        stream: the stream's name, as the tap has it.
        rules: what its records are judged by, property by property.
        mapping: what was decided for it.
        key_properties: its keys.
        settings: as judged.
        wire: the format that contacts are sent in.
        origin: where its properties come from.

    Raises:
        NoStepsError: all of its records go the general way; says why.
    """
    if settings.import_mode is not ImportMode.LOAD:
        raise NoStepsError("no contacts are loaded")
    try:
        return ShortWay(compile_steps(stream, rules, mapping, key_properties, origin), mapping, wire)
    except NoStepsError:
        raise
    except Exception as error:  # noqa: BLE001  # the general way takes what this one can't, and has words for it
        log.debug("Stream %r: no short way can be compiled (%s)", stream, type(error).__name__)
        raise NoStepsError("something about its schema can't be compiled") from None


def _without(column: Sequence[Any], row: int) -> list[Any]:
    own = column if isinstance(column, list) else [*column]
    del own[row]
    return own


def _types_of(step: Step) -> frozenset[type]:
    return (step.types or frozenset()) | {UnsetType}
