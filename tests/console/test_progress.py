"""Progress while a run loads, and the summary at its end."""

from __future__ import annotations

import io
import json
import logging
import os
import pty
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from rich.console import Console

from target_w50.console import progress
from target_w50.console.live import LiveLines, lines
from target_w50.console.progress import LogLines, Progress
from target_w50.console.stream_progress import Looks, StreamProgress
from target_w50.contacts.mapping import StreamMapping
from target_w50.import_jobs.counts import Effort, StreamCounts
from target_w50.import_jobs.job import LoadJob
from target_w50.import_jobs.phases import Phase
from target_w50.outputs.ledger import Ledger
from target_w50.runtime.clock import CLOCK
from target_w50.sandbox import Sandbox
from target_w50.settings.model import ProgressMode, entry_from
from target_w50.w50 import ContactsList, ImportJob
from tests.support import LIST, Target, record, run_target, schema, settings, state

RUNNING = {"Id": 17, "ContactListId": 42, "ProgressPercent": 45} | {
    f"{each}Contacts": 0 for each in ("Inserted", "Updated", "Dropped", "NotUpdated", "Total")
}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def job(counts: StreamCounts, *, sent: int, phase: Phase) -> LoadJob:
    mapping = StreamMapping(
        "contacts",
        entry_from({"stream": "contacts", "contact_list": "42"}),
        ContactsList(42, "N", 0),
        (),
        (),
        (),
    )
    made = LoadJob(1, counts, mapping)
    seen = ImportJob.from_wire({**RUNNING, "InvalidEmailCount": 0, "InvalidSmsCount": 0})
    made.creating(Effort(CLOCK.now(), contacts_sent=sent))
    made.created(seen)
    if phase is Phase.RUNNING:
        made.close()
        made.stood_before_run(seen)
        made.may_run(0.0)
        made.running_seen(seen)
    made.store.close()
    return made


class Books:
    """As much of the ledger as is looked at."""

    run_id = "run-1"

    def __init__(self) -> None:
        self.counts = StreamCounts("contacts", CLOCK.now())
        self.streams = {"contacts": self.counts}
        self.open_jobs: list[LoadJob] = []


@pytest.fixture
def books() -> Books:
    return Books()


def looks(books: Books, clock: list[float]) -> Looks:
    return Looks(cast("Ledger", books), lambda: clock[0])


def test_contacts_of_jobs_that_have_not_ended_count_as_sent(books: Books) -> None:
    books.counts.contacts_sent = 100
    books.open_jobs.append(job(books.counts, sent=23, phase=Phase.FILLING))
    (seen,) = looks(books, [0.0]).look()
    assert (seen.contacts_sent, seen.job_in_words) == (123, "import job 17 being filled")


def test_contacts_that_w50_has_already_are_told_beside_those_that_were_sent(
    books: Books, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "target-w50")
    books.counts.contacts_unchanged, books.counts.contacts_already_delivered = 1200, 3
    seen = looks(books, [0.0]).look()
    LogLines("run-1").show(seen)
    assert "0 contacts sent, 1,203 not sent again, no import job" in caplog.records[0].getMessage()
    console = io.StringIO()
    Console(file=console, width=120).print(lines(seen))
    assert "0 sent, 1,203 not sent again" in console.getvalue()


def test_the_percentage_is_w50s_own(books: Books) -> None:
    books.open_jobs.append(job(books.counts, sent=1, phase=Phase.RUNNING))
    (seen,) = looks(books, [0.0]).look()
    assert seen.job_in_words == "import job 17 at 45 %"


def test_the_rate_is_that_of_the_last_seconds(books: Books) -> None:
    """A slow beginning must not hide that it is quick now."""
    clock = [0.0]
    watching = looks(books, clock)
    for second in range(31):
        clock[0], books.counts.records_read = float(second), 0 if second < 20 else (second - 20) * 500
        (seen,) = watching.look()
    assert seen.records_per_second == 500
    assert watching.look()[0].records_per_second == 500


def test_a_line_of_the_log_tells_what_moved_and_carries_fields(
    books: Books, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "target-w50")
    books.open_jobs.append(job(books.counts, sent=5, phase=Phase.RUNNING))
    told = LogLines("run-1")
    seen = looks(books, [0.0]).look()
    told.show(seen)
    told.show(seen)
    (line,) = caplog.records
    assert (
        line.getMessage()
        == "Stream 'contacts': 0 records read, 5 contacts sent, import job 17 at 45 %, 0 records/s"
    )
    fields = {"stream_name": "contacts", "contact_list_id": 42, "import_job_id": 17, "run_id": "run-1"}
    assert fields.items() <= line.__dict__.items()


def test_on_a_terminal_there_is_a_line_for_each_stream_below_the_log(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    handler = logging.StreamHandler(terminal)
    logger = logging.getLogger("target-w50")
    logger.addHandler(handler)
    try:
        live = LiveLines(terminal)
        assert live.can_be_drawn
        live.show(looks(books, [0.0]).look())
        logger.warning("[bold]a line of the log[/bold]")
        assert handler.stream is not terminal
        live.close()
        live.close()
    finally:
        logger.removeHandler(handler)
    assert handler.stream is terminal
    drawn = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.getvalue())
    assert "[bold]a line of the log[/bold]\n" in drawn
    assert "contacts  0 read  0 sent" in drawn
    assert terminal.getvalue().rpartition("\x1b[?25")[2].startswith("h"), "the cursor is there again"


def test_a_streams_name_can_do_nothing_to_the_terminal() -> None:
    console = io.StringIO()
    Console(file=console, width=120).print(lines([StreamProgress("evil\x1b[2J", 1, 1, None, 0.0)]))
    assert "\x1b" not in console.getvalue()


@pytest.mark.parametrize(("mode", "threads"), [("never", 0), ("auto", 1), ("always", 1)])
def test_never_means_that_nobody_looks(mode: str, threads: int, books: Books) -> None:
    shown = Progress(ProgressMode(mode), cast("Ledger", books), io.StringIO())
    before = {*threading.enumerate()}
    shown.start()
    assert len({*threading.enumerate()} - before) == threads
    shown.stop()
    shown.stop()


def test_a_dumb_terminal_gets_lines(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    display, pause_s = Progress(ProgressMode.AUTO, cast("Ledger", books), Terminal())._display()
    assert isinstance(display, LogLines)
    assert pause_s == 30


def test_elsewhere_than_on_a_terminal_lines_come_at_intervals(
    books: Books, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "target-w50")
    monkeypatch.setattr(progress, "LINES_S", {ProgressMode.AUTO: 0.001})
    told = threading.Event()
    monkeypatch.setattr(caplog.handler, "emit", lambda _: told.set())
    shown = Progress(ProgressMode.AUTO, cast("Ledger", books), io.StringIO())
    shown.start()
    assert told.wait(20)
    shown.stop()


# The real program.


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(lists=[LIST], job_seconds=1.2) as running:
        yield running


MESSAGES = [
    schema(),
    *(record(number) for number in range(30)),
    record("not an address", email="x"),
    state(1),
]


def test_the_summary_stands_before_the_last_line(sandbox: Sandbox, tmp_path: Path) -> None:
    """Plain text where there is no terminal; nothing of it on standard output."""
    finished = run_target(tmp_path, settings(sandbox, batch_size_rows=10), MESSAGES)
    assert finished.status == 0, finished.stderr
    *_, header_line, row_line, suspects, _ = finished.stderr.splitlines()
    header, row = header_line.split("  "), row_line.split("  ")
    table = dict(
        zip([each.strip() for each in header if each], [each.strip() for each in row if each], strict=True)
    )
    assert table == {
        "stream": "contacts",
        "list": "42 Newsletter",
        **dict.fromkeys(("not updated", "dropped", "quarantined", "updated"), "0"),
        **dict.fromkeys(("read", "sent"), "31"),
        **dict.fromkeys(("rejected", "invalid", "jobs"), "1"),
        "inserted": "30",
        "seconds": table["seconds"],
    }
    assert suspects == (
        "Stream 'contacts': W50 refused 1 contact, 1 e-mail address. Suspected, by their checks: "
        "Email in line 32"
    )
    assert float(table["seconds"]) > 1
    assert all(line.startswith("{") for line in finished.stdout.splitlines())


def test_a_run_that_fails_has_a_summary_too(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.faults.add({"call": "run", "status": 403})
    finished = run_target(tmp_path, settings(sandbox), MESSAGES)
    assert finished.status == 3
    assert finished.stderr.splitlines()[-3].startswith("stream ")


def test_a_run_that_never_began_has_none(sandbox: Sandbox, tmp_path: Path) -> None:
    bad = settings(sandbox, metrics_path=str(tmp_path / "missing" / "metrics"))
    finished = run_target(tmp_path, bad, MESSAGES)
    assert finished.status == 2
    assert "stream  list" not in finished.stderr
    assert "AttributeError" not in finished.stderr


def under_a_terminal(sandbox: Sandbox, folder: Path, **more: Any) -> str:
    """What the program writes to a terminal on standard error."""
    ours, theirs = pty.openpty()
    written: list[bytes] = []

    def read() -> None:
        while True:
            try:
                written.append(os.read(ours, 65536))
            except OSError:  # Linux's way to say that nobody writes any more
                return

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    environment = {"TERM": "xterm", "COLUMNS": "150", "LINES": "40"}
    with Target(folder, settings(sandbox, **more), environment=environment, stderr=theirs) as target:
        os.close(theirs)
        target.send(*MESSAGES)
        target.end_input()
        assert target.wait().status == 0
    reader.join(20)
    os.close(ours)
    return b"".join(written).decode()


def test_on_a_terminal_progress_is_drawn_and_taken_away_before_the_summary(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    seen = under_a_terminal(sandbox, tmp_path)
    assert re.search(r"31 read.*31 sent.*job \d+, \d+ %", seen)
    assert "\x1b[?25l" in seen
    end = seen.rpartition("\x1b[?25h")[2]
    assert "╭" in end
    assert "quarantined" in end
    assert "Sent 31 contacts in 1 import job" in end
    log = [
        line for line in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", seen).splitlines() if "| target-w50" in line
    ]
    assert any("Finished import job" in line for line in log)


def test_with_progress_never_a_terminal_gets_the_log_alone(sandbox: Sandbox, tmp_path: Path) -> None:
    seen = under_a_terminal(sandbox, tmp_path, progress="never")
    assert "\x1b[?25l" not in seen
    assert " read  " not in seen


def structured(folder: Path) -> dict[str, str]:
    """An environment in which the log is written by the SDK's formatter for structured logging."""
    log_config = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"structured": {"()": "singer_sdk.logging.StructuredFormatter"}},
        "handlers": {
            "default": {
                "class": "logging.StreamHandler",
                "formatter": "structured",
                "stream": "ext://sys.stderr",
            }
        },
        "root": {"level": "INFO", "handlers": ["default"]},
    }
    path = folder / "logging.json"
    path.write_text(json.dumps(log_config))
    return {"SINGER_SDK_LOG_CONFIG": str(path)}


def test_structured_log_lines_carry_stream_list_job_and_run(sandbox: Sandbox, tmp_path: Path) -> None:
    """By the SDK's formatter for structured logging, as Meltano has it."""
    finished = run_target(
        tmp_path, settings(sandbox, run_id="run-7"), MESSAGES, environment=structured(tmp_path)
    )
    assert finished.status == 0, finished.stderr
    told = [json.loads(line) for line in finished.stderr.splitlines() if line.startswith("{")]
    of_jobs = [each for each in told if re.match("(Created|Running|Finished) import job", each["message"])]
    assert len(of_jobs) == 3
    for each in of_jobs:
        fields = each["extra"]
        assert (each["stream_name"], fields["contact_list_id"], fields["run_id"]) == ("contacts", 42, "run-7")
        assert isinstance(fields["import_job_id"], int)
    own = [each for each in told if each["logger_name"] == "target-w50" and each not in of_jobs]
    assert all(each["extra"]["run_id"] == "run-7" for each in own)
    metrics = [each["metric_info"] for each in told if each["message"] == "METRIC"]
    assert {each["metric"] for each in metrics} >= {"w50_import_jobs", "w50_streams", "w50_runs"}


def test_what_the_client_logs_names_the_job_at_hand(sandbox: Sandbox, tmp_path: Path) -> None:
    """A retry is about a job, though the client knows of none."""
    sandbox.faults.add({"call": "add", "status": 429})
    finished = run_target(tmp_path, settings(sandbox), MESSAGES, environment=structured(tmp_path))
    assert finished.status == 0, finished.stderr
    told = [json.loads(line) for line in finished.stderr.splitlines() if line.startswith("{")]
    (again,) = [each for each in told if "try 2 follows" in each["message"]]
    assert again["stream_name"] == "contacts"
    assert isinstance(again["extra"]["import_job_id"], int)
