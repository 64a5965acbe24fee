"""The three JSON media types: the bytes of requests, and answers read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from typing import Any, ClassVar, Final

import msgspec
from msgspec import defstruct

from target_w50.w50.models import Contact, Frame, WireError

# Numbers keep the digits of their Decimals; text leaves as UTF-8.
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_ENCODE: Final = _ENCODER.encode
_WRITTEN_WELL: Final = frozenset((str, int, bool, type(None)))
MIN_BYTES_PER_CONTAINER: Final = 16
"""An answer of W50 has fewer objects and arrays than this makes of its bytes."""

_FEW_CONTAINERS: Final = 1000
_LONE_SURROGATE: Final = "holds half a surrogate pair, which UTF-8 can't hold"


class _OnlyValues(msgspec.Struct, gc=False):
    """A contact without EncContactId."""

    Values: Any


class _WithId(msgspec.Struct, gc=False):
    """A contact; its EncContactId may be UNSET."""

    EncContactId: Any
    Values: Any


@dataclass(frozen=True)
class JsonWire:
    """JSON under one of its three names, without white space, as W50 documents `application/csp-report`."""

    media_type: str = "application/json"
    frame: ClassVar[Frame] = Frame(b"[", b",", b"]")

    def encode_create(self, field_names: Sequence[str]) -> bytes:
        """Return an `ImportJobCreateRequest`; ValueError where a name can't be written."""
        return _encoded({"FieldNames": list(field_names)})

    def encode_contact(self, contact: Contact) -> bytes:
        """Return a `Contact`; ValueError, without the value, where one can't be written.

        `EncContactId` is left out where there is none.
        """
        values = contact.values if type(contact.values) is dict else dict(contact.values)
        for value in values.values():
            if type(value) in _WRITTEN_WELL:
                continue
            # The encoder writes a float that is no number as null, and such a Decimal as an illegal token.
            if (type(value) is float and not isfinite(value)) or (
                isinstance(value, Decimal) and not value.is_finite()
            ):
                raise ValueError("JSON has no NaN and no infinity")
        if contact.enc_contact_id is None:
            return _encoded({"Values": values})
        return _encoded({"EncContactId": contact.enc_contact_id, "Values": values})

    def contacts_writer(
        self, field_names: Sequence[str], *, omits_nulls: bool
    ) -> Callable[[Sequence[Sequence[Any]], Sequence[Any] | None], Sequence[bytes | None]]:
        """Return what writes many contacts at once, from the columns of their values."""
        fields = [(f"f{index}", object, None) for index, _ in enumerate(field_names)]
        rename = {f"f{index}": name for index, name in enumerate(field_names)}
        values_type = defstruct("Values", fields, rename=rename, omit_defaults=omits_nulls, gc=False)

        def write(
            columns: Sequence[Sequence[Any]], enc_contact_ids: Sequence[Any] | None
        ) -> Sequence[bytes | None]:
            values = map(values_type, *columns)
            if enc_contact_ids is None:
                contacts: list[Any] = [*map(_OnlyValues, values)]
            else:
                contacts = [*map(_WithId, enc_contact_ids, values)]
            # JSON has no line end within a value.
            return _ENCODER.encode_lines(contacts)[:-1].split(b"\n")

        return write

    def frame_contacts(self, fragments: Sequence[bytes]) -> bytes:
        """Return an array of `Contact`."""
        return b"[%b]" % b",".join(fragments)

    def text_problem(self, text: str) -> str | None:
        """Return why JSON in UTF-8 can't hold this text, or None."""
        if text.isascii():
            return None
        try:
            text.encode()
        except UnicodeEncodeError:
            return _LONE_SURROGATE
        return None


def _encoded(content: Any) -> bytes:
    try:
        return _ENCODE(content)
    except UnicodeEncodeError:
        # The original error carries the text: it must not get into a log.
        raise ValueError(_LONE_SURROGATE) from None


def decode_json(content: bytes) -> Any:
    """Read one JSON value.

    Raises:
        WireError: it is not JSON, or would take far more memory than it has bytes; the message holds nothing
            of it.
    """
    containers = content.count(b"{") + content.count(b"[")
    if containers > _FEW_CONTAINERS + len(content) // MIN_BYTES_PER_CONTAINER:
        raise WireError("it has more objects and arrays than any answer should have")
    try:
        return msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        raise WireError("it is not JSON, or not all of it") from None
