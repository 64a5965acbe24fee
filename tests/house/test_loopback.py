"""No test goes beyond this machine: what would is refused, and noted."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests import loopback

ELSEWHERE = "192.0.2.1"
"""An address that nobody has (RFC 5737)."""


@pytest.fixture
def connection() -> Iterator[socket.socket]:
    with socket.socket() as connection:
        yield connection


@pytest.mark.parametrize(
    ("go", "where"),
    [
        (lambda connection: connection.connect((ELSEWHERE, 80)), ELSEWHERE),
        (lambda connection: connection.connect_ex((ELSEWHERE, 80)), ELSEWHERE),
        (lambda _: socket.create_connection((ELSEWHERE, 80)), ELSEWHERE),
        (lambda _: socket.getaddrinfo(host="w50.com", port=80), "w50.com"),
    ],
    ids=["connect", "connect_ex", "create_connection", "getaddrinfo"],
)
def test_who_would_leave_is_refused_and_noted(
    connection: socket.socket, go: Callable[[socket.socket], Any], where: str
) -> None:
    with pytest.raises(socket.gaierror, match="stay on this machine"):
        go(connection)
    noted, loopback.AWAY[:] = [*loopback.AWAY], []
    assert noted == [where]


def test_what_nobody_has_is_refused_and_no_wish_to_leave() -> None:
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("w50.example", 80)
    assert loopback.AWAY == []
