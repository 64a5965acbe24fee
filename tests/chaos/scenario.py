"""What a seed makes: an input, settings, a sandbox that misbehaves, and what befalls each run."""

from __future__ import annotations

import random
import signal
from dataclasses import dataclass
from typing import Any

from tests.support import LIST, OTHER_LIST, entry

NARROW = {"email": {"type": "string"}, "first_name": {"type": "string"}, "customer_id": {"type": "integer"}}
WIDE = {**NARROW, "last_name": {"type": "string"}}
FIELD_OF = {"email": "Email", "first_name": "FirstName", "last_name": "LastName", "customer_id": "CustomerId"}

REQUEST_TIMEOUT_S = 0.6
HANG_S = 1.2
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
]
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
    """A record of the input at its place; its contact's CustomerId is the place."""

    place: int
    stream: str
    values: dict[str, Any]
    wide: bool

    @property
    def message(self) -> dict[str, Any]:
        return {"type": "RECORD", "stream": self.stream, "record": self.values}

    @property
    def schema(self) -> dict[str, Any]:
        body = {"type": "object", "properties": WIDE if self.wide else NARROW}
        return {"type": "SCHEMA", "stream": self.stream, "schema": body, "key_properties": ["email"]}


@dataclass(frozen=True)
class Misfortune:
    """What befalls one run of the program.

    Attributes:
        number: a signal, or None.
        after_requests: it comes when the sandbox has had so many requests of this run...
        after_s: ... or so many seconds after the start, where that is given.
        again: whether a second one follows at once.
        tap_dies_at: place where the tap's output ends, or None; `in_a_line` leaves half a line behind.
    """

    number: signal.Signals | None = None
    after_requests: int = 0
    after_s: float | None = None
    again: bool = False
    tap_dies_at: int | None = None
    in_a_line: bool = False


class Scenario:
    """Everything that the seed decides."""

    def __init__(self, seed: int) -> None:
        dice = self.dice = random.Random(seed)  # noqa: S311  # to be repeated by its seed
        self.seed = seed
        self.two_streams = dice.random() < 0.5
        self.two_lists = self.two_streams and dice.random() < 0.5
        self.streams = ("contacts", "people") if self.two_streams else ("contacts",)
        self.records = self._records(dice.randint(10, 60))
        self.state_every = dice.randint(1, 8)
        self.state_places = {
            each.place + 1 for each in self.records if dice.random() < 1 / self.state_every
        } | {len(self.records)}
        self.hands_back_results = dice.random() < 0.3
        self.pause_s = dice.choice([0.0, 0.0, 0.0, 0.005])

    def _records(self, count: int) -> list[Input]:
        dice, records, wide = self.dice, [], dict.fromkeys(self.streams, False)
        contacts, changes = dice.choice([3, 10, 40]), dice.choice([0.0, 0.0, 0.1])
        for place in range(count):
            stream = dice.choice(self.streams)
            if dice.random() < changes:
                wide[stream] = not wide[stream]
            # Streams have contacts of their own: only within a stream the order is promised.
            values: dict[str, Any] = {
                "email": f"{stream}{dice.randrange(contacts)}@example.com",
                "first_name": f"first {place}",
                "customer_id": place,
            }
            if wide[stream]:
                values["last_name"] = f"last {place}"
            records.append(Input(place, stream, values, wide[stream]))
        return records

    def list_of(self, stream: str) -> int:
        return 43 if self.two_lists and stream == "people" else 42

    def sandbox_options(self) -> dict[str, Any]:
        dice = self.dice
        return {
            "lists": [LIST, OTHER_LIST],
            "job_seconds": dice.choice([0.0, 0.03, 0.15]),
            "job_reads": dice.choice([0, 0, 2]),
            "latency_s": dice.choice([0.0, 0.0, 0.01]),
            "add_answer": dice.choice(["importjob", "contacts", "empty"]),
            "faults": [self._fault() for _ in range(dice.choice([0, 2, 5, 8]))],
        }

    def _fault(self) -> dict[str, Any]:
        dice = self.dice
        call = dice.choice(CALLS)
        kinds = [*FAULTS, *RUN_FAULTS] if call == "run" else FAULTS
        return {
            "call": call,
            "share": dice.choice([0.1, 0.3, 0.7]),
            "times": dice.randint(1, 3),
            "seed": dice.randrange(1_000_000),
            **dice.choice(kinds),
        }

    def settings(self) -> dict[str, Any]:
        dice = self.dice
        events = {"custom_events": ["Hello"]} if dice.random() < 0.3 else {}
        return {
            "auth_token": "a-token",
            "streams": [entry(stream, str(self.list_of(stream)), **events) for stream in self.streams],
            "batch_size_rows": dice.randint(1, 6),
            "max_contacts_per_job": dice.randint(1, 15),
            "overlap_jobs": dice.random() < 0.5,
            "checkpoint_interval_s": dice.choice([0.05, 0.3, 300]),
            "media_type": dice.choice(["application/json", "application/json", "application/xml"]),
            "poll_interval_s": 0.01,
            "poll_max_interval_s": 0.05,
            "request_timeout_s": REQUEST_TIMEOUT_S,
            "retry_for_s": 3,
            "job_timeout_s": 10,
        }

    def misfortune(self) -> Misfortune:
        """What befalls the next run."""
        dice = self.dice
        kind = dice.choice(["nothing", "tap", "signal", "signal", "signal", "delay"])
        number = dice.choice([signal.SIGTERM, signal.SIGTERM, signal.SIGINT, signal.SIGKILL, signal.SIGKILL])
        if kind == "nothing":
            return Misfortune()
        if kind == "tap":
            return Misfortune(tap_dies_at=dice.randrange(len(self.records)), in_a_line=dice.random() < 0.5)
        if kind == "delay":
            return Misfortune(number, after_s=dice.uniform(0.0, 1.5))
        return Misfortune(number, after_requests=dice.randint(1, 40), again=dice.random() < 0.1)
