"""Runs one after the other over one list, with one journal."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from target_w50.runtime.clock import Clock
from target_w50.sandbox import Sandbox
from tests.journal.support import place
from tests.support import Finished, entry, load_here, settings


class Nights:
    """Runs in this process; each ends well, unless it is said otherwise.

    Attributes:
        days: how many have gone by since the test began.
    """

    def __init__(self, sandbox: Sandbox, folder: Path, patched: pytest.MonkeyPatch) -> None:
        self.sandbox = sandbox
        self.folder = folder
        self.days = 0
        self._runs = 0
        began = dt.datetime(2027, 1, 1, 2, tzinfo=dt.timezone.utc)
        patched.setattr(Clock, "now", lambda _: began + dt.timedelta(days=self.days, seconds=self._runs))

    def run(
        self,
        *messages: dict[str, Any],
        status: int | None = 0,
        more: dict[str, Any] | None = None,
        **members: Any,
    ) -> Finished:
        """A run with an entry of these members, and `more` settings; it ends so, or anyhow (None)."""
        self._runs += 1
        whole = entry(**{"send": "changed", **members})
        config = settings(self.sandbox, whole, **{"journal": str(place(self.folder)), **(more or {})})
        ended = load_here(self.folder / f"night {self._runs}", config, messages)
        assert status in {None, ended.status}, ended.stderr
        return ended

    def sent(self, *messages: dict[str, Any], **members: Any) -> tuple[int, int]:
        """How many contacts such a run sends, and how many it finds unchanged."""
        ended = self.run(*messages, **members)
        return ended.run["contacts_sent"], ended.run["contacts_unchanged"]

    def lose(self, contacts: int) -> None:
        """Somebody deletes so many contacts of the list in W50."""
        store = self.sandbox._store
        with store.lock:
            contact_list = store.lists[42]
            for number in [*contact_list.contacts][:contacts]:
                gone = contact_list.contacts.pop(number)
                del contact_list._by_enc_id[gone.enc_contact_id]
            contact_list._by_match.clear()

    @property
    def jobs(self) -> list[list[dict[str, Any]]]:
        """The contacts of each import job that was run, as they were sent."""
        jobs = [job for job in self.sandbox._store.jobs.values() if job.runs]
        return [[dict(sent.values) for batch in job.batches for sent in batch.contacts] for job in jobs]

    @property
    def mails(self) -> dict[str, int]:
        """How many welcome mails each contact had that is there, by the beginning of its address."""
        contents = self.sandbox.contents()
        (each,) = [found for found in contents["Lists"] if found["Id"] == 42]
        names = {one["Id"]: one["Values"]["Email"].partition("@")[0] for one in each["Contacts"]}
        events = [event for event in contents["CustomEvents"] if event["ContactId"] in names]
        return dict(Counter(names[event["ContactId"]] for event in events))
