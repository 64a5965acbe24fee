"""What is promised across runs that share a journal, and the person who says what became of a job."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from target_w50.journal.entries import MAY_RUN, Entry, JournalPhase
from target_w50.journal.journal import Journal
from target_w50.journal.opening import open_journal
from target_w50.runtime.clock import CLOCK
from target_w50.sandbox import Sandbox

_ASKED_ABOUT = re.compile(r"journal resolve (\d+)")


class Mails:
    """Counts custom events by contact; what is broken is told to `violated`."""

    def __init__(self, sandbox: Sandbox, violated: Callable[[str], None]) -> None:
        self._sandbox = sandbox
        self._violated = violated
        self._before: Counter[tuple[int, int | None]] = Counter()

    def check(self, *, well: int, not_well: int) -> None:
        """Between two runs that ended well, no contact had its events twice.

        Args:
            well: how many processes ended well since the last look.
            not_well: how many did not, and may have sent something.
        """
        store = self._sandbox._store
        with store.lock:
            store.advance()
            mails = Counter((event.contact_list_id, event.contact_id) for event in store.events)
        most = max(1, well + min(1, not_well))
        for whose, count in (mails - self._before).items():
            if count > most:
                self._violated(f"contact {whose} had its events {count} times, and may have {most}")
        if well:
            self._before = mails


class Person:
    """Looks at W50 when a run asks for it, and says what became of the job.

    Args:
        journal: where it is.
        sandbox: that W50.
    """

    def __init__(self, journal: Path, sandbox: Sandbox) -> None:
        self._journal = journal
        self._sandbox = sandbox

    def answer(self, last_line: str) -> bool:
        """Resolve the job that the last line asks about, if it does; to be called when W50 is at rest."""
        asked = _ASKED_ABOUT.search(last_line)
        if asked is None or "error_code=job_unresolved" not in last_line:
            return False
        with self._open() as journal:
            for entry in self._taken(journal):
                if entry.phase in MAY_RUN and entry.import_job_id == int(asked[1]):
                    after = JournalPhase.FINISHED if self._took_effect(entry) else JournalPhase.ABANDONED
                    journal.recovered(entry, after, reason="looked at")
            journal.leases.release()
        return True

    def let_time_pass(self) -> None:
        """So that nobody has to wait until a job that shows nothing counts as not known."""
        with self._open() as journal:
            journal.database.change(
                "UPDATE w50_jobs SET doubtful_until = :soon WHERE doubtful_until > :soon",
                soon=journal.database.now() + 0.3,
            )

    @contextmanager
    def _open(self) -> Iterator[Journal]:
        journal = open_journal(
            str(self._journal), None, api_url=self._sandbox.url, run_id="a person", clock=CLOCK
        )
        assert journal is not None
        try:
            yield journal
        finally:
            journal.close()

    @staticmethod
    def _taken(journal: Journal) -> list[Entry]:
        """What is open in the lists, which are held from now on."""
        lists = [row for (row,) in journal.database.rows("SELECT contact_list_id FROM w50_lists")]
        for list_id in lists:
            journal.leases.take(list_id)
        return [entry for list_id in lists for entry in journal.open_entries(list_id)]

    def _took_effect(self, entry: Entry) -> bool:
        store = self._sandbox._store
        with store.lock:
            store.advance()
            return any(
                event.job_id == entry.import_job_id and event.contact_list_id == entry.list_id
                for event in store.events
            )
