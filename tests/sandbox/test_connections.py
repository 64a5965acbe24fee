"""Connections: kept, broken off, and ended."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection

import pytest
import requests

from target_w50.sandbox import Sandbox

from .conftest import Caller

Start = Callable[..., Caller]


def test_a_connection_is_kept_for_the_next_call(caller: Caller) -> None:
    """Whatever the call before was answered with."""
    with closing(HTTPConnection(caller.sandbox.url.removeprefix("http://"), timeout=20)) as connection:
        connection.connect()
        opened = connection.sock
        for method, path in (("GET", "/contactLists/9"), ("POST", "/nowhere"), ("GET", "/contactLists")):
            connection.request(method, path, body=b"x" * 100_000 if method == "POST" else None)
            connection.getresponse().read()
            assert connection.sock is opened


def test_a_chunked_body_is_read(caller: Caller) -> None:
    parts = iter([b'{"FieldNames":', b'["Email"]}'])
    headers = {"Content-Type": "application/json"}
    assert caller.post("/contactLists/7/import", data=parts, headers=headers).status_code == 200
    assert caller.get("/contactLists").status_code == 200


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(TypeError):
        Sandbox(tokn="x")
    with pytest.raises(ValueError, match="auth"):
        Sandbox(auth="magic")


def test_no_call_is_answered_after_the_stop(start: Start) -> None:
    caller = start()
    url = caller.sandbox.url
    caller.get("/contactLists")
    caller.sandbox.stop()
    with pytest.raises(requests.ConnectionError):
        caller.session.get(url + "/contactLists", timeout=5)


@pytest.mark.parametrize(
    "framing", ["Content-Length: 500\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n1f4\r\n"]
)
def test_a_caller_who_goes_away_in_the_middle_has_asked_for_nothing(caller: Caller, framing: str) -> None:
    head = "POST /contactLists/7/import HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    port = int(caller.sandbox.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall((head + framing + '{"FieldNames": ["Email"]}').encode())
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(100) == b""
    contents = caller.sandbox.contents()
    assert (contents["Jobs"], contents["Requests"]) == ([], [])


def test_a_large_body_is_asked_to_be_sent(caller: Caller) -> None:
    """`Expect: 100-continue` is answered before the body comes."""
    body = b'{"FieldNames": ["Email"]}'
    head = (
        "POST /contactLists/7/import HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Expect: 100-continue\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    port = int(caller.sandbox.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100 Continue")
        connection.sendall(body)
        assert connection.recv(100).startswith(b"HTTP/1.1 200 OK")


def test_a_caller_who_goes_away_before_the_answer_makes_no_noise(
    caller: Caller, capfd: pytest.CaptureFixture[str]
) -> None:
    caller.sandbox.faults.add(call="lists", slow=0.05)
    port = int(caller.sandbox.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(b"GET /contactLists HTTP/1.1\r\nHost: localhost\r\n\r\n")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    while not any(one["Status"] for one in caller.sandbox.contents()["Requests"]):
        caller.get("/_sandbox/faults")
    caller.sandbox.stop()
    assert capfd.readouterr() == ("", "")


def test_a_request_that_is_no_http_is_refused(caller: Caller) -> None:
    port = int(caller.sandbox.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(b"nonsense\r\n\r\n")
        assert b"400" in connection.recv(1000)
