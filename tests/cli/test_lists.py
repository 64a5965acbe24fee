"""`w50 lists` and `w50 fields`."""

from __future__ import annotations

import json
import logging

import pytest

from target_w50.sandbox import Sandbox
from tests.cli.support import Operator


def test_the_lists_come_as_a_table(operator: Operator) -> None:
    shown = operator.w50("lists")
    assert shown.status == 0
    assert shown.out.splitlines() == [
        "id  name        contacts",
        "42  Newsletter         0",
        "43  Customers          0",
    ]


def test_the_lists_come_as_json(operator: Operator) -> None:
    assert operator.w50("lists", "--json").document[0] == {"id": 42, "name": "Newsletter", "count": 0}


@pytest.mark.parametrize("streams", [None, [{"stream": "unfinished"}], "nonsense"])
def test_of_the_settings_only_the_connections_are_needed(operator: Operator, streams: object) -> None:
    """These commands are what one finds out with how `streams` must look."""
    for command in (["lists"], ["fields", "42"]):
        assert operator.w50(*command, streams=streams).status == 0


@pytest.mark.parametrize("name", ["42", "Newsletter", "name:Newsletter"])
def test_fields_are_shown_with_type_default_and_allowed_values(operator: Operator, name: str) -> None:
    shown = operator.w50("fields", name)
    lines = [line.split() for line in shown.out.splitlines()]
    assert lines[0] == ["field", "type", "default", "allowed", "values"]
    assert ["Email", "Email"] in lines
    assert ["Language", "Text", "en"] in lines
    assert ["Plan", "Choice", "free,", "pro,", "team"] in lines


def test_fields_come_as_json(operator: Operator) -> None:
    fields = {each["name"]: each for each in operator.w50("fields", "42", "--json").document}
    assert fields["Email"]["map_type"] == "Email"
    assert [each["value"] for each in fields["Plan"]["values"]] == ["free", "pro", "team"]


def test_a_list_that_is_not_there_is_status_2_and_names_those_that_are(operator: Operator) -> None:
    shown = operator.w50("fields", "Customer")
    assert (shown.status, shown.out) == (2, "")
    assert "did you mean 'Customers'?" in shown.last_line
    assert "Say one of them" in shown.last_line


def test_a_name_can_do_nothing_to_the_terminal(
    operator: Operator,
) -> None:
    """A list's name is whatever somebody gave it."""
    name = "Evil\x1b[2J list"
    with Sandbox(lists=[{"Id": 5, "Name": name, "Fields": ["Email"]}]) as sandbox:
        shown = operator.w50("lists", api_url=sandbox.url)
    assert "\x1b" not in shown.out
    assert r"Evil\x1b[2J list" in shown.out


def test_the_environment_gives_settings_too(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for the target: `--config ENV`."""
    monkeypatch.setenv("TARGET_W50_AUTH_TOKEN", "wrong")
    assert operator.w50("lists").status == 0
    assert operator.w50("lists", "--config", "ENV").status == 3


def test_a_missing_configuration_file_is_status_2(operator: Operator) -> None:
    shown = operator.w50("lists", "--config", str(operator.folder / "nowhere.json"))
    assert shown.status == 2
    assert "nowhere.json" in shown.last_line


def test_another_try_is_told_in_one_line_and_the_log_is_left_as_it_was(operator: Operator) -> None:
    operator.sandbox.faults.add({"call": "lists", "status": 503})
    before = [
        (each.handlers[:], each.propagate) for each in map(logging.getLogger, ("target-w50", "target_w50"))
    ]
    shown = operator.w50("lists")
    assert shown.status == 0
    _, line = shown.err.splitlines()
    assert line.startswith("w50: ")
    assert "try 2 follows" in line
    after = [
        (each.handlers[:], each.propagate) for each in map(logging.getLogger, ("target-w50", "target_w50"))
    ]
    assert after == before


def test_json_keeps_letters_of_every_script(operator: Operator) -> None:
    with Sandbox(lists=[{"Id": 5, "Name": "お客様", "Fields": ["Email"]}]) as sandbox:
        shown = operator.w50("lists", "--json", api_url=sandbox.url)
    assert "お客様" in shown.out
    assert json.loads(shown.out)[0]["name"] == "お客様"
