"""Figures of a metrics file that no run can have: named and left out, before a sum or a chart."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from target_w50.cli.main import run as w50
from tests.report import records


@pytest.mark.parametrize("figure", ["9" * 4300, "-1e400", "NaN", "1e308"])
@pytest.mark.parametrize("name", ["contacts_inserted", "run_seconds"])
def test_a_figure_that_no_run_can_have_is_named_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, figure: str
) -> None:
    every = [each for day in (0, 1) for each in (records.run(day), records.stream(day), records.job(day))]
    path = records.write(tmp_path / "metrics.jsonl", every)
    path.write_text(re.sub(rf'"{name}": [0-9.]+', f'"{name}": {figure}', path.read_text()))
    status = w50(["report", str(path), "-o", str(tmp_path / "page.html")])
    told = capsys.readouterr().err
    assert status == 0, told
    assert re.search(rf"line \d: {name} is no", told)
