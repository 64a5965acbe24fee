"""Times in words: how long ago, how long it took, and the moment that `--since` means."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Sequence

from target_w50.outputs.moments import moment

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
_UNITS = {"h": HOUR_S, "d": DAY_S, "w": 7 * DAY_S}
_BACK = re.compile(r"([1-9]\d{0,4})([hdw])\Z")
_HOURS_UP_TO = 48
"""So many hours are said as hours: a night that was missed shows as such."""
_LATE_FACTOR, _LATE_MORE_S = 1.25, 30 * MINUTE_S
_FEWEST_GAPS = 3
_GAPS = 20


def span(seconds: float) -> str:
    """A length of time, as short as it can be said: `45 s`, `12 min`, `26 h`, `3 days`."""
    seconds = max(seconds, 0.0)
    if seconds < MINUTE_S:
        return f"{seconds:.0f} s" if seconds >= 10 or seconds == int(seconds) else f"{seconds:.1f} s"  # noqa: PLR2004
    if seconds < HOUR_S:
        return f"{seconds // MINUTE_S:.0f} min"
    if seconds < _HOURS_UP_TO * HOUR_S:
        return f"{seconds // HOUR_S:.0f} h"
    return f"{seconds // DAY_S:,.0f} days"


def ago(then: dt.datetime, now: dt.datetime) -> str:
    """How long before `now` that was; whoever says it says when `now` is."""
    seconds = (now - then).total_seconds()
    return "just now" if seconds < MINUTE_S else f"{span(seconds)} ago"


def usual_gap_s(moments: Sequence[dt.datetime]) -> float | None:
    """The usual time between two of them, in seconds: the median; None where they are too few to tell."""
    gaps = _gaps(moments)
    return None if len(gaps) < _FEWEST_GAPS else sorted(gaps)[len(gaps) // 2]


def is_overdue(moments: Sequence[dt.datetime], now: dt.datetime) -> bool:
    """Whether the next one is later than the longest pause there was lately, and a little more."""
    gaps = _gaps(moments)
    if len(gaps) < _FEWEST_GAPS:
        return False
    return (now - max(moments)).total_seconds() > max(gaps) * _LATE_FACTOR + _LATE_MORE_S


def _gaps(moments: Sequence[dt.datetime]) -> list[float]:
    newest = sorted(set(moments))[-_GAPS - 1 :]
    return [(later - one).total_seconds() for one, later in itertools.pairwise(newest)]


def since(text: str, now: dt.datetime) -> dt.datetime:
    """The moment that `--since` names: a date, a time, or so many hours, days or weeks back.

    Raises:
        ValueError: it is none of them.
    """
    back = _BACK.match(text)
    if back is not None:
        try:
            return now - dt.timedelta(seconds=int(back[1]) * _UNITS[back[2]])
        except OverflowError:
            raise ValueError(f"{text} is longer than there are dates") from None
    named = moment(text)
    if named is None:
        raise ValueError(f"{text} is neither a date such as 2026-11-01 nor a time back such as 7d, 12h or 4w")
    return named
