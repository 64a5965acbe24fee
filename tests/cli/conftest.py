"""An operator with a sandbox of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from target_w50.sandbox import Sandbox
from tests.cli.support import TOKEN, Operator


@pytest.fixture
def operator(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Operator]:
    with Sandbox(token=TOKEN) as sandbox:
        yield Operator(sandbox, tmp_path, capsys)
