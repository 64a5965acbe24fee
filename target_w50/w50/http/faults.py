"""What a failed exchange was, in words: found in what requests and urllib3 wrap, said without their texts."""

from __future__ import annotations

import os
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPException
from typing import Final

import requests
import urllib3

from target_w50.w50.http.underway import BoundError

# Not OpenSSL's own text: of a name that does not match it is made of what the certificate holds.
_PLAIN_REASON: Final = {
    9: "it is not valid yet",
    10: "it has expired",
    18: "it is self-signed",
    19: "its chain ends in a certificate that is not known here",
    20: "its issuer is not known here",
    21: "its issuer is not known here",
    62: "it is for another host",
    64: "it is for another host",
}
_NOT_ACCEPTED: Final = "it does not accept our certificate"
_REFUSED_HANDSHAKE: Final = {
    # TLS 1.2 has no alert of its own for a certificate that is missing.
    "CERTIFICATE_REQUIRED": "it demands a certificate of ours",
    "HANDSHAKE_FAILURE": "it demands a certificate of ours, or speaks no cipher that we do",
    "BAD_CERTIFICATE": _NOT_ACCEPTED,
    "UNSUPPORTED_CERTIFICATE": _NOT_ACCEPTED,
    "CERTIFICATE_REVOKED": "our certificate is revoked",
    "CERTIFICATE_EXPIRED": "our certificate has expired",
    "CERTIFICATE_UNKNOWN": _NOT_ACCEPTED,
    "UNKNOWN_CA": "the issuer of our certificate is not known there",
    "ACCESS_DENIED": "our certificate may not do this",
}
_TUNNEL: Final = re.compile(r"Tunnel connection failed: (\d{3})")
_PROXY_ERRORS: Final = (requests.exceptions.ProxyError, urllib3.exceptions.ProxyError)


def says_unconnected(error: BaseException) -> bool:
    """Say whether an error by its kind alone means that no connection was made."""
    kinds = (requests.ConnectTimeout, urllib3.exceptions.ConnectTimeoutError)
    return any(isinstance(cause, kinds) for cause in _causes(error))


@dataclass(frozen=True)
class Distrust:
    """Why one side does not trust the other, in words, and the error's code."""

    words: str
    code: str


def distrust_in(error: BaseException) -> Distrust | None:
    """Return what an error says of trust, if it does: the other side's certificate, or ours.

    Trying again is of no use. And nothing took effect: the one was found before the request was sent; the
    other is the end of a handshake (under TLS 1.3 it may come when the request is on its way, but nobody
    reads that before the handshake ends well).
    """
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            reason = _PLAIN_REASON.get(getattr(cause, "verify_code", 0), "it does not verify")
            return Distrust(
                f"its certificate is not trusted ({reason}); check the URL, this machine's clock, ca_bundle "
                "and REQUESTS_CA_BUNDLE",
                "w50_not_trusted",
            )
        refusal = _REFUSED_HANDSHAKE.get(_alert(cause))
        if refusal is not None:
            return Distrust(
                f"it ended the handshake of TLS: {refusal}; check client_certificate and client_key",
                "client_certificate_refused",
            )
    return None


def _alert(error: BaseException) -> str:
    """Return the alert of TLS that the other side sent, by OpenSSL's name; empty if it is none."""
    reason = getattr(error, "reason", None) if isinstance(error, ssl.SSLError) else None
    return reason.partition("_ALERT_")[2] if isinstance(reason, str) else ""


def describe_fault(error: BaseException, connect_timeout_s: float, read_timeout_s: float) -> str:
    """Describe a fault without the library's own text, which holds addresses and, of a proxy, credentials."""
    causes = list(_causes(error))
    through = "through the proxy: " if any(isinstance(cause, _PROXY_ERRORS) for cause in causes) else ""
    for kinds, words in _FAULTS:
        found = next(
            (cause for cause in causes if isinstance(cause, kinds) and not _tells_nothing(cause)), None
        )
        if found is not None:
            said = words(found) if callable(words) else words
            timeouts = {"{connect}": f"{connect_timeout_s:g} s", "{read}": f"{read_timeout_s:g} s"}
            for name, seconds in timeouts.items():
                said = said.replace(name, seconds)
            return through + said
    return f"{through}the exchange failed ({type(error).__name__})"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all that it was made of: requests and urllib3 wrap in five ways."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        cause = waiting.pop(0)
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        waiting += [*cause.args, getattr(cause, "reason", None), getattr(cause, "original_error", None)]
        waiting += [cause.__cause__, cause.__context__]


def _tells_nothing(cause: BaseException) -> bool:
    """Say whether an error is an OSError only because requests makes all its errors so."""
    telling = (requests.ReadTimeout, requests.ConnectTimeout)
    return isinstance(cause, requests.RequestException) and not isinstance(cause, telling)


def _os_words(cause: BaseException) -> str:
    tunnel = _TUNNEL.search(str(cause))
    if tunnel is not None:
        return f"the proxy refused the tunnel with status {tunnel[1]}"
    number = getattr(cause, "errno", None)
    return os.strerror(number).lower() if isinstance(number, int) else "the connection broke"


def _bound_words(cause: BaseException) -> str:
    return cause.words if isinstance(cause, BoundError) else ""


def _tls_words(cause: BaseException) -> str:
    detail = (
        getattr(cause, "verify_message", None) or getattr(cause, "reason", None) or "the connection broke"
    )
    return f"TLS failed: {detail}"


# In this order: an error that wraps several of these is best told by the first.
_FAULTS: Final[tuple[tuple[tuple[type[BaseException], ...], str | Callable[[BaseException], str]], ...]] = (
    ((BoundError,), _bound_words),
    ((ssl.SSLCertVerificationError,), _tls_words),
    ((requests.ReadTimeout, urllib3.exceptions.ReadTimeoutError), "nothing was answered within {read}"),
    ((ssl.SSLError,), _tls_words),
    ((socket.gaierror,), "the host's name is not known"),
    ((ConnectionRefusedError,), "the connection was refused"),
    ((ConnectionResetError, ConnectionAbortedError, BrokenPipeError), "the connection was cut"),
    ((urllib3.exceptions.NewConnectionError,), "no connection could be made"),
    ((requests.ConnectTimeout, urllib3.exceptions.ConnectTimeoutError), "no connection within {connect}"),
    ((TimeoutError,), "nothing moved within {read}"),
    ((urllib3.exceptions.DecodeError,), "the answer's compression is broken"),
    ((urllib3.exceptions.IncompleteRead, urllib3.exceptions.InvalidChunkLength), "the answer was cut off"),
    ((OSError,), _os_words),
    ((HTTPException, urllib3.exceptions.ProtocolError, ValueError), "what came is not HTTP, or was cut off"),
)
