"""What the short way of a stream consists of: how records are read, and a step for each property."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from target_w50.validation.column_checks import ColumnCheck
from target_w50.validation.compiled_checks import NONE, Check

NESTED = frozenset((dict, list))
AS_READ = frozenset((NONE, bool, int, Decimal, str, dict, list))
"""What the general way reads; a float is NaN or infinite, and its line goes there."""


class NoStepsError(Exception):
    """The stream has no short way; says why, in words for people."""


@dataclass(frozen=True)
class Origin:
    """Where the properties of a stream come from in the records that the tap sends.

    Attributes:
        paths: of properties that are not members of the same name: the members that lead to them.
        needed: members without which a stream map fails.
        ignored: members that do not get as far as the contact.
        texts: properties whose arrays and objects are text before they are judged.
        is_flattened: whether objects become columns, so that a member that nobody knows may become any of
            them.
    """

    paths: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    needed: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()
    is_flattened: bool = False


AS_THEY_ARE = Origin()


@dataclass(frozen=True)
class Step:
    """One property on its short way: where it is read, what judges it, what it is sent as.

    What fields are checked for beside their schemas (`contact_checks`) is looked for in the columns, once all
    steps are done: see `quick_checks`.

    Attributes:
        column: of the columns that records are read into.
        types: those of valid values; None where reading them has judged them.
        rules: what else is asked of values, by their type.
        columns: the same of many values at once.
        field_name: what it is sent as; None if it is only judged.
        is_text_first: whether objects and arrays are text before they are judged.
        counts: whether its rules take steps of `WORK`.
    """

    column: int
    types: frozenset[type] | None
    rules: Mapping[type, Check]
    columns: Mapping[type, ColumnCheck]
    field_name: str | None
    is_text_first: bool = False
    counts: bool = False

    @property
    def is_judged(self) -> bool:
        """Whether its values have to be looked at once they are read."""
        return self.types is not None and (bool(self.rules) or not self.types >= AS_READ)

    @property
    def may_nest(self) -> bool:
        """Whether its values may be objects or arrays, which are sent as text."""
        return self.types is not None and not NESTED.isdisjoint(self.types)


@dataclass(frozen=True)
class Nest:
    """An object whose members become columns behind the others.

    Attributes:
        column: where it is.
        type: what it is read as; a value of another type has no members.
        width: how many columns it becomes.
    """

    column: int
    type: type
    width: int


@dataclass(frozen=True)
class Steps:
    """A stream's short way.

    Attributes:
        message_type: reads a RECORD message of the stream.
        record_type: reads a record alone; its members are the first columns.
        nests: objects whose members are the others, one after the other.
        steps: what is done with the columns, those that are sent first, in their order.
        identity: columns that tell a contact from others; none where nothing does.
        by_fields: whether these are match fields, and so must hold something.
        enc_contact_id: the column that holds EncContactId.
        counted: how many values of a record are judged by checks that take steps of `WORK`.
    """

    message_type: type
    record_type: type
    nests: tuple[Nest, ...]
    steps: tuple[Step, ...]
    identity: tuple[int, ...]
    by_fields: bool
    enc_contact_id: int | None
    counted: int
