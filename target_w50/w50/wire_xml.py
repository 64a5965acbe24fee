"""placeholder"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from target_w50.w50.models import Contact
from target_w50.w50.wire_errors import WireError


@dataclass(frozen=True)
class XmlWire:
    media_type: str = "application/xml"

    def encode_create(self, field_names: Sequence[str]) -> bytes:
        raise NotImplementedError

    def encode_contact(self, contact: Contact) -> bytes:
        raise NotImplementedError

    def frame_contacts(self, fragments: Sequence[bytes]) -> bytes:
        raise NotImplementedError

    def text_problem(self, text: str) -> str | None:
        raise NotImplementedError


def decode_xml(content: bytes) -> Any:
    raise WireError("XML is not read yet")
