"""The books of a run: what they keep, and that they are open for moments only."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from target_w50.errors import StoppedError
from target_w50.import_jobs.phases import Outcome, Phase
from target_w50.outputs.ledger import Repeat
from target_w50.settings.model import StateMode
from tests.outputs.books import NOW, SEEN, Books
from tests.support import JSON_FRAME

EVENTS: dict[str, Any] = {"custom_events": ["SendWelcomeEmail"]}
STOPPED = StoppedError("stopped", exit_status=143, code="signal")


@pytest.fixture
def open_books(tmp_path: Path) -> Iterator[Callable[..., Books]]:
    with ExitStack() as stack:
        yield lambda *mode: stack.enter_context(closing(Books(tmp_path, *mode)))


@pytest.fixture
def books(open_books: Callable[..., Books]) -> Books:
    return open_books()


def line(at: int) -> bytes:
    return b'{"at":%d}' % at


def repeat(number: int, *, events: bool = True, makes_duplicates: bool = True) -> Repeat:
    return Repeat(number, tuple(EVENTS["custom_events"]) if events else (), makes_duplicates)


# What would be repeated.


def test_of_a_job_that_has_ended_only_what_may_be_repeated_is_kept(books: Books) -> None:
    """A tap without states covers none of them: their batches must not be kept until the end."""
    job = books.run(books.begin(1, **EVENTS))
    books.ledger.cut()
    books.ledger.ended(job, SEEN, Outcome.FINISHED)
    ended = weakref.ref(job)
    del job
    assert ended() is None
    assert books.ledger.repeats == [repeat(1)]


def test_a_state_covers_what_would_be_repeated(books: Books) -> None:
    job = books.run(books.begin(1, **EVENTS))
    books.ledger.cut()
    books.ledger.ended(job, SEEN, Outcome.FINISHED)
    books.state(1)
    assert (books.written, books.ledger.repeats) == ([line(1)], [])


def test_records_behind_a_state_are_repeated_with_their_job(books: Books) -> None:
    job = books.begin(1, **EVENTS)
    books.ledger.state_read({"at": 1})
    books.ledger.read(1, job.counts)
    books.ledger.cut()
    books.ledger.ended(books.run(job), SEEN, Outcome.FINISHED)
    assert (books.written, books.ledger.repeats) == ([line(1)], [repeat(1)])


@pytest.mark.parametrize(
    ("members", "repeats"),
    [
        ({"match_fields": ["Email"]}, []),
        ({"match_fields": []}, [repeat(1, events=False)]),
        ({"match_fields": [], "enc_contact_id": "id"}, []),
        ({"match_fields": ["Email"], **EVENTS}, [repeat(1, makes_duplicates=False)]),
        ({"match_fields": [], "enc_contact_id": "id", **EVENTS}, [repeat(1, makes_duplicates=False)]),
    ],
    ids=["matched", "not_matched", "by_id", "with_events", "by_id_with_events"],
)
def test_a_repeat_matters_where_events_fire_or_nothing_tells_which_contact_it_is(
    books: Books, members: dict[str, Any], repeats: list[Repeat]
) -> None:
    job = books.run(books.begin(1, **members))
    assert books.ledger.repeats == repeats
    books.ledger.took_no_effect(job)
    assert books.ledger.repeats == []


def test_a_job_that_matters_to_nobody_may_take_no_effect(books: Books) -> None:
    books.ledger.took_no_effect(books.run(books.begin(1, match_fields=["Email"])))
    assert (books.ledger.repeats, books.ledger.contacts_with_events) == ([], {})


def test_contacts_that_had_events_are_counted_over_the_jobs_of_a_list(books: Books) -> None:
    first = books.run(books.begin(1, 3, **EVENTS))
    second = books.run(books.begin(2, 2, **EVENTS))
    books.run(books.begin(3, 4, list_id=43, **EVENTS))
    books.run(books.begin(4, 5, match_fields=[]))
    assert books.ledger.contacts_with_events == {42: 5, 43: 4}
    books.ledger.took_no_effect(second)
    assert books.ledger.contacts_with_events == {42: 3, 43: 4}
    books.ledger.took_no_effect(first)
    assert books.ledger.contacts_with_events == {42: 0, 43: 4}


def test_an_id_is_new_once_for_each_list(books: Books) -> None:
    ledger = books.ledger
    assert [ledger.is_new(42, 7), ledger.is_new(42, 7), ledger.is_new(43, 7)] == [True, False, True]


# What was read.


def test_records_are_counted_for_the_run_once_and_for_each_of_their_streams(books: Books) -> None:
    one, other = books.ledger.counts("one"), books.ledger.counts("other")
    books.ledger.read(3, one, other)
    books.ledger.read(2, one)
    books.ledger.read(1)
    assert (books.ledger.records_read, one.records_read, other.records_read) == (6, 5, 3)


def test_a_streams_counts_begin_with_its_first_schema_and_go_on(books: Books) -> None:
    counts = books.ledger.counts("one")
    assert (counts.stream, counts.started_at) == ("one", NOW)
    assert books.ledger.counts("one") is counts
    assert books.ledger.streams == {"one": counts}


def test_the_books_know_what_waits_for_a_cut_and_for_a_state(books: Books) -> None:
    ledger = books.ledger
    assert (ledger.waits, ledger.state_waits) == (False, False)
    job = books.begin(1)
    assert (ledger.waits, ledger.state_waits) == (True, False)
    books.state(1)
    assert (ledger.waits, ledger.state_waits) == (False, True)
    ledger.ended(books.run(job), SEEN, Outcome.FINISHED)
    assert (ledger.waits, ledger.state_waits, books.written) == (False, False, [line(1)])


# States.


def test_a_state_passes_only_when_every_job_before_it_has_ended(books: Books) -> None:
    first, second = books.begin(1), books.begin(2)
    books.state(1)
    third = books.begin(3)
    books.state(2)
    for job in (third, second):
        books.ledger.ended(books.run(job), SEEN, Outcome.FINISHED)
    assert books.written == []
    books.ledger.ended(books.run(first), SEEN, Outcome.FINISHED)
    assert books.written == [line(2)]


def test_what_a_state_must_not_pass_is_made_durable_before_each(books: Books) -> None:
    for number in (1, 2):
        job = books.run(books.begin(number))
        books.state(number)
        books.ledger.ended(job, SEEN, Outcome.FINISHED)
    assert (books.made_durable, books.written) == ([0, 1], [line(1), line(2)])


def test_after_a_stop_no_state_passes(books: Books) -> None:
    job = books.run(books.begin(1))
    books.state(1)
    books.stop.set(STOPPED)
    books.ledger.ended(job, SEEN, Outcome.FINISHED)
    assert (books.written, job.outcome) == ([], Outcome.FINISHED)
    assert books.ledger.state_waits
    books.state(2)
    assert books.written == []


def test_a_job_whose_contacts_may_not_be_passed_lets_no_state_out(books: Books) -> None:
    job = books.run(books.begin(1))
    books.state(1)
    books.ledger.ended(job, SEEN, Outcome.FINISHED, acknowledges=False)
    assert (books.written, books.ledger.open_jobs) == ([], [])
    assert [each["outcome"] for each in books.told("w50_import_jobs")] == ["finished"]


def test_who_writes_a_state_writes_too_what_comes_meanwhile(books: Books) -> None:
    """The other does not wait for whoever reads the states."""
    first = books.run(books.begin(1))
    books.state(1)
    second = books.run(books.begin(2))
    books.state(2)
    returned: list[int] = []

    def write(state: bytes) -> None:
        if not books.written:
            books.ledger.ended(second, SEEN, Outcome.FINISHED)
            returned.append(len(books.written))
        books.written.append(state)

    books.write = write
    books.ledger.ended(first, SEEN, Outcome.FINISHED)
    assert (returned, books.written) == ([0], [line(1), line(2)])


def test_after_a_state_that_could_not_be_written_the_next_may_be(books: Books) -> None:
    first = books.run(books.begin(1, **EVENTS))
    books.state(1)

    def fail(_: bytes) -> None:
        raise OSError

    books.write = fail
    with pytest.raises(OSError, match=r"^$"):
        books.ledger.ended(first, SEEN, Outcome.FINISHED)
    assert books.ledger.repeats == [repeat(1)]
    books.write = books.written.append
    books.ledger.settle()
    second = books.run(books.begin(2))
    books.state(2)
    books.ledger.ended(second, SEEN, Outcome.FINISHED)
    assert books.written == [line(2)]


def test_the_last_line_says_the_state_again_with_what_has_ended_since(
    open_books: Callable[..., Books],
) -> None:
    books = open_books(StateMode.WITH_JOBS)
    books.state(1)
    job = books.run(books.begin(1))
    books.ledger.cut()
    books.ledger.ended(job, SEEN, Outcome.FINISHED)
    books.ledger.finish()
    first, last = books.written
    assert b'"job_count"' not in first
    assert b'"contacts":{"job_count":1' in last


def test_a_run_that_was_stopped_writes_no_last_line(open_books: Callable[..., Books]) -> None:
    books = open_books(StateMode.ALWAYS)
    books.stop.set(STOPPED)
    with pytest.raises(StoppedError):
        books.ledger.finish()
    assert books.written == []


# How jobs end.


def test_a_job_that_ended_is_counted_and_told_with_its_results(books: Books) -> None:
    seen = replace(SEEN, inserted_contacts=3, updated_contacts=1, not_updated_contacts=2, dropped_contacts=4)
    for number in (1, 2):
        job = books.run(books.begin(number, 7))
        books.ledger.ended(job, seen, Outcome.FINISHED)
    counts = books.ledger.counts("contacts")
    assert (counts.import_jobs, counts.contacts_sent, counts.contacts_rejected) == (2, 14, 2)
    assert (counts.contacts_inserted, counts.contacts_dropped) == (6, 8)
    told = books.told("w50_import_jobs")
    assert [(each["outcome"], each["error"], each["run_id"]) for each in told] == [
        ("finished", None, "a-run")
    ] * 2
    assert {(each["inserted_contacts"], each["ended_at"]) for each in told} == {(3, NOW.isoformat())}
    assert books.ledger.open_jobs == []


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.UNKNOWN])
def test_a_job_that_ended_badly_was_sent_all_the_same_and_keeps_its_state_back(
    books: Books, outcome: Outcome
) -> None:
    job = books.run(books.begin(5, 3))
    books.state(1)
    books.ledger.ended_badly(job, outcome, "so it went")
    (told,) = books.told("w50_import_jobs")
    assert (told["import_job_id"], told["outcome"], told["error"]) == (5, outcome.value, "so it went")
    assert (job.counts.import_jobs, job.counts.contacts_sent, job.counts.contacts_rejected) == (1, 3, 0)
    assert (books.written, job.outcome) == ([], outcome)


def test_a_job_that_is_not_run_was_not_sent(books: Books) -> None:
    job = books.fill(books.begin(5, 3))
    books.ledger.ended_badly(job, Outcome.ABANDONED, "so it went")
    assert [each["outcome"] for each in books.told("w50_import_jobs")] == ["abandoned"]
    assert (job.counts.import_jobs, job.counts.contacts_sent) == (0, 0)


def test_the_counts_of_jobs_that_ended_badly_add_up(books: Books) -> None:
    for number in (1, 2):
        books.ledger.ended_badly(books.run(books.begin(number, 3)), Outcome.FAILED, "so it went")
    counts = books.ledger.counts("contacts")
    assert (counts.import_jobs, counts.contacts_sent) == (2, 6)


def test_a_job_ends_once_however_often_it_is_said(books: Books) -> None:
    job = books.run(books.begin(1))
    books.ledger.ended_badly(job, Outcome.FAILED, "so it went")
    books.ledger.ended_badly(job, Outcome.UNKNOWN, "or so")
    assert job.outcome is Outcome.FAILED
    assert [each["outcome"] for each in books.told("w50_import_jobs")] == ["failed"]


def test_a_job_that_w50_never_had_is_told_nowhere(books: Books) -> None:
    job = books.begin(1)
    books.ledger.given_up(job, "so it went")
    assert job.phase is Phase.WAITING
    books.ledger.ended_badly(job, Outcome.ABANDONED, "so it went")
    assert books.told("w50_import_jobs") == []


def test_a_job_without_contacts_is_told_as_abandoned_and_its_state_passes(books: Books) -> None:
    job = books.fill(books.begin(1))
    books.state(1)
    books.ledger.ended_without_contacts(job, "nothing was left")
    (told,) = books.told("w50_import_jobs")
    assert (told["outcome"], told["error"]) == ("abandoned", "nothing was left")
    assert (books.written, job.outcome, books.ledger.open_jobs) == ([line(1)], Outcome.ABANDONED, [])


# The end of the run.


def test_when_the_books_are_closed_what_may_run_is_unknown_and_the_rest_abandoned(books: Books) -> None:
    running, filled, waiting = books.run(books.begin(1)), books.fill(books.begin(2)), books.begin(3)
    assert books.ledger.open_jobs == [running, filled, waiting]
    assert books.ledger.running == [running]
    books.ledger.close_books("the run ended")
    outcomes = [each.outcome for each in (running, filled, waiting)]
    assert outcomes == [Outcome.UNKNOWN, Outcome.ABANDONED, Outcome.ABANDONED]
    told = books.told("w50_import_jobs")
    assert [(each["import_job_id"], each["outcome"], each["error"]) for each in told] == [
        (1, "unknown", "the run ended"),
        (2, "abandoned", "the run ended"),
    ]
    for each in (running, filled, waiting):
        with pytest.raises(ValueError, match="closed file"):
            each.store.put([b"{}"], [1], None, JSON_FRAME)


def test_of_jobs_that_ended_those_are_still_said_to_run_of_which_nobody_knows(books: Books) -> None:
    unknown, failed, running = (books.run(books.begin(number)) for number in (1, 2, 3))
    books.ledger.ended_badly(unknown, Outcome.UNKNOWN, "so it went")
    books.ledger.ended_badly(failed, Outcome.FAILED, "so it went")
    assert books.ledger.running == [unknown, running]


def test_after_a_stop_nobody_waits_for_whoever_reads_the_states(books: Books) -> None:
    first = books.run(books.begin(1))
    books.state(1)
    settled: list[bool] = []

    def write(state: bytes) -> None:
        books.stop.set(STOPPED)
        books.ledger.settle()
        settled.append(True)
        books.written.append(state)

    books.write = write
    books.ledger.ended(first, SEEN, Outcome.FINISHED)
    assert settled == [True]


def test_who_waits_for_a_state_to_be_written_looks_twice_a_second_for_a_stop(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody tells of one: whoever writes the state may stand still."""
    first = books.run(books.begin(1))
    books.state(1)
    waits: list[float | None] = []

    def wait(seconds: float | None = None) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            books.stop.set(STOPPED)

    monkeypatch.setattr(books.ledger._books, "wait", wait)
    books.write = lambda _: books.ledger.settle()
    books.ledger.ended(first, SEEN, Outcome.FINISHED)
    assert waits == [0.5, 0.5]


def test_each_stream_and_the_run_are_told_at_the_end(books: Books) -> None:
    job = books.run(books.begin(1, 3))
    books.state(1)
    books.ledger.ended(job, SEEN, Outcome.FINISHED)
    books.ledger.read(2, books.ledger.counts("people"))
    books.ledger.write_streams()
    books.ledger.write_run(
        {
            "started_at": NOW.isoformat(),
            "ended_at": NOW.isoformat(),
            "exit_status": 0,
            "error_code": None,
            "error": None,
            "rerun": "safe",
            "rerun_import_job_ids": [],
            "api_host": "localhost",
        }
    )
    streams = books.told("w50_streams")
    assert [(each["stream"], each["records_read"], each["contacts_sent"]) for each in streams] == [
        ("contacts", 1, 3),
        ("people", 2, 0),
    ]
    assert {(each["run_id"], each["ended_at"]) for each in streams} == {("a-run", NOW.isoformat())}
    (run,) = books.told("w50_runs")
    assert (run["run_id"], run["records_read"], run["states_written"]) == ("a-run", 3, 1)
