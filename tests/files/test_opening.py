"""Which files are read, by name and glob, on this machine alone; and what becomes of one that changes."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from target_w50.errors import InputError
from target_w50.files.feed import Feed
from target_w50.files.opening import Kind, Reading, check_alike, open_sources
from target_w50.files.places import FilePlaces
from target_w50.files.source import schema_of
from tests.files.support import fed, opened, records

NAMES = ["a [1].csv", "b*'.csv", 'c"?.csv', "ü=1.csv"]


def folder(path: Path) -> Path:
    for name in NAMES:
        (path / name).write_text(f"Email,n\n{name[0]}@example.org,{len(name)}\n")
    (path / "sub.csv").mkdir()
    return path


def test_a_glob_finds_files_by_name_and_leaves_folders(tmp_path: Path) -> None:
    sources = open_sources([f"{folder(tmp_path)}/*.csv"], Reading())
    assert [Path(each.name).name for each in sources] == sorted(NAMES)
    assert [each["Email"][0] for each in records(*sources)] == ["a", "b", "c", "ü"]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_is_there_is_no_glob(tmp_path: Path, name: str) -> None:
    path = str(folder(tmp_path) / name)
    assert [each.name for each in open_sources([path, path], Reading())] == [path]


def test_records_are_told_by_file_and_line(tmp_path: Path) -> None:
    one = opened(tmp_path / "one.csv", 'a,b\n1,"x\ny"\n2,z\n')
    none = opened(tmp_path / "none.csv", "a,b\n")
    last = opened(tmp_path / "last.csv.gz", "b,a\n\n1,2\n")
    places = FilePlaces([one, none, last])
    assert [places.position(place) for place in (2, 3, 4)] == [
        f"{one.name}:2",
        f"{one.name}:4",
        f"{last.name}:3",
    ]
    assert places.text(4) == f"line 3 of {last.name}"
    assert [each["record"] for each in fed(one, none, last)[1:]][2] == {"b": "1", "a": "2"}


UNREADABLE = {
    "url": "https://example.org/people.csv",
    "s3": "s3://bucket/people.csv",
    "file-url": "file:///people.csv",
    "stdin": "-",
    "missing": "missing.csv",
    "no-match": "*.csv",
    "folder": ".",
    "no-kind": "people",
    "excel": "people.xlsx",
    "pipe": "pipe.csv",
    "dangling": "dangling.csv",
}


@pytest.mark.parametrize("name", UNREADABLE.values(), ids=UNREADABLE)
def test_what_can_not_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    for each in ("people", "people.xlsx"):
        Path(each).write_text("Email\nanna@example.org\n")
    if name == "pipe.csv":
        os.mkfifo(name)
    if name == "dangling.csv":
        Path(name).symlink_to("nowhere")
    with pytest.raises(InputError) as raised:
        open_sources([name], Reading())
    assert raised.value.code == "file_unreadable"


def test_a_kind_that_is_said_needs_no_name(tmp_path: Path) -> None:
    assert records(opened(tmp_path / "people", "Email\na\n", kind=Kind.CSV)) == [{"Email": "a"}]


def test_files_of_one_import_have_the_same_columns(tmp_path: Path) -> None:
    one = opened(tmp_path / "one.csv", "a,b\n1,2\n")
    other = opened(tmp_path / "other.csv", "a,c\n1,2\n")
    with pytest.raises(InputError, match=r"other\.csv.*lacks 'b' and has 'c'") as raised:
        check_alike([one, other])
    assert raised.value.code == "file_columns"


def test_files_of_two_kinds_are_two_imports(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    (tmp_path / "a.jsonl").write_text('{"a":1}\n')
    with pytest.raises(InputError, match="several kinds"):
        open_sources([f"{tmp_path}/a.*"], Reading())


CHANGES = {
    "gone": None,
    "shorter": "a,b\n1,2\n",
    "longer": "a,b\n1,2\n3,4\n5,6\n",
    "broken": "a,b\n1,2\n3\n",
}


@pytest.mark.parametrize("name", ["people.csv", "people.csv.gz"])
@pytest.mark.parametrize("content", CHANGES.values(), ids=CHANGES)
def test_a_file_that_changes_meanwhile_ends_the_import_badly(
    tmp_path: Path, name: str, content: str | None
) -> None:
    source = opened(tmp_path / name, "a,b\n1,2\n3,4\n")
    if content is None:
        Path(source.name).unlink()
    else:
        opened_or_not(tmp_path / name, content)
    with pytest.raises(InputError) as raised:
        fed(source)
    assert raised.value.code in {"file_changed", "file_unreadable"}


def opened_or_not(path: Path, content: str) -> None:
    try:
        opened(path, content)
    except InputError:
        return


def test_reading_leaves_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither beside the file, nor in the working directory, nor at home."""
    for name, place in (("HOME", tmp_path / "home"), ("TMPDIR", tmp_path / "temporary")):
        place.mkdir()
        monkeypatch.setenv(name, str(place))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert len(records(opened(tmp_path / "people.csv", "a,b\n1,2\n" * 5000, columns=("a", "b")))) == 10_000
    assert [each.name for each in tmp_path.rglob("*") if each.is_file()] == ["people.csv"]


def test_whoever_stops_reading_stops_the_feed(tmp_path: Path) -> None:
    source = opened(tmp_path / "people.csv.gz", "a\n" + "x" * 100 + "\n" + "y\n" * 300_000)
    before = {*threading.enumerate()}
    with Feed([source], "people", schema_of(source.columns)) as feed:
        assert os.read(feed.fileno(), 100)
        (begun,) = {*threading.enumerate()} - before
    begun.join(10)
    assert not begun.is_alive()
