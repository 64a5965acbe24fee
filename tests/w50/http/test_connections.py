"""Over real sockets: interim answers, what was not asked for, and the end that each exchange has."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from urllib3.util.wait import wait_for_read

from target_w50.errors import DoubtfulError, RefusedError, UnreachableError
from target_w50.w50 import ImportJob, W50Client, bearer
from target_w50.w50.http import connections
from target_w50.w50.http.connections import MAX_INTERIM_ANSWERS
from target_w50.w50.http.transport import whole_s
from target_w50.w50.oauth2 import oauth2
from tests.w50.support import IMPORT_JOB, FakeClock, RawServer, Reply, RunningClock, http

JOB = ImportJob.from_wire(IMPORT_JOB)
GOOD = http(200, IMPORT_JOB)
OTHER = http(200, IMPORT_JOB | {"CurrentStatus": "Left over"})
INTERIM = {
    "100": b"HTTP/1.1 100 Continue\r\n\r\n",
    "102": b"HTTP/1.1 102 Processing\r\n\r\n",
    "103 with links": b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nLink: </b.js>\r\n\r\n",
    "one that nobody knows": b"HTTP/1.1 199 Whatever\r\nContent-Length: 50\r\n\r\n",
    "two": b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n",
}


def _client(url: str, clock: FakeClock | None = None, **options: Any) -> W50Client:
    clock = clock or FakeClock()
    return W50Client(
        url,
        auth=options.pop("auth", bearer("s3cret-token")),
        user_agent="t",
        sleep=clock.sleep,
        monotonic=clock.monotonic,
        random=lambda: 1.0,
        **options,
    )


@pytest.mark.parametrize("interim", INTERIM.values(), ids=INTERIM)
def test_an_interim_answer_is_not_the_answer_and_the_connection_stays_in_step(interim: bytes) -> None:
    """RFC 9110, 15.2: a client must be able to read them even where it does not expect any."""
    with RawServer([Reply(interim + GOOD, keep=True)]).running() as server:
        client = _client(server.url)
        for _ in range(3):
            assert client.create_import_job(42, ["Email"]) == JOB
        assert (len(server.heads), server.connections) == (3, 1)
        client.close()


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(endless=INTERIM["100"]), f"more than {MAX_INTERIM_ANSWERS} interim answers came"),
        (Reply(INTERIM["102"] * (MAX_INTERIM_ANSWERS + 1) + GOOD), "interim answers came"),
        (Reply(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"), "another protocol came"),
    ],
    ids=["endless", "many", "101"],
)
def test_endless_interim_answers_and_another_protocol_are_faults(reply: Reply, words: str) -> None:
    with RawServer([reply]).running() as server:
        with pytest.raises(DoubtfulError, match=words):
            _client(server.url).create_import_job(42, ["Email"])
        assert len(server.heads) == 1
    with RawServer([reply, Reply(GOOD)]).running() as server:
        assert _client(server.url).get_import_job(42, 7) == JOB


def test_so_many_interim_answers_as_may_come_are_read_past() -> None:
    with RawServer([Reply(INTERIM["102"] * MAX_INTERIM_ANSWERS + GOOD)]).running() as server:
        assert _client(server.url).create_import_job(42, ["Email"]) == JOB


LEFTOVERS = {
    "another answer": GOOD + OTHER,
    "a byte too many": GOOD + b"x",
    "after nothing": http(200, b"") + OTHER,
    "after a chunked answer": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"%x\r\n%b\r\n0\r\n\r\n" % (len(json.dumps(IMPORT_JOB)), json.dumps(IMPORT_JOB).encode()) + OTHER,
}


@pytest.mark.parametrize("raw", LEFTOVERS.values(), ids=LEFTOVERS)
def test_a_connection_that_sent_more_than_the_answer_is_not_used_again(raw: bytes) -> None:
    """The next call would take what was left over for its own answer, and the one after it another's."""
    with RawServer([Reply(raw, keep=True), Reply(GOOD, keep=True)]).running() as server:
        client = _client(server.url)
        client.add_contacts(42, 7, b"[]")
        assert client.get_import_job(42, 7) == JOB
        assert server.connections == 2
        client.close()


def test_an_answer_that_comes_before_anything_was_asked_is_nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the request has left, so even a POST is tried again."""
    look = connections._has_come
    monkeypatch.setattr(connections, "_has_come", lambda sock: wait_for_read(sock, 5) and look(sock))
    with RawServer([Reply(GOOD)], greeting=OTHER).running() as server:
        with pytest.raises(UnreachableError, match="before the request was sent") as caught:
            _client(server.url, retry_for_s=1).create_import_job(42, ["Email"])
        assert server.heads == []
        assert server.connections > 1
    assert not isinstance(caught.value, DoubtfulError)


def test_what_waits_in_a_kept_connection_is_nobodys_answer() -> None:
    """It came after the answer, not with it: the connection looks as good as new."""
    with RawServer([Reply(GOOD, keep=True, late=OTHER), Reply(GOOD, keep=True)]).running() as server:
        clock = FakeClock()
        client = _client(server.url, clock)
        client.create_import_job(42, ["Email"])
        server.go.set()
        assert server.sent_late.acquire(timeout=5)
        assert client.get_import_job(42, 7) == JOB
        assert (server.connections, clock.pauses) == (2, [])
        client.close()


def test_a_connection_that_answers_about_something_else_is_not_used_again() -> None:
    """The answer that was asked for may still be under way on it."""
    others = http(200, IMPORT_JOB | {"Id": 8})
    with RawServer([Reply(others, keep=True), Reply(GOOD, keep=True)]).running() as server:
        client = _client(server.url)
        assert client.get_import_job(42, 7) == JOB
        assert server.connections == 2
        client.close()


ENDLESS = {
    "a trickled head": Reply(b"HTTP/1.1 200 OK\r\nX: ", endless=b"x"),
    "headers": Reply(b"HTTP/1.1 200 OK\r\n", endless=b"X: y\r\n" * 500),
    "a body": Reply(http(200, b"{", length=10**9), endless=b" " * 4096),
    "a body without an end": Reply(b"HTTP/1.0 200 OK\r\n\r\n", endless=b" " * 4096),
    "chunks": Reply(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        endless=(b"40\r\n" + b" " * 64 + b"\r\n") * 50,
    ),
    "a chunk's extension": Reply(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", endless=b"a" * 4096
    ),
    "trailers": Reply(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n \r\n0\r\n", endless=b"X: y\r\n" * 500
    ),
}


@pytest.mark.parametrize("reply", ENDLESS.values(), ids=ENDLESS)
def test_whatever_goes_on_and_on_ends_with_the_time_of_the_exchange(reply: Reply) -> None:
    """Each read alone is in time: a byte now and then would keep it for ever."""
    with RawServer([reply]).running() as server:
        with pytest.raises(DoubtfulError):
            _client(server.url, RunningClock(), request_timeout_s=9).create_import_job(42, ["Email"])
        assert len(server.heads) == 1
    with RawServer([reply, Reply(GOOD)]).running() as server:
        client = _client(server.url, RunningClock(), request_timeout_s=9, retry_for_s=100)
        assert client.get_import_job(42, 7) == JOB
        assert len(server.heads) == 2


@pytest.mark.parametrize("reply", ENDLESS.values(), ids=ENDLESS)
def test_whatever_goes_on_fast_ends_with_the_bytes_of_the_answer(reply: Reply) -> None:
    """The clock stands still: without a bound it would burn a core until the time is up."""
    with RawServer([reply]).running() as server, pytest.raises(DoubtfulError):
        _client(server.url).create_import_job(42, ["Email"])


def test_a_trickled_answer_is_told_in_words() -> None:
    said = "create_import_job .*the exchange was not over within 9 s; 127.* may or may not have done it"
    with (
        RawServer([ENDLESS["a trickled head"]]).running() as server,
        pytest.raises(DoubtfulError, match=said),
    ):
        _client(server.url, RunningClock(), request_timeout_s=9).create_import_job(42, ["Email"])


def test_an_error_whose_body_trickles_counts_by_its_status() -> None:
    reply = Reply(http(403, b"Forbidden", length=10**6), endless=b" " * 4096)
    with RawServer([reply]).running() as server, pytest.raises(RefusedError) as caught:
        _client(server.url, RunningClock(), request_timeout_s=9).create_import_job(42, ["Email"])
    assert caught.value.status == 403


def test_a_body_adds_what_it_may_take_to_the_time_of_its_exchange() -> None:
    assert whole_s(300, None) == 300
    assert whole_s(300, b" " * 5_000_000) == 400


def test_a_call_that_has_little_time_ends_with_it() -> None:
    """However long a read, an exchange and trying again may take otherwise."""
    with RawServer([Reply(hang=True)]).running() as server:
        client = _client(server.url, request_timeout_s=300)
        with pytest.raises(UnreachableError, match=r"the exchange was not over within 0\.2 s") as caught:
            client.get_import_job(42, 7, retry_for_s=0, within_s=0.2)
    assert not isinstance(caught.value, DoubtfulError)
    with RawServer([ENDLESS["a body"]]).running() as server:
        client = _client(server.url, RunningClock(), request_timeout_s=300)
        with pytest.raises(UnreachableError):
            client.get_import_job(42, 7, within_s=9)


def test_no_time_is_no_request() -> None:
    with RawServer([Reply(GOOD)]).running() as server:
        with pytest.raises(UnreachableError, match="no time left"):
            _client(server.url).get_import_job(42, 7, within_s=0)
        assert server.connections == 0


@pytest.mark.parametrize("reply", [Reply(hang=True), ENDLESS["a body"]], ids=["hangs", "trickles"])
def test_a_token_that_is_fetched_first_counts(reply: Reply) -> None:
    clock: FakeClock = RunningClock() if reply.endless else FakeClock()
    within_s = 30 if reply.endless else 0.2
    with RawServer([reply]).running() as tokens, RawServer([Reply(GOOD)]).running() as server:
        auth = oauth2(
            tokens.url,
            client_id="c",
            client_secret="s",
            user_agent="t",
            sleep=clock.sleep,
            monotonic=clock.monotonic,
        )
        with pytest.raises(UnreachableError, match=r"not over within|no time left") as caught:
            _client(server.url, clock, auth=auth).get_import_job(42, 7, retry_for_s=0, within_s=within_s)
        assert caught.value.code == "oauth2_unreachable"
        assert server.connections == 0


def test_a_token_that_another_thread_waits_for_is_not_waited_for_without_an_end() -> None:
    clock = FakeClock()
    auth = oauth2(
        "http://127.0.0.1:9",
        client_id="c",
        client_secret="s",
        user_agent="t",
        sleep=clock.sleep,
        monotonic=clock.monotonic,
    )
    with auth._lock, pytest.raises(UnreachableError, match="another request for it is under way"):
        _client("http://127.0.0.1:9", clock, auth=auth).get_import_job(42, 7, within_s=0.01)


@pytest.mark.parametrize("raw", [b"", b"HTTP/1.1 200 OK\r\nX: "], ids=["hangs", "trickles"])
def test_a_proxys_tunnel_and_the_handshake_have_the_time_of_connecting(
    raw: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    reply = Reply(raw, endless=b"x") if raw else Reply(hang=True)
    clock = RunningClock() if raw else FakeClock()
    connect_s = 9.0 if raw else 0.2
    with RawServer([reply]).running() as server:
        monkeypatch.setenv("https_proxy", server.url)
        client = _client("https://w50.example", clock, connect_timeout_s=connect_s, retry_for_s=0)
        with pytest.raises(UnreachableError, match=f"no.* within {connect_s:g} s") as caught:
            client.create_import_job(42, ["Email"])
    assert not isinstance(caught.value, DoubtfulError)


def test_a_handshake_that_hangs_was_never_a_connection() -> None:
    with RawServer([Reply(hang=True)]).running() as server:
        url = server.url.replace("http:", "https:")
        client = _client(url, connect_timeout_s=0.2, request_timeout_s=300, retry_for_s=0)
        with pytest.raises(UnreachableError, match=r"within 0\.2 s") as caught:
            client.create_import_job(42, ["Email"])
    assert not isinstance(caught.value, DoubtfulError)


class ForbiddenError(Exception):
    """What a last look raises."""


def test_the_last_look_is_taken_when_the_connection_is_made_and_before_anything_is_sent() -> None:
    """Connecting, and a token, may take their time; what is learned meanwhile still counts."""
    looks: list[int] = []

    def look() -> None:
        looks.append(1)
        if len(looks) == 2:
            raise ForbiddenError

    with RawServer([Reply(http(200))]).running() as server:
        client = W50Client(server.url, auth=bearer("s3cret"), user_agent="test")
        with pytest.raises(ForbiddenError):
            client.run_import_job(42, 1017, match=(), custom_events=(), last_look=look)
        client.close()
    assert server.heads == []


def test_what_comes_is_acknowledged_at_once_and_what_is_sent_waits_for_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server that writes head and body apart would wait 40 ms for the acknowledgement of the head."""
    acknowledge, seen = connections._acknowledge, []

    def spy(sock: socket.socket) -> None:
        acknowledge(sock)
        names = [name for name in ("TCP_NODELAY", "TCP_QUICKACK") if hasattr(socket, name)]
        seen.append([sock.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) != 0 for name in names])
        if len(seen) > 1:
            server.go.set()

    monkeypatch.setattr(connections, "_acknowledge", spy)
    head, end, body = GOOD.partition(b"\r\n\r\n")
    with RawServer([Reply(head + end, late=body)]).running() as server:
        client = _client(server.url)
        assert client.get_import_job(42, 7) == JOB
        client.close()
    assert len(seen) > 1, "for the head, and for what follows"
    assert all(all(each) for each in seen)


def test_threads_that_share_a_client_keep_a_connection_each() -> None:
    with RawServer([Reply(http(200, b""), keep=True)]).running() as server:
        client, together = _client(server.url), threading.Barrier(4)

        def send() -> None:
            for _ in range(5):
                together.wait(20)
                client.add_contacts(42, 7, b"[]")

        threads = [threading.Thread(target=send) for _ in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        client.close()
    assert (len(server.heads), server.connections <= 4) == (20, True)


def test_a_body_in_pieces_is_sent_whole_and_anew_for_each_try() -> None:
    class Pieces:
        def __len__(self) -> int:
            return 200_002

        def __iter__(self) -> Iterator[bytes]:
            yield from (b"[", b" " * 200_000, b"]")

    with RawServer([Reply(http(429, b"")), Reply(http(200, b""))]).running() as server:
        _client(server.url).add_contacts(42, 7, Pieces())
    assert server.bodies == [b"".join(Pieces())] * 2
    assert "Content-Length: 200002\r\n" in server.heads[1]
    assert "chunked" not in server.heads[1]
