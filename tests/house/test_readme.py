"""The README tells the truth."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from dev.settings_tables import PAGE, with_tables
from target_w50.settings.model import settings_from

README = Path(__file__).parents[2] / "README.md"
DOCS = README.parent / "docs"


def test_the_tables_of_settings_are_those_of_the_schema() -> None:
    """`python -m dev.settings_tables` writes them anew."""
    page = PAGE.read_text(encoding="utf-8")
    assert with_tables(page) == page


def test_the_readme_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 150


@pytest.mark.parametrize("page", [README, *sorted(DOCS.glob("*.md"))], ids=lambda page: page.name)
def test_what_a_page_links_to_is_there(page: Path) -> None:
    """Files, and headings of files."""
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text(encoding="utf-8")):
        name, _, heading = target.partition("#")
        file = page.parent / name if name else page
        assert file.exists(), target
        headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE) if heading else []
        anchors = [re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings]
        assert heading in {"", *anchors}, target


def test_the_real_configuration_is_one() -> None:
    readme = README.read_text(encoding="utf-8")
    block = re.search(r"## For real\n.*?```json\n(.*?)```", readme, re.DOTALL)
    assert block is not None
    settings = settings_from(json.loads(block[1]))
    assert settings.streams[0].match_fields == ("Email",)
