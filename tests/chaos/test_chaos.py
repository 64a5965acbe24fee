"""The short version of `make chaos`: a few scenarios, other ones every day, and programs that are forked."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tests.chaos.play import Player

SEEDS = (63, 22, 45, 4)
"""Together they have all traits, and each two of them that a scenario can have at once."""
TODAY = dt.datetime.now(dt.timezone.utc).date().toordinal()


@pytest.mark.parametrize("seed", [*SEEDS, TODAY])
def test_every_promise_is_kept_whatever_befalls_w50_the_tap_and_the_program(
    seed: int, tmp_path: Path
) -> None:
    result = Player(seed, tmp_path, forked=True).play()
    repeated = f"To repeat: python -m tests.chaos.run --runs 1 --seed {seed}"
    assert not result.violations, "\n".join((*result.violations, repeated))
