"""A small answer that would unpack into gigabytes is refused while it is read, with words."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.support import entry, record, run_target, schema
from tests.w50.support import RawServer, Reply, http

BYTES = 15_000_000
MEMORY = "-v 1200000"
"""What the program may have, in kB; of which it needs half."""

NAMESPACE = "urn:" + "x" * 500_000
ANSWERS = {
    "nested XML": ("application/xml", b"<a>" * (BYTES // 3)),
    "flat XML": ("application/xml", b"<a>" + b"<a/>" * (BYTES // 4) + b"</a>"),
    "XML of many attributes": ("application/xml", b"<a>" + b'<a b="" c="" d=""/>' * (BYTES // 19) + b"</a>"),
    "XML of large names": (
        "application/xml",
        f'<x:a xmlns:x="{NAMESPACE}">'.encode() + b"".join(b"<x:a%d/>" % n for n in range(20_000)),
    ),
    "nested JSON": ("application/json", b"[" * BYTES),
    "JSON of objects": ("application/json", b"[" + b'{"a":{}},' * (BYTES // 9) + b"{}]"),
    "JSON of arrays": ("application/json", b"[" + b"[[]]," * (BYTES // 5) + b"[]]"),
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_an_answer_that_would_fill_the_memory_ends_the_run_with_words(tmp_path: Path, kind: str) -> None:
    media_type, content = ANSWERS[kind]
    packed = gzip.compress(content)
    headers = (f"Content-Type: {media_type}", "Content-Encoding: gzip")
    found = http(200, {"Id": 42, "Name": "Newsletter", "Count": 1})
    with RawServer([Reply(found), Reply(http(200, packed, *headers))]).running() as server:
        config = {"api_url": server.url, "auth_token": "a-token", "streams": [entry()], "retry_for_s": 0}
        finished = run_target(tmp_path, config, [schema(), record(1)], limit=MEMORY)
    assert len(packed) < 200_000
    assert finished.status == 4, finished.stderr
    assert "not as documented" in finished.last_line
