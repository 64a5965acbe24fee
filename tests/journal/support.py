"""What the tests of the journal share: settings with one, what it holds, and the mails that contacts had."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from target_w50.journal.journal import Journal
from target_w50.journal.opening import open_journal
from target_w50.runtime.clock import CLOCK
from target_w50.sandbox import Sandbox
from tests.support import entry, record, schema, settings, state

EVENTS = ["SendWelcomeEmail"]
PROGRAM = Path(__file__).with_name("drilled.py")
MESSAGES = [
    schema(),
    *[record(number) for number in range(4)],
    state(4),
    *[record(number) for number in range(4, 8)],
    state(8),
]
"""Two jobs, each with a state behind it."""


def place(folder: Path) -> Path:
    """Where the journal of a test is."""
    return folder / "journal" / "journal.db"


def journaled(sandbox: Sandbox, folder: Path, **more: Any) -> dict[str, Any]:
    """Settings with a journal, small jobs and custom events."""
    small = {"batch_size_rows": 2, "max_contacts_per_job": 4, "request_timeout_s": 1}
    own = {"journal": str(place(folder)), **small, **more}
    return settings(sandbox, entry(custom_events=EVENTS), **own)


def mails(sandbox: Sandbox) -> Counter[str]:
    """How many welcome mails each contact had."""
    return Counter(event["ContactId"] for event in sandbox.contents()["CustomEvents"])


@contextmanager
def opened(folder: Path, run_id: str = "a test", api_url: str = "http://w50.invalid") -> Iterator[Journal]:
    """The test's journal, opened as a run does."""
    journal = open_journal(str(place(folder)), None, api_url=api_url, run_id=run_id, clock=CLOCK)
    assert journal is not None
    try:
        yield journal
    finally:
        journal.close()


def spellings(key: int) -> tuple[bytes, ...]:
    """The bytes that a hash stands as in the journal's files: packed, as a number, and as a row's number."""
    unsigned = key & (2**64 - 1)
    number = key.to_bytes(6 if -(2**47) <= key < 2**47 else 8, "big", signed=True)
    return unsigned.to_bytes(8, "little"), number, row_number(unsigned)


def row_number(number: int) -> bytes:
    """As SQLite writes it: seven bits a byte, in a ninth all eight."""
    last = b""
    if number >= 2**56:
        number, last = number >> 8, bytes([number & 0xFF])
    sevens = [number & 0x7F]
    while number := number >> 7:
        sevens.insert(0, number & 0x7F)
    return bytes(0x80 | each for each in (sevens if last else sevens[:-1])) + (last or bytes(sevens[-1:]))
