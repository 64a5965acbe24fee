"""What goes back over the connection, and in which manner: whole, half, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Manner(Enum):
    """How a reply is sent."""

    WHOLE = "whole"
    HALF = "half"
    """Half of the body under the Content-Length of the whole, then the connection is closed."""
    CLOSED = "closed"
    """Nothing; the connection is closed."""
    RESET = "reset"
    """Nothing; the connection is reset."""
    ENDLESS = "endless"
    """A status line and header lines, one after the other, until the caller has gone."""


@dataclass(frozen=True)
class Reply:
    """An answer.

    Attributes:
        interim: statuses of the interim answers that go ahead of it.
        pause_s: the pause behind each byte, or behind each header line of an endless one; None: no pauses.
        outcome: says in a few words what became of the call.
    """

    status: int
    body: bytes = b""
    content_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    manner: Manner = Manner.WHOLE
    interim: tuple[int, ...] = ()
    pause_s: float | None = None
    outcome: str = "done"

    @property
    def sent_status(self) -> int | None:
        """The status as the caller sees it; None where there is no answer."""
        return self.status if self.manner in (Manner.WHOLE, Manner.HALF) else None
