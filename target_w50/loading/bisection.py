"""Contacts that W50 itself refuses: found by halving, set aside, the rest kept in its order.

Twenty bad contacts that come first must not look like a W50 that takes nothing. So where nothing of a stream
was accepted yet, single contacts from all over the refused batch are tried first, `MOST_LOOKS` in a stream:
one that is accepted says that it is the contacts' fault.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from target_w50.contacts.refusal import Reason
from target_w50.errors import RefusedError, counted
from target_w50.import_jobs.batches import Batch, ContactParts
from target_w50.import_jobs.fingerprints import Fingerprints
from target_w50.import_jobs.job import LoadJob
from target_w50.import_jobs.places import Places
from target_w50.outputs.quarantine import QuarantineFile
from target_w50.singer.messages import stream_of

log = logging.getLogger("target-w50")

MOST_LOOKS = 50
"""So many contacts of a stream tried alone and not one accepted: then it is not the contacts' fault."""
MOST_CULPRITS = 20
"""So many are enough where a job has no other contacts."""
GOLDEN = (5**0.5 - 1) / 2

Accepts = Callable[[list[bytes]], bool]


class Bisection:
    """Rewrites a batch that W50 refused; the job's worker calls it.

    Args:
        quarantine: where refused contacts' records go; None where invalid records end the run.
        places: the words for where a record was read.
    """

    def __init__(self, quarantine: QuarantineFile | None, places: Places) -> None:
        self._quarantine = quarantine
        self._places = places
        self._accepted: set[str] = set()
        self._refused: Counter[str] = Counter()
        self._last_error: dict[str, RefusedError] = {}

    @property
    def sets_aside(self) -> bool:
        """Whether what the tap sent is kept with the batches, so that it can be set aside."""
        return self._quarantine is not None

    def halve(self, job: LoadJob, batch: Batch) -> None:
        """Send the batch as two requests."""
        parts = job.store.parts(batch)
        middle = len(parts) // 2
        self._replace(job, batch, [parts[:middle], parts[middle:]], accepted=False)

    def find(self, job: LoadJob, batch: Batch, error: RefusedError, accepts: Accepts) -> None:
        """Set the contacts at fault aside and go on without them.

        Where nothing of the stream was accepted yet, at most `MOST_LOOKS` requests ask whether anything is;
        if nothing is, no more are sent. Else a batch costs fewer than two requests for each of its contacts.

        Args:
            job: the batch's; it goes on.
            batch: under way, and refused as a whole.
            error: the refusal.
            accepts: whether W50 takes some of the contacts into a job that is never run.

        Raises:
            RefusedError: the given one, if it is not the contacts' fault.
        """
        parts = job.store.parts(batch)
        good: list[list[ContactParts]] = []
        culprits = parts
        if self._takes_any(job, parts, error, accepts):
            good, culprits = _sort_out(parts, accepts)
        elif job.closed and job.at_hand is None and job.under_way == 1:
            self.conclude(job)
        self._set_aside(job, culprits, error)
        if culprits and good:
            good = [[part for piece in good for part in piece]]
        # Refused together, accepted in pieces: nobody is at fault, and the whole would be refused again.
        self._replace(job, batch, good, accepted=True)

    def conclude(self, job: LoadJob) -> None:
        """Judge a job of which no batch is left to send, or only one that was refused as a whole.

        Raises:
            RefusedError: as W50 gave it, if twenty of the stream were refused and none was accepted.
        """
        if not self._took_any(job) and self._refused[job.stream] >= MOST_CULPRITS:
            raise self._last_error[job.stream]

    def _took_any(self, job: LoadJob) -> bool:
        if job.sent > 0 or job.counts.contacts_sent > 0:
            self._accepted.add(job.stream)
        return job.stream in self._accepted

    def _takes_any(
        self, job: LoadJob, parts: Sequence[ContactParts], error: RefusedError, accepts: Accepts
    ) -> bool:
        """Whether W50 has taken any contact of the stream, or takes one of these."""
        if self._took_any(job):
            return True
        looks = MOST_LOOKS - self._refused[job.stream]
        # A single contact needs no other request: it has just been refused.
        if len(parts) > 1 and any(accepts([part.fragment]) for part in _spread(parts, looks)):
            self._accepted.add(job.stream)
            return True
        if len(parts) >= looks:
            raise error
        self._refused[job.stream] += len(parts)
        self._last_error[job.stream] = error
        return False

    def _set_aside(self, job: LoadJob, culprits: Sequence[ContactParts], error: RefusedError) -> None:
        if self._quarantine is None:
            raise error
        if not culprits:
            return
        message = f"W50 refused the contact (status {error.status})"
        for part in culprits:
            # Each record of the contact is set aside: none of them is superseded any more.
            job.counts.merged_set_aside += len(part.lines) - 1
            for raw in part.lines:
                source_stream = stream_of(raw)
                self._quarantine.add(
                    source_stream,
                    raw,
                    Reason.W50_REJECTED,
                    message,
                    None,
                    self._places.position(part.place),
                    schema=job.schemas.get(source_stream),
                )
                job.counts.quarantine(Reason.W50_REJECTED)
        self._quarantine.flush()
        log.warning(
            "%s: W50 refused %s (status %s), now in quarantine. First: %s",
            job.name,
            counted(len(culprits), "contact"),
            error.status,
            ", ".join(self._places.text(part.place) for part in culprits[:5]),
        )

    def _replace(
        self, job: LoadJob, batch: Batch, batches: list[list[ContactParts]], *, accepted: bool
    ) -> None:
        kept = [
            job.store.put(
                [part.fragment for part in parts],
                [part.place for part in parts],
                [part.raw for part in parts] if self.sets_aside else None,
                batch.frame,
                _fingerprints(parts),
            )
            for parts in batches
        ]
        job.replace(batch, kept, accepted=accepted)


def _fingerprints(parts: Sequence[ContactParts]) -> Fingerprints | None:
    kept = [part.fingerprint for part in parts if part.fingerprint is not None]
    return Fingerprints.of(kept) if kept else None


def _spread(parts: Sequence[ContactParts], most: int) -> Iterator[ContactParts]:
    """One of each of `most` stretches, or all; not every nth, for the bad ones may be every nth, too."""
    stretches = min(most, len(parts))
    for number in range(stretches):
        first = number * len(parts) // stretches
        length = (number + 1) * len(parts) // stretches - first
        yield parts[first + int(length * (number * GOLDEN % 1))]


def _sort_out(
    parts: list[ContactParts], accepts: Accepts
) -> tuple[list[list[ContactParts]], list[ContactParts]]:
    """What W50 takes of contacts that it refused together, in pieces, and what it refuses alone."""
    good: list[list[ContactParts]] = []
    culprits: list[ContactParts] = []
    # A stack rather than recursion: the leftmost piece is on top, so that the order is kept.
    pieces = [parts]
    while pieces:
        piece = pieces.pop()
        if piece is not parts and accepts([part.fragment for part in piece]):
            good.append(piece)
        elif len(piece) == 1:
            culprits.extend(piece)
        else:
            middle = len(piece) // 2
            pieces += [piece[middle:], piece[:middle]]
    return good, culprits
