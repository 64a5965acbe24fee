"""What runs do to a list, against a model that looks at each contact in turn."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from target_w50.sandbox.model.importing import apply_run
from target_w50.sandbox.model.models import (
    Batch,
    ContactList,
    Field,
    Job,
    Outcome,
    RejectedContact,
    Run,
    SentContact,
)

NAMES = ("A", "B", "C")
VALUES = st.dictionaries(st.sampled_from(NAMES), st.sampled_from([None, "", "x", "y", 1, 2, True]))
JOBS = st.lists(
    st.tuples(st.sampled_from([(), ("A",), ("A", "B")]), st.lists(VALUES, max_size=6)), max_size=5
)


def same(left: Any, right: Any) -> bool:
    return left == right and isinstance(left, bool) == isinstance(right, bool)


@given(JOBS)
def test_the_index_finds_what_a_look_at_each_contact_finds(
    jobs: list[tuple[tuple[str, ...], list[dict[str, Any]]]],
) -> None:
    contact_list = ContactList(1, "One", tuple(Field(n, name, "Text", n) for n, name in enumerate(NAMES)))
    naive: list[dict[str, Any]] = []
    for number, (match, sent) in enumerate(jobs):
        inserted = updated = rejected = 0
        for values in sent:
            if any(name not in values for name in match):
                rejected += 1
                continue
            fitting = [
                one for one in naive if all(name in one and same(one[name], values[name]) for name in match)
            ]
            if match and fitting:
                fitting[0].update(values)
                updated += 1
            else:
                naive.append(dict(values))
                inserted += 1
        batch = Batch(len(sent), 0, "", tuple(SentContact(None, values) for values in sent))
        run = Run(match, (), Outcome(), 0.0, "")
        refused: list[RejectedContact] = []
        job = Job(number, 1, NAMES, [batch], [run])
        touched = list(apply_run(job, run, contact_list, refused.append))
        assert len(refused) == run.counters.rejected
        assert (run.counters.inserted, run.counters.updated, run.counters.rejected) == (
            inserted,
            updated,
            rejected,
        )
        assert len(touched) == inserted + updated
    assert [contact.values for contact in contact_list.contacts.values()] == naive
