"""The settings as the rest of the house sees them: judged once, all faults at once, then frozen."""

from __future__ import annotations

import difflib
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from target_w50.errors import SettingsError
from target_w50.settings_schema import API_URL, FAILURE_STATUSES, SETTINGS_SCHEMA, STREAM_ENTRY

__all__ = ["SETTINGS_SCHEMA", "DeletedRecords", "ImportMode", "Settings", "StreamEntry", "settings_from"]

DROP = "__NULL__"
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
    faults = [*_schema_faults(given, SETTINGS_SCHEMA if streams_required else SCHEMA_WITHOUT_STREAMS)]
    if not faults:
        faults = [*_rule_faults(given)]
    if faults:
        raise SettingsError(
            "The settings can't be used: " + "; ".join(faults) + ". Nothing was read or sent.",
            faults=tuple(faults),
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
    values["contact_list"] = str(values["contact_list"])
    for name in ("match_fields", "custom_events"):
        if name in values:
            values[name] = tuple(values[name])
    if "deleted_records" in values:
        values["deleted_records"] = DeletedRecords(values["deleted_records"])
    return StreamEntry(**values)


def _schema_faults(given: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    validator = Draft202012Validator(schema)
    for error in sorted(validator.iter_errors(given), key=lambda error: list(map(str, error.absolute_path))):
        yield from _fault_sentences(error)


def _fault_sentences(error: ValidationError) -> Iterator[str]:
    """The fault without the offending value: that may be a secret or a contact's."""
    where = _place(error)
    rule = error.validator
    allowed: Any = error.validator_value
    schema: Any = error.schema
    instance: Any = error.instance
    if rule == "additionalProperties":
        known = list(schema.get("properties", {}))
        for name in sorted(set(instance) - set(known)):
            yield f"`{where}{'.' if where else ''}{name}` is no setting{_nearest(name, known)}"
        return
    if rule == "required":
        for name in sorted(set(allowed) - set(instance)):
            yield f"`{where}{'.' if where else ''}{name}` is required"
        return
    expectations = {
        "type": f"must be of type {' or '.join([allowed] if isinstance(allowed, str) else allowed)}"
        if rule == "type"
        else "",
        "enum": f"must be one of {', '.join(map(str, allowed))}" if rule == "enum" else "",
        "minimum": f"must be at least {allowed}",
        "maximum": f"must be at most {allowed}",
        "exclusiveMinimum": f"must be more than {allowed}",
        "minLength": "must not be empty",
        "minItems": "must not be empty",
        "uniqueItems": "must not name anything twice",
        "pattern": "has a character that is not allowed in it",
    }
    yield f"`{where}` {expectations.get(str(rule), f'is not valid ({rule})')}"


def _place(error: ValidationError) -> str:
    parts = ""
    for part in error.absolute_path:
        parts += f"[{part}]" if isinstance(part, int) else f".{part}" if parts else str(part)
    return parts


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean `{near[0]}`?)" if near else ""


def _rule_faults(given: Mapping[str, Any]) -> Iterator[str]:
    yield from _auth_faults(given)
    yield from _stream_faults(given)
    first, longest = given.get("poll_interval_s", 1), given.get("poll_max_interval_s", 30)
    if first > longest:
        yield "`poll_interval_s` must not be more than `poll_max_interval_s`"
    wants_file = given.get("on_invalid_record") == "quarantine" or any(
        entry.get("deleted_records") == "quarantine" for entry in given.get("streams", ())
    )
    path = given.get("quarantine_path")
    if wants_file and not path:
        yield "`quarantine_path` is required to quarantine records"
    for name in ("quarantine_path", "metrics_path"):
        if "://" in str(given.get(name, "")):
            yield f"`{name}` must be the path of a file, not a URL"


def _auth_faults(given: Mapping[str, Any]) -> Iterator[str]:
    method = given.get("auth_method", "bearer")
    grant = given.get("oauth2_grant_type", "client_credentials")
    needed = {
        "bearer": ["auth_token"],
        "header": ["auth_token"],
        "basic": ["username", "password"],
        "oauth2": ["oauth2_token_url", "oauth2_client_id"]
        + (["username", "password"] if grant == "password" else ["oauth2_client_secret"]),
    }
    for name in needed[method]:
        if name not in given:
            yield f"`{name}` is required for `auth_method` {method}"
    for name in ("auth_token", "username", "password"):
        value = given.get(name, "")
        if method in ("bearer", "header", "basic") and any(character in value for character in "\r\n\0"):
            yield f"`{name}` must not hold a line break"


def _stream_faults(given: Mapping[str, Any]) -> Iterator[str]:
    loads = given.get("import_mode", "load") != "create_only"
    seen: set[str] = set()
    for index, entry in enumerate(given.get("streams", ())):
        where, name = f"streams[{index}]", entry["stream"]
        if name in seen:
            yield f"`{where}.stream` repeats an earlier entry's"
        seen.add(name)
        if loads and "match_fields" not in entry and "enc_contact_id" not in entry:
            yield (
                f"`{where}.match_fields` is required to load (the FieldNames that decide which contact is "
                "updated; [] lets W50 decide)"
            )
        marks = entry.get("deleted_records") == "mark"
        if marks and not entry.get("deleted_values"):
            yield f"`{where}.deleted_values` is required for `deleted_records` mark"
        if marks and not entry.get("match_fields") and "enc_contact_id" not in entry:
            yield f"`{where}.deleted_records` mark needs `match_fields` or `enc_contact_id`"
        if not marks and "deleted_values" in entry:
            yield f"`{where}.deleted_values` needs `deleted_records` mark"
        if DROP in entry.get("match_fields", ()):
            yield f"`{where}.match_fields` must not name {DROP}"


STREAM_ENTRY_MEMBERS = tuple(STREAM_ENTRY["properties"])
