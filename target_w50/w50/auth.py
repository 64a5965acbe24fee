"""Authentication whose secrets stay secret: bearer token, HTTP basic, a header of any name.

Each is what requests takes for an authentication: with none, requests would look for credentials in netrc. A
secret that stands in a file is read at the start, and again after a 401: it may have been replaced.
"""

from __future__ import annotations

import logging
import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from target_w50.errors import SettingsError
from target_w50.w50.secret_files import Secret, SecretFile, read_secret

if TYPE_CHECKING:
    import requests

Authentication = Callable[["requests.PreparedRequest"], "requests.PreparedRequest"]
"""What requests takes for an authentication: puts the credentials on a request."""

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")

_logger = logging.getLogger(__name__)


class GrantType(str, Enum):
    """Which grant `target_w50.w50.oauth2` asks for; here, as its library is loaded only where it is used."""

    CLIENT_CREDENTIALS = "client_credentials"
    PASSWORD = "password"  # noqa: S105  the grant's name


class W50Auth:
    """Authentication that knows what must not be shown, and whether it can mend a 401."""

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the credentials on a request."""
        raise NotImplementedError

    def secrets(self) -> tuple[str, ...]:
        """Return every text that must not be shown."""
        raise NotImplementedError

    def renewed_after_401(self, request: requests.PreparedRequest) -> bool:  # noqa: ARG002
        """Say whether new credentials were got after this request was answered with 401."""
        return False

    def within(self, seconds: float) -> Authentication:  # noqa: ARG002
        """Return the same for one request: what it fetches for it comes within so many seconds, or never."""
        return self


@dataclass(frozen=True, repr=False)
class _Credentials:
    """A header's value, and what of it must not be shown."""

    value: str
    secrets: tuple[str, ...]


class HeaderAuth(W50Auth):
    """One header, whose value is made of a secret.

    Args:
        name: of the header.
        secret: as it is, or the file that it stands in.
        made_of: makes the header's value of the secret.

    Raises:
        SettingsError: the secret can't be read, or nothing made of it.
    """

    def __init__(self, name: str, secret: Secret, made_of: Callable[[str], _Credentials]) -> None:
        self._name = name
        self._secret = secret
        self._made_of = made_of
        self._credentials = made_of(read_secret(secret))
        self._secrets = self._credentials.secrets

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the header on a request."""
        r.headers[self._name] = self._credentials.value
        return r

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._name})"

    def secrets(self) -> tuple[str, ...]:
        """Return what the header's value was made of, also before the secret was replaced."""
        return self._secrets

    def renewed_after_401(self, request: requests.PreparedRequest) -> bool:
        """Read the secret again; say whether this request carried another."""
        try:
            credentials = self._made_of(read_secret(self._secret))
        except SettingsError as error:
            # It is just being replaced, perhaps. W50's refusal is what the caller is told.
            _logger.warning("After a 401: %s; the secret that was read before is kept", error.message)
        else:
            # What is masked grows before what is sent changes.
            self._secrets = tuple(dict.fromkeys((*self._secrets, *credentials.secrets)))
            self._credentials = credentials
        return bool(request.headers.get(self._name) != self._credentials.value)


def bearer(token: Secret) -> W50Auth:
    """Authenticate with `Authorization: Bearer ...`.

    Raises:
        SettingsError: the token is empty, or holds what a header can't, or its file can't be used.
    """
    setting = _setting(token, "auth_token")

    def made_of(token: str) -> _Credentials:
        token = checked_header_value(token, setting)
        return _Credentials(f"Bearer {token}", (token,))

    return HeaderAuth("Authorization", token, made_of)


def basic(user: str, password: Secret) -> W50Auth:
    """Authenticate with HTTP basic; both are sent as UTF-8 (RFC 7617).

    Raises:
        SettingsError: the user name is empty or holds a colon, or the password's file can't be used.
    """
    if not user or ":" in user:
        raise _fault("username must be set for auth_method basic, and can't hold a colon")

    def made_of(password: str) -> _Credentials:
        try:
            encoded = b64encode(f"{user}:{password}".encode()).decode("ascii")
        except UnicodeEncodeError:
            raise _fault("username or password holds what UTF-8 can't") from None
        return _Credentials(f"Basic {encoded}", (encoded, password))

    return HeaderAuth("Authorization", password, made_of)


def header(name: str, value: Secret) -> W50Auth:
    """Authenticate with a header of any name.

    Raises:
        SettingsError: it is no name for a header, or the value is empty or holds what a header can't, or its
            file can't be used.
    """
    if not _HEADER_NAME.fullmatch(name):
        raise _fault("auth_header_name is not the name of a header")
    setting = _setting(value, "auth_token")

    def made_of(value: str) -> _Credentials:
        value = checked_header_value(value, setting)
        return _Credentials(value, (value,))

    return HeaderAuth(name, value, made_of)


def _setting(secret: Secret, name: str) -> str:
    return secret.setting if isinstance(secret, SecretFile) else name


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
