"""The verdict on a run: well, well with rejections, or failed; and its words."""

from __future__ import annotations

from enum import Enum


class Verdict(str, Enum):
    """What a run came to, in one word."""

    WELL = "well"
    WELL_WITH_REJECTIONS = "well_with_rejections"
    FAILED = "failed"


def verdict_of(exit_status: int, contacts_rejected: int, records_quarantined: int) -> Verdict:
    """The verdict on a run.

    Args:
        exit_status: of the program; only with 0 it went well.
        contacts_rejected: how many contacts W50 neither inserted, updated nor left as they were.
        records_quarantined: how many records were set aside.
    """
    if exit_status:
        return Verdict.FAILED
    return Verdict.WELL_WITH_REJECTIONS if contacts_rejected or records_quarantined else Verdict.WELL


def well_in_words(contacts_rejected: int, records_quarantined: int) -> str:
    """A good run in words, such as `all well, 22 contacts rejected, 10 records quarantined`."""
    words = "all well"
    for count, what, state in (
        (contacts_rejected, "contact", "rejected"),
        (records_quarantined, "record", "quarantined"),
    ):
        if count:
            words += f", {count:,} {what}{'' if count == 1 else 's'} {state}"
    return words
