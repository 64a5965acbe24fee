"""Every ending of the program: its exit status, one clear last line, no traceback, no output but states."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from target_w50.sandbox import Sandbox
from tests.endtoend import program
from tests.support import LIST, Finished, calls_of, entry, lines, record, run_target, schema, settings, state

SECRET = "secret-Zq1"
MESSAGES = lines([schema(), record(1), state(1)])


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(lists=[program.contact_list("Email", "FirstName")], token="a-token") as each:
        yield each


def check_ending(ended: Finished, status: int, code: str, rerun: str = "safe") -> None:
    assert (ended.status, ended.error_code, ended.rerun) == (status, code, rerun), ended.stderr
    assert program.ends_in_words(ended), ended.stderr
    assert f"[exit_status={status} error_code={code} rerun={rerun}]" in ended.last_line
    assert ended.stdout == ""


def unused_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


# What stands before the last line.

TAP = """
import sys
try:
    for _ in range(200_000):
        print('{"type":"RECORD","stream":"contacts","record":{}}')
    print("the tap ended well", file=sys.stderr)
except BrokenPipeError:
    print("Traceback\\n" * 100, file=sys.stderr)
"""


@pytest.mark.parametrize("fault", ["settings", "input"])
def test_a_run_that_fails_says_three_things_and_the_tap_is_not_cut_off(
    sandbox: Sandbox, tmp_path: Path, fault: str
) -> None:
    """What went wrong at ERROR, the record of the run, and the last line: no broken pipe buries them."""
    more = {"batch_size_rows": 0} if fault == "settings" else {}
    (tmp_path / "config.json").write_text(json.dumps(settings(sandbox, **more)))
    (tmp_path / "config.json").chmod(0o600)
    with subprocess.Popen(
        [sys.executable, "-c", TAP], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as tap:
        ran = subprocess.run(
            [sys.executable, "-m", "target_w50", "--config", "config.json"],
            cwd=tmp_path,
            stdin=tap.stdout,
            capture_output=True,
            text=True,
            check=False,
        )
        assert tap.stdout is not None
        tap.stdout.close()
        assert tap.stderr is not None
        assert tap.stderr.read() == "the tap ended well\n"
    assert ran.returncode == 2
    said = [line for line in ran.stderr.splitlines() if "| INFO     | target-w50" not in line]
    assert len(said) == 3
    last_line = said[-1].partition(": ")[2].partition(" [exit_status=2 ")[0]
    assert " | ERROR    | target-w50 " in said[-2] + said[-3]
    assert [last_line in line for line in said].count(True) == 3


# Settings that can't be used.


def test_a_missing_file_and_a_broken_one_are_named_together(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text(f'{{"auth_token": "{SECRET}')
    arguments = ["--config", "missing.json", "--config", "broken.json"]
    ended = program.run_program(tmp_path, *arguments, content=MESSAGES)
    check_ending(ended, 2, "settings_invalid")
    for name in ("missing.json", "broken.json"):
        assert name in ended.last_line
    assert SECRET not in ended.stderr


def test_all_faults_of_the_settings_are_named_at_once_and_the_tap_is_not_read(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    config = settings(sandbox, {"stream": "a"}, batch_size_rows=0, api_ur=SECRET)
    ended = program.run(tmp_path, config, b"this is no JSON")
    check_ending(ended, 2, "settings_invalid")
    for words in ("batch_size_rows", "`api_ur`", "api_url", "contact_list"):
        assert words in ended.last_line
    assert SECRET not in ended.stderr
    assert calls_of(sandbox) == []


@pytest.mark.parametrize(
    "arguments", [["--nonsense"], ["--config"], ["a-file"], ["--format", "xml"]], ids=str
)
def test_wrong_arguments_are_exit_2(tmp_path: Path, arguments: list[str]) -> None:
    ended = program.run_program(tmp_path, *arguments)
    check_ending(ended, 2, "usage")


def test_no_arguments_at_all_are_settings_that_are_missing(tmp_path: Path) -> None:
    ended = program.run_program(tmp_path, content=MESSAGES)
    check_ending(ended, 2, "settings_invalid")
    assert "`streams` is required" in ended.last_line


def test_an_input_file_that_is_not_there_is_named(sandbox: Sandbox, tmp_path: Path) -> None:
    arguments = ["--input", "nowhere.singer"]
    ended = program.run(tmp_path, settings(sandbox), b"", arguments=arguments)
    check_ending(ended, 2, "input_unreadable")
    assert "nowhere.singer" in ended.last_line


def test_an_input_file_is_read_instead_of_standard_input(sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "input.singer"
    file.write_bytes(MESSAGES)
    ended = program.run(tmp_path, settings(sandbox), b"no JSON", arguments=["--input", str(file)])
    assert (ended.status, ended.bookmarks) == (0, [1]), ended.stderr


def test_settings_of_the_environment_alone_are_enough(sandbox: Sandbox, tmp_path: Path) -> None:
    environment = {
        "TARGET_W50_API_URL": sandbox.url,
        "TARGET_W50_AUTH_TOKEN": "a-token",
        "TARGET_W50_STREAMS": json.dumps([entry()]),
        "TARGET_W50_POLL_INTERVAL_S": "0.01",
        "TARGET_W50_UNKNOWN": "ignored",
    }
    ended = program.run_program(tmp_path, "--config", "ENV", content=MESSAGES, environment=environment)
    assert (ended.status, ended.bookmarks) == (0, [1]), ended.stderr


@pytest.mark.parametrize("setting", ["metrics_path", "quarantine_path"])
def test_an_output_that_can_not_be_written_is_known_before_the_tap_is_read(
    sandbox: Sandbox, tmp_path: Path, setting: str
) -> None:
    more = {setting: str(tmp_path / "no-folder" / "file"), "on_invalid_record": "quarantine"}
    config = settings(sandbox, **{"quarantine_path": str(tmp_path / "aside"), **more})
    ended = program.run(tmp_path, config, b"no JSON")
    check_ending(ended, 2, "metrics_unwritable" if setting == "metrics_path" else "quarantine_unwritable")
    assert setting in ended.last_line
    told = [(each["exit_status"], each["error_code"], each["rerun"]) for each in ended.records("w50_runs")]
    assert told == ([] if setting == "metrics_path" else [(2, "quarantine_unwritable", "safe")])


# Mappings without a counterpart.


@pytest.mark.parametrize(
    ("members", "code", "words"),
    [
        (
            {"contact_list": "Newsletters"},
            "contact_list_unknown",
            ["'Newsletters'", "did you mean 'Newsletter'"],
        ),
        ({"contact_list": "4711"}, "contact_list_unknown", ["4711", "42 ('Newsletter')"]),
        ({"contact_list": "name:42"}, "contact_list_unknown", ["'42'", "'Newsletter'"]),
        ({"match_fields": ["Phone"]}, "match_field_unmapped", ["'Phone'", "Email, FirstName"]),
        ({"fields": {"mail": "Email"}}, "property_unknown", ["'mail'", "did you mean 'email'"]),
        ({"fields": {"email": "EMail"}}, "field_unknown", ["'EMail'", "did you mean 'Email'"]),
        ({"fields": {"first_name": "Email"}}, "field_conflict", ["'first_name'", "'email'", "'Email'"]),
        ({"unmapped_properties": "fail"}, "property_unmapped", ["'customer_id'"]),
        ({"enc_contact_id": "enc"}, "property_unknown", ["'enc'"]),
        ({"stream": "contact"}, "stream_unlisted", ["'contacts'", "did you mean 'contact'"]),
    ],
    ids=str,
)
def test_a_mapping_that_has_no_counterpart_names_what_there_is(
    sandbox: Sandbox, tmp_path: Path, members: dict[str, Any], code: str, words: list[str]
) -> None:
    ended = program.run(tmp_path, settings(sandbox, entry(**members)), MESSAGES)
    check_ending(ended, 2, code)
    for each in words:
        assert each in ended.last_line
    assert calls_of(sandbox, "create", "add", "run") == []


def test_an_unlisted_stream_is_ignored_where_the_settings_say_so(sandbox: Sandbox, tmp_path: Path) -> None:
    messages = [schema("other"), record(1, "other"), schema(), record(2), state(1)]
    ended = program.run(tmp_path, settings(sandbox, unlisted_streams="ignore"), messages)
    assert (ended.status, ended.bookmarks) == (0, [1]), ended.stderr
    assert ended.stderr.count("'other'") == 1
    assert [each["Email"] for each in program.contacts(sandbox)] == ["n2@example.com"]


# Refused, or out of reach.


def test_a_wrong_token_is_exit_3(sandbox: Sandbox, tmp_path: Path) -> None:
    ended = program.run(tmp_path, {**settings(sandbox), "auth_token": SECRET}, MESSAGES)
    check_ending(ended, 3, "w50_unauthorized")
    assert "auth_method" in ended.last_line
    assert SECRET not in ended.stderr


def test_no_server_is_exit_4(sandbox: Sandbox, tmp_path: Path) -> None:
    config = {**settings(sandbox), "api_url": f"http://127.0.0.1:{unused_port()}", "retry_for_s": 0.2}
    ended = program.run(tmp_path, config, MESSAGES)
    check_ending(ended, 4, "w50_unreachable")
    assert "api_url" in ended.last_line


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"html": True}, 4, None),
        ({"empty": True}, 4, None),
        ({"half": True}, 4, None),
        ({"status": 302}, 3, "w50_redirect"),
        ({"status": 418}, 3, "w50_refused"),
        ({"status": 500}, 4, "w50_unreachable"),
    ],
    ids=str,
)
def test_answers_that_make_no_sense_are_a_clear_end(
    tmp_path: Path, fault: dict[str, Any], status: int, code: str | None
) -> None:
    lists = [program.contact_list("Email", "FirstName")]
    faults = [{"call": "list", "times": 1000, **fault}]
    with Sandbox(lists=lists, token="a-token", faults=faults) as sandbox:
        ended = program.run(tmp_path, {**settings(sandbox), "retry_for_s": 0.2}, MESSAGES)
        assert ended.status == status, ended.stderr
        assert program.ends_in_words(ended)
        assert code in (None, ended.error_code)
        assert calls_of(sandbox, "create") == []


# Past a limit, and all well.


def test_past_a_limit_is_exit_6(sandbox: Sandbox, tmp_path: Path) -> None:
    config = settings(sandbox, entry(custom_events=["Mail"], custom_events_max_contacts=0))
    ended = program.run(tmp_path, config, MESSAGES)
    check_ending(ended, 6, "custom_events_limit")
    for words in ("Mail", "custom_events_max_contacts", "1 contact of"):
        assert words in ended.last_line


def test_the_last_line_of_a_run_that_went_well_says_so(sandbox: Sandbox, tmp_path: Path) -> None:
    ended = program.run(tmp_path, settings(sandbox), MESSAGES)
    assert ended.status == 0
    assert ended.last_line == (
        "target-w50: All well. Sent 1 contact in 1 import job: 1 inserted, 0 updated. "
        "[exit_status=0 error_code=none rerun=safe]"
    )


@pytest.mark.parametrize(
    ("messages", "verdict", "words"),
    [
        (MESSAGES, "well", "All well. Sent 1 contact "),
        (
            lines([schema(), record(1), record(2, email="no address"), state(1)]),
            "well_with_rejections",
            "All well, 1 contact rejected. Sent 2 contacts ",
        ),
        (
            lines([schema(), record(1), record(2, email=2), record(3, email=3), state(1)]),
            "well_with_rejections",
            "All well, 2 records quarantined. Sent 1 contact ",
        ),
        (b"no JSON", "failed", "target-w50: Line 1"),
    ],
    ids=["well", "rejected", "quarantined", "failed"],
)
def test_the_verdict_tells_a_good_run_from_one_with_rejections(
    tmp_path: Path, messages: bytes, verdict: str, words: str
) -> None:
    more = {"on_invalid_record": "quarantine", "quarantine_path": str(tmp_path / "set-aside")}
    with Sandbox(lists=[LIST], token="a-token") as sandbox:
        ended = program.run(tmp_path, settings(sandbox, **more), messages)
    assert (ended.run["verdict"], ended.run["import_mode"]) == (verdict, "load"), ended.stderr
    assert words in ended.last_line


def test_every_ending_has_its_record_of_the_run(sandbox: Sandbox, tmp_path: Path) -> None:
    well = program.run(tmp_path, settings(sandbox), MESSAGES)
    refused = program.run(tmp_path, {**settings(sandbox), "auth_token": "x"}, MESSAGES)
    broken = program.run(tmp_path, settings(sandbox), b"no JSON")
    told = [
        (each.run["exit_status"], each.run["error_code"], each.run["rerun"])
        for each in (well, refused, broken)
    ]
    assert told == [(0, None, "safe"), (3, "w50_unauthorized", "safe"), (2, "input_not_json", "safe")]
    assert "no JSON" not in json.dumps(broken.metrics)


def test_a_process_of_its_own_ends_just_so(sandbox: Sandbox, tmp_path: Path) -> None:
    """Once in the slow way, which shares nothing with the tests' own process."""
    ended = run_target(tmp_path / "well", settings(sandbox), MESSAGES, anew=True)
    assert (ended.status, ended.bookmarks) == (0, [1]), ended.stderr
    refused = {**settings(sandbox), "auth_token": SECRET}
    ended = run_target(tmp_path / "refused", refused, MESSAGES, anew=True)
    check_ending(ended, 3, "w50_unauthorized")


# --help, --version, --about.


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--help"], "--config"),
        (["--version"], "target-w50 v"),
        (["--about"], "auth_token"),
        (["--about", "--format", "json"], '"settings"'),
        (["--about", "--format", "markdown"], "auth_token"),
    ],
    ids=str,
)
def test_what_is_asked_for_is_on_standard_output(tmp_path: Path, arguments: list[str], words: str) -> None:
    ended = program.run_program(tmp_path, *arguments)
    assert ended.status == 0, ended.stderr
    assert words in ended.stdout
