"""A sandbox with two small lists, and the faults that the tests put into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from target_w50.sandbox import Sandbox
from tests.support import LIST, OTHER_LIST, Finished, Load, load_here, settings


@pytest.fixture
def start() -> Iterator[Callable[..., Sandbox]]:
    """Starts sandboxes with options; they end with the test."""
    with ExitStack() as stack:

        def begin(**options: Any) -> Sandbox:
            return stack.enter_context(Sandbox(**{"lists": [LIST, OTHER_LIST], **options}))

        yield begin


@pytest.fixture
def sandbox(start: Callable[..., Sandbox]) -> Sandbox:
    return start()


@pytest.fixture
def load(sandbox: Sandbox, tmp_path: Path) -> Load:
    """Loads messages into the sandbox with the usual settings and these."""

    def run(messages: Any, *entries: Mapping[str, Any], **more: Any) -> Finished:
        return load_here(tmp_path, settings(sandbox, *entries, **more), messages)

    return run
