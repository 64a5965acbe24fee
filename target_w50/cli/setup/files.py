"""Files that are written whole or not at all, and never over what somebody else has just written."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from target_w50.errors import SettingsError

OWNERS_ALONE = 0o600


def write_whole(path: Path, content: str, *, before: str | None, mode: int | None = None) -> None:
    """Write the file beside its place and move it there, so that an end at any moment leaves the old one.

    Args:
        path: where to; a link is followed.
        content: all of it.
        before: what stands there, as it was read; None: nothing does.
        mode: of the file; None: as it was, and of a new one its owner's alone.

    Raises:
        SettingsError: it can't be written, or has changed since it was read.
    """
    place = path.resolve()
    try:
        there = place.stat() if place.exists() else None
        if read_text(path) != before:
            raise SettingsError(
                f"{path} was changed meanwhile, and is left as it is. Try again.", code="output_unwritable"
            )
        handle, name = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            if there is not None:
                with contextlib.suppress(PermissionError):
                    os.chown(name, there.st_uid, there.st_gid)
            old_mode = OWNERS_ALONE if there is None else there.st_mode & 0o7777
            os.chmod(name, old_mode if mode is None else mode)  # noqa: PTH101  # a name of mkstemp's
            os.replace(name, place)  # noqa: PTH105  # the same
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)  # noqa: PTH108  # the same
            raise
    except OSError as error:
        raise SettingsError(
            f"{path} can't be written: {error.strerror or error}.", code="output_unwritable"
        ) from None


def read_text(path: Path) -> str | None:
    """The file's text with its line ends as they are; None where there is no file.

    Raises:
        SettingsError: it can't be read.
    """
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SettingsError(f"{path} can't be read: {error.strerror or error}.") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path} is not UTF-8.") from None


def as_json(settings: Mapping[str, Any]) -> str:
    """The settings as the text of a configuration file."""
    return json.dumps(settings, indent=2, ensure_ascii=False) + "\n"
