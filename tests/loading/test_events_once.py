"""Custom events of a contact fire once in a run, whichever stream of its list it comes by."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from target_w50.sandbox import Sandbox
from tests.support import Load, entry, jobs_of, record, run_target, schema, settings, state, stored

EVENTS: dict[str, Any] = {"custom_events": ["Welcome"]}


def fired(sandbox: Sandbox) -> Counter[str]:
    """How often the event fired for each contact."""
    (each,) = [found for found in sandbox.contents()["Lists"] if found["Id"] == 42]
    emails = {contact["Id"]: contact["Values"]["Email"] for contact in each["Contacts"]}
    return Counter(emails[event["ContactId"]] for event in sandbox.contents()["CustomEvents"])


def once(*numbers: int) -> dict[str, int]:
    return {f"n{number}@example.com": 1 for number in numbers}


@pytest.mark.parametrize("options", [{"batch_size_rows": 1}, {"max_contacts_per_job": 2}, {}])
def test_a_contact_that_comes_again_fires_once_and_has_its_last_values(
    sandbox: Sandbox, tmp_path: Path, options: dict[str, Any]
) -> None:
    messages = [
        schema(),
        record(1),
        record(2),
        record(1, first_name="b"),
        record(3),
        record(1, first_name="c"),
    ]
    ended = run_target(tmp_path, settings(sandbox, entry(**EVENTS), **options), [*messages, state(1)])
    assert (ended.status, ended.bookmarks[-1], ended.rerun) == (0, 1, "safe"), ended.stderr
    assert fired(sandbox) == once(1, 2, 3)
    assert stored(sandbox)["n1@example.com"]["FirstName"] == "c"


def test_a_contact_of_two_streams_of_one_list_fires_once(load: Load, sandbox: Sandbox) -> None:
    messages = [schema(), schema("others"), record(1), record(1, "others"), record(2, "others"), record(2)]
    ended = load(messages, entry(**EVENTS), entry("others", **EVENTS))
    assert ended.status == 0, ended.stderr
    assert fired(sandbox) == once(1, 2)


def test_the_limit_counts_each_contact_once_over_all_streams_of_a_list(load: Load, sandbox: Sandbox) -> None:
    messages = [schema(), schema("others"), record(1), record(2, "others"), record(1, "others"), record(2)]
    two, one = (entry("others", custom_events_max_contacts=most, **EVENTS) for most in (2, 1))
    first = entry(custom_events_max_contacts=2, **EVENTS)
    ended = load(messages, first, two, max_contacts_per_job=1)
    assert ended.status == 0, ended.stderr
    assert fired(sandbox) == once(1, 2)
    ended = load(messages, first, one)
    assert (ended.status, ended.error_code) == (6, "custom_events_limit")
    assert "2 contacts of this run" in ended.last_line


def test_with_enc_contact_id_either_tells_that_a_contact_has_fired(load: Load, sandbox: Sandbox) -> None:
    text = {"type": ["null", "string"]}
    messages = [schema(properties={"email": text, "enc": text}, keys=())]
    for enc in (None, "X", None):
        values = {"email": "n1@example.com", "enc": enc}
        messages.append({"type": "RECORD", "stream": "contacts", "record": values})
    ended = load(messages, entry(enc_contact_id="enc", **EVENTS), max_rejected_percent=100)
    assert ended.status == 0, ended.stderr
    assert [run["CustomEvents"] for job in jobs_of(sandbox) for run in job["RunHistory"]] == [
        ["Welcome"],
        [],
        [],
    ]


def test_numbers_that_python_hashes_alike_are_two_contacts(load: Load, sandbox: Sandbox) -> None:
    properties = {"customer_id": {"type": "integer"}}
    messages = [schema(properties=properties, keys=())]
    messages += [
        {"type": "RECORD", "stream": "contacts", "record": {"customer_id": number}} for number in (-1, -2)
    ]
    ended = load(messages, entry(match_fields=["CustomerId"], **EVENTS))
    assert ended.status == 0, ended.stderr
    assert [run["CustomEvents"] for job in jobs_of(sandbox) for run in job["RunHistory"]] == [["Welcome"]]
