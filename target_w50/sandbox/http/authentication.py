"""Who calls: bearer token, basic, a header of any name, or OAuth 2 with a token end point of its own."""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from werkzeug.datastructures import Authorization, Headers

from target_w50.sandbox.model.options import Options


class Caller(Enum):
    """What is known of a caller."""

    WELCOME = 200
    UNKNOWN = 401
    FORBIDDEN = 403


@dataclass(frozen=True)
class _Token:
    ends_s: float
    forbidden: bool


@dataclass(frozen=True)
class TokenAnswer:
    """What the token end point answers (RFC 6749, sections 5.1 and 5.2)."""

    status: int
    document: Mapping[str, str | int]


def _same(left: str | None, right: str | None) -> bool:
    return left is not None and right is not None and hmac.compare_digest(left.encode(), right.encode())


class Authentication:
    """Judges callers by the options; safe to use from several threads."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._lock = threading.Lock()
        self._tokens: dict[str, _Token] = {}

    def judge(self, headers: Headers) -> Caller:
        """What is known of the caller of a request with these headers."""
        options = self._options
        authorization = Authorization.from_header(headers.get("Authorization"))
        scheme = authorization.type if authorization else None
        if options.auth == "basic":
            if (
                authorization is None
                or scheme != "basic"
                or not _same(authorization.password, options.password)
            ):
                return Caller.UNKNOWN
            return self._by_name(authorization.username, options.username)
        if options.auth == "header":
            return self._by_name(headers.get(options.header_name), options.token)
        token = authorization.token if authorization and scheme == "bearer" else None
        if options.auth == "oauth2":
            return self._by_granted(token)
        judged = self._by_name(token, options.token)
        return Caller.WELCOME if options.token is None and judged is Caller.UNKNOWN else judged

    def _by_name(self, name: str | None, known: str | None) -> Caller:
        if _same(name, self._options.forbidden_token):
            return Caller.FORBIDDEN
        return Caller.WELCOME if _same(name, known) else Caller.UNKNOWN

    def _by_granted(self, token: str | None) -> Caller:
        with self._lock:
            granted = self._tokens.get(token or "")
        if granted is None or granted.ends_s <= self._options.monotonic():
            return Caller.UNKNOWN
        return Caller.FORBIDDEN if granted.forbidden else Caller.WELCOME

    @property
    def challenge(self) -> str:
        """What a 401 says in WWW-Authenticate."""
        scheme = {"basic": "Basic", "header": self._options.header_name}.get(self._options.auth, "Bearer")
        return f'{scheme} realm="W50 sandbox"'

    def revoke(self) -> None:
        """Make all granted tokens worthless, as a server does that was started anew."""
        with self._lock:
            self._tokens.clear()

    def grant(self, headers: Headers, form: Mapping[str, str]) -> TokenAnswer:
        """Answer a token request: client credentials in the header or in the form, either grant."""
        options = self._options
        authorization = Authorization.from_header(headers.get("Authorization"))
        basic = authorization if authorization and authorization.type == "basic" else None
        client_id = basic.username if basic else form.get("client_id")
        client_secret = basic.password if basic else form.get("client_secret")
        forbidden = _same(client_id, options.forbidden_token)
        known = forbidden or _same(client_id, options.client_id)
        if not known or not _same(client_secret, options.client_secret):
            return TokenAnswer(401, {"error": "invalid_client", "error_description": "Unknown client."})
        grant_type = form.get("grant_type")
        if grant_type is None:
            return TokenAnswer(
                400, {"error": "invalid_request", "error_description": "grant_type is missing."}
            )
        if grant_type == "password":
            good = _same(form.get("username"), options.username) and _same(
                form.get("password"), options.password
            )
            if not good:
                return TokenAnswer(
                    400, {"error": "invalid_grant", "error_description": "Wrong user or password."}
                )
        elif grant_type != "client_credentials":
            return TokenAnswer(400, {"error": "unsupported_grant_type"})
        token = secrets.token_urlsafe(24)
        lifetime_s = options.token_lifetime_s
        with self._lock:
            self._tokens[token] = _Token(options.monotonic() + lifetime_s, forbidden)
        return TokenAnswer(
            200, {"access_token": token, "token_type": "Bearer", "expires_in": int(lifetime_s)}
        )
