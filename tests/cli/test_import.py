"""`w50 import`: a file of people, and no tap; with all that a run promises."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from target_w50.cli import main as program
from target_w50.files.csv_source import CsvSource
from target_w50.program.lifecycle import LoadedProgram
from target_w50.sandbox import Sandbox
from tests.cli.support import TOKEN, Operator, Outcome
from tests.journal.support import mails, place
from tests.support import calls_of, stored, wait_until

REPOSITORY = Path(__file__).parents[2]
EVENT = "SendWelcomeEmail"
SECRET = "Wilhelmine"
PEOPLE = f"""Address;First name;Notes
anna@example.org;{SECRET};"two
lines"
;{SECRET};
berta@example.org;;
"""


class Importer(Operator):
    """An operator without `streams`, who has files."""

    def imports(
        self, *arguments: str, content: str = PEOPLE, name: str = "people.csv", **more: Any
    ) -> Outcome:
        """Import a file with this content, which no message may quote."""
        self.path = self.folder / name
        raw = content.encode()
        self.path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
        settings = {"streams": None, "journal": str(place(self.folder)), **more}
        ended = self.w50("import", str(self.path), *arguments, **settings)
        assert SECRET not in ended.out + ended.err
        return ended


ARGUMENTS = ("--list", "Newsletter", "--match", "Email", "--field", "Address=Email")


@pytest.fixture
def importer(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> Importer:
    """In this process: without the signals and the log of a program."""
    monkeypatch.setattr(LoadedProgram, "run", lambda self, file: self._end(self._load(file)))
    return Importer(operator.sandbox, operator.folder, operator._capsys)


@pytest.mark.parametrize("name", ["people.csv", "people.csv.gz"])
def test_people_arrive_and_who_was_refused_is_named_by_file_and_line(importer: Importer, name: str) -> None:
    refused = importer.folder / "refused.jsonl"
    ended = importer.imports(*ARGUMENTS, "--quarantine", str(refused), name=name)
    assert ended.status == 0, ended.err
    assert ended.out == ""
    assert ended.last_line.startswith("w50: All well, 1 record quarantined. Sent 2 contacts in 1 import job")
    assert stored(importer.sandbox) == {
        "anna@example.org": {"Email": "anna@example.org", "FirstName": SECRET},
        "berta@example.org": {"Email": "berta@example.org"},
    }
    _, line = refused.read_text().splitlines()
    assert json.loads(line)["quarantine"]["position"] == f"{importer.path}:4"
    assert json.loads(line)["quarantine"]["reason"] == "missing_match_value"


@pytest.mark.parametrize(
    ("arguments", "name"), [((), SECRET), (("--empty", "keep"), SECRET), (("--empty", "clear"), None)]
)
def test_an_empty_cell_leaves_what_w50_knows_unless_it_is_to_clear_it(
    importer: Importer, arguments: tuple[str, ...], name: str | None
) -> None:
    for cell in (SECRET, '""'):
        content = f"Email,FirstName\nanna@example.org,{cell}\n"
        ended = importer.imports("--list", "42", "--match", "Email", *arguments, content=content)
        assert ended.status == 0, ended.err
    assert stored(importer.sandbox)["anna@example.org"].get("FirstName") == name


def test_a_dry_run_tells_and_sends_nothing(importer: Importer) -> None:
    ended = importer.imports(*ARGUMENTS, "--dry-run")
    assert ended.status == 0, ended.err
    assert importer.asked() == {"GET"}
    assert "First name  FirstName  its name" in ended.out
    assert "Notes    no such field" in ended.out
    assert f"the first at line 4 of {importer.path}" in ended.out
    assert "mend it at its source, or say --quarantine FILE." in ended.out
    assert not place(importer.folder).exists()


WRONG = "Email;First name\nanna@example.org;Anna\nwrong.example.org;Berta\n"


@pytest.mark.parametrize("said_by", ["option", "settings"])
def test_an_address_that_fails_its_check_is_set_aside_before_w50_refuses_it(
    importer: Importer, said_by: str
) -> None:
    entry = {"stream": "people", "contact_list": "42", "match_fields": ["Email"]}
    options: tuple[str, ...] = ("--failed-check", "quarantine")
    if said_by == "settings":  # which need a file for it, and have none: the option says it
        options, entry["on_failed_check"] = (), "quarantine"
    refused = importer.folder / "refused.jsonl"
    ended = importer.imports(*options, "--quarantine", str(refused), content=WRONG, streams=[entry])
    assert ended.last_line.startswith("w50: All well, 1 record quarantined. Sent 1 contact"), ended.err
    line = json.loads(refused.read_text().splitlines()[1])["quarantine"]
    assert (line["reason"], line["position"]) == ("invalid_value", f"{importer.path}:3")


def test_without_a_file_for_what_is_set_aside_the_option_is_named(importer: Importer) -> None:
    ended = importer.imports(*ARGUMENTS, "--failed-check", "quarantine")
    assert ended.status == 2
    assert "--quarantine FILE" in ended.last_line
    assert importer.asked() == set()


def test_without_quarantine_the_first_bad_record_ends_it_and_says_what_to_give(importer: Importer) -> None:
    ended = importer.imports(*ARGUMENTS)
    assert ended.status == 2
    assert f"line 4 of {importer.path}" in ended.last_line
    assert "--quarantine FILE" in ended.last_line
    assert "error_code=missing_match_value" in ended.last_line


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [((), ("--list", "--match")), (("--list", "42"), ("--match",)), (("--match", "Email"), ("--list",))],
    ids=["both", "match", "list"],
)
def test_what_is_not_said_is_asked_for(
    importer: Importer, arguments: tuple[str, ...], missing: tuple[str, ...]
) -> None:
    ended = importer.imports(*arguments)
    assert ended.status == 2
    assert "error_code=import_incomplete" in ended.last_line
    assert [option for option in ("--list", "--match") if option in ended.last_line] == [*missing]
    assert importer.asked() == set()


def test_the_settings_entry_of_the_stream_says_the_rest(importer: Importer) -> None:
    entry = {
        "stream": "peop*",
        "contact_list": "42",
        "match_fields": ["Email"],
        "fields": {"Address": "Email", "First name": "LastName"},
        "null_values": "send",
    }
    refused = importer.folder / "refused.jsonl"
    ended = importer.imports("--field", "First name=FirstName", "--quarantine", str(refused), streams=[entry])
    assert ended.status == 0, ended.err
    assert stored(importer.sandbox)["berta@example.org"] == {"Email": "berta@example.org", "FirstName": None}


REFUSED = {
    "no-column": (PEOPLE, ARGUMENTS[:4], "--field COLUMN=Email", "file_columns"),
    "unknown-column": (
        PEOPLE,
        (*ARGUMENTS, "--field", "Frist name=FirstName"),
        "did you mean 'First name'",
        "usage",
    ),
    "misspelt-match-column": (
        PEOPLE,
        (*ARGUMENTS[:4], "--field", "Adress=Email"),
        "has no column 'Adress' (did you mean 'Address'?), which is to hold match field 'Email'. Correct --f",
        "file_columns",
    ),
    "unlike-match-column": (
        PEOPLE,
        (*ARGUMENTS[:4], "--field", "Mail=Email"),
        "people.csv has no column 'Mail', which is to hold match field 'Email'. Its first line should name",
        "file_columns",
    ),
    "misspelt-match-field": (
        PEOPLE,
        (*ARGUMENTS[:4], "--field", "Address=Emial"),
        "column 'Address' is given to field 'Emial' (did you mean 'Email'?). Correct --field",
        "file_columns",
    ),
    "field-without-equals": (PEOPLE, ("--field", "x"), "COLUMN=FIELD", "usage"),
    "encoding": (PEOPLE, (*ARGUMENTS, "--encoding", "nonsense"), "windows-1252", "usage"),
    "bytes-encoding": (PEOPLE, (*ARGUMENTS, "--encoding", "base64"), "windows-1252", "usage"),
    "delimiter": (PEOPLE, (*ARGUMENTS, "--delimiter", ";;"), "one character", "usage"),
    "ragged": (f"{PEOPLE}x;{SECRET}\n", ARGUMENTS, "line 6", "file_broken"),
    "no-header": (f"{SECRET},Anna\nx,y\n", ("--list", "42", "--match", "Email"), "--columns", "file_columns"),
}


@pytest.mark.parametrize(("content", "arguments", "words", "code"), REFUSED.values(), ids=REFUSED)
def test_what_is_wrong_is_said_before_w50_is_asked(
    importer: Importer, content: str, arguments: tuple[str, ...], words: str, code: str
) -> None:
    ended = importer.imports(*arguments, content=content)
    assert ended.status == 2
    assert words in ended.last_line
    assert f"error_code={code}" in ended.last_line
    assert importer.asked() == set()


def test_a_workbook_is_told_by_its_name(importer: Importer) -> None:
    ended = importer.imports(*ARGUMENTS, content="PK", name="People.XLSX")
    assert "People.XLSX is a workbook. Save its sheet as “CSV UTF-8” first." in ended.last_line


def test_a_field_that_the_list_lacks_is_said_with_the_option(importer: Importer) -> None:
    ended = importer.imports(*ARGUMENTS, "--field", "First name=FristName")
    assert ended.status == 2
    assert "did you mean 'FirstName'" in ended.last_line
    assert "--field COLUMN=FieldName" in ended.last_line


def test_a_broken_file_among_several_has_none_of_them_sent(importer: Importer) -> None:
    (importer.folder / "more.csv").write_text(f"Address;First name;Notes\n{SECRET}\n")
    ended = importer.imports(str(importer.folder / "*.csv"), *ARGUMENTS)
    assert ended.status == 2
    assert "more.csv, line 2" in ended.last_line
    assert importer.asked() == set()


def test_several_files_are_one_run(importer: Importer) -> None:
    for number in range(3):
        (importer.folder / f"part-{number}.jsonl").write_text(
            "".join(f'{{"Email":"p{number}-{each}@example.org"}}\n' for each in range(4))
        )
    ended = importer.w50(
        "import",
        f"{importer.folder}/part-*.jsonl",
        "--list",
        "42",
        "--match",
        "Email",
        streams=None,
        journal="none",
    )
    assert ended.status == 0, ended.err
    assert len(stored(importer.sandbox)) == 12
    assert len(importer.sandbox.contents()["Jobs"]) == 1


def test_a_file_that_changes_meanwhile_ends_the_run_with_2(
    importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is too much or too little is found only when the file was read again."""
    monkeypatch.setattr(CsvSource, "write", lambda *_: 1)
    ended = importer.imports(*ARGUMENTS)
    assert ended.status == 2
    assert "error_code=file_changed" in ended.last_line


def test_an_empty_import_is_no_fault(importer: Importer) -> None:
    for name, content in (("people.csv", "Address\n"), ("people.jsonl", "\n")):
        ended = importer.imports(*ARGUMENTS, content=content, name=name)
        assert ended.status == 0, ended.err
    assert importer.asked() <= {"GET"}


def test_without_duckdb_it_is_said_what_to_install(
    importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("target_w50.files.duck.importlib.util.find_spec", lambda _: None)
    ended = importer.imports(*ARGUMENTS)
    assert ended.status == 2
    assert "pip install 'target-w50[files]'" in ended.last_line
    assert "error_code=extra_missing" in ended.last_line


def test_events_fire_once_for_each_contact(importer: Importer) -> None:
    for _ in range(2):
        ended = importer.imports(
            *ARGUMENTS,
            *("--events", EVENT, "--quarantine", str(importer.folder / "refused.jsonl")),
            streams=[
                {
                    "stream": "people",
                    "contact_list": "42",
                    "match_fields": ["Email"],
                    "custom_events_once_per": "contact",
                }
            ],
        )
        assert ended.status == 0, ended.err
    assert sorted(mails(importer.sandbox).values()) == [1, 1]


MANY = "Email,FirstName\n" + "".join(f"p{number}@example.org,{SECRET}\n" for number in range(10))

DRILL = """
import signal, sys
from tests.journal.drilled import send_itself
from target_w50.cli.main import main
send_itself(signal.SIGKILL, sys.argv[1], int(sys.argv[2]))
main(sys.argv[3:])
"""


def many(importer: Importer, **more: Any) -> list[str]:
    """The arguments of an import of ten people with events, in small jobs."""
    path, config = importer.folder / "many.csv", importer.folder / "config.json"
    path.write_text(MANY)
    small = {"batch_size_rows": 2, "max_contacts_per_job": 4, "journal": str(place(importer.folder))}
    config.touch(mode=0o600)
    config.write_text(json.dumps({**importer.settings, **small, **more, "streams": None}))
    options = ("--list", "42", "--match", "Email", "--events", EVENT, "--config", str(config))
    return ["import", str(path), *options]


@pytest.mark.parametrize(
    ("point", "count"),
    [("batch sent", "3"), ("run sent", "2"), ("finished written", "2")],
    ids=["batch", "run", "finished"],
)
def test_an_import_that_was_killed_goes_on_and_mails_nobody_twice(
    importer: Importer, point: str, count: str
) -> None:
    """Through the real program: whoever finds it dead begins again."""
    arguments = many(importer)
    first = subprocess.run(
        [sys.executable, "-c", DRILL, point, count, *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert first.returncode == -signal.SIGKILL, first.stderr
    assert not any(secret in first.stdout + first.stderr for secret in (SECRET, TOKEN))
    assert program.run(arguments) == 0
    assert len(stored(importer.sandbox)) == 10
    assert [*mails(importer.sandbox).values()] == [1] * 10


def test_a_signal_ends_an_import_with_its_status_and_its_last_line(importer: Importer) -> None:
    """The thread that reads the file has begun before the program heeds signals: it takes none of them."""
    with Sandbox(token=TOKEN, faults=[{"call": "add", "skip": 2, "hang": 3600}]) as sandbox:
        command = [sys.executable, "-m", "target_w50.cli", *many(importer, api_url=sandbox.url)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            wait_until(lambda: len(calls_of(sandbox, "add")) == 3, "an upload that hangs")
            process.terminate()
            out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (143, "")
    assert err.splitlines()[-1].startswith("w50: ")
    assert SECRET not in err
