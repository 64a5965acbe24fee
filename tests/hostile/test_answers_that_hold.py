"""Answers that would hold the program for hours, or end it with a defect: refused, with words."""

from __future__ import annotations

from pathlib import Path

import pytest

from target_w50.sandbox import Sandbox
from tests.support import entry, record, run_target, schema, settings, state
from tests.w50.support import RawServer, Reply, http

MESSAGES = [schema(), record(1), state(1)]
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
ANSWERS = {
    "a charset that takes time by the square": http(
        200, b"a" * 1_000_000, "Content-Type: application/json; charset=punycode"
    ),
    "a chunk whose length is below 0": CHUNKED + b"-5\r\n{}\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_an_answer_that_can_not_be_read_ends_the_run_with_words(tmp_path: Path, kind: str) -> None:
    with RawServer([Reply(ANSWERS[kind])]).running() as server:
        config = {"api_url": server.url, "auth_token": "a-token", "streams": [entry()], "retry_for_s": 0}
        finished = run_target(tmp_path, config, MESSAGES)
    assert finished.status == 4, finished.stderr


@pytest.mark.parametrize("answer", [b"[" * 200_000, b'{"access_token":' * 50_000], ids=["lists", "objects"])
def test_a_token_that_is_nested_without_end_ends_the_run_with_words(
    sandbox: Sandbox, tmp_path: Path, answer: bytes
) -> None:
    with RawServer([Reply(http(200, answer))]).running() as server:
        oauth2 = {"auth_method": "oauth2", "oauth2_client_id": "a", "oauth2_client_secret": "b"}
        config = settings(sandbox, **oauth2, oauth2_token_url=server.url)
        finished = run_target(tmp_path, config, MESSAGES)
    assert (finished.status, finished.error_code) == (4, "oauth2_bad_answer"), finished.stderr
