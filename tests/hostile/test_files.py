"""Files that settings name: a run writes to those alone, and never one kind of thing into another's file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import entry, run_target

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
