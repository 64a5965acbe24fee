"""Authentication whose secrets stay secret: bearer token, HTTP basic, a header of any name.

Each is an authentication of requests: with none, requests would look for credentials in netrc.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from enum import Enum

import requests
from requests.auth import AuthBase

from target_w50.errors import SettingsError

Authentication = Callable[[requests.PreparedRequest], requests.PreparedRequest]
"""What requests takes for an authentication: puts the credentials on a request."""

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")


class GrantType(str, Enum):
    """Which grant `target_w50.w50.oauth2` asks for; here, as its library is loaded only where it is used."""

    CLIENT_CREDENTIALS = "client_credentials"
    PASSWORD = "password"  # noqa: S105  the grant's name


class W50Auth(AuthBase):
    """Authentication that knows what must not be shown, and whether it can mend a 401."""

    def secrets(self) -> tuple[str, ...]:
        """Return every text that must not be shown."""
        raise NotImplementedError

    def renewed_after_401(self, request: requests.PreparedRequest) -> bool:  # noqa: ARG002
        """Say whether new credentials were got after this request was answered with 401."""
        return False

    def within(self, seconds: float) -> Authentication:  # noqa: ARG002
        """Return the same for one request: what it fetches for it comes within so many seconds, or never."""
        return self


class HeaderAuth(W50Auth):
    """One header with a fixed value."""

    def __init__(self, name: str, value: str, secrets: tuple[str, ...]) -> None:
        self._name = name
        self._value = value
        self._secrets = secrets

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the header on a request."""
        r.headers[self._name] = self._value
        return r

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._name})"

    def secrets(self) -> tuple[str, ...]:
        """Return the header's value and what it was made of."""
        return self._secrets


def bearer(token: str) -> W50Auth:
    """Authenticate with `Authorization: Bearer ...`.

    Raises:
        SettingsError: the token is empty, or holds what a header can't.
    """
    token = checked_header_value(token, "auth_token")
    return HeaderAuth("Authorization", f"Bearer {token}", (token,))


def basic(user: str, password: str) -> W50Auth:
    """Authenticate with HTTP basic; both are sent as UTF-8 (RFC 7617).

    Raises:
        SettingsError: the user name is empty or holds a colon.
    """
    if not user or ":" in user:
        raise _fault("username must be set for auth_method basic, and can't hold a colon")
    try:
        encoded = b64encode(f"{user}:{password}".encode()).decode("ascii")
    except UnicodeEncodeError:
        raise _fault("username or password holds what UTF-8 can't") from None
    return HeaderAuth("Authorization", f"Basic {encoded}", (encoded, password))


def header(name: str, value: str) -> W50Auth:
    """Authenticate with a header of any name.

    Raises:
        SettingsError: it is no name for a header, or the value is empty or holds what a header can't.
    """
    if not _HEADER_NAME.fullmatch(name):
        raise _fault("auth_header_name is not the name of a header")
    value = checked_header_value(value, "auth_token")
    return HeaderAuth(name, value, (value,))


def checked_header_value(value: str, setting: str) -> str:
    """Return a value for a header, without white space at its ends (such as a file's last line break).

    Raises:
        SettingsError: it is empty or holds what a header can't; http.client's own error would show it.
    """
    value = value.strip()
    if not _HEADER_VALUE.fullmatch(value):
        raise _fault(f"{setting} must be set, and hold nothing but visible ASCII characters and inner spaces")
    return value


def _fault(message: str) -> SettingsError:
    return SettingsError(message, faults=(message,))
