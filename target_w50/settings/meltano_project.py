"""The Meltano project of a folder: where it is, its environment, and the loaders that are this target."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from target_w50.errors import SettingsError

MELTANO_YML = "meltano.yml"
DOT_ENV = ".env"
ROOT_VARIABLE = "MELTANO_PROJECT_ROOT"
ENVIRONMENT_VARIABLE = "MELTANO_ENVIRONMENT"
PROGRAM = "target-w50"
NAMESPACE = "target_w50"

Mapped = Mapping[str, Any]


@dataclass(frozen=True)
class Project:
    """A Meltano project as its files tell of it.

    Attributes:
        path: its `meltano.yml`.
        content: what that file says, with the files that it includes.
        dot_env: the variables of the `.env` beside it.
        environment: the environment in use, as `content` has it; None: none is.
    """

    path: Path
    content: Mapped
    dot_env: Mapping[str, str]
    environment: Mapped | None

    @property
    def root(self) -> Path:
        """The project's folder."""
        return self.path.parent

    @property
    def environment_name(self) -> str | None:
        """What the environment in use is called."""
        return None if self.environment is None else str(self.environment["name"])

    def loaders(self) -> list[Mapped]:
        """All loaders, in their order."""
        return _named(_mapping(self.content.get("plugins")).get("loaders"))

    def loader(self, name: str) -> Mapped | None:
        """The loader of that name."""
        return next((each for each in self.loaders() if each["name"] == name), None)

    def parent_of(self, loader: Mapped) -> Mapped | None:
        """The loader of the project that this one inherits from."""
        name = loader.get("inherit_from")
        return None if name in (None, loader["name"]) else self.loader(str(name))

    def line_of(self, loader: Mapped) -> list[Mapped]:
        """The loader, its parent, the parent's parent and so on.

        Raises:
            SettingsError: the line is a circle.
        """
        line = [loader]
        while (parent := self.parent_of(line[-1])) is not None:
            if parent in line:
                raise SettingsError(f"{self.path}: loader {loader['name']!r} inherits from itself")
            line.append(parent)
        return line

    def ours(self) -> list[Mapped]:
        """The loaders that are this target."""
        return [each for each in self.loaders() if any(map(_is_ours, self.line_of(each)))]

    def in_environment(self, loader: Mapped) -> Mapped:
        """What the environment in use says of the loader."""
        config = _mapping((self.environment or {}).get("config"))
        named = _named(_mapping(config.get("plugins")).get("loaders"))
        return next((each for each in named if each["name"] == loader["name"]), {})

    def declared(self, loader: Mapped) -> list[Mapped] | None:
        """The settings that Meltano knows of the loader, without its parent's.

        They stand in `meltano.yml` where the loader has a namespace of its own, else in the file that
        `meltano add` or `meltano lock` wrote. None: neither has them.
        """
        own = _named(loader.get("settings"))
        if loader.get("namespace") or self.parent_of(loader) is not None:
            return own
        locked = _locked(self.root, str(loader.get("inherit_from") or loader["name"]), loader.get("variant"))
        if locked is None:
            return own or None
        names = {each["name"] for each in own}
        return [*(each for each in locked if each["name"] not in names), *own]


def _is_ours(loader: Mapped) -> bool:
    given = (loader["name"], loader.get("executable"), loader.get("inherit_from"))
    return PROGRAM in given or loader.get("namespace") == NAMESPACE


def find_project(folder: Path, variables: Mapping[str, str]) -> Project | None:
    """The project that `meltano` would take in this folder: the nearest `meltano.yml` here or further up.

    Args:
        folder: where to begin.
        variables: the process's environment; `MELTANO_PROJECT_ROOT` names a project's folder instead.

    Raises:
        SettingsError: the file can't be read, or there is no such environment.
    """
    root = variables.get(ROOT_VARIABLE)
    folders = [Path(root)] if root else [folder, *folder.parents]
    path = next((each / MELTANO_YML for each in folders if (each / MELTANO_YML).is_file()), None)
    return None if path is None else read_project(path, variables)


def read_project(path: Path, variables: Mapping[str, str]) -> Project:
    """The project of a `meltano.yml`.

    Raises:
        SettingsError: as `find_project`.
    """
    if _is_anybodys(path):
        raise SettingsError(
            f"{path} belongs to somebody else, in a folder that everybody may write to: it could send "
            "contacts anywhere. Name the settings with --config."
        )
    dot_env = _dot_env(path.parent / DOT_ENV)
    content = _with_included(path, _read(path))
    name = _environment_name(content, variables, dot_env)
    environments = _named(content.get("environments"))
    environment = next((each for each in environments if each["name"] == name), None)
    if name is not None and environment is None:
        known = ", ".join(repr(each["name"]) for each in environments) or "none"
        raise SettingsError(f"{path} has no environment {name!r}; it has {known}")
    return Project(path, content, dot_env, environment)


def _environment_name(
    content: Mapped, variables: Mapping[str, str], dot_env: Mapping[str, str]
) -> str | None:
    chosen = variables.get(ENVIRONMENT_VARIABLE, dot_env.get(ENVIRONMENT_VARIABLE))
    if chosen:
        return None if chosen.lower() == "null" else chosen
    default = f"MELTANO_DEFAULT_{ENVIRONMENT_VARIABLE.removeprefix('MELTANO_')}"
    return variables.get(default) or dot_env.get(default) or content.get("default_environment") or None


def _is_anybodys(path: Path) -> bool:
    """Whether a stranger may have put the file there: as in `/tmp`, where other projects lie below."""
    try:
        owner, folder = path.stat().st_uid, path.parent.stat().st_mode
    except OSError:
        return False
    return bool(folder & stat.S_IWOTH) and owner not in (0, os.geteuid())


def _read(path: Path) -> dict[str, Any]:
    from ruamel.yaml import YAML  # noqa: PLC0415  # only projects of Meltano need it
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415

    try:
        content = YAML(typ="safe", pure=True).load(path.read_bytes())
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror or 'it can not be read'}") from None
    except (YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f" (line {mark.line + 1})" if mark is not None else ""
        raise SettingsError(f"{path} is not YAML{place}") from None
    if not isinstance(content, dict):
        raise SettingsError(f"{path} is not a project of Meltano")
    return content


def _with_included(path: Path, content: dict[str, Any]) -> dict[str, Any]:
    """The content with the files of `include_paths` merged in: lists grow, else the last one counts."""
    patterns = content.get("include_paths")
    for pattern in patterns if isinstance(patterns, list) else ():
        try:
            found = [each for each in path.parent.glob(str(pattern)) if each != path]
        except (ValueError, NotImplementedError):
            raise SettingsError(f"{path}: {pattern!r} in include_paths is no pattern of Meltano's") from None
        for each in found:
            content = _merged(content, _read(each))
    return content


def _merged(base: dict[str, Any], more: Mapped) -> dict[str, Any]:
    merged = dict(base)
    for name, value in more.items():
        old = merged.get(name)
        if isinstance(old, dict) and isinstance(value, dict):
            merged[name] = _merged(old, value)
        elif isinstance(old, list) and isinstance(value, list):
            merged[name] = [*old, *value]
        else:
            merged[name] = value
    return merged


def _dot_env(path: Path) -> dict[str, str]:
    from dotenv import dotenv_values  # noqa: PLC0415  # only this needs it

    if not path.is_file():
        return {}
    try:
        found = dotenv_values(path, encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror or 'it can not be read'}") from None
    except ValueError:
        raise SettingsError(f"{path} is not UTF-8") from None
    return {name: value for name, value in found.items() if value is not None}


def _locked(root: Path, name: str, variant: object) -> list[Mapped] | None:
    """The settings of the file in which Meltano keeps what its hub says of a loader."""
    folder = root / "plugins" / "loaders"
    exact = [folder / f"{name}--{variant}.lock"] if variant else sorted(folder.glob(f"{name}--*.lock"))
    for path in (*exact, folder / f"{name}.lock"):
        try:
            return _named(_mapping(json.loads(path.read_bytes())).get("settings"))
        except (OSError, ValueError, RecursionError):
            continue
    return None


def _mapping(value: object) -> Mapped:
    return value if isinstance(value, dict) else {}


def _named(value: object) -> list[Mapped]:
    """The members of a list that are objects with a name."""
    members: Sequence[object] = value if isinstance(value, list) else ()
    return list(_with_name(members))


def _with_name(members: Sequence[object]) -> Iterator[Mapped]:
    for each in members:
        if isinstance(each, dict) and isinstance(each.get("name"), str):
            yield each
