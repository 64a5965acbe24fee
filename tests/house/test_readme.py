"""The README tells the truth."""

from __future__ import annotations

import json
import re
from pathlib import Path

from dev.settings_tables import with_tables
from target_w50.settings.model import settings_from

README = Path(__file__).parents[2] / "README.md"


def test_the_tables_of_settings_are_those_of_the_schema() -> None:
    """`python -m dev.settings_tables` writes them anew."""
    readme = README.read_text(encoding="utf-8")
    assert with_tables(readme) == readme


def test_the_real_configuration_is_one() -> None:
    readme = README.read_text(encoding="utf-8")
    block = re.search(r"## A real configuration\n\n```json\n(.*?)```", readme, re.DOTALL)
    assert block is not None
    settings = settings_from(json.loads(block[1]))
    assert settings.streams[0].match_fields == ("Email",)
