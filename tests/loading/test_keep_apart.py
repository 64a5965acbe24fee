"""EncContactId and match values together: whatever W50 takes for one contact takes effect in order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from target_w50.sandbox import Sandbox
from tests.support import entry, jobs_of, load_here, run_target, schema, settings

TEXT = {"type": ["null", "string"]}


def record(enc: str | None, email: str) -> dict[str, Any]:
    return {"type": "RECORD", "stream": "contacts", "record": {"enc": enc, "email": email}}


def test_records_that_may_be_one_contact_go_into_jobs_of_their_own(tmp_path: Path) -> None:
    """They have the match value in common and not EncContactId, so W50 decides whether they are one."""
    messages = [
        schema(properties={"enc": TEXT, "email": TEXT}, keys=()),
        record(None, "a@example.com"),
        record(None, "b@example.com"),
        record("X", "a@example.com"),
        record("X", "a@example.com"),
        record(None, "a@example.com"),
    ]
    with Sandbox(token="a-token") as sandbox:
        load_here(
            tmp_path, settings(sandbox, entry(enc_contact_id="enc"), max_rejected_percent=100), messages
        )
        jobs = jobs_of(sandbox)
    assert [job["ContactCount"] for job in jobs] == [2, 1, 1]


@pytest.mark.parametrize("rows", [1, 2])
def test_they_are_kept_apart_also_where_the_input_was_cut_at_the_contact(tmp_path: Path, rows: int) -> None:
    """The cut is for EncContactId, which is in an earlier batch: the job behind it holds its match values."""
    messages = [
        schema(properties={"enc": TEXT, "email": TEXT}, keys=()),
        record("X", "a@example.com"),
        record("Y", "b@example.com"),
        record("X", "a@example.com"),
        record(None, "a@example.com"),
    ]
    with Sandbox(token="a-token") as sandbox:
        config = settings(
            sandbox, entry(enc_contact_id="enc"), max_rejected_percent=100, batch_size_rows=rows
        )
        ended = run_target(tmp_path, config, messages)
        jobs = jobs_of(sandbox)
    assert ended.status == 0, ended.stderr
    assert [job["ContactCount"] for job in jobs] == [2, 1, 1]
