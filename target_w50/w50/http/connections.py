"""Connections that keep an exchange within its bounds, and note what became of it.

requests and urllib3 do not tell a TLS handshake that failed from a TLS connection that broke later, nor a
proxy that refused its tunnel from a cut; and whether a POST may be sent again hangs on it. So the connections
themselves note when they are made: as long as they are not, nothing of the request has left.

They leave acknowledgements for later, and a server that writes head and body of its answer apart waits for
that of the head before it sends the body (Nagle's algorithm): 40 ms in each request. So all that comes is
acknowledged at once, where the system can.

They know one timeout for each read, and none for the whole: whoever sends a byte now and then keeps them for
ever. So each step at the socket has what is left of the exchange, if that is less.

Who refuses a request often hangs up as well, and does not always say so: a POST that is tried again at once
on that connection would be in doubt for nothing. So a connection is not used again after a refusal.

And they take what comes for the answer: an interim answer that is not 100, or what was left over by the
answer before. So interim answers are read past (RFC 9110, 15.2), and a connection on which anything came that
was not asked for is not used again.
"""

from __future__ import annotations

import contextlib
import io
import socket
import ssl
from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPResponse
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from target_w50.w50.http.tls import CertificateFiles
from target_w50.w50.http.underway import BoundError, here

MAX_IDLE_S: float = 2.0
"""A kept connection that was idle for longer is not used again: a server that closes it just then would make
a POST doubtful for nothing."""

MAX_INTERIM_ANSWERS: Final = 64
"""So many interim answers to one request are read past: one each five seconds while a read may last."""

_ACKNOWLEDGE_AT_ONCE: Final[int | None] = getattr(socket, "TCP_QUICKACK", None)
"""Linux has it. It does not last, so it is said before each read."""

_NO_FILES: Final = CertificateFiles()
_WRITE_BYTES: Final = 64 * 1024
_POOL_CONNECTIONS: Final = 32
_INTERIM: Final = range(100, 200)
_NOT_ASKED: Final = "something came that was not asked for"


class _BoundedReads(io.RawIOBase):
    """A socket's reads, each within what is left of the exchange."""

    def __init__(self, sock: Any) -> None:
        self._has_leftovers = False
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._underway = here.underway
        self._underway.has_leftovers = lambda: self._has_leftovers
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._ended:
            return None
        self._sock.settimeout(self._underway.step_s())
        _acknowledge(self._sock)
        try:
            count: int = self._raw.readinto(buffer)
        except TimeoutError:
            self._underway.step_timed_out()
            raise
        self._underway.received(count or 0)
        return count

    def end(self, buffered: io.BufferedReader) -> None:
        """Note whether more was read than belongs to the answer; nothing more is read."""
        self._ended = True
        self._has_leftovers = bool(buffered.peek(1))

    def close(self) -> None:
        self._raw.close()
        super().close()


def _acknowledge(sock: Any) -> None:
    """Acknowledge what has come, and what comes next, without delay."""
    if _ACKNOWLEDGE_AT_ONCE is not None:
        # TLS within a proxy's TLS has no options; and a socket that is broken says so when it is read.
        with contextlib.suppress(OSError, AttributeError):
            sock.setsockopt(socket.IPPROTO_TCP, _ACKNOWLEDGE_AT_ONCE, 1)


class _Response(HTTPResponse):
    """An answer of which no read leaves the bounds, and which interim answers are not taken for."""

    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self._reads = _BoundedReads(sock)
        self.fp = io.BufferedReader(self._reads)

    def _read_status(self) -> tuple[str, int, str]:
        # http.client's own `begin` knows 100 alone, and takes any number of it; a proxy's CONNECT none.
        for _ in range(MAX_INTERIM_ANSWERS + 1):
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if status not in _INTERIM:
                return version, status, reason
            if status == HTTPStatus.SWITCHING_PROTOCOLS:
                raise BoundError("another protocol came, which was not asked for")
            while self.fp.readline(_WRITE_BYTES).strip():
                pass
        raise BoundError(f"more than {MAX_INTERIM_ANSWERS} interim answers came")

    def _close_conn(self) -> None:
        # Called once the answer has ended, or is not read on: what the buffer holds is lost with it.
        if self.fp is not None and not self.fp.closed:
            self._reads.end(self.fp)
        super()._close_conn()  # type: ignore[misc]


class _KeepingMixin:
    """Keeps an exchange within its bounds, and notes when the connection is made and how long it was idle."""

    last_used: float | None = None
    _was_refused = False
    _has_leftovers: Callable[[], bool] | None = None

    def connect(self) -> None:
        underway = here.underway
        underway.connecting()
        super().connect()  # type: ignore[misc]
        underway.connected = True

    def _new_conn(self) -> Any:
        # Overridden, as is `_tunnel`, because urllib3 gives each step of connecting the whole timeout.
        sock = super()._new_conn()  # type: ignore[misc]
        sock.settimeout(here.underway.step_s())
        return sock

    def _tunnel(self) -> None:
        super()._tunnel()  # type: ignore[misc]
        self.sock.settimeout(here.underway.step_s())  # type: ignore[attr-defined]

    @property
    def is_connected(self) -> bool:
        # urllib3 asks this when it takes a connection from the pool, and replaces one that says no.
        if self.sock is None:  # type: ignore[attr-defined]
            return False
        if self.last_used is not None and here.underway.now() - self.last_used > MAX_IDLE_S:
            return False
        if self._was_refused:
            return False
        if self._has_leftovers is not None and self._has_leftovers():
            return False
        try:
            return not _has_come(self.sock)  # type: ignore[attr-defined]
        except OSError:
            return False

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Send a request, unless an answer or an end came before it."""
        if self.sock is None:  # type: ignore[attr-defined]
            self.connect()
        underway = here.underway
        underway.connected = False
        try:
            has_come = _has_come(self.sock)  # type: ignore[attr-defined]
        except ConnectionError:
            has_come = True
        if has_come:
            raise BoundError(f"{_NOT_ASKED}, or the other side hung up, before the request was sent")
        if underway.last_look is not None:
            underway.last_look()
        underway.connected = True
        super().request(*args, **kwargs)  # type: ignore[misc]

    def send(self, data: Any) -> None:
        """Send in pieces, each with the timeout of a read.

        urllib3 sends a body with one `sendall` under the timeout for connecting, which counts for all of it:
        20 MB through a slow line would end after 10 s.
        """
        underway = here.underway
        if self.sock is None or not underway.connected or not isinstance(data, bytes):  # type: ignore[attr-defined]
            super().send(data)  # type: ignore[misc]  # a proxy's CONNECT, within connect()
            return
        view = memoryview(data)
        try:
            for start in range(0, len(view), _WRITE_BYTES):
                self.sock.settimeout(underway.step_s())  # type: ignore[attr-defined]
                super().send(view[start : start + _WRITE_BYTES])  # type: ignore[misc]
        except TimeoutError:
            underway.step_timed_out()
            raise

    def getresponse(self) -> Any:
        response = super().getresponse()  # type: ignore[misc]
        self._was_refused = response.status >= HTTPStatus.BAD_REQUEST
        self._has_leftovers = here.underway.has_leftovers
        self.last_used = here.underway.now()
        return response


def _has_come(sock: Any) -> bool:
    """Say whether something can be read, or the other side has hung up; a byte that was read is lost.

    A select would not do: under TLS, session tickets come unasked, and what is unpacked already is not seen.
    """
    timeout = sock.gettimeout()
    sock.settimeout(0)
    try:
        sock.recv(1)
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    finally:
        sock.settimeout(timeout)
    return True


class _Connection(_KeepingMixin, HTTPConnection):
    response_class = _Response


class _TlsConnection(_KeepingMixin, HTTPSConnection):
    response_class = _Response


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


_POOL_CLASSES: Final = {"http": _Pool, "https": _TlsPool}


class KeepingAdapter(HTTPAdapter):
    """Sends with connections that keep to the bounds; never tries again by itself."""

    def __init__(self) -> None:
        super().__init__(pool_maxsize=_POOL_CONNECTIONS, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Use the keeping connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOL_CLASSES

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        """Use the keeping connections through an HTTP proxy, too."""
        manager = super().proxy_manager_for(proxy, **proxy_kwargs)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = _POOL_CLASSES
        return manager


def new_session(certificates: CertificateFiles = _NO_FILES) -> requests.Session:
    """Return a session that several threads may share: nothing in it changes, cookies included.

    Args:
        certificates: whom it trusts, and what it shows; checked already.
    """
    session = requests.Session()
    session.verify = certificates.ca_bundle or True
    session.cert = certificates.to_show
    session.mount("https://", KeepingAdapter())
    session.mount("http://", KeepingAdapter())
    return session
