"""What of a stream's contacts W50 has already, compared as they are sent: left out, or without events."""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

from target_w50.contacts.mapping import StreamMapping
from target_w50.import_jobs.fingerprints import Fingerprint, Fingerprints
from target_w50.import_jobs.job import LoadJob
from target_w50.journal.contact_rows import Known
from target_w50.journal.key_change import Batch, KeyChange
from target_w50.journal.keys import ContactHashes
from target_w50.journal.look_up import LookUp
from target_w50.journal.older_keys import OlderKeys
from target_w50.journal.scopes import Scope
from target_w50.journal.stream_memory import StreamMemory
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

    @property
    def looks_up_many(self) -> bool:
        """Whether contacts of several batches are better looked up together."""
        return self._compares and self._change is None

    def fingerprints(
        self,
        identities: Sequence[Any],
        matched: Mapping[int, Hashable],
        fragments: list[bytes],
        contacts: Mapping[int, Contact],
    ) -> Fingerprints:
        """Who a batch's contacts are, and what is sent of each; known by the new key from here on.

        Args:
            identities: what tells each from others.
            matched: by row, the match values of those that EncContactId may tell from others as well.
            fragments: each as it is sent.
            contacts: by row, those that can't be read from their fragment.
        """
        hashes = self._hashes
        keys = hashes.of_identities(identities)
        texts = self._texts.of_all(fragments, contacts)
        columns = Fingerprints(keys, array("q", bytes(8 * len(keys))), hashes.of_texts(texts))
        if matched:
            different = [row for row, values in matched.items() if values != identities[row]]
            others = hashes.of_identities(map(matched.__getitem__, different))
            for row, other in zip(different, others, strict=True):
                columns.others[row] = other
        if self._change is not None:
            batch = Batch(columns, identities, matched, fragments, contacts, texts)
            self._change.carry_over(batch, self._alike)
        return columns

    def stale(self, every: Sequence[Fingerprints]) -> LookUp:
        """Looks for those of several batches' contacts, by key, that W50 has not for certain as they are."""
        if not self._compares:
            return LookUp(dict)
        keys, versions = array("q"), array("q")
        for columns in every:
            keys.extend(columns.keys)
            versions.extend(columns.versions)
        return self.memory.stale(keys, versions, self._alike)

    def sift(
        self,
        columns: Fingerprints,
        stale: LookUp,
        fragments: list[bytes],
        contacts: Mapping[int, Contact],
    ) -> Sifted:
        """Which of a batch's contacts are sent, and which of them without events; nothing is changed by it.

        Args:
            columns: who they are.
            stale: finds those that W50 has not for certain as they are, asked since the last of them was
                read; none of them was read again since.
            fragments: each as it is sent.
            contacts: by row, those that can't be read from their fragment.
        """
        sifted = Sifted(columns)
        if self._compares:
            self._compare(sifted, stale, fragments, contacts)
        else:
            sifted.sent = [*range(len(columns))]
        self._leave_out_delivered(sifted)
        self._find_fired(sifted, fragments, contacts)
        return sifted

    def takes(self, job: LoadJob, fingerprints: Fingerprints) -> None:
        """The contacts are in the job."""
        if self._compares:
            self.memory.takes(job, fingerprints, self._scope.id)

    # Contacts that did not change.

    def _compare(
        self,
        sifted: Sifted,
        stale: LookUp,
        fragments: list[bytes],
        contacts: Mapping[int, Contact],
    ) -> None:
        """Leave out what W50 has, and find what it has but is sent all the same."""
        columns, kept, new = sifted.fingerprints, sifted.sent, list[int]()
        # Nearly none are; but who has another name must be looked at under both.
        looked_at = [*compress(range(len(columns)), columns.others)] if any(columns.others) else []
        if stale.keys:
            found = compress(range(len(columns)), map(stale.keys.__contains__, columns.keys))
            looked_at = sorted({*looked_at, *found})
        names = [name for row in looked_at for name in (columns.keys[row], columns.others[row]) if name]
        known = self.memory.known(names, stale)
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
