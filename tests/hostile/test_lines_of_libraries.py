"""What libraries log holds no contact and nothing that a server says, at any level."""

from __future__ import annotations

from pathlib import Path

import pytest

from target_w50.sandbox import Sandbox
from tests.support import entry, record, run_target, schema, settings, state
from tests.w50.support import RawServer, Reply, http

NAME = "Ottilie"


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_a_header_without_a_colon_makes_no_line_that_quotes_it(tmp_path: Path, level: str) -> None:
    broken = http(403, {}, "Content-Type: application/json", "X: y", f"{NAME} has no colon")
    with RawServer([Reply(broken)]).running() as server:
        config = {"api_url": server.url, "auth_token": "a-token", "streams": [entry()], "retry_for_s": 0}
        finished = run_target(
            tmp_path, config, [schema(), record(1)], environment={"TARGET_W50_LOGLEVEL": level}
        )
    assert finished.status in (3, 4), finished.stderr
    assert NAME not in finished.stderr
    assert "Traceback" not in finished.stderr


def test_a_stream_maps_filter_shows_no_address_at_debug(sandbox: Sandbox, tmp_path: Path) -> None:
    maps = {"contacts": {"__filter__": "email", "first_name": "first_name + email"}}
    finished = run_target(
        tmp_path,
        settings(sandbox, stream_maps=maps),
        [schema(), record(NAME), state(1)],
        environment={"TARGET_W50_LOGLEVEL": "DEBUG"},
    )
    assert finished.status == 0, finished.stderr
    assert NAME not in finished.stderr
    assert "Found '…' filter rule: …" in finished.stderr
