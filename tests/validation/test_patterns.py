"""Patterns mean what they mean to Python, whichever engine matches them."""

from __future__ import annotations

import re
import sys
from itertools import chain
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_w50.validation import patterns
from target_w50.validation.patterns import _is_quick, pattern_search, search

ATOMS = (
    "a", "b", ".", "[ab]", "[^a]", "[a-c-]", "(a|b)", "(?:a|)", "\n", "a*", "b+?", "(ab){0,2}", "a{,3}",
    "[]]", r"\w", r"\d", r"\s", r"\W", r"\S", r"\D", r"[\w-]", r"[\W_]", r"[^\W]", r"[\s\S]", "^", r"\A",
)  # fmt: skip


@given(
    st.lists(st.sampled_from(ATOMS), max_size=6).map("".join),
    st.sampled_from(("", "$", r"\Z", "($|b)")),
    st.text("ab\n 1é_-]\x1f\u0663", max_size=6),
)
def test_a_pattern_is_found_where_python_finds_it(start: str, end: str, text: str) -> None:
    pattern = start + end
    try:
        compiled = re.compile(pattern)
    except re.error:  # two repetitions in a row
        return
    assert search(pattern, text) == bool(compiled.search(text))
    assert slowly(pattern, text) == bool(compiled.search(text))
    assert pattern_search(pattern).finds_all([text, "a", text]) == all(map(compiled.search, (text, "a")))


def slowly(pattern: str, text: str) -> bool:
    """Whether the engines say so that longer texts are for."""
    with mock.patch.object(patterns, "QUICK_CHARS", -1):
        return search(pattern, text)


@pytest.mark.parametrize(
    "pattern", ["^[+]1", "a", r"^\+?[0-9]{7,15}$", "^(?:de|at|ch)?$", r"\d+", r"^\s*\w+$", "^[^@]+@[^@]+$"]
)
def test_patterns_as_most_are_go_to_pythons_own_engine(pattern: str) -> None:
    assert _is_quick(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        *("(a+)+$", "(a|aa)*b", "a*a*b", "^a*a*a*b", "(?:a?){30}b", "(?i)a", r"(.)\1", "(?=a)b", "a" * 300),
        "^" + "(?:a|a)" * 20 + "b",
    ],
)
def test_what_may_be_tried_in_many_ways_never_does(pattern: str) -> None:
    assert not _is_quick(pattern)


@pytest.mark.parametrize("name", [r"\w", r"\d", r"\s", r"\W", r"\D", r"\S"])
def test_a_class_has_the_characters_that_it_has_for_python(name: str) -> None:
    ours, pythons = pattern_search(f"^{name}\\Z"), re.compile(f"^{name}\\Z")
    characters = map(chr, chain(range(0x1000), range(0x1000, sys.maxunicode + 1, 61)))
    encodable = (each for each in characters if not "\ud800" <= each <= "\udfff")
    with mock.patch.object(patterns, "QUICK_CHARS", -1):
        assert [each for each in encodable if ours(each) != bool(pythons.search(each))] == []


@pytest.mark.parametrize(
    ("pattern", "text", "is_found"),
    [
        (r"\bfoo\b", "a foo", True),
        (r"(?i)^FOO$", "foo", True),
        (r"^(?=.*\d).{3,}$", "ab1", True),
        (r"^(.)\1$", "ab", False),
        (r"^.{0,4000}$", "a" * 4001, False),
        (r"^a$", "a\n", True),
        (r"a$\n", "a\n", True),
        (r"^\w$", "\ud800", False),
    ],
)
def test_what_the_linear_engine_lacks_is_matched_all_the_same(
    pattern: str, text: str, *, is_found: bool
) -> None:
    assert search(pattern, text) is is_found
    assert slowly(pattern, text) is is_found
