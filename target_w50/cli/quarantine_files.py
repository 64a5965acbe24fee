"""Quarantine files as commands find them, and what of the settings counts for what is in them."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TypeAlias

from target_w50.errors import SettingsError
from target_w50.journal.person import ENC_CONTACT_ID_NAME
from target_w50.outputs.quarantine_lines import OfContact
from target_w50.outputs.quarantine_search import unreadable
from target_w50.outputs.store_calls import CallFailedError
from target_w50.outputs.stored_files import StoredFiles
from target_w50.outputs.stores import StoredObject
from target_w50.settings.model import Settings, settings_from
from target_w50.settings.output_place import is_url

Place: TypeAlias = Path | tuple[StoredFiles, StoredObject]
"""A file, or an object with the store that it is in."""
NEEDED = ("streams", "quarantine_path")
"""What of the settings counts here."""


def streams_of(values: Mapping[str, Any]) -> Settings:
    """The settings, of which only the streams are needed, if there are any.

    Raises:
        SettingsError: they can't be used.
    """
    return settings_from(
        {"auth_token": "-", **{name: values[name] for name in NEEDED if name in values}},
        streams_required=False,
    )


def wish_for(name: str, value: str, settings: Settings) -> OfContact:
    """Records that hold the value in a property of this name, or in one that goes to this FieldName."""
    also = [each for entry in settings.streams for each, field in entry.fields.items() if field == name]
    if name == ENC_CONTACT_ID_NAME:
        also += [entry.enc_contact_id for entry in settings.streams if entry.enc_contact_id]
    return OfContact(name, also, value)


def found(files: Sequence[str]) -> list[Place]:
    """The files of paths and globs, and the objects of URLs.

    Raises:
        SettingsError: there is none (`quarantine_missing`), or a store can't be read (`quarantine_unusable`).
    """
    return [*_found(files)]


def _found(files: Sequence[str]) -> Iterator[Place]:
    for file in files:
        if is_url(file):
            stored = _stored(file)
            if not stored:
                raise SettingsError(
                    f"There is no object {file}. Nothing was changed.", code="quarantine_missing"
                )
            yield from stored
            continue
        if Path(file).exists() or Path(file).is_symlink():
            yield Path(file)
            continue
        matches = _matching(file)
        if not matches:
            raise SettingsError(f"There is no file {file}. Nothing was changed.", code="quarantine_missing")
        yield from matches


def of_settings(values: Mapping[str, Any]) -> list[Place]:
    """The files or objects of `quarantine_path`, those of all runs; there may be none yet.

    Raises:
        SettingsError: it is not set, or a store can't be read (`quarantine_unusable`).
    """
    path = values.get("quarantine_path")
    if not path:
        raise SettingsError(
            "Name the quarantine files, or settings with `quarantine_path` (--config FILE).", code="usage"
        )
    if is_url(path):
        return _stored(path)
    return [*_matching("*".join(map(glob.escape, path.split("{run_id}"))))]


def _stored(url: str) -> list[Place]:
    """The objects that a URL names."""
    store = StoredFiles(url)
    try:
        return [(store, each) for each in store.find()]
    except CallFailedError as failed:
        raise _unreadable(url, failed) from None


def _unreadable(url: str, failed: CallFailedError) -> SettingsError:
    return SettingsError(
        f"{url} can't be read: {failed.fault.words}. Nothing was changed.", code="quarantine_unusable"
    )


def _matching(pattern: str) -> list[Path]:
    return sorted(map(Path, glob.glob(pattern)))  # noqa: PTH207  # Path.glob takes no absolute pattern


def name_of(place: Place) -> str:
    """Its path, or its URL."""
    return str(place) if isinstance(place, Path) else place[1].url


@contextmanager
def opened(place: Place) -> Iterator[IO[bytes]]:
    """What is in it, to be read.

    Raises:
        SettingsError: it can't be read (`quarantine_unusable`).
        StoreError: its store can't be reached.
    """
    try:
        file = place.open("rb") if isinstance(place, Path) else place[0].fetch(place[1])
    except CallFailedError as failed:
        raise _unreadable(name_of(place), failed) from None
    except OSError as error:
        raise unreadable(name_of(place), error) from None
    with file:
        yield file
