"""Singer messages as taps really send them, in any order and of any size."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from target_w50.sandbox import Sandbox
from tests.endtoend import program
from tests.support import (
    calls_of,
    entry,
    jobs_of,
    lines,
    record,
    schema,
    settings,
    state,
    stored,
)

FIELDS = ("Email", "FirstName", "LastName", "CustomerId", "Unsubscribed", "Source")
EMAIL = {"email": {"type": "string"}, "first_name": {"type": ["string", "null"]}}
SECRET = "hidden@example.com"


@pytest.fixture
def sandbox() -> Any:
    lists = [
        program.contact_list(*FIELDS),
        program.contact_list(*FIELDS, list_id=43, name="Customers"),
    ]
    with Sandbox(lists=lists, token="a-token") as each:
        yield each


def names(sandbox: Sandbox, list_id: int = 42) -> list[str]:
    return [values["Email"].partition("@")[0] for values in program.contacts(sandbox, list_id)]


def field_names(sandbox: Sandbox) -> list[list[str]]:
    return [job["FieldNames"] for job in jobs_of(sandbox)]


# SCHEMA.


def test_the_same_schema_again_and_again_stays_in_one_job(sandbox: Sandbox, tmp_path: Path) -> None:
    messages = [each for number in range(50) for each in (schema(), record(number))]
    ended = program.run(tmp_path, settings(sandbox), [*messages, state(50)])
    assert (ended.status, ended.bookmarks) == (0, [50])
    assert len(jobs_of(sandbox)) == len(ended.jobs) == 1
    assert len(names(sandbox)) == 50


def test_a_schema_that_differs_in_nothing_sent_stays_in_one_job(sandbox: Sandbox, tmp_path: Path) -> None:
    wider = {**EMAIL, "_sdc_batched_at": {"type": "string"}, "shoe_size": {"type": "integer"}}
    longer = {**EMAIL, "email": {"type": "string", "maxLength": 80}}
    messages = [schema(properties=EMAIL), record(1), schema(properties=wider), record(2)]
    messages += [schema(properties=longer), record(3)]
    ended = program.run(tmp_path, settings(sandbox), messages)
    assert ended.status == 0, ended.stderr
    assert len(jobs_of(sandbox)) == 1
    assert names(sandbox) == ["n1", "n2", "n3"]


def test_new_field_names_begin_a_new_job_in_order(sandbox: Sandbox, tmp_path: Path) -> None:
    wider = {**EMAIL, "last_name": {"type": "string"}}
    messages = [
        schema(properties=EMAIL),
        record(1, first_name="old"),
        state(1),
        schema(properties=wider),
        record(1, first_name="new", last_name="Last"),
        record(2, last_name="Two"),
        state(2),
    ]
    ended = program.run(tmp_path, settings(sandbox), messages)
    assert ended.status == 0, ended.stderr
    assert field_names(sandbox) == [["Email", "FirstName"], ["Email", "FirstName", "LastName"]]
    assert stored(sandbox)["n1@example.com"]["FirstName"] == "new"
    assert ended.bookmarks[-1] == 2
    assert program.adds_up(ended)


def test_schemas_that_alternate_keep_the_order_of_their_records(sandbox: Sandbox, tmp_path: Path) -> None:
    wider = {**EMAIL, "last_name": {"type": "string"}}
    messages: list[dict[str, Any]] = []
    for number in range(6):
        properties, more = (EMAIL, {}) if number % 2 == 0 else (wider, {"last_name": f"Last {number}"})
        messages += [schema(properties=properties), record("same", first_name=f"First {number}", **more)]
        messages.append(state(number))
    ended = program.run(tmp_path, settings(sandbox), messages)
    assert ended.status == 0, ended.stderr
    assert len(jobs_of(sandbox)) == 6
    assert program.contacts(sandbox) == [
        {"Email": "nsame@example.com", "FirstName": "First 5", "LastName": "Last 5"}
    ]
    assert ended.bookmarks == sorted(ended.bookmarks)
    assert ended.bookmarks[-1] == 5


def test_a_schema_that_becomes_stricter_is_held_from_there_on(sandbox: Sandbox, tmp_path: Path) -> None:
    strict = {**EMAIL, "first_name": {"type": "string", "maxLength": 3}}
    messages = [schema(properties=EMAIL), record(1), schema(properties=strict), record(2)]
    ended = program.run(tmp_path, settings(sandbox), messages)
    assert (ended.status, ended.error_code) == (2, "schema_invalid")
    assert "line 4" in ended.last_line


def test_interleaved_streams_go_to_their_lists(sandbox: Sandbox, tmp_path: Path) -> None:
    messages = [schema("a"), schema("b")]
    for number in range(40):
        messages += [record(number, stream="ab"[number % 2])]
        if number % 10 == 9:
            messages.append(state(number))
    entries = [entry("a", "42"), entry("b", "Customers")]
    ended = program.run(tmp_path, settings(sandbox, *entries), messages)
    assert (ended.status, ended.bookmarks[-1]) == (0, 39), ended.stderr
    assert names(sandbox, 42) == [f"n{number}" for number in range(0, 40, 2)]
    assert names(sandbox, 43) == [f"n{number}" for number in range(1, 40, 2)]
    assert len(jobs_of(sandbox)) == 2


def test_interleaved_streams_into_one_list_keep_the_last_value(sandbox: Sandbox, tmp_path: Path) -> None:
    messages = [schema("a"), schema("b"), record(1, "a", first_name="A"), state(1)]
    messages += [record(1, "b", first_name="B"), state(2)]
    config = settings(sandbox, entry("a"), entry("b"))
    ended = program.run(tmp_path, config, messages)
    assert (ended.status, ended.bookmarks[-1]) == (0, 2), ended.stderr
    assert stored(sandbox)["n1@example.com"]["FirstName"] == "B"


@pytest.mark.parametrize("name", ["a b", "ünï", "a\nb", 'quo"te', "\ud800", "a/b", ""])
def test_a_stream_may_have_any_name(sandbox: Sandbox, tmp_path: Path, name: str) -> None:
    aside = tmp_path / "aside.singer"
    config = settings(
        sandbox, entry("*"), on_invalid_record="quarantine", quarantine_path=str(aside), state="always"
    )
    messages = [schema(name), record(1, name), record(2, name, first_name=5)]
    ended = program.run(tmp_path, config, messages)
    assert ended.status == 0, ended.stderr
    assert names(sandbox) == ["n1"]
    assert [each["stream"] for each in program.quarantined(aside)] == [name]
    assert [*ended.states[-1]["w50_import_jobs"]] == [name]


# STATE.


def test_a_first_state_of_an_empty_object_is_never_written(sandbox: Sandbox, tmp_path: Path) -> None:
    empty = {"type": "STATE", "value": {}}
    ended = program.run(tmp_path, settings(sandbox), [empty, schema(), record(1), state(1), empty])
    assert (ended.status, ended.bookmarks[-1]) == (0, 1)
    assert all(line["bookmarks"] for line in ended.states)


def test_an_old_result_that_the_tap_hands_back_is_replaced(sandbox: Sandbox, tmp_path: Path) -> None:
    old = state(1)
    old["value"]["w50_import_jobs"] = {"gone": {"job_count": 7}}
    ended = program.run(tmp_path, settings(sandbox), [schema(), record(1), old])
    assert [*ended.states[-1]["w50_import_jobs"]] == ["contacts"]


def test_the_numbers_and_texts_of_a_state_are_handed_on_as_they_are(sandbox: Sandbox, tmp_path: Path) -> None:
    line = b'{"type":"STATE","value":{"a":0.10,"b":123456789012345678901234567890,"c":"\\ud800 \xc3\xbc"}}\n'
    ended = program.run(tmp_path, settings(sandbox, state="tap_only"), line)
    assert ended.status == 0, ended.stderr
    assert '"a":0.10' in ended.stdout.replace(" ", "")
    assert json.loads(ended.stdout) == json.loads(line)["value"]


def test_a_state_in_the_old_form_is_written_too(sandbox: Sandbox, tmp_path: Path) -> None:
    value = {"currently_syncing": None, "contacts": {"id": 3}}
    messages = [schema(), record(1), {"type": "STATE", "value": value}]
    ended = program.run(tmp_path, settings(sandbox, state="tap_only"), messages)
    assert ended.states == [value]


# RECORD.


def test_a_record_without_its_schema_ends_the_run_and_is_named(sandbox: Sandbox, tmp_path: Path) -> None:
    messages = [schema(), record(1), record(SECRET, stream="other")]
    ended = program.run(tmp_path, settings(sandbox), messages)
    assert (ended.status, ended.error_code) == (2, "record_without_schema")
    assert "'other'" in ended.last_line
    assert "line 3" in ended.last_line
    assert SECRET not in ended.stderr
    assert calls_of(sandbox, "run") == []


def test_keys_that_the_schema_does_not_know_are_no_contact_fields(sandbox: Sandbox, tmp_path: Path) -> None:
    ended = program.run(tmp_path, settings(sandbox), [schema(), record(1, last_name="Unknown", shoe_size=43)])
    assert ended.status == 0, ended.stderr
    assert program.contacts(sandbox) == [{"Email": "n1@example.com", "FirstName": "First 1"}]


def test_columns_of_the_sdk_are_no_contact_fields_unless_mapped(sandbox: Sandbox, tmp_path: Path) -> None:
    properties = {**EMAIL, "_sdc_source": {"type": "string"}, "_sdc_lineno": {"type": "integer"}}
    messages = [schema(properties=properties), record(1, _sdc_source="a.csv", _sdc_lineno=1)]
    plain = program.run(tmp_path, settings(sandbox), messages)
    assert plain.status == 0, plain.stderr
    assert program.contacts(sandbox) == [{"Email": "n1@example.com", "FirstName": "First 1"}]
    mapped = settings(sandbox, entry(fields={"_sdc_source": "Source"}))
    assert program.run(tmp_path, mapped, messages).status == 0
    assert program.contacts(sandbox)[0]["Source"] == "a.csv"


def test_the_columns_that_the_sdk_adds_can_be_mapped(sandbox: Sandbox, tmp_path: Path) -> None:
    config = settings(sandbox, entry(fields={"_sdc_table_version": "Source"}), add_record_metadata=True)
    messages = [schema(), {**record(1), "version": 7}]
    ended = program.run(tmp_path, config, messages)
    assert ended.status == 0, ended.stderr
    assert program.contacts(sandbox)[0]["Source"] == 7


@pytest.mark.parametrize(
    ("keys", "values"),
    [
        (["email"], {}),
        ([], {}),
        (["customer_id"], {"customer_id": None}),
        (["customer_id", "email"], {"customer_id": 5}),
        (["nested"], {"nested": {"id": 1}}),
        (["nested"], {"nested": [1, 2]}),
        (["nested.id"], {"nested": {"id": 1}, "nested.id": 1}),
    ],
)
def test_key_properties_may_be_none_null_or_nested(
    sandbox: Sandbox, tmp_path: Path, keys: list[str], values: dict[str, Any]
) -> None:
    properties = {
        **schema()["schema"]["properties"],
        "nested": {"type": ["object", "array"]},
        "nested.id": {},
    }
    messages = [schema(properties=properties, keys=keys), record(1, **values), record(2, **values)]
    for config in (settings(sandbox), settings(sandbox, entry(match_fields=[]))):
        ended = program.run(tmp_path, config, messages)
        assert ended.status == 0, ended.stderr
        assert program.adds_up(ended)
    assert {"n1", "n2"} <= {*names(sandbox)}


def test_key_properties_that_are_null_in_the_schema_are_none(sandbox: Sandbox, tmp_path: Path) -> None:
    message = schema()
    message["key_properties"] = None
    assert program.run(tmp_path, settings(sandbox), [message, record(1)]).status == 0
    del message["key_properties"]
    assert program.run(tmp_path, settings(sandbox), [message, record(2)]).status == 0
    assert names(sandbox) == ["n1", "n2"]


def test_a_record_without_its_key_property_is_named(sandbox: Sandbox, tmp_path: Path) -> None:
    messages = [schema(keys=["customer_id"]), record(1, customer_id=1), record(SECRET)]
    ended = program.run(tmp_path, settings(sandbox), messages)
    assert (ended.status, ended.error_code) == (2, "missing_key_property")
    assert "'customer_id'" in ended.last_line
    assert "line 3" in ended.last_line
    assert SECRET not in ended.stderr


@pytest.mark.parametrize("value", [None, "", "   ", "\t\n", "\u00a0"])
def test_a_record_without_a_match_value_might_match_anyone_so_it_is_invalid(
    sandbox: Sandbox, tmp_path: Path, value: str | None
) -> None:
    properties = {**EMAIL, "email": {"type": ["string", "null"]}}
    messages = [schema(properties=properties, keys=[]), record(1, email=value)]
    ended = program.run(tmp_path, settings(sandbox), messages)
    assert (ended.status, ended.error_code) == (2, "missing_match_value")
    without = record(2)
    del without["record"]["email"]
    ended = program.run(tmp_path, settings(sandbox), [messages[0], without])
    assert (ended.status, ended.error_code) == (2, "missing_match_value")
    assert names(sandbox) == []


def test_text_keeps_the_white_space_at_its_ends(sandbox: Sandbox, tmp_path: Path) -> None:
    ended = program.run(tmp_path, settings(sandbox), [schema(), record(1, first_name=" \tA\r\nB ")])
    assert ended.status == 0, ended.stderr
    assert program.contacts(sandbox)[0]["FirstName"] == " \tA\r\nB "


def test_a_property_that_the_record_lacks_is_not_sent_and_a_null_is(sandbox: Sandbox, tmp_path: Path) -> None:
    first, second = record(1), record(1)
    del second["record"]["first_name"]
    program.run(tmp_path, settings(sandbox), [schema(), first])
    program.run(tmp_path, settings(sandbox), [schema(), second])
    assert program.contacts(sandbox)[0]["FirstName"] == "First 1"
    omit = settings(sandbox, entry(null_values="omit"))
    program.run(tmp_path, omit, [schema(), record(1, first_name=None)])
    assert program.contacts(sandbox)[0]["FirstName"] == "First 1"
    program.run(tmp_path, settings(sandbox), [schema(), record(1, first_name=None)])
    assert program.contacts(sandbox)[0]["FirstName"] is None


# What taps say of deletions.


def test_activate_version_is_said_once_and_not_acted_upon(sandbox: Sandbox, tmp_path: Path) -> None:
    version = {"type": "ACTIVATE_VERSION", "stream": "contacts", "version": 3}
    messages = [schema(), version, record(1), version, record(2), version, state(2)]
    ended = program.run(tmp_path, settings(sandbox), messages)
    assert (ended.status, ended.bookmarks[-1]) == (0, 2)
    assert ended.stderr.count("ACTIVATE_VERSION") == 1
    assert len(jobs_of(sandbox)) == 1
    assert names(sandbox) == ["n1", "n2"]


DELETED = {**EMAIL, "_sdc_deleted_at": {"type": ["string", "null"]}}


def with_deleted(**members: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    messages = [
        schema(properties=DELETED),
        record(1, _sdc_deleted_at=None),
        record(2, _sdc_deleted_at="2026-01-01T00:00:00Z", first_name=SECRET),
        record(3),
        state(3),
    ]
    return entry(**members), messages


def test_deleted_records_are_skipped_counted_and_said(sandbox: Sandbox, tmp_path: Path) -> None:
    one, messages = with_deleted()
    ended = program.run(tmp_path, settings(sandbox, one), messages)
    assert (ended.status, ended.bookmarks) == (0, [3])
    assert names(sandbox) == ["n1", "n3"]
    assert program.of_stream(ended)["records_skipped"] == 1
    assert "WARNING" in ended.stderr
    assert "deleted at their source" in ended.stderr


def test_deleted_records_are_marked_with_match_fields_and_those_values_alone(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    one, messages = with_deleted(deleted_records="mark", deleted_values={"Unsubscribed": True})
    program.run(tmp_path, settings(sandbox), [schema(), record(2, first_name="Kept")])
    ended = program.run(tmp_path, settings(sandbox, one), messages)
    assert ended.status == 0, ended.stderr
    assert stored(sandbox)["n2@example.com"] == {
        "Email": "n2@example.com",
        "FirstName": "Kept",
        "Unsubscribed": True,
    }
    assert field_names(sandbox)[-1] == ["Email", "FirstName", "Unsubscribed"]
    assert "Unsubscribed" not in stored(sandbox)["n1@example.com"]


def test_deleted_records_are_set_aside_where_the_entry_says_so(sandbox: Sandbox, tmp_path: Path) -> None:
    aside = tmp_path / "aside.singer"
    one, messages = with_deleted(deleted_records="quarantine")
    config = settings(sandbox, one, quarantine_path=str(aside), max_invalid_records=0)
    ended = program.run(tmp_path, config, messages)
    assert ended.status == 0, ended.stderr
    assert program.reasons(aside) == ["deleted_at_source"]
    assert names(sandbox) == ["n1", "n3"]
    assert program.of_stream(ended)["quarantined_deleted_at_source"] == 1


def test_deleted_records_end_the_run_where_the_entry_says_so(sandbox: Sandbox, tmp_path: Path) -> None:
    one, messages = with_deleted(deleted_records="fail")
    quarantine = {"on_invalid_record": "quarantine", "quarantine_path": str(tmp_path / "aside.singer")}
    for more in ({}, quarantine):
        ended = program.run(tmp_path, settings(sandbox, one, **more), messages)
        assert (ended.status, ended.error_code) == (2, "deleted_at_source")
        assert "line 3" in ended.last_line
        assert SECRET not in ended.stderr
    assert names(sandbox) == []


@pytest.mark.parametrize("maps", [{"_sdc_deleted_at": None}, {"first_name": "first_name"}])
def test_a_deletion_is_seen_though_a_stream_map_takes_the_column_out(
    sandbox: Sandbox, tmp_path: Path, maps: dict[str, Any]
) -> None:
    one, messages = with_deleted()
    ended = program.run(tmp_path, settings(sandbox, one, stream_maps={"contacts": maps}), messages)
    assert ended.status == 0, ended.stderr
    assert names(sandbox) == ["n1", "n3"]


def test_a_deletion_is_seen_though_the_schema_does_not_know_the_column(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    messages = [schema(), record(1), record(2, _sdc_deleted_at="2026-01-01T00:00:00Z"), record(3)]
    ended = program.run(tmp_path, settings(sandbox), messages)
    assert ended.status == 0, ended.stderr
    assert names(sandbox) == ["n1", "n3"]


# Lines.


def test_an_empty_input_is_no_fault(sandbox: Sandbox, tmp_path: Path) -> None:
    ended = program.run(tmp_path, settings(sandbox), b"")
    assert (ended.status, ended.stdout) == (0, "")
    assert calls_of(sandbox, "create", "add", "run") == []


def test_blank_lines_and_windows_line_ends_are_no_fault(sandbox: Sandbox, tmp_path: Path) -> None:
    content = b"\n".join([b"", *lines([schema(), record(1), state(1)]).splitlines(), b"  ", b""])
    for each in (content, content.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + content):
        assert program.run(tmp_path, settings(sandbox), each).bookmarks[-1] == 1
    assert names(sandbox) == ["n1"]


BROKEN = {
    "not json": (f'{{"email": {SECRET}'.encode(), "input_not_json"),
    "cut off": (lines([record(SECRET)])[:-8], "input_not_json"),
    "two on a line": (lines([record(SECRET)]).strip() + lines([record(2)]).strip(), "input_not_json"),
    "not utf-8": (lines([record(SECRET)]).replace(b"First", b"F\xe4\xff"), "input_not_utf8"),
    "an array": (f'["{SECRET}"]'.encode(), "input_not_singer"),
    "a string": (f'"{SECRET}"'.encode(), "input_not_singer"),
    "no type": (f'{{"record": {{"email": "{SECRET}"}}}}'.encode(), "input_not_singer"),
    "an odd type": (f'{{"type": 3, "record": "{SECRET}"}}'.encode(), "input_not_singer"),
    "no stream": (f'{{"type": "RECORD", "record": {{"email": "{SECRET}"}}}}'.encode(), "input_not_singer"),
    "no record": (b'{"type": "RECORD", "stream": "contacts"}', "input_not_singer"),
    "a null record": (b'{"type": "RECORD", "stream": "contacts", "record": null}', "input_not_singer"),
    "a record that is a list": (
        f'{{"type": "RECORD", "stream": "contacts", "record": ["{SECRET}"]}}'.encode(),
        "input_not_singer",
    ),
    "an unknown type": (f'{{"type": "LOG", "record": "{SECRET}"}}'.encode(), "unknown_message_type"),
    "a type with a value in it": (f'{{"type": "{SECRET}"}}'.encode(), "unknown_message_type"),
    "a state without value": (b'{"type": "STATE"}', "input_not_singer"),
    "a schema without schema": (b'{"type": "SCHEMA", "stream": "contacts"}', "input_not_singer"),
    "keys that are no list": (
        b'{"type": "SCHEMA", "stream": "c", "schema": {"properties": {}}, "key_properties": "id"}',
        "input_not_singer",
    ),
    "nested too deeply": (b'{"type":"STATE","value":' + b"[" * 99999 + b"]" * 99999 + b"}", "input_too_deep"),
}


@pytest.mark.parametrize(("line", "code"), BROKEN.values(), ids=BROKEN)
def test_a_line_that_is_no_message_is_named_by_its_number_and_never_shown(
    sandbox: Sandbox, tmp_path: Path, line: bytes, code: str
) -> None:
    content = lines([schema(), record(1)]) + line + b"\n" + lines([state(1)])
    ended = program.run(tmp_path, settings(sandbox), content, environment={"TARGET_W50_LOGLEVEL": "DEBUG"})
    assert (ended.status, ended.error_code, ended.rerun) == (2, code, "safe"), ended.stderr
    assert "ine 3" in ended.last_line
    assert SECRET not in ended.stderr + ended.stdout + json.dumps(ended.metrics)
    assert ended.states == []
    assert calls_of(sandbox, "run") == []


def test_a_line_of_five_megabytes_arrives(sandbox: Sandbox, tmp_path: Path) -> None:
    text = "ü" * 2_500_000
    for number, media_type in enumerate(("application/json", "application/xml"), 1):
        config = settings(sandbox, media_type=media_type)
        ended = program.run(tmp_path, config, [schema(), record(number, first_name=text), state(number)])
        assert (ended.status, ended.bookmarks) == (0, [number])
        assert stored(sandbox)[f"n{number}@example.com"]["FirstName"] == text


def test_standard_output_holds_states_and_nothing_else(sandbox: Sandbox, tmp_path: Path) -> None:
    messages = [schema(), *(each for number in range(30) for each in (record(number), state(number)))]
    config = settings(sandbox, max_contacts_per_job=7, progress="always")
    ended = program.run(tmp_path, config, messages, environment={"TARGET_W50_LOGLEVEL": "DEBUG"})
    assert ended.status == 0, ended.stderr
    assert [*map(set, ended.states)] == [{"bookmarks", "w50_import_jobs"}] * len(ended.states)
    assert ended.bookmarks == sorted(ended.bookmarks)
    assert ended.bookmarks[-1] == 29
