"""Tables, on a terminal and elsewhere."""

from __future__ import annotations

import io
import sys

import pytest

from target_w50.cli.output import console, print_table


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_elsewhere_than_on_a_terminal_a_table_is_plain_columns(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(console(), ("list", "contacts"), [("Newsletter", 7), (None, 1200)], numbers=("contacts",))
    assert capsys.readouterr().out.splitlines() == [
        "list        contacts",
        "Newsletter         7",
        "                1200",
    ]


def test_on_a_terminal_a_table_has_a_box(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm")
    print_table(console(), ("list",), [("Newsletter",)])
    assert "╭" in terminal.getvalue()


def test_text_in_brackets_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """What W50 holds is data, not markup."""
    print_table(console(), ("value",), [("[bold]:smile:[/bold]",)])
    assert "[bold]:smile:[/bold]" in capsys.readouterr().out
