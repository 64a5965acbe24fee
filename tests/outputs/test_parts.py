"""Messages in parts: what a part holds, when it goes out, and under which number."""

from __future__ import annotations

import inspect
import json
from typing import Any

import fsspec
import pytest

from target_w50.errors import StoreError
from target_w50.outputs import parts, stores
from target_w50.outputs.parts import MessageParts
from target_w50.outputs.store_calls import StoreCalls
from target_w50.outputs.stores import fault_of
from target_w50.settings.output_place import part_of

URL = "s3://bucket/aside/run.singer"
SCHEMA = b'{"type": "SCHEMA", "stream": "a"}'


class Memory:
    """A store in this process's memory; `fails` is raised by what would write."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.fails: Exception | None = None
        self.lost = 0

    def pipe_file(self, url: str, data: bytes, mode: str = "overwrite") -> None:
        if self.fails is not None:
            raise self.fails
        if mode == "create" and url in self.objects:
            raise FileExistsError
        self.objects[url] = data
        if self.lost:
            self.lost -= 1
            raise ConnectionResetError

    def cat_file(self, url: str, start: int | None, end: int | None) -> bytes:
        return self.objects[url][start:end]

    def rm_file(self, url: str) -> None:
        del self.objects[url]

    @property
    def kept(self) -> dict[str, list[str]]:
        """The types of each object's messages."""
        return {
            url.rpartition("/")[2]: [json.loads(line)["type"] for line in data.splitlines()]
            for url, data in self.objects.items()
        }


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    store = Memory()
    monkeypatch.setattr(stores, "driver", lambda *_: store)
    return store


def opened(retry_for_s: float = 0) -> MessageParts:
    return MessageParts(URL, StoreCalls(None, retry_for_s=retry_for_s, timeout_s=5), "quarantine_path")


def line(size: int = 0) -> bytes:
    return json.dumps({"type": "RECORD", "stream": "a", "record": {"x": "x" * size}}).encode()


def test_nothing_is_written_that_nobody_needs(memory: Memory) -> None:
    output = opened()
    output.sync()
    output.close()
    assert memory.objects == {}


def test_a_part_goes_out_when_it_is_needed_or_large_and_begins_with_its_schemas(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "PART_BYTES", 1000)
    output = opened()
    for _ in range(5):
        output.append("a", SCHEMA, line(500))
    assert memory.kept == {
        "run-0001.singer": ["SCHEMA", "RECORD", "RECORD"],
        "run-0002.singer": ["SCHEMA", "RECORD", "RECORD"],
    }
    output.sync()
    output.append("a", SCHEMA, line())
    output.append("a", b'{"type": "SCHEMA", "stream": "a", "schema": {}}', line())
    output.close()
    assert list(memory.kept)[2:] == ["run-0003.singer", "run-0004.singer"]
    assert memory.kept["run-0004.singer"] == ["SCHEMA", "RECORD"] * 2


def test_what_a_store_did_not_take_is_not_forgotten(memory: Memory) -> None:
    output = opened()
    output.append("a", SCHEMA, line())
    memory.fails = ConnectionRefusedError()
    for _ in range(2):
        with pytest.raises(StoreError, match="no connection"):
            output.sync()
        output.append("a", SCHEMA, line())
    memory.fails = None
    output.sync()
    assert memory.kept == {
        "run-0001.singer": ["SCHEMA", "RECORD"],
        "run-0002.singer": ["SCHEMA", "RECORD", "RECORD"],
    }


def test_a_part_that_is_full_takes_no_more_while_the_store_stays_away(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it does not take is not acknowledged, and memory stays bounded."""
    monkeypatch.setattr(parts, "PART_BYTES", 1000)
    output = opened()
    memory.fails = ConnectionRefusedError()
    taken = 0
    for _ in range(10):
        try:
            output.append("a", SCHEMA, line(500))
        except StoreError:
            continue
        taken += 1
    memory.fails = None
    output.close()
    assert taken == 4
    assert sum(types.count("RECORD") for types in memory.kept.values()) == taken


def test_a_part_whose_answer_is_lost_is_there_once(memory: Memory) -> None:
    output = opened(retry_for_s=30)
    output.append("a", SCHEMA, line())
    memory.lost = 1
    output.sync()
    assert memory.kept == {"run-0001.singer": ["SCHEMA", "RECORD"]}


def test_a_server_that_knows_no_condition_is_asked_first(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pipe_file(url: str, data: bytes, mode: str = "overwrite") -> None:
        if mode == "create":
            raise NotImplementedError
        memory.objects[url] = data

    monkeypatch.setattr(memory, "pipe_file", pipe_file)
    monkeypatch.setattr(memory, "exists", memory.objects.__contains__, raising=False)
    memory.objects["s3://bucket/aside/run-0001.singer"] = line(1)
    output = opened()
    output.append("a", SCHEMA, line())
    output.close()
    assert list(memory.kept) == ["run-0001.singer", "run-0002.singer"]


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("s3://b/m/run.singer", "s3://b/m/run-0007.singer"),
        ("s3://b/m/run", "s3://b/m/run-0007"),
        ("az://c/run.d/metrics.jsonl", "az://c/run.d/metrics-0007.jsonl"),
        ("gs://b/run.d/metrics", "gs://b/run.d/metrics-0007"),
        ("s3://b/2026-01-01T02:30:00.5+00:00", "s3://b/2026-01-01T02:30:00.5+00:00-0007"),
    ],
)
def test_the_number_of_a_part_stands_before_the_suffix(url: str, part: str) -> None:
    assert part_of(url, 7) == part


class AnsweredError(Exception):
    """As drivers tell of an answer."""

    def __init__(self, **members: Any) -> None:
        super().__init__("Authorization: AWS4 secret")
        vars(self).update(members)


HttpError = type("HttpError", (Exception,), {"code": 403})


@pytest.mark.parametrize(
    ("error", "words", "is_refusal"),
    [
        (AnsweredError(response={"ResponseMetadata": {"HTTPStatusCode": 503}}), "it answered 503", False),
        (AnsweredError(status_code=403), "it answered 403", True),
        (HttpError(), "it answered 403", True),
        (AnsweredError(status_code=429), "it answered 429", False),
        (FileNotFoundError("secret"), "there is no such bucket", True),
        (OSError("Forbidden: secret"), "it does not allow it", True),
        (type("NoCredentialsError", (Exception,), {})("secret"), "no credentials", True),
        (TimeoutError(), "it did not answer in time", False),
        (type("EndpointConnectionError", (Exception,), {})("secret"), "no connection", False),
        (ValueError("secret"), "its driver does not take it (ValueError)", True),
        (RuntimeError("secret"), "RuntimeError of its driver", False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_a_fault_is_told_without_a_word_of_the_driver(
    error: Exception, words: str, *, is_refusal: bool
) -> None:
    fault = fault_of(error)
    assert words in fault.words
    assert fault.is_refusal is is_refusal
    assert "secret" not in fault.words


def test_the_drivers_know_that_an_object_may_not_be_written_over() -> None:
    """What `Store.create` asks of them is theirs by this name."""
    for name in ("s3", "gs"):
        write = fsspec.get_filesystem_class(name)._pipe_file
        assert "mode" in inspect.signature(write).parameters
    assert 'kwargs.pop("mode", "") == "create"' in inspect.getsource(
        fsspec.get_filesystem_class("az")._pipe_file
    )
