"""What of a stream's contacts W50 has already, from runs that did not end well: compared as they are sent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from target_w50.contacts.mapping import StreamMapping
from target_w50.journal.journal import Journal
from target_w50.journal.keys import ContactHashes
from target_w50.journal.members import Delivered
from target_w50.w50 import Contact

Fingerprint = tuple[int, int, int]
"""Who a contact is, who it is by its other name (0: it has none), and what is sent of it."""
NOBODY: Fingerprint = (0, 0, 0)
"""Of a contact that nothing tells from others."""


class StreamHistory:
    """One stream's contacts in one list, for the reader alone.

    Args:
        hashes: of the stream's contacts.
        delivered: what earlier runs brought, and did not end well.
    """

    def __init__(self, hashes: ContactHashes, delivered: Delivered) -> None:
        self._hashes = hashes
        self._delivered = delivered

    def has_fired(self, identity: Any, matched: Any) -> bool:
        """Whether the contact has had its custom events, under either name."""
        delivered, of_identity = self._delivered, self._hashes.of_identity
        if not len(delivered) or type(identity) is object:
            return False
        return delivered.has_fired(of_identity(identity)) or (
            matched is not None and delivered.has_fired(of_identity(matched))
        )

    def fingerprint(self, identity: Any, matched: Any, contact: Contact) -> Fingerprint:
        """What the journal keeps of the contact."""
        if type(identity) is object:
            return NOBODY
        of_identity = self._hashes.of_identity
        other = 0 if matched is None or matched == identity else of_identity(matched)
        return of_identity(identity), other, self._hashes.of_contact(contact)

    def holds(self, fingerprint: Fingerprint) -> bool:
        """Whether W50 has the contact just so, and its events fired."""
        key, other, version = fingerprint
        if fingerprint == NOBODY:
            return False
        # Under each name that is known: one may have been sent since, under the other name alone.
        delivered = self._delivered
        names = [name for name in (key, other) if name and delivered.has_fired(name)]
        held = [delivered.holds(name, version) for name in names]
        return bool(held) and all(held)


def history_of(journal: Journal, mapping: StreamMapping, also: Iterable[int] = ()) -> StreamHistory | None:
    """What earlier runs brought of a stream; None where nothing is kept of its contacts.

    Args:
        journal: of the run.
        mapping: of the stream.
        also: rows of open jobs that are taken for such as ended well.
    """
    entry, list_id = mapping.entry, mapping.contact_list.id
    makes_duplicates = not mapping.match_fields and entry.enc_contact_id is None
    if not entry.custom_events and not makes_duplicates:
        return None
    hashes = ContactHashes(
        journal.key,
        account=journal.account,
        list_id=list_id,
        stream=mapping.stream,
        match_fields=mapping.match_fields,
    )
    return StreamHistory(hashes, journal.delivered(list_id, mapping.stream, also))
