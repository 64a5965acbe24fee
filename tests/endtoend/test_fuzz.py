"""Input damaged at random never gives a traceback, nor an exit status that the contract does not know."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from target_w50.sandbox import Sandbox
from tests.effort import tries
from tests.endtoend import program
from tests.support import calls_of, settings

RUNS = tries(60)
"""Runs for each way of setting up; each run has several damages."""
SECRET_VALUE = "@example.com"
ENDINGS = {0, 2, 3, 6}
ODD: list[bytes] = [
    *(b"null", b"true", b"0", b"-1", b'""', b"[]", b"{}", b"1e400", b"NaN", b"-Infinity", b"1" * 5000),
    *(b'"\\ud800"', b'"\\u0000"', b"[" * 2000 + b"]" * 2000, b'"RECORD"', b'"contacts"', b'{"a":{"b":[1]}}'),
    *(b"\xff", b"\x00", b"\n", b"\r", b'"', b"}", b"{", b",", b":", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b" "),
]
NAMES = [b'"type"', b'"stream"', b'"record"', b'"schema"', b'"properties"', b'"key_properties"', b'"value"']


def flip_a_byte(line: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(line))
    return line[:at] + bytes([chance.randrange(256)]) + line[at + 1 :]


def cut_a_piece(line: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(line))
    return line[:at] + line[at + chance.randrange(40) :]


def put_in_something_odd(line: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(line))
    return line[:at] + chance.choice(ODD) + line[at:]


def change_a_name(line: bytes, chance: random.Random) -> bytes:
    return line.replace(chance.choice(NAMES), chance.choice(NAMES), 1)


def change_a_value(line: bytes, chance: random.Random) -> bytes:
    """Well-formed still: some value, however deep, becomes another."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return line
    place: Any = message
    while True:
        keys = [*place] if isinstance(place, dict) else [*range(len(place))]
        if not keys:
            return line
        key = chance.choice(keys)
        if isinstance(place[key], (dict, list)) and place[key] and chance.random() < 0.7:
            place = place[key]
            continue
        if chance.random() < 0.3:
            del place[key]
        else:
            place[key] = "\0odd\0"
        return json.dumps(message).encode().replace(b'"\\u0000odd\\u0000"', chance.choice(ODD[:17]), 1)


def copy_a_part(line: bytes, chance: random.Random) -> bytes:
    first, last = sorted(chance.randrange(len(line)) for _ in range(2))
    return line[:last] + line[first:last] + line[last:]


DAMAGES: list[Callable[[bytes, random.Random], bytes]] = [
    flip_a_byte,
    cut_a_piece,
    put_in_something_odd,
    change_a_name,
    *[change_a_value] * 4,
    copy_a_part,
]


def damaged(lines: list[bytes], chance: random.Random) -> bytes:
    """The lines, in places out of order, doubled or gone, and some of them damaged; the first ones too."""
    result = [*lines]
    for _ in range(chance.randrange(1, 5)):
        at = min(chance.randrange(len(result)), chance.randrange(len(result)))
        kind = chance.random()
        if kind < 0.1:
            del result[at]
        elif kind < 0.2:
            result.insert(at, chance.choice(result))
        elif result[at]:
            result[at] = chance.choice(DAMAGES)(result[at], chance)
        if not result:
            return b""
    return b"\n".join(result)


SETUPS: dict[str, dict[str, Any]] = {
    "fail": {},
    "quarantine": {"on_invalid_record": "quarantine"},
    "maps": {
        "on_invalid_record": "quarantine",
        "stream_maps": {"*": {"hash": "md5(str(record.get('email')))", "__filter__": "True"}},
        "flattening_enabled": True,
        "flattening_max_depth": 3,
        "max_invalid_percent": 20,
    },
    "xml": {"on_invalid_record": "quarantine", "media_type": "text/xml", "batch_size_rows": 7},
}
ENTRY = {
    "stream": "*",
    "contact_list": "42",
    "match_fields": ["Id"],
    "field_naming": "exact",
    "fields": {"id": "Id"},
}

KEYLESS = {"stream": "*_nopk", "contact_list": "42", "match_fields": []}


def some_lines(name: str) -> list[bytes]:
    """The tap's messages, with a part of its many records."""
    every = (program.TAPS / name).read_bytes().splitlines()
    return [line for number, line in enumerate(every) if b'"RECORD"' not in line[:40] or number % 10 == 0]


def field_names() -> list[str]:
    names = {"Id", "hash"}
    for path in program.TAPS.glob("*.singer"):
        for message in program.tap_messages(path.name):
            names |= {*message.get("schema", {}).get("properties", {})}
            names |= {*message.get("record", {})}
    return sorted(names)


@pytest.mark.parametrize("setup", SETUPS)
def test_whatever_is_wrong_with_the_input_the_run_ends_in_words(tmp_path: Path, setup: str) -> None:
    chance = random.Random(f"{setup}-1")  # noqa: S311  # the same input each time
    taps = sorted(path.name for path in program.TAPS.glob("*.singer"))
    statuses: list[int] = []
    with Sandbox(lists=[program.contact_list(*field_names())], token="a-token") as sandbox:
        for number in range(RUNS):
            content = damaged(some_lines(taps[number % len(taps)]), chance)
            aside = tmp_path / f"aside-{number}"
            config = settings(sandbox, KEYLESS, ENTRY, quarantine_path=str(aside), **SETUPS[setup])
            ended = program.run(tmp_path, config, content)
            assert ended.status in ENDINGS, kept(tmp_path, content, ended.stderr)
            assert program.ends_in_words(ended), kept(tmp_path, content, ended.stderr)
            assert SECRET_VALUE not in ended.stderr, kept(tmp_path, content, ended.stderr)
            assert ended.status != 0 or program.adds_up(ended), kept(tmp_path, content, ended.stderr)
            assert all(isinstance(each, dict) for each in ended.states)
            statuses.append(ended.status)
            sandbox.reset()
        assert calls_of(sandbox) == []
    assert {0, 2} <= {*statuses}


def kept(folder: Path, content: bytes, stderr: str) -> str:
    """What an assertion says: where the input is that was not dealt with."""
    path = folder / "input.singer"
    path.write_bytes(content)
    return f"{path}\n{stderr[-3000:]}"
