"""No command wraps its tables into rubble: they stand whole in terminals of 80 and of 60 columns."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len

from target_w50.cli import main as program
from target_w50.sandbox import Sandbox
from tests.cli.support import TOKEN, Operator
from tests.support import lines, load_here, schema, state

LONG = "Newsletter for customers of the shops in the north and the west, weekly"
FIELD = "PreferredLanguageOfTheCustomerInTheOnlineShopOfTheNorth"
PROPERTY = "preferred_language_of_the_customer_in_the_online_shop"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def operator(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Operator]:
    values = [f"language number {number}" for number in range(8)]
    fields = [
        {"Name": "Email", "Type": "Email"},
        {"Name": FIELD, "Type": "Choice", "Values": values},
        {"Name": "CustomerId", "Type": "Text"},
        {"Name": "FirstName", "Type": "Text"},
        {"Name": "LastName", "Type": "Text"},
    ]
    with Sandbox(token=TOKEN, lists=[{"Id": 42, "Name": LONG, "Fields": fields}]) as sandbox:
        yield Operator(sandbox, tmp_path, capsys)


@pytest.fixture
def loaded(operator: Operator) -> Operator:
    """After a run with a journal, metrics and a record set aside."""
    entry = operator.settings["streams"][0]
    entry |= {"send": "changed", "fields": {PROPERTY: FIELD}}
    operator.settings |= {
        "journal": str(operator.folder / "journal.db"),
        "metrics_path": str(operator.folder / "metrics.singer"),
        "quarantine_path": str(operator.folder / "what-was-set-aside-by-the-run-of-the-night.singer"),
        "on_invalid_record": "quarantine",
        "max_invalid_percent": 100,
        "run_id": "night-of-the-first-of-november-2026-second-try",
    }
    properties = {
        "email": {"type": ["null", "string"]},
        PROPERTY: {},
        "no_such_property_of_any_list_here": {},
    }
    messages = [
        schema(properties=properties),
        {"type": "RECORD", "stream": "contacts", "record": {"email": "a@example.com", PROPERTY: "x"}},
        {"type": "RECORD", "stream": "contacts", "record": {"email": None}},
        state(1),
    ]
    (operator.folder / "input.singer").write_bytes(lines(messages))
    assert load_here(operator.folder / "run", operator.settings, messages).status == 0
    return operator


COMMANDS = {
    "lists": "lists",
    "fields": "fields 42",
    "check": "check",
    "plan": "plan INPUT",
    "job": "job 42 1001",
    "ls": "journal ls",
    "show": "journal show 1001",
    "trace": "trace 42 Email",
    "purge": "quarantine purge --before 2020-01-01",
    "report": "report METRICS",
}


def on_a_terminal(
    operator: Operator, monkeypatch: pytest.MonkeyPatch, command: str, columns: int, **variables: str
) -> str:
    names = {"INPUT": "input.singer", "METRICS": "metrics.singer"}
    words = [str(operator.folder / names[word]) if word in names else word for word in command.split()]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a@example.com")))
    for name, value in {"COLUMNS": str(columns), "TERM": "xterm", **variables}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    if words[0] != "report":
        told = operator.w50(*words)
        assert told.status == 0, told.err
        return told.out
    assert program.run(words) == 0
    return operator.captured()


@pytest.mark.parametrize("columns", [80, 60])
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_tables_stand_in_the_terminal(
    loaded: Operator, monkeypatch: pytest.MonkeyPatch, command: str, columns: int
) -> None:
    """And nothing of them is lost."""
    monkeypatch.setenv("NO_COLOR", "1")
    out = on_a_terminal(loaded, monkeypatch, command, columns)
    tables = [line for line in out.splitlines() if command != "trace 42 Email" or line[:1] in "│╭╰├"]
    assert not [line for line in tables if cell_len(line) > columns]
    wide = on_a_terminal(loaded, monkeypatch, command, 1000)
    squeezed = re.sub(r"\W", "", out)
    assert not [word for word in re.findall(r"\w+", wide) if word not in squeezed]


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_no_colour_is_used_where_none_is_wanted(
    loaded: Operator, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    plain = on_a_terminal(loaded, monkeypatch, command, 100, NO_COLOR="1", FORCE_COLOR="1")
    assert "\x1b" not in plain


def test_colours_are_used_else(loaded: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for command in ("check", "lists"):
        assert COLOUR.search(on_a_terminal(loaded, monkeypatch, command, 100))


@pytest.mark.parametrize(
    ("words", "near"),
    [("chek", "check"), ("journal sho 7", "show"), ("quarantine purg", "purge")],
    ids=["command", "of a group", "of the other group"],
)
def test_a_command_that_is_not_there_is_answered_with_the_nearest(
    operator: Operator, words: str, near: str
) -> None:
    told = operator.w50(*words.split())
    assert told.status == 2
    assert f"Did you mean '{near}'?" in told.last_line


def test_an_option_that_is_not_there_is_too(operator: Operator) -> None:
    told = operator.w50("lists", "--jsno").last_line
    assert "Did you mean --json" in told.replace("'", "")
