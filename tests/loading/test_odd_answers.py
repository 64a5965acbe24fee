"""Through the real program: answers that are out of step, never end, or are about something else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from target_w50.sandbox import Sandbox
from tests.relay import Passed, Relay
from tests.support import calls_of, entry, jobs_of, record, run_target, schema, settings, state, stored
from tests.w50.support import RawServer, Reply, http

MESSAGES = [schema(), *[record(number) for number in range(5)], state(5)]
ALL = {f"n{number}@example.com" for number in range(5)}


@pytest.mark.parametrize(
    "interim",
    [b"HTTP/1.1 102 Processing\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"],
    ids=["102", "103"],
)
def test_with_interim_answers_every_batch_is_sent_once_and_every_job_is_run_once(
    sandbox: Sandbox, tmp_path: Path, interim: bytes
) -> None:
    with Relay(sandbox.url, lambda passed: [interim + passed.raw()]).running() as relay:
        config = settings(sandbox, api_url=relay.url, batch_size_rows=2, max_contacts_per_job=4)
        finished = run_target(tmp_path, config, MESSAGES)
    assert (finished.status, finished.bookmarks) == (0, [5])
    assert [job["Runs"] for job in jobs_of(sandbox)] == [1, 1]
    sent = Counter(
        contact["Values"]["Email"]
        for job in jobs_of(sandbox)
        for batch in job["Batches"]
        for contact in batch["Contacts"]
    )
    assert (set(sent), set(sent.values())) == (ALL, {1})


def _trickled(relay: Relay) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nX: "
    while True:
        relay.wait(0.1)
        yield b"x"


@pytest.mark.parametrize("how", ["hangs", "trickles"])
def test_a_status_request_that_never_ends_keeps_the_time_limit_of_the_job(
    sandbox: Sandbox, tmp_path: Path, how: str
) -> None:
    """Its own time is 300 s, and a byte now and then would renew even that."""

    def meddle(passed: Passed) -> Iterable[bytes]:
        if not (passed.is_status_request and "run" in calls_of(sandbox)):
            yield passed.raw()
        elif how == "trickles":
            yield from _trickled(relay)
        else:
            relay.wait()

    sandbox.faults.add(call="run", job={"ProgressPercent": 1, "FinishDate": None}, times=None)
    relay = Relay(sandbox.url, meddle)
    with relay.running():
        config = settings(sandbox, api_url=relay.url, job_timeout_s=1)
        finished = run_target(tmp_path, config, MESSAGES)
    assert (finished.status, finished.error_code, finished.states) == (5, "job_unknown", [])
    assert "job_timeout_s" in finished.last_line


def test_a_token_that_never_comes_keeps_the_time_limit_of_the_job(sandbox: Sandbox, tmp_path: Path) -> None:
    def meddle(passed: Passed) -> Iterable[bytes]:
        unauthorized = passed.is_status_request and "run" in calls_of(sandbox)
        yield http(401) if unauthorized else passed.raw()

    granted = http(200, {"access_token": "granted", "token_type": "bearer"})
    sandbox.faults.add(call="run", job={"ProgressPercent": 1, "FinishDate": None}, times=None)
    relay = Relay(sandbox.url, meddle)
    with relay.running(), RawServer([Reply(granted), Reply(hang=True)]).running() as tokens:
        config = settings(sandbox, api_url=relay.url, job_timeout_s=1, auth_method="oauth2")
        config |= {"oauth2_token_url": tokens.url, "oauth2_client_id": "c", "oauth2_client_secret": "s"}
        finished = run_target(tmp_path, config, MESSAGES)
    assert (finished.status, finished.error_code, finished.states) == (5, "job_unknown", [])
    assert "job_timeout_s" in finished.last_line
    assert "fetch_oauth2_token" in finished.stderr


@pytest.mark.parametrize("change", [{"Id": 999}, {"ContactListId": 43}], ids=["job", "list"])
def test_the_status_of_another_job_writes_no_state(
    sandbox: Sandbox, tmp_path: Path, change: dict[str, Any]
) -> None:
    def meddle(passed: Passed) -> Iterable[bytes]:
        yield passed.raw(**(change if passed.is_status_request and "run" in calls_of(sandbox) else {}))

    sandbox.faults.add(call="run", job={"ProgressPercent": 1, "FinishDate": None}, times=None)
    with Relay(sandbox.url, meddle).running() as relay:
        config = settings(sandbox, api_url=relay.url, job_timeout_s=1)
        finished = run_target(tmp_path, config, MESSAGES)
    assert (finished.status, finished.error_code, finished.states) == (5, "job_unknown", [])
    assert "it is about another" in finished.stderr


def test_no_contact_goes_to_a_list_that_nobody_asked_for(sandbox: Sandbox, tmp_path: Path) -> None:
    """List 7 answered with list 42: the contacts would go to 42, and the exit be 0."""

    def meddle(_passed: Passed) -> Iterable[bytes]:
        yield Passed(
            "GET", "", 200, "application/json", b'{"Id": 42, "Name": "Newsletter", "Count": 0}'
        ).raw()

    with Relay(sandbox.url, meddle).running() as relay:
        config = settings(sandbox, entry(contact_list="7"), api_url=relay.url)
        finished = run_target(tmp_path, config, MESSAGES)
    assert (finished.status, finished.error_code) == (4, "w50_bad_answer")
    assert "it is about another contact list" in finished.last_line
    assert not {"create", "add", "run"} & set(calls_of(sandbox))


def _run_with_uploads_answered(
    sandbox: Sandbox, tmp_path: Path, raw: Callable[[Passed], bytes]
) -> tuple[int, str]:
    def meddle(passed: Passed) -> Iterable[bytes]:
        yield raw(passed) if passed.is_upload else passed.raw()

    with Relay(sandbox.url, meddle).running() as relay:
        finished = run_target(tmp_path, settings(sandbox, api_url=relay.url), MESSAGES)
    return finished.status, finished.error_code


def test_uploads_that_are_answered_with_ok_in_plain_text_were_taken(sandbox: Sandbox, tmp_path: Path) -> None:
    def raw(_passed: Passed) -> bytes:
        return http(200, b"OK", "Content-Type: text/plain")

    assert _run_with_uploads_answered(sandbox, tmp_path, raw)[0] == 0
    assert set(stored(sandbox)) == ALL


def test_an_upload_of_which_fewer_contacts_were_taken_is_never_run(sandbox: Sandbox, tmp_path: Path) -> None:
    def raw(_passed: Passed) -> bytes:
        return http(200, [{"Values": {}}] * 4)

    assert _run_with_uploads_answered(sandbox, tmp_path, raw) == (4, "rebuilds_exhausted")
    assert "run" not in calls_of(sandbox)
