"""One call of the W50 API: what it sends, what it does, and the errors that may come of it, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, Protocol
from urllib.parse import quote, urlencode, urlsplit

from requests import PreparedRequest, Request

from target_w50.errors import DoubtfulError, RefusedError, SettingsError, UnreachableError
from target_w50.w50.auth import Authentication
from target_w50.w50.http.retry import Effect, TimeUsedUpError, Verdict
from target_w50.w50.http.transport import ANSWER_BYTES, Answer
from target_w50.w50.plain_words import plain_host

COLLECTION_BYTES: Final = 16 * ANSWER_BYTES
"""What an answer with all contact lists, or all fields of one, may have."""

_BYTES_PER_CONTACT: Final = 1024
_MOST_CONTACTS: Final = 10_000
_REDIRECTS = range(300, 400)
_CODES = {
    HTTPStatus.UNAUTHORIZED: "w50_unauthorized",
    HTTPStatus.FORBIDDEN: "w50_forbidden",
    HTTPStatus.NOT_FOUND: "w50_not_found",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "w50_too_large",
}
_CHECKS = {
    HTTPStatus.UNAUTHORIZED: "check auth_method and the credentials that it needs",
    HTTPStatus.FORBIDDEN: "check that these credentials may do this with this contact list",
    HTTPStatus.NOT_FOUND: "check api_url and the contact list (or import job) that the path names",
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED: "check the proxy of the environment and its credentials",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "it is more than W50 takes in one request",
}


class Pieces(Protocol):
    """A body that is not whole in memory: its length, and its bytes piece by piece, anew for each try."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[bytes]: ...


Body = bytes | Pieces
Decoder = Callable[[bytes, str | None], Any]
"""Reads an answer's content, by its Content-Type."""
MAX_UNREADABLE_ANSWERS: Final = 3
"""A GET that was answered by something unreadable is sent so often in all: a page of a proxy seldom heals."""


@dataclass(frozen=True)
class RequestEvent:
    """One try of one call, told as it ends.

    Attributes:
        call: the client's method.
        attempt: 1 for the first try.
        status: HTTP status, or None where no whole answer came.
        seconds: how long it took.
        bytes_sent: of the body.
    """

    call: str
    attempt: int
    status: int | None
    seconds: float
    bytes_sent: int


@dataclass(frozen=True)
class Call:
    """A request to be made.

    Attributes:
        name: the client's method.
        path: relative to the API's base.
        effect: decides what may be tried again.
        body: what to POST, or None.
        query: parameters.
        answer_bytes: how large an answer may be.
        last_look: called as the last thing before the request is sent; what it raises ends the call.
        where: the API's host, for messages.
    """

    name: str
    method: str
    path: str
    effect: Effect
    where: str
    body: Body | None = field(default=None, repr=False)
    query: tuple[tuple[str, str], ...] = ()
    last_look: Callable[[], None] | None = None
    answer_bytes: int = ANSWER_BYTES

    def __str__(self) -> str:
        return f"{self.name} ({self.method} {self.path})"

    def request(self, base_url: str, media_type: str, user_agent: str, auth: Authentication) -> Request:
        """Return it as requests takes it."""
        headers = {"Accept": media_type, "User-Agent": user_agent}
        if self.body is not None:
            headers["Content-Type"] = f"{media_type}; charset=utf-8"
        if self.effect is Effect.NONE:
            # A job's old status out of some cache would be waited on in vain.
            headers["Cache-Control"] = "no-cache"
        url = f"{base_url}/{self.path}"
        if self.query:
            url += "?" + urlencode(self.query, safe=",", quote_via=quote)
        return Request(self.method, url, headers=headers, data=self.body, auth=auth)


@dataclass(frozen=True)
class Outcome:
    """What came of one try."""

    verdict: Verdict
    words: str
    request: PreparedRequest
    answer: Answer | None = None
    asked_s: float | None = None

    @property
    def status(self) -> int | None:
        """HTTP status, or None where no whole answer came."""
        return self.answer.status if self.answer else None


def upload_answer_bytes(body: Body, contacts: int | None) -> int:
    """Return how large an answer to an upload may be: what was sent, and something for each contact."""
    count = _MOST_CONTACTS if contacts is None else contacts
    return ANSWER_BYTES + 2 * len(body) + count * _BYTES_PER_CONTACT


def refused(call: Call, answer: Answer, said: str) -> RefusedError:
    """Return the error for an answer that says no; `said` is its content in words."""
    status = answer.status
    if status in _REDIRECTS:
        message = (
            f"{call}: {call.where} answered {status}, a redirect{_goal(answer, call.where)}; redirects "
            "are not followed: check api_url"
        )
        return RefusedError(message, call=call.name, status=status, code="w50_redirect")
    check = _CHECKS.get(HTTPStatus(status)) if status in HTTPStatus._value2member_map_ else None
    message = f"{call}: {call.where} answered {status} with {said}" + (f"; {check}" if check else "")
    return RefusedError(message, call=call.name, status=status, code=_CODES.get(status))  # type: ignore[call-overload]


def doubtful(call: Call, words: str, status: int | None, asked_s: float | None) -> DoubtfulError:
    """Return the error for a POST whose effect nobody knows; `asked_s` is what W50 asks to wait for."""
    message = f"{call}: {words}; {call.where} may or may not have done it"
    error = DoubtfulError(message, call=call.name, status=status)
    error.retry_after_s = asked_s
    return error


def unreadable(call: Call, words: str, status: int | None) -> UnreachableError:
    """Return the error for a GET that is answered, again and again, by what it should not be answered by."""
    message = f"{call}: {words}; check that api_url leads to W50 itself"
    return UnreachableError(message, call=call.name, status=status, code="w50_bad_answer")


def gave_up(
    call: Call, words: str, status: int | None, tries: int, used_up: TimeUsedUpError
) -> UnreachableError:
    """Return the error for a call that has been tried for as long as it may."""
    if used_up.asked_s is not None:
        message = (
            f"{call}: {words}, and asks to wait for {used_up.asked_s:.0f} s, which is longer than is left of "
            "retry_for_s; run again after that"
        )
        error = UnreachableError(message, call=call.name, status=status, code="w50_retry_later")
        error.retry_after_s = used_up.asked_s
        return error
    often = "one try" if tries == 1 else f"{tries} tries"
    message = (
        f"{call}: no success with {call.where} in {often} within {used_up.after_s:.0f} s; last: {words}; "
        "check api_url, the network, and whether W50 is up"
    )
    return UnreachableError(message, call=call.name, status=status)


def _goal(answer: Answer, where: str) -> str:
    """Name where a redirect leads, in words that may be shown; `where`: who answered."""
    try:
        host = urlsplit(answer.headers.get("Location", "")).hostname
        asked = urlsplit(f"//{where}").hostname
    except ValueError:
        return ""
    return f" to the host {plain_host(host, asked or '')}" if host else ""


def names_query(parameter: str, names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return the query parameter of a list of names; none for no names.

    Raises:
        SettingsError: a name holds a comma, which W50 uses between names (W50 API documentation).
    """
    if any("," in name for name in names):
        message = f"a name for {parameter} holds a comma, which W50 takes for the end of the name"
        raise SettingsError(message, faults=(message,))
    return ((parameter, ",".join(names)),) if names else ()
