"""The body of an OAuth 2 token request, by grant type, and the secrets that it is made of."""

from __future__ import annotations

import logging
from functools import partial
from itertools import chain
from typing import Any

from oauthlib.oauth2 import BackendApplicationClient, LegacyApplicationClient

from target_w50.errors import SettingsError
from target_w50.w50.auth import GrantType
from target_w50.w50.secret_files import Secret, read_secret

_logger = logging.getLogger(__name__)


class TokenRequestBody:
    """The body as it is now; secrets that stand in files may be replaced.

    Attributes:
        content: the body.
        secrets: what of it must not be shown, that of former bodies included.

    Raises:
        SettingsError: something is missing, or a secret's file can't be used; all that is wrong, at once.
    """

    def __init__(
        self,
        grant_type: GrantType | str,
        *,
        client_id: str,
        client_secret: Secret,
        username: str,
        password: Secret,
        scope: str | None,
    ) -> None:
        self._made_of = partial(
            token_request_body, grant_type, client_id=client_id, username=username, scope=scope
        )
        self._sources = {"client_secret": client_secret, "password": password}
        self.secrets: tuple[str, ...] = ()
        self.content = self._read()

    def read_again(self, where: str) -> None:
        """Read the secrets again; where that can't be, those that were read before are kept.

        Args:
            where: what was refused, for the log.
        """
        try:
            self.content = self._read()
        except SettingsError as error:
            # It is just being replaced, perhaps. The refusal is what the caller is told.
            _logger.warning("%s: %s; the secret that was read before is kept", where, error.message)

    def _read(self) -> bytes:
        secrets: dict[str, str] = {}
        faults: list[str] = []
        for name, source in self._sources.items():
            try:
                secrets[name] = read_secret(source)
            except SettingsError as error:
                faults += error.faults
        if faults:
            raise SettingsError("; ".join(faults), faults=tuple(faults), code="secret_file_unusable")
        content = self._made_of(**secrets)
        self.secrets = tuple(dict.fromkeys(chain(self.secrets, filter(None, secrets.values()))))
        return content


def token_request_body(
    grant_type: GrantType | str,
    *,
    client_id: str,
    client_secret: str,
    username: str,
    password: str,
    scope: str | None,
) -> bytes:
    """Return the form of a token request.

    Raises:
        SettingsError: something is missing; all that is, at once.
    """
    grant = _grant(grant_type)
    needed = {"oauth2_client_id": client_id}
    if grant is GrantType.PASSWORD:
        needed |= {"username": username, "password": password}
    else:
        needed["oauth2_client_secret"] = client_secret
    missing = tuple(
        f"{name} must be set for grant type {grant.value}" for name, value in needed.items() if not value
    )
    if missing:
        raise _fault(missing)
    more: dict[str, Any] = {"scope": scope.split() if scope else None, "include_client_id": True}
    if client_secret:
        more["client_secret"] = client_secret
    if grant is GrantType.PASSWORD:
        body = LegacyApplicationClient(client_id).prepare_request_body(username, password, **more)
    else:
        body = BackendApplicationClient(client_id).prepare_request_body(**more)
    return str(body).encode()


def _grant(grant_type: str) -> GrantType:
    try:
        return GrantType(grant_type)
    except ValueError:
        known = ", ".join(each.value for each in GrantType)
        raise _fault((f"oauth2_grant_type must be one of {known}",)) from None


def _fault(faults: tuple[str, ...]) -> SettingsError:
    return SettingsError("; ".join(faults), faults=faults)
