"""What is sent of a contact in the one way in which versions are made: the same under JSON and XML.

That is the contact as JSON has it, FieldNames sorted, less what does not count as a change. A contact that is
sent as JSON from a sorted mapping is written just so already: then its version costs no more than a hash.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from target_w50.contacts.maker import read_fragment
from target_w50.w50 import Contact, wire_format

_JSON = wire_format("application/json")


class _Written(msgspec.Struct, gc=False):
    EncContactId: Raw | UnsetType = UNSET
    Values: dict[str, Raw] = {}


_read = msgspec.json.Decoder(_Written).decode
_write = msgspec.json.Encoder().encode
# Names in the order of their code points, as Python sorts them.
_write_sorted = msgspec.json.Encoder(order="deterministic").encode_lines


class VersionTexts:
    """Contacts of one mapping in the way in which versions are made.

    Args:
        is_sorted: whether the mapping's FieldNames are, so that JSON is written in order.
        ignored: FieldNames that do not count.
    """

    def __init__(self, *, is_sorted: bool, ignored: Collection[str]) -> None:
        self._ignored = frozenset(ignored)
        self._as_written = is_sorted and not self._ignored

    def of_all(self, fragments: list[bytes], contacts: Mapping[int, Contact]) -> list[bytes]:
        """Of contacts in their order.

        Args:
            fragments: each as it is sent, all in one format.
            contacts: by its place, those that are at hand as objects.
        """
        if self._as_written and not _is_xml(fragments[0]):
            texts = [*fragments]
        elif not self._ignored and not _is_xml(fragments[0]):
            # JSON has no line end within a value.
            texts = _write_sorted(map(_read, fragments))[:-1].split(b"\n")
        else:
            texts = [
                b"" if place in contacts else self._of_fragment(fragment)
                for place, fragment in enumerate(fragments)
            ]
        for place, contact in contacts.items():
            texts[place] = self._of_contact(contact)
        return texts

    def _of_fragment(self, fragment: bytes) -> bytes:
        if _is_xml(fragment):
            return self._of_contact(read_fragment(fragment))
        written = _read(fragment)
        written.Values = self._counting(written.Values)
        return _write(written)

    def _of_contact(self, contact: Contact) -> bytes:
        return _JSON.encode_contact(Contact(contact.enc_contact_id, self._counting(contact.values)))

    def _counting(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: values[name] for name in sorted(values) if name not in self._ignored}


def under(fragment: bytes, contact: Contact | None, names: Iterable[str]) -> bytes:
    """A contact in that way, as if only these of its FieldNames were sent."""
    if contact is None and _is_xml(fragment):
        contact = read_fragment(fragment)
    if contact is not None:
        kept = {name: contact.values[name] for name in names if name in contact.values}
        return _JSON.encode_contact(Contact(contact.enc_contact_id, kept))
    written = _read(fragment)
    written.Values = {name: written.Values[name] for name in names if name in written.Values}
    return _write(written)


def _is_xml(fragment: bytes) -> bool:
    return fragment.startswith(b"<")
