"""Where settings come from: JSON files, the environment and `.env`, a project of Meltano; not yet judged."""

from __future__ import annotations

import io
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from target_w50.errors import SettingsError
from target_w50.settings.meltano import MeltanoLoader
from target_w50.settings.model import Settings
from target_w50.settings.schema import IN_FILES, SETTINGS_SCHEMA

Source: TypeAlias = str | MeltanoLoader
"""The path of a JSON file, `ENV`, or a loader that was found in a project of Meltano."""
Sources: TypeAlias = Sequence[Source]

ENV = "ENV"
DOT_ENV = ".env"
ENV_PREFIX = "TARGET_W50_"
TRUTHY = ("true", "1", "yes", "on")
FALSY = ("false", "0", "no", "off")
_PASSWORD_IN_URL = re.compile(r"://[^/\s\"@]*:[^/\s\"@]+@")
"""As in the URL of a journal."""


def read_config(sources: Sources) -> dict[str, Any]:
    """Merge the sources in order; the environment comes last, as in the SDK.

    Args:
        sources: paths of JSON files, `ENV`, or a loader of Meltano.

    Raises:
        SettingsError: a file is missing, unreadable or no JSON object, or a variable is not of its type; all
            faults at once, without values.
    """
    config: dict[str, Any] = {}
    faults: list[str] = []
    for source in sources:
        if source == ENV:
            continue
        if isinstance(source, MeltanoLoader):
            config.update(source.values)
            continue
        try:
            config.update(_read_file(source))
        except SettingsError as error:
            faults.append(error.message)
    if ENV in sources:
        values, wrong = _read_environment()
        config.update(values)
        faults += wrong
    if faults:
        raise SettingsError(
            "The settings can't be read: " + "; ".join(faults) + ". Nothing was read or sent.",
            faults=tuple(faults),
        )
    return config


def warnings_of(sources: Sources, settings: Settings) -> Iterator[str]:
    """A sentence for each thing about the sources that is better changed.

    Args:
        sources: as for `read_config`.
        settings: what came of them; they may name files with secrets.
    """
    yield from _open_to_everybody(sources, settings)
    if ENV in sources:
        yield from _overruled()


def _open_to_everybody(sources: Sources, settings: Settings) -> Iterator[str]:
    """A sentence for each file with secrets that every user of the machine may read."""
    secret = [name for name, setting in SETTINGS_SCHEMA["properties"].items() if setting.get("secret")]
    for source in sources:
        if isinstance(source, MeltanoLoader):
            yield from (_open_words(path) for path in source.secret_files if _everybody_reads(path))
            continue
        path = Path(DOT_ENV if source == ENV else source)
        marks = [ENV_PREFIX + name.upper() if source == ENV else f'"{name}"' for name in secret]
        if not _everybody_reads(path):
            continue  # a pipe neither: it was read already, and to open it again might wait for ever
        try:
            content = path.read_text(encoding="utf-8", errors="replace")
        except (OSError, ValueError):
            continue
        if any(mark in content for mark in marks) or _PASSWORD_IN_URL.search(content):
            yield _open_words(path)
    key = "client_key" if settings.client_key else "client_certificate"
    for name in (*(f"{secret}_file" for secret in IN_FILES), key):
        named = getattr(settings, name)
        if named and _everybody_reads(Path(named)) and not _is_mounted_for_reading(named):
            yield (
                f"Every user of this machine can read the file that `{name}` names. "
                "Close it (chmod o-r) and think of the secret as known."
            )


def _open_words(path: Path) -> str:
    if ".meltano" in path.parts:  # Meltano writes such a file for each run, and takes it away afterwards
        return (
            f"{path} holds secrets, and while this run lasts every user of this machine can read it. Run "
            "Meltano where new files are its own alone: `umask 077`."
        )
    return (
        f"{path} holds secrets, and every user of this machine can read it. Close it (chmod o-r) and think "
        "of the secrets as known."
    )


def _everybody_reads(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(mode) and bool(mode & stat.S_IROTH)


def _is_mounted_for_reading(path: str) -> bool:
    """Whether its file system can't be written to.

    So platforms of containers mount secrets: readable for all in there, and nobody could change that.
    """
    try:
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def _read_file(path: str) -> Mapping[str, Any]:
    try:
        content = json.loads(Path(path).read_bytes())
    except OSError as error:
        raise SettingsError(f"configuration file {path}: {error.strerror or 'it can not be read'}") from None
    except json.JSONDecodeError as fault:
        # Not the reason: it quotes what stands there.
        place = f"line {fault.lineno}, column {fault.colno}"
        raise SettingsError(
            f"configuration file {path} is not JSON: look at {place}, or just before"
        ) from None
    except UnicodeDecodeError:
        raise SettingsError(f"configuration file {path} is not UTF-8") from None
    except (ValueError, RecursionError):
        raise SettingsError(f"configuration file {path} is not JSON") from None
    if not isinstance(content, dict):
        raise SettingsError(f"configuration file {path} is not a JSON object")
    return content


def _read_environment() -> tuple[dict[str, Any], list[str]]:
    variables: dict[str, str | None] = {**os.environ}
    faults: list[str] = []
    try:
        variables.update(_read_dot_env())  # it wins, as in the SDK
    except OSError as error:
        faults.append(f"file {DOT_ENV}: {error.strerror or 'it can not be read'}")
    except ValueError:
        faults.append(f"file {DOT_ENV} is not UTF-8")
    values: dict[str, Any] = {}
    for name, schema in SETTINGS_SCHEMA["properties"].items():
        variable = ENV_PREFIX + name.upper()
        text = variables.get(variable)
        if not text:
            continue
        try:
            values[name] = typed(text, schema["type"])
        except (ValueError, RecursionError):
            faults.append(f"`{variable}` is not of type {schema['type']}")
    return values, faults


def _read_dot_env() -> dict[str, str | None]:
    """What `.env` says, if it is there.

    Raises:
        OSError: it can't be read.
        ValueError: it is not UTF-8.
    """
    from dotenv import dotenv_values  # noqa: PLC0415  # only ENV needs it

    if not Path(DOT_ENV).is_file():
        return {}
    content = Path(DOT_ENV).read_text(encoding="utf-8")
    # ${NAME} is mere text: it would take secrets of others from the environment, to where the setting leads.
    return dotenv_values(stream=io.StringIO(content), interpolate=False)


def _overruled() -> Iterator[str]:
    """That `.env` overrules the environment: who sets a variable for one run expects it to count."""
    try:
        said = _read_dot_env()
    except (OSError, ValueError):
        return  # it could be read a moment ago
    names = [ENV_PREFIX + name.upper() for name in SETTINGS_SCHEMA["properties"]]
    other = [
        f"`{name}`" for name in names if said.get(name) and os.environ.get(name) not in {None, "", said[name]}
    ]
    if other:
        yield (
            f"{DOT_ENV} says otherwise than the environment for {', '.join(other)}: {DOT_ENV} counts, as "
            "with every target of the Singer SDK. Change it there, or take it out of one of them."
        )


def typed(text: str, kind: str) -> Any:
    """The variable as its setting's type has it.

    Raises:
        ValueError: it is not of that type.
    """
    if kind == "integer":
        return int(text)
    if kind == "number":
        return float(text)
    if kind == "boolean":
        lower = text.strip().lower()
        if lower not in (*TRUTHY, *FALSY):
            raise ValueError
        return lower in TRUTHY
    if kind in ("array", "object"):
        return json.loads(text)
    return text
