"""What a seed makes: an input, settings, a sandbox that misbehaves, and what befalls each run."""

from __future__ import annotations

import random
import signal
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from target_w50.sandbox.model.list_documents import read_lists
from tests.support import LIST, OTHER_LIST, entry

NARROW = {"email": {"type": "string"}, "first_name": {"type": "string"}, "customer_id": {"type": "integer"}}
WIDE = {**NARROW, "last_name": {"type": "string"}}
ENC = {"enc": {"type": ["string", "null"]}}
FIELD_OF = {"email": "Email", "first_name": "FirstName", "last_name": "LastName", "customer_id": "CustomerId"}

REQUEST_TIMEOUT_S = 0.6
HANG_S = 1.2
HANG_FOR_GOOD_S = 40.0
"""Longer than any stop may take, with a timeout that is as long."""
BLOCKED_S = 1.2
"""So long nobody reads the states, from the start or from the signal on."""
POISON = "poison"
JOURNALED, BY_TWO = 0.6, 0.6
AT_URLS = 0.15
AT_ONCE = 0.5
REFUSAL = {"reject": {"field": "Email", "contains": POISON}}
"""W50 refuses the whole upload that holds such a contact."""
FAULTS: list[dict[str, Any]] = [
    *({"status": status} for status in (500, 502, 503, 504)),
    *({"status": status, "when": "after"} for status in (500, 502, 504)),
    {"status": 429, "retry_after": 0},
    {"cut": "before"},
    {"cut": "after"},
    {"cut": "before", "how": "reset"},
    {"cut": "after", "how": "reset"},
    {"hang": HANG_S},
    {"hang": HANG_S, "when": "after"},
    {"half": True},
    {"html": True},
    {"html": True, "when": "after"},
    {"slow": 0.1},
    *({"interim": statuses} for statuses in ([102], [103], [103, 102], [100] * 6)),
    {"trickle_s": 0.0005},
    {"trickle_s": 0.05},
    {"endless_headers_s": 0.05},
    {"endless_headers_s": 0.0005, "when": "after"},
    *({"answer_list_id": number} for number in (42, 43)),
]
# Not for `create`: nobody can tell a number that was never heard of from the right one.
ID_FAULTS: list[dict[str, Any]] = [{"answer_id": "earlier"}, {"answer_id": "earlier"}, {"answer_id": 77}]
KNOWN_ID = {"call": "create", "answer_id": "earlier", "skip": 1}
"""The second job of a run is answered with the id of the first; what earlier runs made, no run knows."""
RUN_FAULTS: list[dict[str, Any]] = [
    {"status": 503, "when": "after"},
    {"job": {"CurrentStatus": "Failed", "effect": False}},
    {"job": {"CurrentStatus": " ERROR "}},
    {"job": {"flicker": True}},
    {"job": {"FinishDate": None}},
]
CALLS = ("create", "add", "add", "run", "run", "status", "status", "list", "fields")


@dataclass(frozen=True)
class Input:
    """A record of the input at its place; its contact's CustomerId is the place.

    Attributes:
        source: the stream as the tap names it; `stream` is its name after stream maps.
        enc: EncContactId of its contact, or None; `has_enc` says whether the property is there at all.
        refused: whether W50 refuses its contact.
    """

    place: int
    source: str
    stream: str
    values: dict[str, Any]
    wide: bool
    has_enc: bool = False
    enc: str | None = None
    refused: bool = False

    @property
    def message(self) -> dict[str, Any]:
        values = {**self.values, "enc": self.enc} if self.has_enc else self.values
        return {"type": "RECORD", "stream": self.source, "record": values}

    @property
    def schema(self) -> dict[str, Any]:
        properties = {**(WIDE if self.wide else NARROW), **(ENC if self.has_enc else {})}
        body = {"type": "object", "properties": properties}
        return {"type": "SCHEMA", "stream": self.source, "schema": body, "key_properties": ["email"]}


@dataclass(frozen=True)
class Misfortune:
    """What befalls one run of the program.

    Attributes:
        number: a signal, or None.
        after_requests: it comes when the sandbox has had so many requests of this run...
        after_s: ... or so many seconds after the start, where that is given.
        again: whether a second one follows at once.
        hangs: a call that hangs for good; the signal comes then.
        known_id: whether a job that is created is answered with the id of one before it.
        tap_dies_at: place where the tap's output ends, or None; `in_a_line` leaves half a line behind.
    """

    number: signal.Signals | None = None
    after_requests: int = 0
    after_s: float | None = None
    again: bool = False
    hangs: str | None = None
    known_id: bool = False

    @property
    def faults(self) -> list[dict[str, Any]]:
        """Of this run alone."""
        hangs = [] if self.hangs is None else [{"call": self.hangs, "hang": HANG_FOR_GOOD_S}]
        return [*hangs, *([KNOWN_ID] if self.known_id else [])]

    tap_dies_at: int | None = None
    in_a_line: bool = False


@dataclass(frozen=True)
class Second:
    """Another process that is started beside a run, from the same state and with the same input.

    Attributes:
        after_requests: it begins when the sandbox has had so many requests of the run.
        waits_s: how long it waits for a contact list.
        has_it_stand: the run is stopped (SIGSTOP) until the second process has ended, and then goes on.
    """

    after_requests: int
    waits_s: float
    has_it_stand: bool


class Scenario:
    """Everything that the seed decides."""

    def __init__(self, seed: int) -> None:
        dice = self.dice = random.Random(seed)  # noqa: S311  # to be repeated by its seed
        self.seed = seed
        self.two_streams = dice.random() < 0.5
        self.two_lists = self.two_streams and dice.random() < 0.5
        self.streams = ("contacts", "people") if self.two_streams else ("contacts",)
        self.aliased = dice.random() < 0.25
        """Whether contacts come in two streams of the tap, of other FieldNames each."""
        self.by_enc_contact_id = dice.random() < 0.2
        self.refuses = dice.random() < 0.25
        self.output_blocks = dice.random() < 0.2
        self.contacts = dice.choice([3, 10, 40])
        self.lists = [self._list(LIST), self._list(OTHER_LIST)]
        self.held_before = read_lists(self.lists)
        self.records = self._records(dice.randint(10, 60))
        self.state_every = dice.randint(1, 8)
        self.state_places = {
            each.place + 1 for each in self.records if dice.random() < 1 / self.state_every
        } | {len(self.records)}
        self.hands_back_results = dice.random() < 0.3
        self.pause_s = dice.choice([0.0, 0.0, 0.0, 0.005])
        # Of their own, so that a seed makes the same of all else as it did before there was a journal.
        self._more = random.Random(f"journal {seed}")  # noqa: S311  # to be repeated by its seed
        self.journaled = self._more.random() < JOURNALED
        """Whether it has a journal; then its contacts get custom events."""
        self.by_two = self.journaled and self._more.random() < BY_TWO
        """Whether a second process may load the same at once."""
        self.store_dice = random.Random(f"urls {seed}")  # noqa: S311  # the same
        self.at_urls = self.store_dice.random() < AT_URLS
        """Whether quarantine and metrics go to a store."""
        self.store_faults = self.store_dice.choice([0.0, 0.2, 0.4])
        """How many of the objects it refuses, or leaves without an answer."""
        lanes = random.Random(f"uploads {seed}")  # noqa: S311  # the same
        self.parallel_uploads = lanes.choice([2, 3, 8]) if lanes.random() < AT_ONCE else 1
        """How many uploads may be under way at once."""

    @property
    def traits(self) -> list[str]:
        """What sets it apart, in words."""
        traits = {
            "two streams": self.two_streams,
            "two lists": self.two_lists,
            "aliased": self.aliased,
            "by EncContactId": self.by_enc_contact_id,
            "W50 refuses contacts": self.refuses,
            "output blocks": self.output_blocks,
            "journal": self.journaled,
            "by two": self.by_two,
            "outputs at URLs": self.at_urls,
            "uploads at once": self.parallel_uploads > 1,
        }
        return [name for name, has_it in traits.items() if has_it]

    def _list(self, document: dict[str, Any]) -> dict[str, Any]:
        """A contact list; where contacts are named by EncContactId, it has them all from the start."""
        if not self.by_enc_contact_id:
            return document
        contacts = [
            {"Email": self._email(stream, number), "FirstName": "before", "CustomerId": -1}
            for stream in self.streams
            if self.list_of(stream) == document["Id"]
            for number in range(self.contacts)
            if not self._is_refused(number)
        ]
        return {**document, "Contacts": contacts}

    def _is_refused(self, number: int) -> bool:
        return self.refuses and number % 7 == 1

    def _email(self, stream: str, number: int) -> str:
        """Streams have contacts of their own: only within a stream the order is promised."""
        return f"{POISON if self._is_refused(number) else ''}{stream}{number}@example.com"

    def _enc(self, stream: str, number: int) -> str | None:
        email, held = self._email(stream, number), self.held_before[self.list_of(stream)].contacts.values()
        known = [contact.enc_contact_id for contact in held if contact.values["Email"] == email]
        return known[0] if known and self.dice.random() < 0.5 else None

    def _records(self, count: int) -> list[Input]:
        dice, records = self.dice, []
        sources = [(stream, stream) for stream in self.streams]
        if self.aliased:
            sources += [("signups", "contacts")]
        wide = {source: source == "signups" for source, _ in sources}
        changes = dice.choice([0.0, 0.0, 0.1])
        for place in range(count):
            source, stream = dice.choice(sources)
            if dice.random() < changes:
                wide[source] = not wide[source]
            number = dice.randrange(self.contacts)
            values: dict[str, Any] = {
                "email": self._email(stream, number),
                "first_name": f"first {place}",
                "customer_id": place,
            }
            if wide[source]:
                values["last_name"] = f"last {place}"
            records.append(
                Input(
                    place,
                    source,
                    stream,
                    values,
                    wide[source],
                    has_enc=self.by_enc_contact_id,
                    enc=self._enc(stream, number) if self.by_enc_contact_id else None,
                    refused=self._is_refused(number),
                )
            )
        return records

    def list_of(self, stream: str) -> int:
        return 43 if self.two_lists and stream == "people" else 42

    def sandbox_options(self) -> dict[str, Any]:
        dice = self.dice
        return {
            "lists": self.lists,
            "job_seconds": dice.choice([0.0, 0.03, 0.15]),
            "job_reads": dice.choice([0, 0, 2]),
            "latency_s": dice.choice([0.0, 0.0, 0.01]),
            "add_answer": dice.choice(["importjob", "contacts", "empty"]),
            "faults": [*self.lasting_faults, *(self._fault() for _ in range(dice.choice([0, 2, 5, 8])))],
        }

    @property
    def lasting_faults(self) -> list[dict[str, Any]]:
        """What W50 is like, whether or not it is left in peace."""
        return [REFUSAL] if self.refuses else []

    def _fault(self) -> dict[str, Any]:
        dice = self.dice
        call = dice.choice(CALLS)
        kinds = [
            *FAULTS,
            *(ID_FAULTS if call != "create" else []),
            *(RUN_FAULTS if call == "run" else []),
        ]
        return {
            "call": call,
            "share": dice.choice([0.1, 0.3, 0.7]),
            "times": dice.randint(1, 3),
            "seed": dice.randrange(1_000_000),
            **dice.choice(kinds),
        }

    def settings(self, quarantine: str, journal: Path) -> dict[str, Any]:
        dice = self.dice
        fires = dice.random() < 0.3 or self.journaled
        members: dict[str, Any] = {"custom_events": ["Hello"]} if fires else {}
        more: dict[str, Any] = {"journal": str(journal) if self.journaled else "none"}
        if self.by_enc_contact_id:
            members["enc_contact_id"] = "enc"
        if self.refuses:
            more |= {"on_invalid_record": "quarantine", "quarantine_path": quarantine}
        if self.aliased:
            more["stream_maps"] = {"signups": {"__alias__": "contacts"}}
        return {
            **more,
            "auth_token": "a-token",
            "streams": [entry(stream, str(self.list_of(stream)), **members) for stream in self.streams],
            "batch_size_rows": dice.randint(1, 6),
            "max_contacts_per_job": dice.randint(1, 15),
            "parallel_uploads": self.parallel_uploads,
            "overlap_jobs": dice.random() < 0.5,
            "checkpoint_interval_s": dice.choice([0.05, 0.3, 300]),
            "media_type": dice.choice(["application/json", "application/json", "application/xml"]),
            "poll_interval_s": 0.01,
            "poll_max_interval_s": 0.05,
            "request_timeout_s": REQUEST_TIMEOUT_S,
            "retry_for_s": 3,
            "job_timeout_s": 10,
        }

    def second(self) -> Second | None:
        """The process beside the next run, if there is one."""
        dice = self._more
        if not self.by_two or dice.random() < 0.3:
            return None
        return Second(dice.randint(0, 25), dice.choice([0.0, 0.0, 20.0]), has_it_stand=dice.random() < 0.4)

    def misfortune(self) -> Misfortune:
        """What befalls the next run."""
        return replace(self._misfortune(), known_id=self.dice.random() < 0.2)

    def _misfortune(self) -> Misfortune:
        dice = self.dice
        kind = dice.choice(["nothing", "tap", "signal", "signal", "signal", "delay", "hangs"])
        number = dice.choice(
            [signal.SIGTERM, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL, signal.SIGKILL]
        )
        if kind == "nothing":
            return Misfortune()
        if kind == "tap":
            return Misfortune(tap_dies_at=dice.randrange(len(self.records)), in_a_line=dice.random() < 0.5)
        if kind == "delay":
            return Misfortune(number, after_s=dice.uniform(0.0, 1.5))
        if kind == "hangs":
            stop = dice.choice([signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
            return Misfortune(stop, hangs=dice.choice(CALLS[:-2]))
        return Misfortune(number, after_requests=dice.randint(1, 40), again=dice.random() < 0.1)
