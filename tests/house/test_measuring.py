"""What is left out of coverage is there: a name that no test has would leave another one out one day."""

from __future__ import annotations

import pytest

from tests.measuring import HERE, MANY


@pytest.mark.parametrize("module", MANY)
def test_what_is_left_out_of_coverage_is_a_test(module: str) -> None:
    text = (HERE / module).read_text(encoding="utf-8")
    assert [name for name in MANY[module] if f"def {name}(" not in text] == []
