"""What the benchmark is to show, and whether it did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

TIMES_SDK = 10.0
TIMES_BARE = 0.5
TIMES_SDK_CHANGED = 4.0
MOST_MIB = 200.0
TIMES_FORGETFUL = 1.05
TIMES_IMPORT = 0.5
MOST_MIB_IMPORT = 300.0


@dataclass(frozen=True)
class Goal:
    """One of them.

    Attributes:
        what: in words.
        wanted: the figure that it should be.
        found: the figure that it is.
        at_most: whether less is better.
    """

    what: str
    wanted: float
    found: float
    at_most: bool = False

    @property
    def is_met(self) -> bool:
        """Whether it was reached."""
        return self.found <= self.wanted if self.at_most else self.found >= self.wanted

    @property
    def row(self) -> tuple[str, str, str, str]:
        """For the table."""
        return (
            self.what,
            f"{'at most' if self.at_most else 'at least'} {self.wanted:g}",
            f"{self.found:.2f}" if self.found < TIMES_SDK else f"{self.found:.1f}",
            "met" if self.is_met else "MISSED",
        )

    def as_json(self) -> dict[str, Any]:
        """For the file of results."""
        return {
            "what": self.what,
            "at_most" if self.at_most else "at_least": self.wanted,
            "found": round(self.found, 3),
            "met": self.is_met,
        }
