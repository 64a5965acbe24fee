"""What is left out of coverage is there: a name that no test has would leave another one out one day."""

from __future__ import annotations

import sys
from functools import cache

from tests.measuring import HERE, MANY


@cache
def text_of(module: str) -> str:
    path = HERE / module
    return path.read_text(encoding="utf-8") if path.exists() else ""


def test_what_is_left_out_of_coverage_is_a_test() -> None:
    every = [name.partition("::") for name in MANY]
    assert [f"{module}::{name}" for module, _, name in every if f"def {name}(" not in text_of(module)] == []


def test_who_looks_for_a_name_finds_it_once_in_its_place() -> None:
    lines = (HERE / "unmeasured.txt").read_text(encoding="utf-8").splitlines()
    assert lines == sorted(MANY)


def test_what_is_left_out_is_not_measured_at_all() -> None:
    """As this test is: one measurement beneath the paused one would take as long, and find nothing."""
    assert "coverage" not in type(sys.gettrace()).__module__
