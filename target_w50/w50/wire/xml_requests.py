"""The two XML media types: requests as the .NET DataContract XML that the W50 API documentation shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, ClassVar, Final

from msgspec import UNSET

from target_w50.w50.models import Contact, Frame
from target_w50.w50.wire.xml_values import (
    ARRAYS_NAMESPACE,
    CONTACT_NAMESPACE,
    INSTANCE_NAMESPACE,
    Markup,
    element,
    escaped,
    markup_of,
    read_values,
    text_problem,
    unescaped,
    write_contact,
)

REQUEST_NAMESPACE: Final = "http://schemas.datacontract.org/2004/07/W50API.Controllers"
ARRAY_NAMESPACE: Final = "http://schemas.datacontract.org/2004/07/W50API.Models.DTO"

_CREATE: Final = f' xmlns:i="{INSTANCE_NAMESPACE}" xmlns="{REQUEST_NAMESPACE}"'
_ARRAY: Final = f'<ArrayOfContact xmlns:i="{INSTANCE_NAMESPACE}" xmlns="{ARRAY_NAMESPACE}">'.encode()
_CONTACT_MEMBER: Final = f' xmlns="{CONTACT_NAMESPACE}"'
_ENC_CONTACT_ID: Final = re.compile(rf"<Contact><EncContactId{_CONTACT_MEMBER}(?: />|>([^<]*)<)")


@dataclass(frozen=True)
class XmlWire:
    """DataContract XML under one of its two names, in UTF-8."""

    media_type: str = "application/xml"
    frame: ClassVar[Frame] = Frame(_ARRAY, b"", b"</ArrayOfContact>")

    def encode_create(self, field_names: Sequence[str]) -> bytes:
        """Return an `ImportJobCreateRequest`; ValueError where a name can't be written."""
        names = "".join(element("d2p1:string", escaped(name)) for name in field_names)
        member = element("FieldNames", names, f' xmlns:d2p1="{ARRAYS_NAMESPACE}"')
        return element("ImportJobCreateRequest", member, _CREATE).encode()

    def encode_contact(self, contact: Contact) -> bytes:
        """Return a `Contact` for a frame; ValueError, without the value, where one can't be written.

        Members that the client has nothing for (`Id`, `ListId`, often `EncContactId`) are left out.
        """
        before = b"" if contact.enc_contact_id is None else _id_member(contact.enc_contact_id)
        return write_contact(map(markup_of, contact.values), contact.values.values(), before=before)

    def contacts_writer(
        self, field_names: Sequence[str], *, omits_nulls: bool
    ) -> Callable[[Sequence[Sequence[Any]], Sequence[Any] | None], Sequence[bytes | None]]:
        """Return what writes many contacts at once, from the columns of their values."""
        markups = tuple(map(markup_of, field_names))

        def write(
            columns: Sequence[Sequence[Any]], enc_contact_ids: Sequence[Any] | None
        ) -> Sequence[bytes | None]:
            ids = repeat(UNSET) if enc_contact_ids is None else enc_contact_ids
            return [
                _written_or_none(markups, values, enc, omits_nulls=omits_nulls)
                for values, enc in zip(zip(*columns, strict=True), ids, strict=False)
            ]

        return write

    def frame_contacts(self, fragments: Sequence[bytes]) -> bytes:
        """Return an `ArrayOfContact`."""
        return b"".join((self.frame.before, *fragments, self.frame.after))

    def text_problem(self, text: str) -> str | None:
        """Return why XML 1.0 can't hold this text, or None."""
        return text_problem(text)


def _id_member(enc_contact_id: str) -> bytes:
    return element("EncContactId", escaped(enc_contact_id), _CONTACT_MEMBER).encode()


def _written_or_none(
    markups: Sequence[Markup], values: Sequence[Any], enc: Any, *, omits_nulls: bool
) -> bytes | None:
    try:
        before = b"" if enc is UNSET else _id_member(enc)
        return write_contact(markups, values, omits_nulls=omits_nulls, before=before)
    except (ValueError, ArithmeticError, TypeError):
        return None


def read_contact(fragment: bytes) -> Contact:
    """Return the contact of a fragment that was written here."""
    written = fragment.decode()
    found = _ENC_CONTACT_ID.match(written)
    return Contact(None if found is None else unescaped(found[1] or ""), read_values(written))
