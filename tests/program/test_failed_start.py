"""The metrics of a run that ended before it began."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from target_w50.errors import SettingsError
from target_w50.program.failed_start import tell_early_end


@pytest.mark.parametrize(
    ("given", "host", "mode"),
    [
        (None, "", None),
        ({}, "app.which50.com", "load"),
        ({"api_url": "https://w50.example/api", "import_mode": "dry_run"}, "w50.example", "dry_run"),
    ],
    ids=["unreadable", "usual", "given"],
)
def test_what_the_settings_do_not_say_is_not_told(
    given: dict[str, Any] | None,
    host: str,
    mode: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO):
        tell_early_end(given, SettingsError("The settings can't be read."))
    (told,) = [each.getMessage() for each in caplog.records if "w50_runs" in each.getMessage()]
    tags = json.loads(told.partition(": ")[2])["tags"]
    assert (tags["api_host"], tags["import_mode"], tags["exit_status"]) == (host, mode, 2)
