"""Records set aside: on disk before any state, as the tap sent them, and back in once they are mended."""

from __future__ import annotations

import hashlib
import json
import stat
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from target_w50.sandbox import Sandbox
from tests.endtoend import program
from tests.support import Target, calls_of, entry, lines, record, schema, settings, state, stored

SECRET = "Hidden Value"
PROPERTIES: dict[str, Any] = {
    "email": {"type": ["string", "null"]},
    "first_name": {"type": ["string", "null"], "maxLength": 20},
    "customer_id": {"type": ["integer", "null"]},
}


@pytest.fixture
def sandbox() -> Any:
    lists = [program.contact_list("Email", "FirstName", "CustomerId", "EmailHash")]
    with Sandbox(lists=lists, token="a-token") as each:
        yield each


@pytest.fixture
def aside(tmp_path: Path) -> Path:
    return tmp_path / "aside.singer"


def quarantine(sandbox: Sandbox, aside: Path, *entries: Any, **more: Any) -> dict[str, Any]:
    return settings(sandbox, *entries, on_invalid_record="quarantine", quarantine_path=str(aside), **more)


BAD = {
    "schema_invalid": record(11, first_name=SECRET, customer_id="x"),
    "missing_key_property": {
        "type": "RECORD",
        "stream": "contacts",
        "record": {"email": "n12@example.com", "first_name": SECRET},
    },
    "missing_match_value": record(13, email=" ", customer_id=13, first_name=SECRET),
    "conversion_failed": record(14, customer_id=14, first_name="Hidden Value\ud800"),
}


def messages(*records: dict[str, Any]) -> list[dict[str, Any]]:
    return [schema(properties=PROPERTIES, keys=["customer_id"]), *records, state(len(records))]


def test_each_reason_is_set_aside_with_the_record_as_the_tap_sent_it(
    sandbox: Sandbox, tmp_path: Path, aside: Path
) -> None:
    records = [record(1, customer_id=1), *BAD.values(), record(2, customer_id=2)]
    config = quarantine(sandbox, aside, run_id="run-7")
    ended = program.run(tmp_path, config, messages(*records), environment={"TARGET_W50_LOGLEVEL": "DEBUG"})
    assert (ended.status, ended.bookmarks) == (0, [6]), ended.stderr
    assert [*stored(sandbox)] == ["n1@example.com", "n2@example.com"]
    found = program.quarantined(aside)
    assert [each["quarantine"]["reason"] for each in found] == [*BAD]
    for position, (each, sent) in enumerate(zip(found, BAD.values(), strict=True), 3):
        about = each.pop("quarantine")
        assert each == sent
        assert (about["position"], about["run_id"]) == (position, "run-7")
        assert {*about} == {"reason", "message", "property", "position", "run_id", "at"}
        assert SECRET not in json.dumps(about)
    assert SECRET not in ended.stderr + ended.stdout + json.dumps(ended.metrics)
    figures = program.of_stream(ended)
    assert {reason: figures[f"quarantined_{reason}"] for reason in BAD} == dict.fromkeys(BAD, 1)
    assert figures["records_quarantined"] == 4
    assert program.adds_up(ended)
    assert stat.S_IMODE(aside.stat().st_mode) == 0o600


@pytest.mark.parametrize("reason", BAD)
def test_by_default_the_first_bad_record_ends_the_run_and_is_named_without_its_values(
    sandbox: Sandbox, tmp_path: Path, reason: str
) -> None:
    all_messages = messages(record(1, customer_id=1), BAD[reason])
    ended = program.run(
        tmp_path, settings(sandbox), all_messages, environment={"TARGET_W50_LOGLEVEL": "DEBUG"}
    )
    named = {"missing_match_value": "email", "conversion_failed": "first_name"}.get(reason, "customer_id")
    assert (ended.status, ended.error_code) == (2, reason)
    for words in ("'contacts'", f"'{named}'", reason, "line 3"):
        assert words in ended.last_line
    assert SECRET not in ended.stderr + json.dumps(ended.metrics)
    assert (ended.states, calls_of(sandbox, "run")) == ([], [])


def test_the_file_begins_with_the_schema_that_the_tap_sent(
    sandbox: Sandbox, tmp_path: Path, aside: Path
) -> None:
    other = record(12, first_name=SECRET, customer_id="x")
    program.run(tmp_path, quarantine(sandbox, aside), messages(BAD["schema_invalid"], other))
    written = [json.loads(line) for line in aside.read_text().splitlines()]
    assert [each["type"] for each in written] == ["SCHEMA", "RECORD", "RECORD"]
    assert written[0] == messages()[0]


def test_raw_records_keep_their_digits_and_characters(sandbox: Sandbox, tmp_path: Path, aside: Path) -> None:
    line = (
        b'{"type":"RECORD","stream":"contacts", "record":{"email":"a@example.com","customer_id":"x",'
        b'"n":0.10000000000000000000001,"big":123456789012345678901234567890,"t":"\\ud800\\u0000 \xc3\xbc"},'
        b'"time_extracted":"2026-01-01T00:00:00Z","version":3}'
    )
    program.run(tmp_path, quarantine(sandbox, aside), lines(messages()[:1]) + line + b"\n")
    kept = aside.read_bytes().splitlines()[1]
    assert line[line.index(b'"record"') : line.index(b'"time')] in kept
    again = json.loads(kept, parse_float=Decimal)
    del again["quarantine"]
    assert again == json.loads(line, parse_float=Decimal)


def test_records_are_on_disk_before_a_state_passes_them(
    tmp_path: Path, aside: Path, sandbox: Sandbox
) -> None:
    with Target(tmp_path / "run", quarantine(sandbox, aside, checkpoint_interval_s=1)) as target:
        target.send(*messages(record(1, customer_id=1), BAD["schema_invalid"]))
        assert target.next_state()["bookmarks"]["contacts"]["at"] == 2
        target.process.kill()
        target.process.wait()
        assert program.reasons(aside) == ["schema_invalid"]


def test_several_runs_append_and_each_writes_the_schema_that_its_records_belong_to(
    sandbox: Sandbox, tmp_path: Path, aside: Path
) -> None:
    for number, run_id in enumerate(("one", "two")):
        wrong = record(number, customer_id="x")
        ended = program.run(
            tmp_path, quarantine(sandbox, aside, run_id=run_id), messages(wrong, BAD["schema_invalid"])
        )
        assert ended.status == 0, ended.stderr
        assert program.of_stream(ended)["records_quarantined"] == 2, "also what waits there already"
    written = [json.loads(line) for line in aside.read_text().splitlines()]
    assert [each["type"] for each in written] == ["SCHEMA", "RECORD", "RECORD", "SCHEMA", "RECORD"]
    assert [each["quarantine"]["run_id"] for each in written if "quarantine" in each] == ["one", "one", "two"]


def test_the_run_is_named_in_the_file_name_where_it_is_asked_for(sandbox: Sandbox, tmp_path: Path) -> None:
    config = quarantine(sandbox, tmp_path / "{run_id}.singer", run_id="abc")
    program.run(tmp_path, config, messages(BAD["schema_invalid"]))
    assert program.reasons(tmp_path / "abc.singer") == ["schema_invalid"]


@pytest.mark.parametrize("place", ["missing/aside.singer", "."])
def test_a_file_that_can_not_be_written_is_known_before_the_tap_is_read(
    sandbox: Sandbox, tmp_path: Path, place: str
) -> None:
    ended = program.run(tmp_path, quarantine(sandbox, tmp_path / place), b"not json")
    assert (ended.status, ended.error_code) == (2, "quarantine_unwritable")


# Back in.


def test_what_is_mended_goes_in_and_what_is_not_comes_back(
    sandbox: Sandbox, tmp_path: Path, aside: Path
) -> None:
    program.run(tmp_path, quarantine(sandbox, aside, run_id="one"), messages(*BAD.values()))
    written = [json.loads(line) for line in aside.read_text().splitlines()]
    written[1]["record"]["customer_id"] = 11
    mended = tmp_path / "mended.singer"
    mended.write_bytes(lines(written))
    again = tmp_path / "again.singer"
    ended = program.run(tmp_path, quarantine(sandbox, again, run_id="two"), mended.read_bytes())
    assert ended.status == 0, ended.stderr
    assert [*stored(sandbox)] == ["n11@example.com"]
    back = program.quarantined(again)
    assert [each["quarantine"]["reason"] for each in back] == [*BAD][1:]
    assert {each["quarantine"]["run_id"] for each in back} == {"two"}
    assert [each["record"] for each in back] == [each["record"] for each in [*BAD.values()][1:]]


def test_the_file_can_be_its_own_input_and_the_run_ends(
    sandbox: Sandbox, tmp_path: Path, aside: Path
) -> None:
    config = quarantine(sandbox, aside)
    program.run(tmp_path, config, messages(*BAD.values()))
    before = aside.read_bytes()
    with aside.open("rb") as file, Target(tmp_path / "again", config, stdin=file.fileno()) as target:
        ended = target.wait()
    assert ended.status == 0, ended.stderr
    assert ended.run["records_read"] == ended.run["records_quarantined"] == len(BAD)
    assert aside.read_bytes() == before
    assert "The input is the file of `quarantine_path`" in ended.stderr


def test_nothing_is_hashed_or_renamed_twice(sandbox: Sandbox, tmp_path: Path, aside: Path) -> None:
    maps = {"contacts": {"__alias__": "people", "email_hash": "md5(email)", "email": None}}
    one = entry("people", match_fields=["EmailHash"])
    config = quarantine(sandbox, aside, one, stream_maps=maps)
    first = record(1, customer_id="x")
    keyless = schema(properties=PROPERTIES, keys=[])
    assert program.run(tmp_path, config, [keyless, first, record(2)]).status == 0
    (set_aside,) = program.quarantined(aside)
    assert (set_aside["stream"], set_aside["record"]) == ("contacts", first["record"])
    mended = aside.read_bytes().replace(b'"customer_id": "x"', b'"customer_id": 1')
    ended = program.run(tmp_path, config, mended)
    assert ended.status == 0, ended.stderr
    hashes = {each["EmailHash"] for each in program.contacts(sandbox)}
    assert hashes == {
        hashlib.md5(f"n{number}@example.com".encode()).hexdigest()  # noqa: S324
        for number in (1, 2)
    }


def test_a_record_that_goes_two_ways_is_set_aside_once(sandbox: Sandbox, tmp_path: Path, aside: Path) -> None:
    maps = {"contacts": {}, "copy": {"__source__": "contacts"}}
    config = quarantine(sandbox, aside, entry(), entry("copy"), stream_maps=maps)
    keyless = schema(properties=PROPERTIES, keys=[])
    ended = program.run(tmp_path, config, [keyless, record(1, customer_id="x"), record(2), state(1)])
    assert ended.status == 0, ended.stderr
    assert program.reasons(aside) == ["schema_invalid"]
    assert program.adds_up(ended)


# Limits.


def numbered(count: int, bad_from: int) -> list[dict[str, Any]]:
    return [
        record(number, customer_id=number if number < bad_from else "bad") for number in range(1, count + 1)
    ]


def test_up_to_max_invalid_records_the_run_goes_on(sandbox: Sandbox, tmp_path: Path, aside: Path) -> None:
    ended = program.run(
        tmp_path, quarantine(sandbox, aside, max_invalid_records=3), messages(*numbered(10, 8))
    )
    assert (ended.status, ended.bookmarks) == (0, [10]), ended.stderr


def test_past_max_invalid_records_the_run_ends_and_the_records_are_kept(
    sandbox: Sandbox, tmp_path: Path, aside: Path
) -> None:
    config = quarantine(sandbox, aside, max_invalid_records=3)
    ended = program.run(tmp_path, config, messages(*numbered(10, 5)))
    assert (ended.status, ended.error_code) == (6, "invalid_records_limit")
    assert len(program.reasons(aside)) == 4
    assert (ended.states, calls_of(sandbox, "run")) == ([], [])
    none = program.run(
        tmp_path, quarantine(sandbox, aside, max_invalid_records=0), messages(BAD["schema_invalid"])
    )
    assert none.status == 6


def test_the_percentage_is_judged_from_a_hundred_records_on_and_at_the_end(
    sandbox: Sandbox, tmp_path: Path, aside: Path
) -> None:
    config = quarantine(sandbox, aside, max_invalid_percent=10)
    early = [record(number, customer_id="bad") for number in range(1, 10)]
    fine = [record(number, customer_id=number) for number in range(100, 200)]
    assert program.run(tmp_path, config, messages(*early, *fine)).status == 0
    few = program.run(tmp_path, config, messages(*early, *fine[:20]))
    assert (few.status, few.error_code) == (6, "invalid_percent_limit")
    assert calls_of(sandbox, "run") == ["run"]
    late = [record(number, customer_id="bad") for number in range(30)]
    many = program.run(tmp_path, config, messages(*fine, *late, *fine, *fine))
    assert (many.status, many.error_code) == (6, "invalid_percent_limit")
    assert many.run["records_read"] == 112
