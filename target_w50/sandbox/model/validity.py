"""Whether an e-mail address or a phone number is one; no look-up leaves the machine."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from target_w50.sandbox.model.models import Field

EMAIL = "email"
SMS = "sms"


def count_invalid(values: Mapping[str, Any], fields: Mapping[str, Field]) -> tuple[int, int]:
    """How many e-mail addresses and how many phone numbers among the values are not valid.

    What a value is, the field's MapType says. Null and empty text are not invalid.
    """
    kinds = [kind for _, kind in invalid_fields(values, fields)]
    return kinds.count(EMAIL), kinds.count(SMS)


def invalid_fields(values: Mapping[str, Any], fields: Mapping[str, Field]) -> list[tuple[str, str]]:
    """The fields whose e-mail address or phone number is not valid, each with `EMAIL` or `SMS`."""
    found = []
    for name, value in values.items():
        kind = fields[name].map_type.casefold()
        if kind not in (EMAIL, SMS) or value is None or value == "":
            continue
        is_valid = (isinstance(value, str) and _is_email(value)) if kind == EMAIL else _is_phone_value(value)
        if not is_valid:
            found.append((name, kind))
    return found


def _is_phone_value(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return False
    return _is_phone(str(value))


@lru_cache(maxsize=1 << 16)
def _is_email(text: str) -> bool:
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415  # not needed by each start

    try:
        # The domains set aside for tests are good ones here.
        validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return False
    return True


@lru_cache(maxsize=1 << 16)
def _is_phone(text: str) -> bool:
    import phonenumbers  # noqa: PLC0415  # not needed by each start

    text = text.strip().removeprefix("00")
    try:
        number = phonenumbers.parse(text if text.startswith("+") else f"+{text}")
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_possible_number(number)
