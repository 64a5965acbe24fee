"""JSON as W50 reads and writes it; numbers keep their digits in both directions."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, NoReturn

import simplejson  # the standard library's json can't write a Decimal as a number

from target_w50.sandbox.model.refusals import InvalidError


def encode(document: Any) -> bytes:
    """Compact JSON, in ASCII."""
    return simplejson.dumps(document, use_decimal=True, separators=(",", ":")).encode()


def decode(body: bytes) -> Any:
    """The value of a JSON text; numbers with a fraction or an exponent as Decimal.

    Raises:
        InvalidError: it is not JSON.
    """
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise InvalidError("The request is invalid.", "The request body is not valid JSON.") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def read_field_names(body: bytes) -> list[str]:
    """FieldNames of an `ImportJobCreateRequest`.

    Raises:
        InvalidError: it is no such request.
    """
    document = decode(body)
    names = document.get("FieldNames") if isinstance(document, dict) else None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InvalidError("The request is invalid.", "FieldNames must be a collection of strings.")
    return names


_CONTACT_MEMBERS = {"EncContactId", "Id", "ListId", "Values", "ValidationWarnings"}


def read_contacts(body: bytes) -> list[tuple[str | None, dict[str, Any]]]:
    """EncContactId and Values of each contact of an array of `Contact`.

    Raises:
        InvalidError: it is no such array.
    """
    document = decode(body)
    if not isinstance(document, list):
        raise InvalidError("The request is invalid.", "The request body must be an array of Contact.")
    return [_read_contact(entry, index) for index, entry in enumerate(document)]


def _read_contact(entry: Any, index: int) -> tuple[str | None, dict[str, Any]]:
    if not isinstance(entry, dict) or not set(entry) <= _CONTACT_MEMBERS:
        raise InvalidError("The request is invalid.", f"The entry [{index}] is not a Contact.")
    enc_contact_id, values = entry.get("EncContactId"), entry.get("Values")
    if not isinstance(values, dict) or not (enc_contact_id is None or isinstance(enc_contact_id, str)):
        raise InvalidError(
            "The request is invalid.", f"The members of the Contact [{index}] have wrong types."
        )
    return enc_contact_id, values
