"""Outputs at URLs: parts that are in the store before a state passes them, whatever becomes of the store."""

from __future__ import annotations

import signal
from collections.abc import Iterable
from pathlib import Path

import pytest

from dev.s3_server import S3Server
from target_w50.sandbox import Sandbox
from tests.outputs.at_urls import INVALID, MESSAGES, answer, at_urls, no_secrets_in, parts, told
from tests.relay import Passed, Relay
from tests.support import Target, calls_of, load_here, record, run_target, schema, state, wait_until


def is_part(method: str, path: str, of: str) -> bool:
    """Whether it writes a part, and not the proof that one may be written."""
    return method == "PUT" and f"/{of}/" in path and "-0000" not in path


def test_both_outputs_stand_in_numbered_parts_that_are_streams_by_themselves(
    s3: S3Server, sandbox: Sandbox, tmp_path: Path
) -> None:
    messages = [schema(), record(1), INVALID, state(1), record(2), INVALID, state(2), record(3), state(3)]
    done = load_here(tmp_path, at_urls(sandbox, "whole", max_contacts_per_job=1), messages)
    assert (done.status, done.bookmarks[-1]) == (0, 3)
    assert no_secrets_in(done)
    for of in ("aside", "metrics"):
        found = parts(s3, f"whole/{of}")
        assert list(found) == [f"whole-{number:04}.singer" for number in range(1, len(found) + 1)]
        assert {each[0]["type"] for each in found.values()} == {"SCHEMA"}
    aside = [each for messages in parts(s3, "whole/aside").values() for each in messages]
    assert [each["type"] for each in aside].count("RECORD") == 2
    assert [each["stream"] for each in told(s3, "whole")].count("w50_import_jobs") == 3
    assert told(s3, "whole")[-1]["record"]["exit_status"] == 0


def test_a_run_of_the_same_name_goes_on_behind_the_parts_of_the_one_before(
    s3: S3Server, sandbox: Sandbox, tmp_path: Path
) -> None:
    """An orchestrator names the tries of a task alike: the first one's records would be gone."""
    for number in (1, 2):
        record_aside = {**INVALID, "record": {"email": f"odd{number}@example.com", "first_name": 7}}
        done = load_here(tmp_path, at_urls(sandbox, "again"), [schema(), record_aside, state(number)])
        assert done.status == 0, done.stderr
    aside = parts(s3, "again/aside")
    assert [each[-1]["record"]["email"] for each in aside.values()] == [
        "odd1@example.com",
        "odd2@example.com",
    ]


@pytest.mark.parametrize("status", [503, 403])
def test_a_part_that_the_store_refuses_for_a_while_is_tried_again(
    status: int, s3: S3Server, relay: Relay, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Also a 403: the store took an object when the run began, and keys are renewed."""
    refused: list[str] = []

    def before(method: str, path: str) -> Iterable[bytes] | None:
        if is_part(method, path, "aside") and len(refused) < 2:
            refused.append(path)
            return answer(status)
        return None

    relay.before = before
    name = f"busy-{status}"
    done = load_here(tmp_path, at_urls(sandbox, name, retry_for_s=30), MESSAGES)
    assert (done.status, done.bookmarks, len(refused)) == (0, [1], 2)
    assert list(parts(s3, f"{name}/aside")) == [f"{name}-0001.singer"]


@pytest.mark.parametrize("of", ["aside", "metrics"])
def test_no_state_passes_what_a_store_that_stays_away_has_not_taken(
    of: str, s3: S3Server, relay: Relay, sandbox: Sandbox, tmp_path: Path
) -> None:
    relay.before = lambda method, path: answer(503) if is_part(method, path, of) else None
    name = f"away-{of}"
    done = load_here(tmp_path, at_urls(sandbox, name), MESSAGES)
    assert (done.status, done.error_code, done.bookmarks) == (4, "store_unreachable", [])
    assert "503" in done.last_line
    assert no_secrets_in(done)
    if of == "aside":
        assert told(s3, name)[-1]["record"]["error_code"] == "store_unreachable"


def test_a_part_whose_answer_was_lost_is_there_once(
    s3: S3Server, relay: Relay, sandbox: Sandbox, tmp_path: Path
) -> None:
    lost: list[str] = []

    def meddle(passed: Passed) -> Iterable[bytes]:
        if is_part(passed.method, passed.path, "aside") and not lost:
            lost.append(passed.path)
            raise ConnectionAbortedError
        return [passed.raw()]

    relay.meddle = meddle
    done = load_here(tmp_path, at_urls(sandbox, "lost", retry_for_s=30), MESSAGES)
    assert (done.status, done.bookmarks, len(lost)) == (0, [1], 1)
    assert list(parts(s3, "lost/aside")) == ["lost-0001.singer"]


def test_metrics_that_are_lost_after_the_last_state_are_said_and_change_nothing(
    s3: S3Server, relay: Relay, sandbox: Sandbox, tmp_path: Path
) -> None:
    def before(method: str, path: str) -> Iterable[bytes] | None:
        return answer(503) if is_part(method, path, "metrics") and "-0002" in path else None

    relay.before = before
    done = load_here(tmp_path, at_urls(sandbox, "last"), MESSAGES)
    assert (done.status, done.bookmarks) == (0, [1])
    assert "The last metrics records are in the log alone" in done.stderr
    assert [each["stream"] for each in told(s3, "last")] == ["w50_import_jobs"]


@pytest.mark.parametrize(
    ("setting", "code"), [("metrics_path", "metrics"), ("quarantine_path", "quarantine")]
)
def test_a_store_that_refuses_is_found_before_anything_is_sent(
    setting: str, code: str, s3: S3Server, sandbox: Sandbox, tmp_path: Path
) -> None:
    del s3
    nowhere = {setting: "s3://no-such-bucket/{run_id}.singer"}
    done = load_here(tmp_path, at_urls(sandbox, f"refused-{code}", **nowhere), MESSAGES)
    assert (done.status, done.error_code) == (2, f"{code}_unwritable")
    assert "there is no such bucket" in done.last_line
    assert not calls_of(sandbox)


def test_a_store_that_can_not_be_reached_is_found_before_anything_is_sent(
    s3: S3Server, relay: Relay, sandbox: Sandbox, tmp_path: Path
) -> None:
    del s3

    def hang_up(_: str, __: str) -> Iterable[bytes]:
        raise ConnectionAbortedError

    relay.before = hang_up
    done = load_here(tmp_path, at_urls(sandbox, "unreached"), MESSAGES)
    assert (done.status, done.error_code) == (4, "store_unreachable")
    assert not calls_of(sandbox)


def test_where_removing_is_not_allowed_it_is_said_once(
    s3: S3Server, relay: Relay, sandbox: Sandbox, tmp_path: Path
) -> None:
    relay.before = lambda method, _: answer(403) if method == "DELETE" else None
    done = load_here(tmp_path, at_urls(sandbox, "kept", metrics_path=None), MESSAGES)
    assert (done.status, done.bookmarks) == (0, [1])
    assert done.stderr.count("can't be removed") == 1
    assert list(parts(s3, "kept/aside")) == ["kept-0000.singer", "kept-0001.singer"]


def test_a_run_that_settings_end_is_told_in_its_store(s3: S3Server, sandbox: Sandbox, tmp_path: Path) -> None:
    config = at_urls(sandbox, "early", poll_interval_s=-1)
    done = run_target(tmp_path, config, b"")
    assert (done.status, done.error_code) == (2, "settings_invalid")
    assert [each["record"]["exit_status"] for each in told(s3, "early")] == [2]


def test_a_store_that_hangs_does_not_keep_a_signal_from_ending_the_run(
    s3: S3Server, relay: Relay, sandbox: Sandbox, tmp_path: Path
) -> None:
    hung: list[str] = []

    def before(method: str, path: str) -> Iterable[bytes] | None:
        if is_part(method, path, "aside"):
            hung.append(path)
            relay.wait()
        return None

    relay.before = before
    with Target(tmp_path, at_urls(sandbox, "hangs")) as target:
        target.send(*MESSAGES)
        target.end_input()
        wait_until(lambda: bool(hung), "a part", target)
        target.process.send_signal(signal.SIGTERM)
        done = target.wait()
    assert (done.status, done.error_code, done.stdout) == (143, "terminated", "")
    assert no_secrets_in(done)
    ends = [each["record"] for each in told(s3, "hangs") if each["stream"] == "w50_runs"]
    assert [each["exit_status"] for each in ends] == [143]


def test_a_server_that_is_killed_in_the_middle_ends_the_run_before_its_state(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """Its objects are gone with it, and nothing of them was acknowledged."""
    with S3Server() as server:
        config = at_urls(sandbox, "killed", max_contacts_per_job=1)
        with Target(tmp_path, config, environment=server.environment()) as target:
            target.send(schema(), record(1), INVALID, state(1))
            target.wait_for_words("Finished import job")
            server.kill()
            target.end_input()
            done = target.wait()
    assert (done.status, done.error_code, done.stdout) == (4, "store_unreachable", "")
    assert "odd@example.com" not in done.stderr
