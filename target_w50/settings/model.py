"""The settings as the rest of the house sees them: judged once, all faults at once, then frozen."""

from __future__ import annotations

import fnmatch
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any

from target_w50.errors import SettingsError
from target_w50.settings.rules import settings_faults
from target_w50.settings.schema import API_URL, DROP, FAILURE_STATUSES, SETTINGS_SCHEMA, STREAM_ENTRY

__all__ = [
    "DROP",
    "SETTINGS_SCHEMA",
    "DeletedRecords",
    "ImportMode",
    "Settings",
    "StreamEntry",
    "settings_from",
]

SCHEMA_WITHOUT_STREAMS = {
    **SETTINGS_SCHEMA,
    "required": [name for name in SETTINGS_SCHEMA["required"] if name != "streams"],
}


class ImportMode(str, Enum):
    """What a run does to W50."""

    LOAD = "load"
    CREATE_ONLY = "create_only"
    DRY_RUN = "dry_run"


class DeletedRecords(str, Enum):
    """What becomes of a record with `_sdc_deleted_at` set."""

    SKIP = "skip"
    MARK = "mark"
    QUARANTINE = "quarantine"
    FAIL = "fail"


@dataclass(frozen=True)
class StreamEntry:
    """One entry of `streams`; `match_fields` None means that it was not given."""

    stream: str
    contact_list: str
    match_fields: tuple[str, ...] | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    field_naming: str = "normalized"
    unmapped_properties: str = "ignore"
    null_values: str = "send"
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
    auth_method: str = "bearer"
    auth_header_name: str = "X-Api-Key"
    username: str | None = None
    password: str | None = None
    oauth2_token_url: str | None = None
    oauth2_client_id: str | None = None
    oauth2_client_secret: str | None = None
    oauth2_grant_type: str = "client_credentials"
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
    unlisted_streams: str = "fail"
    on_invalid_record: str = "fail"
    quarantine_path: str | None = None
    max_invalid_records: int | None = None
    max_invalid_percent: float | None = None
    max_rejected_percent: float = 50
    suppress_custom_events: bool = False
    metrics_path: str | None = None
    state: str = "with_jobs"
    progress: str = "auto"
    validate_records: bool = True
    add_record_metadata: bool = False

    @property
    def quarantines(self) -> bool:
        """Whether invalid records are set aside rather than fatal."""
        return self.on_invalid_record == "quarantine"


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
    values["streams"] = tuple(_entry(entry) for entry in values.get("streams", ()))
    if "import_mode" in values:
        values["import_mode"] = ImportMode(values["import_mode"])
    if "failure_statuses" in values:
        values["failure_statuses"] = tuple(values["failure_statuses"])
    return Settings(**values)


def _entry(given: Mapping[str, Any]) -> StreamEntry:
    values = dict(given)
    if isinstance(values["contact_list"], float):  # JSON Schema holds 42.0 for an integer
        values["contact_list"] = int(values["contact_list"])
    values["contact_list"] = str(values["contact_list"])
    for name in ("match_fields", "custom_events"):
        if name in values:
            values[name] = tuple(values[name])
    if "deleted_records" in values:
        values["deleted_records"] = DeletedRecords(values["deleted_records"])
    return StreamEntry(**values)


STREAM_ENTRY_MEMBERS = tuple(STREAM_ENTRY["properties"])
