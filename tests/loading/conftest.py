"""What the tests in this folder have beside the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from tests.loading.one_job import OneJob


@pytest.fixture
def one_job(tmp_path: Path) -> Iterator[Callable[..., OneJob]]:
    """Makes an import job, with these settings; it is closed with the test."""
    with ExitStack() as stack:

        def make(**more: Any) -> OneJob:
            return stack.enter_context(closing(OneJob(tmp_path, **more)))

        yield make
