"""The serialised batches of one import job, kept until the job has ended: in memory, then on disk."""

from __future__ import annotations

import tempfile
import threading
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from target_w50.import_jobs.fingerprints import Fingerprint, Fingerprints
from target_w50.w50 import Frame

IN_MEMORY_BYTES = 4 * 1024 * 1024
"""What a job keeps in memory before its batches go to a temporary file."""
SMALL_BYTES = 256 * 1024
"""So much is not worth a temporary file: many small jobs must not use up the files that may be open."""
ALL_IN_MEMORY_BYTES = 16 * 1024 * 1024
"""What all jobs of a run keep in memory, beside small ones."""

JOINED_BYTES = 256 * 1024
"""About what is joined and written, or read and sent, at a time."""


@dataclass(frozen=True)
class ContactParts:
    """One contact as it is sent, where it was read, and the lines that the tap sent for it (if kept)."""

    fragment: bytes
    place: int
    raw: bytes = b""
    fingerprint: Fingerprint | None = None

    @property
    def lines(self) -> list[bytes]:
        """The messages that the contact was made of, as the tap sent them."""
        return self.raw.split(b"\n") if self.raw else []


class Batch:
    """Contacts that go out in one request; the bytes are in the job's store.

    Attributes:
        offset: where it begins in the store.
        lengths: bytes of each contact's fragment.
        places: where each contact was read, see `Places`.
        raw_lengths: bytes of what the tap sent for each contact, or None if that is not kept.
        frame: what stands around the contacts.
        fingerprints: what the journal keeps of each contact, or None if it keeps nothing.
        size_bytes: bytes of the whole request.
    """

    def __init__(  # noqa: PLR0917 - made in one place
        self,
        offset: int,
        lengths: array[int],
        places: array[int],
        raw_lengths: array[int] | None,
        frame: Frame,
        fingerprints: Fingerprints | None = None,
    ) -> None:
        self.offset = offset
        self.lengths = lengths
        self.places = places
        self.raw_lengths = raw_lengths
        self.frame = frame
        self.fingerprints = fingerprints
        before, between, after = map(len, frame)
        self.size_bytes = before + sum(lengths) + between * max(len(lengths) - 1, 0) + after

    @property
    def count(self) -> int:
        """How many contacts it holds."""
        return len(self.lengths)

    def doubt(self, rows: Iterable[int]) -> None:
        """W50 took these of its contacts, but warned of them."""
        if self.fingerprints is not None:
            self.fingerprints.doubt(row for row in rows if 0 <= row < self.count)


class StoreMemory:
    """What the jobs' stores may keep in memory, over all of them. Any thread may ask.

    Args:
        most_bytes: the bound.
    """

    def __init__(self, most_bytes: int = ALL_IN_MEMORY_BYTES) -> None:
        self.most_bytes = most_bytes
        self._used_bytes = 0
        self._lock = threading.Lock()

    @property
    def used_bytes(self) -> int:
        """What they keep."""
        return self._used_bytes

    def take(self, more_bytes: int) -> bool:
        """Whether so much more may be kept; if so, it counts from now on."""
        with self._lock:
            if self._used_bytes + more_bytes > self.most_bytes:
                return False
            self._used_bytes += more_bytes
            return True

    def give_back(self, freed_bytes: int) -> None:
        """So much is not kept any more."""
        with self._lock:
            self._used_bytes -= freed_bytes


class StoredBody:
    """A request with a batch's contacts, read piece by piece from its store as it is sent, anew for each try.

    Several may be under way at once, and all of them whole in memory would be too much.
    """

    def __init__(self, read: Callable[[int, int], bytes], batch: Batch) -> None:
        self._read = read
        self._batch = batch

    def __len__(self) -> int:
        return self._batch.size_bytes

    def __iter__(self) -> Iterator[bytes]:
        begin, size = self._batch.offset, self._batch.size_bytes
        for at in range(0, size, JOINED_BYTES):
            yield self._read(begin + at, min(JOINED_BYTES, size - at))


class BatchStore:
    """Owns the bytes of a job's batches.

    Past a modest size they go to a temporary file that has no name, so that not even a killed process
    leaves contacts behind on the disk. One thread may put while another takes.

    Args:
        memory: what it shares with the other stores; its own if there are none.
    """

    def __init__(self, memory: StoreMemory | None = None) -> None:
        self._memory = memory or StoreMemory()
        # Closed by `close`: it lives as long as the job. We say when it goes to disk, not its size alone.
        self._file = tempfile.SpooledTemporaryFile(max_size=0)  # noqa: SIM115
        self._taken_bytes = 0
        self._on_disk = False
        self._end = 0
        self._lock = threading.Lock()

    def put(
        self,
        fragments: Sequence[bytes],
        places: Sequence[int],
        raws: Sequence[bytes] | None,
        frame: Frame,
        fingerprints: Fingerprints | None = None,
    ) -> Batch:
        """Keep contacts, in this order, as one batch.

        Args:
            fragments: each contact as it is sent.
            places: where each was read.
            raws: what the tap sent for each, lines joined with line ends; None if that is not kept.
            frame: what stands around them when they are sent.
            fingerprints: what the journal keeps of each, or None.
        """
        raw_lengths = None if raws is None else array("Q", map(len, raws))
        batch = Batch(
            0, array("Q", map(len, fragments)), array("Q", places), raw_lengths, frame, fingerprints
        )
        with self._lock:
            batch.offset = self._end
            end = self._end + batch.size_bytes + sum(raw_lengths or ())
            self._make_room(end)
            self._file.seek(batch.offset)
            write = self._file.write
            write(frame.before)
            for number, some in enumerate(_slices(fragments, batch.lengths)):
                write(frame.between if number else b"")
                write(frame.between.join(some))
            write(frame.after)
            for some in _slices(raws or (), raw_lengths or ()):
                write(b"".join(some))
            self._end = end
        return batch

    def _make_room(self, size_bytes: int) -> None:
        """Go to disk before it grows to that size, if memory is not to hold it."""
        if self._on_disk or size_bytes <= SMALL_BYTES:
            return
        if size_bytes <= IN_MEMORY_BYTES and self._memory.take(size_bytes - self._taken_bytes):
            self._taken_bytes = size_bytes
            return
        self._file.rollover()
        self._on_disk = True
        self._give_back()

    def _give_back(self) -> None:
        self._memory.give_back(self._taken_bytes)
        self._taken_bytes = 0

    def body(self, batch: Batch) -> StoredBody:
        """The request with the batch's contacts."""
        return StoredBody(self._read, batch)

    def fragments(self, batch: Batch) -> list[bytes]:
        """The batch's contacts, serialised."""
        frame = batch.frame
        body = self._read(batch.offset, batch.size_bytes)
        return _cut(body, batch.lengths, len(frame.before), len(frame.between))

    def parts(self, batch: Batch) -> list[ContactParts]:
        """The batch's contacts with all that is known of them."""
        fragments = self.fragments(batch)
        raws: list[bytes] = [b""] * batch.count
        if batch.raw_lengths is not None:
            data = self._read(batch.offset + batch.size_bytes, sum(batch.raw_lengths))
            raws = _cut(data, batch.raw_lengths)
        fingerprints: Iterable[Fingerprint | None] = batch.fingerprints or [None] * batch.count
        return [*map(ContactParts, fragments, batch.places, raws, fingerprints)]

    def _read(self, offset: int, size: int) -> bytes:
        with self._lock:
            self._file.seek(offset)
            return self._file.read(size)

    def close(self) -> None:
        """Forget the bytes."""
        with self._lock:
            self._file.close()
            self._give_back()


def _cut(data: bytes, lengths: array[int], start: int = 0, gap: int = 0) -> list[bytes]:
    pieces = []
    for length in lengths:
        pieces.append(data[start : start + length])
        start += length + gap
    return pieces


def _slices(pieces: Sequence[bytes], lengths: Sequence[int]) -> Iterator[Sequence[bytes]]:
    """The pieces, so many at a time that they may be joined without a second copy of all in memory."""
    if pieces:
        step = max(JOINED_BYTES * len(pieces) // max(sum(lengths), 1), 1)
        for start in range(0, len(pieces), step):
            yield pieces[start : start + step]
