"""Streams whose records come interleaved share one bound, whatever is kept of their contacts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from target_w50.import_jobs.batches import IN_MEMORY_BYTES, SMALL_BYTES, BatchStore, StoreMemory
from target_w50.loading.open_batches import OpenBatches
from target_w50.target import TargetW50
from tests import in_process
from tests.support import JSON_FRAME, entry, lines

STREAMS = [f"stream_{number}" for number in range(20)]
MOST_BYTES = 25_000
WAYS: dict[str, dict[str, Any]] = {
    "json": {},
    "quarantine": {"on_invalid_record": "quarantine"},
    "xml": {"media_type": "application/xml"},
}
SCHEMA = {"type": "object", "properties": {"id": {"type": "string"}, "A": {"type": "string"}}}
HEADS = [{"type": "SCHEMA", "stream": name, "schema": SCHEMA, "key_properties": ["id"]} for name in STREAMS]


def records(rounds: int, in_turn: int, *, again: int = 0) -> list[dict[str, Any]]:
    """Records of all streams in turn, some at a time; those of the first numbers may come again."""
    return [
        {
            "type": "RECORD",
            "stream": name,
            "record": {"id": f"{number % (again or number + 1)}", "A": "a" * 100},
        }
        for first in range(0, rounds, in_turn)
        for name in STREAMS
        for number in range(first, first + in_turn)
    ]


class Watched(OpenBatches):
    """Remembers the most that was ever held."""

    most_held = 0

    def grow(self, load: Any, more_bytes: int) -> None:
        super().grow(load, more_bytes)
        self.most_held = max(self.most_held, self.held_bytes)


def load(
    tmp_path: Path, way: str, messages: list[dict[str, Any]], watched: Watched
) -> tuple[in_process.Came, TargetW50]:
    config = {
        "api_url": "https://w50.example",
        "auth_token": "t",
        "run_id": "r",
        "quarantine_path": str(tmp_path / "aside"),
        "streams": [entry(name, match_fields=["id"]) for name in STREAMS],
        **WAYS[way],
    }
    targets: list[TargetW50] = []

    def watch(target: TargetW50) -> None:
        target.run.intake.open_batches = watched
        targets.append(target)

    return in_process.load(config, lines([*HEADS, *messages]), watch), targets[0]


def by_stream(came: in_process.Came) -> list[list[tuple[bytes, int, bytes]]]:
    """Each job's contacts, whatever their batches, in the order of the streams."""
    return sorted([contact for batch in job for contact in batch] for job in came.jobs)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("in_turn", [1, 10])
def test_open_batches_never_hold_more_than_the_bound_and_all_contacts_come_in_order(
    tmp_path: Path, way: str, in_turn: int
) -> None:
    bound, free = Watched(MOST_BYTES), Watched(10**9)
    came, target = load(tmp_path, way, records(50, in_turn), bound)
    expected, _ = load(tmp_path, way, records(50, in_turn), free)
    assert came.error is None
    assert free.most_held > 10 * MOST_BYTES
    # In the general way a contact is counted, and then there is room made for it.
    assert MOST_BYTES / 2 < bound.most_held < MOST_BYTES + 2_000
    # Requests are smaller, and nothing else: no job is closed early.
    assert by_stream(came) == by_stream(expected)
    assert len(came.jobs) == len(STREAMS)
    assert target.run.intake.open_batches.held_bytes == 0


@pytest.mark.parametrize("way", WAYS)
def test_contacts_that_come_again_count_with_all_that_is_kept_of_them(tmp_path: Path, way: str) -> None:
    bound = Watched(MOST_BYTES)
    came, _ = load(tmp_path, way, records(100, 1, again=3), bound)
    assert came.error is None
    assert bound.most_held < MOST_BYTES + 2_000
    assert bound.held_bytes == 0


def test_the_largest_open_batch_gives_way(tmp_path: Path) -> None:
    longest = [each for each in records(300, 300) if each["stream"] == STREAMS[7]][10:]
    came, _ = load(tmp_path, "json", records(10, 10) + longest, Watched(3 * MOST_BYTES))
    assert came.error is None
    *others, last = sorted(came.jobs, key=len)
    assert [len(job) for job in others] == [1] * 19
    assert len(last) > 1
    assert sum(map(len, last)) == 300


def test_open_jobs_are_closed_where_all_of_them_hold_too_many_contacts(tmp_path: Path) -> None:
    watched = Watched(MOST_BYTES, most_in_jobs=500)
    came, _ = load(tmp_path, "json", records(100, 1), watched)
    assert came.error is None
    assert sum(len(contacts) for contacts in by_stream(came)) == 100 * len(STREAMS)
    assert len(came.jobs) > 3 * len(STREAMS)
    assert watched._in_jobs == 0


def test_stores_together_keep_no_more_in_memory_than_their_bound() -> None:
    memory = StoreMemory(3 * IN_MEMORY_BYTES)
    stores = [BatchStore(memory) for _ in range(20)]
    contact = b"c" * SMALL_BYTES
    batches = []
    for number in range(10):
        for store in stores:
            batches.append((store, store.put([contact, b"%d" % number], [1, 2], None, JSON_FRAME)))
            assert memory.used_bytes <= memory.most_bytes
    assert memory.used_bytes > 0
    for number, (store, batch) in enumerate(batches):
        assert store.fragments(batch) == [contact, b"%d" % (number // 20)]
    for store in stores:
        store.close()
    assert memory.used_bytes == 0


def test_a_small_store_uses_no_file_though_memory_is_full() -> None:
    """Thousands of small jobs may wait, and the files that may be open are few."""
    memory = StoreMemory(0)
    small, large = BatchStore(memory), BatchStore(memory)
    small.put([b"c" * 1000], [1], None, JSON_FRAME)
    large.put([b"c" * (SMALL_BYTES + 1)], [1], None, JSON_FRAME)
    assert (small._on_disk, large._on_disk) == (False, True)
    small.close()
    large.close()
