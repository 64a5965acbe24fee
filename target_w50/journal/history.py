"""What of a stream's contacts W50 has already, compared as they are sent: left out, or without events."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

from target_w50.contacts.mapping import StreamMapping
from target_w50.import_jobs.fingerprints import Fingerprint, Fingerprints
from target_w50.import_jobs.job import LoadJob
from target_w50.journal.contact_rows import ContactRows, Known
from target_w50.journal.key_change import Batch, KeyChange
from target_w50.journal.keys import ContactHashes
from target_w50.journal.members import Delivered
from target_w50.journal.older_keys import OlderKeys
from target_w50.journal.resending import Resending
from target_w50.journal.scopes import Scope
from target_w50.journal.versions import VersionTexts, under
from target_w50.settings.model import CustomEventsOncePer, Send
from target_w50.w50 import Contact

_MASK = 2**64 - 1


@dataclass
class Sifted:
    """A batch's contacts, by row.

    Attributes:
        fingerprints: of all of them.
        sent: those that are sent.
        quiet: those of them that must not fire custom events.
        delivered: how many an earlier run delivered that did not end well.
        unchanged: how many W50 has just so.
    """

    fingerprints: Fingerprints
    sent: list[int] = field(default_factory=list)
    quiet: set[int] = field(default_factory=set)
    delivered: int = 0
    unchanged: int = 0


@dataclass
class StreamMemory:
    """What is known of a stream's contacts in one list, under whatever FieldNames; for the reader alone.

    Attributes:
        delivered: what earlier runs brought, and did not end well.
        rows: what W50 last took of each.
        scopes: under which FieldNames versions were made, by number.
        resending: when what W50 has is sent again all the same.
    """

    delivered: Delivered
    rows: ContactRows
    scopes: dict[int, Scope]
    resending: Resending
    _pending: dict[int, tuple[LoadJob, dict[int, Known]]] = field(default_factory=dict)

    def takes(self, job: LoadJob, fingerprints: Fingerprints, scope: int) -> None:
        """The contacts are in a job that has not ended: what it holds is what W50 will have."""
        _, pending = self._pending.setdefault(job.number, (job, {}))
        now = max(self.resending.now, self.resending.before)
        for key, other, version in fingerprints:
            for name in (key, other):
                if name:
                    pending[name] = (version, scope, now)

    def known(self, keys: Sequence[int]) -> dict[int, Known]:
        """What W50 has of the contacts, or will have when the jobs under way have ended."""
        pending = self._pending_of(keys)
        return {**self.rows.known(keys), **pending}

    def stale(self, keys: Sequence[int], versions: Sequence[int], scopes: Collection[int]) -> set[int]:
        """Those that W50 has not for certain in this version.

        Args:
            keys: of the contacts.
            versions: of each.
            scopes: under which versions are made as now.
        """
        pending = self._pending_of(keys)
        found = self.rows.stale(keys, versions, scopes, self.resending.fresh_since)
        if pending:
            found |= pending.keys()  # they are looked at one by one
        return found

    def _pending_of(self, keys: Sequence[int]) -> dict[int, Known]:
        # A job's contacts are booked before it counts as ended: so they are known by either.
        self._pending = {number: each for number, each in self._pending.items() if each[0].outcome is None}
        found: dict[int, Known] = {}
        wanted = set(keys) if self._pending else set()
        for _, pending in self._pending.values():
            for key in pending.keys() & wanted:
                found[key] = pending[key]
        return found


class StreamHistory:
    """One stream's contacts under one mapping, for the reader alone.

    Args:
        hashes: of the stream's contacts.
        memory: what is known of them.
        mapping: how they are mapped.
        scope: the same, as the journal numbers it.
        older: who contacts were under other match fields.
        change: carries contacts over from the key before; None where there is one key.
    """

    def __init__(  # noqa: PLR0917 - built in one place
        self,
        hashes: ContactHashes,
        memory: StreamMemory,
        mapping: StreamMapping,
        scope: Scope,
        older: OlderKeys | None = None,
        change: KeyChange | None = None,
    ) -> None:
        entry = mapping.entry
        self.memory = memory
        self._hashes = hashes
        self._scope = scope
        self._older = older
        self._change = change
        # Under these scopes versions are made as now.
        self._alike = {each.id for each in memory.scopes.values() if each.versions == scope.versions}
        self._alike.add(scope.id)
        self._names = frozenset(scope.field_names)
        in_order = [each.field_name for each in mapping.properties]
        self._texts = VersionTexts(is_sorted=in_order == sorted(in_order), ignored=scope.ignored)
        self._compares = entry.send is Send.CHANGED
        self._once_per = entry.custom_events_once_per if entry.custom_events else CustomEventsOncePer.RUN

    def sift(
        self,
        identities: Sequence[Any],
        matched: Mapping[int, Hashable],
        fragments: list[bytes],
        contacts: Mapping[int, Contact],
    ) -> Sifted:
        """Which of a batch's contacts are sent, and which of them without events; nothing is changed by it.

        Args:
            identities: what tells each from others.
            matched: by row, the match values of those that EncContactId may tell from others as well.
            fragments: each as it is sent.
            contacts: by row, those that can't be read from their fragment.
        """
        hashes = self._hashes
        keys = hashes.of_identities(identities)
        others: dict[int, int] = {}
        if matched:
            different = [row for row, values in matched.items() if values != identities[row]]
            others = dict(
                zip(different, hashes.of_identities(map(matched.__getitem__, different)), strict=True)
            )
        texts = self._texts.of_all(fragments, contacts)
        versions = hashes.of_texts(texts)
        sifted = Sifted(Fingerprints(keys, array("q", bytes(8 * len(keys))), versions))
        for row, other in others.items():
            sifted.fingerprints.others[row] = other
        if self._change is not None:
            batch = Batch(sifted.fingerprints, identities, matched, fragments, contacts, texts)
            self._change.carry_over(batch, self._alike)
        if self._compares:
            self._compare(sifted, fragments, contacts)
        else:
            sifted.sent = [*range(len(keys))]
        self._leave_out_delivered(sifted)
        self._find_fired(sifted, fragments, contacts)
        return sifted

    def takes(self, job: LoadJob, fingerprints: Fingerprints) -> None:
        """The contacts are in the job."""
        if self._compares:
            self.memory.takes(job, fingerprints, self._scope.id)

    # Contacts that did not change.

    def _compare(self, sifted: Sifted, fragments: list[bytes], contacts: Mapping[int, Contact]) -> None:
        """Leave out what W50 has, and find what it has but is sent all the same."""
        columns, kept, new = sifted.fingerprints, sifted.sent, list[int]()
        stale = self.memory.stale(columns.keys, columns.versions, self._alike)
        # Nearly none are; but who has another name must be looked at under both.
        looked_at = [*compress(range(len(columns)), columns.others)] if any(columns.others) else []
        if stale:
            found = compress(range(len(columns)), map(stale.__contains__, columns.keys))
            looked_at = sorted({*looked_at, *found})
        names = [name for row in looked_at for name in (columns.keys[row], columns.others[row]) if name]
        known = self.memory.known(names)
        for row in looked_at:
            key, other, version = columns.keys[row], columns.others[row], columns.versions[row]
            text = fragments[row], contacts.get(row)
            seen = {self._seen(name, known.get(name), version, *text) for name in (key, other) if name}
            if seen == {_SAME}:
                continue
            kept.append(row)
            if seen == {_NEW}:
                new.append(row)
            elif seen and _CHANGED not in seen:
                sifted.quiet.add(row)
        sifted.unchanged = len(columns) - len(kept)
        if self._older and new:
            had = {row: self._older.of(fragments[row], contacts.get(row)) for row in new}
            old = self.memory.rows.known([key for keys in had.values() for key in keys])
            sifted.quiet.update(row for row, keys in had.items() if not old.keys().isdisjoint(keys))

    def _seen(
        self, key: int, known: Known | None, version: int, fragment: bytes, contact: Contact | None
    ) -> int:
        """How a contact stands to what is known of it under one of its names."""
        if known is None:
            return _NEW
        if known[1] in self._alike:
            if known[0] != version:
                return _CHANGED
            return _AGAIN if self.memory.resending.is_due(key, known[2]) else _SAME
        # Other FieldNames, or others of them count: that alone is no change of the contact.
        has_same = self._is_version(known[0], known[1], fragment, contact)
        return _CHANGED if has_same is False else _AGAIN

    def _is_version(self, version: int, scope: int, fragment: bytes, contact: Contact | None) -> bool | None:
        """Whether a contact had this version in another scope; None where that can't be known."""
        other = self.memory.scopes.get(scope)
        if other is None:
            return None
        names = [name for name in other.field_names if name not in other.ignored]
        if not self._names.issuperset(names):
            return None
        (made,) = self._hashes.of_texts([under(fragment, contact, names)])
        return made == version

    # Contacts that had their events.

    def _leave_out_delivered(self, sifted: Sifted) -> None:
        """Count what an earlier run delivered that did not end well; it is not sent again."""
        if not len(self.memory.delivered):
            return
        columns = sifted.fingerprints
        every = range(len(columns))
        held = {
            row
            for row in every
            if self.holds((columns.keys[row], columns.others[row], columns.versions[row]))
        }
        sent = [row for row in sifted.sent if row not in held]
        sifted.delivered = len(held)
        sifted.unchanged = len(columns) - len(sent) - len(held)
        sifted.sent = sent
        sifted.quiet.difference_update(held)

    def holds(self, fingerprint: Fingerprint) -> bool:
        """Whether W50 has the contact just so from a run that did not end well, and its events fired."""
        key, other, version = (each & _MASK for each in fingerprint)
        if not key:
            return False
        # Under each name that is known: one may have been sent since, under the other name alone.
        delivered = self.memory.delivered
        names = [name for name in (key, other) if name and delivered.has_fired(name)]
        held = [delivered.holds(name, version) for name in names]
        return bool(held) and all(held)

    def _find_fired(self, sifted: Sifted, fragments: list[bytes], contacts: Mapping[int, Contact]) -> None:
        """Find those that had their events: they are sent without."""
        columns, delivered = sifted.fingerprints, self.memory.delivered
        if len(delivered):
            for row in sifted.sent:
                if delivered.has_fired(columns.keys[row] & _MASK) or (
                    columns.others[row] and delivered.has_fired(columns.others[row] & _MASK)
                ):
                    sifted.quiet.add(row)
        if self._once_per is CustomEventsOncePer.RUN:
            return
        loud = [row for row in sifted.sent if row not in sifted.quiet and columns.keys[row]]
        names = {row: [name for name in (columns.keys[row], columns.others[row]) if name] for row in loud}
        if self._older:
            for row, own in names.items():
                own.extend(self._older.of(fragments[row], contacts.get(row)))
        fired = self.memory.rows.fired([name for own in names.values() for name in own])
        for row, own in names.items() if fired else ():
            had = [each for name in own for each in fired.get(name, ())]
            if self._has_fired(had, columns.versions[row], fragments[row], contacts.get(row)):
                sifted.quiet.add(row)

    def _has_fired(
        self, had: Iterable[tuple[int, int]], version: int, fragment: bytes, contact: Contact | None
    ) -> bool:
        """Whether a contact with these versions that had their events is not to have any more."""
        if self._once_per is CustomEventsOncePer.CONTACT:
            return any(True for _ in had)
        return any(
            made == version
            if scope in self._alike
            else self._is_version(made, scope, fragment, contact) is not False
            for made, scope in had
        )


_NEW, _SAME, _AGAIN, _CHANGED = range(4)
"""What a contact is beside what is known of it: not known, just so, just so but sent again, different."""
