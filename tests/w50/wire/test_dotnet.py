"""What is sent as XML is read by .NET's own serializer, Mono's, as the values and types that were meant."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dev import dotnet as machine
from target_w50.w50 import Contact
from target_w50.w50.wire.xml_values import BIGGEST_DECIMAL
from tests.in_process import load
from tests.w50.xml_contacts import XML, contacts, kind_of, texts

TYPES = {
    "string": "String",
    "boolean": "Boolean",
    "int": "Int32",
    "long": "Int64",
    "decimal": "Decimal",
    "double": "Double",
}
NUMBERS: dict[str, Callable[[str], Any]] = {"Decimal": Decimal, "Double": float}
Reader = Callable[[bytes], dict[str, Any]]


@pytest.fixture(scope="module")
def read() -> Iterator[Reader]:
    """What .NET makes of a body; without Mono tests are skipped, and CI fails by `test_ci_has_it`."""
    command = machine.find()
    if command is None:
        pytest.skip(machine.MISSING)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        takes, gives = process.stdin, process.stdout

        def ask(body: bytes) -> dict[str, Any]:
            takes.write(b"%d\n%b" % (len(body), body))
            takes.flush()
            found: dict[str, Any] = json.loads(gives.readline())
            return found

        yield ask
        takes.close()


def meant(values: dict[str, Any]) -> dict[str, Any]:
    """What .NET should make of these values: each with its type."""
    return {
        name: None if value is None else (f"System.{TYPES[kind_of(value)]}", value)
        for name, value in values.items()
    }


def told(pairs: list[list[Any]]) -> dict[str, Any]:
    """What it did make of them."""
    return {name: None if kind is None else (kind, _value(kind, text)) for name, kind, text in pairs}


def _value(kind: str, text: str) -> Any:
    if kind == "System.String":
        return text
    if kind == "System.Boolean":
        return {"True": True, "False": False}[text]
    return NUMBERS.get(kind.removeprefix("System."), int)(text)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(contacts, max_size=3))
def test_net_reads_contacts_as_they_were_meant(read: Reader, some: list[Contact]) -> None:
    body = XML.frame_contacts([XML.encode_contact(contact) for contact in some])
    found = read(body)["contacts"]
    assert [(enc, told(pairs)) for enc, pairs in found] == [
        (contact.enc_contact_id, meant(dict(contact.values))) for contact in some
    ]


@given(st.lists(texts))
def test_net_reads_the_names_of_a_new_import_job(read: Reader, names: list[str]) -> None:
    assert read(XML.encode_create(names)) == {"names": names}


def test_a_number_that_net_can_not_hold_would_cost_the_whole_request(read: Reader) -> None:
    """So it is refused before: see `BIGGEST_DECIMAL`."""
    biggest = XML.encode_contact(Contact(None, {"x": BIGGEST_DECIMAL}))
    larger = biggest.replace(b"%d" % BIGGEST_DECIMAL, b"%d" % (BIGGEST_DECIMAL + 1))
    assert "contacts" in read(XML.frame_contacts([biggest]))
    assert read(XML.frame_contacts([biggest, larger]))["refused"].startswith("SerializationException")


TAPS = sorted((Path(__file__).parents[2] / "taps").glob("*.singer"))


@pytest.mark.parametrize("tap", TAPS, ids=lambda path: path.name.removesuffix(".singer"))
def test_net_reads_what_a_tap_sent_as_its_json_says_it(read: Reader, tap: Path) -> None:
    """The target's own bodies, of the short way and the general one."""
    by_json, by_xml = (fragments_of(tap, media_type) for media_type in ("application/json", "text/xml"))
    assert len(by_json) == len(by_xml) > 0
    meant_by_json = [json.loads(each, parse_float=Decimal)["Values"] for each in by_json]
    found = read(XML.frame_contacts(by_xml))["contacts"]
    assert [told(pairs) for _, pairs in found] == [meant(values) for values in meant_by_json]


def fragments_of(tap: Path, media_type: str) -> list[bytes]:
    entry = {"stream": "*", "contact_list": "1", "field_naming": "exact", "match_fields": []}
    address = {"api_url": "http://127.0.0.1:1", "auth_token": "t"}
    config = {**address, "media_type": media_type, "streams": [entry]}
    came = load(config, tap.read_bytes())
    assert came.error is None
    return [fragment for job in came.jobs for batch in job for fragment, _, _ in batch]
