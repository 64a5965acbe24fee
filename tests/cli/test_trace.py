"""`w50 trace`: somebody asks why a certain contact did not get a mail."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from target_w50.sandbox import Sandbox
from tests.cli.support import Operator, Outcome
from tests.support import Finished, load_here, record, schema, state

ADDRESS = "n1@example.com"
EVENTS = ["SendWelcomeEmail"]
MESSAGES = [schema(), *[record(number) for number in range(4)], state(4)]


class Desk(Operator):
    """An operator with a journal and a quarantine, of whom somebody asks."""

    def __init__(
        self,
        sandbox: Sandbox,
        folder: Path,
        capsys: pytest.CaptureFixture[str],
        patched: pytest.MonkeyPatch,
    ) -> None:
        super().__init__(sandbox, folder, capsys)
        self._patched = patched
        self._runs = 0
        self.settings |= {
            "journal": str(folder / "journal.db"),
            "on_invalid_record": "quarantine",
            "quarantine_path": str(folder / "aside-{run_id}.singer"),
            "max_invalid_percent": 100,
        }
        self.entry: dict[str, Any] = self.settings["streams"][0]
        self.entry |= {"send": "changed", "custom_events": EVENTS}

    def load(self, *messages: dict[str, Any]) -> Finished:
        self._runs += 1
        config = {**self.settings, "run_id": f"night-{self._runs}"}
        ended = load_here(self.folder / f"run-{self._runs}", config, messages)
        assert ended.status == 0, ended.stderr
        return ended

    def trace(self, *arguments: str, value: str = ADDRESS, **more: Any) -> Outcome:
        self._patched.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(value.encode())))
        outcome = self.w50("trace", *(arguments or ("42", "Email")), **more)
        assert value not in outcome.out + outcome.err
        return outcome


@pytest.fixture
def desk(
    sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Desk:
    return Desk(sandbox, tmp_path, capsys, monkeypatch)


def test_every_delivery_is_told_with_job_batch_outcome_and_events(desk: Desk) -> None:
    desk.load(*MESSAGES)
    desk.load(*MESSAGES)
    desk.load(schema(), record(1, first_name="Another"), state(5))
    desk.load(schema(), record(1), state(6))
    traced = desk.trace("Newsletter", "Email", "--json").document
    told = [
        (each["run_id"], each["import_job_id"], each["batches"], each["outcome"], each["events"])
        for each in traced["deliveries"]
    ]
    fired = "SendWelcomeEmail fired"
    assert told == [
        ("night-1", 1001, [1], "ended well", fired),
        ("night-3", 1002, [1], "ended well", fired),
        ("night-4", 1003, [1], "ended well", fired),
    ]
    assert [each["same_as_before"] for each in traced["deliveries"]] == [None, False, False]
    assert traced["versions_with_events"] == 2, "the first values came back"
    shown = desk.trace(value="N1@Example.com")
    assert len([line for line in shown.out.splitlines() if "night-" in line]) == 3
    assert "What W50 has of it was sent last at" in shown.out


def test_of_a_job_with_rejected_contacts_it_is_said_that_w50_does_not_say_which(desk: Desk) -> None:
    desk.sandbox.faults.add({"call": "run", "job": {"InsertedContacts": 2, "TotalContacts": 2}})
    desk.load(*MESSAGES)
    (delivery,) = desk.trace("42", "Email", "--json").document["deliveries"]
    words = "ended; 2 of 4 contacts of that job were rejected; W50 does not say which"
    assert (delivery["outcome"], delivery["events"]) == (words, "SendWelcomeEmail fired unless rejected")
    assert delivery["rejected_of_job"] == 2


def test_a_warning_and_a_job_that_came_to_nothing_are_told(desk: Desk) -> None:
    desk.sandbox.faults.add({"warn": {"field": "Email", "equals": ADDRESS, "text": "Odd"}})
    desk.load(*MESSAGES)
    (delivery,) = desk.trace("42", "Email", "--json").document["deliveries"]
    assert (delivery["outcome"], delivery["warned"]) == ("ended well, with a warning of this contact", True)
    assert desk.trace("42", "Email", "--json").document["in_doubt"]
    assert not desk.trace("42", "Email", "--json", value="n2@example.com").document["in_doubt"]


def test_records_in_quarantine_are_told_with_reason_and_line(desk: Desk) -> None:
    odd = record(1, first_name=7)
    desk.load(schema(), record(2, first_name=7), odd, record(3), state(1))
    traced = desk.trace("42", "Email", "--json").document
    (refusal,) = traced["refusals"]
    assert (refusal["reason"], refusal["property"], refusal["line"]) == ("schema_invalid", "first_name", 3)
    assert refusal["run_id"] == "night-1"
    assert len(traced["quarantine_files"]) == 1
    aside: dict[str, Any] = {"quarantine_path": None, "on_invalid_record": None}
    shown = desk.trace()
    assert "No delivery of this contact is in the journal." in shown.out
    assert "schema_invalid" in shown.out
    by_file = desk.trace("42", "Email", "--json", "--quarantine", refusal["file"], **aside)
    assert by_file.document["refusals"] == [refusal]
    without = desk.trace(**aside)
    assert "No quarantine file was searched" in without.out


def test_what_is_not_written_down_is_said_rather_than_guessed(desk: Desk) -> None:
    del desk.entry["custom_events"]
    desk.entry["send"] = "all"
    desk.load(*MESSAGES)
    desk.entry["send"] = "changed"
    desk.settings["journal_retention_days"] = 0
    desk.load(*MESSAGES)
    unknown = desk.trace("42", "Email", "--json").document["unknown"]
    assert (unknown["import_jobs"], unknown["without_contacts"]) == (2, 1)
    assert "1 of 2 import jobs of the list had neither custom events nor" in desk.trace().out
    desk.w50("journal", "forget", "--list", "42")
    assert "Of 1 of 2 import jobs of the list no contacts are kept any more" in desk.trace().out


@pytest.mark.parametrize(
    ("arguments", "settings", "words"),
    [
        (["42", f"Email={ADDRESS}"], {}, "takes the name alone"),
        (["42", "Email"], {"journal": "none"}, "[exit_status=2 error_code=no_journal"),
        (["Nobody", "Email"], {}, "W50 has no contact list named"),
    ],
    ids=["value", "journal", "list"],
)
def test_what_can_not_be_traced_is_said(
    desk: Desk, arguments: list[str], settings: dict[str, Any], words: str
) -> None:
    refused = desk.trace(*arguments, **settings)
    assert refused.status == 2
    assert words in refused.err, refused.err


def test_where_several_fields_match_what_was_not_named_is_said(desk: Desk) -> None:
    desk.entry["match_fields"] = ["Email", "CustomerId"]
    desk.load(schema(), record(1, customer_id=7), state(1))
    assert "knows contacts by CustomerId and Email: not looked for" in desk.trace().out
    named = desk.trace("42", "CustomerId", "Email", "--json", value=f"7\n{ADDRESS}\n")
    assert len(named.document["deliveries"]) == 1
