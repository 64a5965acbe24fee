"""One stream's batches on their way into its job: sifted, collected where few are left, handed over."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Hashable
from collections.abc import Set as AbstractSet

from target_w50.contacts.mapping import StreamMapping
from target_w50.contacts.match_values import all_folded
from target_w50.import_jobs.batches import Batch
from target_w50.import_jobs.counts import StreamCounts
from target_w50.import_jobs.failed_values import suspect
from target_w50.import_jobs.fingerprints import Fingerprints
from target_w50.import_jobs.job import LoadJob
from target_w50.journal.history import StreamHistory
from target_w50.loading.open_batch import OpenBatch
from target_w50.loading.open_jobs import OpenJobs
from target_w50.loading.remainder import Remainder
from target_w50.loading.sifting import sift
from target_w50.loading.takes_batches import CutsInput, TakesOver
from target_w50.loading.waiting_batches import WaitingBatch, WaitingBatches
from target_w50.settings.model import MatchValues


class StreamBatches:
    """One stream's open batch and open job, for one set of FieldNames: contacts go out here.

    Args:
        intake: cuts the input.
        open_jobs: of the stream; this load's is among them from its first contact until the input is cut.
        fired: the contacts of its list that are in jobs with custom events, by hash; None: this load's jobs
            fire none. A contact that is in it goes into a job of its own kind, without events.
        history: what earlier runs brought of the stream; None where the journal keeps nothing of it.
        make_quiet: makes the load of contacts that are to fire no events, such as those whose events have
            fired.
    """

    def __init__(  # noqa: PLR0917 - made in two places
        self,
        intake: CutsInput,
        open_jobs: OpenJobs,
        counts: StreamCounts,
        mapping: StreamMapping,
        fired: set[int] | None,
        history: StreamHistory | None,
        make_quiet: Callable[[], TakesOver],
    ) -> None:
        self._fired = fired
        self._history = history
        self._without_events: TakesOver | None = None
        self._make_quiet = make_quiet
        self._intake = intake
        self._open_jobs = open_jobs
        self._open_batches = intake.open_batches
        self._counts = counts
        self._mapping = mapping
        settings = intake.settings
        self._keeps_raws = settings.quarantines
        self._batch_rows = settings.batch_size_rows
        self._batch_bytes = settings.batch_size_bytes
        self._job_contacts = settings.max_contacts_per_job
        self._looks_alike = bool(mapping.match_fields) and mapping.entry.match_values is MatchValues.EXACT
        self._job: LoadJob | None = None
        self._in_job = 0
        self._folded = array("q")
        self._batch = OpenBatch()
        self._waiting = WaitingBatches()
        self._leaves_most_out = False
        self._remainder = Remainder()
        self._sifts = history is not None or fired is not None

    def _count_held(self) -> None:
        """What is held is what waits and what is left; the open batch is empty."""
        self._open_batches.handed_over(self)
        held = self._waiting.held_bytes + self._remainder.held_bytes
        if held:
            self._open_batches.grow(self, held)

    def _open(self) -> None:
        open_jobs = self._open_jobs
        self._job = self._intake.loader.open_job(
            self._counts, self._mapping, open_jobs.schemas, suppressed_events=self._fired is None
        )
        self._in_job = 0
        open_jobs.loads.append(self)

    def has_at_hand(self, identity: Hashable) -> bool:
        """Whether the contact is in the open batch, or in one that waits."""
        return identity in self._batch.rows or self._waiting.have(identity)

    def has_none_of(self, identities: AbstractSet[Hashable]) -> bool:
        """Whether none of the contacts is in the open batch, or in one that waits."""
        return self._batch.rows.keys().isdisjoint(identities) and self._waiting.have_none_of(identities)

    def flush(self) -> None:
        """Hand over all that there is, less what is not sent or goes without events."""
        self._judge()
        self._hand_over_remainder()

    def give_way(self) -> None:
        """Hand over what waits; where nothing does, all that there is."""
        if self._waiting.first is None:
            self.flush()
        else:
            self._judge()

    def _pass_on(self) -> None:
        """Take what is sent of the open batch into the job, or have it wait: look-ups of many cost less.

        Where most contacts are sent they are sent at once.
        """
        history = self._history
        if (
            history is None
            or not (history.looks_up_many and self._leaves_most_out)
            or self._in_job >= self._job_contacts
        ):
            self._judge()
        elif self._waiting.has_room(self._batch, self._held_by_batch()):
            self._put_aside(waits=True)
        else:
            self._put_aside(waits=True)
            while (looked_up := self._waiting.looked_up) is not None:
                self._take_in(looked_up)
            self._waiting.look_up(history, in_background=True)

    def _held_by_batch(self) -> int:
        return self._open_batches.held_by(self) - self._waiting.held_bytes - self._remainder.held_bytes

    def _put_aside(self, *, waits: bool) -> None:
        if self._batch.rows:
            self._waiting.join(self._batch, self._held_by_batch(), waits=waits)
            self._batch = OpenBatch()

    def _judge(self) -> None:
        """Take what is sent of the batches that wait, and of the open one, into the job.

        Each of them may have the input cut, and so all of them handed over: then nothing is left to do here.
        """
        self._put_aside(waits=False)
        if self._history is not None:
            self._waiting.look_up(self._history, in_background=False)
        while (first := self._waiting.first) is not None:
            self._take_in(first)

    def _take_in(self, waiting: WaitingBatch) -> None:
        """Take what is sent of a batch into the job: as one request, or little by little.

        Where nearly none has changed, each batch leaves a few contacts: a request of each would take long.
        """
        count = len(waiting.batch.rows)
        fingerprints = self._sift(waiting) if self._sifts else None
        if self._waiting.first is not waiting:
            return
        self._waiting.leave()
        job, batch, remainder = self._job, waiting.batch, self._remainder
        self._leaves_most_out = 2 * len(batch.rows) < count
        if not batch.rows or job is None:
            self._count_held()
            return
        if self._history is not None and fingerprints is not None:
            self._history.takes(job, fingerprints)
        suspect(job.suspects, batch.suspects.values())
        self._open_jobs.seen.update(map(hash, batch.rows))
        if self._looks_alike:
            self._folded.extend(map(hash, all_folded(batch.rows)))
        self._open_batches.into_job(len(batch.rows))
        if fingerprints is not None and self._is_little(len(batch.rows), batch.size_bytes):
            remainder.add(batch, fingerprints)
            self._count_held()
            if not self._is_little(remainder.count, remainder.size_bytes):
                self._hand_over_remainder()
            return
        raws, frame = batch.raws if self._keeps_raws else None, self._intake.wire.frame
        put = job.store.put(batch.fragments, batch.places, raws, frame, fingerprints)
        self._count_held()
        self._hand_over(job, put)

    def _is_little(self, count: int, size_bytes: int) -> bool:
        """Whether so much and as much again fits into a request."""
        return 2 * count < self._batch_rows and 2 * size_bytes < self._batch_bytes

    def _hand_over_remainder(self) -> None:
        job, remainder = self._job, self._remainder
        if job is None or not remainder.count:
            return
        put = remainder.put(job.store, self._intake.wire.frame, keeps_raws=self._keeps_raws)
        self._remainder = Remainder()
        self._count_held()
        self._hand_over(job, put)

    def _hand_over(self, job: LoadJob, put: Batch) -> None:
        self._intake.loader.add_batch(job, put, self._intake.look_round)
        if self._open_batches.jobs_are_full:
            self._intake.cut()

    def _sift(self, waiting: WaitingBatch) -> Fingerprints | None:
        """Take out of a batch what is not sent here; what the journal keeps of the others.

        What is to go without events goes into the open batch of a load that fires none. Making room there may
        cut the input, and so hand this very batch over: then it waits no more, and nothing is left to do.
        """
        batch = waiting.batch
        while self._waiting.first is waiting:
            sifted = sift(waiting, self._mapping, self._history, self._fired)
            if sifted.quiet and self._without_events is None:
                self._without_events = self._make_quiet()
            quiet = self._without_events
            if quiet is not None and sifted.quiet and not quiet.has_room(batch, sifted.quiet):
                quiet.make_room(len(sifted.quiet))
                continue
            sifted.book(self._counts, self._fired)
            if quiet is not None and sifted.quiet:
                quiet.take_over(batch, sifted.quiet)
            if len(sifted.kept) < len(batch.rows):
                self._in_job -= len(batch.rows) - len(sifted.kept)
                batch.keep_only(sifted.kept)
            return sifted.fingerprints
        return None

    def close(self) -> None:
        """Hand over what there is and close the job, because the input is cut."""
        job = self._job
        if job is None:
            return
        self.flush()
        self._close_job(job)

    def _close_job(self, job: LoadJob) -> None:
        self._intake.loader.close_job(job)
        self._job = None
        if self._looks_alike:
            # A contact is once in a job: what folding makes fewer of them are pairs.
            self._counts.match_values_alike += self._in_job - len(set(self._folded))
            self._folded = array("q")
        self._in_job = 0
