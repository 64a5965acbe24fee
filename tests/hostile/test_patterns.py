"""Regular expressions of a schema, and values that make them slow: no value hangs a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from target_w50.sandbox import Sandbox
from tests.support import Finished, entry, lines, record, run_target, schema, settings, state, stored

EMAIL = r"^([a-zA-Z0-9]+[._-]?)+@([a-zA-Z0-9]+[.-]?)+$"
SLOW = "a" * 60 + "!"
ONLY_BY_TRYING = r"^(?=.)(([a-z])+.)+[A-Z]([a-z])+$"
"""It looks around, which no linear engine can."""


def load(tmp_path: Path, sandbox: Sandbox, first_name: Any, *records: dict[str, Any]) -> Finished:
    """Load records by a schema with these rules of `first_name`; what is invalid goes to quarantine."""
    head = schema(properties={"email": {"type": "string"}, "first_name": first_name})
    config = settings(
        sandbox, entry(), on_invalid_record="quarantine", quarantine_path=str(tmp_path / "quarantine.jsonl")
    )
    return run_target(tmp_path, config, lines([head, *records, state("end")]))


@pytest.mark.parametrize("pattern", [EMAIL, r"^(a+)+$", r"^(\w+\s?)*$", r"^(a|aa)+$"])
def test_a_value_that_makes_backtracking_endless_is_judged_at_once(
    tmp_path: Path, sandbox: Sandbox, pattern: str
) -> None:
    rule = {"type": "string", "pattern": pattern}
    ran = load(tmp_path, sandbox, rule, record(1, first_name=SLOW))
    assert (ran.status, ran.bookmarks) == (0, ["end"])
    (quarantined,) = quarantine(tmp_path)
    assert (quarantined["reason"], quarantined["property"]) == ("schema_invalid", "first_name")
    assert "should match the schema's pattern" in quarantined["message"]


@pytest.mark.parametrize("keyword", ["pattern", "not", "propertyNames", "patternProperties"])
def test_a_match_that_takes_too_long_makes_the_record_invalid(
    tmp_path: Path, sandbox: Sandbox, keyword: str
) -> None:
    """Also where not to match would make it valid: what was not found out is no reason to send it."""
    slow = "a" * 4000
    rules: dict[str, Any] = {
        "pattern": {"pattern": ONLY_BY_TRYING},
        "not": {"not": {"pattern": ONLY_BY_TRYING}},
        "propertyNames": {"propertyNames": {"not": {"pattern": ONLY_BY_TRYING}}},
        "patternProperties": {"patternProperties": {ONLY_BY_TRYING: {"type": "null"}}},
    }
    value = slow if keyword in ("pattern", "not") else {slow: 1}
    plain = record(2)
    del plain["record"]["first_name"]
    ran = load(tmp_path, sandbox, rules[keyword], record(1, first_name=value), plain)
    assert (ran.status, ran.bookmarks) == (0, ["end"])
    assert list(stored(sandbox)) == ["n2@example.com"]
    (quarantined,) = quarantine(tmp_path)
    assert (quarantined["reason"], quarantined["property"]) == ("schema_invalid", "first_name")
    assert "took too long" in quarantined["message"]
    assert slow not in ran.stderr


def quarantine(tmp_path: Path) -> list[dict[str, Any]]:
    every = [json.loads(line) for line in (tmp_path / "quarantine.jsonl").read_text().splitlines()]
    return [each["quarantine"] for each in every if each["type"] == "RECORD"]


MEMORY = "-v 1200000"
"""What the program may have, in kB; of which it needs half."""


def test_a_pattern_that_would_fill_the_memory_is_matched_with_less(tmp_path: Path, sandbox: Sandbox) -> None:
    head = schema(properties={"email": {}, "first_name": {"type": "string", "pattern": r"\w" * 20_000}})
    records = [record(1, first_name="a" * 20_000), state("end")]
    ran = run_target(tmp_path, settings(sandbox), [head, *records], limit=MEMORY)
    assert (ran.status, ran.bookmarks) == (0, ["end"]), ran.stderr


def test_a_pattern_longer_than_any_that_is_meant_ends_the_run_with_words(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    ran = load(tmp_path, sandbox, {"pattern": "a" * 100_001}, record(1))
    assert (ran.status, ran.error_code) == (2, "schema_broken")
    assert "first_name.pattern is a regular expression that can't be used here" in ran.last_line
