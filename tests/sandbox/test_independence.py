"""The sandbox shares no code with the client, so that they can't share a mistake."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import target_w50.sandbox

FOLDER = Path(target_w50.sandbox.__file__).parent


@pytest.mark.parametrize("path", sorted(FOLDER.glob("**/*.py")), ids=lambda path: path.name)
def test_a_module_imports_nothing_else_of_this_project(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names = [node.module or ""]
        for name in names:
            assert not name.startswith("target_w50") or name.startswith("target_w50.sandbox"), name


@pytest.mark.parametrize("path", sorted((FOLDER / "model").glob("*.py")), ids=lambda path: path.name)
def test_the_rules_know_no_http(path: Path) -> None:
    text = path.read_text()
    assert "werkzeug" not in text
    assert "replies" not in text
