"""Judges addresses, phone numbers, dates and choices; says what is wrong without the value; pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from target_w50.contacts.checks import FieldCheck
from target_w50.settings.checks import CheckKind

Judge = Callable[[Any], str | None]
"""What is wrong with a value; None if nothing is. Null is not for it: no value is no failure."""

MOST_FIELDS = 128
MOST_REMEMBERED = 1 << 14
REMEMBERED_CHARS = 100
"""So many judgements of so many fields are kept, of texts of so many characters at most."""
MOST_CHARS = 1000
"""A longer text is neither an address nor a number, and not worth the libraries' time."""

BIGGEST = 10**18
"""A bigger integer is neither a number nor a choice; Python writes none of many thousand digits."""

NO_VALUES = frozenset(
    ("NULL", "null", "(null)", "<null>", "N/A", "n/a", "#N/A", "NaN", "nan", "undefined", "\\N")
)
"""Text for a value that is not there. A person may be named Null, or Nan, but not NULL."""

_NO_VALUE = "is text that stands for no value, such as NULL"
_SPACES = "has spaces around the e-mail address"
_NO_EMAIL = "is no e-mail address"
_NO_DATE = "is no date as W50 writes them, such as 1980-12-31"
_NO_CHOICE = "is none of the values that the field allows"

SURELY_EMAIL = re.compile(
    r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@(?:[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\.)+"
    r"(?!(?:arpa|invalid|local|localhost|onion)\Z)[A-Za-z]{2,}",
    re.IGNORECASE | re.ASCII,
)
"""Addresses that email-validator takes, if they have at most 64 characters: so that no part is too long."""
SURELY_EMAIL_CHARS = 64

_DATE = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[T ](?:[01]\d|2[0-3]):[0-5]\d(?::(?:[0-5]\d|60)(?:\.\d+)?)?\s?(?:[Zz]|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)


@lru_cache(MOST_FIELDS)
def judge_of(check: FieldCheck) -> Judge:
    """What judges the values of a field; one for all that ask, so that each value is judged once."""
    if check.kind is CheckKind.EMAIL:
        return _remembering(_email)
    if check.kind is CheckKind.PHONE:
        return _remembering(_known_text(_phone_number(check.region)))
    if check.kind is CheckKind.DATE:
        return _remembering(_known_text(_date))
    if check.kind is CheckKind.CHOICE:
        return _known_text(_choice(check.allowed))
    return _text


def _remembering(judge: Judge) -> Judge:
    """The same, with a bounded memory of texts; numbers are judged anew, for 1 and true are the same key."""
    remembered = lru_cache(MOST_REMEMBERED)(judge)

    def judged(value: Any) -> str | None:
        return remembered(value) if type(value) is str and len(value) <= REMEMBERED_CHARS else judge(value)

    return judged


def _known_text(judge: Judge) -> Judge:
    """The same, with text for no value told apart, and empty text held for no value."""

    def judged(value: Any) -> str | None:
        if type(value) is str:
            if not value:
                return None
            if value.strip() in NO_VALUES:
                return _NO_VALUE
        return judge(value)

    return judged


def _text(value: Any) -> str | None:
    return _NO_VALUE if type(value) is str and value in NO_VALUES else None


def _email(value: Any) -> str | None:
    if type(value) is not str:
        return _NO_EMAIL
    if not value or (len(value) <= SURELY_EMAIL_CHARS and SURELY_EMAIL.fullmatch(value)):
        return None
    stripped = value.strip()
    if stripped in NO_VALUES:
        return _NO_VALUE
    if "@" not in stripped or len(stripped) > MOST_CHARS or not _is_email(stripped):
        return _NO_EMAIL
    return _SPACES if stripped != value else None


def _is_email(text: str) -> bool:
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415  # where one is unusual

    try:
        # Nobody is asked whether the domain exists; domains set aside for tests are taken, W50 may well too.
        validate_email(text, check_deliverability=False, test_environment=True)
    except (EmailNotValidError, UnicodeError):
        return False
    return True


def _phone_number(region: str | None) -> Judge:
    judge: Judge | None = None

    def judged(value: Any) -> str | None:
        nonlocal judge
        if judge is None:
            from target_w50.contacts.phone_numbers import phone_judge  # noqa: PLC0415  # with the first number

            judge = phone_judge(region)
        return judge(value)

    return judged


def _date(value: Any) -> str | None:
    found = _DATE.fullmatch(value) if type(value) is str else None
    if found is None:
        return _NO_DATE
    try:
        dt.date(*map(int, found.groups()))
    except ValueError:
        return _NO_DATE
    return None


def _choice(allowed: frozenset[str]) -> Judge:
    def judged(value: Any) -> str | None:
        if type(value) is int and abs(value) >= BIGGEST:
            return _NO_CHOICE
        text = str(value).lower()
        if text in allowed or text.strip() in allowed:
            return None
        # How several values are written is not documented.
        parts = [each.strip() for each in re.split("[,;|]", text)]
        return None if all(each in allowed for each in parts) else _NO_CHOICE

    return judged
