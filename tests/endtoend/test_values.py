"""Numbers and text: every digit and every character arrives, in every format, or the record is set aside."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from target_w50.sandbox import Sandbox
from tests.endtoend import program
from tests.support import settings

FORMATS = ["application/json", "text/json", "application/csp-report", "application/xml", "text/xml"]
NUMBERS = {
    "0.1": Decimal("0.1"),
    "1.10": Decimal("1.10"),
    "0.1234567890123456789012345678901234567890": Decimal("0.1234567890123456789012345678901234567890"),
    "12345678901234567890.12345678901234567890": Decimal("12345678901234567890.12345678901234567890"),
    "9223372036854775807": 2**63 - 1,
    "-9223372036854775808": -(2**63),
    "18446744073709551615": 2**64 - 1,
    "18446744073709551616": 2**64,
    "12345678901234567890123456789": 12345678901234567890123456789,
    "-12345678901234567890123456789": -12345678901234567890123456789,
    "1E+2": Decimal(100),
    "0.000001": Decimal("0.000001"),
    "0.0000001": Decimal("0.0000001"),
    "-0": 0,
    "-0.0": Decimal(0),
    "0": 0,
    "1.0": Decimal(1),
}
BEYOND_XML = {
    "123456789012345678901234567890": 123456789012345678901234567890,
    "1e400": Decimal("1e400"),
    "-1e400": Decimal("-1e400"),
    "1e-400": Decimal("1e-400"),
}
"""XML's decimals have no exponent, and .NET's have 96 bits: the record is set aside."""
TEXTS = [
    "",
    " ",
    "  both ends  ",
    "line\nbreak",
    "carriage\r\nreturn\r",
    "tab\t",
    "<b>&amp;\"'</b>]]>",
    "ünï 漢字 🎉 \u202e",
    "\u2028\u2029\u0085",
    "\ufeffmark",
    "null",
    "\\u0041 \\",
    "a" * 10_000,
]
ANY: dict[str, Any] = {"properties": {"email": {"type": "string"}, "value": {}}}


def lines_with(*values: str) -> bytes:
    """A record for each value, which is written as it is given: JSON."""
    schema = {"type": "SCHEMA", "stream": "contacts", "schema": ANY, "key_properties": []}
    written = [json.dumps(schema)]
    written += [
        f'{{"type":"RECORD","stream":"contacts","record":{{"email":"n{number}@example.com","value":{value}}}}}'
        for number, value in enumerate(values)
    ]
    return "\n".join(written).encode("utf-8", "surrogatepass")


def arrived(folder: Path, media_type: str, *values: str) -> tuple[dict[int, Any], list[dict[str, Any]]]:
    """The values that arrived, by their number, and the records that were set aside."""
    with Sandbox(lists=[program.contact_list("Email", "Value")], token="a-token") as sandbox:
        aside = folder / "aside.singer"
        config = settings(
            sandbox, on_invalid_record="quarantine", quarantine_path=str(aside), media_type=media_type
        )
        environment = {"TARGET_W50_LOGLEVEL": "DEBUG"}
        ended = program.run(folder, config, lines_with(*values), environment=environment)
        assert ended.status == 0, ended.stderr
        assert program.adds_up(ended)
        found = {
            int(each["Email"].removeprefix("n").partition("@")[0]): each["Value"]
            for each in program.contacts(sandbox)
        }
        return found, program.quarantined(aside)


@pytest.mark.parametrize("media_type", FORMATS)
def test_numbers_arrive_with_all_their_digits(tmp_path: Path, media_type: str) -> None:
    found, aside = arrived(tmp_path, media_type, *NUMBERS, *BEYOND_XML)
    is_xml = media_type.endswith("xml")
    expected = [*NUMBERS.values(), *([] if is_xml else BEYOND_XML.values())]
    assert [*found.values()] == expected
    assert [each["quarantine"]["reason"] for each in aside] == ["conversion_failed"] * len(
        BEYOND_XML
    ) * is_xml


@pytest.mark.parametrize("media_type", ["application/json", "application/xml"])
def test_numbers_that_are_none_are_failed_conversions(tmp_path: Path, media_type: str) -> None:
    found, aside = arrived(
        tmp_path, media_type, "1", "NaN", "Infinity", "-Infinity", "[NaN]", '{"a":Infinity}', "2"
    )
    assert found == {0: 1, 6: 2}
    assert [each["quarantine"]["reason"] for each in aside] == ["conversion_failed"] * 5
    assert {each["quarantine"]["property"] for each in aside} == {"value"}


@pytest.mark.parametrize("media_type", FORMATS)
def test_text_keeps_every_character(tmp_path: Path, media_type: str) -> None:
    for ascii_only in (True, False):
        written = [json.dumps(text, ensure_ascii=ascii_only) for text in TEXTS]
        found, aside = arrived(tmp_path, media_type, *written)
        assert aside == []
        assert [*found.values()] == TEXTS


@pytest.mark.parametrize("media_type", FORMATS)
def test_lone_surrogates_are_failed_conversions_and_pairs_are_characters(
    tmp_path: Path, media_type: str
) -> None:
    values = ['"\\ud83c\\udf89"', '"\\ud800"', '"a\\udc00b"', '["\\ud800"]', '{"\\ud800":1}', '"fine"']
    found, aside = arrived(tmp_path, media_type, *values)
    assert found == {0: "🎉", 5: "fine"}
    assert [each["quarantine"]["reason"] for each in aside] == ["conversion_failed"] * 4


def test_control_characters_arrive_in_json(tmp_path: Path) -> None:
    text = "nul \x00 bell \x07 escape \x1b delete \x7f last \uffff"
    found, aside = arrived(tmp_path, "application/json", json.dumps(text))
    assert (found, aside) == ({0: text}, [])


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\ufffe", "\uffff"])
def test_characters_that_xml_can_not_hold_are_failed_conversions_of_that_record(
    tmp_path: Path, character: str
) -> None:
    found, aside = arrived(tmp_path, "text/xml", '"fine"', json.dumps(f"a{character}b"), '"too"')
    assert found == {0: "fine", 2: "too"}
    (one,) = aside
    assert (one["quarantine"]["reason"], one["quarantine"]["property"]) == ("conversion_failed", "value")
    assert character not in one["quarantine"]["message"]
    assert one["record"]["value"] == f"a{character}b"


@pytest.mark.parametrize("media_type", ["application/json", "application/xml"])
def test_nested_values_arrive_as_compact_json_with_their_digits(tmp_path: Path, media_type: str) -> None:
    written = [
        '{ "a" : [ 1 , 2.50 , null , true ] }',
        "[]",
        "{}",
        '[18446744073709551616, 0.1234567890123456789012, "ü\\u0000"]'
        if media_type.endswith("json")
        else "[1]",
    ]
    found, aside = arrived(tmp_path, media_type, *written)
    assert aside == []
    for index, text in enumerate(written):
        assert json.loads(found[index], parse_float=Decimal) == json.loads(text, parse_float=Decimal)
        assert " " not in found[index]


@pytest.mark.parametrize("media_type", FORMATS)
def test_every_type_of_json_keeps_its_type(tmp_path: Path, media_type: str) -> None:
    found, aside = arrived(tmp_path, media_type, "true", "false", "null", "1", "1.5", '"1"', '"true"')
    assert aside == []
    assert [(type(each), each) for each in found.values()] == [
        (bool, True),
        (bool, False),
        (type(None), None),
        (int, 1),
        (Decimal, Decimal("1.5")),
        (str, "1"),
        (str, "true"),
    ]
