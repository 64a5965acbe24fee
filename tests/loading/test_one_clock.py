"""Every wait of a run goes by the clock that it is given: hours pass in no time."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from target_w50.console.progress import Progress
from target_w50.errors import JobUnknownError, UnreachableError
from target_w50.outputs.metrics import MetricsWriter
from target_w50.runtime.stop import Stop
from target_w50.sandbox import Sandbox
from target_w50.settings.model import ProgressMode, settings_from
from target_w50.target import TargetW50
from target_w50.target.opening import open_run
from tests.fake_time import FakeClock
from tests.support import calls_of, jobs_of, lines, record, schema, settings, state, stored

MESSAGES = [schema(), record(1), record(2), state(2)]
HOUR_S = 3600.0


class Loaded:
    """A run by a clock of its own, over these messages to its end or its error."""

    def __init__(self, clock: FakeClock, config: dict[str, Any], messages: list[dict[str, Any]]) -> None:
        self.states: list[bytes] = []
        judged = settings_from(config)
        metrics = MetricsWriter(judged.metrics_path, logging.getLogger("metrics"), clock.now)
        run = open_run(judged, metrics, write_line=self.states.append, stop=Stop(clock))
        target = TargetW50(config={**config, "run_id": judged.run_id}, run=run)
        try:
            target.listen(io.BytesIO(lines(messages)))  # type: ignore[arg-type]  # our reader takes bytes as well
        finally:
            run.wind_up(None)
            self.seconds = clock.monotonic()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def slow_settings(sandbox: Sandbox, **more: Any) -> dict[str, Any]:
    """The pauses of a real run, not those of tests."""
    return settings(sandbox, **{"poll_interval_s": 5, "poll_max_interval_s": 60, "retry_for_s": 600, **more})


def test_a_job_that_takes_an_hour_is_polled_for_an_hour_of_the_runs_clock(
    start: Callable[..., Sandbox], clock: FakeClock
) -> None:
    sandbox = start(job_seconds=HOUR_S, monotonic=clock.monotonic)
    loaded = Loaded(clock, slow_settings(sandbox), MESSAGES)
    assert len(loaded.states) == 1
    assert HOUR_S <= loaded.seconds <= HOUR_S + 60
    # Every 5 s at first, then a tenth of the time waited, then once a minute.
    assert 60 <= calls_of(sandbox).count("status") <= 100
    assert len(stored(sandbox)) == 2


def test_jobs_of_two_lists_take_their_hours_side_by_side(
    start: Callable[..., Sandbox], clock: FakeClock
) -> None:
    sandbox = start(job_seconds=HOUR_S, monotonic=clock.monotonic)
    two = [
        {"stream": each, "contact_list": number, "match_fields": ["Email"]}
        for each, number in (("contacts", "42"), ("people", "43"))
    ]
    config = {**slow_settings(sandbox), "streams": two}
    loaded = Loaded(clock, config, [schema(), schema("people"), record(1), record(2, "people"), state(2)])
    assert len(loaded.states) == 1
    assert HOUR_S <= loaded.seconds <= HOUR_S + 60
    assert [each["Runs"] for each in jobs_of(sandbox)] == [1, 1]


def test_a_job_that_never_ends_is_given_up_after_its_time(
    start: Callable[..., Sandbox], clock: FakeClock
) -> None:
    sandbox = start(job_seconds=100 * HOUR_S, monotonic=clock.monotonic)
    with pytest.raises(JobUnknownError, match=r"job_timeout_s \(7200 s\)"):
        Loaded(clock, slow_settings(sandbox, job_timeout_s=2 * HOUR_S), MESSAGES)
    assert 2 * HOUR_S <= clock.monotonic() < 2 * HOUR_S + 1


def test_pauses_between_tries_go_by_the_clock_of_the_run(
    start: Callable[..., Sandbox], clock: FakeClock
) -> None:
    """The reader's own calls, and those in the background."""
    sandbox = start(
        monotonic=clock.monotonic,
        faults=[
            {"call": "list", "status": 503, "retry_after": 300},
            {"call": "add", "status": 429, "retry_after": 400},
        ],
    )
    loaded = Loaded(clock, slow_settings(sandbox), MESSAGES)
    assert len(loaded.states) == 1
    assert 700 <= loaded.seconds < 720


def test_the_time_for_tries_is_used_up_by_the_clock_of_the_run(
    start: Callable[..., Sandbox], clock: FakeClock
) -> None:
    sandbox = start(faults=[{"call": "add", "status": 429, "times": None}])
    with pytest.raises(UnreachableError):
        Loaded(clock, slow_settings(sandbox, retry_for_s=HOUR_S), MESSAGES)
    assert HOUR_S <= clock.monotonic() < HOUR_S + 1


def test_the_metrics_tell_the_times_of_that_clock(
    start: Callable[..., Sandbox], clock: FakeClock, tmp_path: Path
) -> None:
    sandbox = start(job_seconds=HOUR_S, monotonic=clock.monotonic)
    path = tmp_path / "metrics.jsonl"
    Loaded(clock, slow_settings(sandbox, metrics_path=str(path)), MESSAGES)
    written = path.read_text()
    assert '"started_at": "2027-01-01T00:00:00+00:00"' in written.replace('":"', '": "')
    assert "2027-01-01T01:00:" in written


def test_progress_is_shown_by_the_clock_of_the_run(clock: FakeClock) -> None:
    shown = Progress(ProgressMode.ALWAYS, _NoBooks(), io.StringIO(), clock)  # type: ignore[arg-type]
    looks: list[float] = []
    shown._looks.look = lambda: looks.append(clock.monotonic()) or []  # type: ignore[func-returns-value,method-assign]
    shown.start()
    clock.sleep(HOUR_S)
    shown.stop()
    assert len(looks) > 50
    assert looks == sorted(looks)


class _NoBooks:
    run_id = "run-1"
