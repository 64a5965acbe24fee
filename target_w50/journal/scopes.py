"""Under which FieldNames versions were made: a small number for each stream, list and mapping."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from target_w50.contacts.mapping import StreamMapping
from target_w50.journal.database import Database, Row
from target_w50.settings.model import MatchValues, Send

UNKNOWN = 0
"""The number of a scope that is not written down: no contact has it."""
_COLUMNS = "id, match_fields, folds, field_names, ignored, resend_before, list_count"


@dataclass(frozen=True)
class Scope:
    """A row of `w50_scopes`.

    Attributes:
        id: what contacts name it by.
        match_fields: sorted; with `folds` what keys are made of.
        folds: whether match values that differ only in how they are written are one.
        field_names: sorted; what versions are made of, less `ignored`.
        ignored: sorted; FieldNames that do not count as a change.
        resend_before: whatever was sent before this time is sent again, in seconds since 1970.
        list_count: how many contacts the list had when a run last left it; None where that is not known.
    """

    id: int
    match_fields: tuple[str, ...]
    folds: bool
    field_names: tuple[str, ...]
    ignored: tuple[str, ...]
    resend_before: int = 0
    list_count: int | None = None

    @property
    def keys(self) -> tuple[tuple[str, ...], bool]:
        """What a contact's key is made of."""
        return self.match_fields, self.folds

    @property
    def versions(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What a contact's version is made of."""
        return self.field_names, self.ignored

    def is_like(self, other: Scope) -> bool:
        """Whether keys and versions are the same under both."""
        return (self.keys, self.versions) == (other.keys, other.versions)


def scope_for(mapping: StreamMapping) -> Scope:
    """The scope of a stream's contacts as they are mapped now, not written down."""
    entry = mapping.entry
    ignored = entry.ignore_changes_in if entry.send is Send.CHANGED else ()
    return Scope(
        UNKNOWN,
        tuple(sorted(mapping.match_fields)),
        entry.match_values is MatchValues.FOLDED,
        tuple(sorted(mapping.field_names)),
        tuple(sorted(ignored)),
    )


class Scopes:
    """The scopes of one account.

    Args:
        database: with the journal's tables.
        account: W50 as the settings name it.
    """

    def __init__(self, database: Database, account: str) -> None:
        self._database = database
        self._account = account
        self._numbers: dict[tuple[int, str, tuple[str, ...]], int] = {}

    def of_stream(self, list_id: int, stream: str) -> list[Scope]:
        """All that the stream's contacts of the list ever had, in the order in which they came."""
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM w50_scopes WHERE account = :account "  # noqa: S608  # our own words
            "AND contact_list_id = :list_id AND stream = :stream ORDER BY id",
            account=self._account,
            list_id=list_id,
            stream=stream,
        )
        return [_scope_of(row) for row in rows]

    def book(self, mapping: StreamMapping) -> Scope:
        """The scope of a stream's contacts, written down if it is new. The list must be this run's."""
        list_id, wanted = mapping.contact_list.id, scope_for(mapping)
        with self._database.transaction():
            every = self.of_stream(list_id, mapping.stream)
            found = next((each for each in every if each.is_like(wanted)), None)
            if found is None:
                # What holds for the stream holds for each of its scopes.
                last = every[-1] if every else wanted
                ((number,),) = self._database.rows(
                    "INSERT INTO w50_scopes (account, contact_list_id, stream, match_fields, folds, "
                    "field_names, ignored, resend_before, list_count) VALUES (:account, :list_id, :stream, "
                    ":matched, :folds, :names, :ignored, :before, :count) RETURNING id",
                    account=self._account,
                    list_id=list_id,
                    stream=mapping.stream,
                    matched=json.dumps(wanted.match_fields),
                    folds=int(wanted.folds),
                    names=json.dumps(wanted.field_names),
                    ignored=json.dumps(wanted.ignored),
                    before=last.resend_before,
                    count=last.list_count,
                )
                found = replace(
                    wanted, id=number, resend_before=last.resend_before, list_count=last.list_count
                )
        self._numbers[list_id, mapping.stream, mapping.field_names] = found.id
        return found

    def number_of(self, mapping: StreamMapping) -> int | None:
        """The number of a scope that this run has booked."""
        return self._numbers.get((mapping.contact_list.id, mapping.stream, mapping.field_names))

    def resend(self, list_id: int, stream: str) -> int:
        """Whatever the stream brought to the list so far is sent again; returns since when that holds."""
        now = int(self._database.now()) + 1
        self._change("resend_before = :value", list_id, stream, now)
        return now

    def left(self, list_id: int, stream: str, count: int | None) -> None:
        """A run leaves the list with so many contacts."""
        self._change("list_count = :value", list_id, stream, count)

    def _change(self, assignment: str, list_id: int, stream: str, value: int | None) -> None:
        self._database.change(
            f"UPDATE w50_scopes SET {assignment} WHERE account = :account "  # noqa: S608  # our own words
            "AND contact_list_id = :list_id AND stream = :stream",
            account=self._account,
            list_id=list_id,
            stream=stream,
            value=value,
        )


def _scope_of(row: Row) -> Scope:
    number, match_fields, folds, field_names, ignored, resend_before, list_count = row
    names = names_from(field_names)
    return Scope(
        number, names_from(match_fields), bool(folds), names, names_from(ignored), resend_before, list_count
    )


def names_from(text: str) -> tuple[str, ...]:
    """The names that a column has."""
    names: Sequence[str] = json.loads(text)
    return tuple(names)
