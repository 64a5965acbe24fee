"""The JSON Schema of the settings: names, titles, descriptions, defaults and limits, in groups.

Plain data, without the SDK: importing the SDK costs more than judging the settings.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

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
from target_w50.w50 import MEDIA_TYPES, GrantType

Schema = dict[str, Any]

DROP = "__NULL__"
"""Stands for a FieldName in `fields`: the property is not sent."""
LONGEST_S = 31_536_000
"""A year, in seconds: what is longer is a slip, and beyond what operating systems can wait for."""

END = r"$(?!\n)"
"""The end of a pattern: Python's `$` alone lets a line break follow, and its `\\Z` is nothing elsewhere."""
RUN_ID_PATTERN = rf"^(?!\.\.?$)[A-Za-z0-9._:@+-]{{1,128}}{END}"
"""It becomes part of paths: it must lead nowhere, not even to the folder above."""

API_URL = "https://app.which50.com/Which50API"
FAILURE_STATUSES = ("failed", "failure", "error", "errored", "cancelled", "canceled", "aborted", "rejected")


def _setting(title: str, kind: str | list[str], description: str, **more: Any) -> Schema:
    return {"type": kind, "title": title, "description": description, **more}


def _choice(title: str, default: Enum, description: str) -> Schema:
    """A setting that takes one of the choices of its default's enum."""
    choices = [each.value for each in type(default)]
    return _setting(title, "string", description, enum=choices, default=default.value)


STREAM_ENTRY: Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["stream", "contact_list"],
    "properties": {
        "stream": _setting(
            "Stream",
            "string",
            "The stream's name (after stream maps), or a glob. An exact name beats a glob, an earlier glob "
            "a later one; entries are not merged.",
            minLength=1,
        ),
        "contact_list": _setting(
            "Contact list",
            ["string", "integer"],
            "Id (all digits) or name of the W50 contact list; `name:2024` forces a name.",
            minLength=1,
            minimum=0,
        ),
        "match_fields": _setting(
            "Match fields",
            "array",
            "FieldNames that decide which contact is updated. `[]` says that W50 decides. "
            "Required to load, unless `enc_contact_id` is set.",
            items={"type": "string", "minLength": 1, "pattern": "^[^,]*$"},
            uniqueItems=True,
        ),
        "fields": _setting(
            "Fields",
            "object",
            'Property to FieldName; `"__NULL__"` drops the property.',
            additionalProperties={"type": "string", "minLength": 1},
        ),
        "field_naming": _choice(
            "Field naming",
            FieldNaming.NORMALIZED,
            "For the other properties: `normalized`: the list's field of the same name without regard to "
            "case and to all but letters and digits; `exact`: the property's own name; `listed`: none, only "
            "what `fields` names is sent.",
        ),
        "unmapped_properties": _choice(
            "Unmapped properties",
            UnmappedProperties.IGNORE,
            "Whether a property without a FieldName is ignored (and named once) or ends the run.",
        ),
        "null_values": _choice(
            "Null values",
            NullValues.SEND,
            "Whether a null in the record is sent or left out.",
        ),
        "enc_contact_id": _setting(
            "EncContactId property", "string", "The property that holds `EncContactId`.", minLength=1
        ),
        "custom_events": _setting(
            "Custom events",
            "array",
            "Custom events that W50 runs for the contacts inserted or updated; they may send e-mail.",
            items={"type": "string", "minLength": 1, "pattern": "^[^,]*$"},
            uniqueItems=True,
        ),
        "custom_events_max_contacts": _setting(
            "Contacts that may get custom events",
            "integer",
            "Contacts of a run, of all streams of the contact list, that may get custom events; past it the "
            "import job is not run and the run ends with exit status 6.",
            minimum=0,
            default=1000,
        ),
        "custom_events_once_per": _choice(
            "Custom events once per",
            CustomEventsOncePer.RUN,
            "`run`: a contact fires at most once in a run. With a journal also `version`: the same values "
            "never fire again; and `contact`: one contact, one time for ever. What has fired already is sent "
            "in an import job without events.",
        ),
        "match_values": _choice(
            "Match values",
            MatchValues.EXACT,
            "`exact`, or `folded`: match values that differ only in case, Unicode form or number against "
            "text are one contact. Where `exact` meets such a pair in an import job, the log says so.",
        ),
        "send": _choice(
            "Send",
            Send.ALL,
            "`all`, or `changed` (needs a journal): only contacts whose values differ from what W50 last "
            "took.",
        ),
        "resend_after_days": _setting(
            "Resend after",
            "integer",
            "For `changed`: after so many days at the latest, and half as many at the earliest, a contact is "
            "sent again all the same, without events; 0: never.",
            minimum=0,
            maximum=36_500,
            default=30,
        ),
        "ignore_changes_in": _setting(
            "Ignore changes in",
            "array",
            "For `changed`: FieldNames that do not count as a change, such as `UpdatedAt`.",
            items={"type": "string", "minLength": 1},
            uniqueItems=True,
        ),
        "contact_checks": _setting(
            "Contact checks",
            ["string", "object"],
            "What is checked before anything is sent. `auto`: fields whose W50 type or name says e-mail "
            "address or phone number, dates, choices, and text such as `NULL`. Or FieldName to check: "
            '`{"Email": "email", "Mobile": "phone:GB", "BirthDay": "date"}`, also `choice`, `text`; `off`.',
            additionalProperties={"type": "string"},
            default="auto",
        ),
        "on_failed_check": _choice(
            "On failed check",
            OnFailedCheck.WARN,
            "`warn`: the value is named by line and field, and sent all the same; `quarantine`: the record "
            "is set aside; `omit`: the value is not sent (a record whose match field fails is set aside). "
            "Setting aside needs `quarantine_path`.",
        ),
        "deleted_records": _choice(
            "Deleted records",
            DeletedRecords.SKIP,
            "Records with `_sdc_deleted_at` set: `skip`, `mark` (send the match fields and `deleted_values` "
            "alone), `quarantine` or `fail`.",
        ),
        "deleted_values": _setting(
            "Values for deleted records",
            "object",
            'For `deleted_records: mark`: FieldName to value, such as `{"Unsubscribed": true}`.',
            additionalProperties={"type": ["string", "number", "boolean", "null"]},
        ),
    },
}

START_HERE: Schema = {
    "api_url": _setting(
        "API URL", "string", "Base of every path of the W50 API.", default=API_URL, minLength=1
    ),
    "auth_token": _setting(
        "Auth token",
        "string",
        "The bearer token, or the value of the header.",
        secret=True,
        writeOnly=True,
        minLength=1,
    ),
    "streams": _setting(
        "Streams",
        "array",
        "One entry for each stream to load: its contact list, its match fields and its mapping.",
        items=STREAM_ENTRY,
        minItems=1,
    ),
}

CONNECTION: Schema = {
    "auth_method": _choice(
        "Authentication method",
        AuthMethod.BEARER,
        "How W50 is told who calls.",
    ),
    "auth_header_name": _setting(
        "Authentication header",
        "string",
        "The header that holds `auth_token`, for `auth_method` `header`.",
        default="X-Api-Key",
        pattern=f"^[!#$%&'*+.^_`|~0-9A-Za-z-]+{END}",
    ),
    "username": _setting(
        "User name", "string", "For `basic`, and for the password grant of `oauth2`.", minLength=1
    ),
    "password": _setting(
        "Password",
        "string",
        "For `basic`, and for the password grant of `oauth2`.",
        secret=True,
        writeOnly=True,
        minLength=1,
    ),
    "oauth2_token_url": _setting(
        "OAuth 2 token URL", "string", "Where `oauth2` fetches its token.", minLength=1
    ),
    "oauth2_client_id": _setting("OAuth 2 client id", "string", "The client's id for `oauth2`.", minLength=1),
    "oauth2_client_secret": _setting(
        "OAuth 2 client secret",
        "string",
        "The client's secret for `oauth2`.",
        secret=True,
        writeOnly=True,
        minLength=1,
    ),
    "oauth2_grant_type": _choice(
        "OAuth 2 grant",
        GrantType.CLIENT_CREDENTIALS,
        "Which grant `oauth2` asks for.",
    ),
    "oauth2_scope": _setting("OAuth 2 scope", "string", "The scope that `oauth2` asks for.", minLength=1),
    "auth_token_file": _setting(
        "File of the auth token",
        "string",
        "File that holds `auth_token` (a mounted secret), instead of it. Read at the start, and after a 401.",
        minLength=1,
    ),
    "password_file": _setting(
        "File of the password",
        "string",
        "File that holds `password`, instead of it. Read at the start, and after a 401.",
        minLength=1,
    ),
    "oauth2_client_secret_file": _setting(
        "File of the OAuth 2 client secret",
        "string",
        "File that holds `oauth2_client_secret`, instead of it. Read at the start, and after a 401 or a "
        "refusal of the token URL.",
        minLength=1,
    ),
    "ca_bundle": _setting(
        "Certificates to trust",
        "string",
        "File (PEM) or folder of the certificates to trust, of W50 and of `oauth2_token_url`. Without it, "
        "those that `REQUESTS_CA_BUNDLE` of the environment names, else the public ones that certifi brings.",
        minLength=1,
    ),
    "client_certificate": _setting(
        "Client certificate",
        "string",
        "File (PEM) of the certificate to show to W50 and to `oauth2_token_url`, for mutual TLS; it may hold "
        "its key as well.",
        minLength=1,
    ),
    "client_key": _setting(
        "Key of the client certificate",
        "string",
        "File (PEM) of the private key of `client_certificate`, not encrypted.",
        minLength=1,
    ),
    "allow_http": _setting(
        "Allow plain HTTP",
        "boolean",
        "Plain `http://` is refused except to a loopback address, unless this is true.",
        default=False,
    ),
    "media_type": _setting(
        "Media type",
        "string",
        "The media type that is sent and asked for.",
        enum=list(MEDIA_TYPES),
        default=MEDIA_TYPES[0],
    ),
    "request_timeout_s": _setting(
        "Request timeout",
        "number",
        "Seconds to wait for an answer, and for each further part of it. A request as a whole may take as "
        "long, and for its body a second more for each 50 kB; connecting may take 10 s.",
        exclusiveMinimum=0,
        maximum=LONGEST_S,
        default=300,
    ),
    "retry_for_s": _setting(
        "Retry for",
        "number",
        "Seconds for which one call may be tried again, with growing pauses of at most 60 s.",
        minimum=0,
        maximum=LONGEST_S,
        default=600,
    ),
}

LOADING: Schema = {
    "import_mode": _choice(
        "Import mode",
        ImportMode.LOAD,
        "`load`: create import jobs, add contacts, run, wait. `create_only`: create an import job for each "
        "distinct schema, without contacts. `dry_run`: nothing but GETs, no state.",
    ),
    "batch_size_rows": _setting(
        "Batch size (contacts)",
        "integer",
        "Contacts in one request.",
        minimum=1,
        maximum=10_000,
        default=10_000,
    ),
    "batch_size_bytes": _setting(
        "Batch size (bytes)",
        "integer",
        "Bytes in one request; a contact that is larger goes alone.",
        minimum=1_000,
        default=20_000_000,
    ),
    "max_contacts_per_job": _setting(
        "Contacts in an import job",
        "integer",
        "An import job with this many contacts is run, and the next one begun.",
        minimum=1,
        maximum=1_000_000,
        default=100_000,
    ),
    "checkpoint_interval_s": _setting(
        "Checkpoint interval",
        "number",
        "Seconds after which open import jobs are closed and run at the latest, so that a state gets out.",
        exclusiveMinimum=0,
        maximum=LONGEST_S,
        default=300,
    ),
    "parallel_uploads": _setting(
        "Uploads at once",
        "integer",
        "How many requests with contacts of one import job may be under way at once. More than 1 helps where "
        "W50 is far away, or takes long over each.",
        minimum=1,
        maximum=8,
        default=1,
    ),
    "overlap_jobs": _setting(
        "Overlap import jobs",
        "boolean",
        "Whether the next import job of a list may be created and filled while one of it runs.",
        default=False,
    ),
    "poll_interval_s": _setting(
        "Poll interval",
        "number",
        "Seconds of the first pause in waiting for an import job.",
        exclusiveMinimum=0,
        maximum=LONGEST_S,
        default=1,
    ),
    "poll_max_interval_s": _setting(
        "Longest poll interval",
        "number",
        "Seconds of the longest pause in waiting for an import job.",
        exclusiveMinimum=0,
        maximum=LONGEST_S,
        default=30,
    ),
    "job_timeout_s": _setting(
        "Job timeout",
        "number",
        "Seconds that one import job may take.",
        exclusiveMinimum=0,
        maximum=LONGEST_S,
        default=3600,
    ),
    "failure_statuses": _setting(
        "Failure statuses",
        "array",
        "Values of `CurrentStatus` that mean that the import job failed: the whole value or its first word, "
        "trimmed and without regard to case (`Failed: disk full`).",
        items={"type": "string", "minLength": 1},
        default=list(FAILURE_STATUSES),
    ),
}

SAFETY: Schema = {
    "unlisted_streams": _choice(
        "Unlisted streams",
        UnlistedStreams.FAIL,
        "Whether a stream that no entry of `streams` fits ends the run or is ignored.",
    ),
    "on_invalid_record": _choice(
        "Invalid records",
        OnInvalidRecord.FAIL,
        "Whether an invalid record ends the run or is set aside in `quarantine_path`.",
    ),
    "quarantine_path": _setting(
        "Quarantine file",
        "string",
        "File that quarantined records are appended to; `{run_id}` in it is replaced. Or the URL of an "
        "object with `{run_id}` in it (`s3://`, `gs://`, `az://`), for numbered parts.",
        minLength=1,
    ),
    "max_line_bytes": _setting(
        "Longest line",
        "integer",
        "Bytes that a line of the input or of a batch file may have; a longer one ends the run with exit "
        "status 2.",
        minimum=1,
        default=32_000_000,
    ),
    "max_invalid_records": _setting(
        "Invalid records allowed",
        "integer",
        "More invalid records than this end the run with exit status 6. Without it, none do.",
        minimum=0,
    ),
    "max_invalid_percent": _setting(
        "Invalid records allowed (percent)",
        "number",
        "If more than this percent of the records read are invalid, the run ends with exit status 6. Judged "
        "from 100 records on, and at the end.",
        minimum=0,
        maximum=100,
    ),
    "max_rejected_percent": _setting(
        "Rejected contacts allowed (percent)",
        "number",
        "If W50 rejects more than this percent of an import job's contacts (neither inserts, updates nor "
        "leaves them as they were), the run ends with exit status 6, after the job's state was written.",
        minimum=0,
        maximum=100,
        default=50,
    ),
    "suppress_custom_events": _setting(
        "Suppress custom events",
        "boolean",
        "True: no entry's custom events are fired (a first load, a repair).",
        default=False,
    ),
}

OUTPUTS: Schema = {
    "metrics_path": _setting(
        "Metrics file",
        "string",
        "File that metrics records are appended to; `{run_id}` in it is replaced. Or the URL of an object "
        "with `{run_id}` in it, as `quarantine_path`.",
        minLength=1,
    ),
    "state": _choice(
        "State",
        StateMode.WITH_JOBS,
        "`with_jobs`: the tap's state with the import jobs' results beside it; `tap_only`: the tap's state "
        "untouched; `always`: also when the tap sent none.",
    ),
    "progress": _choice(
        "Progress",
        ProgressMode.AUTO,
        "Progress on standard error: with `auto` live on a terminal, and elsewhere a line of the log every "
        "30 s; `always` has lines every 5 s there; `never` has none.",
    ),
    "run_id": _setting(
        "Run id",
        "string",
        "Names the run in metrics, quarantine and log; a new UUID unless it is set.",
        pattern=RUN_ID_PATTERN,
    ),
}

MEMORY: Schema = {
    "journal": _setting(
        "Journal",
        "string",
        "Where the target remembers what it did: the path of a SQLite file, or `none`, or for the runs of "
        "several machines the URL of a PostgreSQL database (`postgresql://user@host/database`; it needs "
        "`target-w50[postgres]`, and its password is better in `PGPASSWORD` or a `.pgpass` file). `auto`: "
        "`target-w50/journal.db` in `XDG_STATE_HOME`, else in `~/.local/state`; where that can't be written, "
        "a warning and none.",
        minLength=1,
        default="auto",
    ),
    "journal_key": _setting(
        "Journal key",
        ["string", "array"],
        "The key of the hashes that contacts are known by in the journal; without it, a file beside the "
        "SQLite file has one. Required for a database: the same for all who share it. To change it, a list "
        "of the new one and the one before.",
        secret=True,
        minLength=1,
        items={"type": "string", "minLength": 1},
        minItems=1,
        maxItems=2,
        uniqueItems=True,
    ),
    "journal_retention_days": _setting(
        "Journal retention",
        "number",
        "How many days the hashes of contacts of settled import jobs are kept.",
        minimum=0,
        maximum=36500,
        default=90,
    ),
    "journal_wait_s": _setting(
        "Wait for a list",
        "number",
        "How long to wait for a contact list that another run holds, in seconds.",
        minimum=0,
        maximum=LONGEST_S,
        default=0,
    ),
}

OF_THE_SDK: Schema = {
    "stream_maps": _setting(
        "Stream maps", "object", "The SDK's inline stream maps.", additionalProperties=True
    ),
    "stream_map_config": _setting(
        "Stream map configuration", "object", "Values to use in map expressions.", additionalProperties=True
    ),
    "faker_config": _setting(
        "Faker configuration", "object", "For `fake` in map expressions.", additionalProperties=True
    ),
    "flattening_enabled": _setting("Flattening", "boolean", "Whether nested properties are flattened."),
    "flattening_max_depth": _setting(
        "Flattening depth", "integer", "How deep nested properties are flattened.", minimum=0
    ),
    "flattening_max_key_length": _setting(
        "Flattened key length", "integer", "How long a flattened property's name may be.", minimum=1
    ),
    "flattening_separator": _setting(
        "Flattening separator", "string", "What joins the names of a flattened property."
    ),
    "validate_records": _setting(
        "Validate records", "boolean", "Whether records are judged by their stream's schema.", default=True
    ),
    "add_record_metadata": _setting(
        "Add record metadata",
        "boolean",
        "Whether the SDK's `_sdc_*` properties are added to the records; map them to send them.",
        default=False,
    ),
    "load_method": _setting("Load method", "string", "W50 upserts.", enum=["upsert"], default="upsert"),
}

IN_FILES = ("auth_token", "password", "oauth2_client_secret")
"""Secrets that may stand in a file instead, whose setting has `_file` behind the name."""

READ_BY_THE_SDK = {
    "stream_maps": "its mapper applies them",
    "stream_map_config": "its mapper hands it to the expressions",
    "faker_config": "its mapper makes `fake` of it",
    "flattening_enabled": "its mapper flattens",
    "flattening_max_depth": "its mapper flattens",
    "flattening_max_key_length": "its mapper flattens",
    "flattening_separator": "its mapper flattens",
    "load_method": "it has one choice, so there is nothing to read",
}
"""The SDK's settings that only the SDK reads, and for what: the frozen settings have every other one."""

GROUPS: tuple[tuple[str, Schema], ...] = (
    ("Start here", START_HERE),
    ("An entry of `streams`", STREAM_ENTRY["properties"]),
    ("Connection", CONNECTION),
    ("Loading", LOADING),
    ("Safety", SAFETY),
    ("Outputs", OUTPUTS),
    ("Memory across runs", MEMORY),
    ("Of the SDK", OF_THE_SDK),
)
"""The settings in the order of docs/settings.md."""

SETTINGS_SCHEMA: Schema = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "additionalProperties": False,
    "required": ["streams"],
    "properties": {**START_HERE, **CONNECTION, **LOADING, **SAFETY, **OUTPUTS, **MEMORY, **OF_THE_SDK},
}
