"""One HTTP exchange: a request out, a bounded answer in, or a fault that says whether it was ever sent.

requests and urllib3 do not tell a TLS handshake that failed from a TLS connection that broke later, nor a
proxy that refused its tunnel from a cut; and whether a POST may be sent again hangs on it. So the connections
themselves note when they are made: as long as they are not, nothing of the request has left.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, Final

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from target_w50.w50.http.faults import describe_fault, says_unconnected

MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024
"""An answer that is larger (once unpacked) is not read to its end."""

MAX_ERROR_BYTES: Final = 64 * 1024
"""Of the body of an error, no more than this is read: it is only quoted."""

MAX_IDLE_S: float = 2.0
"""A kept connection that was idle for longer is not used again: a server that closes it just then would make
a POST doubtful for nothing."""

_READ_BYTES: Final = 64 * 1024
_WRITE_BYTES: Final = 64 * 1024
_POOL_CONNECTIONS: Final = 32
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


class _Exchange(threading.local):
    """What this thread's request has come to; urllib3 has no place of its own for it.

    `connected` is the doubtful case unless a connection says otherwise: other adapters, and SOCKS, note
    nothing.
    """

    connected = True
    write_timeout_s: float | None = None


_exchange = _Exchange()


class _NotingMixin:
    """Notes when the connection is made, how long it was idle, and gives each write its own timeout."""

    last_used: float | None = None

    def connect(self) -> None:
        _exchange.connected = False
        super().connect()  # type: ignore[misc]
        _exchange.connected = True

    @property
    def is_connected(self) -> bool:
        # urllib3 asks this when it takes a connection from the pool, and replaces one that says no.
        idle_too_long = self.last_used is not None and time.monotonic() - self.last_used > MAX_IDLE_S
        return not idle_too_long and bool(super().is_connected)  # type: ignore[misc]

    def send(self, data: Any) -> None:
        """Send in pieces, each with the timeout of a read.

        urllib3 sends a body with one `sendall` under the timeout for connecting, which counts for all of it:
        20 MB through a slow line would end after 10 s.
        """
        if self.sock is None:  # type: ignore[attr-defined]
            self.connect()
        if not _exchange.connected or not isinstance(data, bytes):  # a proxy's CONNECT, within connect()
            super().send(data)  # type: ignore[misc]
            return
        self.sock.settimeout(_exchange.write_timeout_s)  # type: ignore[attr-defined]
        view = memoryview(data)
        for start in range(0, len(view), _WRITE_BYTES):
            super().send(view[start : start + _WRITE_BYTES])  # type: ignore[misc]

    def getresponse(self) -> Any:
        response = super().getresponse()  # type: ignore[misc]
        self.last_used = time.monotonic()
        return response


class _NotingConnection(_NotingMixin, HTTPConnection):
    pass


class _NotingTlsConnection(_NotingMixin, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _NotingConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _NotingTlsConnection


_POOL_CLASSES: Final = {"http": _Pool, "https": _TlsPool}


class NotingAdapter(HTTPAdapter):
    """Sends with connections that note whether they were made; never tries again by itself."""

    def __init__(self) -> None:
        super().__init__(pool_maxsize=_POOL_CONNECTIONS, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Use the noting connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOL_CLASSES

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        """Use the noting connections through an HTTP proxy, too."""
        manager = super().proxy_manager_for(proxy, **proxy_kwargs)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = _POOL_CLASSES
        return manager


def new_session() -> requests.Session:
    """Return a session that several threads may share: nothing in it changes, cookies included."""
    session = requests.Session()
    session.mount("https://", NotingAdapter())
    session.mount("http://", NotingAdapter())
    return session


def exchange(
    session: requests.Session,
    request: requests.PreparedRequest,
    *,
    connect_timeout_s: float,
    read_timeout_s: float,
) -> Answer:
    """Send one request and read its answer.

    Goes past `Session.send`, which even where it follows no redirect reads the redirect's whole body, asks
    netrc about its goal, and fails over a malformed one; and which keeps cookies.

    Args:
        session: gives adapters, proxies and the CA bundle of the environment.
        request: prepared, with its authentication.
        connect_timeout_s: for connecting.
        read_timeout_s: for each read, and for each piece written.

    Raises:
        TransportFault: no whole answer came.
    """
    url = request.url or ""
    settings: Any = session.merge_environment_settings(url, {}, stream=True, verify=None, cert=None)
    _exchange.connected = True
    _exchange.write_timeout_s = read_timeout_s
    try:
        response = session.get_adapter(url=url).send(
            request, timeout=(connect_timeout_s, read_timeout_s), **settings
        )
        with response:
            content, is_whole = _content(response)
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, HTTPException) as error:
        connected = _exchange.connected and not says_unconnected(error)
        words = describe_fault(error, connect_timeout_s, read_timeout_s)
        raise TransportFault(words, connected=connected) from error
    return Answer(response.status_code, response.headers, content, is_whole)


def _content(response: requests.Response) -> tuple[bytes, bool]:
    is_error = response.status_code >= _FIRST_ERROR_STATUS
    limit = MAX_ERROR_BYTES if is_error else MAX_ANSWER_BYTES
    content = bytearray()
    try:
        for piece in response.iter_content(_READ_BYTES):
            content += piece
            if len(content) > limit:
                return bytes(content[:limit]), False
    except (requests.RequestException, urllib3.exceptions.HTTPError):
        # An error's status says all that decides; its body is only quoted.
        if not is_error:
            raise
        return bytes(content), False
    return bytes(content), True
