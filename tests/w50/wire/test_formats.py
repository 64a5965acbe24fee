"""All five media types say the same, read by parsers that know nothing of the client."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_w50.w50 import (
    MEDIA_TYPES,
    Contact,
    ImportJob,
    Value,
    WireError,
    WireFormat,
    decode_answer,
    wire_format,
)
from target_w50.w50.wire.xml_values import BIGGEST_DECIMAL, MAX_DECIMAL_DIGITS
from tests.effort import tries

JSON = wire_format("application/json")
XML = wire_format("application/xml")

# The samples of the W50 API documentation.
CREATE_JSON = """{
"FieldNames": [
"sample string 1",
"sample string 2"
]
}"""
CREATE_CSP = '{"FieldNames":["sample string 1","sample string 2"]}'
CREATE_XML = """<ImportJobCreateRequest xmlns:i="http://www.w3.org/2001/XMLSchema-instance" \
xmlns="http://schemas.datacontract.org/2004/07/W50API.Controllers">
<FieldNames xmlns:d2p1="http://schemas.microsoft.com/2003/10/Serialization/Arrays">
<d2p1:string>sample string 1</d2p1:string>
<d2p1:string>sample string 2</d2p1:string>
</FieldNames>
</ImportJobCreateRequest>"""
JOB_CSP = (
    '{"Id":1,"ContactListId":1,"InvalidEmailCount":1,"InvalidSmsCount":1,"ProgressPercent":1,"CurrentStatus":'
    '"sample string 2","StartDate":"2025-11-14T21:29:44.8479931+00:00","FinishDate":'
    '"2025-11-14T21:29:44.8479931+00:00","InsertedContacts":1,"UpdatedContacts":1,"DroppedContacts":1,'
    '"NotUpdatedContacts":1,"TotalContacts":1}'
)
JOB_JSON = json.dumps(json.loads(JOB_CSP), indent=2)
JOB_XML = (
    '<ImportJob xmlns:i="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns="http://schemas.datacontract.org/2004/07/W50API.Models.DTO"> <ContactListId>1</ContactListId> '
    "<CurrentStatus>sample string 2</CurrentStatus> <DroppedContacts>1</DroppedContacts> "
    "<FinishDate>2025-11-14T21:29:44.8479931+00:00</FinishDate> <Id>1</Id> "
    "<InsertedContacts>1</InsertedContacts> <InvalidEmailCount>1</InvalidEmailCount> "
    "<InvalidSmsCount>1</InvalidSmsCount> <NotUpdatedContacts>1</NotUpdatedContacts> "
    "<ProgressPercent>1</ProgressPercent> <StartDate>2025-11-14T21:29:44.8479931+00:00</StartDate> "
    "<TotalContacts>1</TotalContacts> <UpdatedContacts>1</UpdatedContacts> </ImportJob>"
)


@pytest.mark.parametrize(
    ("media_type", "sample"),
    [
        ("application/json", re.sub(r"\s*\n\s*|(?<=:) ", "", CREATE_JSON)),
        ("text/json", re.sub(r"\s*\n\s*|(?<=:) ", "", CREATE_JSON)),
        ("application/csp-report", CREATE_CSP),
        ("application/xml", re.sub(r"\n", "", CREATE_XML)),
        ("text/xml", re.sub(r"\n", "", CREATE_XML)),
    ],
)
def test_the_documented_request_is_written_byte_for_byte(media_type: str, sample: str) -> None:
    wire = wire_format(media_type)
    assert wire.media_type == media_type
    assert wire.encode_create(["sample string 1", "sample string 2"]).decode() == sample


@pytest.mark.parametrize(
    ("content_type", "sample"),
    [
        ("application/json; charset=utf-8", JOB_JSON),
        ("text/json", JOB_JSON),
        ("application/csp-report", JOB_CSP),
        ("application/xml", JOB_XML),
        ("text/xml; charset=utf-8", JOB_XML),
        (None, JOB_JSON),
        (None, "\n " + JOB_XML),
        ("application/octet-stream", JOB_XML),
        ("application/problem+json", JOB_CSP),
    ],
)
def test_the_documented_answer_is_read_in_full(content_type: str | None, sample: str) -> None:
    """By its own Content-Type; without a telling one, by its first byte."""
    decoded = decode_answer(sample.encode(), content_type)
    assert decoded == json.loads(JOB_CSP)
    assert ImportJob.from_wire(decoded).as_wire() == json.loads(JOB_CSP)


def test_an_answer_in_another_charset_and_with_a_byte_order_mark_is_read() -> None:
    assert decode_answer('["é"]'.encode("latin-1"), "application/json; charset=iso-8859-1") == ["é"]
    assert decode_answer('["é"]'.encode("utf-8-sig"), "application/json") == ["é"]
    assert decode_answer('["é"]'.encode("utf-8-sig"), None) == ["é"]
    assert (
        decode_answer(
            '<?xml version="1.0" encoding="utf-16"?><string>é</string>'.encode("utf-16"), "text/xml"
        )
        == "é"
    )


def test_xml_answers_have_the_shape_of_json() -> None:
    fields = decode_answer(
        b'<ArrayOfContactSchemaField xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns="urn:x">'
        b"<ContactSchemaField><ContactSchemaFieldValues><ContactSchemaFieldValue><Id>1</Id><InUse>true</InUse>"
        b"<Order>2</Order><Value>7</Value></ContactSchemaFieldValue></ContactSchemaFieldValues>"
        b'<DefaultValue i:nil="true"/><Id>3</Id><MapType>Text</MapType><Name> A </Name><Position>4</Position>'
        b"</ContactSchemaField><ContactSchemaField><ContactSchemaFieldValues/><Id>x</Id></ContactSchemaField>"
        b"</ArrayOfContactSchemaField>",
        "text/xml",
    )
    value = {"Id": 1, "InUse": True, "Order": 2, "Value": "7"}
    first = {"DefaultValue": None, "Id": 3, "MapType": "Text", "Name": " A ", "Position": 4}
    assert fields == [
        first | {"ContactSchemaFieldValues": [value]},
        {"ContactSchemaFieldValues": [], "Id": "x"},
    ]
    assert decode_answer(
        b"<Contact><Values /><ValidationWarnings><s>a</s></ValidationWarnings></Contact>", None
    ) == {
        "Values": {},
        "ValidationWarnings": ["a"],
    }


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"<html><title>Log in</title></html>", "text/html"),
        (b"<!DOCTYPE html><p>x", "application/json"),
        (b"<!-- x --><HTML>", None),
        (b'<?xml version="1.0"?><!DOCTYPE html><html/>', "application/xml"),
        (b"<!-- " * 10_000, "text/html+xml"),
        (b'{"Id": 1', "application/json"),
        (b"{'Id': 1}", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b"NaN", "application/json"),
        (b"<ImportJob><Id>1</Id>", "application/xml"),
        (b"<a>" * 100 + b"</a>" * 100, "text/xml"),
        (b"OK", "text/plain"),
        (b"\xff\xfe\x00", "application/json"),
        (b'["x"]', "application/json; charset=klingon"),
        (b"a" * 1_000_000, "application/json; charset=punycode"),  # which would take hours
        (b"<D><KeyValueOfab><Key>a</Key></KeyValueOfab></D>", "text/xml"),
        (b'<!DOCTYPE r [<!ENTITY x "secret">]><r>&x;</r>', "text/xml"),
        (b'<!DOCTYPE r SYSTEM "file:///etc/passwd"><r/>', "text/xml"),
        (b"<r>&unknown;</r>", "text/xml"),
    ],
)
def test_what_can_not_be_read_is_an_error_that_quotes_nothing(
    content: bytes, content_type: str | None
) -> None:
    """A DTD, and with it every entity and external reference, is refused."""
    with pytest.raises(WireError) as caught:
        decode_answer(content, content_type)
    assert "secret" not in str(caught.value)
    assert "Log in" not in str(caught.value)


def test_nothing_is_none() -> None:
    assert decode_answer(b" \r\n", "application/json") is None


def test_a_media_type_that_w50_does_not_document_is_refused() -> None:
    with pytest.raises(ValueError, match="application/csp-report"):
        wire_format("application/yaml")


def _read_json(body: bytes) -> list[dict[str, Any]]:
    return list(json.loads(body, parse_float=Decimal))


_NS = {
    "d": "{http://schemas.datacontract.org/2004/07/W50API.Models.DTO}",
    "c": "{http://schemas.datacontract.org/2004/07/W50Common.Model.DTO}",
    "a": "{http://schemas.microsoft.com/2003/10/Serialization/Arrays}",
    "i": "{http://www.w3.org/2001/XMLSchema-instance}",
}
_READERS: dict[str, Any] = {
    "string": str,
    "boolean": lambda text: {"true": True, "false": False}[text],
    "int": int,
    "long": int,
    "decimal": Decimal,
    "double": Decimal,
}


def _read_xml(body: bytes) -> list[dict[str, Any]]:
    root = ET.fromstring(body)  # noqa: S314  the client's own
    assert root.tag == _NS["d"] + "ArrayOfContact"
    contacts: list[dict[str, Any]] = []
    for element in root:
        assert element.tag == _NS["d"] + "Contact"
        contact: dict[str, Any] = {}
        names = [child.tag for child in element]
        assert names == sorted(names), "DataContract wants members in alphabetical order"
        enc_contact_id = element.find(_NS["c"] + "EncContactId")
        if enc_contact_id is not None:
            contact["EncContactId"] = enc_contact_id.text or ""
        values = element.find(_NS["c"] + "Values")
        assert values is not None
        contact["Values"] = dict(_read_pair(pair) for pair in values)
        contacts.append(contact)
    return contacts


def _read_pair(pair: ET.Element) -> tuple[str, Any]:
    assert pair.tag == _NS["a"] + "KeyValueOfstringanyType"
    key, value = pair
    assert (key.tag, value.tag) == (_NS["a"] + "Key", _NS["a"] + "Value")
    if value.get(_NS["i"] + "nil") == "true":
        return key.text or "", None
    prefix, _, kind = value.attrib[_NS["i"] + "type"].partition(":")
    assert prefix == "d5p1"
    return key.text or "", _READERS[kind](value.text or "")


_texts = st.text(
    st.characters(codec="utf-8") | st.sampled_from("\r\n\t <>&\"'\x85\u2028]"), max_size=20
).filter(lambda text: XML.text_problem(text) is None)
_decimals = st.decimals(
    allow_nan=False, allow_infinity=False, min_value=-(10**28), max_value=10**28, places=6
)
_values = (
    st.none()
    | st.booleans()
    | st.integers(-BIGGEST_DECIMAL, BIGGEST_DECIMAL)
    | st.integers(min_value=2**62, max_value=2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _decimals
    | _texts
)
_contacts = st.builds(Contact, st.none() | _texts, st.dictionaries(_texts.filter(bool), _values, max_size=5))


def _expected(contact: Contact) -> dict[str, Any]:
    enc = {} if contact.enc_contact_id is None else {"EncContactId": contact.enc_contact_id}
    return enc | {"Values": dict(contact.values)}


def _same(read: Any, sent: Value) -> bool:
    if isinstance(sent, float):
        return float(read) == sent
    if isinstance(read, str) or isinstance(sent, (str, bool)) or sent is None:
        return type(read) is type(sent) and read == sent
    return Decimal(read) == Decimal(sent)


@settings(max_examples=tries(150), deadline=None)
@given(st.lists(_contacts, max_size=3))
def test_whatever_a_contact_holds_arrives_in_every_format(contacts: list[Contact]) -> None:
    """All JSON types, markup, empty text, white space at the ends and line breaks; no digit is lost."""
    for wire, read in ((JSON, _read_json), (XML, _read_xml)):
        body = wire.frame_contacts([wire.encode_contact(contact) for contact in contacts])
        arrived = read(body)
        assert len(arrived) == len(contacts)
        for got, contact in zip(arrived, contacts, strict=True):
            sent = _expected(contact)
            assert got.get("EncContactId") == sent.get("EncContactId")
            assert list(got["Values"]) == list(sent["Values"])
            assert all(_same(got["Values"][name], value) for name, value in sent["Values"].items())


@settings(max_examples=tries(100), deadline=None)
@given(st.lists(_contacts, max_size=3))
def test_what_is_written_as_xml_is_read_back_by_the_client_itself(contacts: list[Contact]) -> None:
    body = XML.frame_contacts([XML.encode_contact(contact) for contact in contacts])
    for got, contact in zip(decode_answer(body, "text/xml"), contacts, strict=True):
        assert got["Values"] == dict(contact.values)


@settings(max_examples=tries(100), deadline=None)
@given(st.lists(_texts))
def test_whatever_field_names_hold_arrives_in_every_format(names: list[str]) -> None:
    assert json.loads(JSON.encode_create(names)) == {"FieldNames": names}
    root = ET.fromstring(XML.encode_create(names))  # noqa: S314  the client's own
    assert [item.text or "" for item in root[0]] == names


@settings(max_examples=tries(200), deadline=None)
@given(st.text(st.characters() | st.sampled_from("\ud800\udfff\x00\x1f\ufffe"), max_size=6))
def test_a_text_is_either_encoded_or_said_to_be_a_problem(text: str) -> None:
    """`text_problem` and the encoder agree, and neither error holds the text."""
    for wire in (JSON, XML):
        problem = wire.text_problem(text)
        if problem is None:
            assert wire.encode_contact(Contact(text, {text: text}))
        else:
            for contact in (Contact(text, {}), Contact(None, {text: 1}), Contact(None, {"a": text})):
                with pytest.raises(ValueError, match=r"XML 1\.0 can't hold U\+|surrogate") as caught:
                    wire.encode_contact(contact)
                assert type(caught.value) is ValueError
                assert caught.value.__cause__ is None


def test_what_a_format_can_not_hold_is_named_by_its_code_point() -> None:
    assert XML.text_problem("a\x0bb") == "holds U+000B, which XML 1.0 can't hold"
    assert "surrogate" in (JSON.text_problem("\ud800") or "")
    assert JSON.text_problem("a\x00\x0b\ufffe") is None


@pytest.mark.parametrize("wire", [JSON, XML], ids=["json", "xml"])
@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), Decimal("NaN"), Decimal("-Infinity"), Decimal("sNaN")], ids=str
)
def test_no_format_has_nan_or_infinity(wire: WireFormat, value: Value) -> None:
    with pytest.raises(ValueError, match="NaN"):
        wire.encode_contact(Contact(None, {"Email": value}))


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (7, "int", "7"),
        (2**31, "long", "2147483648"),
        (2**63, "decimal", "9223372036854775808"),
        (Decimal("1E+3"), "decimal", "1000"),
        (Decimal("0.10"), "decimal", "0.10"),
        (Decimal("1E-7"), "decimal", "0.0000001"),
        (1e300, "double", "1e+300"),
        (True, "boolean", "true"),
        ("", "string", None),
    ],
)
def test_xml_values_say_their_type(value: Value, kind: str, text: str | None) -> None:
    """xsd:decimal has no exponent."""
    root = ET.fromstring(XML.frame_contacts([XML.encode_contact(Contact(None, {"x": value}))]))  # noqa: S314
    element = root[0][0][0][1]
    assert element.attrib[_NS["i"] + "type"] == f"d5p1:{kind}"
    assert element.text == text


@pytest.mark.parametrize("exponent", [MAX_DECIMAL_DIGITS + 1, -MAX_DECIMAL_DIGITS - 1, 999_999])
def test_a_number_too_long_to_write_out_is_refused_in_xml(exponent: int) -> None:
    with pytest.raises(ValueError, match="100 digits"):
        XML.encode_contact(Contact(None, {"x": Decimal((0, (1,), exponent))}))


@pytest.mark.parametrize("value", [BIGGEST_DECIMAL + 1, -BIGGEST_DECIMAL - 1, Decimal("1E+30")], ids=str)
def test_a_number_that_net_has_no_type_for_is_refused_in_xml(value: Value) -> None:
    """Its serializer would refuse the whole request."""
    with pytest.raises(ValueError, match="beyond"):
        XML.encode_contact(Contact(None, {"x": value}))
    assert XML.encode_contact(Contact(None, {"x": BIGGEST_DECIMAL, "y": -BIGGEST_DECIMAL}))
    assert JSON.encode_contact(Contact(None, {"x": value}))


def test_every_documented_media_type_has_a_format() -> None:
    assert [wire_format(name).media_type for name in MEDIA_TYPES] == list(MEDIA_TYPES)
