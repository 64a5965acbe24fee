"""Contacts known by hashes of the key before: carried over to those of the new one as the tap sends them."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from target_w50.import_jobs.fingerprints import Fingerprints
from target_w50.journal.contact_rows import ContactRows, Known
from target_w50.journal.journal import Journal
from target_w50.journal.keys import ContactHashes
from target_w50.journal.members import Delivered
from target_w50.journal.older_keys import OlderKeys
from target_w50.journal.scopes import Scope
from target_w50.journal.versions import under
from target_w50.w50 import Contact

_MASK = 2**64 - 1


@dataclass(frozen=True)
class KeyHashes:
    """A stream's hashes under one key.

    Attributes:
        now: as its contacts are matched now.
        older: as they were matched before.
    """

    now: ContactHashes
    older: OlderKeys


@dataclass
class Batch:
    """A batch's contacts, by row, as `StreamHistory.sift` has them, with what versions are made of."""

    fingerprints: Fingerprints
    identities: Sequence[Any]
    matched: Mapping[int, Hashable]
    fragments: list[bytes]
    contacts: Mapping[int, Contact]
    texts: list[bytes]

    def names(self, row: int, hashes: KeyHashes) -> list[int]:
        """All hashes that a contact may be known by under a key, the same places for the same names."""
        identities = [self.identities[row]]
        if self.fingerprints.others[row]:
            identities.append(self.matched[row])
        names = [*hashes.now.of_identities(identities)]
        if hashes.older:
            names += hashes.older.of(self.fragments[row], self.contacts.get(row))
        return names


@dataclass
class _Carried:
    contacts: dict[int, Known] = field(default_factory=dict)
    fired: dict[int, list[tuple[int, int, int]]] = field(default_factory=dict)
    gone: list[int] = field(default_factory=list)


class KeyChange:
    """Of one stream under one mapping, while two keys are given.

    Args:
        journal: of the run.
        list_id: the contact list.
        new: hashes under the new key.
        old: hashes under the key before.
        scopes: under which versions were made, by number.
        names: the FieldNames of the mapping.
        delivered: what jobs brought that are not settled.
        foreseen: takes what is carried over, in a plan, which writes nothing; None in a run.
    """

    def __init__(
        self,
        journal: Journal,
        list_id: int,
        new: KeyHashes,
        old: KeyHashes,
        *,
        scopes: Mapping[int, Scope],
        names: Collection[str],
        delivered: Delivered,
        foreseen: ForeseenRows | None,
    ) -> None:
        self._journal = journal
        self._list_id = list_id
        self._new = new
        self._old = old
        self._scopes = scopes
        self._names = frozenset(names)
        self._delivered = delivered
        self._foreseen = foreseen

    def carry_over(self, batch: Batch, alike: Collection[int]) -> None:
        """Find those of the batch's contacts that are known under the old key alone, and write them anew.

        A version is made anew where the contact has it still; any other stays as it is, and is none of the
        contact's any more.

        Args:
            batch: of the stream.
            alike: the scopes under which versions are made as now.
        """
        rows = [row for row, key in enumerate(batch.fingerprints.keys) if key]
        new = {row: batch.names(row, self._new) for row in rows}
        every = [name for names in new.values() for name in names]
        there = self._journal.contacts.known(every).keys() | self._journal.contacts.fired(every).keys()
        unknown = [row for row, names in new.items() if there.isdisjoint(names)]
        pairs = {
            old: (name, row)
            for row in unknown
            for name, old in zip(new[row], batch.names(row, self._old), strict=True)
        }
        carried = _Carried()
        for old, (version, scope, sent) in self._journal.contacts.known([*pairs]).items():
            name, row = pairs[old]
            carried.contacts[name] = (self._version(version, scope, batch, row, alike), scope, sent)
            carried.gone.append(old)
        for old, version, scope, fired in self._journal.database.among(
            "SELECT contact_key, version, scope, fired FROM w50_fired WHERE contact_key {among}", [*pairs]
        ):
            name, row = pairs[old]
            made = self._version(version, scope, batch, row, alike)
            carried.fired.setdefault(name, []).append((made, scope, fired))
            carried.gone.append(old)
        if len(self._delivered):
            self._rename_delivered(batch, new)
        if carried.gone and self._foreseen is not None:
            self._foreseen.take(carried.contacts, carried.fired)
        elif carried.gone:
            self._write(carried)

    def _rename_delivered(self, batch: Batch, new: Mapping[int, list[int]]) -> None:
        """Members of jobs stay as they are: those that count are known by the new hashes in this run."""
        before = self._old.now.of_texts(batch.texts)
        for row, names in new.items():
            version, made = before[row] & _MASK, batch.fingerprints.versions[row] & _MASK
            for name, old in zip(names, batch.names(row, self._old), strict=True):
                self._delivered.rename(old & _MASK, name & _MASK, version, made)

    def _version(self, version: int, scope: int, batch: Batch, row: int, alike: Collection[int]) -> int:
        text = batch.texts[row]
        if scope not in alike:
            other = self._scopes.get(scope)
            names = [name for name in other.field_names if name not in other.ignored] if other else []
            if not names or not self._names.issuperset(names):
                return version
            text = under(batch.fragments[row], batch.contacts.get(row), names)
        if self._old.now.of_texts([text]) != [version]:
            return version
        (made,) = self._new.now.of_texts([text])
        return made

    def _write(self, carried: _Carried) -> None:
        database, keys = self._journal.database, [*carried.contacts]
        columns = [*zip(*carried.contacts.values(), strict=True)] or [(), (), ()]
        fired = [(name, *each) for name, every in carried.fired.items() for each in every]
        fired_columns = [*zip(*fired, strict=True)] or [(), (), (), ()]
        stays = "ON CONFLICT DO NOTHING"
        with database.transaction():
            self._journal.leases.need(self._list_id)
            database.insert(
                "w50_contacts",
                dict(zip(("contact_key", "version", "scope", "sent"), (keys, *columns), strict=True)),
                stays,
            )
            database.insert(
                "w50_fired",
                dict(zip(("contact_key", "version", "scope", "fired"), fired_columns, strict=True)),
                stays,
            )
            database.change_among("DELETE FROM w50_contacts WHERE contact_key {among}", carried.gone)
            database.change_among("DELETE FROM w50_fired WHERE contact_key {among}", carried.gone)


class ForeseenRows(ContactRows):
    """The rows as a run would carry them over: nothing is written."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(journal.database)
        self._contacts: dict[int, Known] = {}
        self._fired: dict[int, list[tuple[int, int, int]]] = {}

    def take(self, contacts: Mapping[int, Known], fired: Mapping[int, list[tuple[int, int, int]]]) -> None:
        """Carry these over."""
        self._contacts.update(contacts)
        self._fired.update(fired)

    def known(self, keys: Sequence[int]) -> dict[int, Known]:
        """What is known of those of the contacts that W50 took."""
        carried = {key: self._contacts[key] for key in keys if key in self._contacts}
        return {**carried, **super().known(keys)}

    def stale(
        self, keys: Sequence[int], versions: Sequence[int], scopes: Collection[int], since: int
    ) -> dict[int, Known | None]:
        """Those that were not sent in this version since then under one of the scopes, as they are known."""
        carried = {
            key
            for key, version in zip(keys, versions, strict=True)
            if (known := self._contacts.get(key))
            and (known[0] == version and known[1] in scopes and known[2] >= since)
        }
        found = super().stale(keys, versions, scopes, since)
        return {key: known or self._contacts.get(key) for key, known in found.items() if key not in carried}

    def fired(self, keys: Sequence[int]) -> dict[int, list[tuple[int, int]]]:
        """Which versions of the contacts had their events, each with its scope."""
        carried = {key: [each[:2] for each in self._fired[key]] for key in keys if key in self._fired}
        return {**carried, **super().fired(keys)}
