"""The dry run that books: contacts that reached W50 by other means count as delivered; nothing is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from target_w50.contacts.mapping import StreamMapping
from target_w50.import_jobs.batches import Batch
from target_w50.import_jobs.job import LoadJob
from target_w50.import_jobs.places import Places
from target_w50.journal.contact_rows import Booking
from target_w50.journal.journal import Journal
from target_w50.journal.members import PackedMembers, pack
from target_w50.journal.seeding import book
from target_w50.loading.dry_run import Plan
from target_w50.loading.recovery import Recovery
from target_w50.outputs.ledger import Ledger
from target_w50.runtime.stop import Stop
from target_w50.settings.model import Send, Settings
from target_w50.w50 import WireFormat


@dataclass(frozen=True)
class Seeds:
    """What contacts are booked by.

    Attributes:
        journal: takes them.
        had_events: whether they count as having had their streams' custom events.
    """

    journal: Journal
    had_events: bool


class Seeding(Plan):
    """Takes what a run would load, less what W50 has just so, and books it job by job.

    Args:
        settings: as judged.
        ledger: has the streams' counts.
        stop: once set, the seeding ends too.
        wire: how contacts are written.
        places: the words for where a record was read.
        seeds: what they are booked by.

    Attributes:
        recovery: holds the lists.
        booked: how many contacts of each stream are booked.
        not_kept: how many contacts of each stream are not, as its settings keep nothing of them.
    """

    def __init__(  # noqa: PLR0917  # as a plan, and its own
        self,
        settings: Settings,
        ledger: Ledger,
        stop: Stop,
        wire: WireFormat,
        places: Places,
        seeds: Seeds,
    ) -> None:
        super().__init__(settings, ledger, stop, wire, places)
        self.seeds = seeds
        self.recovery: Recovery | None = None
        self.booked: Counter[str] = Counter()
        self.not_kept: Counter[str] = Counter()
        self._members: dict[int, list[PackedMembers]] = {}
        self._failed: BaseException | None = None

    def failed(self, error: BaseException) -> None:
        """Have the reader end with the error; the first one stays."""
        self._failed = self._failed or error

    def check(self) -> None:
        """Raise what stopped the run, or that a list was lost."""
        if self._failed is not None:
            raise self._failed
        super().check()

    def add_batch(self, job: LoadJob, batch: Batch, look_round: Callable[[], None]) -> None:
        """Keep who is in the batch until its job is closed."""
        if batch.fingerprints is not None and job.mapping.entry.needs_journal:
            self._members.setdefault(job.number, []).append(pack(batch.fingerprints.members()))
        super().add_batch(job, batch, look_round)

    def close_job(self, job: LoadJob) -> None:
        """Book the job's contacts."""
        self.check()
        super().close_job(job)
        batches = self._members.pop(job.number, None)
        if batches is None:
            self.not_kept[job.stream] += job.contacts
            return
        book(self.seeds.journal, job.list_id, job.stream, self._booking(job.mapping), batches)
        self.booked[job.stream] += job.contacts

    def _booking(self, mapping: StreamMapping) -> Booking:
        entry = mapping.entry
        return Booking(
            self.seeds.journal.scopes.number_of(mapping),
            contacts=entry.send is Send.CHANGED,
            fired=bool(entry.custom_events) and self.seeds.had_events,
        )

    def finish(self) -> None:
        """Remember how many contacts the lists have: that is what they had when they were booked."""
        self.check()
        if self.recovery is not None:
            self.recovery.see_what_is_left()
