r"""Matches a schema's regular expressions as Python does, in time that no value can stretch.

Python's own engine may take hours for one e-mail address, and hold all threads of the program meanwhile.
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
from collections.abc import Callable, Iterable
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

Search = Callable[[str], bool]


class PatternTooSlowError(Exception):
    """Whether a text matches was not found out in time.

    Attributes:
        text: the very text, to find its place by; it must not be shown.
    """

    def __init__(self, text: str) -> None:
        super().__init__("a pattern took too long")
        self.text = text


def pattern_search(pattern: str) -> Search:
    """Give what says whether the pattern is found anywhere in a text.

    What is given may raise PatternTooSlowError.

    Raises:
        ValueError: no pattern that can be used here.
    """
    if len(pattern) > MAX_CHARS:
        raise ValueError("too long for a pattern")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what Python may read in another way some day
            re.compile(pattern)
            return _Search(pattern, _linear(pattern))
    except (re.error, _regex().error, OverflowError, RecursionError) as error:
        raise ValueError("no pattern that can be used here") from error


def _regex() -> Any:
    """The library, loaded where a pattern needs it: few do."""
    return importlib.import_module("regex")


class _Search:
    def __init__(self, pattern: str, linear: Any) -> None:
        self._pattern = pattern
        self._linear = linear
        self._limited: Any = None if linear else _regex().compile(pattern)

    def __call__(self, text: str) -> bool:
        if self._linear is not None:
            try:
                return self._linear.search(text.encode()) is not None  # as bytes: no place is worked out
            except UnicodeEncodeError:  # half a surrogate pair, which RE2 can't be given
                self._limited = self._limited or _regex().compile(self._pattern)
        try:
            return self._limited.search(text, timeout=LIMIT_S, concurrent=True) is not None
        except TimeoutError:
            raise PatternTooSlowError(text) from None


_search_of = lru_cache(maxsize=1024)(pattern_search)


def search(pattern: str, text: str) -> bool:
    """Say whether the pattern is found anywhere in a text.

    Raises:
        PatternTooSlowError: that was not found out in time.
    """
    return _search_of(pattern)(text)


# jsonschema calls `re.search` for `pattern`, `patternProperties` and, deep within, for the properties that
# are neither named nor matched. It can't be told of another engine, so these modules of it are given one.
for _module in (_keywords, _legacy_keywords, _utils):
    _module.re = SimpleNamespace(search=search)  # type: ignore[attr-defined]


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
