"""The settings that Meltano would hand to a loader of its project: merged, expanded and typed as it does.

What stands here was read off Meltano 4.4: a value comes from the first of the process's environment, `.env`,
the environment in use, the loader itself, the loader that it inherits from, and its declaration.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from target_w50.errors import SettingsError
from target_w50.settings.meltano_project import DOT_ENV, Mapped, Project, find_project
from target_w50.settings.meltano_system import system_settings
from target_w50.settings.meltano_values import (
    DOT,
    cast,
    expanded,
    flattened,
    namespace_of,
    put,
    texts,
    variable_names,
    without_dots,
)
from target_w50.settings.schema import SETTINGS_SCHEMA


@dataclass(frozen=True)
class MeltanoLoader:
    """A loader of a Meltano project, as `w50` takes its settings.

    Attributes:
        path: the project's `meltano.yml`.
        name: the loader's.
        environment: the environment in use.
        values: the settings.
        remarks: what Meltano would not pass on, or what could not be followed; sentences without values.
        secret_files: the project's files that hold a secret of the loader.
    """

    path: Path
    name: str
    environment: str | None
    values: dict[str, Any] = field(repr=False)
    remarks: tuple[str, ...] = ()
    secret_files: tuple[Path, ...] = ()

    @property
    def words(self) -> str:
        """Where the settings come from, in a line."""
        environment = f"environment {self.environment}" if self.environment else "no environment"
        return f"settings from {self.path}, loader {self.name}, {environment}"


def find_loader(
    folder: Path, variables: Mapping[str, str], name: str | None = None
) -> MeltanoLoader | Path | None:
    """The loader of the project that `folder` belongs to.

    Args:
        folder: the working folder.
        variables: the process's environment.
        name: which loader; None: the only one that is this target.

    Returns:
        The loader; or the `meltano.yml` where that has none; or None where there is no project.

    Raises:
        SettingsError: the project can't be read, the name is none of its loaders, or it must be said which.
    """
    project = find_project(folder, variables)
    if project is None:
        if name is not None:
            raise SettingsError(
                "--loader names a loader of meltano.yml, and there is none here", code="usage"
            )
        return None
    ours = project.ours()
    names = ", ".join(repr(each["name"]) for each in ours)
    if name is not None:
        chosen = [each for each in ours if each["name"] == name]
        if not chosen:
            raise SettingsError(
                f"{project.path} has no loader {name!r} that is target-w50; it has {names or 'none'}",
                code="usage",
            )
        return loader_of(project, chosen[0], variables)
    if len(ours) > 1:
        raise SettingsError(
            f"{project.path} has {len(ours)} loaders that are target-w50 ({names}): say which with "
            "--loader NAME",
            code="usage",
        )
    return loader_of(project, ours[0], variables) if ours else project.path


def loader_of(project: Project, loader: Mapped, variables: Mapping[str, str]) -> MeltanoLoader:
    """The loader with its settings.

    Raises:
        SettingsError: Meltano could not read a value; all faults at once, without values.
    """
    reading = _Reading(project, project.line_of(loader), variables)
    values = reading.values()
    if reading.faults:
        raise SettingsError(
            f"{project.path}: " + "; ".join(reading.faults) + ". Nothing was read or sent.",
            faults=tuple(reading.faults),
        )
    remarks = (*reading.remarks(), *system_settings(project, str(loader["name"])))
    return MeltanoLoader(
        project.path,
        str(loader["name"]),
        project.environment_name,
        values,
        remarks,
        tuple(reading.secret_files()),
    )


def here(name: str | None = None) -> MeltanoLoader | Path | None:
    """`find_loader` for the working folder and the environment of this process."""
    return find_loader(Path.cwd(), os.environ, name)


class _Reading:
    """One reading of a loader's settings; notes what is wrong with them meanwhile.

    Args:
        line: the loader, then those that it inherits from.
    """

    def __init__(self, project: Project, line: list[Mapped], variables: Mapping[str, str]) -> None:
        self._project = project
        self._line = line
        self._variables = variables
        self._environment = self._with_overrides()
        self._unset: set[str] = set()
        self.faults: list[str] = []
        self._definitions = self._defined()

    def _with_overrides(self) -> dict[str, str]:
        """The process's environment, below what the project's `env` keys say."""
        project = self._project
        environment = {
            **self._variables,
            "MELTANO_PROJECT_ROOT": str(project.root),
            "MELTANO_ENVIRONMENT": project.environment_name or "",
            "MELTANO_SYS_DIR_ROOT": self._variables.get(
                "MELTANO_SYS_DIR_ROOT", str(project.root / ".meltano")
            ),
            **texts(project.content.get("env")),
        }
        if project.content.get("project_id"):
            environment["MELTANO_PROJECT_ID"] = str(project.content["project_id"])
        for loader in reversed(self._line):
            environment["MELTANO_LOADER_NAME"] = str(loader["name"])
            environment["MELTANO_LOADER_NAMESPACE"] = namespace_of(loader)
            environment.update(texts(loader.get("env")))
            of_environment = texts((project.environment or {}).get("env"))
            known = dict(environment)
            environment.update({name: expanded(text, known, set()) for name, text in of_environment.items()})
            environment.update(texts(project.in_environment(loader).get("env")))
        return environment

    def _defined(self) -> dict[str, Mapped]:
        """Each setting that Meltano knows, by its name: declared, or given without having been declared."""
        defined: dict[str, Mapped] = {}
        for loader in reversed(self._line):
            declared = self._project.declared(loader)
            if declared is None:
                declared = [{"name": name} for name in SETTINGS_SCHEMA["properties"]]
            defined.update({each["name"]: each for each in declared})
            self._learn(defined, flattened(loader.get("config") or {}))
        self._learn(defined, flattened(self._project.in_environment(self._line[0]).get("config") or {}))
        return defined

    @staticmethod
    def _learn(defined: dict[str, Mapped], flat: Mapped) -> None:
        kinds = ((bool, "boolean"), (int, "integer"), (float, "decimal"), (dict, "object"), (list, "array"))
        for name, value in flat.items():
            kind = next((kind for python, kind in kinds if isinstance(value, python)), None)
            defined.setdefault(name, {"name": name, "kind": kind})

    def values(self) -> dict[str, Any]:
        """The settings, nested again; nulls are left out."""
        nested: dict[str, Any] = {}
        for name, definition in self._definitions.items():
            value = self._value(definition)
            if value is not None:
                put(nested, DOT.split(name), value)
        return without_dots(nested)

    def _value(self, definition: Mapped) -> Any:
        value, from_file, own = self._found(definition)
        inherited = definition.get("kind") == "object" and not own
        if inherited and (members := self._members(str(definition["name"]))):
            return members
        if from_file:
            known = {**self._project.dot_env, **self._environment}
            was, value = value, expanded(value, known, self._unset)
            value = None if was and not value else value
        try:
            return cast(value, definition)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            name, kind = definition["name"], definition.get("kind")
            self.faults.append(f"`{name}` can't be read as {kind}, which its declaration asks for")
            return None

    def _members(self, name: str) -> dict[str, Any]:
        """The members of a declared object, with nulls, which stay; what is deeper comes by itself."""
        members = ((each.removeprefix(f"{name}."), each) for each in self._definitions)
        return {
            member: self._value(self._definitions[each])
            for member, each in members
            if member != each and not DOT.search(member)
        }

    def _found(self, definition: Mapped) -> tuple[Any, bool, bool]:
        """The value of the first place that has one.

        Returns:
            The value, whether variables in it are to be expanded, and whether it is the loader's own: neither
            inherited nor the declaration's.
        """
        for loader in self._line:
            own = loader is self._line[0]
            names = variable_names(loader, definition, namespace_of(loader))
            for variables in (self._environment, self._project.dot_env):
                for variable in names:
                    if variable in variables:
                        return variables[variable], False, own
            for config in (self._project.in_environment(loader).get("config"), loader.get("config")):
                flat = flattened(config or {})
                for name in (definition["name"], *(definition.get("aliases") or ())):
                    if flat.get(name) is not None:
                        return flat[name], True, own
        return definition.get("value"), True, False

    def remarks(self) -> Iterator[str]:
        """What Meltano would not pass on, and what is not set."""
        if self._unset:
            names = ", ".join(f"${name}" for name in sorted(self._unset))
            yield f"{names} in meltano.yml: not set here, so nothing stands in its place, as with Meltano"
        given = {**self._project.dot_env, **self._environment}
        for name in SETTINGS_SCHEMA["properties"]:
            if name in self._definitions:
                continue
            for variable in variable_names(self._line[0], {"name": name}, namespace_of(self._line[0])):
                if given.get(variable):
                    yield (
                        f"{variable} is set, but the loader does not declare the setting `{name}` in "
                        "meltano.yml: Meltano does not pass it on"
                    )

    def secret_files(self) -> Iterator[Path]:
        """The project's files that hold secrets in clear."""
        secrets = [name for name, each in SETTINGS_SCHEMA["properties"].items() if each.get("secret")]
        variables = {
            variable
            for loader in self._line
            for name in secrets
            for variable in variable_names(loader, {"name": name}, namespace_of(loader))
        }
        configs = [
            config or {}
            for loader in self._line
            for config in (loader.get("config"), self._project.in_environment(loader).get("config"))
        ]
        if any(config.get(name) and "$" not in str(config[name]) for config in configs for name in secrets):
            yield self._project.path
        if variables & self._project.dot_env.keys():
            yield self._project.root / DOT_ENV
