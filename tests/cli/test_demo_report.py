"""What the demo shows of a run."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from rich.console import Console

from target_w50.cli.demo.printout import DemoRun, print_report


def contact(email: str, city: str = "Leeds") -> dict[str, Any]:
    values = {"Email": email, "FirstName": "Zoë", "LastName": email.partition("@")[0].title(), "City": city}
    return {"EncContactId": None, "Values": values}


def job(*contacts: dict[str, Any], **counters: int) -> dict[str, Any]:
    counted = dict.fromkeys(
        (
            "InsertedContacts",
            "UpdatedContacts",
            "NotUpdatedContacts",
            "RejectedContacts",
            "InvalidEmailCount",
            "InvalidSmsCount",
        ),
        0,
    )
    return {**counted, **counters, "Batches": [{"Contacts": list(contacts)}]}


CONTENTS = {
    "Jobs": [
        job(
            contact("ada@example.com"),
            contact("ben@example.com"),
            contact("@"),
            InsertedContacts=2,
            RejectedContacts=1,
            InvalidEmailCount=1,
        ),
        job(contact("ada@example.com", "York"), UpdatedContacts=1),
    ],
    "Lists": [
        {"Name": "Newsletter", "Contacts": [contact("ada@example.com", "York"), contact("ben@example.com")]}
    ],
}
METRICS = {
    "w50_streams": [{"stream": "contacts", "records_read": 4, "ignored_properties": ["shoe_size", "hat"]}]
}


def printed(**changes: Any) -> str:
    members = {"exit_status": 0, "contents": CONTENTS, "states": (), "metrics": {}, "log": ()}
    out = io.StringIO()
    print_report(Console(file=out, width=160, markup=False), DemoRun(**{**members, **changes}))
    return out.getvalue()


def row(text: str, name: str) -> str:
    (line,) = (line for line in text.splitlines() if line.strip().startswith(name))
    return line


def test_created_contacts_are_counted_and_named() -> None:
    assert row(printed(), "created").split() == ["created", "2", "Zoë", "Ada,", "Zoë", "Ben"]


def test_an_updated_contact_shows_what_changed() -> None:
    line = row(printed(), "updated")
    assert line.split()[1] == "1"
    assert "ada@example.com: City Leeds -> York" in line
    assert "ben" not in line


def test_refused_contacts_are_counted_with_the_reason() -> None:
    line = row(printed(), "refused")
    assert line.split()[1] == "1"
    assert "1 invalid e-mail addresses, 0 invalid phone numbers: @" in line


def test_many_contacts_are_shown_by_a_few_examples() -> None:
    people = [contact(f"p{number}@example.com") for number in range(9)]
    contents = {"Jobs": [job(*people, InsertedContacts=9)], "Lists": [{"Contacts": people}]}
    assert row(printed(contents=contents), "created").endswith("Zoë P0, Zoë P1, Zoë P2, Zoë P3, ...")


def test_the_last_state_is_shown_whole() -> None:
    """It is what a user would pass on, so it is never folded."""
    state = json.dumps({"bookmarks": {"contacts": "x" * 400}})
    text = printed(states=("{}", state))
    assert "last of 2 lines" in text
    assert state in text.splitlines()


def test_metrics_are_shown_by_their_most_telling_members() -> None:
    assert "shoe_size, hat" in printed(metrics=METRICS)


def test_a_failed_run_shows_the_end_of_the_log_and_its_status() -> None:
    text = printed(exit_status=4, log=("W50 could not be reached.",))
    assert "W50 could not be reached." in text
    assert text.rstrip().endswith("target-w50 ended with exit status 4")


def test_a_run_that_sent_nothing_shows_no_empty_tables() -> None:
    text = printed(exit_status=2, contents={"Jobs": [], "Lists": []})
    assert "created" not in text
    assert "Metrics" not in text


def test_a_run_is_read_from_the_files_that_it_left(tmp_path: Path) -> None:
    record = {"type": "RECORD", "stream": "w50_runs", "record": {"exit_status": 0}}
    (tmp_path / "metrics.singer").write_text(
        json.dumps({"type": "SCHEMA"}) + "\n" + json.dumps(record) + "\n"
    )
    (tmp_path / "target.log").write_text("".join(f"line {number}\n" for number in range(100)))
    run = DemoRun.read(tmp_path, CONTENTS, 0)
    assert run.metrics == {"w50_runs": [{"exit_status": 0}]}
    assert run.states == ()
    assert (len(run.log), run.log[-1]) == (20, "line 99")
