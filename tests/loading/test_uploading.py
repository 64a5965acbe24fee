"""Filling one import job, step by step: what is sent of it, and what comes of each answer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import call

import pytest

from target_w50.errors import DoubtfulError, RefusedError, UnreachableError, W50Error
from target_w50.import_jobs.phases import Phase
from target_w50.w50 import UploadAnswer
from tests.loading.one_job import FRESH, RUN_ID, OneJob

Make = Callable[..., OneJob]


def lost(status: int | None = None, asked_s: float | None = None) -> DoubtfulError:
    error = DoubtfulError("the answer was lost", call="a_call", status=status)
    error.retry_after_s = asked_s
    return error


def created(one: OneJob) -> OneJob:
    """Have W50 create its job."""
    one.w50.create_import_job.return_value = FRESH
    one.upload()
    one.w50.reset_mock()
    return one


# Creating it.


def test_a_job_is_created_with_the_field_names_of_its_mapping_and_is_then_filled(one_job: Make) -> None:
    one = one_job()
    one.hold(2)
    one.w50.create_import_job.side_effect = one.taking(1.5, FRESH)
    one.upload()
    assert one.w50.mock_calls == [call.create_import_job(42, ("Email", "A"))]
    assert (one.job.phase, one.job.w50_job) == (Phase.FILLING, FRESH)
    assert one.job.effort is not None
    assert one.job.effort.create_seconds == 1.5


@pytest.mark.parametrize("error", [RefusedError("no", status=400), UnreachableError("away")], ids=repr)
def test_a_job_that_w50_certainly_did_not_create_waits_as_before(one_job: Make, error: W50Error) -> None:
    one = one_job()
    one.hold(2)
    one.w50.create_import_job.side_effect = error
    with pytest.raises(type(error)):
        one.upload()
    assert (one.job.phase, one.job.rebuilds) == (Phase.WAITING, 0)


def test_a_job_that_w50_gives_twice_is_left_alone_and_another_is_created(one_job: Make) -> None:
    """The contacts of two jobs would be in it."""
    one = one_job()
    one.hold(2)
    assert one.ledger.is_new(42, 7)
    one.w50.create_import_job.return_value = FRESH
    one.upload()
    assert (one.job.phase, one.job.rebuilds, one.job.w50_job) == (Phase.WAITING, 1, None)
    for _ in range(2):
        one.upload()
    with pytest.raises(UnreachableError, match="answered with import job 7, which this run knows") as caught:
        one.upload()
    assert caught.value.call == "create_import_job"


# Sending its batches.


def test_each_batch_is_sent_once_and_whole_with_the_number_of_its_contacts(one_job: Make) -> None:
    one = one_job()
    one.hold(2, 1)
    created(one)
    one.refuse(takes_s=2)
    one.upload(2)
    assert one.w50.mock_calls == [
        call.add_contacts(42, 7, b'[{"n":0},{"n":1}]', contacts=2),
        call.add_contacts(42, 7, b'[{"n":2}]', contacts=1),
    ]
    assert (one.job.at_hand, one.job.sent) == (None, 2)
    effort = one.job.effort
    assert effort is not None
    assert (effort.batches, effort.contacts_sent, effort.upload_seconds) == (2, 3, 4)


def test_what_w50_warns_of_is_counted_for_the_job(one_job: Make) -> None:
    one = one_job()
    one.hold(2)
    created(one)
    one.w50.add_contacts.side_effect = [UploadAnswer(((1, ("A is odd",)),))]
    one.upload()
    assert one.job.effort is not None
    assert (one.job.effort.warnings, one.job.sent) == ({"A is …": 1}, 1)


# Answers that were lost.


@pytest.mark.parametrize(
    ("error", "pauses_s"),
    [
        (lost(), [0, 0, 0]),
        (lost(500), [0, 0, 0]),
        (lost(503), [1, 4, 16]),
        (lost(503, 7), [7, 7, 7]),
        (lost(500, 7), [7, 7, 7]),
        (lost(503, 0), [0, 0, 0]),
        (lost(503, 20), [20, 20, 20]),
    ],
    ids=["lost", "500", "503", "503_asks", "500_asks", "503_asks_for_0", "asks_for_all_that_fits"],
)
def test_a_job_is_built_anew_three_times_after_the_pause_that_w50_asks_for(
    one_job: Make, error: DoubtfulError, pauses_s: list[float]
) -> None:
    """A 503 that asks for none is given time for a restart."""
    one = one_job(retry_for_s=20)
    one.hold(2)
    one.w50.create_import_job.side_effect = error
    for rebuilds in (1, 2, 3):
        one.upload()
        assert (one.job.phase, one.job.rebuilds) == (Phase.WAITING, rebuilds)
    with pytest.raises(UnreachableError, match="after 3 rebuilds") as caught:
        one.upload()
    assert one.w50.pause.mock_calls == [call(each) for each in pauses_s]
    raised = caught.value
    assert (raised.code, raised.call, raised.status) == ("rebuilds_exhausted", "a_call", error.status)
    assert "the answer was lost" in raised.message


def test_a_longer_pause_than_the_settings_allow_ends_the_run_with_what_w50_asked(one_job: Make) -> None:
    one = one_job(retry_for_s=20)
    one.hold(2)
    one.w50.create_import_job.side_effect = lost(503, 21)
    with pytest.raises(UnreachableError, match="asks to wait for 21 s") as caught:
        one.upload()
    raised = caught.value
    assert (raised.code, raised.call, raised.status) == ("w50_retry_later", "a_call", 503)
    assert (raised.retry_after_s, one.w50.pause.mock_calls) == (21, [])


def test_a_job_of_which_an_upload_was_lost_is_told_as_abandoned_and_begins_with_its_first_batch(
    one_job: Make,
) -> None:
    one = one_job()
    one.hold(2, 1)
    created(one)
    one.refuse(takes_s=3)
    one.upload()
    one.w50.add_contacts.side_effect = lost()
    one.upload()
    assert (one.job.phase, one.job.sent, one.job.rebuilds) == (Phase.WAITING, 0, 1)
    (told,) = one.told
    assert (told["outcome"], told["error"], told["batches"]) == ("abandoned", "the answer was lost", 1)
    assert (told["contacts_sent"], told["upload_seconds"]) == (2, 3)


# Batches that are too large.


@pytest.mark.parametrize("status", [413, 404])
def test_a_batch_that_is_too_large_is_sent_in_halves_in_its_order(one_job: Make, status: int) -> None:
    """IIS answers 404 to a body that is too large; the job is still there."""
    one = one_job()
    one.hold(3, 1)
    created(one)
    one.refuse(0, status=status)
    one.upload()
    assert (one.kept, one.job.sent, one.job.phase) == ([[0], [1, 2], [3]], 0, Phase.FILLING)
    assert one.w50.get_import_job.mock_calls == ([call(42, 7)] if status == 404 else [])
    one.refuse()
    one.upload(3)
    assert one.adds[1:] == [[0], [1, 2], [3]]


def test_a_job_that_is_not_there_any_more_is_not_taken_for_a_batch_that_is_too_large(one_job: Make) -> None:
    one = one_job()
    one.hold(2)
    created(one)
    one.refuse(0, status=404)
    one.w50.get_import_job.side_effect = RefusedError("no job", status=404)
    with pytest.raises(RefusedError, match="W50 says no"):
        one.upload()
    assert one.kept == [[0, 1]]


@pytest.mark.parametrize("contacts", [1, 2])
@pytest.mark.parametrize("status", [401, 403, 404, 409])
def test_a_refusal_that_is_not_about_contacts_ends_the_run(one_job: Make, status: int, contacts: int) -> None:
    one = one_job(aside=True)
    one.hold(contacts)
    created(one)
    one.refuse(0, status=status)
    one.w50.get_import_job.side_effect = RefusedError("no job", status=404)
    with pytest.raises(RefusedError, match="W50 says no"):
        one.upload()
    assert (one.job.phase, one.adds) == (Phase.FILLING, [[*range(contacts)]])


# Contacts that W50 refuses.


@pytest.mark.parametrize(("status", "contacts"), [(400, 2), (417, 2), (422, 2), (400, 1), (413, 1)])
def test_a_refused_batch_ends_the_run_where_nothing_is_set_aside(
    one_job: Make, status: int, contacts: int
) -> None:
    one = one_job()
    one.hold(contacts)
    created(one)
    one.refuse(0, status=status)
    with pytest.raises(RefusedError):
        one.upload()
    assert (one.job.phase, one.adds) == (Phase.FILLING, [[*range(contacts)]])


@pytest.mark.parametrize("status", [400, 417, 422])
def test_a_job_with_a_refused_batch_is_searched_told_once_as_abandoned_and_built_anew_without_a_doubt(
    one_job: Make, status: int
) -> None:
    """Two batches are refused; the second is looked into in the same job of W50."""
    one = one_job(aside=True)
    one.hold(1, 3, 3)
    created(one)
    one.refuse(2, 5, status=status)
    one.upload(2)
    assert (one.job.phase, one.job.sent) == (Phase.PROBING, 2)
    one.upload()
    assert (one.job.phase, one.job.sent, one.job.rebuilds) == (Phase.WAITING, 0, 0)
    assert (one.kept, one.set_aside, one.job.contacts) == ([[0], [1, 3], [4, 6]], [2, 5], 5)
    (told,) = one.told
    assert told["outcome"] == "abandoned"
    assert f"status {status}" in told["error"]
    assert {each.args[:2] for each in one.w50.add_contacts.mock_calls} == {(42, 7)}


def test_a_single_contact_that_is_too_large_is_set_aside_and_the_rest_kept(one_job: Make) -> None:
    one = one_job(aside=True)
    one.hold(1, 1)
    created(one)
    one.refuse(1, status=413)
    one.upload(2)
    assert (one.kept, one.set_aside, one.job.phase) == ([[0]], [1], Phase.WAITING)


def test_pieces_that_are_too_large_hold_a_contact_at_fault_too(one_job: Make) -> None:
    """Refused as a whole for a contact, and a piece of it as too large."""
    one = one_job(aside=True)
    one.hold(1, 4)
    created(one)
    answers: Iterator[Any] = iter([UploadAnswer(), RefusedError("no", status=400)])
    one.refuse(2, status=413)
    then = one.w50.add_contacts.side_effect

    def answer(*given: Any, **more: Any) -> Any:
        first = next(answers, None)
        if isinstance(first, Exception):
            raise first
        return first or then(*given, **more)

    one.w50.add_contacts.side_effect = answer
    one.upload(2)
    assert (one.kept, one.set_aside) == ([[0], [1, 3, 4]], [2])


def test_a_job_that_the_tap_still_adds_to_is_searched_on(one_job: Make) -> None:
    """It is begun anew when nothing more comes and each batch was looked at."""
    one = one_job(aside=True)
    one.hold(1, 2, closed=False)
    created(one)
    one.refuse(1)
    one.upload(2)
    assert one.job.phase is Phase.PROBING
    one.hold(1)
    one.upload()
    assert (one.job.phase, one.job.rebuilds) == (Phase.WAITING, 0)


def test_a_job_that_is_closed_behind_its_last_batch_is_begun_anew_at_the_next_step(one_job: Make) -> None:
    one = one_job(aside=True)
    one.hold(1, 2, closed=False)
    created(one)
    one.refuse(1)
    one.upload(2)
    one.job.close()
    one.upload()
    assert (one.job.phase, one.adds) == (Phase.WAITING, [[0], [1, 2], [1], [2]])


def searched(one: OneJob, *answers: Any) -> OneJob:
    """A batch was taken, and one refused; each piece of that is answered so, in turn."""
    one.hold(1, 2)
    created(one)
    one.w50.add_contacts.side_effect = [UploadAnswer(), RefusedError("whole", status=400), *answers]
    one.upload(2)
    return one


def test_a_piece_whose_answer_was_lost_is_sent_again_up_to_three_times(one_job: Make) -> None:
    """Its job is never run, so it may be there twice."""
    no = RefusedError("alone", status=400)
    one = searched(one_job(aside=True), lost(), lost(), no, lost(), lost(), UploadAnswer())
    assert (one.kept, one.set_aside) == ([[0], [2]], [1])
    bodies = [each.args[2] for each in one.w50.add_contacts.mock_calls[2:]]
    assert bodies == [b'[{"n":1}]'] * 3 + [b'[{"n":2}]'] * 3


def test_a_piece_whose_answer_was_lost_three_times_is_given_up_for_another_job(one_job: Make) -> None:
    with pytest.raises(DoubtfulError):
        searched(one_job(aside=True), lost(), lost(), lost(), UploadAnswer(), UploadAnswer())


def test_a_piece_that_is_refused_for_another_reason_ends_the_run(one_job: Make) -> None:
    one = one_job(aside=True)
    with pytest.raises(RefusedError, match="not you"):
        searched(one, RefusedError("not you", status=403), UploadAnswer())
    assert one.set_aside == []


def test_a_lost_answer_while_a_job_is_searched_counts_as_a_rebuild_and_is_told_no_second_time(
    one_job: Make,
) -> None:
    one = one_job(aside=True)
    one.hold(1, 2, 1)
    created(one)
    one.refuse(1)
    one.upload(2)
    one.w50.add_contacts.side_effect = lost()
    one.upload()
    assert (one.job.phase, one.job.rebuilds, len(one.told)) == (Phase.WAITING, 1, 1)


def test_twenty_refused_contacts_in_single_batches_and_not_one_taken_end_the_run(one_job: Make) -> None:
    one = one_job(aside=True)
    one.hold(*[1] * 20)
    created(one)
    one.refuse(*range(20))
    with pytest.raises(RefusedError):
        one.upload(20)


def test_every_line_about_a_job_can_be_found_by_run_job_list_and_stream(
    one_job: Make, caplog: pytest.LogCaptureFixture
) -> None:
    one = one_job()
    one.hold(2)
    with caplog.at_level(logging.INFO, "target-w50"):
        created(one)
        one.refuse(0, status=413)
        one.upload()
        one.w50.add_contacts.side_effect = lost()
        one.upload()
    assert len(caplog.records) == 3
    for said in caplog.records:
        assert (
            vars(said).items()
            >= {
                "run_id": RUN_ID,
                "import_job_id": 7,
                "contact_list_id": 42,
                "stream_name": "contacts",
            }.items()
        )
        assert "import job 7 of contact list 42" in said.getMessage()
    assert "2 contacts and 17 bytes" in caplog.messages[1]
    assert "(1 of 3): the answer was lost" in caplog.messages[2]
