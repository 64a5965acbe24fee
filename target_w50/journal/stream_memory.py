"""What is known of one stream's contacts in one list: by the journal, and by the jobs that are under way."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import partial

from target_w50.import_jobs.fingerprints import Fingerprints
from target_w50.import_jobs.job import LoadJob
from target_w50.journal.contact_rows import ContactRows, Known
from target_w50.journal.look_up import LookUp
from target_w50.journal.members import Delivered
from target_w50.journal.resending import Resending
from target_w50.journal.scopes import Scope


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

    def known(self, keys: Sequence[int], stale: LookUp) -> dict[int, Known]:
        """What W50 has of the contacts, or will have when the jobs under way have ended.

        Args:
            keys: of the contacts.
            stale: what was found of some of them, none of which was read again since.
        """
        pending, found = self._pending_of(keys), stale.found
        seen = {key: known for key in keys if (known := found.get(key))}
        others = [key for key in keys if key not in found or key in stale.again]
        return {**seen, **self.rows.known(others), **pending}

    def stale(self, keys: Sequence[int], versions: Sequence[int], scopes: Collection[int]) -> LookUp:
        """Looks for those that W50 has not for certain in this version.

        Args:
            keys: of the contacts.
            versions: of each.
            scopes: under which versions are made as now.
        """
        pending = self._pending_of(keys)  # before the journal is asked: such a job may end meanwhile
        look = partial(self.rows.stale, keys, versions, scopes, self.resending.fresh_since)
        return LookUp(look, pending.keys())  # of those the journal may soon know something else

    def _pending_of(self, keys: Sequence[int]) -> dict[int, Known]:
        # A job's contacts are booked before it counts as ended: so they are known by either.
        self._pending = {number: each for number, each in self._pending.items() if each[0].outcome is None}
        found: dict[int, Known] = {}
        for _, pending in self._pending.values():
            for key in pending.keys() & keys:
                found[key] = pending[key]
        return found
