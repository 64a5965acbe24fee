"""Values that failed their checks: all are counted, and a bounded number is named."""

from __future__ import annotations

import datetime as dt

from target_w50.contacts.checks import FailedCheck, FieldCheck
from target_w50.import_jobs.counts import StreamCounts
from target_w50.import_jobs.failed_values import FirstPlaces
from target_w50.import_jobs.places import Places
from target_w50.settings.checks import CheckKind


def test_the_first_of_each_field_are_named_and_not_too_many_of_a_stream() -> None:
    counts = StreamCounts("s", dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc))
    checks = [FieldCheck(f"F{number}", f"f{number}", CheckKind.TEXT) for number in range(9)]
    named = [
        check.field_name
        for place in range(12)
        for check in checks
        if counts.check_failed(FailedCheck(check, f"is wrong in way {place % 2}"), place)
    ]
    assert len(named) == counts.values_named == 50
    assert all(named.count(check.field_name) in {5, 6} for check in checks)
    (first, *_) = counts.failed_values.values()
    assert (first.count, [*first.first]) == (12, [*range(10)])
    assert first.messages == {"is wrong in way 0": 6, "is wrong in way 1": 6}


def test_places_are_told_in_words_of_many_the_first() -> None:
    places, found = Places(), FirstPlaces()
    found.add(7)
    assert found.in_words(places) == "line 7"
    found.add(places.file("people.jsonl") + 3)
    assert found.in_words(places) == "lines 7, people.jsonl:3"
    others = FirstPlaces()
    for place in range(20, 32):
        others.add(place)
    found.add_all(others)
    assert found.in_words(places) == ("lines 7, people.jsonl:3, 20, 21, 22, 23, 24, 25, 26, 27 and 4 more")
