"""What the tests of the client share: a clock that only sleeps, scripted answers, a server of raw bytes."""

from __future__ import annotations

import contextlib
import io
import json
import re
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from requests.adapters import BaseAdapter

from target_w50.w50 import W50Auth, W50Client, bearer

IMPORT_JOB: dict[str, Any] = {
    "Id": 7,
    "ContactListId": 42,
    "InvalidEmailCount": 1,
    "InvalidSmsCount": 2,
    "ProgressPercent": 50,
    "CurrentStatus": "Running",
    "StartDate": "2025-11-14T21:29:44.8479931+00:00",
    "FinishDate": None,
    "InsertedContacts": 3,
    "UpdatedContacts": 4,
    "DroppedContacts": 5,
    "NotUpdatedContacts": 6,
    "TotalContacts": 7,
}


HANG_S = 120.0
"""Longer than any test waits."""

TLS_HANDSHAKE = b"\x16"


class FakeClock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


class RunningClock(FakeClock):
    """A second passes each time that somebody looks: what goes on for ever ends without a wait."""

    def monotonic(self) -> float:
        self.now += 1.0
        return self.now


def answer(
    status: int = 200, content: Any = None, content_type: str | None = "application/json", **headers: str
) -> requests.Response:
    """Make an answer of a script; content that is not bytes becomes JSON."""
    response = requests.Response()
    response.status_code = status
    if content_type is not None:
        response.headers["Content-Type"] = content_type
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    response.raw = io.BytesIO(content if isinstance(content, bytes) else json.dumps(content).encode())
    return response


class Script(BaseAdapter):
    """Answers requests one after the other; an exception among the answers is raised, the last one stays."""

    def __init__(self, *replies: requests.Response | Exception) -> None:
        super().__init__()
        self.replies = list(replies)
        self.requests: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, *_args: Any, **_kwargs: Any) -> requests.Response:
        self.requests.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply.raw, io.BytesIO):
            again = requests.Response()
            again.status_code = reply.status_code
            again.headers = reply.headers
            again.raw = io.BytesIO(reply.raw.getvalue())
            return again
        return reply

    def close(self) -> None:
        pass


def session_of(script: Script) -> requests.Session:
    session = requests.Session()
    session.mount("http://", script)
    session.mount("https://", script)
    return session


def client_of(
    script: Script, clock: FakeClock | None = None, auth: W50Auth | None = None, **options: Any
) -> W50Client:
    clock = clock or FakeClock()
    return W50Client(
        "https://w50.example/Which50API/",
        auth=auth or bearer("s3cret-token"),
        user_agent="target-w50/0 (test)",
        session=session_of(script),
        sleep=clock.sleep,
        monotonic=clock.monotonic,
        random=lambda: 1.0,
        wall_clock=lambda: 0.0,
        **options,
    )


@dataclass
class Reply:
    """What the raw server does with one request.

    Attributes:
        raw: bytes to send.
        keep: go on with the connection afterwards; otherwise the answer says that it is the last one.
        unannounced: hang up without having said so.
        reset: end it with a RST instead of a FIN.
        hang: send nothing more until the server ends.
        endless: bytes to send over and over then, until the other side hangs up.
        late: bytes to send once the test says `go`.
        delay_s: real time to wait before the body is read.
        early: answer and hang up without reading the body.
    """

    raw: bytes = b""
    keep: bool = False
    unannounced: bool = False
    reset: bool = False
    hang: bool = False
    endless: bytes = b""
    late: bytes = b""
    delay_s: float = 0.0
    early: bool = False


@dataclass
class RawServer:
    """A server on loopback that follows a script, byte for byte; the last reply stays.

    `hung_up` is released for each connection that it has closed, `sent_late` for each late reply that went
    out; `greeting` is sent on each connection before anything is asked.
    """

    replies: list[Reply]
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    connections: int = 0
    greeting: bytes = b""

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ended = threading.Event()
        self.hung_up = threading.Semaphore(0)
        self.go = threading.Event()
        self.sent_late = threading.Semaphore(0)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    @contextlib.contextmanager
    def running(self) -> Iterator[RawServer]:
        thread = threading.Thread(target=self._serve, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._ended.set()
            # shutdown() wakes accept(), close() alone does not.
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            thread.join(5)

    def _serve(self) -> None:
        while not self._ended.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        self._talk(connection)
        self.hung_up.release()

    def _talk(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(5)
            stream = connection.makefile("rb")
            connection.sendall(self.greeting)
            while True:
                if stream.peek(1)[:1] == TLS_HANDSHAKE:
                    connection.sendall(self.replies[0].raw)
                    if self.replies[0].hang:
                        self._ended.wait(HANG_S)
                    return
                head = b"".join(iter(stream.readline, b"\r\n")) if stream.peek(1) else b""
                if not head:
                    return
                reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
                if reply.delay_s:
                    self._ended.wait(reply.delay_s)
                self.heads.append(head.decode("latin-1"))
                self.bodies.append(b"" if reply.early else stream.read(_content_length(head)))
                self._answer(connection, reply)
                if reply.reset:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                if not reply.keep:
                    stream.close()
                    return

    def _answer(self, connection: socket.socket, reply: Reply) -> None:
        connection.sendall(reply.raw if reply.keep or reply.unannounced else _as_the_last(reply.raw))
        while reply.endless and not self._ended.is_set():
            connection.sendall(reply.endless)
        if reply.hang:
            self._ended.wait(HANG_S)
        if reply.late:
            self.go.wait(10)
            connection.sendall(reply.late)
            self.sent_late.release()


def _as_the_last(raw: bytes) -> bytes:
    """Let an answer say that the connection ends with it: a client might be quicker than its end."""
    status_line, end, rest = raw.partition(b"\r\n")
    is_an_answer = re.match(rb"HTTP/1\.1 [2-9]\d\d ", status_line)
    return status_line + end + b"Connection: close" + end + rest if is_an_answer and end else raw


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def http(
    status: int = 200,
    content: bytes | Mapping[str, Any] | list[Any] = b"",
    *headers: str,
    length: int | None = None,
) -> bytes:
    """Make the bytes of an answer; `length` declares another Content-Length than it has."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    lines = [
        f"HTTP/1.1 {status} Some reason",
        f"Content-Length: {len(body) if length is None else length}",
        *(headers or ("Content-Type: application/json",)),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
