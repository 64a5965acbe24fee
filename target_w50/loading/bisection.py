"""Contacts that W50 itself refuses: found by halving, set aside, the rest kept in its order."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence

from target_w50.contacts.refusal import Reason
from target_w50.errors import RefusedError
from target_w50.import_jobs.batches import Batch, ContactParts
from target_w50.import_jobs.job import LoadJob
from target_w50.import_jobs.phases import JobLifeError
from target_w50.import_jobs.places import Places
from target_w50.outputs.quarantine import QuarantineFile
from target_w50.singer.messages import stream_of

log = logging.getLogger("target-w50")

MOST_CULPRITS = 20
"""So many refused contacts of a stream and not one accepted: then it is not the contacts' fault."""

Accepts = Callable[[list[bytes]], bool]


class Bisection:
    """Rewrites the batch at hand of a job; the job's worker calls it.

    Args:
        quarantine: where refused contacts' records go; None where invalid records end the run.
        places: the words for where a record was read.
    """

    def __init__(self, quarantine: QuarantineFile | None, places: Places) -> None:
        self._quarantine = quarantine
        self._places = places
        self._culprits: Counter[str] = Counter()

    @property
    def sets_aside(self) -> bool:
        """Whether what the tap sent is kept with the batches, so that it can be set aside."""
        return self._quarantine is not None

    def halve(self, job: LoadJob) -> None:
        """Send the batch at hand as two requests."""
        batch = _at_hand(job)
        parts = job.store.parts(batch)
        middle = len(parts) // 2
        self._replace(job, batch, [parts[:middle], parts[middle:]], accepted=False)

    def find(self, job: LoadJob, error: RefusedError, accepts: Accepts) -> None:
        """Set the contacts at fault aside and go on behind the batch, without them.

        Args:
            job: its batch at hand was refused as a whole.
            error: the refusal.
            accepts: whether W50 takes some of the contacts into a job that is never run.

        Raises:
            RefusedError: the given one, if twenty of the stream were at fault and none was accepted.
        """
        batch = _at_hand(job)
        parts = job.store.parts(batch)
        good: list[list[ContactParts]] = []
        culprits: list[ContactParts] = []
        taken_before = job.sent > 0 or job.counts.contacts_sent > 0
        culprits_before = self._culprits[job.stream]
        # A stack rather than recursion: the leftmost piece is on top, so that the order is kept.
        pieces = [parts] if len(parts) == 1 else [parts[len(parts) // 2 :], parts[: len(parts) // 2]]
        known_bad = len(parts) == 1
        while pieces:
            piece = pieces.pop()
            if not known_bad and accepts([part.fragment for part in piece]):
                good.append(piece)
            elif len(piece) == 1:
                culprits.extend(piece)
                if culprits_before + len(culprits) >= MOST_CULPRITS and not good and not taken_before:
                    raise error
            else:
                middle = len(piece) // 2
                pieces += [piece[middle:], piece[:middle]]
        self._set_aside(job, culprits, error)
        if culprits and good:
            good = [[part for piece in good for part in piece]]
        # Refused together, accepted in pieces: nobody is at fault, and the whole would be refused again.
        self._replace(job, batch, good, accepted=True)

    def _set_aside(self, job: LoadJob, culprits: Sequence[ContactParts], error: RefusedError) -> None:
        if self._quarantine is None:
            raise error
        if not culprits:
            return
        self._culprits[job.stream] += len(culprits)
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
            "%s: W50 refused %d contacts (status %s); their records are in quarantine. First: %s",
            job.name,
            len(culprits),
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
                batch.separator,
            )
            for parts in batches
        ]
        job.replace_at_hand(kept, accepted=accepted)


def _at_hand(job: LoadJob) -> Batch:
    if job.at_hand is None:
        raise JobLifeError(f"{job.name} has no batch to look into")
    return job.at_hand
