"""A server between the program and the sandbox: what it hands on is the test's to change, byte for byte."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

KEPT = ("etag", "last-modified", "content-range")
"""Headers of an answer that are handed on beside its type, for the drivers of stores."""


@dataclass(frozen=True)
class Passed:
    """An exchange that the sandbox has answered; `more` are all headers of the answer."""

    method: str
    path: str
    status: int
    content_type: str
    body: bytes
    more: tuple[tuple[str, str], ...] = ()

    @property
    def is_status_request(self) -> bool:
        """Whether it asked how an import job stands."""
        return self.method == "GET" and re.search(r"/import/\d+$", self.path) is not None

    @property
    def is_upload(self) -> bool:
        """Whether it added contacts to an import job."""
        return self.method == "POST" and re.search(r"/import/\d+$", self.path) is not None

    def raw(self, **changes: Any) -> bytes:
        """The answer as it may be sent on; `changes` are members that its object gets instead."""
        body = json.dumps(json.loads(self.body) | changes).encode() if changes else self.body
        length = (
            {name.lower(): value for name, value in self.more}.get("content-length", "0")
            if self.method == "HEAD"
            else len(body)
        )
        head = f"HTTP/1.1 {self.status} Some reason\r\nContent-Length: {length}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in self.more if name.lower() in KEPT)
        if self.content_type:
            head += f"Content-Type: {self.content_type}\r\n"
        return f"{head}\r\n".encode() + body


Meddling = Callable[[Passed], Iterable[bytes]]
"""What to send instead of an answer, piece by piece."""

Before = Callable[[str, str], Iterable[bytes] | None]
"""What to answer to a request of that method and path, which is handed on where it is None."""


class Relay:
    """Hands requests on to the sandbox, on connections that are kept, and its answers to `meddle`.

    Args:
        sandbox_url: where the sandbox is.
        meddle: makes what is answered of what the sandbox answered; that, unless it is given.
        before: gives what is answered to a request, by method and path, that is not handed on.
        tls: what it shows and demands, so that it is spoken to by TLS.
    """

    def __init__(
        self,
        sandbox_url: str,
        meddle: Meddling | None = None,
        *,
        before: Before | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._sandbox = sandbox_url.removeprefix("http://")
        self.meddle = meddle or (lambda passed: [passed.raw()])
        self.before: Before = before or (lambda _, __: None)
        self._tls = tls
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._listener.getsockname()[1]}"

    def wait(self, seconds: float = 120.0) -> None:
        """Do nothing for so long, or until the test is over: for answers that are slow or never come."""
        self._ended.wait(seconds)

    @contextlib.contextmanager
    def running(self) -> Iterator[Relay]:
        threading.Thread(target=self._serve, daemon=True).start()
        try:
            yield self
        finally:
            self._ended.set()
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        if self._tls is not None:
            connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with connection, contextlib.suppress(OSError):
            if isinstance(connection, ssl.SSLSocket):
                shake_hands(connection)
            stream = connection.makefile("rb")
            while line := stream.readline():
                method, path, _ = line.decode().split(" ")
                headers = dict(iter(lambda: _header(stream.readline()), ("", "")))
                if headers.pop("Expect", ""):
                    connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                body = stream.read(int(headers.get("Content-Length", 0)))
                instead = self.before(method, path)
                if instead is None:
                    instead = self.meddle(self._passed(method, path, headers, body))
                for piece in instead:
                    if self._ended.is_set():
                        return
                    connection.sendall(piece)

    def _passed(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Passed:
        onward = http.client.HTTPConnection(self._sandbox)
        onward.request(method, path, body, {name: headers[name] for name in headers if name != "Host"})
        with contextlib.closing(onward), onward.getresponse() as answer:
            content_type = answer.headers.get("Content-Type") or ""
            more = tuple(answer.headers.items())
            return Passed(method, path, answer.status, content_type, answer.read(), more)


def shake_hands(connection: ssl.SSLSocket) -> None:
    """End the handshake of TLS; where it fails, hang up only after the other side, which reads why before."""
    try:
        connection.do_handshake()
    except ssl.SSLError:
        while socket.socket.recv(connection, 65536):
            pass
        raise


def _header(line: bytes) -> tuple[str, str]:
    name, _, value = line.decode().strip().partition(": ")
    return name, value
