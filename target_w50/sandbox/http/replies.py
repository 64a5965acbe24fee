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


@dataclass(frozen=True)
class Reply:
    """An answer; `outcome` says in a few words what became of the call."""

    status: int
    body: bytes = b""
    content_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    manner: Manner = Manner.WHOLE
    outcome: str = "done"

    @property
    def sent_status(self) -> int | None:
        """The status as the caller sees it; None where there is no answer."""
        return self.status if self.manner in (Manner.WHOLE, Manner.HALF) else None
