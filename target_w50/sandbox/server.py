"""The sandbox as a server on loopback, in a thread of its own: connections, and what is sent over them."""

from __future__ import annotations

import io
import itertools
import socket
import struct
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from socketserver import TCPServer
from types import TracebackType
from typing import Any

from werkzeug.exceptions import ClientDisconnected
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.wrappers import Request

from target_w50.sandbox.faults import Faults
from target_w50.sandbox.http.inspection import contents
from target_w50.sandbox.http.replies import Manner, Reply
from target_w50.sandbox.http.routes import Routes
from target_w50.sandbox.keeping import Keeping
from target_w50.sandbox.model.options import Options
from target_w50.sandbox.model.store import Store

_HOST = "127.0.0.1"
_POLL_S = 0.05
_LINGER_RESET = struct.pack("ii", 1, 0)
_HARMLESS = {
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
"""What a browser is told of every answer but the page: a body, which a fault may have made HTML, runs nothing
and has no part in the sandbox's origin."""


class _Handler(WSGIRequestHandler):
    """Takes requests off a connection that is kept, and sends replies in the manner they ask for.

    Werkzeug reads the requests. It closes the connection after each of them, as a WSGI application may leave
    a part of the body unread; here all of it is always read: `run_wsgi` is replaced and connections are kept.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def run_wsgi(self) -> None:
        """Reply to one request."""
        self.environ = self.make_environ()
        request = Request(self.environ, populate_request=False)
        refused = self.server.routes.turn_away(request)
        if refused is not None:
            self._send(refused)
            return
        if self.headers.get("Expect", "").strip().lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()
        body = self._read_body(request)
        if body is None:  # the caller went away in the middle: nothing was asked
            self.close_connection = True
            return
        self._send(self.server.routes.reply(request, body))

    def _read_body(self, request: Request) -> bytes | None:
        """All of the body, as the next request follows it; None where its end is missing."""
        if request.content_length is None:  # none, or in chunks
            try:
                return request.get_data(cache=False)
            except (ClientDisconnected, OSError):
                return None
        # In one piece: several times as fast as Werkzeug's pieces of 64 KiB where bodies are large.
        try:
            body = self.rfile.read(request.content_length)
        except MemoryError:  # it says so, and has nothing like it
            return None
        return body if len(body) == request.content_length else None

    def _send(self, reply: Reply) -> None:
        if reply.manner is Manner.RESET:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_RESET)
        if reply.manner in (Manner.RESET, Manner.CLOSED):
            self.close_connection = True
            return
        for status in reply.interim:
            self.send_response_only(status, HTTP_STATUS_CODES.get(status, "Unknown"))
            self.end_headers()
            self.wfile.flush()
        if reply.manner is Manner.ENDLESS:
            self.close_connection = True
            self._send_headers_without_end(reply.pause_s or 0.0)
        elif reply.pause_s is None:
            self._send_answer(reply)
        else:
            out, self.wfile = self.wfile, io.BytesIO()
            try:
                self._send_answer(reply)
                whole = self.wfile.getvalue()
            finally:
                self.wfile = out
            self._send_slowly((bytes([byte]) for byte in whole), reply.pause_s)

    def _send_headers_without_end(self, pause_s: float) -> None:
        head = f"{self.protocol_version} 200 OK\r\n".encode()
        self._send_slowly(itertools.chain([head], itertools.repeat(b"X-Please-Wait: 1\r\n")), pause_s)

    def _send_slowly(self, pieces: Iterable[bytes], pause_s: float) -> None:
        """Send pieces with pauses, until the sandbox stops; a caller who has gone ends it by an OSError."""
        for piece in pieces:
            self.wfile.write(piece)
            self.wfile.flush()
            if self.server.stopping.wait(pause_s):
                self.close_connection = True
                return

    def _send_answer(self, reply: Reply) -> None:
        self.send_response(reply.status, HTTP_STATUS_CODES.get(reply.status, "Unknown"))
        if reply.content_type is not None:
            self.send_header("Content-Type", reply.content_type)
        for name, value in {**_HARMLESS, **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        body = reply.body
        if reply.manner is Manner.HALF:
            body = body[: len(body) // 2]
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def finish(self) -> None:
        """Let go of a connection whose caller may have gone before the answer."""
        with suppress(OSError):
            super().finish()

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002  # Werkzeug's name
        """Say nothing: the request log is the inspection call's."""


class _Server(ThreadedWSGIServer):
    """Knows its open connections, so that it can end them when it stops."""

    def __init__(self, port: int, routes: Routes, stopping: threading.Event) -> None:
        self.routes = routes
        self.stopping = stopping
        self._lock = threading.Lock()
        self._open: dict[socket.socket, threading.Thread] = {}
        super().__init__(_HOST, port, _no_application, _Handler)

    def server_bind(self) -> None:
        """Take the port, without the look-up of the machine's name that `http.server` makes here.

        Raises:
            RuntimeError: the port can't be had.
        """
        try:
            TCPServer.server_bind(self)
        except OSError as error:
            raise RuntimeError(f"port {self.port} can't be used: {error.strerror}") from None
        self.server_name, self.server_port = _HOST, int(self.server_address[1])

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open[request] = threading.current_thread()
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._open.pop(request, None)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection; one that is to be reset without saying goodbye before."""
        if (
            request.fileno() >= 0
            and request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8) == _LINGER_RESET
        ):
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def end_connections(self) -> None:
        """End all connections and wait for their threads."""
        with self._lock:
            threads = [*self._open.values()]
            for connection in self._open:
                with suppress(OSError):  # its thread may close it at this moment
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(timeout=5)


def _no_application(*_: Any) -> list[bytes]:
    raise AssertionError("requests are replied to by routes")


class Sandbox:
    """A W50 on loopback: started by `with`, or by `start` and `stop`.

    Takes the members of `Options` as keywords.

    Attributes:
        options: what it was told.
        faults: how it misbehaves; `faults.add({...})` takes the forms of `fault_rules`.

    Raises:
        ValueError: an option is wrong.
        RuntimeError: the file to keep it in can't be used.
    """

    def __init__(self, **options: Any) -> None:
        self.options = Options(**options)
        self._keeping = None
        if self.options.keep is not None:
            self._keeping = Keeping(self.options.keep, self.options.lists)
            self.options = replace(self.options, lists=self._keeping.lists)
        self._stopping = threading.Event()
        self._store = Store(self.options)
        self.faults = Faults(self.options)
        self._routes = Routes(self.options, self._store, self.faults, self._stopping)
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        if self._keeping is not None:
            self._keeping.attach(self._store, self._routes.log)

    def start(self) -> Sandbox:
        """Take requests from now on."""
        if self._server is None:
            self._stopping.clear()
            self._server = _Server(self.options.port, self._routes, self._stopping)
            self._thread = threading.Thread(
                target=self._server.serve_forever, args=(_POLL_S,), name="w50-sandbox", daemon=True
            )
            self._thread.start()
        return self

    def stop(self) -> None:
        """End all connections and close the port; calls that hang are cut."""
        server, thread = self._server, self._thread
        if server is None or thread is None:
            return
        self._server = self._thread = None
        self._stopping.set()
        server.shutdown()
        thread.join()
        server.end_connections()
        if self._keeping is not None:
            self._keeping.close()

    @property
    def url(self) -> str:
        """Base of every path, such as `http://127.0.0.1:40123`."""
        if self._server is None:
            raise RuntimeError("the sandbox is not started")
        return f"http://{_HOST}:{self._server.port}"

    def contents(self, limit: int | None = None) -> dict[str, Any]:
        """All it holds, as `GET /_sandbox/contents` answers."""
        return contents(self._store, self.faults, self._routes.log, limit)

    def reset(self) -> None:
        """Be as at the start."""
        self._routes.reset()

    def revoke_tokens(self) -> None:
        """Make all granted OAuth 2 tokens worthless."""
        self._routes.revoke_tokens()

    def __enter__(self) -> Sandbox:  # noqa: PYI034  # Self is not in Python 3.10
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
