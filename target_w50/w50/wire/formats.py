"""How requests are written and answers read: the choice of a wire format by media type."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from target_w50.w50.models import Contact, Frame, WireError
from target_w50.w50.wire.json_format import JsonWire, decode_json

JSON_MEDIA_TYPES: Final = ("application/json", "text/json", "application/csp-report")
XML_MEDIA_TYPES: Final = ("application/xml", "text/xml")
MEDIA_TYPES: Final = JSON_MEDIA_TYPES + XML_MEDIA_TYPES
"""The five media types of the W50 API documentation."""

_BLANKS: Final = b"\xef\xbb\xbf \t\r\n"
"""White space and the byte order mark of UTF-8."""

_JSON_STARTS: Final = frozenset({b"{", b"[", b'"'})
_CHARSET: Final = re.compile(r";\s*charset\s*=\s*\"?([\w.:-]+)", re.IGNORECASE)
_HTML_START: Final = re.compile(rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_START_BYTES: Final = 4096
_UTF8: Final = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_OTHER_CHARSETS: Final = frozenset(
    {"utf-16", "utf-16le", "utf-16be", "iso-8859-1", "iso-8859-15", "latin1", "windows-1252", "cp1252"}
)
"""Of Python's others, some take time by the square of a text (punycode), and some are no charsets at all."""


class WireFormat(Protocol):
    """One media type: turns what is sent into bytes."""

    @property
    def media_type(self) -> str:
        """The name that goes into `Accept` and `Content-Type`."""

    def encode_create(self, field_names: Sequence[str]) -> bytes:
        """Return the body of "create import job".

        Raises:
            ValueError: a name holds a character that the format can't.
        """

    def encode_contact(self, contact: Contact) -> bytes:
        """Return one contact's part of a body; it is made once, kept, and maybe sent again.

        Raises:
            ValueError: a value can't be written in this format; the message does not hold it.
        """

    def contacts_writer(
        self, field_names: Sequence[str], *, omits_nulls: bool
    ) -> Callable[[Sequence[Sequence[Any]], Sequence[Any] | None], Sequence[bytes | None]]:
        """Return what writes many contacts of the same FieldNames at once.

        It takes their values as columns in the same order, and each one's EncContactId, or None where no
        contact has any. UNSET ones are left out, and so are nulls of the values where they are to be. It
        gives each contact's part, or None where one can't be written; where that can't be said it raises.
        """

    @property
    def frame(self) -> Frame:
        """What makes the whole body of "add contacts" from its contacts' parts."""

    def frame_contacts(self, fragments: Sequence[bytes]) -> bytes:
        """Return the whole body of "add contacts" from its contacts' parts."""

    def text_problem(self, text: str) -> str | None:
        """Return why this text can't be sent in this format, as "holds ...", without the text; or None."""


def wire_format(media_type: str) -> WireFormat:
    """Return the format of a media type of `MEDIA_TYPES`.

    Raises:
        ValueError: W50 does not document the media type.
    """
    if media_type in JSON_MEDIA_TYPES:
        return JsonWire(media_type)
    if media_type in XML_MEDIA_TYPES:
        from target_w50.w50.wire.xml_requests import XmlWire  # noqa: PLC0415  # most runs never see XML

        return XmlWire(media_type)
    raise ValueError(f"media_type must be one of {', '.join(MEDIA_TYPES)}")


def is_html(content: bytes, content_type: str | None) -> bool:
    """Say whether an answer is a page for people, by its Content-Type or its first tag."""
    if "html" in (content_type or "").partition(";")[0].lower():
        return True
    start = content[:_START_BYTES].lstrip(_BLANKS)
    while start.startswith((b"<!--", b"<?")):
        start = start.partition(b"-->" if start.startswith(b"<!--") else b"?>")[2].lstrip()
    return _HTML_START.match(start) is not None


def decode_answer(content: bytes, content_type: str | None) -> Any:
    """Read an answer by its own Content-Type; without a telling one, by its first byte.

    XML comes back in the shape that the same answer has in JSON. Nothing (or white space) is None.

    Raises:
        WireError: HTML, neither JSON nor XML, or broken; the message holds nothing of the answer.
    """
    if not content.strip():
        return None
    if is_html(content, content_type):
        raise WireError("it is an HTML page, as a proxy or a login page would send")
    media_type, _, parameters = (content_type or "").partition(";")
    subtype = media_type.strip().lower().rpartition("/")[2]
    if subtype in {"json", "csp-report"} or subtype.endswith("+json"):
        return decode_json(_as_utf8(content, parameters))
    if subtype == "xml" or subtype.endswith("+xml") or content.lstrip(_BLANKS)[:1] == b"<":
        from target_w50.w50.wire.xml_answers import decode_xml  # noqa: PLC0415  # as above

        return decode_xml(content)
    if content.lstrip(_BLANKS)[:1] in (b"{", b"["):
        return decode_json(_as_utf8(content, parameters))
    raise WireError("it is neither JSON nor XML")


def decode_any_answer(content: bytes, content_type: str | None) -> Any:
    """Read an answer that may be plain text, such as `OK`, which says nothing: None.

    Raises:
        WireError: HTML, or broken JSON or XML.
    """
    try:
        return decode_answer(content, content_type)
    except WireError:
        is_text = (content_type or "").partition(";")[0].strip().lower() == "text/plain"
        first = content.lstrip(_BLANKS)[:1]
        if is_html(content, content_type) or first == b"<" or (not is_text and first in _JSON_STARTS):
            raise
        return None


def _as_utf8(content: bytes, parameters: str) -> bytes:
    charset = _CHARSET.search(";" + parameters)
    if charset is None or charset[1].lower() in _UTF8:
        return content
    if charset[1].lower() not in _OTHER_CHARSETS:
        raise WireError("it declares a charset that is not read")
    try:
        return content.decode(charset[1]).encode()
    except UnicodeError:
        raise WireError("its text is not in the charset that it declares") from None
