"""`w50` as a program: its commands, its errors, its exit statuses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from target_w50 import __version__
from target_w50.cli import main as program
from target_w50.cli.main import main
from target_w50.errors import LimitError, SettingsError, TargetW50Error

W50 = (sys.executable, "-m", "target_w50.cli")


def command_that_raises(error: BaseException) -> program.LazyCommand:
    @click.command()
    def fails() -> None:
        raise error

    class Ready(program.LazyCommand):
        def load(self) -> click.Command:
            return fails

    return Ready("", "", "Fails.")


def test_the_version_is_the_distributions() -> None:
    ran = subprocess.run([*W50, "--version"], capture_output=True, text=True, check=True)
    assert ran.stdout == f"w50, version {__version__}\n"


def test_version_and_help_import_neither_the_sdk_nor_rich_nor_the_server() -> None:
    """What an operator asks most often answers at once."""
    code = (
        "import sys; from target_w50.cli.main import run; run(['--version']); run(['--help']); "
        "print(sorted({'singer_sdk', 'rich', 'werkzeug', 'requests'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"


def test_help_names_every_command_with_its_summary(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.run(["--help"]) == 0
    printed = capsys.readouterr().out
    for name, lazy in program.COMMANDS.items():
        assert f"  {name} " in printed
        assert lazy.summary in printed


@pytest.mark.parametrize("arguments", [("lists",), ("check",), ("job", "42", "7")], ids=" ".join)
def test_without_settings_the_last_line_says_where_to_get_some(
    arguments: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert program.run(arguments) == 2
    said = capsys.readouterr().err.splitlines()
    assert said[-1].startswith(
        "w50: No settings were given: name a file with --config, or let `w50 init` make one."
    )
    assert "auth_token" not in said[-1]


@pytest.mark.parametrize("name", sorted(program.COMMANDS))
def test_every_command_has_help_and_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody has to guess how a command is called."""
    assert program.run([name, "--help"]) == 0
    printed = capsys.readouterr().out
    assert f"Usage: w50 {name}" in printed
    assert f"w50 {name}" in printed.partition("Options:")[2], "an example stands at the end"


def test_an_unknown_command_ends_with_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.run(["frobnicate"]) == 2
    assert "No such command 'frobnicate'" in capsys.readouterr().err


def test_a_command_that_needs_the_extra_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(program, "SANDBOX_MODULES", ("no_such_module_of_the_extra",))
    assert program.run(["sandbox"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "pip install 'target-w50[sandbox]'" in captured.err.splitlines()[-1]
    assert "extra_missing" in captured.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (TargetW50Error("something broke"), 1),
        (SettingsError("something broke"), 2),
        (LimitError("something broke", code="too_much"), 6),
    ],
)
def test_an_error_becomes_a_last_line_with_its_code_and_its_exit_status(
    error: TargetW50Error, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(program.COMMANDS, "fails", command_that_raises(error))
    assert program.run(["fails"]) == status
    last_line = capsys.readouterr().err.splitlines()[-1]
    assert "something broke" in last_line
    assert error.code in last_line


def test_a_defect_ends_with_status_1_and_without_what_it_may_show(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(program.COMMANDS, "fails", command_that_raises(ValueError("someone@example.com")))
    assert program.run(["fails"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "Unexpected ValueError" in line
    assert "someone@example.com" not in line


def test_an_interrupted_command_ends_with_status_130(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(program.COMMANDS, "fails", command_that_raises(KeyboardInterrupt()))
    assert program.run(["fails"]) == 130


def test_main_ends_the_process_with_the_commands_status() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0


def test_a_closed_standard_output_ends_with_status_141() -> None:
    """`w50 ... | head` must not end in a traceback."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ran = subprocess.run([*W50, "--help"], stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    finally:
        os.close(writer)
    assert (ran.returncode, ran.stderr) == (141, "")


def test_a_table_entry_that_is_no_command_is_a_mistake_of_the_house() -> None:
    with pytest.raises(TypeError, match="is not a click command"):
        program.LazyCommand("target_w50.cli.main", "run", "Nonsense.").load()
