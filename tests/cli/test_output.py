"""JSON for programs, and the console of the demo."""

from __future__ import annotations

import json

import pytest

from target_w50.cli.output import console, print_json


def test_text_in_brackets_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """What W50 holds is data, not markup."""
    console().print("[bold]:smile:[/bold]")
    assert "[bold]:smile:[/bold]" in capsys.readouterr().out


def test_json_does_nothing_to_a_terminal_either(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"name": "a\u202eb\x1b"})
    out = capsys.readouterr().out
    assert out.replace("\n", "").isprintable()
    assert json.loads(out) == {"name": "a\u202eb\x1b"}
