"""How an import job goes through its states over time: at once, after N status reads, or after N seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

DONE_PERCENT = 100


@dataclass(frozen=True)
class Stage:
    """A state of a job that runs, entered at `from_percent` of its way."""

    name: str
    from_percent: int


CREATED = "created"
"""The state before `run`."""

STAGES = (Stage("queued", 0), Stage("running", 1), Stage("finished", DONE_PERCENT))

DEFAULT_STATUSES: Mapping[str, str | None] = MappingProxyType(
    {CREATED: "Created", "queued": "Queued", "running": "Running", "finished": "Completed"}
)
"""What `CurrentStatus` says in each state; W50 does not list its own words."""


@dataclass(frozen=True)
class Pace:
    """What it takes for a job that runs to be done; both when both are given, at once when neither is.

    Attributes:
        seconds: seconds since `run`.
        reads: status requests since `run`; the last of them finds the job done.
    """

    seconds: float = 0.0
    reads: int = 0

    def percent(self, elapsed_s: float, reads: int) -> int:
        """How far a job is, 0 to 100."""
        share = 1.0
        if self.seconds > 0:
            share = min(share, elapsed_s / self.seconds)
        if self.reads > 0:
            share = min(share, reads / self.reads)
        return int(DONE_PERCENT * max(0.0, share))


def stage_at(percent: int) -> str:
    """Name of the state that a job is in when it has come so far."""
    return next(stage.name for stage in reversed(STAGES) if percent >= stage.from_percent)
