"""Through the real program: answers that are out of step, never end, or are about something else."""

from __future__ import annotations

import json
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from target_w50.sandbox import Sandbox
from tests.relay import Passed, Relay
from tests.support import (
    Load,
    Target,
    calls_of,
    entry,
    jobs_of,
    record,
    run_target,
    schema,
    settings,
    state,
    stored,
    wait_until,
)
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


def test_create_answered_with_a_job_that_this_run_knows_is_doubtful(sandbox: Sandbox, tmp_path: Path) -> None:
    """Else the contacts of two jobs would be in one, which would be run twice."""
    first: list[int] = []

    def meddle(passed: Passed) -> Iterable[bytes]:
        if not passed.path.endswith("/import"):
            return [passed.raw()]
        first.append(json.loads(passed.body)["Id"])
        return [passed.raw(Id=first[0]) if len(first) == 2 else passed.raw()]

    with Relay(sandbox.url, meddle).running() as relay:
        config = settings(sandbox, api_url=relay.url, max_contacts_per_job=3)
        finished = run_target(tmp_path, config, MESSAGES)
    assert (finished.status, finished.bookmarks, set(stored(sandbox))) == (0, [5], ALL)
    assert [job["Runs"] for job in jobs_of(sandbox)] == [1, 0, 1]
    batches = [batch for job in jobs_of(sandbox) for batch in job["Batches"]]
    sent = [contact["Values"]["Email"] for batch in batches for contact in batch["Contacts"]]
    assert sorted(sent) == sorted(ALL)
    assert "which this run knows already" in finished.stderr


def test_a_doubtful_run_is_not_believed_where_nothing_is_counted(sandbox: Sandbox, tmp_path: Path) -> None:
    """The status changed, but by no run: also where every contact may be rejected."""
    sandbox.faults.add(call="run", cut="before")

    def meddle(passed: Passed) -> Iterable[bytes]:
        validated = passed.is_status_request and "run" in calls_of(sandbox)
        return [passed.raw(CurrentStatus="Validated", ProgressPercent=100) if validated else passed.raw()]

    with Relay(sandbox.url, meddle).running() as relay:
        config = settings(sandbox, api_url=relay.url, max_rejected_percent=100)
        finished = run_target(tmp_path, config, MESSAGES)
    assert (finished.status, finished.error_code, finished.states) == (5, "job_unknown", [])


def test_a_program_that_was_stopped_asks_once_more_before_it_calls_a_job_unknown(
    start: Callable[..., Sandbox], tmp_path: Path
) -> None:
    """A closed lid: the request that was under way is lost, and the time is up, but the job has ended."""
    sandbox = start(job_seconds=0.2, faults=[{"call": "status", "skip": 1, "hang": 3600}])
    with Target(tmp_path, settings(sandbox, job_timeout_s=3)) as target:
        target.send(*MESSAGES)
        target.end_input()
        wait_until(lambda: calls_of(sandbox).count("status") == 2, "the status request", target)
        target.process.send_signal(signal.SIGSTOP)
        stopped_at = time.monotonic()
        wait_until(lambda: time.monotonic() > stopped_at + 4, "the time limit to pass")
        target.process.send_signal(signal.SIGCONT)
        finished = target.wait()
    assert (finished.status, finished.bookmarks) == (0, [5])


def test_where_the_match_is_left_to_w50_a_repeat_is_not_called_safe(load: Load, sandbox: Sandbox) -> None:
    """The first job was run, and no state covers it: W50 may hold its contacts for new ones the next time."""
    sandbox.faults.add(call="create", skip=1, status=403)
    messages = [schema(), record(1), record(2), record(3)]
    finished = load(messages, entry(match_fields=[]), max_contacts_per_job=2)
    (job,) = finished.jobs
    assert (finished.status, finished.rerun) == (3, "may_repeat_events")
    assert finished.run["rerun_import_job_ids"] == [job["import_job_id"]]
