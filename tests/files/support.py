"""What the tests of files share: a file by its bytes, and what is made of it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from target_w50.errors import InputError
from target_w50.files.feed import Feed
from target_w50.files.opening import Reading, open_sources
from target_w50.files.source import Source, merged, schema_of

SECRET = "Wilhelmine-Secret"
"""Stands in files that are broken: no message may have it."""


def opened(path: Path, content: bytes | str, **reading: Any) -> Source:
    """The file with this content, read through; packed if its name says so."""
    given = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(given) if path.suffix == ".gz" else given)
    return open_sources([str(path)], Reading(**reading))[0]


def fed(*sources: Source) -> list[dict[str, Any]]:
    """The messages that are made of files."""
    schema = schema_of(merged(each.columns for each in sources))
    with Feed(sources, "people", schema) as feed, open(feed.fileno(), "rb", closefd=False) as lines:
        messages = [json.loads(line) for line in lines]
        feed.check_end()
    return messages


def records(*sources: Source) -> list[dict[str, Any]]:
    """The records that are made of files."""
    schema, *rest = fed(*sources)
    assert schema["type"] == "SCHEMA"
    assert {each["type"] for each in rest} <= {"RECORD"}
    return [each["record"] for each in rest]


def refused(path: Path, content: bytes | str, **reading: Any) -> InputError:
    """Why the file is refused; its values are not said."""
    with pytest.raises(InputError) as raised:
        opened(path, content, **reading)
    words = raised.value.message
    assert str(path) in words
    assert "Nothing was sent" in words
    assert SECRET not in words
    return raised.value
