"""The choices that settings offer: the one place of their names, in the order of docs/settings.md.

`media_type` has none here: media types are names of the W50 API, sent as they are, and
stand with its wire formats (`target_w50.w50.MEDIA_TYPES`). The grants of OAuth 2 stand with the client's
authentication (`target_w50.w50.GrantType`).
"""

from __future__ import annotations

from enum import Enum


class AuthMethod(str, Enum):
    """How W50 is told who calls."""

    BEARER = "bearer"
    BASIC = "basic"
    HEADER = "header"
    OAUTH2 = "oauth2"


class FieldNaming(str, Enum):
    """How a property that `fields` does not name gets its FieldName."""

    NORMALIZED = "normalized"
    EXACT = "exact"
    LISTED = "listed"


class UnmappedProperties(str, Enum):
    """What becomes of a property without a FieldName."""

    IGNORE = "ignore"
    FAIL = "fail"


class NullValues(str, Enum):
    """What becomes of a null in a record."""

    SEND = "send"
    OMIT = "omit"


class MatchValues(str, Enum):
    """Whether match values that differ only in case, Unicode form or number against text are one contact."""

    EXACT = "exact"
    FOLDED = "folded"


class OnFailedCheck(str, Enum):
    """What becomes of a value that fails its check."""

    WARN = "warn"
    QUARANTINE = "quarantine"
    OMIT = "omit"


class CustomEventsOncePer(str, Enum):
    """Within what a contact fires its custom events at most once."""

    RUN = "run"
    VERSION = "version"
    CONTACT = "contact"


class Send(str, Enum):
    """Which of a stream's contacts are sent."""

    ALL = "all"
    CHANGED = "changed"


class DeletedRecords(str, Enum):
    """What becomes of a record with `_sdc_deleted_at` set."""

    SKIP = "skip"
    MARK = "mark"
    QUARANTINE = "quarantine"
    FAIL = "fail"


class ImportMode(str, Enum):
    """What a run does to W50."""

    LOAD = "load"
    CREATE_ONLY = "create_only"
    DRY_RUN = "dry_run"


class UnlistedStreams(str, Enum):
    """What becomes of a stream that no entry of `streams` fits."""

    FAIL = "fail"
    IGNORE = "ignore"


class OnInvalidRecord(str, Enum):
    """What becomes of a record that can't be loaded."""

    FAIL = "fail"
    QUARANTINE = "quarantine"


class StateMode(str, Enum):
    """What stands in a state line, and when there is one."""

    WITH_JOBS = "with_jobs"
    TAP_ONLY = "tap_only"
    ALWAYS = "always"


class ProgressMode(str, Enum):
    """How much is told on standard error while a run loads."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"
