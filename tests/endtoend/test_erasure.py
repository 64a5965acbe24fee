"""`docs/privacy.md`, followed to the letter: where a person is found, and that nothing is left afterwards."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from target_w50.cli import main as w50
from target_w50.journal.opening import open_journal
from target_w50.journal.person import Person
from target_w50.journal.person_rows import rows_of
from target_w50.runtime.clock import CLOCK
from target_w50.sandbox import Sandbox
from tests.journal.support import spellings
from tests.support import Target, entry, record, schema, settings, state, wait_until

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


def follow(group: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Type what the document says about quarantine or journal, and give the person's address."""
    typed = [command for command in commands("Find and erase one person") if command[0] == group]
    assert len(typed) == 2, "once to see what would go"
    for command in typed:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(PERSON.encode())))
        assert w50.run(command) == 0


def hashes_in(path: Path, sandbox: Sandbox) -> set[int]:
    """The hashes that the journal knows the person by."""
    journal = open_journal(str(path), None, api_url=sandbox.url, run_id="a test", clock=CLOCK)
    assert journal is not None
    rows = rows_of(journal, Person({"Email": PERSON}))
    journal.close()
    return {*rows.contacts, *rows.fired, *(each.key for each in rows.members)}


def contained(folder: Path, spelled: set[bytes]) -> set[bytes]:
    """Those of the byte strings that some file holds."""
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    return {each for each in spelled if any(each in content for content in files)}


def test_who_is_erased_as_the_document_says_is_in_no_file_any_more(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the run that set the person aside goes on, and sets another aside."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.chdir(tmp_path)
    aside, journal = tmp_path / "aside.singer", tmp_path / "state" / "journal.db"
    config = settings(
        sandbox,
        entry(send="changed", custom_events=["SendWelcomeEmail"]),
        on_invalid_record="quarantine",
        quarantine_path=str(aside),
        max_rejected_percent=100,
        journal=str(journal),
    )
    refused = record(1, email=PERSON, first_name=7)
    with Target(tmp_path, config) as target:
        assert target.process.stdin is not None
        target.send(schema(), record(2, email=PERSON), refused)
        target.process.stdin.write(json.dumps(refused, ensure_ascii=False).encode() + b"\n")
        target.send(record(3, email=OTHER, first_name=7))
        wait_until(lambda: aside.exists() and aside.read_bytes().count(b"RECORD") == 3, "quarantine", target)
        assert holding(tmp_path, PERSON) == {"aside.singer"}, "it rests where the document says"
        follow("quarantine", monkeypatch)
        target.send(record(4, email=OTHER, first_name=8), state(1))
        target.end_input()
        finished = target.wait()
    assert (finished.status, finished.bookmarks) == (0, [1]), finished.stderr
    assert PERSON not in finished.stderr + finished.stdout
    assert holding(tmp_path, PERSON) == set()
    assert aside.read_bytes().count(OTHER.encode()) == 2, "what was set aside before and after is there"
    hashes = hashes_in(journal, sandbox)
    assert len(hashes) == 1
    written = {spelling for each in hashes for spelling in spellings(each)}
    assert contained(journal.parent, written) == written
    follow("journal", monkeypatch)
    assert contained(tmp_path, written) == set()
    assert hashes_in(journal, sandbox) == set()


def test_the_document_shows_how_old_records_go() -> None:
    (command,) = commands("How long to keep a quarantine")
    assert command[:3] == ["quarantine", "purge", "--before"]
