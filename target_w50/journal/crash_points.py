"""The moments between two writes of a run: at each of them a drill may end the process, as a crash would."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum


class CrashPoint(str, Enum):
    """What was done last, in the order in which a run does it."""

    LIST_TAKEN = "list taken"
    RECOVERED = "recovered"
    CREATING = "creating written"
    CREATED = "job created"
    FILLING = "filling written"
    BATCH_SENT = "batch sent"
    STATUS_READ = "status read"
    INTENT = "intent written"
    RUN_SENT = "run sent"
    RUNNING = "running written"
    POLLED = "polled"
    FINISHED = "finished written"
    STATE_WRITTEN = "state written"
    COVERED = "covered written"
    RELEASED = "list released"


hook: Callable[[CrashPoint], None] | None = None
"""Called at each point; set by a drill in a process of its own."""


def reached(point: CrashPoint) -> None:
    """This was done last."""
    if hook is not None:
        hook(point)
