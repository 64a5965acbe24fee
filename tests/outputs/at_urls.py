"""What the tests of outputs at URLs share: settings, messages, and what stands in the store."""

from __future__ import annotations

import json
from typing import Any

from dev.s3_server import BUCKET, SECRETS, S3Server
from target_w50.sandbox import Sandbox
from tests.support import Finished, record, schema, settings, state

INVALID = {"type": "RECORD", "stream": "contacts", "record": {"email": "odd@example.com", "first_name": 7}}
MESSAGES = [schema(), record(1), INVALID, state(1)]


def at_urls(sandbox: Sandbox, name: str, **more: Any) -> dict[str, Any]:
    return settings(
        sandbox,
        **{
            "metrics_path": f"s3://{BUCKET}/{name}/metrics/{{run_id}}.singer",
            "quarantine_path": f"s3://{BUCKET}/{name}/aside/{{run_id}}.singer",
            "on_invalid_record": "quarantine",
            "run_id": name,
            "retry_for_s": 1,
            "request_timeout_s": 60,
            **more,
        },
    )


def parts(s3: S3Server, folder: str) -> dict[str, list[dict[str, Any]]]:
    """The messages of each object below a folder."""
    files = s3.files
    return {
        name.rpartition("/")[2]: [
            json.loads(line) for line in files.cat_file(name).splitlines() if line.strip()
        ]
        for name in sorted(files.find(f"{BUCKET}/{folder}/"))
    }


def told(s3: S3Server, name: str) -> list[dict[str, Any]]:
    """The metrics records of a run's parts."""
    of_all = [each for messages in parts(s3, f"{name}/metrics").values() for each in messages]
    return [each for each in of_all if each["type"] == "RECORD"]


def answer(status: int) -> list[bytes]:
    return [f"HTTP/1.1 {status} Some reason\r\nContent-Length: 0\r\n\r\n".encode()]


def no_secrets_in(done: Finished) -> bool:
    return not any(secret in done.stderr + done.stdout for secret in SECRETS)
