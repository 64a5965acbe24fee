"""The SDK's own standard tests for targets, all sixteen, against the sandbox."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from importlib import resources
from typing import Any

import pytest
from singer_sdk.testing import get_target_test_class, target_test_streams
from singer_sdk.testing.runners import TargetTestRunner

from target_w50.sandbox import Sandbox
from target_w50.target import TargetW50

STREAM = {"stream": "*", "contact_list": "42", "match_fields": [], "field_naming": "exact"}


def _field_names() -> list[str]:
    """Every property that a record of the SDK's test streams has."""
    names: set[str] = set()
    for file in resources.files(target_test_streams).iterdir():
        if file.name.endswith(".singer"):
            for line in file.read_text(encoding="utf-8").splitlines():
                message = json.loads(line)
                names |= message.get("record", {}).keys()
                names |= message.get("schema", {}).get("properties", {}).keys()
    return sorted(names)


LISTS = [{"Id": 42, "Name": "Standard tests", "Fields": [{"Name": name} for name in _field_names()]}]

_Standard = get_target_test_class(target_class=TargetW50)


class TestStandard(_Standard):  # type: ignore[misc, valid-type]
    """Every test of the SDK's suite, each with a sandbox of its own."""

    @pytest.fixture
    def sandbox(self) -> Iterator[Sandbox]:
        with Sandbox(token="standard-tests", lists=LISTS) as sandbox:
            yield sandbox

    @pytest.fixture
    def resource(self, sandbox: Sandbox) -> Sandbox:
        return sandbox

    @pytest.fixture
    def runner(self, sandbox: Sandbox) -> Iterator[TargetTestRunner]:
        config: dict[str, Any] = {
            "api_url": sandbox.url,
            "auth_token": "standard-tests",
            "streams": [STREAM],
            "poll_interval_s": 0.01,
        }
        runner = TargetTestRunner(target_class=TargetW50, config=config)
        yield runner
        if runner.input_filepath is not None:
            runner.target_input.close()  # the SDK leaves it open


def test_the_records_of_the_standard_tests_arrive() -> None:
    with Sandbox(token="standard-tests", lists=LISTS) as sandbox:
        config = {"api_url": sandbox.url, "auth_token": "standard-tests", "streams": [STREAM]}
        runner = TargetTestRunner(target_class=TargetW50, config=config)
        stream = resources.files(target_test_streams) / "schema_updates.singer"
        runner.input_io = io.StringIO(stream.read_text(encoding="utf-8"))
        runner.sync_all()
        contacts = sandbox.contents()["Lists"][0]["Contacts"]
    assert [contact["Values"]["id"] for contact in contacts] == [1, 2, 3, 4, 5, 6]
    assert contacts[5]["Values"]["a5"] == '["banana","orange"]'


def test_all_sixteen_tests_of_the_sdk_are_there() -> None:
    names = [name for name in dir(TestStandard) if name.startswith("test_target_")]
    assert len(names) == 16
