"""The steps that judging a record may take: enough for any sound record, whatever its size."""

from __future__ import annotations

from typing import Any

import pytest

from target_w50.validation import compiler, work
from target_w50.validation.validator import RecordValidator

LITTLE = 30
INTEGER = {"type": "integer"}


def of_property(rule: Any, **definitions: Any) -> RecordValidator:
    return RecordValidator({"properties": {"p": rule}, "$defs": definitions}, "contacts")


def doubled(keyword: str, levels: int) -> RecordValidator:
    below = [{"$ref": f"#/$defs/a{level}"} for level in range(levels)]
    made = {f"a{level + 1}": {keyword: [each, each]} for level, each in enumerate(below)}
    return of_property({"$ref": f"#/$defs/a{levels}"}, a0=INTEGER, **made)


def rule_of(judge: RecordValidator, value: Any) -> str | None:
    problem = judge.check({"p": value})
    return None if problem is None else problem.rule


def test_the_larger_a_record_the_more_steps_it_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "STEPS_FOR_ANY", LITTLE)
    judge = of_property({"items": {"oneOf": [INTEGER, {"type": "string"}]}})
    assert rule_of(judge, list(range(10 * LITTLE))) is None
    assert rule_of(judge, [*range(10 * LITTLE), None]) == "oneOf"


def test_each_record_has_its_steps_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "STEPS_FOR_ANY", LITTLE)
    monkeypatch.setattr(work, "STEPS_FOR_EACH_VALUE", 0)
    judge = of_property({"items": {"oneOf": [INTEGER, {"type": "string"}]}})
    found = [rule_of(judge, [1] * size) for size in (LITTLE - 5, LITTLE - 5, LITTLE + 5, LITTLE - 5)]
    assert found == [None, None, "work", None]


@pytest.mark.parametrize("keyword", ["anyOf", "allOf"])
@pytest.mark.parametrize("most", [1, 5, 1000], ids=lambda most: f"compiled up to {most}")
def test_what_is_not_compiled_is_judged_alike(
    monkeypatch: pytest.MonkeyPatch, keyword: str, most: int
) -> None:
    monkeypatch.setattr(compiler, "MOST_JUDGINGS", most)
    judge = doubled(keyword, 6)
    assert rule_of(judge, 1) is None
    assert rule_of(judge, "text") in ("anyOf", "type")


@pytest.mark.parametrize("keyword", ["anyOf", "allOf"])
def test_a_few_levels_are_compiled_and_many_are_not(keyword: str) -> None:
    assert not _are_steps_counted(doubled(keyword, 7), 1)
    assert _are_steps_counted(doubled(keyword, 11), 1)


def test_what_a_record_asks_of_its_own_levels_counts_too() -> None:
    """Each level judges twice what is within, though no value by itself twice."""
    within: dict[str, Any] = INTEGER
    definitions = {}
    for level in range(12):
        definitions[f"a{level}"] = within
        below = {"items": {"$ref": f"#/$defs/a{level}"}}
        within = {"allOf": [below, below]}
    assert _are_steps_counted(of_property(within, **definitions), [[[[[[[[[[[[1]]]]]]]]]]]])


def _are_steps_counted(judge: RecordValidator, valid: Any) -> bool:
    work.WORK.begin("nothing")
    assert judge.check({"p": valid}) is None
    return bool(work.WORK._record != "nothing")
