"""What a run makes of the jobs that earlier runs left, beside crashes at each point."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import create_autospec

import pytest

from target_w50.contacts.mapping import StreamMapping
from target_w50.errors import JournalError
from target_w50.journal.contact_rows import ContactRows
from target_w50.journal.entries import Entry, JournalPhase
from target_w50.journal.history import StreamHistory
from target_w50.journal.journal import Journal
from target_w50.journal.keys import ContactHashes
from target_w50.journal.members import Delivered, pack
from target_w50.journal.recovery import Verdict, decides_itself, judge
from target_w50.journal.resending import Resending
from target_w50.journal.scopes import scope_for
from target_w50.journal.stream_memory import StreamMemory
from target_w50.loading.attended import AttendedClient
from target_w50.sandbox import Sandbox
from target_w50.settings.model import entry_from
from target_w50.w50 import ContactsList, ImportJob
from tests.journal.support import EVENTS, journaled, mails, opened
from tests.support import entry, load_here, record, schema, state

RECORDS = [record(number) for number in range(4)]


def w50_job(**members: Any) -> ImportJob:
    counters = (
        "InsertedContacts",
        "UpdatedContacts",
        "DroppedContacts",
        "NotUpdatedContacts",
        "TotalContacts",
    )
    zeros = dict.fromkeys((*counters, "InvalidEmailCount", "InvalidSmsCount", "ProgressPercent"), 0)
    dates = {"CurrentStatus": "Created", "StartDate": None, "FinishDate": None}
    return ImportJob.from_wire({"Id": 7, "ContactListId": 42, **zeros, **dates, **members})


def entry_in(phase: JournalPhase) -> Entry:
    return Entry(
        id=1,
        account="w50",
        list_id=42,
        stream="contacts",
        run_id="a run",
        host="here",
        process="1",
        epoch=1,
        phase=phase,
        import_job_id=7,
        custom_events=("Welcome",),
        contacts=4,
        before_run=w50_job(),
        result=None,
        reason=None,
        created=0.0,
        changed=0.0,
        intended=0.0,
        doubtful_until=10.0,
        settled=None,
    )


def test_a_job_that_w50_rejected_whole_is_sent_again_as_its_own_run_would_have_it() -> None:
    ended = w50_job(ProgressPercent=100, DroppedContacts=4)
    running = entry_in(JournalPhase.RUNNING)
    verdict = judge(running, ended, 1.0, failure_statuses=[], max_rejected_percent=10.0)
    assert verdict is Verdict.ABANDON
    assert judge(running, ended, 1.0, failure_statuses=[], max_rejected_percent=100.0) is Verdict.FINISHED


def test_a_job_that_stood_still_for_a_while_is_asked_once_more_when_it_ends_without_counting(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = journaled(sandbox, tmp_path)

    def breaks(*_: Any) -> None:
        raise JournalError("The journal could not be written.")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Journal, "finished", breaks)
        assert load_here(tmp_path / "one", config, [schema(), *RECORDS, state(4)]).status == 1
    asked = AttendedClient.get_import_job
    before = [w50_job(ProgressPercent=50), w50_job(ProgressPercent=50), w50_job(ProgressPercent=100)]

    def seen(client: AttendedClient, list_id: int, job_id: int) -> ImportJob:
        return before.pop(0) if before else asked(client, list_id, job_id)

    monkeypatch.setattr(AttendedClient, "get_import_job", seen)
    finished = load_here(tmp_path / "two", config, [schema(), *RECORDS, state(4)])
    assert (finished.status, finished.bookmarks) == (0, [4]), finished.stderr
    assert sorted(mails(sandbox).values()) == [1] * 4


def test_each_run_that_waits_in_vain_for_a_job_says_wait(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.faults.add({"call": "run", "job": {"finishes": False}})
    config = journaled(sandbox, tmp_path, job_timeout_s=0.2, poll_interval_s=0.05)
    for name in ("one", "two"):
        finished = load_here(tmp_path / name, config, [schema(), *RECORDS, state(4)])
        assert (finished.status, finished.error_code, finished.rerun) == (5, "job_unknown", "wait")


def test_what_came_after_the_last_state_is_known_again_though_the_run_ended_well(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    config = journaled(sandbox, tmp_path)
    tap_dies = [schema(), *RECORDS[:2], state(2), *RECORDS[2:]]
    assert load_here(tmp_path / "one", config, tap_dies).status == 0
    finished = load_here(tmp_path / "two", config, [schema(), *RECORDS[2:], state(4)])
    assert finished.status == 0
    assert sorted(mails(sandbox).values()) == [1] * 4


def test_a_tap_that_sends_no_states_means_what_it_sends_again(sandbox: Sandbox, tmp_path: Path) -> None:
    config = journaled(sandbox, tmp_path)
    for name in ("one", "two"):
        assert load_here(tmp_path / name, config, [schema(), *RECORDS]).status == 0
    assert sorted(mails(sandbox).values()) == [2] * 4


def test_what_a_job_of_unknown_effect_held_is_not_taken_for_what_w50_has(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        journal.leases.take(42)
        for number, version, ends_well in ((1, 100, True), (2, 200, False)):
            journal.creating(number, 42, "contacts", EVENTS if ends_well else [])
            journal.filling(number, number)
            members = [pack([(11, version), (12 * number, version)])]
            journal.intent(number, w50_job(), contacts=2, doubtful_s=1.0, members=members)
            if ends_well:
                journal.finished(number, w50_job(InsertedContacts=2))
            else:
                journal.abandoned(number, "W50's status did not tell")
        history = journal.delivered(42, "contacts")
        assert history.has_fired(11)
        assert not history.holds(11, 100), "the second job may have brought another version"
        assert history.holds(12, 100)
        assert not history.has_fired(24)


def test_a_contact_that_was_sent_under_one_of_its_names_is_not_held_under_the_other() -> None:
    by_id, by_values, before, last = 11, 12, 100, 200
    delivered = Delivered([(pack([(by_id, last), (by_values, last)]), True)])
    hashes = ContactHashes(b"a key", account="w50", list_id=42, stream="contacts", match_fields=["Email"])
    list_42, members = ContactsList(42, "N", 0), entry(custom_events=EVENTS)
    mapping = StreamMapping("contacts", entry_from(members), list_42, (), (), ("Email",))
    memory = StreamMemory(delivered, create_autospec(ContactRows), {}, Resending(0, 0))
    history = StreamHistory(hashes, memory, mapping, scope_for(mapping))
    assert not history.holds((by_values, 0, before)), "sent again, by its match values alone"
    assert not history.holds((by_id, by_values, last)), "and so what came after it is sent again"


@pytest.mark.parametrize(
    ("phase", "members", "does"),
    [
        (JournalPhase.RUNNING, {"CurrentStatus": "Failed"}, "gives it up"),
        (JournalPhase.RUNNING, {"CurrentStatus": "Failed", "InsertedContacts": 1}, ""),
        (JournalPhase.INTENT, {}, ""),
        (JournalPhase.INTENT, {"CurrentStatus": "Running"}, "waits for it"),
    ],
    ids=["nothing-arrived", "a-part", "as-before", "runs"],
)
def test_who_says_what_became_of_a_job_learns_that_the_next_run_would_have_known(
    phase: JournalPhase, members: dict[str, Any], does: str
) -> None:
    found = decides_itself(entry_in(phase), w50_job(**members), 1e12, ("failed",))
    assert found.partition(",")[0] == does
