"""Which W50 is talked to is said first: the settings may be another project's."""

from __future__ import annotations

import pytest

from tests.cli.support import Operator
from tests.support import lines, record, schema


@pytest.mark.parametrize(
    "command",
    [
        ("lists",),
        ("fields", "42"),
        ("job", "42", "1017"),
        ("check",),
        ("plan", "FILE"),
        ("plan", "FILE", "--list", "42"),
    ],
    ids=" ".join,
)
def test_whatever_asks_w50_says_first_which_one(operator: Operator, command: tuple[str, ...]) -> None:
    path = operator.folder / "input.singer"
    path.write_bytes(lines([schema(), record(1)]))
    more = {"streams": None} if "--list" in command else {}
    told = operator.w50(*(str(path) if each == "FILE" else each for each in command), **more)
    host = operator.sandbox.url.partition("//")[2].partition("/")[0]
    assert told.err.splitlines()[0] == f"w50: asks the W50 at {host}"


def test_what_asks_nobody_names_nobody(operator: Operator) -> None:
    path = operator.folder / "input.singer"
    path.write_bytes(lines([schema()]))
    assert "asks the W50" not in operator.w50("plan", str(path), "--offline", streams=None).err
