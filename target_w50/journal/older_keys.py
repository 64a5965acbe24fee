"""Who contacts were before it was changed what tells them apart: nobody is new by that alone."""

from __future__ import annotations

from collections.abc import Iterable

from target_w50.contacts.maker import read_fragment, together
from target_w50.contacts.mapping import StreamMapping
from target_w50.contacts.match_values import ENC_CONTACT_ID, folded
from target_w50.journal.keys import ContactHashes
from target_w50.journal.scopes import Scope, scope_for
from target_w50.w50 import Contact


class OlderKeys:
    """Of one stream in one list.

    Args:
        key: of the hashes.
        account: W50 as the settings name it.
        mapping: how the stream is mapped now.
        scopes: all that it ever had.
    """

    def __init__(self, key: bytes, account: str, mapping: StreamMapping, scopes: Iterable[Scope]) -> None:
        now = scope_for(mapping).keys
        older = dict.fromkeys(each.keys for each in scopes if each.match_fields and each.keys != now)
        self._older = [
            (
                names,
                folds,
                ContactHashes(
                    key,
                    account=account,
                    list_id=mapping.contact_list.id,
                    stream=mapping.stream,
                    match_fields=names,
                ),
            )
            for names, folds in older
        ]

    def __bool__(self) -> bool:
        """Whether the match fields, or `match_values`, were ever others."""
        return bool(self._older)

    def of(self, fragment: bytes, contact: Contact | None) -> list[int]:
        """Who the contact may have been, signed; none where it lacks the values.

        Args:
            fragment: as it is sent.
            contact: itself, where it can't be read from the fragment.
        """
        contact = contact or read_fragment(fragment)
        keys: list[int] = []
        for names, folds, hashes in self._older:
            values = [contact.values.get(name) for name in names]
            if None not in values:
                identity = together(values)
                keys += hashes.of_identities([folded(identity) if folds else identity])
            if contact.enc_contact_id is not None:
                keys += hashes.of_identities([(ENC_CONTACT_ID, contact.enc_contact_id)])
        return keys
