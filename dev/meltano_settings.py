"""Writes what Meltano knows of the loader: its part of `meltano.yml`, and the entry of Meltano's hub.

Run as `python -m dev.meltano_settings`; of `meltano.yml` only what stands between the marker line and
`config` is written. All comes from the schema of the settings.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from target_w50.settings.model import SETTINGS_SCHEMA
from target_w50.target import TargetW50

MELTANO_YML = Path(__file__).parents[1] / "meltano.yml"
MARKER = "    # From here to `config` written by `python -m dev.meltano_settings`.\n"
END = "    config:\n"
HUB_ENTRY = Path(__file__).parents[1] / "docs" / "target-w50.yml"
HUB_COMMENT = """\
# What Meltano's hub needs to know of the loader, written by `python -m dev.meltano_settings`. To hand it in,
# add `repo` (the address of the repository) and a logo, and put it into the hub's folder of loaders.
"""

# Meltano hands the loader's settings to a command as TARGET_W50_* variables: `--config ENV` reads them.
COMMANDS = {
    "check": {
        "executable": "w50",
        "args": "check --config ENV",
        "description": "Check settings, connection, contact lists and FieldNames.",
    },
    "lists": {
        "executable": "w50",
        "args": "lists --config ENV",
        "description": "Show the account's contact lists.",
    },
    "fields": {
        "executable": "w50",
        "args": "fields --config ENV",
        "description": "Show the fields of a contact list, with their types and allowed values.",
    },
    "job": {
        "executable": "w50",
        "args": "job --config ENV",
        "description": "Show an import job, or watch it until it ends.",
    },
    "report": {
        "executable": "w50",
        "args": "report",
        "description": "Make a table or a page of runs from metrics files.",
    },
    "plan": {
        "executable": "w50",
        "args": "plan --config ENV",
        "description": "Tell what a run over a file or standard input would do; send nothing.",
    },
    "journal": {
        "executable": "w50",
        "args": "journal --config ENV",
        "description": "Show what is remembered across runs, and say what became of an unknown import job.",
    },
    "trace": {
        "executable": "w50",
        "args": "trace --config ENV",
        "description": "Show what became of one contact, run by run.",
    },
}

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


def _kind(schema: Mapping[str, Any]) -> str:
    """The first of its types: text may stand for what else it can be."""
    kind = schema["type"]
    return str(kind if isinstance(kind, str) else kind[0])


def _setting(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    setting: dict[str, Any] = {
        "name": name,
        "label": schema["title"],
        "kind": "options" if "enum" in schema else KINDS[_kind(schema)],
        "description": schema["description"],
    }
    if "enum" in schema:
        setting["options"] = [{"label": value, "value": value} for value in schema["enum"]]
    if schema.get("secret"):
        setting["sensitive"] = True
    if "default" in schema:
        setting["value"] = schema["default"]
    return setting


def hub_entry() -> dict[str, Any]:
    """The loader as Meltano's hub describes plugins, its members in the hub's order."""
    return {
        "capabilities": sorted(each.value for each in TargetW50.capabilities),
        "commands": COMMANDS,
        "description": "Contact import of the Which50 marketing platform",
        "domain_url": "https://app.which50.com/Which50API/documentation",
        "executable": "target-w50",
        "keywords": ["meltano_sdk", "marketing"],
        "label": "W50 (Which50)",
        "maintenance_status": "beta",
        "name": "target-w50",
        "namespace": "target_w50",
        "pip_url": "target-w50",
        "settings": meltano_settings(),
        "settings_group_validation": [
            ["auth_token", "streams"],
            ["username", "password", "streams"],
            ["oauth2_token_url", "oauth2_client_id", "oauth2_client_secret", "streams"],
            ["auth_token_file", "streams"],
            ["username", "password_file", "streams"],
            ["oauth2_token_url", "oauth2_client_id", "oauth2_client_secret_file", "streams"],
        ],
        "settings_preamble": "`streams` is a list, one entry for each stream: its `contact_list`, its "
        "`match_fields` and, where names differ, its `fields`. `meltano invoke target-w50:plan` proposes it.",
        "usage": "`meltano invoke target-w50:check` checks settings, connection, lists and fields; with "
        "`import_mode: dry_run`, `meltano run` rehearses and sends nothing.",
        "variant": "which50",
    }


def hub_text() -> str:
    """The hub's entry as a file."""
    return HUB_COMMENT + _yaml(hub_entry())


def write() -> None:
    """Replace what stands between the marker and the end, and the hub's entry."""
    text = MELTANO_YML.read_text(encoding="utf-8")
    head, _, rest = text.partition(MARKER)
    _, end, tail = rest.partition(END)
    if not end:
        raise SystemExit(f"{MELTANO_YML.name} has no line {MARKER.strip()!r} before {END.strip()!r}")
    MELTANO_YML.write_text(head + MARKER + block_of() + END + tail, encoding="utf-8")
    HUB_ENTRY.write_text(hub_text(), encoding="utf-8")


def block_of(text: str | None = None) -> str:
    """What is written into `meltano.yml`, or what stands in its place in this text of the file."""
    if text is None:
        return textwrap.indent(_yaml({"commands": COMMANDS, "settings": meltano_settings()}), "    ")
    return text.partition(MARKER)[2].partition(END)[0]


def _yaml(document: Any) -> str:
    return yaml.safe_dump(document, sort_keys=False, width=100, allow_unicode=True)


if __name__ == "__main__":
    write()
