"""The settings as the rest of the house sees them: judged once, all faults at once, then frozen."""

from __future__ import annotations

import fnmatch
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import Enum
from functools import cache
from typing import Any, get_type_hints

from target_w50.errors import SettingsError
from target_w50.settings.choices import (
    AuthMethod,
    DeletedRecords,
    FieldNaming,
    ImportMode,
    NullValues,
    OnInvalidRecord,
    ProgressMode,
    StateMode,
    UnlistedStreams,
    UnmappedProperties,
)
from target_w50.settings.rules import settings_faults
from target_w50.settings.schema import API_URL, DROP, FAILURE_STATUSES, SETTINGS_SCHEMA
from target_w50.w50 import GrantType

__all__ = [
    "DROP",
    "SETTINGS_SCHEMA",
    "AuthMethod",
    "DeletedRecords",
    "FieldNaming",
    "ImportMode",
    "NullValues",
    "OnInvalidRecord",
    "ProgressMode",
    "Settings",
    "StateMode",
    "StreamEntry",
    "UnlistedStreams",
    "UnmappedProperties",
    "settings_from",
]

SCHEMA_WITHOUT_STREAMS = {
    **SETTINGS_SCHEMA,
    "required": [name for name in SETTINGS_SCHEMA["required"] if name != "streams"],
}


@dataclass(frozen=True)
class StreamEntry:
    """One entry of `streams`; `match_fields` None means that it was not given."""

    stream: str
    contact_list: str
    match_fields: tuple[str, ...] | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    field_naming: FieldNaming = FieldNaming.NORMALIZED
    unmapped_properties: UnmappedProperties = UnmappedProperties.IGNORE
    null_values: NullValues = NullValues.SEND
    enc_contact_id: str | None = None
    custom_events: tuple[str, ...] = ()
    custom_events_max_contacts: int = 1000
    deleted_records: DeletedRecords = DeletedRecords.SKIP
    deleted_values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_glob(self) -> bool:
        """Whether `stream` is a pattern rather than a name."""
        return any(character in self.stream for character in "*?[")


@dataclass(frozen=True, repr=False)
class Settings:
    """All settings with their defaults; seconds and bytes as their names say."""

    streams: tuple[StreamEntry, ...]
    run_id: str
    api_url: str = API_URL
    auth_token: str | None = None
    auth_method: AuthMethod = AuthMethod.BEARER
    auth_header_name: str = "X-Api-Key"
    username: str | None = None
    password: str | None = None
    oauth2_token_url: str | None = None
    oauth2_client_id: str | None = None
    oauth2_client_secret: str | None = None
    oauth2_grant_type: GrantType = GrantType.CLIENT_CREDENTIALS
    oauth2_scope: str | None = None
    allow_http: bool = False
    media_type: str = "application/json"
    request_timeout_s: float = 300
    retry_for_s: float = 600
    import_mode: ImportMode = ImportMode.LOAD
    batch_size_rows: int = 10_000
    batch_size_bytes: int = 20_000_000
    max_contacts_per_job: int = 100_000
    checkpoint_interval_s: float = 300
    overlap_jobs: bool = False
    poll_interval_s: float = 1
    poll_max_interval_s: float = 30
    job_timeout_s: float = 3600
    failure_statuses: tuple[str, ...] = FAILURE_STATUSES
    unlisted_streams: UnlistedStreams = UnlistedStreams.FAIL
    on_invalid_record: OnInvalidRecord = OnInvalidRecord.FAIL
    quarantine_path: str | None = None
    max_invalid_records: int | None = None
    max_invalid_percent: float | None = None
    max_rejected_percent: float = 50
    suppress_custom_events: bool = False
    metrics_path: str | None = None
    state: StateMode = StateMode.WITH_JOBS
    progress: ProgressMode = ProgressMode.AUTO
    validate_records: bool = True
    add_record_metadata: bool = False

    @property
    def quarantines(self) -> bool:
        """Whether invalid records are set aside rather than fatal."""
        return self.on_invalid_record is OnInvalidRecord.QUARANTINE


def entry_for(entries: Sequence[StreamEntry], stream: str) -> StreamEntry | None:
    """The entry that a stream falls under: an exact name beats a glob, an earlier glob a later one."""
    for entry in entries:
        if entry.stream == stream:
            return entry
    for entry in entries:
        if entry.is_glob and fnmatch.fnmatchcase(stream, entry.stream):
            return entry
    return None


def settings_from(config: Mapping[str, Any], *, streams_required: bool = True) -> Settings:
    """Judge the configuration as a whole and freeze it.

    Args:
        config: as read.
        streams_required: whether `streams` must be there; without it there are none.

    Raises:
        SettingsError: with a sentence for every fault; none of them shows a value.
    """
    given = {name: value for name, value in config.items() if value is not None}
    if isinstance(given.get("streams"), list):
        given["streams"] = [_without_nulls(entry) for entry in given["streams"]]
    faults = settings_faults(given, SETTINGS_SCHEMA if streams_required else SCHEMA_WITHOUT_STREAMS)
    if faults:
        raise SettingsError(
            "The settings can't be used: " + "; ".join(faults) + ". Nothing was read or sent.",
            faults=faults,
        )
    return _frozen(given)


def connection_settings(config: Mapping[str, Any]) -> Settings:
    """What is needed to talk to W50: the settings less `streams`, which may be missing or unfinished.

    Raises:
        SettingsError: as in `settings_from`.
    """
    rest = {name: value for name, value in config.items() if name != "streams"}
    return settings_from(rest, streams_required=False)


def _without_nulls(entry: Any) -> Any:
    """Meltano keeps the nulls of objects in lists: a null member counts as not given."""
    if not isinstance(entry, dict):
        return entry
    return {name: value for name, value in entry.items() if value is not None}


def _frozen(given: Mapping[str, Any]) -> Settings:
    known = {member.name for member in fields(Settings)}
    values = {name: value for name, value in given.items() if name in known}
    run_id = values.get("run_id") or str(uuid.uuid4())
    for path in ("metrics_path", "quarantine_path"):
        if values.get(path):
            values[path] = values[path].replace("{run_id}", run_id)
    values["run_id"] = run_id
    values["streams"] = tuple(entry_from(entry) for entry in values.get("streams", ()))
    return Settings(**_typed(Settings, values))


def entry_from(given: Mapping[str, Any]) -> StreamEntry:
    """Freeze one entry of `streams` that fits the schema."""
    values = dict(given)
    if isinstance(values["contact_list"], float):  # JSON Schema holds 42.0 for an integer
        values["contact_list"] = int(values["contact_list"])
    values["contact_list"] = str(values["contact_list"])
    return StreamEntry(**_typed(StreamEntry, values))


def _typed(model: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as the model has them: a choice as its enum's member, a list as a tuple."""
    choices = _choices(model)
    return {
        name: choices[name](value) if name in choices else tuple(value) if isinstance(value, list) else value
        for name, value in values.items()
    }


@cache
def _choices(model: type) -> dict[str, type[Enum]]:
    """The enums of the model's members that have one."""
    hints = get_type_hints(model)
    return {name: hint for name, hint in hints.items() if isinstance(hint, type) and issubclass(hint, Enum)}
