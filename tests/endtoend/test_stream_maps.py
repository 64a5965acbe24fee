"""Stream maps and flattening of the SDK: the mapping to FieldNames applies to what comes out of them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from target_w50.sandbox import Sandbox
from tests.endtoend import program
from tests.support import calls_of, entry, record, schema, settings, state

SECRET = "hidden@example.com"
FIELDS = ("Email", "FirstName", "FullName", "EmailHash", "AddressCity", "Address", "Score", "Country")
PROPERTIES: dict[str, Any] = {
    "email": {"type": ["string", "null"]},
    "first_name": {"type": ["string", "null"]},
    "country": {"type": "string"},
    "score": {"type": "number"},
    "address": {
        "type": ["object", "null"],
        "properties": {
            "city": {"type": "string"},
            "geo": {"type": "object", "properties": {"lat": {"type": "number"}}},
        },
    },
}


@pytest.fixture
def sandbox() -> Any:
    lists = [
        program.contact_list(*FIELDS),
        program.contact_list(*FIELDS, list_id=43, name="Customers"),
    ]
    with Sandbox(lists=lists, token="a-token") as each:
        yield each


def messages(*records: dict[str, Any], keys: tuple[str, ...] = ("email",)) -> list[dict[str, Any]]:
    return [schema(properties=PROPERTIES, keys=keys), *records, state(1)]


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()  # noqa: S324  # what the SDK's function gives


def test_an_alias_is_the_name_that_an_entry_is_for(sandbox: Sandbox, tmp_path: Path) -> None:
    config = settings(sandbox, entry("people"), stream_maps={"contacts": {"__alias__": "people"}})
    ended = program.run(tmp_path, config, messages(record(1)))
    assert ended.status == 0, ended.stderr
    assert program.of_stream(ended, "people")["contacts_sent"] == 1
    assert [*ended.states[-1]["w50_import_jobs"]] == ["people"]
    without = program.run(tmp_path, settings(sandbox, entry("people")), messages(record(1)))
    assert (without.status, without.error_code) == (2, "stream_unlisted")


def test_added_changed_and_removed_properties_are_what_is_sent(sandbox: Sandbox, tmp_path: Path) -> None:
    maps = {"full_name": "first_name + ' ' + country", "country": "country.upper()", "first_name": None}
    config = settings(sandbox, stream_maps={"contacts": maps})
    ended = program.run(tmp_path, config, messages(record(1, country="de")))
    assert ended.status == 0, ended.stderr
    assert program.contacts(sandbox) == [
        {"Email": "n1@example.com", "FullName": "First 1 de", "Country": "DE"}
    ]


def test_with_a_null_else_only_named_properties_are_left(sandbox: Sandbox, tmp_path: Path) -> None:
    maps = {"email": "email.lower()", "__else__": None}
    config = settings(sandbox, stream_maps={"contacts": maps})
    ended = program.run(tmp_path, config, messages(record("A", country="de")))
    assert ended.status == 0, ended.stderr
    assert program.contacts(sandbox) == [{"Email": "na@example.com"}]


def test_filtered_records_are_skipped_counted_and_passed_by_states(sandbox: Sandbox, tmp_path: Path) -> None:
    config = settings(sandbox, stream_maps={"contacts": {"__filter__": "country == 'de'"}})
    records = [record(number, country=["de", "fr", "fr"][number % 3]) for number in range(9)]
    ended = program.run(tmp_path, config, messages(*records))
    assert (ended.status, ended.bookmarks) == (0, [1]), ended.stderr
    assert len(program.contacts(sandbox)) == 3
    assert program.of_stream(ended)["records_skipped"] == 6
    assert program.adds_up(ended)


def test_a_state_passes_though_all_records_were_filtered(sandbox: Sandbox, tmp_path: Path) -> None:
    config = settings(sandbox, stream_maps={"contacts": {"__filter__": "country == 'xx'"}})
    ended = program.run(tmp_path, config, messages(record(1, country="de")))
    assert (ended.status, ended.bookmarks) == (0, [1]), ended.stderr
    assert calls_of(sandbox, "create") == []


def test_a_stream_that_is_mapped_to_nothing_needs_no_entry(sandbox: Sandbox, tmp_path: Path) -> None:
    config = settings(sandbox, entry("other"), stream_maps={"contacts": None})
    ended = program.run(tmp_path, config, messages(record(1)))
    assert (ended.status, ended.bookmarks) == (0, [1]), ended.stderr
    config = settings(sandbox, entry("other"), stream_maps={"__else__": None, "other": {}})
    ended = program.run(tmp_path, config, messages(record(1)))
    assert (ended.status, ended.bookmarks) == (0, [1]), ended.stderr


def test_key_properties_can_be_changed(sandbox: Sandbox, tmp_path: Path) -> None:
    maps = {"id": "md5(email)", "__key_properties__": ["id"], "email": None}
    one = entry(match_fields=["EmailHash"], fields={"id": "EmailHash"})
    config = settings(sandbox, one, stream_maps={"contacts": maps})
    ended = program.run(tmp_path, config, messages(record(1), record(2)))
    assert ended.status == 0, ended.stderr
    assert [each["EmailHash"] for each in program.contacts(sandbox)] == [
        md5("n1@example.com"),
        md5("n2@example.com"),
    ]


def test_a_duplicated_stream_goes_two_ways(sandbox: Sandbox, tmp_path: Path) -> None:
    maps = {"contacts": {}, "hashed": {"__source__": "contacts", "email_hash": "md5(email)"}}
    entries = [entry(), entry("hashed", "43", match_fields=["EmailHash"], fields={"email": "__NULL__"})]
    config = settings(sandbox, *entries, stream_maps=maps)
    ended = program.run(tmp_path, config, messages(record(1), record(2)))
    assert (ended.status, ended.bookmarks[-1]) == (0, 1), ended.stderr
    assert [each["Email"] for each in program.contacts(sandbox, 42)] == ["n1@example.com", "n2@example.com"]
    hashes = [each["EmailHash"] for each in program.contacts(sandbox, 43)]
    assert hashes == [md5("n1@example.com"), md5("n2@example.com")]
    assert all("Email" not in each for each in program.contacts(sandbox, 43))
    assert program.adds_up(ended)
    assert ended.run["records_read"] == 4


def test_flattened_properties_find_their_fields(sandbox: Sandbox, tmp_path: Path) -> None:
    config = settings(
        sandbox,
        entry(fields={"address__geo__lat": "Score", "score": "__NULL__"}),
        flattening_enabled=True,
        flattening_max_depth=3,
        flattening_separator="__",
    )
    address = {"city": "Ünïtown", "geo": {"lat": 1.5}}
    ended = program.run(tmp_path, config, messages(record(1, address=address)))
    assert ended.status == 0, ended.stderr
    assert program.contacts(sandbox) == [
        {"Email": "n1@example.com", "FirstName": "First 1", "AddressCity": "Ünïtown", "Score": 1.5}
    ]


def test_flattening_stops_at_its_depth_and_the_rest_is_compact_json(sandbox: Sandbox, tmp_path: Path) -> None:
    config = settings(
        sandbox, entry(fields={"address__geo": "Address"}), flattening_enabled=True, flattening_max_depth=1
    )
    address = {"city": "Town", "geo": {"lat": 1.50}}
    ended = program.run(tmp_path, config, messages(record(1, address=address)))
    assert ended.status == 0, ended.stderr
    (contact,) = program.contacts(sandbox)
    assert json.loads(contact["Address"]) == {"lat": 1.5}
    assert contact["AddressCity"] == "Town"


COLLIDES = {
    "city": {"type": "object", "properties": {"name": {"type": "string"}}},
    "city__name": {"type": "string"},
}


@pytest.mark.parametrize(
    ("properties", "maps", "words"),
    [
        (COLLIDES, {}, "'city' > 'name' and 'city__name'"),
        (
            {"city": COLLIDES["city"]},
            {"stream_maps": {"contacts": {"city__name": "email"}}},
            "'city' > 'name' and 'city__name' of `stream_maps`",
        ),
    ],
    ids=["in the schema", "by a stream map"],
)
def test_properties_that_would_become_one_column_are_named_with_it(
    sandbox: Sandbox, tmp_path: Path, properties: dict[str, Any], maps: dict[str, Any], words: str
) -> None:
    config = settings(sandbox, flattening_enabled=True, flattening_max_depth=2, **maps)
    told = schema(properties={**PROPERTIES, **properties})
    ended = program.run(tmp_path, config, [told, record(1)])
    assert (ended.status, ended.error_code) == (2, "schema_broken"), ended.stderr
    assert f"Column 'city__name' would be made of more than one property: {words}. " in ended.last_line
    assert "'contacts'" in ended.last_line
    assert calls_of(sandbox, "create") == []


def test_a_property_that_flattening_stumbles_over_is_named(sandbox: Sandbox, tmp_path: Path) -> None:
    config = settings(sandbox, flattening_enabled=True, flattening_max_depth=2)
    told = schema(properties={**PROPERTIES, "colour": {"enum": [SECRET, "blue"]}})
    ended = program.run(tmp_path, config, [told, record(1)])
    assert (ended.status, ended.error_code) == (2, "schema_broken"), ended.stderr
    assert "stumbles over 'colour'" in ended.last_line
    assert SECRET not in ended.stderr


def test_a_record_with_two_values_for_one_column_is_not_guessed_at(sandbox: Sandbox, tmp_path: Path) -> None:
    """The SDK lets the later one win, though the schema knows nothing of it."""
    path = tmp_path / "quarantine.jsonl"
    config = settings(
        sandbox,
        entry(fields={"address__city": "AddressCity"}),
        flattening_enabled=True,
        flattening_max_depth=2,
        on_invalid_record="quarantine",
        quarantine_path=str(path),
    )
    twice = record(1, address={"city": "Town"}, address__city=SECRET)
    ended = program.run(tmp_path, config, messages(twice, record(2, address={"city": "Town"})))
    assert ended.status == 0, ended.stderr
    assert [each["Email"] for each in program.contacts(sandbox)] == ["n2@example.com"]
    (quarantined,) = program.quarantined(path)
    assert quarantined["quarantine"]["reason"] == "conversion_failed"
    assert "'address__city'" in quarantined["quarantine"]["message"]
    assert SECRET not in ended.stderr + json.dumps(quarantined["quarantine"])


def test_the_configuration_of_stream_maps_is_theirs_to_use(sandbox: Sandbox, tmp_path: Path) -> None:
    config = settings(
        sandbox,
        stream_maps={"contacts": {"email_hash": "md5(config['hash_seed'] + email)"}},
        stream_map_config={"hash_seed": "salt-of-the-hash"},
    )
    ended = program.run(tmp_path, config, messages(record(1)))
    assert ended.status == 0, ended.stderr
    assert program.contacts(sandbox)[0]["EmailHash"] == md5("salt-of-the-hashn1@example.com")


@pytest.mark.parametrize(
    ("maps", "what"),
    [
        ({"full_name": "first_name.upper()"}, "a call on null"),
        ({"score": "1 / (score - score)"}, "a division by zero"),
        ({"full_name": "record['nowhere']"}, "a key that is not there"),
    ],
)
def test_a_stream_map_that_fails_is_a_failed_conversion_without_the_value(
    sandbox: Sandbox, tmp_path: Path, maps: dict[str, Any], what: str
) -> None:
    bad = record(SECRET, first_name=None, score=5)
    config = settings(sandbox, stream_maps={"contacts": maps})
    ended = program.run(tmp_path, config, messages(bad), environment={"TARGET_W50_LOGLEVEL": "DEBUG"})
    assert (ended.status, ended.error_code) == (2, "conversion_failed"), what
    assert "line 2" in ended.last_line
    assert SECRET not in ended.stderr
    assert program.ends_in_words(ended), ended.stderr


@pytest.mark.parametrize(
    "maps",
    [
        {"contacts": {"full_name": "first_name +"}},
        {"contacts": {"__key_properties__": ["nowhere"]}},
        {"contacts": {"email": 5.5}},
        {"contacts": "nonsense"},
        {"contacts": {"__unknown__": "x"}},
    ],
)
def test_stream_maps_that_can_not_be_used_end_the_run_before_anything_is_sent(
    sandbox: Sandbox, tmp_path: Path, maps: dict[str, Any]
) -> None:
    ended = program.run(tmp_path, settings(sandbox, stream_maps=maps), messages(record(1)))
    assert ended.status == 2, ended.stderr
    assert program.ends_in_words(ended), ended.stderr
    assert calls_of(sandbox, "create", "add", "run") == []


def test_dates_of_expressions_are_sent_in_iso_form(sandbox: Sandbox, tmp_path: Path) -> None:
    maps = {"full_name": "datetime.date(2026, 1, 2)", "country": "datetime.datetime(2026, 1, 2, 3, 4)"}
    config = settings(sandbox, stream_maps={"contacts": maps})
    ended = program.run(tmp_path, config, messages(record(1, country="de")))
    assert ended.status == 0, ended.stderr
    (contact,) = program.contacts(sandbox)
    assert (contact["FullName"], contact["Country"]) == ("2026-01-02", "2026-01-02T03:04:00")


def test_the_deep_digits_of_numbers_pass_stream_maps(sandbox: Sandbox, tmp_path: Path) -> None:
    content = (
        b'{"type":"SCHEMA","stream":"contacts","schema":{"properties":{"email":{"type":"string"},'
        b'"score":{"type":"number"}}},"key_properties":[]}\n'
        b'{"type":"RECORD","stream":"contacts","record":{"email":"a@example.com",'
        b'"score":0.12345678901234567890123}}\n'
    )
    config = settings(sandbox, stream_maps={"contacts": {"full_name": "email"}})
    ended = program.run(tmp_path, config, content)
    assert ended.status == 0, ended.stderr
    assert str(program.contacts(sandbox)[0]["Score"]) == "0.12345678901234567890123"


def test_a_value_that_a_stream_map_made_is_to_be_mended_there(sandbox: Sandbox, tmp_path: Path) -> None:
    maps = {"contacts": {"score": "first_name", "full_name": "first_name"}}
    ended = program.run(tmp_path, settings(sandbox, stream_maps=maps), messages(record(1, score=5)))
    assert (ended.status, ended.error_code) == (2, "schema_invalid")
    assert "'score' should be of type number" in ended.last_line
    assert "look at its stream map in `stream_maps`" in ended.last_line
    of_tap = program.run(tmp_path, settings(sandbox, stream_maps=maps), messages(record(1, country=5)))
    assert "'country' should be of type string" in of_tap.last_line
    assert "mend it at its source" in of_tap.last_line


@pytest.mark.parametrize(
    "ignoring",
    [{"unlisted_streams": "ignore"}, {"stream_maps": {"documents": None}}],
    ids=["unlisted", "removed"],
)
@pytest.mark.parametrize("body", [{"type": "object"}, {}, {"properties": None}])
def test_an_ignored_stream_needs_no_properties(
    sandbox: Sandbox, tmp_path: Path, ignoring: dict[str, Any], body: dict[str, Any]
) -> None:
    documents = [
        {"type": "SCHEMA", "stream": "documents", "schema": body, "key_properties": []},
        {"type": "RECORD", "stream": "documents", "record": {"a": 1}},
    ]
    ended = program.run(tmp_path, settings(sandbox, **ignoring), [*documents, *messages(record(1))])
    assert ended.status == 0, ended.stderr
    assert ended.bookmarks == [1]


def test_an_object_without_properties_is_loaded_by_what_a_stream_map_computes(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    documents = [
        {"type": "SCHEMA", "stream": "contacts", "schema": {"type": "object"}, "key_properties": []},
        {"type": "RECORD", "stream": "contacts", "record": {"document": {"e": "n1@example.com"}}},
    ]
    plain = program.run(tmp_path, settings(sandbox), documents)
    assert (plain.status, plain.error_code) == (2, "schema_broken")
    assert "compute some with `stream_maps`, or deselect the stream" in plain.last_line
    maps = {"contacts": {"email": "document['e']"}}
    ended = program.run(tmp_path, settings(sandbox, stream_maps=maps), documents)
    assert ended.status == 0, ended.stderr
    assert program.contacts(sandbox) == [{"Email": "n1@example.com"}]


def test_what_stays_nested_is_sent_as_without_flattening(sandbox: Sandbox, tmp_path: Path) -> None:
    aside = tmp_path / "aside"
    given = settings(
        sandbox,
        entry(fields={"first_name": "__NULL__", "tags": "FirstName"}),
        on_invalid_record="quarantine",
        quarantine_path=str(aside),
    )
    lines = [schema(properties={"email": {"type": "string"}, "tags": {"type": "array"}, "first_name": {}})]
    lines += [record(1, tags=["é"]), record(2, tags=[float("nan")])]
    for more in ({}, {"flattening_enabled": True, "flattening_max_depth": 1}):
        sandbox.reset()
        ended = program.run(tmp_path, {**given, **more}, lines)
        assert ended.status == 0, ended.stderr
        assert program.contacts(sandbox) == [{"Email": "n1@example.com", "FirstName": '["é"]'}]
    assert program.reasons(aside) == ["conversion_failed"], "the same record waits there once"
