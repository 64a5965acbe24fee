"""What may be tried again, and after which pause."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from target_w50.w50.http.retry import (
    MAX_PAUSE_S,
    Effect,
    TimeUsedUpError,
    Timing,
    Tries,
    Verdict,
    judge_fault,
    judge_status,
    retry_after_s,
)
from tests.w50.support import FakeClock

READ, WRITE, RUN = Effect.NONE, Effect.REPEATABLE_IF_UNTOUCHED, Effect.ONCE


@pytest.mark.parametrize(
    ("status", "read", "write", "run"),
    [
        (200, Verdict.ACCEPTED, Verdict.ACCEPTED, Verdict.ACCEPTED),
        (204, Verdict.ACCEPTED, Verdict.ACCEPTED, Verdict.ACCEPTED),
        (302, Verdict.REFUSED, Verdict.REFUSED, Verdict.DOUBTFUL),
        (400, Verdict.REFUSED, Verdict.REFUSED, Verdict.REFUSED),
        (401, Verdict.UNAUTHORIZED, Verdict.UNAUTHORIZED, Verdict.UNAUTHORIZED),
        (403, Verdict.REFUSED, Verdict.REFUSED, Verdict.REFUSED),
        (404, Verdict.REFUSED, Verdict.REFUSED, Verdict.REFUSED),
        (408, Verdict.TRY_AGAIN, Verdict.DOUBTFUL, Verdict.DOUBTFUL),
        (407, Verdict.REFUSED, Verdict.REFUSED, Verdict.DOUBTFUL),
        (409, Verdict.REFUSED, Verdict.REFUSED, Verdict.DOUBTFUL),
        (413, Verdict.REFUSED, Verdict.REFUSED, Verdict.DOUBTFUL),
        (417, Verdict.REFUSED, Verdict.REFUSED, Verdict.REFUSED),
        (429, Verdict.TRY_AGAIN, Verdict.TRY_AGAIN, Verdict.TRY_AGAIN),
        (500, Verdict.TRY_AGAIN, Verdict.DOUBTFUL, Verdict.DOUBTFUL),
        (502, Verdict.TRY_AGAIN, Verdict.DOUBTFUL, Verdict.DOUBTFUL),
        (503, Verdict.TRY_AGAIN, Verdict.DOUBTFUL, Verdict.DOUBTFUL),
        (504, Verdict.TRY_AGAIN, Verdict.DOUBTFUL, Verdict.DOUBTFUL),
        (599, Verdict.TRY_AGAIN, Verdict.DOUBTFUL, Verdict.DOUBTFUL),
        (101, Verdict.TRY_AGAIN, Verdict.DOUBTFUL, Verdict.DOUBTFUL),
        (999, Verdict.TRY_AGAIN, Verdict.DOUBTFUL, Verdict.DOUBTFUL),
    ],
)
def test_a_status_is_judged_by_what_the_call_does(
    status: int, read: Verdict, write: Verdict, run: Verdict
) -> None:
    assert (judge_status(status, READ), judge_status(status, WRITE), judge_status(status, RUN)) == (
        read,
        write,
        run,
    )


def test_a_lost_post_is_doubtful_unless_no_connection_was_made() -> None:
    for effect in Effect:
        assert judge_fault(connected=False, effect=effect) is Verdict.TRY_AGAIN
    assert judge_fault(connected=True, effect=READ) is Verdict.TRY_AGAIN
    assert judge_fault(connected=True, effect=WRITE) is Verdict.DOUBTFUL
    assert judge_fault(connected=True, effect=RUN) is Verdict.DOUBTFUL


def _tries(clock: FakeClock, retry_for_s: float, random: float = 1.0) -> Tries:
    return Tries(retry_for_s, Timing(clock.sleep, clock.monotonic, lambda: random))


def test_pauses_double_up_to_a_minute_and_the_last_try_comes_as_the_time_ends() -> None:
    clock = FakeClock()
    tries = _tries(clock, 200)
    for _ in range(10):
        clock.sleep(tries.pause())
    with pytest.raises(TimeUsedUpError) as caught:
        tries.pause()
    assert clock.pauses == [0.5, 1, 2, 4, 8, 16, 32, 60, 60, 16.5]
    assert tries.number == len(clock.pauses) + 1
    assert (caught.value.after_s, caught.value.asked_s) == (200, None)


@given(
    st.floats(0, 3600), st.floats(0, 1, exclude_max=True), st.none() | st.floats(0, 100), st.floats(0, 400)
)
def test_no_try_begins_after_the_time(
    retry_for_s: float, random: float, asked_s: float | None, took_s: float
) -> None:
    """However long the tries themselves take, and whatever W50 asks for."""
    clock = FakeClock()
    tries = _tries(clock, retry_for_s, random)
    clock.now += took_s
    while tries.number < 30:
        try:
            pause_s = tries.pause(asked_s)
        except TimeUsedUpError:
            return
        assert pause_s >= (asked_s or 0)
        assert pause_s <= max(MAX_PAUSE_S, asked_s or 0)
        clock.sleep(pause_s)
        assert tries.elapsed_s() <= retry_for_s + 1e-9  # what a clock at 1000 s rounds to is far below


def test_pauses_are_jittered_between_half_and_all() -> None:
    assert _tries(FakeClock(), 600, random=0.0).pause() == 0.25
    assert _tries(FakeClock(), 600, random=1.0).pause() == 0.5


def test_a_longer_retry_after_is_kept_and_one_that_does_not_fit_ends_the_trying() -> None:
    clock = FakeClock()
    tries = _tries(clock, 100)
    assert tries.pause(90) == 90
    clock.sleep(90)
    with pytest.raises(TimeUsedUpError) as caught:
        tries.pause(11)
    assert caught.value.asked_s == 11


def test_no_time_means_one_try() -> None:
    with pytest.raises(TimeUsedUpError):
        _tries(FakeClock(), 0).pause()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "120"}, 120),
        ({"retry-after": " 0 "}, 0),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "1.5"}, None),
        ({"Retry-After": "9" * 400}, 999_999_999_999),
        ({"Retry-After": "Fri, 14 Nov 2025 21:30:00 GMT"}, 30),
        (
            {
                "Retry-After": "Fri, 14 Nov 2025 21:30:00 GMT",
                "Date": "Fri, 14 Nov 2025 21:29:00 GMT",
            },
            60,
        ),
        ({"Retry-After": "Fri, 14 Nov 2025 21:30:00 GMT", "Date": "today"}, 30),
        ({"Retry-After": "Fri, 14 Nov 2025 20:00:00 -0000"}, 0),
        ({"Retry-After": "Fri, 99 Nov 2025 21:30:00 GMT"}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date_against_the_servers_own_clock(
    headers: dict[str, str], seconds: float | None
) -> None:
    now = 1763155770.0  # 2025-11-14T21:29:30Z
    assert retry_after_s(CaseInsensitiveDict(headers), now) == seconds
