"""A month of nightly runs over one list: `python -m tests.journal.month --contacts 100000`, or small.

Each night a hundredth of the contacts change and some are new. A column is added on night 10; the run of
nights 5, 12 and 20 crashes and is repeated; on night 15 somebody edits the list by hand.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from target_w50.journal.crash_points import CrashPoint
from target_w50.runtime.clock import Clock
from target_w50.sandbox import Sandbox
from tests.journal.support import EVENTS, PROGRAM, place
from tests.support import LIST, entry, lines, load_here, schema, settings, state

NIGHTS = 30
COLUMN_ON = 10
EDITED_ON = 15
CRASHES = {5: CrashPoint.RUN_SENT, 12: CrashPoint.FINISHED, 20: CrashPoint.BATCH_SENT}
LOST_PERCENT = 20
"""How many contacts somebody deletes; a few others are changed."""
EDITED = 3


class Month:
    """The tap, the list and the runs.

    Args:
        sandbox: with the list, empty.
        folder: for the journal and what the runs write.
        contacts: how many there are in the first night.
        patched: moves this process's clock.
    """

    def __init__(self, sandbox: Sandbox, folder: Path, contacts: int, patched: pytest.MonkeyPatch) -> None:
        self.sandbox = sandbox
        self._folder = folder
        self._night = 0
        self._share = max(contacts // 100, 1)
        self.people: dict[str, dict[str, Any]] = {}
        self._addresses: dict[int, str] = {}
        self.sent: list[int] = []
        self._join(contacts)
        patched.setattr(Clock, "now", lambda _: dt.datetime.now(dt.timezone.utc) + dt.timedelta(self._night))
        rows = min(10_000, max(contacts // 4, 1))
        whole = entry(
            send="changed",
            custom_events=EVENTS,
            custom_events_once_per="contact",
            custom_events_max_contacts=10 * contacts,
        )
        self._config = settings(sandbox, whole, journal=str(place(folder)), batch_size_rows=rows)

    def _join(self, contacts: int) -> None:
        for number in range(len(self.people), len(self.people) + contacts):
            values = {
                "email": f"n{number}@example.com",
                "first_name": f"First {number}",
                "customer_id": number,
            }
            self.people[f"n{number}@example.com"] = values

    def live(self, say: Any = None) -> None:
        """Let all nights go by."""
        for night in range(1, NIGHTS + 1):
            began = time.monotonic()
            self._night = night
            if night > 1:
                self._change()
            if night == EDITED_ON:
                self._edit()
            if night in CRASHES:
                self._crash(CRASHES[night])
            ended = load_here(self._folder / f"night {night}", self._config, lines(self._messages()))
            assert ended.status == 0, ended.stderr
            self.sent.append(ended.run["contacts_sent"])
            self._note_addresses()
            if say is not None:
                unchanged = ended.run["contacts_unchanged"]
                took = time.monotonic() - began
                say(f"night {night}: {self.sent[-1]:,} sent, {unchanged:,} unchanged, {took:.1f} s")

    def _messages(self) -> Iterator[dict[str, Any]]:
        yield schema()
        for number, values in enumerate(self.people.values()):
            shown = values if self._night >= COLUMN_ON else {**values, "customer_id": None}
            if self._night < COLUMN_ON:
                del shown["customer_id"]
            yield {"type": "RECORD", "stream": "contacts", "record": shown}
            if number == len(self.people) // 2:
                yield state(number)
        yield state(len(self.people))

    def _change(self) -> None:
        people = [*self.people.values()]
        for step in range(self._share):
            people[(self._night * self._share + step) % len(people)]["first_name"] = f"Night {self._night}"
        self._join(self._share)

    def _edit(self) -> None:
        """Somebody is at work in W50: contacts are gone, others have other values."""
        self._note_addresses()
        store = self.sandbox._store
        with store.lock:
            contact_list = store.lists[LIST["Id"]]
            every = [*contact_list.contacts]
            for number in every[: len(every) * LOST_PERCENT // 100]:
                gone = contact_list.contacts.pop(number)
                del contact_list._by_enc_id[gone.enc_contact_id]
            contact_list._by_match.clear()
            for number in every[-EDITED:]:
                contact = contact_list.contacts[number]
                contact_list.update(contact, {"FirstName": "By hand"})

    def _crash(self, point: CrashPoint) -> None:
        path = self._folder / "config.json"
        path.write_text(json.dumps(self._config))
        drill = json.dumps({"point": point.value, "days": self._night})
        ended = subprocess.run(
            [sys.executable, str(PROGRAM), drill, "--config", str(path)],
            input=lines(self._messages()),
            capture_output=True,
            check=False,
        )
        assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()

    def _note_addresses(self) -> None:
        with self.sandbox._store.lock:
            for number, contact in self.sandbox._store.lists[LIST["Id"]].contacts.items():
                self._addresses[number] = str(contact.values["Email"])

    @property
    def mails(self) -> Counter[str]:
        """How many welcome mails went to each address."""
        events = self.sandbox._store.events
        return Counter(self._addresses[event.contact_id or 0] for event in events)

    @property
    def stored(self) -> dict[str, dict[str, Any]]:
        """What W50 has of each contact, under the tap's names."""
        contacts = self.sandbox._store.lists[LIST["Id"]].contacts.values()
        names = {"Email": "email", "FirstName": "first_name", "CustomerId": "customer_id"}
        found = [{names[name]: value for name, value in each.values.items()} for each in contacts]
        return {each["email"]: each for each in found}


def main() -> None:
    """Live through a month, and say what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.journal.month", description=__doc__)
    parser.add_argument("--contacts", type=int, default=100_000, help="in the first night (default: 100000)")
    contacts = parser.parse_args().contacts
    with (
        tempfile.TemporaryDirectory() as folder,
        Sandbox(lists=[LIST]) as sandbox,
        pytest.MonkeyPatch.context() as patched,
    ):
        month = Month(sandbox, Path(folder), contacts, patched)
        month.live(lambda words: sys.stdout.write(f"{words}\n"))
        right = month.stored == month.people
        mails = Counter(month.mails.values())
        size = place(Path(folder)).stat().st_size
        sys.stdout.write(
            f"{len(month.people):,} contacts, {'all right' if right else 'NOT ALL RIGHT'}; contacts by their "
            f"number of mails: {dict(mails)}; the journal has {size:,} bytes\n"
        )
    sys.exit(not right or mails != {1: len(month.people)})


if __name__ == "__main__":
    main()
