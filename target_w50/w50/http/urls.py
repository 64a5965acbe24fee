"""Which URLs the client talks to: https, or plain http on this machine alone."""

from __future__ import annotations

import ipaddress
import re
import socket
from urllib.parse import urlsplit

from target_w50.errors import SettingsError

_BLANK_OR_CONTROL = re.compile(r"[\x00-\x20\x7f\\]")


def check_url(url: str, *, setting: str, allow_http: bool = False) -> str:
    """Return the URL without a slash at its end, once it is fit to carry credentials.

    Args:
        url: what the user set; it is never shown, as it might hold credentials.
        setting: the setting's name, for messages.
        allow_http: whether plain http is allowed beyond the loopback addresses.

    Raises:
        SettingsError: it is no such URL; with code `insecure_url` where it is plain http.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
        host = parts.hostname
    except ValueError:
        raise _fault(setting, "is not a URL") from None
    if _BLANK_OR_CONTROL.search(url):
        raise _fault(setting, "holds white space, control characters or a backslash")
    if parts.scheme not in ("http", "https") or not host:
        raise _fault(setting, "must begin with https:// (or http:// on this machine) and name a host")
    if "@" in parts.netloc:
        raise _fault(setting, "must not hold a user name or password; there are settings for them")
    if "?" in url or "#" in url:
        raise _fault(setting, "must not have a query or a fragment")
    try:
        _check_name(host)
    except ValueError:
        raise _fault(setting, "names a host that can't be one") from None
    if parts.scheme == "http" and not allow_http and not is_loopback(host):
        raise _fault(
            setting,
            "is plain http, which shows credentials and contacts to anyone; use https, or set allow_http",
            code="insecure_url",
        )
    return url.rstrip("/")


def check_proxy(url: str) -> None:
    """Say whether a proxy of the environment can be one.

    Raises:
        SettingsError: it names no host, or is no URL; it is never shown, as it might hold credentials.
    """
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        is_one = bool(parts.hostname) and (parts.port is None or parts.port > 0)
        _check_name(parts.hostname or "")
    except ValueError:
        is_one = False
    if not is_one:
        raise _fault("the proxy of the environment (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY)", "names no host")


def _check_name(host: str) -> None:
    """Raise a ValueError (UnicodeError is one) for a name that no resolver takes."""
    if not host or host.startswith(("*", ".")) or ".." in host:
        raise ValueError("no name of a host")
    host.encode("idna")


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine: localhost, 127.0.0.0/8 (in any of its spellings) or ::1."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        try:
            address = ipaddress.ip_address(socket.inet_aton(host))  # 127.1, 0x7f000001
        except (OSError, UnicodeError):
            return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def goes_past_proxies(host: str) -> bool:
    """Say whether a host is this machine by its name alone, so that no proxy has to do with it.

    A name that only a resolver leads to loopback is not: it is not asked before a proxy is chosen, as behind
    one it often can't be. `*.localhost` is this machine by RFC 6761; but as a resolver may lead it elsewhere,
    that is no leave for plain http.
    """
    return is_loopback(host) or host.lower().rstrip(".").endswith(".localhost")


def _fault(setting: str, reason: str, *, code: str | None = None) -> SettingsError:
    message = f"{setting} {reason}"
    return SettingsError(message, faults=(message,), code=code)
