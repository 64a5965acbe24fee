"""An answer's text that may be shown: of error bodies of .NET in JSON and XML, and of HTML pages."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from target_w50.w50.models import WireError
from target_w50.w50.plain_words import masked, plain_words
from target_w50.w50.wire.formats import decode_answer, is_html

# Patterns look at no more than this: a server may answer anything, and they take time by its square.
_MAX_LOOKED_AT: Final = 4096
_MAX_DECODED: Final = 64 * 1024

# .NET Web API's members first, then those of OAuth 2 and of RFC 9457, which gateways send.
_MESSAGE_MEMBERS: Final = (
    "message",
    "messagedetail",
    "exceptionmessage",
    "modelstate",
    "error",
    "error_description",
    "title",
    "detail",
)
_TITLE: Final = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_INVISIBLE: Final = re.compile(
    r"<(script|style|head)\b.*?</\1>|<!--.*?-->|<[^>]*>", re.IGNORECASE | re.DOTALL
)


def describe_content(
    content: bytes,
    content_type: str | None,
    *,
    secrets: Iterable[str] = (),
    known_names: frozenset[str] = frozenset(),
) -> str:
    """Put an answer's content into at most some 200 characters that may be shown.

    Args:
        content: of the answer, or its beginning.
        content_type: of the answer.
        secrets: what is masked wherever it stands.
        known_names: words to show beside the plain ones: FieldNames.
    """
    text, kind = _text_of(content, content_type)
    if len(text) > _MAX_LOOKED_AT:
        # Without the last word, which may be half a secret.
        text = text[:_MAX_LOOKED_AT].rpartition(" ")[0]
    shown = plain_words(masked(text, secrets), known_names)
    if not shown:
        return kind or "nothing"
    return f'{kind}: "{shown}"' if kind else f'"{shown}"'


def _text_of(content: bytes, content_type: str | None) -> tuple[str, str]:
    """Return the text for people in an answer, and the name of its kind where that helps."""
    raw = content[: 2 * _MAX_LOOKED_AT].decode("utf-8", "replace")
    if is_html(content, content_type):
        title = _TITLE.search(raw)
        return html.unescape(title[1] if title else _INVISIBLE.sub(" ", raw)), "an HTML page"
    if len(content) > _MAX_DECODED:
        return raw, ""  # what is so large is no error's body, and was read once already
    try:
        decoded = decode_answer(content, content_type)
    except WireError:
        return raw, ""
    messages = list(_messages_of(decoded))
    return (" ".join(dict.fromkeys(messages)), "") if messages else (raw, "")


def _messages_of(decoded: Any) -> Iterator[str]:
    if isinstance(decoded, str):
        yield decoded
    if not isinstance(decoded, Mapping):
        return
    members = {str(name).lower(): value for name, value in decoded.items()}
    for name in _MESSAGE_MEMBERS:
        yield from _texts_in(members.get(name))


def _texts_in(value: Any, depth: int = 3) -> Iterator[str]:
    """Yield the texts of a member; ModelState is an object of collections of texts."""
    if isinstance(value, str) and value.strip():
        yield value.strip()
    elif isinstance(value, (Mapping, list)) and depth:
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _texts_in(item, depth - 1)
