"""A batch while it is filled, in columns: one list for each thing that is known of its contacts."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from target_w50.contacts.maker import read_fragment
from target_w50.loading.open_batches import CONTACT_BYTES
from target_w50.w50 import Contact, WireFormat

MOST_RAW_BYTES = 256 * 1024
"""What is kept of the messages that one contact was merged from before its batch is handed over."""


class OpenBatch:
    """Contacts that are not handed over yet; columns and not objects, because this is the hot path.

    Attributes:
        rows: the row of each contact, by what tells it from others.
        fragments: each contact as it is sent.
        places: where each was read.
        raws: what the tap sent for each, if that is kept.
        contacts: by row, those that can't be read again from their fragment, or were merged.
        matched: by row, the match values of those that EncContactId may tell from others as well.
        suspects: by row, the FieldNames whose values failed a check, and where each value was read.
        size_bytes: bytes of the fragments, with what stands between them.
        merged_raw_bytes: what merging added to `raws`.
        longest_raw_bytes: the most that one contact was merged from.
    """

    __slots__ = (
        "contacts",
        "fragments",
        "longest_raw_bytes",
        "matched",
        "merged_raw_bytes",
        "places",
        "raws",
        "rows",
        "size_bytes",
        "suspects",
    )

    def __init__(self) -> None:
        self.rows: dict[Hashable, int] = {}
        self.fragments: list[bytes] = []
        self.places: list[int] = []
        self.raws: list[bytes] = []
        self.contacts: dict[int, Contact] = {}
        self.matched: dict[int, Hashable] = {}
        self.suspects: dict[int, Mapping[str, int]] = {}
        self.size_bytes = 0
        self.merged_raw_bytes = 0
        self.longest_raw_bytes = 0

    def contact(self, row: int) -> Contact:
        """The contact of a row."""
        return self.contacts.get(row) or read_fragment(self.fragments[row])

    def suspect(self, suspects: Mapping[int, Mapping[str, int]]) -> None:
        """Of the contacts that are taken next, by index: what `suspects` has of each."""
        before = len(self.rows)
        self.suspects.update((before + row, suspects[row]) for row in sorted(suspects))

    def extend(
        self,
        identities: Sequence[Hashable | None],
        fragments: Sequence[bytes],
        places: Sequence[int],
        raws: Sequence[bytes],
        matched: Sequence[Hashable] | None,
    ) -> None:
        """Take contacts of which none is here; nothing tells one without identity from any other."""
        before = len(self.rows)
        if None in identities:
            identities = [object() if each is None else each for each in identities]
        self.rows.update(zip(identities, range(before, before + len(fragments)), strict=True))
        self.fragments += fragments
        self.places += places
        self.raws += raws
        if matched is not None:
            self.matched.update(enumerate(matched, before))
        self.size_bytes += sum(map(len, fragments)) + len(fragments)

    def merge(  # noqa: PLR0917 - the hot path
        self,
        identity: Hashable,
        fragment: bytes,
        place: int,
        raw: bytes | None,
        contact: Contact | None,
        wire: WireFormat,
        suspects: Mapping[str, int],
    ) -> int:
        """Put a later record's values over those of the contact that is here; returns the bytes it took.

        Args:
            identity: of the contact.
            fragment: the later record's contact as it is sent.
            place: where that was read.
            raw: what the tap sent for it; None if that is not kept.
            contact: it, where it can't be read from the fragment.
            wire: writes the merged contact.
            suspects: the later record's, as the batch has them.
        """
        row = self.rows[identity]
        before, earlier, later = self.fragments[row], self.contact(row), contact or read_fragment(fragment)
        merged = Contact(later.enc_contact_id or earlier.enc_contact_id, {**earlier.values, **later.values})
        written = wire.encode_contact(merged)
        grown = len(written) - len(before)
        self.size_bytes += grown
        if row not in self.contacts:
            grown += CONTACT_BYTES + len(written)
        self.fragments[row], self.places[row], self.contacts[row] = written, place, merged
        still = {name: at for name, at in self.suspects.pop(row, {}).items() if name not in later.values}
        if still or suspects:
            self.suspects[row] = {**still, **suspects}
        if raw is not None:
            self.raws[row] += b"\n" + raw
            self.merged_raw_bytes += len(raw) + 1
            self.longest_raw_bytes = max(self.longest_raw_bytes, len(self.raws[row]))
            grown += len(raw) + 1
        return grown

    def is_full_of_merged(self, most_bytes: int) -> bool:
        """Whether what contacts were merged from is more than may be kept of one, or of all."""
        return self.longest_raw_bytes > MOST_RAW_BYTES or self.merged_raw_bytes > most_bytes

    def keep_only(self, kept: list[int]) -> None:
        """Take the other rows out."""
        identities = [*self.rows]
        self.rows = {identities[row]: new for new, row in enumerate(kept)}
        self.fragments = [self.fragments[row] for row in kept]
        self.places = [self.places[row] for row in kept]
        self.raws = [self.raws[row] for row in kept] if self.raws else []
        rows = {row: new for new, row in enumerate(kept)}
        self.contacts = {rows[row]: each for row, each in self.contacts.items() if row in rows}
        self.matched = {rows[row]: each for row, each in self.matched.items() if row in rows}
        self.suspects = {rows[row]: each for row, each in self.suspects.items() if row in rows}
        self.size_bytes = sum(map(len, self.fragments)) + len(self.fragments)
