"""The tables of settings in docs/settings.md, from the settings schema: `python -m dev.settings_tables`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from target_w50.settings.schema import GROUPS

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"
BEGIN, END = "<!-- settings: begin -->", "<!-- settings: end -->"
REQUIRED = {"streams", "stream", "contact_list"}


def tables() -> str:
    """All tables, in the order of the groups."""
    return "\n\n".join(f"**{title}**\n\n{_table(group)}" for title, group in GROUPS)


def _table(group: dict[str, Any]) -> str:
    rows = ["| setting | default | meaning |", "|---|---|---|"]
    rows += [
        f"| `{name}` | {_default(name, setting)} | {_meaning(setting)} |" for name, setting in group.items()
    ]
    return "\n".join(rows)


def _default(name: str, setting: dict[str, Any]) -> str:
    if name in REQUIRED:
        return "required"
    if "default" not in setting:
        return ""
    default = setting["default"]
    values = default if isinstance(default, list) else [default]
    return ", ".join(f"`{value if isinstance(value, str) else json.dumps(value)}`" for value in values)


def _meaning(setting: dict[str, Any]) -> str:
    words = [setting["description"].replace("|", "\\|")]
    if setting.get("secret"):
        words.append("Secret.")
    if "enum" in setting and not all(f"`{value}`" in words[0] for value in setting["enum"]):
        words.append("One of " + ", ".join(f"`{value}`" for value in setting["enum"]) + ".")
    limits = _limits(setting)
    if limits:
        words.append(limits)
    return " ".join(words)


def _limits(setting: dict[str, Any]) -> str:
    kind = setting["type"]
    if ("integer" not in kind and "number" not in kind) or "string" in kind:
        return ""
    low, high = setting.get("minimum"), setting.get("maximum")
    if low is not None and high is not None:
        return f"{low:,} to {high:,}."
    if "exclusiveMinimum" in setting:
        return f"More than {setting['exclusiveMinimum']}."
    return f"At least {low:,}." if low is not None else ""


def with_tables(page: str) -> str:
    """The page with the tables as they are now."""
    pattern = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
    return pattern.sub(lambda _: f"{BEGIN}\n\n{tables()}\n\n{END}", page)


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
