"""Which URLs the client talks to: https, or plain http on this machine alone."""

from __future__ import annotations

import ipaddress
import re
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
        raise _fault(setting, "must begin with https:// and name a host")
    if "@" in parts.netloc:
        raise _fault(setting, "must not hold a user name or password; there are settings for them")
    if "?" in url or "#" in url:
        raise _fault(setting, "must not have a query or a fragment")
    if parts.scheme == "http" and not allow_http and not is_loopback(host):
        raise _fault(
            setting,
            "is plain http, which shows credentials and contacts to anyone; use https, or set allow_http",
            code="insecure_url",
        )
    return url.rstrip("/")


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine: localhost, 127.0.0.0/8 or ::1."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _fault(setting: str, reason: str, *, code: str | None = None) -> SettingsError:
    message = f"{setting} {reason}"
    return SettingsError(message, faults=(message,), code=code)
