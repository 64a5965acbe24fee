"""One import job as a person sees it: what was written, what W50 says now, what the next run will do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from target_w50.errors import W50Error
from target_w50.journal.entries import OPEN, Entry
from target_w50.journal.journal import Journal
from target_w50.journal.looking import Holder, given_back, holder_of
from target_w50.journal.process import Process
from target_w50.journal.recovery import WORDS, Verdict, foresee, status_of
from target_w50.journal.resolving import has_changed
from target_w50.journal.words import from_now_on, what_to_say
from target_w50.w50 import ImportJob


@dataclass(frozen=True)
class Look:
    """What there is to see.

    Attributes:
        entry: what was written.
        seen: as W50 describes the job now; None if it does not know it, or could not be asked.
        error: why W50 could not be asked.
        verdict: what the next run will do; None if nothing, or that is not known.
        holder: the run that holds the list.
        gave_back: whether the run that wrote the job ended its work on the list in order.
    """

    entry: Entry
    seen: ImportJob | None
    error: W50Error | None
    verdict: Verdict | None
    holder: Holder | None
    gave_back: bool

    @classmethod
    def at(
        cls,
        journal: Journal,
        entry: Entry,
        get_import_job: Callable[[int, int], ImportJob],
        *,
        failure_statuses: Sequence[str],
    ) -> Look:
        """Look at an entry, and ask W50."""
        seen, verdict, error = None, None, None
        try:
            if entry.phase in OPEN:
                now = journal.database.now()
                verdict, seen = foresee(entry, get_import_job, now, failure_statuses=failure_statuses)
            if seen is None:
                seen = status_of(entry, get_import_job)
        except W50Error as failed:
            error = failed
        holder, gave_back = holder_of(journal, entry.list_id), given_back(journal, entry)
        return cls(entry, seen, error, verdict, holder, gave_back)

    @property
    def process(self) -> Process:
        """The one that worked on it."""
        return Process(self.entry.host, self.entry.process)

    @property
    def fate(self) -> str:
        """Whether that process may still live, in words."""
        if self.process.is_gone():
            return "has ended"
        if self.gave_back:
            return "gave the contact list back, as at the end of a run"
        if self.process.lives():
            return "still lives"
        return "may still live: that can't be told from here"

    @property
    def next_run(self) -> str:
        """What the next run does, as a sentence; empty if nothing, or that is not known."""
        if self.verdict is not None:
            return f"The next run {WORDS[self.verdict]}."
        entry = self.entry
        if entry.phase in OPEN:
            return ""
        return from_now_on(
            entry.phase, has_events=bool(entry.custom_events), settled=entry.settled is not None
        )

    @property
    def advice(self) -> str:
        """What a person is to say; empty if nobody is asked."""
        entry = self.entry
        if self.verdict is not Verdict.STOP or entry.import_job_id is None:
            return ""
        return what_to_say(
            entry.import_job_id,
            entry.list_id,
            has_events=bool(entry.custom_events),
            may_be_not_run=not has_changed(entry, self.seen),
            is_shown=True,
        )
