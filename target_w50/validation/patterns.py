r"""Matches a schema's regular expressions as Python does, in time that no value can stretch.

Python's own engine may take hours for one e-mail address, and hold all threads of the program meanwhile.
It is given short texts alone, and patterns that it can try in few ways, as most are: it is the fastest then.
RE2 takes time linear in the text. It is given what Python's parser made of the pattern, written anew in its
own language, so that a class such as `\w` and a `$` mean what they mean to Python. What RE2 lacks
(looking around, references back, ignoring case) goes to `regex`, which stops after `LIMIT_S` and lets other
threads run; it reads a few odd things otherwise, such as control characters as white space.
"""

from __future__ import annotations

import importlib
import re
import sys
import warnings
from collections.abc import Iterable, Sequence
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from jsonschema import _keywords, _legacy_keywords, _utils

if sys.version_info >= (3, 11):
    from re import _constants as sre  # type: ignore[attr-defined]  # typeshed has them under their old names
    from re import _parser as sre_parse  # type: ignore[attr-defined]
else:
    import sre_constants as sre
    import sre_parse

LIMIT_S = 0.25
"""How long one match may take where time is not linear; what is meant for values takes microseconds."""

MAX_CHARS = 100_000
"""A longer pattern is not used: an engine takes some thousand times its memory, and seconds."""
_MOST_WRITTEN = 1_000_000
"""A pattern that is longer once it is written for RE2 goes to `regex`: `\\w` alone has 12,000 characters."""

QUICK_CHARS = 100
"""How long a text may be for Python's own engine."""
_QUICK_PATTERN_CHARS = 200
_MOST_WAYS = 2 * QUICK_CHARS**2
"""In so many ways may a quick pattern be tried on such a text: at worst that takes milliseconds."""


class PatternTooSlowError(Exception):
    """Whether a text matches was not found out in time.

    Attributes:
        text: the very text, to find its place by; it must not be shown.
    """

    def __init__(self, text: str) -> None:
        super().__init__("a pattern took too long")
        self.text = text


def pattern_search(pattern: str) -> Search:
    """Compile what says whether the pattern is found anywhere in a text.

    What is given may raise PatternTooSlowError.

    Raises:
        ValueError: no pattern that can be used here.
    """
    if len(pattern) > MAX_CHARS:
        raise ValueError("too long for a pattern")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what Python may read in another way some day
            own = re.compile(pattern)
            return Search(pattern, own if _is_quick(pattern) else None, _linear(pattern))
    except (re.error, _regex().error, OverflowError, RecursionError) as error:
        raise ValueError("no pattern that can be used here") from error


def _regex() -> Any:
    """The library, loaded where a pattern needs it: few do."""
    return importlib.import_module("regex")


class Search:
    """Says whether a pattern is found anywhere in a text.

    Args:
        pattern: the pattern.
        quick: it in Python's own engine, where that is never slow.
        linear: it in RE2, if that has it.
    """

    def __init__(self, pattern: str, quick: re.Pattern[str] | None, linear: Any) -> None:
        self._pattern = pattern
        self._quick = None if quick is None else quick.search
        self._linear = linear
        self._limited: Any = None if linear else _regex().compile(pattern)

    def finds_all(self, texts: Sequence[str]) -> bool:
        """Say whether it is found in all of these texts.

        Raises:
            PatternTooSlowError: that was not found out in time.
        """
        if self._quick is not None and max(map(len, texts)) <= QUICK_CHARS:
            return None not in map(self._quick, texts)
        return all(map(self, texts))

    def __call__(self, text: str) -> bool:
        """Say whether it is found in the text.

        Raises:
            PatternTooSlowError: that was not found out in time.
        """
        if self._quick is not None and len(text) <= QUICK_CHARS:
            return self._quick(text) is not None
        if self._linear is not None:
            try:
                return self._linear.search(text.encode()) is not None  # as bytes: no place is worked out
            except UnicodeEncodeError:  # half a surrogate pair, which RE2 can't be given
                self._limited = self._limited or _regex().compile(self._pattern)
        try:
            return self._limited.search(text, timeout=LIMIT_S, concurrent=True) is not None
        except TimeoutError:
            raise PatternTooSlowError(text) from None


search_of = lru_cache(maxsize=1024)(pattern_search)
"""The same, remembered."""


def search(pattern: str, text: str) -> bool:
    """Say whether the pattern is found anywhere in a text.

    Raises:
        PatternTooSlowError: that was not found out in time.
    """
    return search_of(pattern)(text)


# jsonschema calls `re.search` for `pattern`, `patternProperties` and, deep within, for the properties that
# are neither named nor matched. It can't be told of another engine, so these modules of it are given one.
for _module in (_keywords, _legacy_keywords, _utils):
    _module.re = SimpleNamespace(search=search)  # type: ignore[attr-defined]


def _is_quick(pattern: str) -> bool:
    """Whether Python's own engine can try it on a short text in few ways only."""
    if len(pattern) > _QUICK_PATTERN_CHARS:
        return False
    parsed: Any = sre_parse.parse(pattern)
    if parsed.state.flags != re.UNICODE:
        return False
    is_anchored = bool(len(parsed)) and parsed[0] in _BEGINNINGS
    return _ways(parsed) * (1 if is_anchored else QUICK_CHARS) <= _MOST_WAYS


_BEGINNINGS = ((sre.AT, sre.AT_BEGINNING), (sre.AT, sre.AT_BEGINNING_STRING))
_ONE_CHAR = (sre.LITERAL, sre.NOT_LITERAL, sre.ANY, sre.IN)
_COSTLY = _MOST_WAYS + 1


def _ways(items: Iterable[tuple[Any, Any]]) -> int:
    """In how many ways at most it may be tried from one place of a short text."""
    ways = 1
    for kind, value in items:
        ways = min(ways * _ways_of(kind, value), _COSTLY)
    return ways


def _ways_of(kind: Any, value: Any) -> int:
    if kind in _ONE_CHAR or kind is sre.AT:
        return 1
    if kind is sre.BRANCH:
        return min(sum(map(_ways, value[1])), _COSTLY)
    if kind is sre.SUBPATTERN:
        return _ways(value[3])
    if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        low, high, inner = value
        if len(inner) == 1 and inner[0][0] in _ONE_CHAR:
            return int(max(1, min(high, QUICK_CHARS) - low + 1))
        if high == 1:
            return 1 + _ways(inner)
    return _COSTLY


class _NotLinearError(Exception):
    """RE2 has no such thing, or with another meaning."""


def _linear(pattern: str) -> Any:
    """The pattern for RE2, None if it has no such pattern."""
    import re2  # noqa: PLC0415  # loaded where there is a pattern

    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    try:
        parsed: Any = sre_parse.parse(pattern)
        if parsed.state.flags != re.UNICODE:
            return None
        return re2.compile(_sequence(parsed, is_last=True), options)
    except (_NotLinearError, UnicodeEncodeError, re2.error):
        return None


def _sequence(items: Iterable[tuple[Any, Any]], *, is_last: bool) -> str:
    """Write one after the other; `is_last`: nothing of the pattern comes after them."""
    every = list(items)
    last = len(every) - 1
    return _joined(
        _item(kind, value, is_last=is_last and at == last) for at, (kind, value) in enumerate(every)
    )


def _joined(parts: Iterable[str], by: str = "") -> str:
    """Join what was written, as long as it is not too much: before the next part is written."""
    written, size = [], 0
    for part in parts:
        size += len(part)
        if size > _MOST_WRITTEN:
            raise _NotLinearError
        written.append(part)
    return by.join(written)


def _item(kind: Any, value: Any, *, is_last: bool) -> str:
    if kind is sre.LITERAL:
        return _char(value)
    if kind is sre.NOT_LITERAL:
        return f"[^{_char(value)}]"
    if kind is sre.ANY:
        return r"[^\n]"
    if kind is sre.IN:
        return _class(value)
    if kind is sre.BRANCH:
        return f"(?:{_joined((_sequence(each, is_last=is_last) for each in value[1]), '|')})"
    if kind is sre.SUBPATTERN:
        _, added, removed, inner = value
        if not added and not removed:
            return f"(?:{_sequence(inner, is_last=is_last)})"
    if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        low, high, inner = value
        most = "" if high is sre.MAXREPEAT else high
        return f"(?:{_sequence(inner, is_last=False)}){{{low},{most}}}"
    if kind is sre.AT:
        return _place(value, is_last=is_last)
    raise _NotLinearError


def _place(place: Any, *, is_last: bool) -> str:
    if place in (sre.AT_BEGINNING, sre.AT_BEGINNING_STRING):
        return r"\A"
    if place is sre.AT_END_STRING:
        return r"\z"
    # Python's `$` is also before a line end that ends the text; what comes after it might match that.
    if place is sre.AT_END and is_last:
        return r"\n?\z"
    raise _NotLinearError


def _class(items: list[tuple[Any, Any]]) -> str:
    """Write a set of characters; one that holds all but some is an alternative to the rest of it."""
    is_negated = bool(items) and items[0][0] is sre.NEGATE
    inside, others = "", []
    for kind, value in items[is_negated:]:
        if kind is sre.LITERAL:
            inside += _char(value)
        elif kind is sre.RANGE:
            inside += f"{_char(value[0])}-{_char(value[1])}"
        elif value in _CLASSES:
            inside += _members(_CLASSES[value])
        elif value in _COMPLEMENTS:
            others.append(_members(_COMPLEMENTS[value]))
        else:
            raise _NotLinearError
    if not is_negated:
        return f"(?:{'|'.join([f'[{inside}]'] * bool(inside) + [f'[^{each}]' for each in others])})"
    if not others:
        return f"[^{inside}]"
    if inside or len(others) > 1:
        raise _NotLinearError
    return f"[{others[0]}]"


_CLASSES = {sre.CATEGORY_DIGIT: r"\d+", sre.CATEGORY_SPACE: r"\s+", sre.CATEGORY_WORD: r"\w+"}
_COMPLEMENTS = {
    sre.CATEGORY_NOT_DIGIT: r"\d+", sre.CATEGORY_NOT_SPACE: r"\s+", sre.CATEGORY_NOT_WORD: r"\w+"
}  # fmt: skip


@lru_cache
def _members(run: str) -> str:
    """The characters that this Python has in a class; other libraries know other versions of Unicode."""
    runs = re.findall(run, "".join(map(chr, range(sys.maxunicode + 1))))
    return "".join(f"{_char(ord(each[0]))}-{_char(ord(each[-1]))}" for each in runs)


def _char(code: int) -> str:
    return f"\\x{{{code:x}}}"
