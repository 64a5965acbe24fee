"""Settings put into a JSON file that the target takes by `--config`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from target_w50.cli.setup.entries import ProposedEntry
from target_w50.cli.setup.files import as_json, read_text, write_whole
from target_w50.errors import SettingsError


class ConfigFile(Protocol):
    """A configuration that gets settings and entries of `streams`."""

    def streams(self) -> list[str]:
        """The streams that its entries are for."""

    def setting(self, name: str) -> Any:
        """What it says of a setting."""

    def text_with(
        self, settings: Mapping[str, Any], entries: Sequence[ProposedEntry], secrets: Sequence[str] = ()
    ) -> str:
        """Its text with these settings and entries in it."""

    def write(self, changed: str) -> None:
        """Write such a text."""


class JsonFile:
    """A JSON file with settings, which may not be there yet.

    Args:
        path: the file.

    Raises:
        SettingsError: it is there, and no JSON object.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._before = read_text(path)
        try:
            content = json.loads(self._before or "{}")
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            raise SettingsError(f"{path} is not a JSON object; it is left as it is.")
        self._content: dict[str, Any] = content

    @property
    def is_there(self) -> bool:
        """Whether there is such a file."""
        return self._before is not None

    def streams(self) -> list[str]:
        """The streams that its entries are for."""
        streams = self._content.get("streams")
        named = streams if isinstance(streams, list) else []
        return [str(each.get("stream")) for each in named if isinstance(each, dict)]

    def setting(self, name: str) -> Any:
        """What it says of a setting."""
        return self._content.get(name)

    def text_with(
        self, settings: Mapping[str, Any], entries: Sequence[ProposedEntry], secrets: Sequence[str] = ()
    ) -> str:
        """Its text with these settings and entries; each takes the place of one for the same stream.

        A setting of None is taken out.
        """
        del secrets  # they stand in files of their own
        streams = [
            each
            for each in self._content.get("streams") or []
            if not any(isinstance(each, dict) and each.get("stream") == entry.stream for entry in entries)
        ]
        streams += [each.entry for each in entries]
        content = {**self._content, **settings, "streams": streams}
        return as_json({name: value for name, value in content.items() if value is not None})

    def write(self, changed: str) -> None:
        """Write a text that `text_with` made."""
        write_whole(self._path, changed, before=self._before)
