"""The values of one property of many records, as a column: judged, written as text, looked through."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from target_w50.contacts.match_values import is_blank
from target_w50.contacts.steps import NESTED, Nest
from target_w50.singer.nested_json import parsed_as_texts
from target_w50.validation.column_checks import ColumnCheck
from target_w50.validation.compiled_checks import NONE, Check
from target_w50.validation.work import WORK

log = logging.getLogger("target-w50")

Column = Sequence[Any]

REFUSED = (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError, ArithmeticError)
"""What an unusual line is known to raise; anything else is said at DEBUG."""


def is_utf8(line: bytes) -> bool:
    """Whether the bytes are UTF-8."""
    try:
        return line.isascii() or line.decode() is not None
    except UnicodeDecodeError:
        return False


def nested(nest: Nest, nothing: tuple[Any, ...], column: list[Any] | Column) -> Iterable[Column]:
    """The columns of the members of the objects in a column."""
    members: Callable[[Any], tuple[Any, ...]] = msgspec.structs.astuple
    kind = nest.type
    rows = [members(value) if type(value) is kind else nothing for value in column]
    return zip(*rows, strict=True)


def all_pass(check: ColumnCheck, values: Column) -> bool:
    """Whether these values surely pass; if not, they are asked about one by one."""
    try:
        return check(values)
    except Exception as error:  # noqa: BLE001  # one by one it shows whose it is
        log.debug("Values are judged one by one (%s)", type(error).__name__)
        return False


def _passes(rule: Check, value: Any) -> bool:
    try:
        return rule(value)
    except Exception as error:  # noqa: BLE001  # the general way knows what to say of it
        log.debug("A value is judged the general way (%s)", type(error).__name__)
        return False


def as_texts(column: Column, doubtful: set[int]) -> Column:
    """The column with its objects and arrays as text."""
    rows = [row for row, value in enumerate(column) if type(value) in NESTED]
    if not rows:
        return column
    values = [column[row] for row in rows]
    texts: Sequence[str | None]
    try:
        texts = parsed_as_texts(values)
    except REFUSED:
        texts = [*map(_text_or_none, values)]
        doubtful.update(row for row, text in zip(rows, texts, strict=True) if text is None)
    if len(rows) == len(column):
        return texts
    mixed = [*column]
    for row, text in zip(rows, texts, strict=True):
        mixed[row] = text
    return mixed


def _text_or_none(value: Any) -> str | None:
    try:
        return parsed_as_texts([value])[0]
    except REFUSED:
        return None


DOUBT = object()


def enc_contact_id(value: Any) -> Any:
    """The value as EncContactId; UNSET where there is none, `DOUBT` where that is not plain to see."""
    if value is None or value is UNSET:
        return UNSET
    kind = type(value)
    if kind is str:
        return UNSET if is_blank(value) else value
    return str(value) if kind is int else DOUBT


def leave_blanks(column: Column, kinds: set[type], doubtful: set[int]) -> None:
    """Leave to the general way what may be no match value."""
    if NONE in kinds or UnsetType in kinds:
        doubtful.update(row for row, value in enumerate(column) if value is None or value is UNSET)
    if str in kinds:
        doubtful.update(
            row
            for row, value in enumerate(column)
            if type(value) is str and not "!" <= value < "\x7f" and is_blank(value)
        )


def ask(rule: Check, kind: type, column: Column, counted: int, doubtful: set[int]) -> None:
    """Ask a rule about the values of a type; `counted`: its steps are, and so are so many others."""
    if not counted:
        try:
            doubtful.update(
                [row for row, value in enumerate(column) if type(value) is kind and not rule(value)]
            )
        except Exception as error:  # noqa: BLE001  # one by one it shows whose it is
            log.debug("Values are judged one by one (%s)", type(error).__name__)
        else:
            return
    for row, value in enumerate(column):
        if type(value) is kind:
            WORK.begin_share(counted or 1)
            if not _passes(rule, value):
                doubtful.add(row)
