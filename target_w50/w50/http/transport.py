"""One HTTP exchange: a request out, a bounded answer in, or a fault that says whether it was ever sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, Final
from urllib.parse import urlsplit

import requests
import urllib3
from requests.utils import select_proxy

from target_w50.errors import UnreachableError
from target_w50.w50.http.faults import describe_fault, distrust_in, says_unconnected
from target_w50.w50.http.tls import check_certificates
from target_w50.w50.http.underway import Underway, here
from target_w50.w50.http.urls import check_proxy, goes_past_proxies

ANSWER_BYTES: Final = 1024 * 1024
"""An answer that is larger (once unpacked) is not read to its end, unless its call may have a larger one."""

MAX_ERROR_BYTES: Final = 64 * 1024
"""Of the body of an error, no more than this is read: it is only quoted."""

BODY_BYTES_PER_S: Final = 50_000
"""A request's body may take as long as at this rate, on top of the exchange's own time."""

# A ValueError comes of a chunk whose length is below 0.
_FAULTS: Final = (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException, ValueError)
_READ_BYTES: Final = 64 * 1024
_WRAPPING_BYTES: Final = 1024 * 1024
_FIRST_ERROR_STATUS: Final = 300


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; `is_whole` is false where more came than is read. `headers` does not mind case."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    is_whole: bool = True

    @property
    def content_type(self) -> str | None:
        """The answer's own Content-Type."""
        return self.headers.get("Content-Type")


class TransportFault(Exception):  # noqa: N818  not an error for users: the caller makes one of it
    """No whole answer came.

    Attributes:
        words: what happened, for people; holds neither address nor content.
        connected: whether a connection was made, so that the request may have arrived.
    """

    def __init__(self, words: str, *, connected: bool) -> None:
        super().__init__(words)
        self.words = words
        self.connected = connected


@dataclass(frozen=True)
class Bounds:
    """What one exchange may take.

    Attributes:
        connect_s: for connecting: TCP, a proxy's CONNECT and the TLS handshake together.
        read_s: for each read, and for each piece written.
        whole_s: for all of it.
        answer_bytes: of the answer's content, once it is unpacked.
    """

    connect_s: float
    read_s: float
    whole_s: float
    answer_bytes: int = ANSWER_BYTES


def whole_s(request_timeout_s: float, body: Sized | None) -> float:
    """Return what an exchange may take as a whole: the timeout, and what sending the body may take."""
    return request_timeout_s + len(body or ()) / BODY_BYTES_PER_S


def exchange(
    session: requests.Session,
    request: requests.PreparedRequest,
    bounds: Bounds,
    monotonic: Callable[[], float],
    last_look: Callable[[], None] | None = None,
) -> Answer:
    """Send one request and read its answer.

    Goes past `Session.send`, which even where it follows no redirect reads the redirect's whole body, asks
    netrc about its goal, and fails over a malformed one; and which keeps cookies.

    Args:
        session: gives adapters, proxies and the CA bundle of the environment. Only those of `new_session`
            keep to the bounds at each step; of others the whole is looked at between two pieces.
        request: prepared, with its authentication.
        bounds: what it may take.
        monotonic: clock in seconds.
        last_look: called before it is sent, at the last when the connection is made; what it raises is not
            caught, and says that nothing was sent.

    Raises:
        TransportFault: no whole answer came.
        SettingsError: the environment's proxy or certificates can't be used.
        UnreachableError: one side does not trust the other's certificate.
    """
    url = request.url or ""
    settings = _settings(session, url)
    # What HTTP puts around the content is bounded too: heads, interim answers, chunks, trailers.
    wire_bytes = 2 * bounds.answer_bytes + _WRAPPING_BYTES
    underway = Underway(bounds.connect_s, bounds.read_s, bounds.whole_s, wire_bytes, monotonic)
    if bounds.whole_s <= 0:
        raise TransportFault("there was no time left for it", connected=False)
    here.underway = underway
    if last_look is not None:
        last_look()
        underway.last_look = last_look
    try:
        timeout = (min(bounds.connect_s, bounds.whole_s), bounds.read_s)
        response = session.get_adapter(url=url).send(request, timeout=timeout, **settings)
        with response:
            content, is_whole = _content(response, bounds.answer_bytes, underway)
    except (*_FAULTS, OSError) as error:
        distrust = distrust_in(error)
        if distrust is not None:
            words = f"{urlsplit(url).netloc}: {distrust.words}"
            raise UnreachableError(words, code=distrust.code) from error
        connected = underway.connected and not says_unconnected(error)
        words = describe_fault(error, bounds.connect_s, bounds.read_s if connected else bounds.connect_s)
        raise TransportFault(words, connected=connected) from error
    return Answer(response.status_code, response.headers, content, is_whole)


def _settings(session: requests.Session, url: str) -> Any:
    """Return what the adapter is to know of the environment and the session: proxies, certificates.

    Raises:
        SettingsError: the proxy or the certificates can't be used.
    """
    # requests has the environment's certificates win over the session's; a setting wins over both.
    own = session.verify if isinstance(session.verify, str) else None
    settings: Any = session.merge_environment_settings(url, {}, stream=True, verify=own, cert=None)
    if goes_past_proxies(urlsplit(url).hostname or ""):
        # What stays on this machine is shown to no other.
        settings["proxies"] = {}
    proxy = select_proxy(url, settings["proxies"])
    if proxy is not None:
        check_proxy(proxy)
    if url.startswith("https:") and own is None:
        check_certificates(settings["verify"])
    return settings


def _content(response: requests.Response, answer_bytes: int, underway: Underway) -> tuple[bytes, bool]:
    is_error = response.status_code >= _FIRST_ERROR_STATUS
    limit = MAX_ERROR_BYTES if is_error else answer_bytes
    content = bytearray()
    try:
        for piece in response.iter_content(_READ_BYTES):
            content += piece
            if len(content) > limit:
                return bytes(content[:limit]), False
            underway.step_s()
    except _FAULTS:
        # An error's status says all that decides; its body is only quoted.
        if not is_error:
            raise
        return bytes(content), False
    return bytes(content), True
