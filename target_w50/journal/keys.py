"""What the journal knows a contact by: keyed hashes, of who it is and of what was sent. No value is kept."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import sys
import tempfile
from array import array
from collections.abc import Iterable, Sequence
from decimal import Decimal
from hashlib import blake2b
from json.encoder import encode_basestring_ascii
from pathlib import Path
from typing import Any

from target_w50.contacts.match_values import ENC_CONTACT_ID
from target_w50.errors import SettingsError
from target_w50.journal.members import without_doubt

HASH_BYTES = 8
_KEY_BYTES = 32
_MASK = 2**64 - 1
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
        fields = sorted(match_fields)
        # Of several match values; a single one stands for itself.
        self._order = [*map([*match_fields].index, fields)] if len(fields) > 1 else []
        about = [account, list_id, stream, fields]
        self._whose = blake2b(_text(about), digest_size=HASH_BYTES, key=key)
        self._what = blake2b(digest_size=HASH_BYTES, key=key)

    def of_identity(self, identity: Any) -> int:
        """Who the contact is: by EncContactId, else match values, else key properties."""
        (signed,) = self.of_identities([identity])
        return signed & _MASK

    def of_identities(self, identities: Iterable[Any]) -> array[int]:
        """The same of many, signed; 0 for a contact that nothing tells from others."""
        every = [*identities]
        kinds = set(map(type, every))
        if not self._order and kinds in ({str}, {int}):
            written = map(encode_basestring_ascii if str in kinds else str, every)
            return _hashed(self._whose, _each_in_a_list(written))
        told = self._told
        keys = _hashed(self._whose, [b"" if type(each) is object else told(each) for each in every])
        if object in kinds:
            for row, each in enumerate(every):
                if type(each) is object:
                    keys[row] = 0
        return keys

    def _told(self, identity: Any) -> bytes:
        if type(identity) is tuple and identity[0] is ENC_CONTACT_ID:
            return _text(["EncContactId", identity[1]])
        if self._order:
            return _text([identity[place] for place in self._order])
        return _text([identity])

    def of_texts(self, texts: Iterable[bytes]) -> list[int]:
        """What is sent of contacts, each in the one way in which versions are made; signed."""
        return without_doubt(_hashed(self._what, texts))


def _hashed(begun: blake2b, texts: Iterable[bytes]) -> array[int]:
    """Hashes of texts that go on where one has begun, signed."""
    copy, digests = begun.copy, bytearray()
    for text in texts:
        each = copy()
        each.update(text)
        digests += each.digest()
    return _signed(digests)


def _signed(digests: bytes | bytearray) -> array[int]:
    """Digests behind one another as numbers of 64 bits, with a sign."""
    numbers = array("q")
    numbers.frombytes(digests)
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers


def _text(value: Any) -> bytes:
    return _encode(value).encode()


def _each_in_a_list(written: Iterable[str]) -> list[bytes]:
    """Each as `_text` of a list with it alone, and quicker; they are written in JSON, without line ends."""
    return ("[" + "]\n[".join(written) + "]").encode().split(b"\n")


def _odd(value: Any) -> Any:
    if isinstance(value, Decimal):
        return {"number": str(value)}
    return {"kind": type(value).__name__, "text": str(value)}


_encode = json.JSONEncoder(separators=(",", ":"), default=_odd).encode


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
