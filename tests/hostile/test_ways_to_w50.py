"""Where a request goes and whom it trusts: no proxy for loopback, and faults of the way in words at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from target_w50.sandbox import Sandbox
from tests.support import Finished, entry, record, run_target, schema, settings, state
from tests.w50.support import RawServer, Reply, http

MESSAGES = [schema(), record(1), state(1)]
PROXIES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
NO_EXCEPTION = {"NO_PROXY": "", "no_proxy": ""}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST"])
def test_what_stays_on_this_machine_is_shown_to_no_proxy(sandbox: Sandbox, tmp_path: Path, host: str) -> None:
    url = sandbox.url.replace("127.0.0.1", host)
    with RawServer([Reply(http(502, {}))]).running() as proxy:
        environment = dict.fromkeys(PROXIES, proxy.url) | NO_EXCEPTION
        finished = run_target(tmp_path, settings(sandbox, api_url=url), MESSAGES, environment=environment)
    assert (proxy.heads, proxy.bodies) == ([], [])
    assert (finished.status, finished.bookmarks) == (0, [1]), finished.stderr


def run(tmp_path: Path, environment: dict[str, str], **config: Any) -> Finished:
    values = {"api_url": "https://w50.invalid", "auth_token": "a-token", "streams": [entry()], **config}
    return run_target(tmp_path, values, MESSAGES, environment=environment)


@pytest.mark.parametrize("proxy", ["http://", "http://:8080", "http://*.x", "://", "http://user:pw@"])
def test_a_proxy_that_can_be_none_is_exit_2_with_words(tmp_path: Path, proxy: str) -> None:
    finished = run(tmp_path, dict.fromkeys(PROXIES, proxy) | NO_EXCEPTION)
    assert finished.status == 2, finished.stderr
    assert "proxy of the environment" in finished.last_line
    assert "pw" not in finished.last_line


@pytest.mark.parametrize("url", ["https://*.x", "https://.x", "https://a..b", f"https://{'a' * 64}.x"])
@pytest.mark.parametrize("setting", ["api_url", "oauth2_token_url"])
def test_a_host_that_can_be_none_is_exit_2_with_words(tmp_path: Path, url: str, setting: str) -> None:
    oauth2 = {"auth_method": "oauth2", "oauth2_client_id": "a", "oauth2_client_secret": "b"}
    finished = run(tmp_path, {}, **{**oauth2, "oauth2_token_url": "https://w50.invalid", setting: url})
    assert finished.status == 2, finished.stderr
    assert setting in finished.last_line


@pytest.mark.parametrize("contact_list", ["9" * 5000, "9" * 30])
def test_a_list_id_of_many_digits_is_exit_2_with_words(
    sandbox: Sandbox, tmp_path: Path, contact_list: str
) -> None:
    finished = run_target(tmp_path, settings(sandbox, entry(contact_list=contact_list)), MESSAGES)
    assert finished.status in (2, 3), finished.stderr
    assert len(finished.last_line) < 1000


@pytest.mark.parametrize("life", [b"1e400", b"-1e400", b'"nan"', b"1" * 400, b'"inf"'])
def test_a_token_that_lives_for_ever_ends_no_run_as_unexpected(
    start: Callable[..., Sandbox], tmp_path: Path, life: bytes
) -> None:
    token = b'{"access_token": "a-token", "token_type": "bearer", "expires_in": ' + life + b"}"
    sandbox = start(token="a-token")
    with RawServer([Reply(http(200, token))]).running() as server:
        oauth2 = {"auth_method": "oauth2", "oauth2_client_id": "a", "oauth2_client_secret": "b"}
        config = settings(sandbox, **oauth2, oauth2_token_url=server.url)
        finished = run_target(tmp_path, config, MESSAGES)
    assert finished.status in (0, 4), finished.stderr


def test_certificates_that_are_not_there_are_exit_2_with_words(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("no certificate")
    for bundle in (str(empty), str(tmp_path / "missing.pem")):
        finished = run(tmp_path, {"REQUESTS_CA_BUNDLE": bundle} | NO_EXCEPTION)
        assert (finished.status, finished.error_code) == (2, "certificates_unusable"), finished.stderr
        assert "REQUESTS_CA_BUNDLE" in finished.last_line
