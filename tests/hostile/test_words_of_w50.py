"""What W50 says may hold names and addresses of its contacts: none of them reaches log, metrics or state."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from target_w50.sandbox import Sandbox
from tests.support import LIST, Finished, entry, record, run_target, schema, settings, state
from tests.w50.support import RawServer, Reply

NAME = "Ottilie Quarfoth"
MESSAGES = [schema(), record(1), state(1)]
DEBUG = {"TARGET_W50_LOGLEVEL": "DEBUG"}


def says_nothing_of_her(finished: Finished) -> bool:
    told = finished.stderr + finished.stdout + str(finished.metrics)
    return not any(part in told.casefold() for part in ("ottilie", "quarfoth", "7351961024"))


@pytest.mark.parametrize(
    "text",
    [
        "Email is already used by {}",
        "Email is already used by '{}' (born 7351961024)",
        "{}",
        "{}: 7351961024",
    ],
)
def test_a_warning_that_names_another_contact_is_counted_without_the_name(
    start: Callable[..., Sandbox], tmp_path: Path, text: str
) -> None:
    warn = {"warn": {"field": "FirstName", "contains": "First", "text": text.format(NAME)}}
    sandbox = start(faults=[warn], add_answer="contacts")
    finished = run_target(tmp_path, settings(sandbox), MESSAGES, environment=DEBUG)
    assert finished.status == 0, finished.stderr
    assert sum(finished.jobs[0]["validation_warnings"].values()) == 1
    assert says_nothing_of_her(finished), finished.stderr


def test_a_server_of_many_words_makes_few_kinds_of_warnings(
    start: Callable[..., Sandbox], tmp_path: Path
) -> None:
    words = ["after", "all", "and", "any", "bad", "be", "been", "body", "but", "can", "closed", "error"]
    faults = [
        {
            "warn": {
                "field": "FirstName",
                "equals": f"First {number}",
                "text": f"{words[number % 12]} {words[number // 12]}",
            }
        }
        for number in range(80)
    ]
    sandbox = start(faults=faults, add_answer="contacts")
    messages = [schema(), *(record(number) for number in range(80)), state(1)]
    finished = run_target(tmp_path, settings(sandbox), messages)
    assert finished.status == 0, finished.stderr
    warnings = finished.jobs[0]["validation_warnings"]
    assert len(warnings) <= 51
    assert sum(warnings.values()) == 80


@pytest.mark.parametrize("call", ["lists", "fields", "create", "add", "run", "status"])
def test_an_error_of_any_call_is_told_without_the_name_in_it(
    start: Callable[..., Sandbox], tmp_path: Path, call: str
) -> None:
    body = f'{{"Message": "The request is bad: {NAME}, born 7351961024, exists"}}'
    sandbox = start(faults=[{"call": call, "status": 400, "body": body, "times": None}])
    config = settings(sandbox, {**settings(sandbox)["streams"][0], "contact_list": LIST["Name"]})
    finished = run_target(tmp_path, config, MESSAGES, environment=DEBUG)
    assert finished.status in (3, 5), finished.stderr
    assert call == "status" or "The request is bad" in finished.stderr
    assert says_nothing_of_her(finished), finished.stderr


STATUSES: list[dict[str, Any]] = [
    {"CurrentStatus": f"Failed: {NAME}, born 7351961024", "finishes": False},
    {"CurrentStatus": f"Completed without {NAME} (7351961024)"},
]


@pytest.mark.parametrize("job", STATUSES)
def test_a_status_that_names_a_contact_is_told_without_the_name(
    start: Callable[..., Sandbox], tmp_path: Path, job: dict[str, Any]
) -> None:
    sandbox = start(faults=[{"call": "run", "job": job}])
    fails = "finishes" in job
    config = settings(sandbox, failure_statuses=["failed", "error"], job_timeout_s=2, progress="always")
    finished = run_target(tmp_path, config, MESSAGES, environment=DEBUG)
    assert finished.status == (5 if fails else 0), finished.stderr
    assert says_nothing_of_her(finished), finished.stderr


@pytest.mark.parametrize("host", ["ottilie.quarfoth.login.example.com", "Ottilie Quarfoth 1961", "a" * 9_999])
def test_the_host_of_a_redirect_is_told_without_the_name_in_it(tmp_path: Path, host: str) -> None:
    head = f"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: https://{host}/\r\n\r\n"
    with RawServer([Reply(head.encode())]).running() as server:
        config = {"api_url": server.url, "auth_token": "a-token", "streams": [entry()], "retry_for_s": 0}
        finished = run_target(tmp_path, config, MESSAGES, environment=DEBUG)
    assert finished.error_code == "w50_redirect"
    assert "to the host …" in finished.last_line
    assert len(finished.last_line) < 1_000
    assert says_nothing_of_her(finished), finished.stderr


def test_a_status_of_megabytes_is_cut(start: Callable[..., Sandbox], tmp_path: Path) -> None:
    sandbox = start(faults=[{"call": "run", "job": {"CurrentStatus": "done " * 100_000}}])
    finished = run_target(tmp_path, settings(sandbox), MESSAGES)
    assert (finished.status, finished.bookmarks) == (0, [1]), finished.stderr
    assert len(finished.stdout) < 2_000
    assert len(finished.jobs[0]["current_status"]) <= 200
