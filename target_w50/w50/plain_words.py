"""What may be shown of W50's own words, wherever they stand: the one place that quotes the server.

An error, a warning or a status may repeat values of a contact, or name one that W50 already holds; and a
server may shorten, reformat or translate a value. So a word is shown only where it is known to be harmless.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

MAX_QUOTE_CHARS: Final = 200

# Patterns look at no more than this: a server may answer anything, and they take time by its square.
_MAX_LOOKED_AT: Final = 4096

_WORD: Final = re.compile(r"[\w'@.+-]*\w[\w'@.+-]*")
_OPENING: Final = "\"'`\u2018\u201c\u201e\u00ab\u2039"
_CLOSING: Final = "\"'`\u2019\u201d\u201c\u00bb\u203a"
_QUOTED: Final = re.compile(rf"(?<!\w)[{_OPENING}]([^\n]{{1,200}}?)[{_CLOSING}](?!\w)")
_NOT_SHOWN: Final = re.compile(r"[^\x20-\x7e…]+")
_HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_MASKED_START: Final = 8
_REST_OF_WORD: Final = r"[^\s\"'<>,;]*"
PLAIN_WORDS: Final = frozenset(
    """
    a aborted about accepted access action active after all allowed already an and any are argument array
    as at attempt authentication authorization authorized bad be because been before body but by can
    canceled cancelled cancelling cannot causes client closed collection complete completed connection
    contact contactlist contacts content could created credentials custom database deadlock delayed denied
    did different does done dropped duplicate during e-mail email empty ended enough entity error errored
    errors event events exceeded exception exist exists expected expired failed failure field fieldname
    fieldnames fields finished following for forbidden format found from gateway given greater has have id
    if ignored import imported importing in initializing input inserted instance int integer internal
    invalid is it items job json key lacks large least length less limit list lists log login longer many
    match maximum media message method minimum missing model more most must name named names no none not
    null number object occurred of on one only operation or out over parameter parameters parse partially
    password paused pending permission permissions phone please preparing processed processing progress
    properties property queued read ready record records reference rejected request requested required
    resource response role row rows running same scheduled schema scope server service set sign size
    skipped sms started starting state status stopped string submitted succeeded success successful
    successfully supplied supported temporarily than that the then there this time timeout to token too
    truncated try type types unable unavailable unexpected unknown unsupported updated updating upload
    uploaded uploading used user username valid validating validation value values waiting warning
    warnings was were when while with within without would xml
    """.split()  # noqa: SIM905  as literals it would fill a page
)
"""What any server says about a request; no names of people, places or things that a contact could hold."""

_ELLIPSES: Final = re.compile(r"…(?:\W*…)+")
_LABELS: Final = frozenset(
    """
    account accounts adfs api app auth auth0 b2clogin cloud cloudflareaccess com de eu gateway id identity
    idp io local localhost login microsoftonline net oauth okta onelogin org ping portal proxy secure
    signin sso sts uk us which50 which50api www
    """.split()  # noqa: SIM905  as above
)
"""Parts of the hosts that a request is sent on to: to log in, mostly."""


def plain_words(text: str, known_names: frozenset[str] = frozenset()) -> str:
    """Return what may be shown of W50's words, in at most 200 characters: each other word becomes "…".

    Numbers never are, and neither is what stands in quotes, but for a FieldName alone.

    Args:
        text: as W50 wrote it.
        known_names: words to show beside those that any server uses.
    """
    text = text[:_MAX_LOOKED_AT]
    text = _QUOTED.sub(lambda quoted: quoted[0] if quoted[1] in known_names else "…", text)
    text = _WORD.sub(lambda word: word[0] if _is_plain(word[0], known_names) else "…", text)
    text = _ELLIPSES.sub("…", " ".join(_NOT_SHOWN.sub(" ", text).split()))
    return text if len(text) <= MAX_QUOTE_CHARS else text[: MAX_QUOTE_CHARS - 1] + "…"


def plain_host(host: str, asked: str) -> str:
    """Return what may be shown of a host that an answer names: of its labels those that say nothing new.

    Args:
        host: as W50 wrote it; a name in it may be a contact's, or a token.
        asked: the host that answered.
    """
    known = _LABELS | frozenset(asked.lower().split("."))
    labels = (label if label in known else "…" for label in host.lower()[:_MAX_LOOKED_AT].split("."))
    return re.sub(r"…(?:\.…)+", "…", ".".join(labels))[:MAX_QUOTE_CHARS]


def masked(text: str, secrets: Iterable[str]) -> str:
    """Mask secrets in any case, percent-encoded or not, and whatever begins as one does."""
    for secret in sorted((secret for secret in secrets if secret), key=len, reverse=True):
        text = _spelled(secret).sub("***", text)
    return text


@lru_cache(maxsize=16)
def _spelled(secret: str) -> re.Pattern[str]:
    start = "".join(
        f"(?:{re.escape(char)}|{''.join(f'%{byte:02x}' for byte in char.encode('utf-8', 'replace'))})"
        for char in secret[:_MASKED_START]
    )
    return re.compile(start + (_REST_OF_WORD if len(secret) > _MASKED_START else ""), re.IGNORECASE)


def _is_plain(word: str, known_names: frozenset[str]) -> bool:
    bare = word.strip("'.+-@")
    if bare in known_names or bare.lower() in PLAIN_WORDS:
        return True
    humps = _HUMP.split(bare)  # CompletedWithErrors, as .NET names the members of an enum
    return len(humps) > 1 and all(hump.lower() in PLAIN_WORDS for hump in humps)
