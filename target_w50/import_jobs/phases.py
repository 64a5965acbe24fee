"""How far an import job can come, how it can end, and which end may follow which phase."""

from __future__ import annotations

from enum import Enum


class Phase(Enum):
    """How far a job has come with W50. Whether the reader still adds to it (`closed`) is another thing.

    It goes down this list. It goes up in two ways only: before it is run, W50's job may be given up for a
    new one (WAITING anew); and where W50 certainly did nothing, a call counts as never made (CREATING back to
    WAITING, INTENT back to FILLING).
    """

    WAITING = "waiting"
    """Nothing of it is at W50, or what was there is given up and never run."""
    CREATING = "creating"
    """W50 may have created a job for it; its id is not known."""
    FILLING = "filling"
    """W50's job takes its batches; nothing was run."""
    PROBING = "probing"
    """W50's job is given up, never run, and only used to find the contacts that W50 refuses."""
    INTENT = "intent"
    """`run` may be sent at any moment, or was sent and nothing is known of it."""
    DOUBTFUL = "doubtful"
    """`run` was sent and got no clear answer: only the job's status tells whether it runs."""
    RUNNING = "running"
    """W50 took `run`, or its job's status has changed since."""
    ENDED = "ended"
    """It is over; `outcome` says how."""


class Outcome(str, Enum):
    """What became of an import job of W50."""

    FINISHED = "finished"
    FAILED = "failed"
    UNKNOWN = "unknown"
    ABANDONED = "abandoned"
    CREATED = "created"


NOT_RUN = (Phase.WAITING, Phase.CREATING, Phase.FILLING, Phase.PROBING)
MAY_RUN = (Phase.INTENT, Phase.DOUBTFUL, Phase.RUNNING)

ENDS_FROM = {
    Outcome.FINISHED: (Phase.RUNNING,),
    Outcome.FAILED: (Phase.RUNNING,),
    Outcome.UNKNOWN: MAY_RUN,
    Outcome.ABANDONED: NOT_RUN,
    Outcome.CREATED: (Phase.FILLING,),
}
"""From which phases a job comes to each outcome: what was never run can't finish, and what may run is never
merely abandoned."""


class JobLifeError(AssertionError):
    """A job was to do what its phase does not allow: a defect of the program, or its books are closed."""
