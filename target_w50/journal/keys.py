"""What the journal knows a contact by: keyed hashes, of who it is and of what was sent. No value is kept."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import tempfile
from collections.abc import Sequence
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path
from typing import Any

from target_w50.contacts.match_values import ENC_CONTACT_ID
from target_w50.errors import SettingsError
from target_w50.w50 import Contact

HASH_BYTES = 8
_KEY_BYTES = 32
_MOST_KEY_BYTES = 64
"""BLAKE2b takes no longer key; a longer one is hashed first."""


class ContactHashes:
    """Hashes of one stream's contacts in one list.

    Args:
        key: the secret that they can't be made without.
        account: W50 as the settings name it.
        list_id: the contact list.
        stream: the stream; streams send different fields.
        match_fields: what decides which contact is updated.
    """

    def __init__(
        self, key: bytes, *, account: str, list_id: int, stream: str, match_fields: Sequence[str]
    ) -> None:
        self._match_fields = sorted(match_fields)
        self._order = [*map([*match_fields].index, self._match_fields)]
        about = [account, list_id, stream, self._match_fields]
        self._whose = blake2b(_text(about), digest_size=HASH_BYTES, key=key)
        self._what = blake2b(digest_size=HASH_BYTES, key=key)

    def of_identity(self, identity: Any) -> int:
        """Who the contact is: by EncContactId, else match values, else key properties."""
        if type(identity) is tuple and identity[0] is ENC_CONTACT_ID:
            told = ["EncContactId", identity[1]]
        elif len(self._match_fields) > 1:
            told = [identity[place] for place in self._order]
        else:
            told = [identity]
        whose = self._whose.copy()
        whose.update(_text(told))
        return int.from_bytes(whose.digest(), "big")

    def of_contact(self, contact: Contact) -> int:
        """What is sent of the contact, whatever the order of its FieldNames and the format."""
        what = self._what.copy()
        what.update(_text([contact.enc_contact_id, sorted(contact.values.items())]))
        return int.from_bytes(what.digest(), "big")


def _text(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), default=_odd).encode()


def _odd(value: Any) -> Any:
    if isinstance(value, Decimal):
        return {"number": str(value)}
    return {"kind": type(value).__name__, "text": str(value)}


def key_from(secret: str) -> bytes:
    """The key that a secret of the settings stands for."""
    raw = secret.encode()
    return raw if len(raw) <= _MOST_KEY_BYTES else blake2b(raw).digest()


def check_of(key: bytes) -> bytes:
    """What tells this key from others, and nothing else."""
    return blake2b(b"target-w50 journal", digest_size=HASH_BYTES, key=key).digest()


def key_beside(path: Path) -> bytes:
    """The key in the file beside a journal's, made with it: its owner alone may read it.

    Raises:
        SettingsError: it can't be read, or not be made.
    """
    place = path.with_name(path.name + ".key")
    try:
        if not place.exists():
            _make_key(place)
        return _read_key(place)
    except OSError as error:
        reason = (error.strerror or "it can't be opened").lower()
        raise SettingsError(
            f"The key of the journal is in {place}, which can't be read or made: {reason}. Nothing was sent.",
            code="journal_unusable",
        ) from error


def _make_key(place: Path) -> None:
    """Whole from the first moment: another process may make it at once, and the first one's stays."""
    descriptor, name = tempfile.mkstemp(prefix=place.name, dir=place.parent)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(name, place)
    finally:
        Path(name).unlink()


def _read_key(place: Path) -> bytes:
    text = place.read_text(errors="replace").strip()
    if not text:
        raise SettingsError(
            f"The key of the journal is in {place}, which is empty. Nothing was sent. Put the file back from "
            "a copy; without it, remove the journal as well: contacts that were delivered are not known "
            "again.",
            code="journal_unusable",
        )
    return key_from(text)
