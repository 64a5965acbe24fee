"""Answers in words: the error bodies of .NET in JSON and XML, HTML pages, and what of them may be shown."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from target_w50.w50.plain_words import PLAIN_WORDS
from target_w50.w50.wire import decode_answer, is_html
from target_w50.w50.wire_errors import WireError

MAX_QUOTE_CHARS: Final = 200

# Patterns look at no more than this: a server may answer anything, and they take time by its square.
_MAX_LOOKED_AT: Final = 4096

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
_ADDRESS: Final = re.compile(r"[^\s@\"'<>(]+@[^\s@\"'<>)]+")
_LONG_NUMBER: Final = re.compile(r"\+?\(?\d(?:[ ./()-]{0,3}\d){6,}")
_WORD: Final = re.compile(r"[\w'@.+-]*\w[\w'@.+-]*")
_ELLIPSES: Final = re.compile(r"…(?:\W*…)+")


def describe_content(
    content: bytes,
    content_type: str | None,
    *,
    secrets: Iterable[str] = (),
    plain_words_only: bool = False,
    known_names: frozenset[str] = frozenset(),
) -> str:
    """Put an answer's content into at most some 200 characters that may be shown.

    Args:
        content: of the answer, or its beginning.
        content_type: of the answer.
        secrets: what is masked wherever it stands. E-mail addresses and long numbers always are.
        plain_words_only: for answers that may repeat values of contacts: every word becomes "…" but those
            that any server uses, and `known_names`. Quotes and known values are no guide: a server may
            shorten, reformat or translate a value, or name the one that it already holds.
        known_names: words to show all the same: FieldNames.
    """
    text, kind = _text_of(content, content_type)
    if len(text) > _MAX_LOOKED_AT:
        # Without the last word, which may be half a secret.
        text = text[:_MAX_LOOKED_AT].rpartition(" ")[0]
    for secret in sorted((secret for secret in secrets if secret), key=len, reverse=True):
        text = text.replace(secret, "***")
    if plain_words_only:
        text = _ELLIPSES.sub("…", _WORD.sub(lambda word: _if_plain(word[0], known_names), text))
    text = _LONG_NUMBER.sub("…", _ADDRESS.sub("…@…", text))
    text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    if not text:
        return kind or "nothing"
    shown = text if len(text) <= MAX_QUOTE_CHARS else text[: MAX_QUOTE_CHARS - 1] + "…"
    return f'{kind}: "{shown}"' if kind else f'"{shown}"'


def _if_plain(word: str, known_names: frozenset[str]) -> str:
    bare = word.strip("'.+-@")
    return word if bare.lower() in PLAIN_WORDS or bare in known_names else "…"


def _text_of(content: bytes, content_type: str | None) -> tuple[str, str]:
    """Return the text for people in an answer, and the name of its kind where that helps."""
    raw = content[: 2 * _MAX_LOOKED_AT].decode("utf-8", "replace")
    if is_html(content, content_type):
        title = _TITLE.search(raw)
        return html.unescape(title[1] if title else _INVISIBLE.sub(" ", raw)), "an HTML page"
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
