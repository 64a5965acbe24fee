"""The figures of SECURITY.md are those of the code."""

from __future__ import annotations

from http import client as http_client
from pathlib import Path
from typing import Any

from target_w50 import errors
from target_w50.cli import contact_values
from target_w50.import_jobs import batches
from target_w50.journal import leases, sqlite_file
from target_w50.loading import open_batches, uploading
from target_w50.report import page, reading, rows
from target_w50.runtime import signals
from target_w50.settings.schema import SETTINGS_SCHEMA
from target_w50.singer import messages
from target_w50.validation import patterns
from target_w50.w50 import calls, client, models
from target_w50.w50.http import connections, retry, transport
from target_w50.w50.plain_words import MAX_QUOTE_CHARS
from target_w50.w50.wire import json_format, xml_answers

REPOSITORY = Path(__file__).parents[2]


def setting(name: str) -> Any:
    return SETTINGS_SCHEMA["properties"][name]["default"]


def binary(count: int) -> str:
    """Bytes in KiB or MiB, which they must be whole numbers of."""
    for unit, size in (("MiB", 1024 * 1024), ("KiB", 1024)):
        if count >= size:
            assert count % size == 0
            return f"{count // size} {unit}"
    return f"{count} bytes"


LIMITS = {
    "a line of the input or of a batch file (`max_line_bytes`)": f"{setting('max_line_bytes'):,} bytes",
    "one match of a pattern whose time is not linear": f"{patterns.LIMIT_S} s",
    "a pattern of a schema": f"{patterns.MAX_CHARS:,} characters",
    "a sentence with its names in the log or an error": f"{errors.MAX_SENTENCE_CHARS:,} characters",
    "levels of a STATE": f"{messages.DEEPEST_STATE}",
    "contacts in a request (`batch_size_rows`)": f"{setting('batch_size_rows'):,}",
    "bytes in a request (`batch_size_bytes`)": f"{setting('batch_size_bytes'):,}",
    "all open batches together": f"{open_batches.OPEN_BYTES:,} bytes",
    "contacts in open import jobs together": f"{open_batches.MOST_IN_OPEN_JOBS:,}",
    "batches kept in memory for a job": binary(batches.IN_MEMORY_BYTES),
    "batches kept in memory for all jobs": binary(batches.ALL_IN_MEMORY_BYTES),
    "an answer, unpacked": binary(transport.ANSWER_BYTES),
    "an answer with all contact lists, or all fields of one": binary(calls.COLLECTION_BYTES),
    "an answer to an upload": (
        f"{binary(calls.upload_answer_bytes(b'', 0))}, twice the request, and "
        f"{binary(calls.upload_answer_bytes(b'', 1) - calls.upload_answer_bytes(b'', 0))} for each contact"
    ),
    "what is read of the body of an error": binary(transport.MAX_ERROR_BYTES),
    "an answer on the wire, with all that HTTP puts around it": "twice the answer and 1 MiB",
    "a line of the head": binary(vars(http_client)["_MAXLINE"]),
    "headers of an answer": f"{vars(http_client)['_MAXHEADERS']}",
    "interim answers to one request": f"{connections.MAX_INTERIM_ANSWERS}",
    "depth of XML": f"{xml_answers.MAX_DEPTH} elements",
    "elements of XML": f"1,000 and one for each {xml_answers.MIN_BYTES_PER_ELEMENT} bytes",
    "objects and arrays of JSON": f"1,000 and one for each {json_format.MIN_BYTES_PER_CONTAINER} bytes",
    "connecting, TLS included": f"{client.DEFAULT_CONNECT_TIMEOUT_S:g} s",
    "a read (`request_timeout_s`)": f"{setting('request_timeout_s'):g} s",
    "a request as a whole": f"the same, and its body at {transport.BODY_BYTES_PER_S:,} bytes a second",
    "tries of one call (`retry_for_s`)": f"{setting('retry_for_s'):g} s",
    "a pause between two tries": f"{retry.MAX_PAUSE_S:g} s",
    "an import job (`job_timeout_s`)": f"{setting('job_timeout_s'):,} s",
    "rebuilds of an import job after doubtful answers": f"{uploading.MOST_REBUILDS}",
    "what is quoted of its words": f"{MAX_QUOTE_CHARS} characters",
    "a text of an import job in state and metrics": f"{models.MAX_TEXT_CHARS} characters",
    "a figure": f"{reading.MOST_OF_A_FIGURE:,}",
    "a contact list stays taken without a word of its run": f"{leases.LEASE_S:g} s",
    "waiting for a contact list that it holds (`journal_wait_s`)": f"{setting('journal_wait_s')} s",
    "waiting for the SQLite journal while it writes": f"{sqlite_file.LOCKED_S:g} s",
    "hashes of contacts of settled jobs (`journal_retention_days`)": (
        f"{setting('journal_retention_days')} days"
    ),
    "runs in the page's charts": f"{page.RUNS_IN_CHARTS}",
    "runs that the page tells one by one": f"{rows.RUNS_TOLD}",
    "import jobs and streams of them all": f"{rows.ROWS_TOLD}",
    "contact lists, and streams, on the page": f"{page.LISTS_SHOWN}",
    "complaints shown on the page": f"{page.COMPLAINTS_SHOWN}",
    "the value": binary(contact_values.MOST_VALUE_BYTES),
    "until the end": "5 s",
}


def test_the_limits_are_those_of_the_code() -> None:
    security = (REPOSITORY / "SECURITY.md").read_text(encoding="utf-8")
    table = security.partition("## Limits")[2].partition("\n## ")[0]
    rows = [line.split(" | ") for line in table.splitlines() if line.startswith("| ") and "---" not in line]
    assert {what: at_most for _, what, at_most, _ in rows[1:]} == LIMITS


def test_the_grace_after_a_signal_leaves_time_for_the_end() -> None:
    assert signals.GRACE_S + signals.LAST_WORDS_S < 5
