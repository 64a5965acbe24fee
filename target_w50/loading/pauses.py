"""How long to wait before an import job is asked for again: in runs, what they recover, and `w50 job`."""

from __future__ import annotations

import math

from target_w50.settings.model import Settings

POLL_SHARE = 0.1
"""A pause is this share of the time waited so far, within the settings: long jobs are asked less often."""
LAST_LOOK_S = 0.01
"""How long after the end of the time limit a job is asked for the last time."""


def pause_s(settings: Settings, waited_s: float, *, left_s: float = math.inf, asked_s: float = 0.0) -> float:
    """The next pause, in seconds.

    Args:
        settings: with the shortest and the longest.
        waited_s: since the job may run.
        left_s: until its time is up: the last pause ends just after that.
        asked_s: how long W50 asks to be left alone.
    """
    pause = min(max(settings.poll_interval_s, waited_s * POLL_SHARE), settings.poll_max_interval_s)
    return min(max(pause, asked_s), max(left_s, 0.0) + LAST_LOOK_S)
