"""What `metrics_path` and `quarantine_path` may name: a file, or numbered objects of a store by a URL."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

RUN_ID = "{run_id}"
STORES = {
    "s3": "s3",
    "s3a": "s3",
    "gs": "gcs",
    "gcs": "gcs",
    "az": "azure",
    "abfs": "azure",
    "abfss": "azure",
}
"""How a URL begins, and the extra with the driver of such stores."""

_CONTAINER_AT_ACCOUNT = ("abfs", "abfss")
_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9]*$")


def is_url(place: str) -> bool:
    """Whether it is meant to name a place in a store rather than a file."""
    return "://" in place


def scheme_of(url: str) -> str:
    """How the URL begins, in lower case."""
    return url.partition("://")[0].lower()


def part_of(url: str, number: int | str) -> str:
    """The object that holds a numbered part: the number stands before the suffix of its name.

    `s3://bucket/{run_id}.singer` has the parts `s3://bucket/{run_id}-0001.singer` and so on.

    Args:
        url: as the settings have it.
        number: from 1, written with four digits; or what stands for any number in a pattern.
    """
    suffix = _SUFFIX.search(url)
    at = suffix.start() if suffix and "/" not in suffix[0] else len(url)
    counted = f"{number:04}" if isinstance(number, int) else number
    return f"{url[:at]}-{counted}{url[at:]}"


def url_fault(url: str) -> str | None:
    """What is wrong with a URL of a store, without showing it; None if nothing is.

    Credentials come the driver's own ways. In a URL they would be in the log of whoever shows the settings.
    """
    scheme, _, rest = url.partition("://")
    if scheme.lower() not in STORES:
        return "must be the path of a file, or a URL that begins with s3://, gs:// or az://"
    authority, _, path = rest.partition("/")
    secret = ":" in authority or ("@" in authority and scheme.lower() not in _CONTAINER_AT_ACCOUNT)
    if secret or any(character in url for character in "?#"):
        return "must be a URL without credentials, port, `?` and `#`; its driver finds credentials by itself"
    if any(ord(character) < ord(" ") for character in url):
        return "has a character that is not allowed in it"
    if not authority or not path.strip("/"):
        return "must be a URL with a bucket or container, and the name of an object in it"
    return None


def output_faults(given: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the places of the outputs, without showing them.

    Args:
        given: the settings that are sound.
    """
    for name in ("quarantine_path", "metrics_path"):
        place = given.get(name, "")
        if "\0" in place:
            yield f"`{name}` must be the path of a file, or a URL"
        elif is_url(place):
            fault = url_fault(place)
            if fault is None and place.endswith("/"):
                fault = "must name an object, not a folder"
            if fault is None and RUN_ID not in place.partition("://")[2].partition("/")[2]:
                fault = (
                    "must hold {run_id} if it is a URL: objects can't be appended to, so each run has its own"
                )
            if fault is not None:
                yield f"`{name}` {fault}"
    if "metrics_path" in given and _same(given["metrics_path"], given.get("quarantine_path")):
        yield "`metrics_path` and `quarantine_path` must not be the same file"


def _same(one: str, other: str | None) -> bool:
    if other is None or not (is_url(one) and is_url(other)):
        return one == other
    stores = [STORES.get(scheme_of(each)) for each in (one, other)]
    return stores[0] == stores[1] and one.partition("://")[2] == other.partition("://")[2]
