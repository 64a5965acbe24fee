"""The body of an OAuth 2 token request, by grant type."""

from __future__ import annotations

from typing import Any

from oauthlib.oauth2 import BackendApplicationClient, LegacyApplicationClient

from target_w50.errors import SettingsError
from target_w50.w50.auth import GrantType


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
