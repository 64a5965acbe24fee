"""Writes the loader's settings into `meltano.yml`, in Meltano's form, from the schema of the settings.

Run as `python -m dev.meltano_settings`; what stands before the marker line is left as it is.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from target_w50.settings import SETTINGS_SCHEMA

MELTANO_YML = Path(__file__).parents[1] / "meltano.yml"
MARKER = "    # From here on written by `python -m dev.meltano_settings`.\n"

KINDS = {
    "string": "string",
    "integer": "integer",
    # Meltano 4.4 crashes on `decimal` from the environment; fractions in meltano.yml pass `integer` unhurt.
    "number": "integer",
    "boolean": "boolean",
    "array": "array",
    "object": "object",
}


def meltano_settings() -> list[dict[str, Any]]:
    """The settings as Meltano and its hub describe a plugin's settings."""
    return [_setting(name, schema) for name, schema in SETTINGS_SCHEMA["properties"].items()]


def _setting(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    setting: dict[str, Any] = {
        "name": name,
        "label": schema["title"],
        "kind": "options" if "enum" in schema else KINDS[schema["type"]],
        "description": schema["description"],
    }
    if "enum" in schema:
        setting["options"] = [{"label": value, "value": value} for value in schema["enum"]]
    if schema.get("secret"):
        setting["sensitive"] = True
    if "default" in schema:
        setting["value"] = schema["default"]
    return setting


def write() -> None:
    """Replace what stands behind the marker line."""
    text = MELTANO_YML.read_text(encoding="utf-8")
    head, marker, _ = text.partition(MARKER)
    if not marker:
        raise SystemExit(f"{MELTANO_YML.name} has no line {MARKER.strip()!r}")
    settings = yaml.safe_dump(meltano_settings(), sort_keys=False, width=100, allow_unicode=True)
    block = textwrap.indent(f"settings:\n{settings}", "    ")
    MELTANO_YML.write_text(head + MARKER + block, encoding="utf-8")


if __name__ == "__main__":
    write()
