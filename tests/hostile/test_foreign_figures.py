"""Figures of a metrics file that no run can have: named and left out, before a sum or a chart."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.report import records


@pytest.mark.parametrize("figure", ["9" * 4300, "-1e400", "NaN", "1e308"])
@pytest.mark.parametrize("name", ["contacts_inserted", "run_seconds"])
def test_a_figure_that_no_run_can_have_is_named_and_left_out(tmp_path: Path, name: str, figure: str) -> None:
    every = [each for day in (0, 1) for each in (records.run(day), records.stream(day), records.job(day))]
    path = records.write(tmp_path / "metrics.jsonl", every)
    path.write_text(re.sub(rf'"{name}": [0-9.]+', f'"{name}": {figure}', path.read_text()))
    command = [sys.executable, "-m", "target_w50.cli", "report", str(path), "-o", str(tmp_path / "page.html")]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    assert re.search(rf"line \d: {name} is no", told.stderr)
