"""Whatever the nights bring: W50 has the last values after each, and nobody has had a mail too many."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from target_w50.sandbox import Sandbox
from tests.effort import tries
from tests.journal.nights import Nights
from tests.journal.support import EVENTS
from tests.support import LIST, record, schema, state, stored

FAILS = {"call": "run", "job": {"CurrentStatus": "Failed", "effect": False}}
NIGHT = st.fixed_dictionaries(
    {
        "values": st.lists(st.tuples(st.integers(0, 3), st.sampled_from("AB")), min_size=1, max_size=9),
        "days": st.sampled_from([0, 1, 40]),
        "first_job_fails": st.booleans(),
        "column": st.booleans(),
        "more": st.fixed_dictionaries(
            {
                "batch_size_rows": st.sampled_from([1, 2, 10_000]),
                "max_contacts_per_job": st.sampled_from([1, 3, 1000]),
                "media_type": st.sampled_from(["application/json", "text/xml"]),
            }
        ),
    }
)


@settings(max_examples=tries(25))
@given(
    st.lists(NIGHT, min_size=1, max_size=5),
    st.sampled_from(["run", "version", "contact"]),
    st.sampled_from([0, 1, 30]),
)
def test_the_last_values_are_there_and_events_fired_as_often_as_they_may(
    nights: list[dict[str, Any]], once_per: str, resend_after_days: int
) -> None:
    last: dict[str, str] = {}
    seen: dict[str, set[str]] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        Sandbox(lists=[LIST]) as sandbox,
        pytest.MonkeyPatch.context() as patched,
    ):
        month = Nights(sandbox, Path(folder), patched)
        for night in nights:
            month.days += night["days"]
            members: dict[str, Any] = {
                "custom_events": EVENTS,
                "custom_events_once_per": once_per,
                "resend_after_days": resend_after_days,
                "fields": {"customer_id": "CustomerId" if night["column"] else "__NULL__"},
                "more": night["more"],
            }
            messages = [schema()]
            for number, value in night["values"]:
                messages.append(record(number, first_name=value, customer_id=number))
                last[f"n{number}"] = value
                seen.setdefault(f"n{number}", set()).add(value)
            messages.append(state(1))
            if night["first_job_fails"]:
                sandbox.faults.add(FAILS)
                failed = month.run(*messages, status=None, **members)
                assert failed.status in {0, 5}, failed.stderr  # there may be nothing to send
                sandbox.faults.clear()
            month.run(*messages, **members)
            found = {
                email.partition("@")[0]: values["FirstName"] for email, values in stored(sandbox).items()
            }
            assert found == last
            for name, mails in month.mails.items():
                most = {"contact": 1, "version": len(seen[name]), "run": 99}[once_per]
                assert 1 <= mails <= most, (name, mails)
            assert month.mails.keys() == last.keys()
