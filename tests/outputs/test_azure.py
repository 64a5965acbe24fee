"""Outputs in Azure, against Azurite: what differs from S3 is the driver, and that is what is asked here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev import azurite
from target_w50.cli import main as program
from target_w50.outputs import stores
from target_w50.sandbox import Sandbox
from tests.azurite_server import CONTAINER, KEY, AzuriteServer
from tests.outputs.at_urls import INVALID, MESSAGES
from tests.support import load_here, settings


@pytest.fixture(scope="module")
def server() -> Iterator[AzuriteServer]:
    found = azurite.find()
    if found is None:
        pytest.skip(azurite.MISSING)
    with AzuriteServer(found) as server, pytest.MonkeyPatch.context() as patched:
        for name, value in server.environment.items():
            patched.setenv(name, value)
        stores.driver.cache_clear()
        yield server
        stores.driver.cache_clear()


def test_parts_are_written_reported_and_purged(
    server: AzuriteServer, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = settings(
        sandbox,
        metrics_path=f"az://{CONTAINER}/metrics/{{run_id}}.singer",
        quarantine_path=f"az://{CONTAINER}/aside/{{run_id}}.singer",
        on_invalid_record="quarantine",
        run_id="one",
    )
    for _ in range(2):  # an orchestrator names the tries of a task alike
        done = load_here(tmp_path, config, MESSAGES)
        assert (done.status, done.bookmarks) == (0, [1]), done.stderr
        assert KEY not in done.stderr
    found = sorted(server.files.find(f"{CONTAINER}/aside/"))
    assert found == [f"{CONTAINER}/aside/one-{number:04}.singer" for number in (1, 2)]
    aside = [json.loads(line) for line in server.files.cat_file(found[0]).splitlines()]
    assert [each["type"] for each in aside] == ["SCHEMA", "RECORD"]
    assert aside[1]["record"] == INVALID["record"]
    assert program.run(["report", f"az://{CONTAINER}/metrics/", "--json"]) == 0
    assert [each["run_id"] for each in json.loads(capsys.readouterr().out)["runs"]] == ["one"]
    gone = ["quarantine", "purge", f"az://{CONTAINER}/aside/", "--before", "9000-01-01"]
    assert program.run(gone) == 0, capsys.readouterr().err
    assert server.files.find(f"{CONTAINER}/aside/") == []


def test_a_container_that_is_not_there_is_found_before_anything_is_sent(
    server: AzuriteServer, sandbox: Sandbox, tmp_path: Path
) -> None:
    del server
    config = settings(sandbox, metrics_path="az://nowhere/{run_id}.singer", retry_for_s=5)
    done = load_here(tmp_path, config, MESSAGES)
    assert (done.status, done.error_code) == (2, "metrics_unwritable")
    assert "404" in done.last_line
