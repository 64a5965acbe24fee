"""Without --config, every command takes the loader of the folder's `meltano.yml`."""

from __future__ import annotations

from pathlib import Path

import pytest

from target_w50.cli import main as program
from tests.cli.support import TOKEN, Operator, Outcome

LOADER = """
  - name: {name}
    namespace: target_w50
    settings: [{{name: api_url}}, {{name: auth_token, sensitive: true}}]
    config:
      api_url: {url}
      journal: {journal}
      streams: [{{stream: contacts, contact_list: "42", match_fields: [Email]}}]
"""


@pytest.fixture
def project(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(operator, "target-w50")
    dot_env = operator.folder / ".env"
    dot_env.touch(mode=0o600)
    dot_env.write_text(f"TARGET_W50_AUTH_TOKEN={TOKEN}\n")
    (operator.folder / "below").mkdir()
    monkeypatch.chdir(operator.folder / "below")
    return operator.folder


def write(operator: Operator, *names: str) -> None:
    journal = operator.folder / "journal.db"
    loaders = "".join(LOADER.format(name=name, url=operator.sandbox.url, journal=journal) for name in names)
    (operator.folder / "meltano.yml").write_text(f"plugins:\n  loaders:{loaders}")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> Outcome:
    capsys.readouterr()
    status = program.run(arguments)
    captured = capsys.readouterr()
    assert TOKEN not in captured.out + captured.err
    return Outcome(status, captured.out, captured.err)


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    "command", ["lists", "fields 42", "check", "quarantine purge none.singer --before 2026-01-01"]
)
def test_its_settings_are_taken_and_that_is_said(
    operator: Operator, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    told = run(capsys, *command.split())
    assert told.err.splitlines()[0] == (
        f"w50: settings from {operator.folder}/meltano.yml, loader target-w50, no environment"
    )
    assert told.status == (2 if command.startswith("quarantine") else 0)


@pytest.mark.usefixtures("project")
def test_config_is_taken_instead(operator: Operator) -> None:
    assert "meltano.yml" not in operator.w50("lists").err


def test_one_of_several_loaders_is_named(
    operator: Operator, capsys: pytest.CaptureFixture[str], project: Path
) -> None:
    write(operator, "target-w50", "target-w50--second")
    told = run(capsys, "lists")
    assert told.status == 2
    assert "'target-w50', 'target-w50--second'" in told.last_line
    assert run(capsys, "lists", "--loader", "target-w50").status == 0
    both = operator.w50("lists", "--loader", "target-w50")
    assert both.status == 2
    assert "leave out --config" in both.last_line
    (project / "meltano.yml").unlink()
    assert "there is none here" in run(capsys, "lists", "--loader", "target-w50").last_line


@pytest.mark.usefixtures("project")
def test_a_groups_options_count_for_its_commands(
    operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    write(operator, "target-w50", "target-w50--second")
    named = run(capsys, "journal", "--loader", "target-w50", "ls")
    assert "loader target-w50," in named.err
    given = run(capsys, "journal", "--config", str(operator.folder / "none.json"), "ls")
    assert "none.json" in given.last_line


def test_a_file_with_a_secret_for_everybody_is_said(
    operator: Operator, capsys: pytest.CaptureFixture[str], project: Path
) -> None:
    (project / ".env").chmod(0o644)
    assert f"{operator.folder}/.env holds secrets" in run(capsys, "lists").err


def test_without_any_settings_it_is_said_how_to_come_by_some(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = run(capsys, "lists")
    assert told.status == 2
    assert "`w50 init`" in told.err.splitlines()[0]


def test_a_project_without_the_loader_is_said(capsys: pytest.CaptureFixture[str], project: Path) -> None:
    (project / "meltano.yml").write_text("version: 1\n")
    told = run(capsys, "lists")
    assert told.status == 2
    assert "has no loader target-w50" in told.err.splitlines()[0]
