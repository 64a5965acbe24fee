"""The shell completes commands and options, as docs/operator.md has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from target_w50.cli import main as program

OPERATOR = Path(__file__).parents[2] / "docs" / "operator.md"


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("w50 jo", {"job", "journal"}),
        ("w50 journal s", {"show", "seed"}),
        ("w50 init --secret-", {"--secret-env", "--secret-file", "--secret-stdin", "--secret-in"}),
        ("w50 lists --lo", {"--loader"}),
    ],
    ids=["command", "of a group", "option", "shared option"],
)
def test_what_was_begun_is_completed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: str, completed: set[str]
) -> None:
    monkeypatch.setenv("_W50_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    assert program.run([]) == 0
    assert {line.partition(",")[2] for line in capsys.readouterr().out.splitlines()} == completed


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_a_shell_is_told_how_as_documented(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], shell: str
) -> None:
    monkeypatch.setenv("_W50_COMPLETE", f"{shell}_source")
    assert program.run([]) == 0
    assert f"_W50_COMPLETE={shell}_complete" in capsys.readouterr().out
    assert f"_W50_COMPLETE={shell}_source w50" in OPERATOR.read_text(encoding="utf-8")


def test_a_command_that_can_not_be_loaded_completes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(program, "SANDBOX_MODULES", ("no_such_module",))
    monkeypatch.setenv("_W50_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "w50 demo --")
    monkeypatch.setenv("COMP_CWORD", "2")
    assert program.run([]) == 1
    assert capsys.readouterr().out == ""
