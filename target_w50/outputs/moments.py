"""Dates of what runs left behind, read back."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

_FRACTION = re.compile(r"\.(\d{1,6})\d*")
_FIRST_YEAR = 1970
_LAST_YEAR = 9998


def moment(text: Any) -> dt.datetime | None:
    """A date of a metrics or quarantine record as a time in UTC; without a zone it is UTC.

    None is what can't be told: no date, or one outside of 1970 to 9998. Year 1 and year 9999 mean never in
    .NET and SQL, and with an offset they are beyond what a date can be.
    """
    if type(text) is not str:
        return None
    spelled = _FRACTION.sub(lambda found: f".{found[1]:0<6}", text.replace("Z", "+00:00"), count=1)
    try:
        parsed = dt.datetime.fromisoformat(spelled)
        in_utc = parsed.replace(tzinfo=parsed.tzinfo or dt.timezone.utc).astimezone(dt.timezone.utc)
    except (ValueError, OverflowError):
        return None
    return in_utc if _FIRST_YEAR <= in_utc.year <= _LAST_YEAR else None
