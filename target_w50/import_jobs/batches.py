"""The serialised batches of one import job, kept until the job has ended: in memory, then on disk."""

from __future__ import annotations

import tempfile
import threading
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

IN_MEMORY_BYTES = 4 * 1024 * 1024
"""What a job keeps in memory before its batches go to a temporary file."""


@dataclass(frozen=True)
class ContactParts:
    """One contact as it is sent, where it was read, and the lines that the tap sent for it (if kept)."""

    fragment: bytes
    place: int
    raw: bytes = b""

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
        separator: what stands between two contacts.
        size_bytes: bytes of all contacts and separators.
    """

    def __init__(
        self,
        offset: int,
        lengths: array[int],
        places: array[int],
        raw_lengths: array[int] | None,
        separator: bytes,
    ) -> None:
        self.offset = offset
        self.lengths = lengths
        self.places = places
        self.raw_lengths = raw_lengths
        self.separator = separator
        self.size_bytes = sum(lengths) + len(separator) * max(len(lengths) - 1, 0)

    @property
    def count(self) -> int:
        """How many contacts it holds."""
        return len(self.lengths)


class BatchStore:
    """Owns the bytes of a job's batches.

    Past a modest size they go to a temporary file that has no name, so that not even a killed process
    leaves contacts behind on the disk. One thread may put while another takes.
    """

    def __init__(self, in_memory_bytes: int = IN_MEMORY_BYTES) -> None:
        # Closed by `close`: it lives as long as the job.
        self._file = tempfile.SpooledTemporaryFile(max_size=in_memory_bytes)  # noqa: SIM115
        self._end = 0
        self._lock = threading.Lock()

    def put(
        self,
        fragments: Sequence[bytes],
        places: Sequence[int],
        raws: Sequence[bytes] | None,
        separator: bytes,
    ) -> Batch:
        """Keep contacts, in this order, as one batch.

        Args:
            fragments: each contact as it is sent.
            places: where each was read.
            raws: what the tap sent for each, lines joined with line ends; None if that is not kept.
            separator: what stands between two contacts when they are sent.
        """
        lengths = array("Q", map(len, fragments))
        raw_lengths = None if raws is None else array("Q", map(len, raws))
        data = separator.join(fragments)
        if raws is not None:
            data = b"".join((data, *raws))
        with self._lock:
            offset = self._end
            self._file.seek(offset)
            self._file.write(data)
            self._end += len(data)
        return Batch(offset, lengths, array("Q", places), raw_lengths, separator)

    def joined(self, batch: Batch) -> bytes:
        """The batch's contacts as they are sent, with the separators between them."""
        return self._read(batch.offset, batch.size_bytes)

    def fragments(self, batch: Batch) -> list[bytes]:
        """The batch's contacts, serialised."""
        return _cut(self.joined(batch), batch.lengths, len(batch.separator))

    def parts(self, batch: Batch) -> list[ContactParts]:
        """The batch's contacts with all that is known of them."""
        fragments = self.fragments(batch)
        raws: list[bytes] = [b""] * batch.count
        if batch.raw_lengths is not None:
            data = self._read(batch.offset + batch.size_bytes, sum(batch.raw_lengths))
            raws = _cut(data, batch.raw_lengths)
        return [
            ContactParts(fragment, place, raw)
            for fragment, place, raw in zip(fragments, batch.places, raws, strict=True)
        ]

    def _read(self, offset: int, size: int) -> bytes:
        with self._lock:
            self._file.seek(offset)
            return self._file.read(size)

    def close(self) -> None:
        """Forget the bytes."""
        with self._lock:
            self._file.close()


def _cut(data: bytes, lengths: array[int], gap: int = 0) -> list[bytes]:
    pieces, start = [], 0
    for length in lengths:
        pieces.append(data[start : start + length])
        start += length + gap
    return pieces
