"""Checks of a column of values at once: which of them are not plainly good, at a small cost for each.

Which of them are wrong, and in what words, is for the judges of `check_values` to say, here as on the general
way.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from target_w50.contacts.check_values import (
    NO_VALUES,
    REMEMBERED_CHARS,
    SURELY_EMAIL,
    SURELY_EMAIL_CHARS,
    Judge,
    judge_of,
)
from target_w50.contacts.checks import FailedCheck, FieldCheck
from target_w50.settings.checks import CheckKind

if TYPE_CHECKING:
    from target_w50.contacts.phone_numbers import PlainNumbers

Find = Callable[[Sequence[Any]], "list[int]"]
"""Gives the rows of a column whose values may be wrong, in order."""

Failures = dict[int, tuple[FailedCheck, ...]]
"""By row, the checks that its values failed."""

MOST_KNOWN = 1 << 14
"""Of domains and choices so many are remembered to be good."""

_MISSING = (None, UNSET)
_MISSING_TYPES = frozenset(map(type, _MISSING))


def finder_of(check: FieldCheck) -> Find:
    """What looks through a column of a field's values; null and what is not there are good."""
    judge = judge_of(check)
    if check.kind is CheckKind.TEXT:
        return _texts
    if check.kind is CheckKind.CHOICE:
        return _among_known(judge)
    quick: Find
    if check.kind is CheckKind.EMAIL:
        quick = _Emails().find
    elif check.kind is CheckKind.PHONE:
        quick = _PhoneNumbers(check.region).find
    else:
        quick = _one_by_one(_SURELY_DATE.fullmatch)

    def find(column: Sequence[Any]) -> list[int]:
        return [row for row in quick(column) if _is_wrong(column[row], judge)]

    return find


def tell_failed(check: FieldCheck, column: Sequence[Any], rows: Iterable[int], failures: Failures) -> None:
    """Note which of these values fail the check, and how."""
    judge = judge_of(check)
    for row in rows:
        value = column[row]
        message = None if value is None or value is UNSET else judge(value)
        if message is not None:
            failures[row] = (*failures.get(row, ()), FailedCheck(check, message))


def _is_wrong(value: Any, judge: Judge) -> bool:
    return value is not None and value is not UNSET and judge(value) is not None


_SURELY_DATE = re.compile(
    r"[12]\d{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])"
    r"(?:[T ](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)?)?",
    re.ASCII,
)


class _PhoneNumbers:
    """Phone numbers: most are of few countries, and written without spaces."""

    def __init__(self, region: str | None) -> None:
        self._region = region
        self._plain: PlainNumbers | None = None

    def find(self, column: Sequence[Any]) -> list[int]:
        """The rows that are not plainly good."""
        if self._plain is None:
            if {*map(type, column)} <= _MISSING_TYPES:
                return []
            from target_w50.contacts.phone_numbers import PlainNumbers  # noqa: PLC0415  # with the first number

            self._plain = PlainNumbers(self._region)
        is_known, has = self._plain.is_known, self._plain.has
        rows = [row for row, value in enumerate(column) if not (type(value) is str and is_known(value))]
        return [row for row in rows if not (type(column[row]) is str and has(column[row]))]


def _one_by_one(is_good: Callable[[str], object]) -> Find:
    def find(column: Sequence[Any]) -> list[int]:
        return [row for row, value in enumerate(column) if not (type(value) is str and is_good(value))]

    return find


def _texts(column: Sequence[Any]) -> list[int]:
    try:
        if NO_VALUES.isdisjoint(column):
            return []
    except TypeError:  # one is not hashable, and so no text
        pass
    return [row for row, value in enumerate(column) if type(value) is str and value in NO_VALUES]


def _among_known(judge: Judge) -> Find:
    """For values of which there are few: each is judged once."""
    known: set[Hashable] = set()

    def find(column: Sequence[Any]) -> list[int]:
        try:
            new = {(type(value), value) for value in column} - known
        except TypeError:  # one is not hashable
            return [*range(len(column))]
        wrong = {value for value in new if _is_wrong(value[1], judge)}
        if len(known) < MOST_KNOWN:
            known.update(each for each in new - wrong if len(str(each[1])) <= REMEMBERED_CHARS)
        return [row for row, value in enumerate(column) if (type(value), value) in wrong] if wrong else []

    return find


_CLASSES = bytes.maketrans(
    bytes(range(256)),
    bytes(
        each
        if each in b".\n"
        else ord("a")
        if each in (string.ascii_letters + string.digits + "_+-").encode()
        else ord("!")
        for each in range(256)
    ),
)
"""What stands before the @: what may stand anywhere is an `a`, what makes an address unusual a `!`."""
_UNUSUAL = re.compile(rb"!|\.(?=[.\n])|\n(?=[.\n])")
_PATTERNS = (b"!", b"..", b"\n.", b".\n", b"\n\n")


class _Emails:
    """Addresses: their domains are few, and what stands before them is looked at in one piece."""

    def __init__(self) -> None:
        self._domains: set[str] = set()

    def find(self, column: Sequence[Any]) -> list[int]:
        """The rows that are not plainly good."""
        rows = None
        texts: Sequence[str] = column
        if {*map(type, column)} != {str}:
            rows = [row for row, value in enumerate(column) if type(value) is str]
            texts = [column[row] for row in rows]
            if not texts:
                return [row for row, value in enumerate(column) if value not in _MISSING]
        odd = self._odd(texts)
        if rows is None:
            return sorted(odd)
        others = (row for row, value in enumerate(column) if type(value) is not str and value not in _MISSING)
        return sorted([*(rows[row] for row in odd), *others])

    def _odd(self, texts: Sequence[str]) -> set[int]:
        names, _, domains = zip(*[text.partition("@") for text in texts], strict=True)
        odd: set[int] = set()
        if not self._domains.issuperset(domains):
            odd.update(self._of_new_domains(domains))
        if max(map(len, texts)) > SURELY_EMAIL_CHARS:
            odd.update(row for row, text in enumerate(texts) if len(text) > SURELY_EMAIL_CHARS)
        joined = "\n".join(names)
        lines = b"\n%b\n" % joined.encode("utf-8", "surrogatepass").translate(_CLASSES)
        if any(each in lines for each in _PATTERNS):
            if joined.count("\n") != len(names) - 1:
                return {*range(len(texts))}  # one has a line break in it
            odd.update(_rows_of(lines))
        return odd

    def _of_new_domains(self, domains: Sequence[str]) -> Iterable[int]:
        new = {*domains} - self._domains
        good = {
            each for each in new if len(each) < SURELY_EMAIL_CHARS and SURELY_EMAIL.fullmatch("a@" + each)
        }
        if len(self._domains) < MOST_KNOWN:
            self._domains |= good
        odd = new - good
        return [row for row, domain in enumerate(domains) if domain in odd] if odd else ()


def _rows_of(lines: bytes) -> Iterable[int]:
    """The rows where something is unusual; a line break stands before each row, and behind the last."""
    breaks = at = 0
    for found in _UNUSUAL.finditer(lines):
        breaks += lines.count(b"\n", at, found.start())
        at = found.start()
        yield breaks if lines[at : at + 1] == b"\n" else breaks - 1
