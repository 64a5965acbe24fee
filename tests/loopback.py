"""Nothing that a test does in its own process goes beyond this machine."""

from __future__ import annotations

import functools
import ipaddress
import socket
from collections.abc import Callable
from typing import Any

AWAY: list[str] = []
"""Where something wanted to go."""

RESERVED = (".invalid", ".example", ".test")
"""Names that nobody has (RFC 6761): they are looked for nowhere, as if there were no such name."""


def stay() -> None:
    """From now on, whatever would leave this machine fails, and is noted in `AWAY`.

    An audit hook would see the same, and while it runs no other thread can begin where coverage is measured:
    a thread that begins sets a trace function, which is audited, and Python does not take two at once.
    """
    for name in ("connect", "connect_ex"):
        setattr(socket.socket, name, _staying(getattr(socket.socket, name)))
    look_up = socket.getaddrinfo

    @functools.wraps(look_up)
    def looked_up(host: Any, *more: Any, **named: Any) -> Any:
        _heed(host)
        return look_up(host, *more, **named)

    socket.getaddrinfo = looked_up


def _staying(connect: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(connect)
    def connected(self: socket.socket, address: Any) -> Any:
        if isinstance(address, tuple):
            _heed(address[0])
        return connect(self, address)

    return connected


def _heed(host: object) -> None:
    if not _is_here(host):
        _refuse(str(host))


def _refuse(host: str) -> None:
    if not host.endswith(RESERVED):
        AWAY.append(host)
    raise socket.gaierror(socket.EAI_NONAME, "Tests stay on this machine")


def _is_here(host: object) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if not name or not isinstance(name, str) or name == "localhost" or name == socket.gethostname():
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
