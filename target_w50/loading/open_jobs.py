"""What the open jobs of one stream hold together: a contact is in one of them at most, and there once."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol

from target_w50.singer.messages import SchemaLine


class HoldsJob(Protocol):
    """A load of the stream that has an open job."""

    def has_at_hand(self, identity: Hashable) -> bool:
        """Whether the contact is in its open batch, or waits there."""

    def has_none_of(self, identities: AbstractSet[Hashable]) -> bool:
        """Whether none of the contacts is in its open batch, or waits there."""

    def close(self) -> None:
        """Hand over what there is and close the job."""


class OpenJobs:
    """The open jobs of one stream. Who opens one is in `loads` until it is closed, and all close together.

    Contacts are known by hash alone, to be small: a rare false alarm closes the jobs early and harms nothing.

    Attributes:
        loads: those that have an open job.
        seen: the contacts in batches that were handed over.
        schemas: the SCHEMA of each source stream; the jobs keep it, and it is only ever added to.
    """

    def __init__(self) -> None:
        self.loads: list[HoldsJob] = []
        self.seen: set[int] = set()
        self.schemas: dict[str, SchemaLine] = {}
        self._owners: dict[int, int] = {}

    def has_other_schema(self, source_stream: str, line: SchemaLine) -> bool:
        """Whether the source stream's records in the open jobs came under another SCHEMA."""
        return bool(self.loads) and self.schemas.get(source_stream, line) is not line

    def begin_schema(self, source_stream: str, line: SchemaLine) -> None:
        """The source stream's records come under this SCHEMA from here on."""
        known = self.schemas.get(source_stream)
        if known is not None and known is not line:
            self.schemas = {**self.schemas}  # The closed jobs keep theirs.
        self.schemas[source_stream] = line

    def hold(self, identity: Hashable, load: HoldsJob) -> bool:
        """Whether the contact is in a batch handed over, or in the open batch of another load."""
        return (bool(self.seen) and hash(identity) in self.seen) or any(
            each is not load and each.has_at_hand(identity) for each in self.loads
        )

    def others(self, load: HoldsJob) -> bool:
        """Whether another load has an open job."""
        return any(each is not load for each in self.loads)

    def are_new(self, identities: Sequence[Hashable | None], load: HoldsJob) -> bool:
        """Whether these contacts are all different, and none is in an open job, however it is held.

        They are of a load that has an open job. Where nothing tells one from others, no other load may have
        one.
        """
        different = set(identities)
        if None in different:
            different.discard(None)
            if self.others(load) or len(different) + identities.count(None) < len(identities):
                return False
        elif len(different) < len(identities):
            return False
        return (not self.seen or self.seen.isdisjoint(map(hash, different))) and all(
            each.has_none_of(different) for each in self.loads
        )

    def may_own(self, identities: Sequence[Hashable | None], matched: Sequence[Hashable]) -> bool:
        """Whether none of them is in an open job, or here twice, under other match values or EncContactId."""
        own: dict[int, int] = {}
        return not any(
            self.another_owns(identity, each) or own.setdefault(hash(each), hash(identity)) != hash(identity)
            for identity, each in zip(identities, matched, strict=True)
        )

    def own_all(self, identities: Sequence[Hashable | None], matched: Sequence[Hashable]) -> None:
        """The contacts with these match values are in an open job."""
        self._owners.update(zip(map(hash, matched), map(hash, identities), strict=True))

    def own(self, identity: Hashable | None, matched: Hashable) -> None:
        """The contact with these match values is in an open job."""
        self._owners[hash(matched)] = hash(identity)

    def another_owns(self, identity: Hashable | None, matched: Hashable) -> bool:
        """Whether an open job has a contact that differs in match values alone, or in EncContactId alone."""
        return self._owners.get(hash(matched), hash(identity)) != hash(identity)

    def close(self) -> None:
        """Close all of them, and those that are opened meanwhile."""
        while self.loads:
            self.loads.pop(0).close()
        self.seen.clear()
        self._owners.clear()
