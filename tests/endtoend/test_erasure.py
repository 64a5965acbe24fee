"""`docs/privacy.md`, followed to the letter: where a person is found, and that nothing is left afterwards."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from target_w50.cli import main as w50
from target_w50.sandbox import Sandbox
from tests.support import Target, record, schema, settings, state, wait_until

PERSON = "zoë.o'neill@example.com"
OTHER = "somebody.else@example.com"
DOCUMENT = Path(__file__).parents[2] / "docs" / "privacy.md"


def commands(heading: str) -> Iterator[list[str]]:
    """The commands that a section of the document shows."""
    section = DOCUMENT.read_text(encoding="utf-8").partition(f"## {heading}")[2].partition("\n## ")[0]
    for line in section.splitlines():
        if line.strip().startswith("$ w50 "):
            yield line.split()[2:]


def holding(folder: Path, value: str) -> set[str]:
    """The files that hold the value, as it is or as JSON may escape it."""
    spellings = (value.encode(), json.dumps(value)[1:-1].encode())
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.name for path in files if any(each in path.read_bytes() for each in spellings)}


def test_who_is_erased_as_the_document_says_is_in_no_file_any_more(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the run that set the person aside goes on, and sets another aside."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.chdir(tmp_path)
    aside = tmp_path / "aside.singer"
    config = settings(
        sandbox, on_invalid_record="quarantine", quarantine_path=str(aside), max_rejected_percent=100
    )
    refused = record(1, email=PERSON, first_name=7)
    with Target(tmp_path, config) as target:
        assert target.process.stdin is not None
        target.send(schema(), record(2, email=PERSON), refused)
        target.process.stdin.write(json.dumps(refused, ensure_ascii=False).encode() + b"\n")
        target.send(record(3, email=OTHER, first_name=7))
        wait_until(lambda: aside.exists() and aside.read_bytes().count(b"RECORD") == 3, "quarantine", target)
        assert holding(tmp_path, PERSON) == {"aside.singer"}, "it rests where the document says"
        for command in commands("Find and erase one person"):
            monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(PERSON.encode())))
            assert w50.run(command) == 0
        target.send(record(4, email=OTHER, first_name=7), state(1))
        target.end_input()
        finished = target.wait()
    assert (finished.status, finished.bookmarks) == (0, [1]), finished.stderr
    assert PERSON not in finished.stderr + finished.stdout
    assert holding(tmp_path, PERSON) == set()
    assert aside.read_bytes().count(OTHER.encode()) == 2, "what was set aside before and after is there"


def test_the_document_shows_how_old_records_go() -> None:
    (command,) = commands("How long to keep a quarantine")
    assert command[:3] == ["quarantine", "purge", "--before"]
