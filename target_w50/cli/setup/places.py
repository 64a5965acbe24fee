"""Where `w50 init` writes: a JSON file and a secret beside it, or a loader of `meltano.yml` and `.env`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from target_w50.cli.setup.entries import ProposedEntry, meltano_block, yaml_value
from target_w50.cli.setup.json_file import JsonFile
from target_w50.cli.setup.meltano_yml import MeltanoFile
from target_w50.cli.setup.secrets import Keep, KeptSecret
from target_w50.errors import SettingsError
from target_w50.settings.meltano import MeltanoLoader, find_loader
from target_w50.settings.meltano_project import DOT_ENV, MELTANO_YML, PROGRAM, find_project, read_project
from target_w50.settings.meltano_values import namespace_of, variable_names
from target_w50.settings.sources import ENV_PREFIX

CONFIG_JSON = "config.json"


def usual_place(folder: Path) -> Path:
    """The project's `meltano.yml` where the folder belongs to one, else `config.json`."""
    project = find_project(folder, os.environ)
    return Path(CONFIG_JSON) if project is None else project.path


@dataclass
class Place:
    """Settings are written there: what both kinds have in common.

    Attributes:
        path: the file of the settings.
        keep: where the secret is kept.
    """

    path: Path
    keep: Keep

    def secret_file(self, setting: str) -> Path:
        """The file of its own that a secret gets."""
        return self.path.resolve().parent / f"w50-{setting.replace('_', '-')}"


class JsonPlace(Place):
    """A JSON file."""

    def __init__(self, path: Path, keep: Keep | None) -> None:
        super().__init__(path, keep or Keep.FILE)
        self.file = JsonFile(path)

    @property
    def known(self) -> Mapping[str, Any]:
        """The settings that stand there."""
        return json.loads(self.file.text_with({}, [])) if self.file.is_there else {}

    def kept(self, setting: str, secret: str) -> KeptSecret:
        """What is going to hold the secret."""
        if self.keep is Keep.DOT_ENV:
            return KeptSecret(Path(DOT_ENV), ENV_PREFIX + setting.upper(), secret)
        return KeptSecret(self.secret_file(setting), None, secret)

    def conflicts(self, settings: Mapping[str, Any], entries: Sequence[ProposedEntry]) -> str | None:
        """What would be written over."""
        del settings, entries
        return f"{self.path} is there already" if self.file.is_there else None

    def text(self, settings: Mapping[str, Any], entries: Sequence[ProposedEntry], secret: str | None) -> str:
        """The file's new text."""
        del secret
        # A secret stands either in the settings or in a file that they name: the old one goes.
        old = {name.removesuffix("_file"): None for name in settings if name.endswith("_file")}
        return self.file.text_with({**settings, **old}, entries)

    def print_text(self, settings: Mapping[str, Any], entries: Sequence[ProposedEntry]) -> str:
        """What belongs there, for who writes it."""
        return self.file.text_with(settings, entries)

    def write(self, text: str) -> None:
        """Write such a text."""
        self.file.write(text)

    def options(self) -> str:
        """What a command takes the settings by."""
        return f" --config {self.path}" + (" --config ENV" if self.keep is not Keep.FILE else "")

    def differs(self, written: Mapping[str, Any]) -> Iterable[str]:
        """Settings that come from elsewhere all the same."""
        del written
        return ()


class MeltanoPlace(Place):
    """A loader of a `meltano.yml`."""

    def __init__(self, path: Path, keep: Keep | None, loader: str | None) -> None:
        super().__init__(path, keep or Keep.DOT_ENV)
        if not path.is_file():
            raise SettingsError(f"There is no {path}: `meltano init` makes a project.", code="usage")
        self.project = read_project(path, os.environ)
        ours = [str(each["name"]) for each in self.project.ours()]
        if loader is None and len(ours) > 1:
            raise SettingsError(
                f"{path} has several loaders that are target-w50 ({', '.join(map(repr, ours))}): say which "
                "with --loader NAME",
                code="usage",
            )
        self.name = loader or (ours[0] if ours else PROGRAM)
        self.file = MeltanoFile(path, self.name)

    def _read(self) -> MeltanoLoader | None:
        found = find_loader(self.path.resolve().parent, os.environ, self.name)
        return found if isinstance(found, MeltanoLoader) else None

    @property
    def known(self) -> Mapping[str, Any]:
        """The settings that Meltano hands to the loader now."""
        found = self._read() if self.file.has_loader else None
        return {} if found is None else found.values

    def _variable(self, setting: str) -> str:
        loader = self.project.loader(self.name) or {"name": self.name}
        return variable_names(loader, {"name": setting}, namespace_of(loader))[0]

    def kept(self, setting: str, secret: str) -> KeptSecret:
        """What is going to hold the secret."""
        if self.keep is Keep.FILE:
            return KeptSecret(self.secret_file(setting), None, secret)
        return KeptSecret(self.path.resolve().parent / DOT_ENV, self._variable(setting), secret)

    def conflicts(self, settings: Mapping[str, Any], entries: Sequence[ProposedEntry]) -> str | None:
        """What would be written over."""
        known = self.file.streams()
        same = [f"an entry for stream {each.stream!r}" for each in entries if each.stream in known]
        same += [
            f"another `{name}`"
            for name, value in settings.items()
            if self.file.setting(name) not in (None, value)
        ]
        return f"Loader {self.name} of {self.path} has {' and '.join(same)} already" if same else None

    def text(self, settings: Mapping[str, Any], entries: Sequence[ProposedEntry], secret: str | None) -> str:
        """The file's new text.

        Args:
            settings: to set.
            entries: of `streams`.
            secret: the setting whose value stands in `.env`.
        """
        return self.file.text_with(
            {**settings, **self._passed_on(secret)}, entries, [] if secret is None else [secret]
        )

    def _passed_on(self, secret: str | None) -> dict[str, str]:
        """What has Meltano pass on a secret which the loader does not declare."""
        loader = self.project.loader(self.name)
        if secret is None or loader is None or self.keep is Keep.FILE:
            return {}
        declared = [self.project.declared(each) for each in self.project.line_of(loader)]
        if None in declared or any(each["name"] == secret for some in declared for each in some or ()):
            return {}
        return {secret: f"${self._variable(secret)}"}

    def print_text(self, settings: Mapping[str, Any], entries: Sequence[ProposedEntry]) -> str:
        """What belongs below `config`, for who writes it."""
        lines = [f"{name}: {yaml_value(value)}" for name, value in settings.items()]
        return "\n".join([*lines, *meltano_block(entries), ""])

    def write(self, text: str) -> None:
        """Write such a text."""
        self.file.write(text)

    def options(self) -> str:
        """What a command takes the settings by, in the project's folder."""
        several = len(self.project.ours()) > 1
        return f" --loader {self.name}" if several else ""

    def differs(self, written: Mapping[str, Any]) -> Iterable[str]:
        """Settings that Meltano takes from elsewhere all the same: a variable, or the environment in use."""
        found = self._read()
        values = {} if found is None else found.values
        return [name for name, value in written.items() if values.get(name) != value]


def place_of(path: Path, keep: Keep | None, loader: str | None) -> JsonPlace | MeltanoPlace:
    """The place by its name's end.

    Raises:
        SettingsError: it can't be read, or `--loader` does not fit.
    """
    if path.suffix in (".yml", ".yaml"):
        return MeltanoPlace(path, keep, loader)
    if loader is not None:
        raise SettingsError(f"--loader is for a {MELTANO_YML}.", code="usage")
    return JsonPlace(path, keep)
