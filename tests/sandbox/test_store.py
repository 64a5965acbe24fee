"""What the store shows of a job at moments that no caller can choose."""

from __future__ import annotations

from target_w50.sandbox.model.models import Outcome
from target_w50.sandbox.model.options import Options
from target_w50.sandbox.model.store import Store

from .conftest import LIST, FakeClock


def test_a_job_is_not_shown_as_done_before_it_has_taken_effect() -> None:
    """Its time comes between two looks of the same answer: then its counters are not there yet."""
    clock = FakeClock()
    store = Store(Options(lists=[LIST], job_seconds=1.0, monotonic=clock))
    job = store.create_job(7, ["Email"])
    store.run_job(7, job.id, ["Email"], [], Outcome())
    clock.now_s += 2.0
    assert store.percent(job) == 99
    store.advance()
    assert store.percent(job) == 100
