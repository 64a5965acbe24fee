"""Objects of a store (S3, Google Cloud, Azure) by fsspec's drivers, and their faults in harmless words."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from target_w50.errors import SettingsError
from target_w50.outputs.moments import moment
from target_w50.settings.output_place import STORES, part_of, scheme_of

CONNECT_TIMEOUT_S = 10
OF_DRIVERS = (
    *("aiobotocore", "aiohttp", "asyncio", "botocore", "s3fs"),
    *("adlfs", "azure", "fsspec", "gcsfs", "google"),
)
"""Loggers of the drivers, which say much of what goes into the errors as well."""

_LAST_MODIFIED = ("LastModified", "last_modified", "updated", "mtime", "created")
_GLOB = "*?["
_NOT_IMPLEMENTED = 501
_EXISTS = 412
_WORTH_ANOTHER_TRY = frozenset({408, 409, 425, 429})
_REFUSALS = range(400, 500)
_CAUSES = 8
"""How deep an error's causes are looked into."""


@dataclass(frozen=True)
class StoredObject:
    """An object, as a store lists it.

    Attributes:
        url: its URL.
        size: in bytes.
        modified: when it was last written, as far as the store says.
    """

    url: str
    size: int
    modified: dt.datetime


@dataclass(frozen=True)
class StoreFault:
    """Why a call to a store failed.

    Attributes:
        words: that in words which hold nothing of what the store or its driver said.
        is_refusal: whether the store will say the same again.
    """

    words: str
    is_refusal: bool


class Store:
    """The store that a URL is in; each call is tried once, and raises whatever its driver raises.

    Args:
        url: of an object in it.
        timeout_s: how long it may take to answer.

    Raises:
        SettingsError: its driver is not installed (`extra_missing`).
    """

    def __init__(self, url: str, timeout_s: float) -> None:
        scheme, _, rest = url.partition("://")
        try:
            self._fs = driver(f"{scheme}://{rest.partition('/')[0]}", timeout_s)
        except ImportError:
            raise SettingsError(
                f"outputs at {scheme}:// need what is not installed: pip install "
                f"'target-w50[{STORES[scheme_of(url)]}]'",
                code="extra_missing",
            ) from None
        self._creates = True

    def write(self, url: str, data: bytes) -> None:
        """Write an object, or write it anew."""
        self._fs.pipe_file(url, data)

    def create(self, url: str, data: bytes) -> None:
        """Write an object that is not there yet.

        Raises:
            FileExistsError: it is there.
        """
        if self._creates:
            try:
                self._fs.pipe_file(url, data, mode="create")
            except Exception as error:
                if _status(error) == _EXISTS:
                    raise FileExistsError from error
                if _status(error) != _NOT_IMPLEMENTED and not isinstance(error, NotImplementedError):
                    raise
                self._creates = False  # a server that does not know the condition
            else:
                return
        if self._fs.exists(url):
            raise FileExistsError
        self._fs.pipe_file(url, data)

    def read(self, url: str, start: int | None = None, end: int | None = None) -> bytes:
        """The bytes of an object, or those of a stretch of it."""
        content: bytes = self._fs.cat_file(url, start=start, end=end)
        return content

    def remove(self, url: str) -> None:
        """Remove an object; one that is gone already is well."""
        try:
            try:
                self._fs.rm_file(url)
            except NotImplementedError:
                self._fs.rm(url)  # early versions of adlfs; it asks what is there before
        except FileNotFoundError:
            return

    def find(self, pattern: str) -> list[StoredObject]:
        """The objects that a URL names: one, those of a folder (`.../`), or those that fit a glob.

        Args:
            pattern: such a URL. With `{run_id}` in it, it is a setting, and fits the parts of all runs.
        """
        self._fs.invalidate_cache()
        if "{run_id}" in pattern:
            pattern = part_of(pattern, "[0-9]*").replace("{run_id}", "*")
        if pattern.endswith("/"):
            found = self._fs.find(pattern, detail=True)
        elif any(each in pattern for each in _GLOB):
            found = self._fs.glob(pattern, detail=True)
        else:
            found = {pattern: self._fs.info(pattern)}
        return list(self._objects(found))

    def _objects(self, found: Mapping[str, Mapping[str, Any]]) -> Iterator[StoredObject]:
        for name, about in sorted(found.items()):
            if about.get("type") != "directory":
                url = name if "://" in name else self._fs.unstrip_protocol(name)
                yield StoredObject(url, int(about.get("size") or 0), _modified(about))


@lru_cache
def driver(bucket: str, timeout_s: float) -> Any:
    """The driver for a bucket, kept: to make one takes longer than to write an object.

    Raises:
        ImportError: it is not installed.
    """
    # Only here: a run without URLs imports none of it.
    from upath import UPath  # noqa: PLC0415

    for name in OF_DRIVERS:
        # Else Python prints what nobody has a place for, and it may hold anything.
        logging.getLogger(name).addHandler(logging.NullHandler())
        logging.getLogger(name).setLevel(logging.WARNING)
    found: Any = UPath(bucket, **_options(bucket, timeout_s), skip_instance_cache=True).fs
    if hasattr(found, "retries"):
        found.retries = 1  # s3fs: we try again by ourselves, for as long as the settings say
    return found


def _options(url: str, timeout_s: float) -> dict[str, Any]:
    """What a driver is told beside what it finds by itself."""
    if STORES.get(scheme_of(url)) != "s3":
        return {}
    return {
        "config_kwargs": {
            "connect_timeout": CONNECT_TIMEOUT_S,
            "read_timeout": timeout_s,
            "retries": {"max_attempts": 0},
        }
    }


def _modified(about: Mapping[str, Any]) -> dt.datetime:
    for name in _LAST_MODIFIED:
        told = about.get(name)
        found = told if isinstance(told, dt.datetime) else moment(told)
        if found is not None:
            return found if found.tzinfo else found.replace(tzinfo=dt.timezone.utc)
    return dt.datetime.fromtimestamp(0, dt.timezone.utc)


def fault_of(error: BaseException) -> StoreFault:
    """What is wrong with a store, by what its driver raised; of that no text is taken over."""
    names = " ".join(type(each).__name__ for each in _chain(error))
    status = _status(error)
    if "Credential" in names and status is None:
        return StoreFault("no credentials were found for it", is_refusal=True)
    if status is not None:
        is_refusal = status in _REFUSALS and status not in _WORTH_ANOTHER_TRY
        return StoreFault(f"it answered {status}{_MEANINGS.get(status, '')}", is_refusal=is_refusal)
    if isinstance(error, FileNotFoundError):
        return StoreFault("there is no such bucket, container or object", is_refusal=True)
    # gcsfs has no status in this one.
    if isinstance(error, PermissionError) or (isinstance(error, OSError) and str(error)[:9] == "Forbidden"):
        return StoreFault("it does not allow it", is_refusal=True)
    if isinstance(error, (ValueError, TypeError, NotImplementedError)):
        return StoreFault(f"its driver does not take it ({type(error).__name__})", is_refusal=True)
    if "Timeout" in names:
        return StoreFault("it did not answer in time", is_refusal=False)
    if "Connect" in names:
        return StoreFault("there is no connection to it", is_refusal=False)
    return StoreFault(f"{type(error).__name__} of its driver", is_refusal=False)


_MEANINGS = {
    401: ", it does not know these credentials",
    403: ", these credentials may not do that",
    404: ", there is no such bucket, container or object",
    429: ", too many requests",
    503: ", it is busy or away",
}


def _status(error: BaseException) -> int | None:
    """The HTTP status that a driver's error is about."""
    for each in _chain(error):
        response = getattr(each, "response", None)
        status: object = None
        if isinstance(response, dict):  # botocore
            status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        elif type(each).__name__ == "HttpError":  # gcsfs
            status = getattr(each, "code", None)
        else:  # Azure
            status = getattr(each, "status_code", None)
        if str(status).isdigit() and int(str(status)) >= _REFUSALS.start:
            return int(str(status))
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    at: BaseException | None = error
    for _ in range(_CAUSES):
        if at is None:
            return
        yield at
        at = at.__cause__ or at.__context__
