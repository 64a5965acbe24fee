"""Nothing that a test does in its own process goes beyond this machine."""

from __future__ import annotations

import ipaddress
import socket
import sys
from typing import Any

AWAY: list[str] = []
"""Where something wanted to go."""

RESERVED = (".invalid", ".example", ".test")
"""Names that nobody has (RFC 6761): they are looked for nowhere, as if there were no such name."""


def stay() -> None:
    """From now on, whatever would leave this machine fails, and is noted in `AWAY`."""
    sys.addaudithook(_heed)


def _heed(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.getaddrinfo":
        host = arguments[0]
        if not _is_here(host):
            _refuse(str(host))
    elif event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
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
