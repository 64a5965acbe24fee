"""What the sandbox holds: contact lists with fields and contacts, import jobs with batches and runs.

Taken for granted where the W50 API documentation is silent: match values are compared exactly (text with
regard to case; `1` equals `1.0`; a number never equals text); where several contacts fit, the oldest is
meant.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from target_w50.sandbox.model.transitions import CREATED, DONE_PERCENT, Pace, stage_at

MatchKey = tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class FieldValue:
    """An allowed value of a choice field."""

    id: int
    value: str
    order: int
    in_use: bool = True


@dataclass(frozen=True)
class Field:
    """A field of a contact list."""

    id: int
    name: str
    map_type: str
    position: int
    default_value: str | None = None
    values: tuple[FieldValue, ...] = ()


@dataclass
class Contact:
    """A stored contact; `values` is replaced when it changes, never changed in place."""

    id: int
    enc_contact_id: str
    values: Mapping[str, Any]


def match_key(values: Mapping[str, Any], names: Sequence[str]) -> MatchKey | None:
    """What decides which contact is meant, or None where one of the names is not among the values."""
    if any(name not in values for name in names):
        return None
    return tuple(_comparable(values[name]) for name in names)


def _comparable(value: Any) -> tuple[str, Any]:
    if isinstance(value, bool) or value is None:
        return ("constant", str(value))
    if isinstance(value, (int, float, Decimal)):
        return ("number", value)
    return ("text", value) if isinstance(value, str) else ("other", repr(value))


@dataclass
class ContactList:
    """A contact list; `uncounted` are contacts that were taken without being kept."""

    id: int
    name: str
    fields: tuple[Field, ...]
    contacts: dict[int, Contact] = field(default_factory=dict)
    uncounted: int = 0
    _by_enc_id: dict[str, Contact] = field(default_factory=dict)
    _by_match: dict[tuple[str, ...], dict[MatchKey, dict[int, Contact]]] = field(default_factory=dict)
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.fields_by_name = {one.name: one for one in self.fields}

    def __len__(self) -> int:
        return len(self.contacts) + self.uncounted

    def by_enc_contact_id(self, enc_contact_id: str) -> Contact | None:
        """The contact with that encrypted id."""
        return self._by_enc_id.get(enc_contact_id)

    def by_match(self, names: tuple[str, ...], key: MatchKey) -> Contact | None:
        """The oldest contact with these values in the fields `names`."""
        if names not in self._by_match:
            index = self._by_match[names] = {}
            for contact in self.contacts.values():
                self._enter(index, names, contact)
        found = self._by_match[names].get(key)
        return found[min(found)] if found else None

    def insert(self, values: Mapping[str, Any]) -> Contact:
        """Store a new contact."""
        number = next(self._ids)
        digest = hashlib.blake2b(f"contact {self.id}/{number}".encode(), digest_size=15).digest()
        contact = Contact(number, base64.urlsafe_b64encode(digest).decode(), dict(values))
        self.contacts[number] = contact
        self._by_enc_id[contact.enc_contact_id] = contact
        for names, index in self._by_match.items():
            self._enter(index, names, contact)
        return contact

    def update(self, contact: Contact, values: Mapping[str, Any]) -> None:
        """Change the values that are given, and leave the others."""
        for names, index in self._by_match.items():
            old_key = match_key(contact.values, names)
            if old_key is not None:
                index[old_key].pop(contact.id, None)
        contact.values = {**contact.values, **values}
        for names, index in self._by_match.items():
            self._enter(index, names, contact)

    @staticmethod
    def _enter(index: dict[MatchKey, dict[int, Contact]], names: tuple[str, ...], contact: Contact) -> None:
        key = match_key(contact.values, names)
        if key is not None:
            index.setdefault(key, {})[contact.id] = contact


@dataclass(frozen=True)
class SentContact:
    """A contact as it came with an upload, and how many of its addresses and numbers are not valid."""

    enc_contact_id: str | None
    values: Mapping[str, Any]
    invalid_emails: int = 0
    invalid_sms: int = 0


@dataclass(frozen=True)
class RejectedContact:
    """A contact that a run did not take, and why; `is_stored`: the list has it, and it stays as it was."""

    contact_list_id: int
    job_id: int
    sent: SentContact
    reason: str
    is_stored: bool


@dataclass(frozen=True)
class Batch:
    """What one accepted upload held; `sha256` is None and `contacts` empty where nothing is checked."""

    count: int
    size: int
    sha256: str | None
    contacts: tuple[SentContact, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """How a run is to end, for fault injection.

    Attributes:
        finishes: False: it goes on for ever.
        effect: False: its contacts and custom events do not take effect.
        flicker: every second status answer shows it as not finished.
        members: members of ImportJob that are shown instead of the true ones once the run has finished (from
            the start if it never finishes), named as W50 names them.
    """

    finishes: bool = True
    effect: bool = True
    flicker: bool = False
    members: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Counters:
    """The counters of ImportJob."""

    inserted: int = 0
    updated: int = 0
    dropped: int = 0
    not_updated: int = 0
    invalid_emails: int = 0
    invalid_sms: int = 0
    rejected: int = 0


@dataclass
class Run:
    """One call of `run`, from its start to its end."""

    match: tuple[str, ...]
    custom_events: tuple[str, ...]
    outcome: Outcome
    started_s: float
    start_date: str
    finish_date: str | None = None
    reads: int = 0
    counters: Counters = field(default_factory=Counters)

    def percent(self, pace: Pace, now_s: float) -> int:
        """How far it is, 0 to 100."""
        if self.finish_date is not None:
            return DONE_PERCENT
        percent = pace.percent(now_s - self.started_s, self.reads)
        return percent if self.outcome.finishes else min(percent, DONE_PERCENT // 2)


@dataclass
class Job:
    """An import job; what it shows is that of its newest run."""

    id: int
    contact_list_id: int
    field_names: tuple[str, ...]
    batches: list[Batch] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)

    @property
    def contact_count(self) -> int:
        """Contacts that were added, of all batches."""
        return sum(batch.count for batch in self.batches)

    def state(self, percent: int) -> str:
        """Name of the declared state that it is in."""
        return stage_at(percent) if self.runs else CREATED
