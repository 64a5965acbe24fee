"""Looking for the contacts that W50 refuses: with how many requests, and who is at fault."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Container
from itertools import pairwise

import pytest

from target_w50.contacts.refusal import Reason
from target_w50.errors import DoubtfulError, RefusedError
from target_w50.import_jobs.batches import ContactParts
from target_w50.import_jobs.counts import Effort
from target_w50.import_jobs.job import LoadJob
from target_w50.import_jobs.phases import JobLifeError
from target_w50.loading.bisection import MOST_CULPRITS, MOST_LOOKS, Bisection, _spread
from target_w50.runtime.clock import CLOCK
from tests.loading.one_job import FRESH, OneJob
from tests.support import JSON_FRAME

Make = Callable[..., OneJob]
REFUSED = RefusedError("W50 says no", status=417)


class W50:
    """Takes what holds none of these contacts.

    Attributes:
        asked: the contacts of each request.
    """

    def __init__(self, bad: Container[int]) -> None:
        self._bad = bad
        self.asked: list[list[int]] = []

    def __call__(self, fragments: list[bytes]) -> bool:
        self.asked.append([json.loads(each)["n"] for each in fragments])
        return not any(number in self._bad for number in self.asked[-1])


def probed(one: OneJob, *contacts: int, sent: int = 0, closed: bool = True) -> OneJob:
    """Have W50's job at hand for a search, so many of its batches being sent."""
    one.hold(*contacts, closed=closed)
    probe(one.job, sent)
    return one


def probe(job: LoadJob, sent: int = 0) -> None:
    job.creating(Effort(CLOCK.now()))
    job.created(FRESH)
    for _ in range(sent):
        job.batch_sent(job.batch_leaves())
    job.probe()


def find(one: OneJob, w50: W50) -> None:
    one.bisection.find(one.job, one.job.batch_leaves(), REFUSED, w50)


# Where W50 has taken contacts of the stream.


def test_a_refused_batch_is_searched_by_halves_and_never_asked_for_as_a_whole_again(one_job: Make) -> None:
    one, w50 = probed(one_job(aside=True), 1, 6, sent=1), W50({4})
    find(one, w50)
    assert w50.asked == [[1, 2, 3], [4, 5, 6], [4], [5, 6]]
    assert (one.set_aside, one.kept, one.job.at_hand) == ([4], [[0], [1, 2, 3, 5, 6]], None)


def test_contacts_that_are_refused_together_and_taken_in_pieces_are_sent_in_those_pieces(
    one_job: Make,
) -> None:
    """Nobody is at fault; the whole would be refused again."""
    one, w50 = probed(one_job(aside=True), 1, 4, sent=1), W50(())
    find(one, w50)
    assert (w50.asked, one.kept, one.job.sent) == ([[1, 2], [3, 4]], [[0], [1, 2], [3, 4]], 3)
    assert not one.job.counts.quarantined


def test_where_every_contact_of_a_batch_is_refused_none_is_kept(one_job: Make) -> None:
    one = probed(one_job(aside=True), 1, 2, sent=1)
    find(one, W50({1, 2}))
    assert (one.set_aside, one.kept, one.job.contacts) == ([1, 2], [[0]], 1)


@pytest.mark.parametrize("sent", [0, 1])
def test_a_contact_that_is_refused_alone_costs_no_request(one_job: Make, sent: int) -> None:
    one, w50 = probed(one_job(aside=True), 1, 1, sent=sent), W50({sent})
    find(one, w50)
    assert (w50.asked, one.set_aside) == ([], [sent])


def test_contacts_of_an_earlier_job_of_the_stream_that_were_sent_say_that_w50_takes_them(
    one_job: Make,
) -> None:
    one, w50 = probed(one_job(aside=True), 60), W50(range(60))
    one.job.counts.contacts_sent = 1
    find(one, w50)
    assert one.set_aside == [*range(60)]


# Where it has taken none yet.


def test_single_contacts_from_all_over_the_batch_are_looked_at_until_one_is_taken(one_job: Make) -> None:
    one, w50 = probed(one_job(aside=True), 300), W50(range(250))
    find(one, w50)
    looks = [each for each in w50.asked if len(each) == 1][:42]
    assert [number // 6 for (number,) in looks] == [*range(42)]
    assert looks[-1] == w50.asked[41]
    assert one.set_aside == [*range(250)]


def test_one_contact_that_was_taken_speaks_for_all_later_batches(one_job: Make) -> None:
    one, w50 = probed(one_job(aside=True), 60, 60), W50({*range(100)} - {0})
    find(one, w50)
    looks = len(w50.asked)
    find(one, w50)
    assert len(w50.asked[looks]) == 30
    assert one.set_aside == [*range(1, 100)]


def test_a_search_that_a_lost_answer_ended_need_not_look_again_whether_w50_takes_any(one_job: Make) -> None:
    one, w50 = probed(one_job(aside=True), 60), W50(range(1, 60))

    def lose(fragments: list[bytes]) -> bool:
        if len(fragments) > 1:
            raise DoubtfulError("lost")
        return w50(fragments)

    with pytest.raises(DoubtfulError):
        one.bisection.find(one.job, one.job.batch_leaves(), REFUSED, lose)
    assert w50.asked == [[0]]
    one.job.begin_anew(after_doubt=True)
    probe(one.job)
    find(one, w50)
    assert len(w50.asked[1]) == 30
    assert one.kept == [[0]]


@pytest.mark.parametrize("contacts", [MOST_LOOKS, MOST_LOOKS + 1, 300])
def test_where_fifty_looks_find_no_contact_that_is_taken_it_is_not_the_contacts_fault(
    one_job: Make, contacts: int
) -> None:
    one, w50 = probed(one_job(aside=True), contacts, closed=False), W50(range(contacts))
    with pytest.raises(RefusedError, match="W50 says no"):
        find(one, w50)
    assert (len(w50.asked), one.set_aside, one.job.contacts) == (MOST_LOOKS, [], contacts)


def test_the_looks_are_counted_over_all_batches_of_a_stream(one_job: Make) -> None:
    one, w50 = probed(one_job(aside=True), 30, 19, 2, closed=False), W50(range(51))
    find(one, w50)
    find(one, w50)
    assert (len(w50.asked), one.set_aside) == (49, [*range(49)])
    with pytest.raises(RefusedError):
        find(one, w50)
    assert len(w50.asked) == 50


@pytest.mark.parametrize("contacts", [MOST_CULPRITS - 1, MOST_CULPRITS])
def test_of_a_job_without_other_contacts_up_to_nineteen_may_be_at_fault(one_job: Make, contacts: int) -> None:
    one, w50 = probed(one_job(aside=True), contacts), W50(range(contacts))
    if contacts < MOST_CULPRITS:
        find(one, w50)
        assert one.set_aside == [*range(contacts)]
    else:
        with pytest.raises(RefusedError, match="W50 says no"):
            find(one, w50)
        assert one.set_aside == []


def test_before_the_last_batch_of_a_job_nothing_is_concluded(one_job: Make) -> None:
    for closed in (True, False):
        one = probed(one_job(aside=True), 25, *([1] if closed else []), closed=closed)
        find(one, W50(range(25)))
        assert one.job.counts.records_quarantined == 25


def test_a_conclusion_needs_a_stream_of_which_nothing_was_taken(one_job: Make) -> None:
    """And it is drawn from the last refusal."""
    one = probed(one_job(aside=True), 10, 10, 1, closed=False)
    first = RefusedError("the first", status=400)
    one.bisection.find(one.job, one.job.batch_leaves(), first, W50(range(20)))
    one.bisection.conclude(one.job)
    find(one, W50(range(20)))
    with pytest.raises(RefusedError, match="W50 says no"):
        one.bisection.conclude(one.job)
    one.job.batch_sent(one.job.batch_leaves())
    one.bisection.conclude(one.job)


def test_the_batches_of_other_streams_say_nothing_of_a_stream(one_job: Make) -> None:
    one = probed(one_job(aside=True), 30, closed=False)
    find(one, W50(range(30)))
    counts = one.ledger.counts("people")
    other = LoadJob(2, counts, one.job.mapping)
    other.add(other.store.put([b'{"n":%d}' % n for n in range(30)], range(30), [b""] * 30, JSON_FRAME))
    probe(other)
    w50 = W50(range(30))
    one.bisection.find(other, other.batch_leaves(), REFUSED, w50)
    other.store.close()
    assert len(w50.asked) == 30


# What is set aside.


def test_each_record_of_a_contact_at_fault_is_set_aside_with_its_place_and_the_reason(
    one_job: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """None of them is superseded any more."""
    one = probed(one_job(aside=True), 1, sent=1, closed=False)
    store, line = one.job.store, b'{"type":"RECORD","stream":"contacts","record":{"n":%d}}'
    raws = [b"\n".join(line % number for number in numbers) for numbers in ((1, 2, 3), (4, 5), (6, 7))]
    one.job.add(store.put([b'{"n":3}', b'{"n":5}', b'{"n":7}'], [17, 18, 19], raws, JSON_FRAME))
    with caplog.at_level(logging.INFO, "target-w50"):
        find(one, W50({3, 7}))
    assert one.set_aside == [1, 2, 3, 6, 7]
    assert [each["position"] for each in one.reasons] == [17, 17, 17, 19, 19]
    assert {(each["reason"], each["message"], each["property"]) for each in one.reasons} == {
        (Reason.W50_REJECTED.value, "W50 refused the contact (status 417)", None)
    }
    counts = one.job.counts
    assert (counts.merged_set_aside, counts.quarantined) == (3, {Reason.W50_REJECTED: 5})
    assert "W50 refused 2 contacts (status 417)" in caplog.text
    assert caplog.messages[0].endswith("First: line 17, line 19")


def test_a_record_is_set_aside_under_the_schema_of_its_own_stream(one_job: Make) -> None:
    """Streams of one alias share an import job."""
    one = probed(one_job(aside=True), 1, sent=1, closed=False)
    raws = [
        b'{"type":"RECORD","stream":"%b","record":{"n":%d}}' % (stream, number)
        for number, stream in enumerate((b"contacts", b"people", b"contacts"), 1)
    ]
    one.job.add(
        one.job.store.put([b'{"n":%d}' % number for number in (1, 2, 3)], [1, 2, 3], raws, JSON_FRAME)
    )
    find(one, W50({1, 2, 3}))
    assert (one.set_aside, one.schema_lines) == ([1, 2, 3], 2)


def test_the_places_of_five_contacts_at_fault_are_told(
    one_job: Make, caplog: pytest.LogCaptureFixture
) -> None:
    one = probed(one_job(aside=True), 1, 7, sent=1)
    with caplog.at_level(logging.INFO, "target-w50"):
        find(one, W50(range(1, 7)))
    assert caplog.messages[0].startswith("import job 7 of contact list 42")
    assert caplog.messages[0].endswith("First: line 3, line 4, line 5, line 6, line 7")


def test_what_is_set_aside_is_on_disk_when_the_search_ends(
    one_job: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = probed(one_job(aside=True), 1, 2, sent=1)
    flushed: list[list[int]] = []
    monkeypatch.setattr(one.quarantine, "flush", lambda: flushed.append(one.set_aside))
    find(one, W50({2}))
    assert flushed == [[2]]


def test_where_nothing_is_set_aside_a_refusal_is_the_runs_end(one_job: Make) -> None:
    one = probed(one_job(), 1, 2, sent=1)
    with pytest.raises(RefusedError, match="W50 says no"):
        find(one, W50({2}))


@pytest.mark.parametrize("aside", [True, False])
def test_pieces_of_a_batch_can_be_set_aside_where_the_batch_could(one_job: Make, aside: bool) -> None:
    one = one_job(aside=aside)
    one.hold(5)
    one.job.creating(Effort(CLOCK.now()))
    one.job.created(FRESH)
    one.bisection.halve(one.job, one.job.batch_leaves())
    assert (one.kept, one.job.sent) == ([[0, 1], [2, 3, 4]], 0)
    parts = [part for batch in one.job.batches for part in one.job.store.parts(batch)]
    assert [part.place for part in parts] == [2, 3, 4, 5, 6]
    assert [bool(part.raw) for part in parts] == [aside] * 5
    assert [batch.raw_lengths is not None for batch in one.job.batches] == [aside] * 2
    assert b"".join(one.job.store.body(one.job.batches[0])) == b'[{"n":0},{"n":1}]'


def test_a_batch_that_w50_has_can_not_be_looked_into(one_job: Make) -> None:
    one = probed(one_job(aside=True), 1, sent=1)
    with pytest.raises(JobLifeError, match="replaced that is not under way"):
        one.bisection.find(one.job, one.job.batches[0], REFUSED, W50(()))


def test_whether_what_the_tap_sent_is_kept_is_told(one_job: Make) -> None:
    assert one_job(aside=True).bisection.sets_aside
    assert not Bisection(None, one_job().places).sets_aside


# Which contacts are looked at.


@pytest.mark.parametrize("count", [1, 2, 7, 49, 50, 51, 99, 300, 10_000])
@pytest.mark.parametrize("most", [1, 3, 50])
def test_one_contact_of_each_stretch_is_looked_at_and_at_no_regular_distance(count: int, most: int) -> None:
    """The bad ones may be every nth."""
    parts = [ContactParts(b"", place) for place in range(count)]
    looked_at = [each.place for each in _spread(parts, most)]
    stretches = min(count, most)
    assert [(each * stretches + stretches - 1) // count for each in looked_at] == [*range(stretches)]
    distances = {later - earlier for earlier, later in pairwise(looked_at)}
    assert len(distances) > 1 or count < 99 or most < 50
