"""Contacts that reached W50 by other means, booked as delivered: nothing is sent for them."""

from __future__ import annotations

from target_w50.journal.entries import Entry

SEEDED = "seeded: loaded by other means"
"""Why there is a job in the journal that W50 never had."""


def is_seeded(entry: Entry) -> bool:
    """Whether the job stands for what was loaded by other means."""
    return entry.import_job_id is None and (entry.reason or "").startswith(SEEDED)
