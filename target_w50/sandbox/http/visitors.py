"""Who stands behind a request: a program or a person on this machine, or a web page of some other site.

A browser takes any page's requests to loopback, and a name that a page owns may be pointed at loopback too.
What the browser says of a request's origin tells them apart, whatever the request itself looks like.
"""

from __future__ import annotations

import re

from werkzeug.datastructures import Headers

_LOOPBACK_HOST = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?\Z", re.IGNORECASE)
_OWN_SITES = ("same-origin", "none")
"""`Sec-Fetch-Site` of the sandbox's own page, and of an address that a person typed. A page on another port
of loopback is `same-site`: it is a stranger all the same."""
_SHOWN_TO_ALL = ("/", "/favicon.ico")
"""The page holds nothing by itself, so that a link to it may stand anywhere."""


def why_turned_away(headers: Headers, path: str) -> str | None:
    """Why a request is not served, in words for who sent it; None: it is served."""
    host = headers.get("Host", "")
    if not _LOOPBACK_HOST.match(host):
        return (
            "The sandbox is called by a loopback address or localhost; the Host header names something else."
        )
    if path in _SHOWN_TO_ALL:
        return None
    origins, sites = headers.getlist("Origin"), headers.getlist("Sec-Fetch-Site")
    if any(origin.lower() != f"http://{host.lower()}" for origin in origins) or any(
        site not in _OWN_SITES for site in sites
    ):
        return "A web page of another site may not call the sandbox."
    return None


def why_not_of_the_page(headers: Headers) -> str | None:
    """Why a form was not sent by the sandbox's own page, in words; None: it was.

    A form of any page reaches loopback without asking, so that the browser has to vouch for it: each one says
    where a POST comes from. What says nothing is no browser, and sends JSON to the other control calls.
    """
    host = headers.get("Host", "").lower()
    if [origin.lower() for origin in headers.getlist("Origin")] == [f"http://{host}"]:
        return None
    if headers.getlist("Sec-Fetch-Site") == ["same-origin"] and "Origin" not in headers:
        return None
    return "Forms are for the sandbox's own page; programs send JSON to /_sandbox/faults and /_sandbox/reset."
