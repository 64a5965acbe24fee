"""Which of the five documented media types a body is in or is asked for in, and the way in and out."""

from __future__ import annotations

import re
from typing import Any

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_options_header

from target_w50.sandbox.formats import json_format, xml_format

JSON_TYPES = ("application/json", "text/json", "application/csp-report")
XML_TYPES = ("application/xml", "text/xml")
MEDIA_TYPES = JSON_TYPES + XML_TYPES


def media_type_of(content_type: str | None) -> str | None:
    """The documented media type that a Content-Type names, or None."""
    name = parse_options_header(content_type)[0].casefold()
    return name if name in MEDIA_TYPES else None


def answer_type(accept: MIMEAccept, content_type: str | None) -> str:
    """The media type to answer in: what is asked for, else what was sent, else JSON."""
    wanted = [kind for kind, quality in accept if quality > 0 and kind.casefold() in MEDIA_TYPES]
    return wanted[0].casefold() if wanted else media_type_of(content_type) or JSON_TYPES[0]


def read_field_names(body: bytes, media_type: str) -> list[str]:
    """FieldNames of an `ImportJobCreateRequest`."""
    if media_type in XML_TYPES:
        return xml_format.read_field_names(body)
    return json_format.read_field_names(body)


def read_contacts(body: bytes, media_type: str) -> list[tuple[str | None, dict[str, Any]]]:
    """EncContactId and Values of each contact of an array of `Contact`."""
    if media_type in XML_TYPES:
        return xml_format.read_contacts(body)
    return json_format.read_contacts(body)


_VALUES = re.compile(rb"<(?:\w+:)?Values[\s/>]")
"""Where a contact's values begin, whatever the prefix and the namespaces."""


def count_contacts(body: bytes, media_type: str) -> int:
    """About how many contacts a body holds, without reading it: for measurements."""
    if media_type in XML_TYPES:
        return len(_VALUES.findall(body))
    return body.count(b'"Values":')


def write(kind: str, document: Any, media_type: str) -> bytes:
    """The bytes of an answer of the documented type `kind`, such as `ImportJob` or `ArrayOfContact`."""
    return xml_format.encode(kind, document) if media_type in XML_TYPES else json_format.encode(document)
