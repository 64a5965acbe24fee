"""Settings: from files and the environment, typed and judged as a whole, and never shown."""

from __future__ import annotations

import json
import os
from dataclasses import fields
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from singer_sdk.target_base import Target

from target_w50.errors import SettingsError
from target_w50.settings.model import (
    DeletedRecords,
    ImportMode,
    Settings,
    StreamEntry,
    connection_settings,
    settings_from,
)
from target_w50.settings.schema import READ_BY_THE_SDK, SETTINGS_SCHEMA, STREAM_ENTRY
from target_w50.settings.sources import read_config, warnings_of

SECRET = "secret-Zq1"
ENTRY: dict[str, Any] = {"stream": "contacts", "contact_list": "42", "match_fields": ["Email"]}
LEAST: dict[str, Any] = {"auth_token": SECRET, "streams": [ENTRY]}
ALL_CREDENTIALS: dict[str, Any] = {
    "username": "u",
    "password": "p",
    "oauth2_token_url": "https://login.example/token",
    "oauth2_client_id": "c",
    "oauth2_client_secret": "s",
}


def faults_of(**more: Any) -> str:
    """All faults of the least settings with these on top, in one text."""
    with pytest.raises(SettingsError) as caught:
        settings_from({**LEAST, **more})
    assert SECRET not in caught.value.message
    assert caught.value.exit_status == 2
    return "; ".join(caught.value.faults)


def entry_faults(**members: Any) -> str:
    return faults_of(streams=[{**ENTRY, **members}])


# Defaults.


def test_the_least_settings_have_the_documented_defaults() -> None:
    settings = settings_from(LEAST)
    assert settings.api_url == "https://app.which50.com/Which50API"
    assert (settings.auth_method, settings.media_type) == ("bearer", "application/json")
    assert (settings.request_timeout_s, settings.retry_for_s) == (300, 600)
    assert (settings.batch_size_rows, settings.batch_size_bytes) == (10_000, 20_000_000)
    assert (settings.max_contacts_per_job, settings.parallel_uploads) == (100_000, 1)
    assert settings.checkpoint_interval_s == 300
    assert (settings.poll_interval_s, settings.poll_max_interval_s, settings.job_timeout_s) == (1, 30, 3600)
    assert settings.import_mode is ImportMode.LOAD
    assert (settings.unlisted_streams, settings.on_invalid_record) == ("fail", "fail")
    assert (settings.max_invalid_records, settings.max_invalid_percent) == (None, None)
    assert (settings.max_rejected_percent, settings.state, settings.progress) == (50, "with_jobs", "auto")
    assert [settings.allow_http, settings.overlap_jobs, settings.suppress_custom_events] == [False] * 3
    (entry,) = settings.streams
    assert (entry.field_naming, entry.unmapped_properties, entry.null_values) == (
        "normalized",
        "ignore",
        "send",
    )
    assert (entry.custom_events, entry.custom_events_max_contacts) == ((), 1000)
    assert entry.deleted_records is DeletedRecords.SKIP


def test_the_defaults_are_those_of_the_schema() -> None:
    settings = settings_from(LEAST)
    for model, schema in ((settings, SETTINGS_SCHEMA), (settings.streams[0], STREAM_ENTRY)):
        for name, setting in schema["properties"].items():
            if "default" in setting and name not in READ_BY_THE_SDK:
                value = getattr(model, name)
                assert setting["default"] == (list(value) if isinstance(value, tuple) else value), name


@pytest.mark.parametrize("schema", [SETTINGS_SCHEMA, STREAM_ENTRY], ids=("settings", "entry"))
def test_a_setting_that_the_model_lacks_is_refused_rather_than_dropped(
    schema: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be taken, do nothing, and nobody would be told."""
    monkeypatch.setitem(schema["properties"], "a_new_setting", {"type": "string"})
    with pytest.raises(TypeError, match="a_new_setting"):
        settings_from(LEAST)


def test_the_model_has_every_setting_but_those_that_only_the_sdk_reads() -> None:
    assert {each.name for each in fields(StreamEntry)} == STREAM_ENTRY["properties"].keys()
    names = {each.name for each in fields(Settings)}
    assert names == SETTINGS_SCHEMA["properties"].keys() - READ_BY_THE_SDK.keys()
    of_the_sdk: dict[str, Any] = {"properties": {}}
    Target.append_builtin_config(of_the_sdk)
    assert READ_BY_THE_SDK.keys() <= of_the_sdk["properties"].keys()


@pytest.mark.parametrize(
    ("model", "schema"), [(Settings, SETTINGS_SCHEMA), (StreamEntry, STREAM_ENTRY)], ids=("settings", "entry")
)
def test_what_has_no_default_may_be_none_in_the_model(model: type, schema: dict[str, Any]) -> None:
    """Unless it is required, made by the run, or empty when it is left out."""
    never_none = {
        *schema["required"],
        "run_id",
        "fields",
        "custom_events",
        "deleted_values",
        "ignore_changes_in",
    }
    hints = get_type_hints(model)
    for name, setting in schema["properties"].items():
        if "default" not in setting and name not in {*never_none, *READ_BY_THE_SDK}:
            assert type(None) in get_args(hints[name]), name


NO_ENUMS = {
    "media_type": "a name of the W50 API, which is sent as it is",
    "load_method": "of the SDK, with one choice alone",
}


@pytest.mark.parametrize(
    ("model", "schema"), [(Settings, SETTINGS_SCHEMA), (StreamEntry, STREAM_ENTRY)], ids=("settings", "entry")
)
def test_each_setting_with_choices_is_an_enum_of_exactly_these(model: type, schema: dict[str, Any]) -> None:
    hints = get_type_hints(model)
    for name, setting in schema["properties"].items():
        if "enum" in setting and name not in NO_ENUMS:
            assert [each.value for each in hints[name]] == setting["enum"], name
            assert all(type(each) is str for each in [*setting["enum"], setting["default"]]), name


@pytest.mark.parametrize(
    ("name", "choice"),
    [
        (name, each)
        for name, setting in SETTINGS_SCHEMA["properties"].items()
        for each in setting.get("enum", ())
    ],
)
def test_each_choice_is_frozen_as_its_enums_member(name: str, choice: str) -> None:
    frozen = settings_from({**LEAST, **ALL_CREDENTIALS, "quarantine_path": "q", name: choice})
    if name not in NO_ENUMS:
        assert isinstance(getattr(frozen, name), Enum)
        assert getattr(frozen, name).value == choice


def test_each_run_has_a_name_of_its_own_unless_it_is_given_one() -> None:
    assert settings_from(LEAST).run_id != settings_from(LEAST).run_id
    named = settings_from({**LEAST, "run_id": "r-1", "metrics_path": "m-{run_id}.singer"})
    assert (named.run_id, named.metrics_path) == ("r-1", "m-r-1.singer")


def test_settings_do_not_show_their_values() -> None:
    assert SECRET not in repr(settings_from(LEAST))


# Nulls, as Meltano passes them on.


def test_a_null_counts_as_not_given_at_the_top_and_in_an_entry() -> None:
    nulls = dict.fromkeys(SETTINGS_SCHEMA["properties"], None)
    entry = {**dict.fromkeys(SETTINGS_SCHEMA["properties"]["streams"]["items"]["properties"]), **ENTRY}
    settings = settings_from({**nulls, "auth_token": SECRET, "streams": [entry]})
    assert settings.streams == settings_from(LEAST).streams
    assert settings.job_timeout_s == 3600


def test_a_contact_list_may_be_written_as_a_number() -> None:
    for number in (42, 42.0):
        assert settings_from({**LEAST, "streams": [{**ENTRY, "contact_list": number}]}) is not None
        (entry,) = settings_from({**LEAST, "streams": [{**ENTRY, "contact_list": number}]}).streams
        assert entry.contact_list == "42"


# Faults.


def test_all_faults_are_named_at_once_and_never_with_their_values() -> None:
    faults = faults_of(
        batch_size_rows=10_001,
        poll_interval_s=0,
        media_type=SECRET,
        job_timeout=3,
        streams=[{"stream": "a", "match_field": [SECRET]}],
    )
    for words in (
        "`batch_size_rows` must be at most 10000",
        "`poll_interval_s` must be more than 0",
        "`media_type` must be one of application/json, text/json",
        "`job_timeout` is no setting (did you mean `job_timeout_s`?)",
        "`streams[0].contact_list` is required",
        "`streams[0].match_field` is no setting (did you mean `match_fields`?)",
    ):
        assert words in faults


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"streams": []}, "`streams` must not be empty"),
        ({"streams": {"contacts": ENTRY}}, "`streams` must be of type array"),
        ({"streams": None}, "`streams` is required"),
        ({"auth_token": ""}, "`auth_token` must not be empty"),
        ({"auth_token": f"{SECRET}\n"}, "`auth_token` must not hold a line break"),
        ({"auth_token": None}, "`auth_token` is required for `auth_method` bearer"),
        ({"auth_method": "header", "auth_token": None}, "`auth_token` is required for `auth_method` header"),
        ({"auth_method": "basic"}, "`username` is required for `auth_method` basic"),
        ({"auth_method": "basic", "username": "u"}, "`password` is required for `auth_method` basic"),
        ({"auth_method": "oauth2"}, "`oauth2_token_url` is required for `auth_method` oauth2"),
        (
            {"auth_method": "oauth2", "oauth2_token_url": "https://a", "oauth2_client_id": "c"},
            "`oauth2_client_secret` is required for `auth_method` oauth2",
        ),
        (
            {
                "auth_method": "oauth2",
                "oauth2_token_url": "https://a",
                "oauth2_client_id": "c",
                "oauth2_grant_type": "password",
            },
            "`username` is required for `auth_method` oauth2",
        ),
        ({"auth_method": "digest"}, "`auth_method` must be one of bearer, basic, header, oauth2"),
        ({"import_mode": "wipe"}, "`import_mode` must be one of load, create_only, dry_run"),
        ({"load_method": "append-only"}, "`load_method` must be one of upsert"),
        ({"batch_size_rows": 0}, "`batch_size_rows` must be at least 1"),
        ({"batch_size_rows": "10"}, "`batch_size_rows` must be of type integer"),
        ({"batch_size_rows": 1.5}, "`batch_size_rows` must be of type integer"),
        ({"allow_http": "true"}, "`allow_http` must be of type boolean"),
        ({"max_contacts_per_job": 1_000_001}, "`max_contacts_per_job` must be at most 1000000"),
        ({"max_invalid_percent": 101}, "`max_invalid_percent` must be at most 100"),
        ({"max_rejected_percent": -1}, "`max_rejected_percent` must be at least 0"),
        ({"request_timeout_s": float("nan")}, "`request_timeout_s` must be a finite number"),
        ({"job_timeout_s": float("inf")}, "`job_timeout_s` must be a finite number"),
        ({"retry_for_s": 1e300}, "`retry_for_s` must be at most 31536000"),
        ({"stream_map_config": {"a": [float("nan")]}}, "`stream_map_config.a[0]` must be a finite number"),
        ({"poll_max_interval_s": 0.5}, "`poll_interval_s` must not be more than `poll_max_interval_s`"),
        ({"poll_interval_s": 40}, "`poll_interval_s` must not be more than `poll_max_interval_s`"),
        ({"on_invalid_record": "quarantine"}, "`quarantine_path` is required to quarantine records"),
        (
            {"on_invalid_record": "quarantine", "quarantine_path": "s3://bucket/x"},
            "`quarantine_path` must hold {run_id} if it is a URL",
        ),
        (
            {"metrics_path": "https://example.com/x"},
            "`metrics_path` must be the path of a file, or a URL that",
        ),
        ({"metrics_path": "s3://a{run_id}/x"}, "`metrics_path` must hold {run_id} if it is a URL"),
        ({"metrics_path": "s3://bucket/{run_id}/"}, "`metrics_path` must name an object, not a folder"),
        ({"metrics_path": "s3://{run_id}"}, "`metrics_path` must be a URL with a bucket or container"),
        ({"metrics_path": f"s3://key:{SECRET}@b/{{run_id}}"}, "`metrics_path` must be a URL without cred"),
        ({"metrics_path": f"az://b/{{run_id}}?sig={SECRET}"}, "`metrics_path` must be a URL without cred"),
        (
            {"metrics_path": "gs://b/{run_id}", "quarantine_path": "gcs://b/{run_id}"},
            "`metrics_path` and `quarantine_path` must not be the same",
        ),
        ({"metrics_path": "a\0b"}, "`metrics_path` must be the path of a file"),
        ({"run_id": "../../etc"}, "`run_id` has a character that is not allowed in it"),
        (
            {"flattening_enabled": True},
            "`flattening_max_depth` is required for `flattening_enabled`",
        ),
        ({"nonsense": SECRET}, "`nonsense` is no setting"),
        ({"state": "never"}, "`state` must be one of with_jobs, tap_only, always"),
    ],
    ids=str,
)
def test_a_fault_is_named_with_what_is_allowed(more: dict[str, Any], words: str) -> None:
    assert words in faults_of(**more)


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"match_fields": None}, "`streams[0].match_fields` is required to load"),
        ({"match_fields": ["Email", "Email"]}, "must not name anything twice"),
        ({"match_fields": ["A,B"]}, "has a character that is not allowed in it"),
        ({"match_fields": "Email"}, "`streams[0].match_fields` must be of type array"),
        ({"match_fields": ["__NULL__"]}, "must not name __NULL__"),
        ({"custom_events": ["a,b"]}, "has a character that is not allowed in it"),
        ({"contact_list": ""}, "`streams[0].contact_list` must not be empty"),
        ({"contact_list": True}, "`streams[0].contact_list` must be of type string or integer"),
        ({"fields": {"a": 1}}, "`streams[0].fields.a` must be of type string"),
        ({"field_naming": "any"}, "`streams[0].field_naming` must be one of normalized, exact"),
        ({"deleted_records": "mark"}, "`streams[0].deleted_values` is required for `deleted_records` mark"),
        (
            {"deleted_records": "mark", "deleted_values": {"A": True}, "match_fields": []},
            "mark needs `match_fields` or `enc_contact_id`",
        ),
        ({"deleted_values": {"A": True}}, "`streams[0].deleted_values` needs `deleted_records` mark"),
        ({"ignore_changes_in": ["A"]}, "`streams[0].ignore_changes_in` needs `send` changed"),
        ({"send": "changed", "ignore_changes_in": ["Email"]}, "must not name a match field"),
        ({"send": "some"}, "`streams[0].send` must be one of all, changed"),
        (
            {"deleted_records": "mark", "deleted_values": {"A": float("nan")}},
            "`streams[0].deleted_values.A` must be a finite number",
        ),
        ({"on_failed_check": "quarantine"}, "`quarantine_path` is required to quarantine records"),
        ({"on_failed_check": "omit"}, "which `on_failed_check` omit (for a match field) may do"),
        ({"contact_checks": "on"}, "`streams[0].contact_checks` must be auto, off, or FieldNames with their"),
        ({"contact_checks": 5}, "`streams[0].contact_checks` must be of type string or object"),
        ({"contact_checks": {"A": 5}}, "`streams[0].contact_checks.A` must be of type string"),
        *(
            (
                {"contact_checks": {"A": wrong}},
                "`streams[0].contact_checks.A` must be one of email, phone, date,",
            )
            for wrong in ("phone:UK", "phone:gb", "phone:", "email:GB", "mail", "")
        ),
        ({"deleted_records": "quarantine"}, "`quarantine_path` is required to quarantine records"),
        ({"custom_events_max_contacts": -1}, "must be at least 0"),
        ({"stream": ""}, "`streams[0].stream` must not be empty"),
    ],
    ids=str,
)
def test_a_fault_of_an_entry_is_named_with_its_place(members: dict[str, Any], words: str) -> None:
    assert words in entry_faults(**members)


@pytest.mark.parametrize(
    "members",
    [{"contact_checks": "off"}, {"contact_checks": {"Phone": "phone:GB"}}, {"match_fields": []}],
    ids=str,
)
def test_where_no_match_field_is_checked_leaving_out_needs_no_quarantine(members: dict[str, Any]) -> None:
    assert settings_from({**LEAST, "streams": [{**ENTRY, "on_failed_check": "omit", **members}]})


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"send": "changed"}, "`streams[0].send` changed needs a `journal`"),
        ({"custom_events": ["A"], "custom_events_once_per": "version"}, "once_per` needs a `journal`"),
    ],
    ids=str,
)
def test_what_only_a_journal_tells_needs_one(members: dict[str, Any], words: str) -> None:
    entries = [{**ENTRY, **members}]
    assert words in faults_of(streams=entries, journal="none")
    assert settings_from({**LEAST, "streams": entries})
    assert settings_from({**LEAST, "streams": entries, "journal": "none", "import_mode": "create_only"})


def test_a_stream_may_have_one_entry_only() -> None:
    assert "`streams[1].stream` repeats an earlier entry's" in faults_of(streams=[ENTRY, ENTRY])


def test_match_fields_are_not_asked_for_where_the_enc_contact_id_tells_the_contact_or_nothing_is_loaded() -> (
    None
):
    without = {"stream": "contacts", "contact_list": "42"}
    (entry,) = settings_from({**LEAST, "streams": [{**without, "enc_contact_id": "enc"}]}).streams
    assert entry.match_fields is None
    assert settings_from({**LEAST, "import_mode": "create_only", "streams": [without]}).streams
    (entry,) = settings_from({**LEAST, "streams": [{**without, "match_fields": []}]}).streams
    assert entry.match_fields == ()


def test_talking_to_w50_needs_no_streams_but_all_the_rest_right() -> None:
    assert connection_settings({"auth_token": SECRET, "streams": "unfinished"}).streams == ()
    with pytest.raises(SettingsError, match="auth_method"):
        connection_settings({"auth_token": SECRET, "auth_method": "digest"})


# Files.


def write(folder: Path, name: str, content: Any) -> str:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(path)


def test_later_files_go_over_earlier_ones(tmp_path: Path) -> None:
    first = write(tmp_path, "1.json", {"auth_token": "a", "allow_http": True, "streams": [ENTRY]})
    second = write(tmp_path, "2.json", {"auth_token": "b", "streams": [{**ENTRY, "stream": "c"}]})
    assert read_config([first, second]) == {
        "auth_token": "b",
        "allow_http": True,
        "streams": [{**ENTRY, "stream": "c"}],
    }


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            b'{\n  "api_url": "https://w50.example"\n  "auth_token": "%s"\n}',
            "JSON: look at line 3, column 3,",
        ),
        (b'{"auth_token": "%s\xe4"}', "UTF-8"),
    ],
)
def test_where_a_file_is_broken_is_told(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(content.replace(b"%s", SECRET.encode()))
    with pytest.raises(SettingsError) as caught:
        read_config([str(path)])
    assert f"config.json is not {said}" in caught.value.message
    assert SECRET not in caught.value.message


def test_files_that_can_not_be_read_are_all_named(tmp_path: Path) -> None:
    files = [
        str(tmp_path / "missing.json"),
        write(tmp_path, "broken.json", f'{{"auth_token": "{SECRET}'),
        write(tmp_path, "list.json", [SECRET]),
        str(tmp_path),
    ]
    with pytest.raises(SettingsError) as caught:
        read_config(files)
    assert len(caught.value.faults) == 4
    assert "missing.json: No such file" in caught.value.message
    assert "broken.json is not JSON: look at line 1, column 16, or just before" in caught.value.message
    assert "list.json is not a JSON object" in caught.value.message
    assert SECRET not in caught.value.message


# The environment.


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    for name in [each for each in os.environ if each.startswith("TARGET_W50_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


def test_variables_are_typed_by_the_schema(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TARGET_W50_AUTH_TOKEN", "123")
    environment.setenv("TARGET_W50_BATCH_SIZE_ROWS", "50")
    environment.setenv("TARGET_W50_POLL_INTERVAL_S", "0.5")
    environment.setenv("TARGET_W50_ALLOW_HTTP", "True")
    environment.setenv("TARGET_W50_OVERLAP_JOBS", "0")
    environment.setenv("TARGET_W50_STREAMS", json.dumps([ENTRY]))
    environment.setenv("TARGET_W50_STREAM_MAPS", "{}")
    assert read_config(["ENV"]) == {
        "auth_token": "123",
        "batch_size_rows": 50,
        "poll_interval_s": 0.5,
        "allow_http": True,
        "overlap_jobs": False,
        "streams": [ENTRY],
        "stream_maps": {},
    }


def test_an_empty_variable_counts_as_missing_and_an_unknown_one_is_ignored(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("TARGET_W50_AUTH_TOKEN", "")
    environment.setenv("TARGET_W50_BATCH_SIZE_ROWS", "")
    environment.setenv("TARGET_W50__PLUGIN_NAME", "x")
    environment.setenv("TARGET_W50_LOGLEVEL", "DEBUG")
    environment.setenv("TARGET_W50_STREAMS_0_STREAM", "x")
    assert read_config(["ENV"]) == {}


def test_without_env_the_environment_is_not_looked_at(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setenv("TARGET_W50_AUTH_TOKEN", SECRET)
    assert read_config([write(tmp_path, "1.json", {"allow_http": True})]) == {"allow_http": True}


def test_variables_of_the_wrong_type_are_all_named_without_their_values(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("TARGET_W50_BATCH_SIZE_ROWS", SECRET)
    environment.setenv("TARGET_W50_POLL_INTERVAL_S", SECRET)
    environment.setenv("TARGET_W50_ALLOW_HTTP", SECRET)
    environment.setenv("TARGET_W50_STREAMS", f"[{SECRET}")
    with pytest.raises(SettingsError) as caught:
        read_config(["ENV"])
    assert len(caught.value.faults) == 4
    for name in ("BATCH_SIZE_ROWS", "POLL_INTERVAL_S", "ALLOW_HTTP", "STREAMS"):
        assert f"`TARGET_W50_{name}` is not of type" in caught.value.message
    assert SECRET not in caught.value.message


def test_a_dot_env_file_of_the_working_directory_is_read_with_env(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("TARGET_W50_AUTH_TOKEN=from-the-file\nOTHER=x\n")
    environment.setenv("TARGET_W50_AUTH_TOKEN", "from-outside")
    environment.setenv("TARGET_W50_ALLOW_HTTP", "yes")
    assert read_config(["ENV"]) == {"auth_token": "from-the-file", "allow_http": True}


def test_who_sets_a_variable_that_dot_env_sets_otherwise_is_told(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(
        f"TARGET_W50_AUTH_TOKEN={SECRET}\nTARGET_W50_RUN_ID=\nTARGET_W50_STATE=always\n"
    )
    (tmp_path / ".env").chmod(0o600)
    judged = settings_from(LEAST)
    assert [*warnings_of(["ENV"], judged)] == []
    variables = {"AUTH_TOKEN": "other", "RUN_ID": "other", "STATE": "always", "JOURNAL": "none"}
    for name, value in variables.items():
        environment.setenv(f"TARGET_W50_{name}", value)
    (told,) = warnings_of(["ENV"], judged)
    assert told.startswith(
        ".env says otherwise than the environment for `TARGET_W50_AUTH_TOKEN`: .env counts"
    )
    assert SECRET not in told
    assert [*warnings_of([], judged)] == []


def test_the_environment_goes_over_files(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.setenv("TARGET_W50_AUTH_TOKEN", "b")
    file = write(tmp_path, "1.json", {"auth_token": "a", "allow_http": True})
    for sources in ([file, "ENV"], ["ENV", file]):
        assert read_config(sources) == {"auth_token": "b", "allow_http": True}


@pytest.mark.parametrize("text", ["[" * 100_000, "9" * 5000, "nan"])
def test_a_variable_that_no_parser_can_take_is_a_fault_and_no_crash(
    environment: pytest.MonkeyPatch, text: str
) -> None:
    environment.setenv("TARGET_W50_STREAMS", text)
    environment.setenv("TARGET_W50_BATCH_SIZE_ROWS", text)
    with pytest.raises(SettingsError):
        settings_from({**LEAST, **read_config(["ENV"])})
