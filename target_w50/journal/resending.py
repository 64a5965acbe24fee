"""When a contact that did not change is sent again all the same: after some days, not all on one."""

from __future__ import annotations

from dataclasses import dataclass

from target_w50.journal.contact_rows import NOT_KNOWN

DAY_S = 86_400


@dataclass
class Resending:
    """For one stream in one list, in one run.

    Attributes:
        now: when the run looks, in seconds since 1970.
        after_days: how long after a contact was sent it is sent again; 0: never.
        before: whatever was sent before this time is sent again, in seconds since 1970.
    """

    now: int
    after_days: int
    before: int = 0

    @property
    def fresh_since(self) -> int:
        """What was sent since then is not sent again, whoever it is."""
        since = max(self.before, NOT_KNOWN + 1)
        if self.after_days:
            since = max(since, (self.now // DAY_S - (self.after_days - self._spread_days) + 1) * DAY_S)
        return since

    def is_due(self, key: int, sent: int) -> bool:
        """Whether a contact is sent again.

        Args:
            key: of the contact: by it they are spread over the second half of the time.
            sent: when it was sent last.
        """
        if sent < max(self.before, NOT_KNOWN + 1):
            return True
        days = self.now // DAY_S - sent // DAY_S
        return bool(self.after_days) and days >= self.after_days - key % (self._spread_days + 1)

    @property
    def _spread_days(self) -> int:
        return self.after_days // 2
