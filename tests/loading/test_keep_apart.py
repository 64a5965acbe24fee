"""EncContactId and match values together: whatever W50 takes for one contact takes effect in order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from target_w50.sandbox import Sandbox
from tests.support import entry, jobs_of, load_here, schema, settings

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
