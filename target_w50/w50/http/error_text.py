"""An answer's text that may be shown: of error bodies of .NET in JSON and XML, and of HTML pages."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from target_w50.w50.models import WireError
from target_w50.w50.wire.formats import decode_answer, is_html

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
PLAIN_WORDS: Final = frozenset(
    """
    a about access action after all allowed already an and any are argument array as at authentication
    authorization authorized bad be because been before body but by can cannot causes client closed
    collection complete completed connection contact contactlist contacts content could created
    credentials custom database deadlock denied did different does duplicate during empty enough entity
    error errors event events exceeded exception exist exists expected expired failed field fieldname
    fieldnames fields finished following for forbidden format found from gateway given grant greater has
    have id if import importing in input instance int integer internal invalid is it items job json key
    large least length less limit list lists login longer many match maximum media message method minimum
    missing model more most must name named names no not null number object occurred of on one only
    operation or out parameter parameters parse password permission permissions please properties property
    read reference request requested required resource response running same schema scope server
    service set size started state string supplied supported temporarily than that the then there this
    time timeout to token too try type types unable unavailable unexpected unknown unsupported upload user
    username valid validation value values was were when while with within would xml
    """.split()  # noqa: SIM905  as literals it would fill a page
)
"""What any server says about a request; no names of people, places or things that a contact could hold."""

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
