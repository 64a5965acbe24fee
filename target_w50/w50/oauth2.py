"""OAuth 2 for machines: a token is fetched once, shared by all threads, and renewed in time.

oauthlib builds the request and reads the answer; it is sent as every other request: with timeouts, to https
alone, and to where it was meant for.
"""

from __future__ import annotations

import logging
import random as random_module
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf, isfinite
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from oauthlib.oauth2 import BackendApplicationClient, MissingTokenError, OAuth2Error

from target_w50.errors import RefusedError, SettingsError, UnreachableError
from target_w50.w50.auth import Authentication, GrantType, W50Auth, checked_header_value
from target_w50.w50.http.connections import new_session
from target_w50.w50.http.error_text import describe_content
from target_w50.w50.http.retry import (
    Effect,
    TimeUsedUpError,
    Timing,
    Tries,
    Verdict,
    judge_status,
    retry_after_s,
)
from target_w50.w50.http.transport import Answer, Bounds, TransportFault, exchange, whole_s
from target_w50.w50.http.urls import check_url
from target_w50.w50.oauth2_body import TokenRequestBody
from target_w50.w50.secret_files import Secret

MAX_MARGIN_S: Final = 60.0
"""A token is renewed so long before it ends, or a tenth of its life where that is less."""

_CALL: Final = "fetch_oauth2_token"
_ERROR_CODES: Final = frozenset(
    {
        "access_denied",
        "invalid_client",
        "invalid_grant",
        "invalid_request",
        "invalid_scope",
        "server_error",
        "temporarily_unavailable",
        "unauthorized_client",
        "unsupported_grant_type",
    }
)
"""What RFC 6749 lets a token end point say."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Token:
    value: str
    renew_at: float | None
    """On the monotonic clock; None lives until a 401."""


class _NoAuth(requests.auth.AuthBase):
    """Sends no credentials but those of the body; with no authentication at all requests would ask netrc."""

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        return r


class OAuth2Auth(W50Auth):
    """A bearer token from a token end point; several threads may share it.

    Client id and secret are sent in the body of the token request: RFC 6749 leaves the choice to the server,
    and .NET's take the body. A token request changes nothing, so it is tried again after any fault.

    Args:
        token_url: the token end point, https but on loopback.
        client_id: of the registered client.
        client_secret: of the same, or its file; None for a public client with the password grant.
        grant_type: one of `GrantType`, or its text.
        username: for the password grant.
        password: for the password grant, or its file.
        scope: names with spaces between, or None.
        allow_http: allow plain http beyond loopback.
        request_timeout_s: for each read, and for a token request as a whole.
        connect_timeout_s: for connecting.
        retry_for_s: how long one token request may be tried again.
        user_agent: names the program and its version.
        session: for adapters and proxies of one's own.
        sleep: pauses for seconds; may raise.
        monotonic: clock in seconds.
        random: from 0 to 1.
        wall_clock: seconds since the epoch.

    Raises:
        SettingsError: something is missing, or can't be used.
    """

    def __init__(
        self,
        token_url: str,
        *,
        client_id: str,
        client_secret: Secret | None = None,
        grant_type: GrantType | str = GrantType.CLIENT_CREDENTIALS,
        username: str | None = None,
        password: Secret | None = None,
        scope: str | None = None,
        allow_http: bool = False,
        request_timeout_s: float = 300.0,
        connect_timeout_s: float = 10.0,
        retry_for_s: float = 600.0,
        user_agent: str,
        session: requests.Session | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = random_module.random,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._token_url = check_url(token_url, setting="oauth2_token_url", allow_http=allow_http)
        self._body = TokenRequestBody(
            grant_type,
            client_id=client_id,
            client_secret=client_secret or "",
            username=username or "",
            password=password or "",
            scope=scope,
        )
        self._client_id = client_id
        self._bounds = Bounds(
            connect_timeout_s, request_timeout_s, whole_s(request_timeout_s, self._body.content)
        )
        self._retry_for_s = retry_for_s
        self._user_agent = user_agent
        self._session = session or new_session()
        self._timing = Timing(sleep, monotonic, random, wall_clock)
        self._lock = threading.Lock()
        self._token: _Token | None = None

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the token on a request; fetch it first where there is none, or it is about to end.

        Raises:
            RefusedError: the token end point refused; code `oauth2_refused`.
            UnreachableError: it could not be reached or went on failing (`oauth2_unreachable`), or did not
                answer with a token (`oauth2_bad_answer`).
        """
        return self._put_on(r, inf)

    def within(self, seconds: float) -> Authentication:
        """Return the same for one request, whose token is there within so many seconds or never."""
        return lambda r: self._put_on(r, seconds)

    def _put_on(self, r: requests.PreparedRequest, within_s: float) -> requests.PreparedRequest:
        tries = Tries(min(self._retry_for_s, within_s), self._timing)
        # Another thread that fetches a token may have more time.
        if not self._lock.acquire(timeout=max(within_s, 0) if isfinite(within_s) else -1):
            raise self._gave_up("another request for it is under way", None, TimeUsedUpError(within_s, None))
        try:
            token = self._token
            if token is None or (token.renew_at is not None and self._timing.monotonic() >= token.renew_at):
                token = self._token = self._granted(tries, within_s)
        finally:
            self._lock.release()
        r.headers["Authorization"] = f"Bearer {token.value}"
        return r

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._where})"

    def secrets(self) -> tuple[str, ...]:
        """Return the client's secret, the password (former ones too) and the token."""
        token = self._token
        return self._body.secrets + ((token.value,) if token else ())

    def renewed_after_401(self, request: requests.PreparedRequest) -> bool:
        """Forget the token that this request carried, so that the next request fetches another.

        A thread that comes second, with a token that another thread has had replaced, forgets nothing.
        """
        # Without the lock: a request for another token may hang in it.
        token = self._token
        if token and request.headers.get("Authorization") == f"Bearer {token.value}":
            self._token = None
            self._body.read_again(self._named)
        return True

    @property
    def _where(self) -> str:
        return urlsplit(self._token_url).netloc

    def _granted(self, tries: Tries, within_s: float) -> _Token:
        """Ask for a token, and where that is refused once more if a secret was replaced meanwhile."""
        sent = self._body.content
        try:
            return self._fetched(tries, within_s)
        except RefusedError:
            self._body.read_again(self._named)
            if self._body.content == sent:
                raise
        return self._fetched(tries, within_s)

    def _fetched(self, tries: Tries, within_s: float) -> _Token:
        """Ask for a token until there is one, a refusal, or no time left."""
        while True:
            left_s = within_s - tries.elapsed_s()
            bounds = replace(self._bounds, whole_s=min(self._bounds.whole_s, left_s))
            started = self._timing.monotonic()
            status, asked_s = None, None
            try:
                answer = exchange(self._session, self._request(), bounds, monotonic=self._timing.monotonic)
            except TransportFault as fault:
                words = fault.words
            else:
                # Effect.NONE: asking for another token harms nothing.
                verdict = judge_status(answer.status, Effect.NONE)
                if verdict is Verdict.ACCEPTED:
                    return self._token_of(answer, started)
                if verdict is not Verdict.TRY_AGAIN:
                    raise self._refused(answer)
                status, words = answer.status, f"it answered {answer.status} with {self._said(answer)}"
                asked_s = retry_after_s(answer.headers, self._timing.wall_clock())
            try:
                pause_s = tries.pause(asked_s)
            except TimeUsedUpError as used_up:
                raise self._gave_up(words, status, used_up) from None
            _logger.warning("%s: %s; try %d follows in %.1f s", self._named, words, tries.number, pause_s)
            self._timing.sleep(pause_s)

    @property
    def _named(self) -> str:
        return f"{_CALL} (POST to {self._where}, oauth2_token_url)"

    def _request(self) -> requests.PreparedRequest:
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
            "User-Agent": self._user_agent,
        }
        request = requests.Request(
            "POST", self._token_url, headers=headers, data=self._body.content, auth=_NoAuth()
        )
        return self._session.prepare_request(request)

    def _token_of(self, answer: Answer, asked_at: float) -> _Token:
        try:
            text = answer.content.decode("utf-8-sig")
            read: dict[str, Any] = BackendApplicationClient(self._client_id).parse_request_body_response(text)
            value = checked_header_value(read["access_token"], "access_token")
            life_s = float(read.get("expires_in") or 0)
        except (
            MissingTokenError,
            SettingsError,
            ValueError,
            TypeError,
            AttributeError,
            KeyError,
            OverflowError,
            RecursionError,
        ):
            raise self._bad_answer(answer) from None
        except OAuth2Error:
            # Some servers answer 200 with {"error": ...}.
            raise self._refused(answer) from None
        margin_s = min(MAX_MARGIN_S, life_s / 10)
        return _Token(value, asked_at + life_s - margin_s if life_s > 0 else None)

    def _refused(self, answer: Answer) -> RefusedError:
        message = (
            f"{self._named}: it answered {answer.status} with {self._said(answer)}; check oauth2_token_url, "
            "oauth2_client_id, oauth2_client_secret, oauth2_grant_type and oauth2_scope"
        )
        return RefusedError(message, call=_CALL, status=answer.status, code="oauth2_refused")

    def _bad_answer(self, answer: Answer) -> UnreachableError:
        message = (
            f"{self._named}: it answered {answer.status}, but not with a token: {self._said(answer)}; "
            "check oauth2_token_url"
        )
        return UnreachableError(message, call=_CALL, status=answer.status, code="oauth2_bad_answer")

    def _said(self, answer: Answer) -> str:
        # What is no plain word might be a token under another name, or an echo of a secret.
        return describe_content(
            answer.content,
            answer.content_type,
            secrets=self.secrets(),
            known_names=_ERROR_CODES,
        )

    def _gave_up(self, words: str, status: int | None, used_up: TimeUsedUpError) -> UnreachableError:
        asked = f", and asks to wait for {used_up.asked_s:.0f} s" if used_up.asked_s is not None else ""
        message = (
            f"{self._named}: no token within {used_up.after_s:.0f} s; last: {words}{asked}; "
            "check oauth2_token_url and the network"
        )
        return UnreachableError(message, call=_CALL, status=status, code="oauth2_unreachable")


oauth2 = OAuth2Auth
"""Named as `bearer`, `basic` and `header` are."""
