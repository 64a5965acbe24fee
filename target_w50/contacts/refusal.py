"""Why a record is no contact: the reasons, and what is wrong in words."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from target_w50.contacts.checks import FailedCheck


class Reason(str, Enum):
    """Why a record is in quarantine; the list is closed."""

    SCHEMA_INVALID = "schema_invalid"
    MISSING_KEY_PROPERTY = "missing_key_property"
    MISSING_MATCH_VALUE = "missing_match_value"
    CONVERSION_FAILED = "conversion_failed"
    DELETED_AT_SOURCE = "deleted_at_source"
    W50_REJECTED = "w50_rejected"
    INVALID_VALUE = "invalid_value"


class Refusal(NamedTuple):
    """Why a record can't become a contact; without any value of it.

    Attributes:
        failed: the checks of values that it is about, for `INVALID_VALUE`.
        of_stream_map: whether the value at fault is not the tap's, but made by a stream map.
    """

    reason: Reason
    message: str
    property: str | None
    of_stream_map: bool = False
    failed: tuple[FailedCheck, ...] = ()
