"""`w50 quarantine purge`: which files, whose records, and never a value where others see it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import click
import pytest

from tests.cli.support import Operator
from tests.outputs.test_purge import PERSON, aside, emails, write
from tests.support import schema


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "aside.singer"
    write(path, schema("s"), aside(PERSON, 0), aside("other@example.com", 9, friend=PERSON))
    return path


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Has standard input hold these bytes."""

    def standard_input(content: bytes) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))

    return standard_input


def test_one_persons_records_go_and_the_value_is_shown_nowhere(
    operator: Operator, path: Path, says: Any
) -> None:
    says(f"{PERSON}\n".encode())
    ended = operator.w50("quarantine", "purge", str(path), "--contact", "Email")
    assert ended.status == 0
    assert ended.out.split()[-3:] == [str(path), "1", "1"]
    assert "stream 's' stayed, though property 'friend' holds the value" in ended.err
    assert PERSON not in ended.out + ended.err
    assert emails(path) == ["S", "other@example.com"]
    assert operator.asked() == set(), "W50 has no part in it"


def test_at_a_terminal_the_value_is_asked_for(
    operator: Operator, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    asked: list[str] = []

    def prompt(words: str, **_: object) -> str:
        asked.append(words)
        return PERSON

    monkeypatch.setattr(click, "prompt", prompt)
    assert operator.w50("quarantine", "purge", str(path), "--contact", "Email").status == 0
    assert (asked, emails(path)) == (["Value of Email"], ["S", "other@example.com"])


def test_a_value_on_the_command_line_is_refused_and_not_repeated(operator: Operator, path: Path) -> None:
    ended = operator.w50("quarantine", "purge", str(path), "--contact", f"Email={PERSON}")
    assert (ended.status, emails(path)) == (2, ["S", PERSON, "other@example.com"])
    assert PERSON not in ended.err
    assert "the name alone" in ended.last_line


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\n", b"a\nb\n", b"x" * 70_000])
def test_a_value_that_can_be_nobodys_is_status_2(
    operator: Operator, path: Path, says: Any, content: bytes
) -> None:
    says(content)
    ended = operator.w50("quarantine", "purge", str(path), "--contact", "Email")
    assert (ended.status, emails(path)) == (2, ["S", PERSON, "other@example.com"])


def test_the_settings_name_the_files_of_all_runs_and_the_property(operator: Operator, says: Any) -> None:
    one, other = operator.folder / "a-run-1[x]", operator.folder / "a-run-2[x]"
    for path in (one, other):
        write(path, schema("s"), {**aside(), "record": {"mail_of_it": PERSON}})
    write(operator.folder / "b", schema("s"), aside(PERSON))
    says(PERSON.encode())
    entry = {**operator.settings["streams"][0], "fields": {"mail_of_it": "Email"}}
    ended = operator.w50(
        *("quarantine", "purge", "--contact", "Email", "--json"),
        streams=[entry],
        quarantine_path=str(operator.folder / "a-{run_id}[x]"),
    )
    assert ended.document["removed"] == 2, ended.err
    assert [each["file"] for each in ended.document["files"]] == [str(one), str(other)]
    assert [one.read_bytes(), other.read_bytes()] == [b"", b""]
    assert emails(operator.folder / "b") == ["S", PERSON]


def test_no_token_is_needed_to_purge_by_date_and_a_dry_run_only_says(operator: Operator, path: Path) -> None:
    def purged(*options: str) -> Any:
        arguments = ("quarantine", "purge", str(path.parent / "*.singer"), "--before", "2026-01-05", "--json")
        return operator.w50(*arguments, *options, auth_token=None, streams=None).document

    assert (purged("--dry-run")["removed"], len(emails(path))) == (1, 3)
    assert (purged()["removed"], emails(path)) == (1, ["S", "other@example.com"])
    assert purged()["removed"] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "either --before DATE or --contact NAME"),
        (("--before", "2026-01-01", "--contact", "Email"), "either --before DATE or --contact NAME"),
        (("--before", "soon"), "is no date"),
        (("--before", "0001-01-01T00:00:00+05:00"), "is no date"),
        (("--before", "2026-01-01"), "Name the quarantine files"),
        (("nowhere.singer", "--before", "2026-01-01"), "There is no file nowhere.singer"),
    ],
)
def test_what_is_not_said_clearly_is_status_2(
    operator: Operator, arguments: tuple[str, ...], words: str
) -> None:
    ended = operator.w50("quarantine", "purge", *arguments)
    assert ended.status == 2
    assert words in ended.last_line


def test_a_file_that_can_not_be_purged_keeps_nobody_in_the_others(operator: Operator, path: Path) -> None:
    link = path.with_name("a-link")
    link.symlink_to(path)
    ended = operator.w50("quarantine", "purge", str(link), str(path), "--before", "2026-01-05")
    assert (ended.status, emails(path)) == (2, ["S", "other@example.com"])
    assert "a-link can't be purged: a symbolic link" in ended.last_line
