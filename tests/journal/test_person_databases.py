"""One person in a journal of each kind: traced, known under another key, forgotten."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from target_w50.journal.forgetting import forget_before, forget_list, forget_person
from target_w50.journal.journal import Journal
from target_w50.journal.opening import open_journal
from target_w50.journal.person import Person
from target_w50.journal.tracing import trace
from target_w50.runtime.clock import CLOCK
from target_w50.sandbox import Sandbox
from tests.support import entry, load_here, record, schema, settings, state

PEOPLE = [schema(), *[record(number) for number in range(4)], state(4)]
PERSON = Person({"Email": "n1@example.com"})


def test_a_person_is_found_carried_over_and_forgotten_in_each_kind_of_database(
    sandbox: Sandbox, tmp_path: Path, journal: dict[str, Any]
) -> None:
    whole = entry(send="changed", custom_events=["SendWelcomeEmail"], custom_events_once_per="contact")
    first = {**settings(sandbox, whole), **journal, "journal_key": "a"}
    then = {**first, "journal_key": ["b", "a"]}

    def opened() -> closing[Journal]:
        found = open_journal(
            journal["journal"], ("b", "a"), api_url=sandbox.url, run_id="a test", clock=CLOCK
        )
        assert found is not None
        return closing(found)

    assert load_here(tmp_path / "one", first, PEOPLE).status == 0
    ended = load_here(tmp_path / "two", then, [schema(), record(1), record(2), state(5)])
    assert ended.run["contacts_unchanged"] == 2, ended.stderr
    with opened() as found:
        traced = trace(found, 42, PERSON)
        assert [each.fate for each in traced.deliveries] == ["ended well"]
        assert (traced.fired, traced.jobs, traced.plain, traced.emptied) == (1, 1, 0, 0)
        assert not forget_before(found, found.database.now() - 3600, dry_run=False).something
        gone = forget_person(found, PERSON, dry_run=False)
        assert (gone.contacts, gone.fired, gone.members) == (1, 1, 1)
        assert bool(gone.left) is not found.database.wipes_itself
        assert not trace(found, 42, PERSON).deliveries
        rest = forget_list(found, 42, dry_run=False)
        assert (rest.contacts, rest.fired, rest.members) == (3, 3, 3)
        assert trace(found, 42, PERSON).emptied == 1
