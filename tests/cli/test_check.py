"""`w50 check`: what of the settings works."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import TOKEN, Operator, Outcome

ENTRY: dict[str, Any] = {"stream": "contacts", "contact_list": "42", "match_fields": ["Email"]}


def failed(outcome: Outcome) -> list[str]:
    """The checks that failed, by their kind."""
    return [line.split()[1] for line in outcome.out.splitlines() if line.startswith("FAILED")]


def test_what_works_is_told_line_by_line_with_the_lists_name_and_size(operator: Operator) -> None:
    checked = operator.w50("check")
    (where,) = checked.err.splitlines()
    assert where.startswith("w50: asks the W50 at ")
    assert checked.status == 0
    assert [line.split("  ")[0] for line in checked.out.splitlines()] == ["passed"] * 6
    assert "goes to list 42 'Newsletter', which has 0 contacts" in checked.out
    assert "the list has Email" in checked.out


def test_nothing_but_gets_is_asked(operator: Operator) -> None:
    operator.w50("check")
    assert operator.asked() == {"GET"}


def test_faults_of_the_settings_are_told_and_the_connection_is_still_tried(operator: Operator) -> None:
    """Whoever sets up the connection first has no `streams` yet."""
    checked = operator.w50("check", streams=[{"stream": "contacts"}])
    assert checked.status == 2
    assert failed(checked) == ["settings"]
    assert "`streams[0].contact_list` is required" in checked.out
    assert "authentication" in checked.out
    assert "error_code=settings_invalid" in checked.last_line


def test_settings_that_name_no_connection_end_the_check(operator: Operator) -> None:
    checked = operator.w50("check", auth_token=None)
    assert (checked.status, failed(checked)) == (2, ["settings"])
    assert operator.asked() == set()


def test_a_secret_may_stand_in_a_file_that_is_named(operator: Operator, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    assert operator.w50("check", auth_token=None, auth_token_file=str(path)).status == 0
    path.unlink()
    checked = operator.w50("check", auth_token=None, auth_token_file=str(path), ca_bundle=str(path))
    assert (checked.status, failed(checked)) == (2, ["settings", "settings"])
    for name in ("auth_token_file", "ca_bundle"):
        assert f"`{name}` names a file that is not there." in checked.out


def test_a_refused_caller_is_told_so_with_the_status_of_a_run(operator: Operator) -> None:
    checked = operator.w50("check", auth_token="another-secret")
    assert (checked.status, failed(checked)) == (3, ["authentication"])
    assert "error_code=w50_unauthorized" in checked.last_line
    assert "another-secret" not in checked.out + checked.err


def test_a_caller_without_the_permission_to_see_all_lists_can_still_load_into_one(operator: Operator) -> None:
    """403 to the lists says nothing about the one list that is loaded into."""
    operator.sandbox.faults.add({"call": "lists", "status": 403})
    checked = operator.w50("check")
    assert (checked.status, failed(checked)) == (3, ["authentication"])
    assert "goes to list 42" in checked.out


def test_an_address_where_nobody_answers_is_status_4(operator: Operator) -> None:
    operator.sandbox.stop()
    checked = operator.w50("check", retry_for_s=0)
    assert (checked.status, failed(checked)) == (4, ["address"])


def test_plain_http_to_another_machine_is_refused_before_anything_is_sent(operator: Operator) -> None:
    checked = operator.w50("check", api_url="http://w50.example/api")
    assert (checked.status, failed(checked)) == (2, ["settings"])
    assert "api_url" in checked.out


def test_a_list_that_is_not_there_is_named_with_the_nearest(operator: Operator) -> None:
    checked = operator.w50("check", streams=[{**ENTRY, "contact_list": "Newsleter"}])
    assert (checked.status, failed(checked)) == (2, ["contact"])
    assert "did you mean 'Newsletter'?" in checked.out
    assert "error_code=contact_list_unknown" in checked.last_line


def test_every_explicit_field_name_is_looked_for(operator: Operator) -> None:
    entry = {**ENTRY, "match_fields": ["Emial"], "fields": {"a": "Company", "b": "Cmpany", "c": "__NULL__"}}
    checked = operator.w50("check", streams=[entry])
    assert (checked.status, failed(checked)) == (2, ["fields", "fields"])
    assert "no field 'Emial' (did you mean 'Email'?)" in checked.out
    assert "no field 'Cmpany' (did you mean 'Company'?)" in checked.out


def test_fields_that_w50_does_not_show_are_no_fault_where_they_are_not_needed(operator: Operator) -> None:
    """With `field_naming` exact a run does not ask for them."""
    operator.sandbox.faults.add({"call": "fields", "status": 403, "times": 2})
    assert operator.w50("check").status == 3
    checked = operator.w50("check", streams=[{**ENTRY, "field_naming": "exact"}])
    assert checked.status == 0
    assert "not looked at" in checked.out


@pytest.mark.parametrize("setting", ["metrics_path", "quarantine_path"])
def test_an_output_that_can_not_be_written_is_told_without_touching_it(
    setting: str, operator: Operator, tmp_path: Path
) -> None:
    good = tmp_path / "good.singer"
    assert operator.w50("check", **{setting: str(good)}).status == 0
    assert not good.exists()
    for bad in (tmp_path / "missing" / "file", tmp_path):
        checked = operator.w50("check", **{setting: str(bad)})
        assert (checked.status, failed(checked)) == (2, ["output"])
    if os.geteuid() != 0:  # root may write anywhere
        good.touch(mode=0o400)
        assert operator.w50("check", **{setting: str(good)}).status == 2


def test_for_programs_there_is_one_json_document(operator: Operator) -> None:
    checked = operator.w50("check", "--json", streams=[{**ENTRY, "contact_list": "Nowhere"}])
    document = checked.document
    assert document["passed"] is False
    assert {each["check"] for each in document["checks"] if each["passed"]} == {
        "settings",
        "address",
        "authentication",
        "journal",
    }
    (bad,) = [each for each in document["checks"] if not each["passed"]]
    assert (bad["exit_status"], bad["error_code"]) == (2, "contact_list_unknown")
    assert checked.status == 2
