"""Files that settings name: a run writes to those alone, and never one kind of thing into another's file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support import entry, lines, record, run_target, schema

NO_SERVER = "http://127.0.0.1:9"


def config(**more: object) -> dict[str, object]:
    """Settings with which nothing is ever sent."""
    return {"api_url": NO_SERVER, "auth_token": "a-token", "streams": [entry()], "retry_for_s": 0, **more}


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("run_id", ["../x", "abc\n", "a/b", "..", ".", "x" * 129, "\x1b[2J"])
def test_a_run_id_that_leads_elsewhere_writes_nothing_there(tmp_path: Path, run_id: str) -> None:
    """It is judged before it becomes part of a path, also where the run ends before it begins."""
    for name in ("runs/one", "other"):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
    metrics_path = str(tmp_path / "runs" / "one" / "{run_id}")
    ended = run_target(tmp_path / "other", config(run_id=run_id, metrics_path=metrics_path), b"")
    assert (ended.status, ended.error_code) == (2, "settings_invalid")
    assert "`run_id` has a character that is not allowed in it" in ended.last_line
    written = files_in(tmp_path) - {"other/config.json"}
    assert len(written) == 1, written
    (name,) = written
    assert name.startswith("runs/one/")
    assert len(name) == len("runs/one/") + 36, "a new UUID takes its place"


def test_the_name_of_a_header_ends_where_its_line_ends(tmp_path: Path) -> None:
    ended = run_target(tmp_path, config(auth_method="header", auth_header_name="X-Key\n"), b"")
    assert (ended.status, ended.error_code) == (2, "settings_invalid")
    assert "`auth_header_name`" in ended.last_line


CONTACTS = lines([schema(), record("invalid", first_name=7)])
"""The record does not fit its schema: it goes into quarantine."""

QUARANTINING: dict[str, object] = {**config(), "on_invalid_record": "quarantine"}


@pytest.mark.parametrize("how", ["./", "hard link", "symbolic link"])
def test_contacts_never_get_into_the_metrics_file(tmp_path: Path, how: str) -> None:
    """However the file is named: what counts is which file was opened."""
    one = tmp_path / "one"
    if how == "./":
        paths = {"quarantine_path": f"{tmp_path}/./one", "metrics_path": str(one)}
    else:
        one.touch()
        (tmp_path / "other").symlink_to(one) if how == "symbolic link" else os.link(one, tmp_path / "other")
        paths = {"quarantine_path": str(one), "metrics_path": str(tmp_path / "other")}
    ended = run_target(tmp_path / "settings", {**QUARANTINING, **paths}, CONTACTS)
    assert (ended.status, ended.error_code) == (2, "quarantine_unwritable")
    assert "name one of its own" in ended.last_line
    assert one.read_bytes() == b"", "neither contacts nor metrics records"


@pytest.mark.parametrize("link", ["symbolic", "hard"])
def test_the_quarantine_file_is_no_link(tmp_path: Path, link: str) -> None:
    """Whoever may write to its folder would choose the file that contacts get into."""
    goal = tmp_path / "goal"
    goal.write_text("somebody's\n")
    goal.chmod(0o644)
    path = tmp_path / "quarantine.jsonl"
    path.symlink_to(goal) if link == "symbolic" else os.link(goal, path)
    ended = run_target(tmp_path / "settings", {**QUARANTINING, "quarantine_path": str(path)}, CONTACTS)
    assert (ended.status, ended.error_code) == (2, "quarantine_unwritable")
    assert f"{link} link" in ended.last_line
    assert (goal.read_text(), goal.stat().st_mode & 0o777) == ("somebody's\n", 0o644)


@pytest.mark.parametrize("setting", ["quarantine_path", "metrics_path"])
def test_states_stay_alone_in_their_file(tmp_path: Path, setting: str) -> None:
    states = tmp_path / "states.jsonl"
    with states.open("wb") as file:
        paths = {"quarantine_path": str(tmp_path / "quarantine.jsonl"), setting: str(states)}
        ended = run_target(tmp_path / "settings", {**QUARANTINING, **paths}, CONTACTS, stdout=file.fileno())
    assert (ended.status, states.read_bytes()) == (2, b"")
    assert "name one of its own" in ended.last_line


def test_metrics_are_not_appended_to_the_input(tmp_path: Path) -> None:
    path = tmp_path / "contacts.singer"
    path.write_bytes(CONTACTS)
    settings = {**config(), "metrics_path": str(path)}
    ended = run_target(tmp_path / "settings", settings, b"", arguments=["--input", str(path)])
    assert (ended.status, ended.error_code) == (2, "metrics_unwritable")
    assert path.read_bytes() == CONTACTS
