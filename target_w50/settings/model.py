"""The settings as the rest of the house sees them: judged once, all faults at once, then frozen."""

from __future__ import annotations

import fnmatch
import json
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any, get_type_hints

from target_w50.errors import SettingsError
from target_w50.settings.checks import OFF
from target_w50.settings.choices import (
    AuthMethod,
    CustomEventsOncePer,
    DeletedRecords,
    FieldNaming,
    ImportMode,
    MatchValues,
    NullValues,
    OnFailedCheck,
    OnInvalidRecord,
    ProgressMode,
    Send,
    StateMode,
    UnlistedStreams,
    UnmappedProperties,
)
from target_w50.settings.rules import settings_faults
from target_w50.settings.schema import DROP, READ_BY_THE_SDK, SETTINGS_SCHEMA, STREAM_ENTRY
from target_w50.w50 import GrantType

__all__ = [
    "DROP",
    "SETTINGS_SCHEMA",
    "AuthMethod",
    "CustomEventsOncePer",
    "DeletedRecords",
    "FieldNaming",
    "ImportMode",
    "MatchValues",
    "NullValues",
    "OnFailedCheck",
    "OnInvalidRecord",
    "ProgressMode",
    "Send",
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


@dataclass(frozen=True, kw_only=True)
class StreamEntry:
    """One entry of `streams`; `match_fields` None means that it was not given."""

    stream: str
    contact_list: str
    match_fields: tuple[str, ...] | None
    fields: Mapping[str, str]
    field_naming: FieldNaming
    unmapped_properties: UnmappedProperties
    null_values: NullValues
    enc_contact_id: str | None
    custom_events: tuple[str, ...]
    custom_events_max_contacts: int
    custom_events_once_per: CustomEventsOncePer
    match_values: MatchValues
    send: Send
    resend_after_days: int
    ignore_changes_in: tuple[str, ...]
    contact_checks: str | Mapping[str, str]
    on_failed_check: OnFailedCheck
    deleted_records: DeletedRecords
    deleted_values: Mapping[str, Any]

    @property
    def needs_journal(self) -> bool:
        """Whether it can't be loaded without what earlier runs did."""
        once = bool(self.custom_events) and self.custom_events_once_per is not CustomEventsOncePer.RUN
        return self.send is Send.CHANGED or once

    @property
    def may_set_aside(self) -> bool:
        """Whether it may have a record set aside, whatever `on_invalid_record` says."""
        checks = self.contact_checks != OFF and self.on_failed_check is not OnFailedCheck.WARN
        return checks or self.deleted_records is DeletedRecords.QUARANTINE

    @property
    def is_glob(self) -> bool:
        """Whether `stream` is a pattern rather than a name."""
        return any(character in self.stream for character in "*?[")


@dataclass(frozen=True, repr=False, kw_only=True)
class Settings:
    """All settings that we read; seconds and bytes as their names say. The defaults stand in the schema."""

    streams: tuple[StreamEntry, ...]
    run_id: str
    api_url: str
    auth_token: str | None
    auth_method: AuthMethod
    auth_header_name: str
    username: str | None
    password: str | None
    oauth2_token_url: str | None
    oauth2_client_id: str | None
    oauth2_client_secret: str | None
    oauth2_grant_type: GrantType
    oauth2_scope: str | None
    auth_token_file: str | None
    password_file: str | None
    oauth2_client_secret_file: str | None
    ca_bundle: str | None
    client_certificate: str | None
    client_key: str | None
    allow_http: bool
    media_type: str
    request_timeout_s: float
    retry_for_s: float
    import_mode: ImportMode
    batch_size_rows: int
    batch_size_bytes: int
    max_contacts_per_job: int
    checkpoint_interval_s: float
    parallel_uploads: int
    overlap_jobs: bool
    poll_interval_s: float
    poll_max_interval_s: float
    job_timeout_s: float
    failure_statuses: tuple[str, ...]
    unlisted_streams: UnlistedStreams
    on_invalid_record: OnInvalidRecord
    quarantine_path: str | None
    max_line_bytes: int
    max_invalid_records: int | None
    max_invalid_percent: float | None
    max_rejected_percent: float
    suppress_custom_events: bool
    metrics_path: str | None
    state: StateMode
    progress: ProgressMode
    journal: str
    journal_key: str | tuple[str, ...] | None
    journal_retention_days: float
    journal_wait_s: float
    validate_records: bool
    add_record_metadata: bool

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
    if isinstance(given.get("journal_key"), str):
        given["journal_key"] = _one_or_several(given["journal_key"])
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


def _one_or_several(text: str) -> Any:
    """What a list of keys is where settings are mere text: in the environment, and under Meltano."""
    if text.startswith("["):
        with suppress(ValueError, RecursionError):
            return json.loads(text)
    return text


def _without_nulls(entry: Any) -> Any:
    """Meltano keeps the nulls of objects in lists: a null member counts as not given."""
    if not isinstance(entry, dict):
        return entry
    return {name: value for name, value in entry.items() if value is not None}


def _frozen(given: Mapping[str, Any]) -> Settings:
    values = dict(given)
    values["run_id"] = run_id = given.get("run_id") or str(uuid.uuid4())
    for path in ("metrics_path", "quarantine_path"):
        if values.get(path):
            values[path] = values[path].replace("{run_id}", run_id)
    values["streams"] = tuple(entry_from(entry) for entry in values.get("streams", ()))
    return Settings(**_members(Settings, SETTINGS_SCHEMA, values))


def entry_from(given: Mapping[str, Any]) -> StreamEntry:
    """Freeze one entry of `streams` that fits the schema."""
    values = {"fields": {}, "custom_events": (), "ignore_changes_in": (), "deleted_values": {}, **given}
    if isinstance(values["contact_list"], float):  # JSON Schema holds 42.0 for an integer
        values["contact_list"] = int(values["contact_list"])
    values["contact_list"] = str(values["contact_list"])
    return StreamEntry(**_members(StreamEntry, STREAM_ENTRY, values))


def _members(model: type, schema: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Every setting of the schema as the model has it: a choice as its enum's member, a list as a tuple.

    What is not given has the schema's default, else None. A setting that the model lacks is here all the
    same, so that the model refuses it: it would do nothing, and nobody would be told.
    """
    choices = _choices(model)
    members = {}
    for name, setting in schema["properties"].items():
        if name in READ_BY_THE_SDK:
            continue
        value = given.get(name, setting.get("default"))
        if name in choices:
            value = choices[name](value)
        members[name] = tuple(value) if isinstance(value, list) else value
    return members


@cache
def _choices(model: type) -> dict[str, type[Enum]]:
    """The enums of the model's members that have one."""
    hints = get_type_hints(model)
    return {name: hint for name, hint in hints.items() if isinstance(hint, type) and issubclass(hint, Enum)}
