"""`w50 journal forget`: an operator whom somebody has asked to be forgotten."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from target_w50.sandbox import Sandbox
from tests.cli.support import Operator
from tests.support import load_here, record, schema

ADDRESS = "n1@example.com"


@pytest.fixture
def operator(sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Operator:
    """After a run."""
    operator = Operator(sandbox, tmp_path, capsys)
    operator.settings["journal"] = str(tmp_path / "journal.db")
    operator.settings["streams"][0]["send"] = "changed"
    assert load_here(tmp_path, operator.settings, [schema(), record(1), record(2)]).status == 0
    return operator


def type_in(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def test_a_person_is_forgotten_by_a_value_that_is_shown_nowhere(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    type_in(monkeypatch, ADDRESS + "\n")
    rehearsed = operator.w50("journal", "forget", "--contact", "Email", "--dry-run")
    assert rehearsed.out.startswith("Would forget 1 contact ")
    type_in(monkeypatch, ADDRESS + "\n")
    done = operator.w50("journal", "forget", "--contact", "Email", "--json")
    assert (done.status, done.document["contacts"]) == (0, 1)
    assert done.document["contact_list_ids"] == [42]
    assert ADDRESS not in rehearsed.out + rehearsed.err + done.out + done.err
    type_in(monkeypatch, ADDRESS)
    assert operator.w50("journal", "forget", "--contact", "Email").out == "The journal has nothing of that.\n"


def test_a_list_is_forgotten_by_its_name_and_what_is_old_by_a_date(operator: Operator) -> None:
    assert operator.w50("journal", "forget", "--before", "2020-01-01", "--json").document["contacts"] == 0
    done = operator.w50("journal", "forget", "--list", "Newsletter")
    assert (done.status, done.out[:17]) == (0, "Forgot 2 contacts"), done.err
    assert "is new from now on" in done.last_line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--contact", f"Email={ADDRESS}"], "takes the name alone"),
        (["--contact", "Email", "--list", "42"], "Say one of"),
        ([], "Say one of"),
        (["--before", "yesterday"], "is no date"),
        (["--contact", "Email", "--contact", "CustomerId"], "2 lines, one for each name"),
    ],
    ids=["value", "two", "none", "date", "lines"],
)
def test_what_is_not_understood_is_said_and_nothing_is_changed(
    operator: Operator, arguments: list[str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    type_in(monkeypatch, "one\n")
    refused = operator.w50("journal", "forget", *arguments)
    assert (refused.status, words in refused.err) == (2, True), refused.err
    assert ADDRESS not in refused.err
    assert operator.w50("journal", "forget", "--list", "42", "--dry-run", "--json").document["contacts"] == 2


def test_without_a_journal_there_is_nothing_to_forget(operator: Operator) -> None:
    refused = operator.w50("journal", "forget", "--list", "42", journal="none")
    assert (refused.status, "error_code=no_journal" in refused.err) == (2, True)
