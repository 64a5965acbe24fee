"""`w50 journal`: an operator who has only the last line of a run, and the program's help."""

from __future__ import annotations

import json
import re
import shlex
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

from target_w50.cli import main as program
from target_w50.cli.demo.drill import Held, Line, drill
from target_w50.journal import crash_points
from target_w50.journal.crash_points import CrashPoint
from target_w50.journal.keys import check_of
from target_w50.journal.sqlite_file import SqliteFile
from target_w50.journal.tables import bring_up_to_date
from target_w50.sandbox import Sandbox
from tests.cli.support import Operator, Outcome
from tests.support import Finished, jobs_of, load_here, record, schema, state, stored

MESSAGES = [schema(), record(1), record(2), state(2)]
LOST_RUN = {"call": "run", "status": 500}
"""`run` gets no clear answer, and never arrived."""
CHOICES = ["--as ran", "--as not-run", "--as not-run --without-events"]


class Office:
    """An operator, the target and a W50, with a journal of their own."""

    def __init__(self, sandbox: Sandbox, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.sandbox = sandbox
        self.journal = folder / "journal.db"
        self._folder = folder
        self._runs = 0
        self._operator = Operator(sandbox, folder, capsys)
        (self._entry,) = self._operator.settings["streams"]
        self._entry["custom_events"] = ["SendWelcomeEmail"]
        self._operator.settings["journal"] = str(self.journal)

    def load(self, messages: Sequence[dict[str, Any]] = MESSAGES, **more: Any) -> Finished:
        self._runs += 1
        return load_here(self._folder / f"run-{self._runs}", {**self._operator.settings, **more}, messages)

    def w50(self, *arguments: str, **more: Any) -> Outcome:
        return self._operator.w50(*arguments, **more)

    def write(self, statement: str) -> None:
        with closing(sqlite3.connect(self.journal)) as database, database:
            database.execute(statement)

    def says(self, command: str, **more: Any) -> Outcome:
        """Types a command of a message, with a reason and the settings in their places."""
        assert "--config CONFIG" in command
        shown = command.replace(" --config CONFIG", "").replace("REASON", "'looked at a mail'")
        words = shlex.split(shown)
        assert words.pop(0) == "w50"
        return self.w50(*words, **more)

    def plan(self, **more: Any) -> Outcome:
        file = self._folder / "messages.singer"
        file.write_text("".join(json.dumps(each) + "\n" for each in MESSAGES))
        return self.w50("plan", str(file), **more)

    @property
    def mails(self) -> list[int]:
        """How many mails those had who had any."""
        return sorted(Counter(each["ContactId"] for each in self.sandbox.contents()["CustomEvents"]).values())


@pytest.fixture
def office(sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Office:
    return Office(sandbox, tmp_path, capsys)


@pytest.fixture
def unknown(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    """After a run that broke down as `run` was about to be sent, and long enough ago."""

    def break_down(point: CrashPoint) -> None:
        if point is CrashPoint.INTENT:
            raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(crash_points, "hook", break_down)
        assert office.load().status == 1
    office.write("UPDATE w50_jobs SET doubtful_until = 0")
    return office


def named(line: str) -> list[str]:
    """What a line names in backquotes."""
    return re.findall(r"`([^`]+)`", line)


def test_a_run_that_learns_nothing_of_its_job_names_the_commands_in_its_last_line(office: Office) -> None:
    office.sandbox.faults.add(LOST_RUN)
    ended = office.load(request_timeout_s=2)
    assert (ended.error_code, ended.rerun) == ("job_unknown", "resolve")
    show, resolve, *choices = named(ended.stderr.splitlines()[-1])
    assert choices == CHOICES
    assert office.says(show).status == 0
    office.write("UPDATE w50_jobs SET doubtful_until = 0")
    assert office.says(f"{resolve} {choices[1]}").status == 0
    assert office.load().status == 0
    assert office.mails == [1, 1]


@pytest.mark.parametrize(
    ("choice", "mails", "sent"),
    [("--as ran", [], 0), ("--as not-run", [1, 1], 2), ("--as not-run --without-events", [], 2)],
)
def test_a_run_that_stops_at_a_job_names_the_commands_as_they_work(
    choice: str, mails: list[int], sent: int, unknown: Office
) -> None:
    stopped = unknown.load()
    assert (stopped.status, stopped.error_code) == (5, "job_unresolved")
    show, resolve, *choices = named(stopped.stderr.splitlines()[-1])
    assert choices == CHOICES
    assert unknown.says(f"{show} --json").document["next_run"] == "stop"
    unknown.write("UPDATE w50_jobs SET process = '1 ' || substr(process, instr(process, ' ') + 1)")  # gone
    resolved = unknown.says(f"{resolve} {choice}")
    assert resolved.status == 0, resolved.err
    assert "Recorded: import job " in resolved.out
    assert " The next run " in resolved.out
    after = unknown.load()
    assert after.status == 0, after.stderr
    assert unknown.mails == mails
    assert after.run["contacts_sent"] == sent
    assert after.run["contacts_already_delivered"] == 2 - sent


def test_what_a_person_said_is_kept(unknown: Office) -> None:
    unknown.w50("journal", "resolve", "1001", "--as", "ran", "--reason", "her mail is there")
    shown = unknown.w50("journal", "show", "1001")
    assert "resolved as ran: her mail is there" in shown.out
    assert ["how", "far", "ended", "well"] in [line.split() for line in shown.out.splitlines()]


@pytest.mark.parametrize(
    ("words", "follows"),
    [
        ("ran", "The next run does not send its contacts again"),
        ("not-run", "The next run sends its contacts again, with their custom events"),
        ("not-run --without-events", "The next run sends its contacts again, without custom events"),
    ],
    ids=["ran", "not run", "no events"],
)
def test_what_the_next_run_does_is_shown_after_the_word_too(
    unknown: Office, words: str, follows: str
) -> None:
    resolve = ("journal", "resolve", "1001", "--reason", "her mail is there", "--as", *words.split())
    said = unknown.w50(*resolve)
    assert follows in said.out
    shown = unknown.w50("journal", "show", "1001")
    assert follows in shown.out
    again = unknown.w50(*resolve)
    assert again.status == 2
    assert "needs no word of yours: its end is known" in again.last_line


def test_a_job_without_events_goes_on_without_them_after_another_crash(unknown: Office) -> None:
    """What was said holds until a run has ended well."""
    words = ("--as", "not-run", "--without-events", "--reason", "better no mail than two")
    assert unknown.w50("journal", "resolve", "1001", *words).status == 0
    unknown.sandbox.faults.add({"call": "create", "status": 400})
    assert unknown.load().status == 3
    assert unknown.load().status == 0
    assert (len(stored(unknown.sandbox)), unknown.mails) == (2, [])
    # Settled: the tap means what it delivers from here on.
    assert unknown.load().status == 0
    assert unknown.mails == [1, 1]


def test_what_is_shown_is_what_was_written_and_what_w50_says_now(unknown: Office) -> None:
    shown = unknown.w50("journal", "show", "1001", "--json")
    assert shown.err.splitlines()[0].startswith("w50: asks the W50 at ")
    assert shown.err.splitlines()[1].startswith(f"w50: journal {unknown.journal}, kept since ")
    document = shown.document
    written = document["written"]
    assert (written["phase"], written["contacts"], written["stream"]) == ("intent", 2, "contacts")
    assert written["custom_events"] == ["SendWelcomeEmail"]
    assert written["before_run"] == document["w50_now"]
    assert document["process"] == "gave the contact list back, as at the end of a run"
    assert document["list_held_by"] is None
    assert document["what_to_say"].endswith("CONFIG is the settings that this command was given.")


def test_what_was_written_is_shown_where_w50_can_not_be_asked(unknown: Office) -> None:
    unknown.sandbox.stop()
    shown = unknown.w50("journal", "show", "1001", retry_for_s=0)
    assert shown.status == 4
    assert "could not be asked" in shown.out
    refused = unknown.w50("journal", "resolve", "1001", "--as", "not-run", "--reason", "x", retry_for_s=0)
    assert refused.status == 4
    assert (
        unknown.w50("journal", "resolve", "1001", "--as", "ran", "--reason", "x", retry_for_s=0).status == 0
    )


def test_a_job_that_w50_does_not_know_any_more_is_said_to_be_so(unknown: Office) -> None:
    unknown.sandbox.reset()
    assert "does not know it" in unknown.w50("journal", "show", "1001").out
    stopped = unknown.load()
    assert (stopped.status, stopped.error_code) == (5, "job_unresolved")
    assert "W50 does not know it any more" in stopped.stderr.splitlines()[-1]


def test_a_person_is_not_believed_where_w50_says_otherwise(unknown: Office) -> None:
    """W50 took it after all, and is done."""
    job = jobs_of(unknown.sandbox)[0]
    with requests.Session() as session:
        session.trust_env = False
        url = f"{unknown.sandbox.url}/contactLists/42/import/{job['Id']}/run?match=Email"
        session.post(url, timeout=20).raise_for_status()
    refused = unknown.w50("journal", "resolve", "1001", "--as", "not-run", "--reason", "it says so")
    assert (refused.status, refused.out) == (5, "")
    assert "error_code=resolve_refused" in refused.last_line
    assert "`--as not-run --without-events`" in refused.last_line


def test_a_process_that_lives_and_may_yet_run_it_is_named(unknown: Office) -> None:
    """It is this one: another run took the list after it, so nothing says that it has ended its work."""
    assert unknown.load().status == 5
    refused = unknown.w50("journal", "resolve", "1001", "--as", "not-run", "--reason", "it hangs")
    assert refused.status == 5
    assert "still lives" in refused.last_line
    assert "still lives" in unknown.w50("journal", "show", "1001").out


def test_jobs_are_listed_the_newest_first_and_w50_is_not_asked(unknown: Office) -> None:
    before = len(unknown.sandbox.contents()["Requests"])
    listed = unknown.w50("journal", "ls")
    assert listed.err.startswith("w50: jobs of the W50 at ")
    head, row = listed.out.splitlines()
    assert head.split()[:4] == ["import", "job", "list", "stream"]
    assert row.split()[:4] == ["1001", "42", "contacts", "perhaps"]
    assert [each["import_job_id"] for each in unknown.w50("journal", "ls", "--open", "--json").document] == [
        1001
    ]
    unknown.w50("journal", "resolve", "1001", "--as", "ran", "--reason", "x")
    assert unknown.w50("journal", "ls", "--open", "--json").document == []
    assert len(unknown.w50("journal", "ls", "--json").document) == 1
    assert len(unknown.sandbox.contents()["Requests"]) == before + 1


def test_the_settings_may_stand_before_the_commands_name(
    unknown: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As `meltano invoke target-w50:journal ls` has it."""
    assert program.run(["journal", "--config", str(tmp_path / "config.json"), "ls"]) == 2  # none yet
    unknown.w50("journal", "ls")
    assert program.run(["journal", "--config", str(tmp_path / "config.json"), "ls"]) == 0
    assert "1001" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("show", "4711"), "job_not_in_journal"),
        (("show", "1001", "--list", "43"), "job_not_in_journal"),
        (("resolve", "1001", "--as", "ran", "--reason", " "), "usage"),
        (("resolve", "1001", "--as", "ran", "--without-events", "--reason", "x"), "usage"),
    ],
)
def test_what_can_not_be_meant_is_status_2(arguments: tuple[str, ...], code: str, unknown: Office) -> None:
    refused = unknown.w50("journal", *arguments)
    assert refused.status == 2
    assert f"error_code={code}" in refused.last_line


@pytest.mark.parametrize("arguments", [("10000000000000000000000",), ("1", "--list", "9223372036854775808")])
def test_an_id_that_no_journal_can_hold_is_refused(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert program.run(["journal", "show", *arguments]) == 2
    assert "0<=x<=9223372036854775807" in capsys.readouterr().err


def test_a_job_that_ended_well_needs_nobody(office: Office) -> None:
    assert office.load().status == 0
    refused = office.w50("journal", "resolve", "1001", "--as", "not-run", "--reason", "x")
    assert (refused.status, "error_code=job_not_open" in refused.last_line) == (2, True)


def test_no_journal_is_made_by_looking(office: Office) -> None:
    for command in (("journal", "ls"), ("journal", "show", "1001")):
        assert "There is no journal yet" in office.w50(*command).last_line
    assert "There is no journal yet; the first run makes it" in office.w50("check").out
    assert office.plan().status == 0
    assert not list(office.journal.parent.glob("journal.db*"))


def test_without_a_journal_that_is_said(office: Office) -> None:
    assert "error_code=no_journal" in office.w50("journal", "ls", journal="none").last_line
    checked = office.w50("check", journal="none")
    assert checked.status == 0
    assert "`journal` is none: nothing is remembered across runs." in checked.out


def test_the_check_tries_the_journal(unknown: Office) -> None:
    checked = unknown.w50("check")
    assert checked.status == 0
    (line,) = [each for each in checked.out.splitlines() if "journal" in each.split()]
    assert line.startswith("passed")
    assert str(unknown.journal) in line
    assert "1 import job of an earlier run is open" in line


def test_a_journal_that_can_not_be_used_fails_the_check(unknown: Office, tmp_path: Path) -> None:
    for more in (
        {"journal_key": "another"},
        {"journal": str(tmp_path)},
        {"journal": str(tmp_path / "config.json" / "journal.db")},
    ):
        checked = unknown.w50("check", **more)
        assert checked.status == 2, more
        assert "FAILED  journal" in checked.out
    Path(f"{unknown.journal}.key").unlink()
    assert "is missing" in unknown.w50("check").out


# The plan.


def held(journal: Path) -> list[Any]:
    with closing(sqlite3.connect(journal)) as database:
        return [
            *database.execute("SELECT * FROM w50_lists"),
            *database.execute("SELECT * FROM w50_jobs"),
        ]


def test_a_plan_says_what_it_would_not_send_again(office: Office) -> None:
    """Its run crashed behind the state line, which may not have been kept."""
    assert office.load().status == 0
    office.write("UPDATE w50_jobs SET settled = NULL")
    before = held(office.journal)
    planned = office.plan()
    assert "2 that earlier runs delivered" in planned.out
    document = json.loads(office.w50("plan", str(office.journal.parent / "messages.singer"), "--json").out)
    (stream,) = document["streams"]
    assert (stream["contacts"], stream["contacts_already_delivered"], stream["import_jobs"]) == (0, 2, 0)
    assert held(office.journal) == before


def test_a_plan_says_what_a_run_would_stop_at(unknown: Office) -> None:
    before = held(unknown.journal)
    planned = unknown.plan()
    assert planned.status == 0
    assert planned.out.startswith(
        "Import job 1001 of contact list 42 (stream 'contacts'): the run ends with exit status 5"
    )
    assert "The run would end with exit status 5" in planned.out
    assert held(unknown.journal) == before


def test_a_plan_says_what_a_run_would_first_wait_for(
    start: Callable[..., Sandbox], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its contacts count as delivered: it runs, and the run waits for its end."""
    office = Office(start(job_reads=100), tmp_path, capsys)
    assert office.load(job_timeout_s=0.3).status == 5
    planned = office.plan()
    assert "the run asks W50 for it again" in planned.out or "the run waits for it" in planned.out
    assert "2 that earlier runs delivered" in planned.out


def test_a_plan_says_that_another_run_holds_the_list(unknown: Office) -> None:
    unknown.write(
        "UPDATE w50_lists SET run_id = 'r', host = 'elsewhere', process = '7', since = 1, expires = 9e9"
    )
    assert "The run would end with exit status 7" in unknown.plan().out
    refused = unknown.w50("journal", "resolve", "1001", "--as", "not-run", "--reason", "x")
    assert (refused.status, "run r on elsewhere" in refused.last_line) == (7, True)
    assert "run r on elsewhere (process 7)" in unknown.w50("journal", "show", "1001").out


# The tables.


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_statements_are_those_of_the_database(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.run(["journal", "ddl", "--for", kind, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert program.run(["journal", "ddl", "--for", kind]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("-- ")
    assert all(f"{each};" in printed for each in document["statements"])
    assert not any("{" in each for each in document["statements"])


def test_tables_that_an_administrator_made_are_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert program.run(["journal", "ddl", "--for", "sqlite"]) == 0
    database = SqliteFile(tmp_path / "journal.db", lambda: 7.0)
    for statement in capsys.readouterr().out.split(";\n"):
        database.change(statement)
    assert bring_up_to_date(database, check_of(b"key")) == 7.0
    assert bring_up_to_date(database, check_of(b"key")) == 7.0
    database.close()


# The drill.


def test_the_drill_resolves_what_only_a_person_can_and_nothing_is_lost(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With the real programs, at the point that needs most of them."""
    status = drill(as_json=True, points=[CrashPoint.INTENT])
    document = json.loads(capsys.readouterr().out)
    assert (status, document["lost"], document["twice"]) == (0, 0, 0), document
    whole, crashed = document["points"]
    assert (whole["contacts"], whole["mails"]) == (crashed["contacts"], crashed["mails"]) == (292, 292)
    assert crashed["then"].startswith("stopped (5); resolved as not-run (0); sent 301")


def test_the_drill_counts_what_is_lost_and_what_came_twice() -> None:
    whole = Held({"a": {"City": "A"}, "b": {}}, Counter(a=1, b=1))
    assert whole.beside(whole) == (0, 0)
    assert Held({"a": {"City": "B"}}, Counter(a=3)).beside(whole) == (3, 2)
    assert Line("x", "y", 2, 2, lost=0, twice=0).is_well
    assert not Line("x", "y", 2, 2, lost=1, twice=0).is_well
    assert not Line("x", "y", 2, 2, lost=0, twice=0, as_it_should=False).is_well
