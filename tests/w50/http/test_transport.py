"""Over real sockets: what was surely never sent, what is in doubt, and what is never done."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
import requests
import urllib3
from urllib3.connection import HTTPConnection

from target_w50.errors import DoubtfulError, RefusedError, SettingsError, UnreachableError
from target_w50.w50 import ImportJob, W50Client, bearer
from target_w50.w50.http.faults import describe_fault
from tests.w50.support import IMPORT_JOB, FakeClock, RawServer, Reply, http

JOB = ImportJob.from_wire(IMPORT_JOB)
GOOD = http(200, IMPORT_JOB)


def _client(url: str, clock: FakeClock | None = None, **options: Any) -> W50Client:
    clock = clock or FakeClock()
    return W50Client(
        url,
        auth=bearer("s3cret-token"),
        user_agent="t",
        sleep=clock.sleep,
        monotonic=clock.monotonic,
        random=lambda: 1.0,
        **options,
    )


def _create(client: W50Client) -> ImportJob:
    return client.create_import_job(42, ["Email"])


CUTS = {
    "nothing at all": Reply(),
    "a reset": Reply(reset=True),
    "half a head": Reply(b"HTTP/1.1 200 OK\r\nContent-"),
    "half a body": Reply(http(200, IMPORT_JOB, length=1000)),
    "half a chunked body": Reply(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n5\r\n{"
    ),
    "a chunked body without its end": Reply(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/json\r\n\r\n2\r\n{}\r\n"
    ),
    "a broken chunk length": Reply(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"),
    "a chunk length below 0": Reply(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n{}\r\n0\r\n\r\n"
    ),
    "broken compression": Reply(http(200, b"not gzip", "Content-Encoding: gzip")),
    "no HTTP": Reply(b"SSH-2.0-OpenSSH_9.6\r\n"),
}


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
def test_a_cut_answer_leaves_a_post_in_doubt_and_a_get_is_asked_again(cut: Reply) -> None:
    """A short body is one as well: Content-Length is enforced."""
    with RawServer([cut, Reply(GOOD)]).running() as server:
        with pytest.raises(DoubtfulError, match="create_import_job"):
            _create(_client(server.url))
        assert len(server.heads) == 1
    with RawServer([cut, Reply(GOOD)]).running() as server:
        assert _client(server.url).get_import_job(42, 7) == JOB
        assert len(server.heads) == 2


def test_an_answer_that_does_not_come_in_time_leaves_a_post_in_doubt() -> None:
    said = r"nothing was answered within 0\.2 s"
    with RawServer([Reply(hang=True)]).running() as server, pytest.raises(DoubtfulError, match=said):
        _create(_client(server.url, request_timeout_s=0.2))
    with RawServer([Reply(http(200, IMPORT_JOB, length=1000), hang=True), Reply(GOOD)]).running() as server:
        with pytest.raises(DoubtfulError, match=said):
            _create(_client(server.url, request_timeout_s=0.2))
        assert _client(server.url, request_timeout_s=0.2).get_import_job(42, 7) == JOB


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def test_a_refused_connection_was_never_made() -> None:
    clock = FakeClock()
    with pytest.raises(UnreachableError, match="the connection was refused") as caught:
        _create(_client(f"http://127.0.0.1:{_free_port()}", clock, retry_for_s=30))
    assert not isinstance(caught.value, DoubtfulError)
    assert sum(clock.pauses) == 30


def test_an_unknown_name_was_never_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_args: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(UnreachableError, match="the host's name is not known") as caught:
        _create(_client("https://w50.example"))
    assert not isinstance(caught.value, DoubtfulError)


def test_a_connection_that_takes_too_long_was_never_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_args: object, **_more: object) -> None:
        raise TimeoutError("timed out")

    monkeypatch.setattr("urllib3.util.connection.create_connection", slow)
    with pytest.raises(UnreachableError, match="no connection within 10 s") as caught:
        _create(_client("https://w50.example"))
    assert not isinstance(caught.value, DoubtfulError)


def test_a_failed_tls_handshake_was_never_a_connection() -> None:
    """Whether the other side speaks no TLS, or hangs up in the handshake: nothing of the request has left."""
    for raw in (http(400), b""):
        with RawServer([Reply(raw)]).running() as server:
            url = server.url.replace("http:", "https:")
            with pytest.raises(UnreachableError) as caught:
                _create(_client(url, retry_for_s=1))
            assert not isinstance(caught.value, DoubtfulError)
            assert server.connections > 1


def test_a_tls_error_after_the_handshake_leaves_a_post_in_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests raises the same SSLError as for a handshake."""

    def broken(_self: HTTPConnection) -> None:
        raise ssl.SSLError(1, "[SSL: DECRYPTION_FAILED_OR_BAD_RECORD_MAC] decryption failed")

    with RawServer([Reply(GOOD)]).running() as server:
        monkeypatch.setattr(HTTPConnection, "getresponse", broken)
        with pytest.raises(DoubtfulError, match="TLS failed"):
            _create(_client(server.url))


def test_a_certificate_that_nobody_knows_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    untrusted = ssl.SSLCertVerificationError(1, "certificate verify failed")
    untrusted.verify_code = 18

    def connect(_self: object) -> None:
        raise untrusted

    monkeypatch.setattr("urllib3.connection.HTTPSConnection.connect", connect)
    with pytest.raises(UnreachableError, match=r"not trusted .it is self-signed.") as caught:
        _create(_client("https://w50.example"))
    assert not isinstance(caught.value, DoubtfulError)
    assert caught.value.code == "w50_not_trusted"


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("NO_PROXY", "no_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_a_proxy_that_refuses_the_tunnel_let_nothing_through(proxy: pytest.MonkeyPatch) -> None:
    """And its credentials, which the environment holds in its address, are not shown."""
    with RawServer([Reply(http(407, b"", "Proxy-Authenticate: Basic"))]).running() as server:
        proxy.setenv("https_proxy", server.url.replace("//", "//user:hush-hush@"))
        with pytest.raises(UnreachableError, match="refused the tunnel with status 407") as caught:
            _create(_client("https://w50.example", retry_for_s=1))
        assert server.heads[0].startswith("CONNECT w50.example:443")
        assert len(server.heads) > 1
    assert not isinstance(caught.value, DoubtfulError)
    assert "hush" not in str(caught.value)


def test_a_proxy_that_is_not_there_let_nothing_through(proxy: pytest.MonkeyPatch) -> None:
    proxy.setenv("https_proxy", f"http://user:hush-hush@127.0.0.1:{_free_port()}")
    with pytest.raises(UnreachableError, match="through the proxy: the connection was refused") as caught:
        _create(_client("https://w50.example", retry_for_s=1))
    assert not isinstance(caught.value, DoubtfulError)
    assert "hush" not in str(caught.value)


def test_the_proxy_of_the_environment_is_used(proxy: pytest.MonkeyPatch) -> None:
    with RawServer([Reply(GOOD)]).running() as server:
        proxy.setenv("http_proxy", server.url)
        assert _create(_client("http://w50.example", allow_http=True)) == JOB
        assert server.heads[0].startswith("POST http://w50.example/contactLists/42/import HTTP/1.1")


@pytest.mark.parametrize("host", ["w50.localhost", "W50.Localhost."])
def test_no_proxy_is_shown_what_goes_to_a_name_of_localhost(proxy: pytest.MonkeyPatch, host: str) -> None:
    resolve = socket.getaddrinfo
    proxy.setattr(
        socket,
        "getaddrinfo",
        lambda name, *more: resolve("127.0.0.1" if name.lower().startswith("w50") else name, *more),
    )
    with RawServer([Reply(GOOD)]).running() as w50, RawServer([Reply(http(502))]).running() as other:
        proxy.setenv("http_proxy", other.url)
        url = w50.url.replace("127.0.0.1", host)
        assert _create(_client(url, allow_http=True)) == JOB
        assert (len(w50.heads), other.heads) == (1, [])


def test_a_name_of_localhost_is_no_leave_for_plain_http() -> None:
    """RFC 6761 reserves it, but a resolver may lead it elsewhere all the same."""
    with pytest.raises(SettingsError, match="plain http"):
        _client("http://w50.localhost")


def test_a_large_body_may_take_longer_than_connecting() -> None:
    """urllib3 alone gives all of a body no more time than connecting has."""
    body = b"[" + b" " * 30_000_000 + b"]"
    with RawServer([Reply(http(200), delay_s=0.6)]).running() as server:
        client = _client(server.url, connect_timeout_s=0.2, request_timeout_s=5)
        client.add_contacts(42, 7, body)
        assert server.bodies == [body]


def test_a_refusal_before_the_body_was_read_is_heard() -> None:
    """A server that finds a body too large answers at once, and hangs up on the rest."""
    early = Reply(http(413, b"", "Connection: close"), early=True)
    with RawServer([early]).running() as server, pytest.raises(RefusedError) as caught:
        _client(server.url).add_contacts(42, 7, b"[" + b" " * 10_000_000 + b"]")
    assert (caught.value.status, caught.value.code) == (413, "w50_too_large")


@pytest.mark.parametrize(
    "location", ["/elsewhere", "http://[broken", "https://user:pw@other.example/?token=x", "//x:y:z", ""]
)
def test_a_redirect_is_not_followed_whatever_it_says(location: str) -> None:
    """`requests` would compute the next request even then, and fail over a malformed Location."""
    with RawServer([Reply(http(302, b"", f"Location: {location}"))]).running() as server:
        with pytest.raises(RefusedError) as caught:
            _create(_client(server.url))
        assert len(server.heads) == 1
    assert caught.value.code == "w50_redirect"
    assert "token" not in str(caught.value)


def test_netrc_is_never_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login someone password from-netrc\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with RawServer([Reply(GOOD)]).running() as server:
        _create(_client(server.url))
        assert "Authorization: Bearer s3cret-token" in server.heads[0]


def test_cookies_are_not_kept() -> None:
    """Threads share the session: nothing in it may change."""
    cookie = http(200, IMPORT_JOB, "Set-Cookie: a=b", "Content-Type: application/json")
    with RawServer([Reply(cookie, keep=True)]).running() as server:
        client = _client(server.url)
        _create(client)
        _create(client)
        assert "cookie" not in server.heads[1].lower()
        client.close()


def test_a_connection_is_kept_but_not_after_it_was_idle_for_two_seconds() -> None:
    """A server that closes an idle connection just then would make a POST doubtful for nothing.

    Servers let idle connections go after five seconds and more, but their loaded machines are not exact.
    """
    with RawServer([Reply(GOOD, keep=True)]).running() as server:
        clock = FakeClock()
        client = _client(server.url, clock)
        for _ in range(3):
            _create(client)
            clock.now += 2.0
        assert server.connections == 1
        clock.now += 0.1
        _create(client)
        assert server.connections == 2
        client.close()


def test_a_connection_that_the_server_closed_is_not_used_again() -> None:
    with RawServer([Reply(GOOD, unannounced=True)]).running() as server:
        client = _client(server.url)
        for _ in range(3):
            _create(client)
            assert server.hung_up.acquire(timeout=5)
        assert server.connections == 3


@pytest.mark.parametrize("status", [401, 429, 503])
def test_after_a_refusal_the_next_try_has_a_connection_of_its_own(status: int) -> None:
    """Who refuses often hangs up: a moment later, and without having said so."""
    with RawServer([Reply(http(status), keep=True), Reply(GOOD, keep=True)]).running() as server:
        client = _client(server.url)
        with contextlib.suppress(RefusedError, DoubtfulError):
            _create(client)
        _create(client)
        assert server.connections == 2
        client.close()


def test_compressed_answers_are_read() -> None:
    packed = gzip.compress(json.dumps(IMPORT_JOB).encode())
    raw = http(200, packed, "Content-Encoding: gzip", "Content-Type: application/json")
    with RawServer([Reply(raw)]).running() as server:
        assert _create(_client(server.url)) == JOB


def test_an_answer_without_an_end_of_its_own_is_read_to_the_end_of_the_connection() -> None:
    raw = b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + json.dumps(IMPORT_JOB).encode()
    with RawServer([Reply(raw)]).running() as server:
        assert _create(_client(server.url)) == JOB


def test_an_answer_is_not_read_past_the_bound_of_its_call() -> None:
    """Unpacked bytes count: a small answer may hold a large one."""
    raw = http(200, gzip.compress(b" " * 2_000_000), "Content-Encoding: gzip")
    said = "larger than any answer should be"
    with RawServer([Reply(raw)]).running() as server, pytest.raises(DoubtfulError, match=said):
        _client(server.url).add_contacts(42, 7, b"[]", contacts=0)
    with RawServer([Reply(raw)]).running() as server:
        with pytest.raises(UnreachableError, match=said):
            _client(server.url).get_import_job(42, 7)
        assert len(server.heads) == 3


def test_answers_to_uploads_lists_and_fields_may_be_larger() -> None:
    packed = gzip.compress(json.dumps([{"Id": 1, "Name": "x" * 2_000_000, "Count": 0}]).encode())
    raw = http(200, packed, "Content-Encoding: gzip", "Content-Type: application/json")
    with RawServer([Reply(raw)]).running() as server:
        client = _client(server.url)
        assert len(client.list_contact_lists()) == len(client.list_fields(42)) == 1
        client.add_contacts(42, 7, b"[" + b" " * 1_000_000 + b"]", contacts=1)


def test_the_status_of_an_error_counts_even_if_its_body_is_cut_or_endless() -> None:
    for raw in (http(403, b"Forbi", length=100), http(403, b"x" * 200_000)):
        with RawServer([Reply(raw)]).running() as server:
            with pytest.raises(RefusedError) as caught:
                _create(_client(server.url))
            assert caught.value.status == 403
            assert len(str(caught.value)) < 600


def test_another_adapter_leaves_in_doubt_what_its_error_does_not_rule_out() -> None:
    """Only our own connections note when they are made; an error's kind says less."""
    session = requests.Session()
    with RawServer([Reply(), Reply(GOOD)]).running() as server, pytest.raises(DoubtfulError):
        _create(_client(server.url, session=session))
    with pytest.raises(UnreachableError) as caught:
        _create(_client(f"http://127.0.0.1:{_free_port()}", session=session))
    assert not isinstance(caught.value, DoubtfulError)


def test_a_host_with_a_label_that_is_too_long_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(SettingsError, match="names a host that can't be one"):
        _client(f"https://{'a' * 70}.example", retry_for_s=1)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            requests.ConnectionError(urllib3.exceptions.ProtocolError("x", OSError(113, "x"))),
            "no route to host",
        ),
        (
            requests.ConnectionError(urllib3.exceptions.ProtocolError("x", OSError("x"))),
            "the connection broke",
        ),
        (
            requests.ConnectionError(urllib3.exceptions.ProtocolError("x", TimeoutError("x"))),
            "nothing moved within 2 s",
        ),
        (requests.RequestException("https://u:hush@x"), "the exchange failed (RequestException)"),
        (urllib3.exceptions.HTTPError("https://u:hush@x"), "the exchange failed (HTTPError)"),
    ],
)
def test_a_fault_is_told_in_our_own_words(error: Exception, words: str) -> None:
    assert describe_fault(error, 1, 2) == words
