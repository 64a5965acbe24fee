"""How Meltano names, expands, types and nests the values of settings; knows no project.

Read off Meltano 4.4, as all of its ways that are followed here.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from target_w50.settings.meltano_project import Mapped

VARIABLE = re.compile(r"(?P<kept>\\)?\$(?:\{(?P<curly>\w+)\}|(?P<bare>[A-Z][A-Z0-9_]*))")
"""`$NAME` or `${NAME}`; a backslash before it has it stay."""
DOT = re.compile(r"(?<!\\)\.")
r"""Between the names of nested settings; `\.` is a dot in a name."""
TRUTHY = ("true", "1", "yes", "on")


def flattened(config: Mapped, before: str = "") -> dict[str, Any]:
    """Nested objects as names with dots, as Meltano knows them; lists and empty objects are values."""
    flat: dict[str, Any] = {}
    for name, value in config.items():
        full = f"{before}{name}"
        if isinstance(value, dict) and value:
            flat.update(flattened(value, f"{full}."))
        else:
            flat[full] = value
    return flat


def variable_names(loader: Mapped, setting: Mapped, namespace: str) -> list[str]:
    """The variables that Meltano reads a setting from."""
    names = [setting["name"], *(setting.get("aliases") or ())]
    prefixes = dict.fromkeys((str(loader["name"]), namespace))
    found = [f"{_as_variable(prefix)}_{_as_variable(str(each))}" for each in names for prefix in prefixes]
    own = [] if loader.get("inherit_from") else [str(each) for each in setting.get("env_aliases") or ()]
    return list(dict.fromkeys([*found, *own]))


def _as_variable(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "_", name).upper()


def namespace_of(loader: Mapped) -> str:
    """What variables of the loader may begin with, beside its name."""
    return str(loader.get("namespace") or str(loader["name"]).replace("-", "_"))


def texts(variables: object) -> dict[str, str]:
    """The variables of an `env` key."""
    return {str(name): str(value) for name, value in variables.items()} if isinstance(variables, dict) else {}


def expanded(value: Any, variables: Mapping[str, str], unset: set[str]) -> Any:
    """The value with `$NAME` and `${NAME}` replaced, in lists and objects too."""
    if isinstance(value, dict):
        return {name: expanded(each, variables, unset) for name, each in value.items()}
    if isinstance(value, list):
        return [expanded(each, variables, unset) for each in value]
    if not isinstance(value, str):
        return value

    def replaced(match: re.Match[str]) -> str:
        name = match["curly"] or match["bare"]
        if match["kept"]:
            return match[0][1:]
        if name not in variables:
            unset.add(name)
        return variables.get(name, "")

    return VARIABLE.sub(replaced, value)


def cast(value: Any, definition: Mapped) -> Any:
    """The value as the kind of its declaration has it.

    Raises:
        ValueError: or another error: it is not of that kind.
    """
    kind = definition.get("kind")
    if hasattr(value, "isoformat"):
        value = value.isoformat()
    if isinstance(value, str):
        if kind == "boolean":
            return value.lower() in TRUTHY
        if kind == "integer":
            return int(value)
        if kind == "decimal":
            return float(value)
        if kind in ("array", "object"):
            return _parsed(value, list if kind == "array" else dict)
    if value is not None and kind == "options":
        choices = [each.get("value") for each in definition.get("options") or () if isinstance(each, dict)]
        if value not in choices:
            raise ValueError
    return value


def _parsed(text: str, kind: type) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        value = ast.literal_eval(text)
    if not isinstance(value, kind):
        raise TypeError
    return value


def put(nested: dict[str, Any], path: Iterable[str], value: Any) -> None:
    """Put the value where the names lead, unless something stands there."""
    *above, last = path
    for name in above:
        below = nested.setdefault(name, {})
        if not isinstance(below, dict):
            return  # a value stands where the object would: that one counts
        nested = below
    nested.setdefault(last, dict(value) if isinstance(value, dict) else value)


def without_dots(nested: dict[str, Any]) -> dict[str, Any]:
    r"""As Meltano hands objects on: a name with a dot is gone, one with `\.` has its dot."""
    return {
        name.replace("\\.", "."): without_dots(value) if isinstance(value, dict) else value
        for name, value in nested.items()
        if not DOT.search(name)
    }
