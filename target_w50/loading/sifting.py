"""An open batch before it is handed over: what is left out of it, and what goes without events."""

from __future__ import annotations

from dataclasses import dataclass

from target_w50.contacts.mapping import StreamMapping
from target_w50.import_jobs.counts import StreamCounts
from target_w50.import_jobs.fingerprints import Fingerprints
from target_w50.journal.history import Sifted, StreamHistory
from target_w50.loading.events_limit import event_keys
from target_w50.loading.waiting_batches import WaitingBatch


@dataclass(frozen=True)
class SiftedBatch:
    """What becomes of a batch's contacts, by row; nothing is done about it yet.

    Attributes:
        kept: those that go on in this batch.
        quiet: those that go into a job without events.
        fingerprints: what the journal keeps of those that are kept.
    """

    kept: list[int]
    quiet: list[int]
    fingerprints: Fingerprints | None
    _delivered: int
    _unchanged: int
    _event_keys: set[int]

    def book(self, counts: StreamCounts, fired: set[int] | None) -> None:
        """Count what is left out, and who is to have events.

        Args:
            counts: of the stream.
            fired: the contacts of its list that are in jobs with custom events, by hash.
        """
        counts.contacts_already_delivered += self._delivered
        counts.contacts_unchanged += self._unchanged
        if fired is not None:
            fired |= self._event_keys


def sift(
    waiting: WaitingBatch, mapping: StreamMapping, history: StreamHistory | None, fired: set[int] | None
) -> SiftedBatch:
    """Judge a batch's contacts.

    Args:
        waiting: the batch with all of them, looked up where there is a history.
        mapping: of their stream.
        history: what earlier runs brought of the stream; None where the journal keeps nothing of it.
        fired: the contacts of its list that are in jobs with custom events, by hash; None: the batch's job
            fires none, and takes all that are sent.
    """
    batch = waiting.batch
    identities = [*batch.rows]
    if history is None or waiting.fingerprints is None or waiting.stale is None:
        found = Sifted(Fingerprints((), (), ()), [*range(len(identities))])
    else:
        found = history.sift(waiting.fingerprints, waiting.stale, batch.fragments, batch.contacts)
    kept, quiet, keys = found.sent, list[int](), set[int]()
    if fired is not None:
        kept = []
        for row in found.sent:
            identity = identities[row]
            own = [] if type(identity) is object else event_keys(mapping, identity, batch.matched.get(row))
            if row in found.quiet or not fired.isdisjoint(own):
                quiet.append(row)
            else:
                kept.append(row)
                keys.update(own)
    fingerprints = None
    if history is not None:
        every = found.fingerprints
        fingerprints = every if len(kept) == len(every) else every.only(kept)
    return SiftedBatch(kept, quiet, fingerprints, found.delivered, found.unchanged, keys)
