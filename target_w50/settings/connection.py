"""From the settings to a client of W50: authentication, certificates, media type, timeouts."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from target_w50 import __version__
from target_w50.errors import SettingsError
from target_w50.runtime.clock import Clock
from target_w50.settings.model import AuthMethod, Settings
from target_w50.w50 import (
    CertificateFiles,
    Secret,
    SecretFile,
    W50Auth,
    basic,
    bearer,
    check_url,
    header,
)

if TYPE_CHECKING:
    from target_w50.w50 import RequestEvent, W50Client

Observer = Callable[["RequestEvent"], None]


def make_auth(
    settings: Settings, clock: Clock, sleep: Callable[[float], None], certificates: CertificateFiles
) -> W50Auth:
    """What puts the credentials on requests; one for all clients of a run, so that a token is shared.

    Args:
        settings: as judged.
        clock: what a token's life and the tries are measured by.
        sleep: pauses between tries; may raise to end them.
        certificates: whom a token is fetched from, and what is shown there.

    Raises:
        SettingsError: the file of a secret can't be used.
    """
    if settings.auth_method is AuthMethod.BEARER:
        return bearer(_secret(settings, "auth_token"))
    if settings.auth_method is AuthMethod.HEADER:
        return header(settings.auth_header_name, _secret(settings, "auth_token"))
    if settings.auth_method is AuthMethod.BASIC:
        return basic(settings.username or "", _secret(settings, "password"))
    # Imported where they are needed: neither the OAuth library nor requests is small.
    from target_w50.w50 import new_session  # noqa: PLC0415

    oauth2 = importlib.import_module("target_w50.w50.oauth2").oauth2
    auth: W50Auth = oauth2(
        settings.oauth2_token_url,
        client_id=settings.oauth2_client_id,
        client_secret=_secret(settings, "oauth2_client_secret"),
        grant_type=settings.oauth2_grant_type,
        scope=settings.oauth2_scope,
        username=settings.username,
        password=_secret(settings, "password"),
        allow_http=settings.allow_http,
        request_timeout_s=settings.request_timeout_s,
        retry_for_s=settings.retry_for_s,
        user_agent=f"target-w50/{__version__}",
        session=new_session(certificates),
        sleep=sleep,
        monotonic=clock.monotonic,
        wall_clock=clock.epoch_s,
    )
    return auth


def _secret(settings: Settings, name: str) -> Secret:
    path = getattr(settings, f"{name}_file")
    return SecretFile(path, f"{name}_file") if path else getattr(settings, name) or ""


def _certificates(settings: Settings) -> CertificateFiles:
    return CertificateFiles(settings.ca_bundle, settings.client_certificate, settings.client_key)


def _raise_all(faults: list[SettingsError]) -> None:
    """Raise what is wrong as one error."""
    if len(faults) == 1:
        raise faults[0]
    if faults:
        words = tuple(each for fault in faults for each in fault.faults)
        raise SettingsError("; ".join(words), faults=words, code=faults[0].code)


class Connection:
    """Makes clients, all with the same settings and the same authentication.

    Args:
        clock: what tries are measured by.
        sleep: pauses between tries, instead of the clock's; may raise to end them.

    Raises:
        SettingsError: an address is not acceptable, or the file of a secret or a certificate can't be used;
            before anything is sent.
    """

    def __init__(
        self, settings: Settings, clock: Clock, sleep: Callable[[float], None] | None = None
    ) -> None:
        check_url(settings.api_url, allow_http=settings.allow_http, setting="api_url")
        self._settings = settings
        self._clock = clock
        self._sleep = sleep or clock.sleep
        self._certificates = _certificates(settings)
        faults: list[SettingsError] = []
        for judge in (self._certificates.check, self._authenticate):
            try:
                judge()
            except SettingsError as error:
                faults.append(error)
        _raise_all(faults)

    def _authenticate(self) -> None:
        self._auth = make_auth(self._settings, self._clock, self._sleep, self._certificates)

    def client(
        self, on_request: Observer | None = None, *, sleep: Callable[[float], None] | None = None
    ) -> W50Client:
        """A client of its own connections; use each in one thread.

        Args:
            on_request: told of every try.
            sleep: pauses between tries, instead of the connection's own.
        """
        from target_w50.w50 import W50Client, new_session  # noqa: PLC0415  # as above

        settings = self._settings
        try:
            return W50Client(
                settings.api_url,
                auth=self._auth,
                media_type=settings.media_type,
                request_timeout_s=settings.request_timeout_s,
                retry_for_s=settings.retry_for_s,
                allow_http=settings.allow_http,
                user_agent=f"target-w50/{__version__}",
                session=new_session(self._certificates),
                sleep=sleep or self._sleep,
                monotonic=self._clock.monotonic,
                wall_clock=self._clock.epoch_s,
                on_request=on_request,
            )
        except ValueError as error:
            raise SettingsError(f"The connection's settings can't be used: {error}") from error
