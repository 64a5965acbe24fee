"""Records taken out of a quarantine file: the right ones, and no other is lost, whatever comes between."""

from __future__ import annotations

import datetime as dt
import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from target_w50.contacts.refusal import Reason
from target_w50.errors import SettingsError
from target_w50.outputs.purge import purge
from target_w50.outputs.quarantine import QuarantineFile
from target_w50.outputs.quarantine_lines import OfContact, SetAsideBefore
from tests.support import lines, schema

DAY = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)
PERSON = "zoë@example.com"
OF_PERSON = OfContact("email", (), PERSON)


def aside(
    email: Any = "other@example.com", days: int = 0, stream: str = "s", **values: Any
) -> dict[str, Any]:
    """A record as it stands in the file, set aside so many days after the first."""
    return {
        "type": "RECORD",
        "stream": stream,
        "record": {"email": email, **values},
        "quarantine": {"reason": "schema_invalid", "at": (DAY + dt.timedelta(days=days)).isoformat()},
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "aside.singer"


def write(path: Path, *messages: dict[str, Any]) -> None:
    path.write_bytes(lines(messages))
    path.chmod(0o600)


def emails(path: Path) -> list[Any]:
    """What is left, in order: a SCHEMA by its stream's name in capitals, a record by its address."""
    found = [json.loads(line) for line in path.read_bytes().splitlines()]
    return [each["stream"].upper() if each["type"] == "SCHEMA" else each["record"]["email"] for each in found]


def test_what_was_set_aside_before_a_moment_goes_and_its_schema_if_nothing_needs_it(path: Path) -> None:
    write(
        path,
        *(schema("s"), aside("a", 0), schema("t"), aside("b", 5, "t"), aside("c", 1)),
        *(schema("s"), aside("d", 2), aside("e", 6, "t"), schema("u"), aside("f", 1, "u")),
    )
    before = path.stat()
    found = purge(path, SetAsideBefore(DAY + dt.timedelta(days=2)))
    assert (found.removed, found.kept) == (3, 3)
    assert emails(path) == ["T", "b", "S", "d", "e"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_ino != before.st_ino, "another file took its place"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    "values",
    [
        {"email": PERSON},
        {"email": f" {PERSON.upper()} "},
        {"email": "zoe\u0308@example.com"},
        {"E-Mail": PERSON},
        {"email": {"work": ["x", PERSON]}},
        {"mail_of_it": PERSON},
    ],
)
def test_a_contact_is_found_however_it_is_written(path: Path, values: dict[str, Any]) -> None:
    """Case, Unicode form, blanks, the property's spelling, nesting, and a name that the settings map."""
    write(path, schema("s"), aside(), {**aside(), "record": values})
    found = purge(path, OfContact("email", ("mail_of_it",), PERSON))
    assert (found.removed, emails(path)) == (1, ["S", "other@example.com"])


@pytest.mark.parametrize("number", [17, "17", 17.0, " 17"])
def test_a_number_is_found_as_a_number_and_as_text(path: Path, number: Any) -> None:
    write(path, schema("s"), aside(number), aside(170), aside(True), aside(None), aside([1, 7]))
    assert purge(path, OfContact("email", (), "17")).removed == 1


def test_a_record_that_holds_the_value_elsewhere_stays_and_is_told(path: Path) -> None:
    write(path, schema("s"), aside(friend=PERSON), aside(note=f"asked by {PERSON}, twice"), aside())
    found = purge(path, OF_PERSON)
    assert (found.removed, found.kept) == (0, 3)
    assert found.elsewhere == {("s", "friend"): 1, ("s", "note"): 1}


def test_a_record_without_a_date_stays_and_is_named(path: Path) -> None:
    undated = {**aside("a"), "quarantine": {"at": "long ago"}}
    write(path, schema("s"), undated, {**undated, "quarantine": None}, aside("b"))
    found = purge(path, SetAsideBefore(DAY + dt.timedelta(days=1)))
    assert (found.removed, found.unknown, found.unknown_lines) == (1, 2, (2, 3))
    assert emails(path) == ["S", "a", "a"]


def test_a_line_that_a_crash_cut_stays_as_it_is_and_is_named(path: Path) -> None:
    cut = b'{"type": "RECORD", "stream": "s", "record": {"email": "someb'
    path.write_bytes(lines([schema("s"), aside(PERSON)]) + cut)
    found = purge(path, OF_PERSON)
    assert (found.removed, found.unknown_lines) == (1, (3,))
    assert path.read_bytes() == lines([schema("s")]) + cut, "it may belong to that SCHEMA"


@pytest.mark.parametrize("is_escaped", [True, False])
def test_a_cut_line_that_shows_the_value_goes_with_the_contact(path: Path, *, is_escaped: bool) -> None:
    cut = json.dumps(aside(PERSON), ensure_ascii=is_escaped).encode()[:-9]
    path.write_bytes(lines([schema("s"), aside()]) + cut)
    assert purge(path, OF_PERSON).removed == 1
    assert emails(path) == ["S", "other@example.com"]


def test_a_dry_run_and_a_wish_that_nothing_fits_leave_the_very_file(path: Path) -> None:
    write(path, schema("s"), aside(PERSON))
    before, content = path.stat().st_ino, path.read_bytes()
    assert purge(path, OF_PERSON, dry_run=True).removed == 1
    assert purge(path, OfContact("email", (), "nobody@example.com")).removed == 0
    assert (path.stat().st_ino, path.read_bytes()) == (before, content)


def quarantining(path: Path) -> QuarantineFile:
    file = QuarantineFile(path, "run-1", lambda: DAY)
    file.schema("s", schema("s"))
    return file


def set_aside(file: QuarantineFile, email: str) -> None:
    line = json.dumps({"type": "RECORD", "stream": "s", "record": {"email": email}}).encode()
    file.add("s", line, Reason.SCHEMA_INVALID, "no", None, 1)


def test_a_run_that_appends_meanwhile_loses_nothing(path: Path) -> None:
    file = quarantining(path)
    set_aside(file, PERSON)
    ended = threading.Event()

    def purging() -> None:
        while not ended.is_set():
            purge(path, OF_PERSON)

    thread = threading.Thread(target=purging)
    thread.start()
    try:
        for number in range(300):
            set_aside(file, PERSON if number % 3 else f"{number}")
            if number % 100 == 0:
                file.flush()
    finally:
        ended.set()
        thread.join()
    purge(path, OF_PERSON)
    file.close()
    left = emails(path)
    assert [each for each in left if each != "S"] == [str(number) for number in range(0, 300, 3)]
    assert left[0] == "S"


def test_two_purges_at_once_lose_nothing(path: Path) -> None:
    write(path, schema("s"), *(aside(str(number), number) for number in range(100)))
    wishes = [OfContact("email", (), str(number)) for number in range(0, 100, 2)]
    threads = [threading.Thread(target=purge, args=(path, each)) for each in wishes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert emails(path) == ["S", *(str(number) for number in range(1, 100, 2))]


@pytest.mark.parametrize("link", ["symbolic", "hard"])
def test_a_link_is_refused_and_nothing_is_changed(path: Path, tmp_path: Path, link: str) -> None:
    goal = tmp_path / "goal"
    write(goal, schema("s"), aside(PERSON))
    before = goal.read_bytes()
    path.symlink_to(goal) if link == "symbolic" else os.link(goal, path)
    with pytest.raises(SettingsError, match=f"{link} link"):
        purge(path, OF_PERSON)
    assert goal.read_bytes() == before


def test_what_ends_it_in_between_leaves_the_old_file_alone(path: Path, monkeypatch: Any) -> None:
    write(path, schema("s"), aside(PERSON), aside())
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SettingsError, match="No space left"):
        purge(path, OF_PERSON)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_the_half_that_a_killed_purge_left_goes_with_the_next(path: Path) -> None:
    write(path, schema("s"), aside())
    half = path.with_name(f".{path.name}.purging")
    half.write_text(PERSON)
    purge(path, OF_PERSON)
    assert list(path.parent.iterdir()) == [path]


def test_where_there_are_no_locks_nothing_is_purged(path: Path, monkeypatch: Any) -> None:
    def no_locks(*_: Any) -> None:
        raise OSError(37, "No locks available")

    write(path, schema("s"), aside(PERSON))
    before = path.read_bytes()
    monkeypatch.setattr("fcntl.flock", no_locks)
    with pytest.raises(SettingsError, match="knows no locks"):
        purge(path, OF_PERSON)
    assert path.read_bytes() == before
