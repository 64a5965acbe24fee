"""The five documented media types; XML as the API page shows it, in both directions."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring

from target_w50.sandbox.formats import xml_format
from target_w50.sandbox.formats.media_types import count_contacts
from target_w50.sandbox.model.refusals import InvalidError

from .conftest import NAMES, Caller

Start = Callable[..., Caller]
CREATE = """<ImportJobCreateRequest xmlns:i="http://www.w3.org/2001/XMLSchema-instance" \
xmlns="http://schemas.datacontract.org/2004/07/W50API.Controllers">
<FieldNames xmlns:d2p1="http://schemas.microsoft.com/2003/10/Serialization/Arrays">
<d2p1:string>Email</d2p1:string>
<d2p1:string>City</d2p1:string>
</FieldNames>
</ImportJobCreateRequest>"""
ANSWERS = "{http://schemas.datacontract.org/2004/07/W50API.Models.DTO}"
CONTACTS = "{http://schemas.datacontract.org/2004/07/W50Common.Model.DTO}"
ARRAYS = "{http://schemas.microsoft.com/2003/10/Serialization/Arrays}"
NOTHING = "<a:Value i:nil='true'/>"
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


def contacts_xml(*members: str) -> str:
    """An ArrayOfContact in which each contact has these members."""
    return (
        '<ArrayOfContact xmlns:i="http://www.w3.org/2001/XMLSchema-instance" '
        'xmlns="http://schemas.datacontract.org/2004/07/W50API.Models.DTO" '
        'xmlns:c="http://schemas.datacontract.org/2004/07/W50Common.Model.DTO" '
        'xmlns:a="http://schemas.microsoft.com/2003/10/Serialization/Arrays" '
        'xmlns:x="http://www.w3.org/2001/XMLSchema">'
        + "".join(f"<Contact>{one}</Contact>" for one in members)
        + "</ArrayOfContact>"
    )


def pair(key: str, value: str) -> str:
    return f"<a:KeyValueOfstringanyType><a:Key>{key}</a:Key>{value}</a:KeyValueOfstringanyType>"


def read(value: str) -> Any:
    """What a `Value` element is read as."""
    return xml_format.read_contacts(contacts_xml(f"<c:Values>{pair('F', value)}</c:Values>").encode())[0][1][
        "F"
    ]


@pytest.mark.parametrize("media_type", ["application/xml", "text/xml"])
def test_the_documented_request_is_answered_in_the_documented_form(caller: Caller, media_type: str) -> None:
    answer = caller.post("/contactLists/7/import", data=CREATE, headers={"Content-Type": media_type})
    assert answer.headers["Content-Type"] == f"{media_type}; charset=utf-8"
    root = fromstring(answer.text)
    assert root.tag == f"{ANSWERS}ImportJob"
    names = [child.tag.removeprefix(ANSWERS) for child in root]
    assert names == sorted(names)
    assert len(names) == 13
    assert root.findtext(f"{ANSWERS}Id") == "1001"
    start = root.find(f"{ANSWERS}StartDate")
    assert start is not None
    assert start.get(NIL) == "true"
    assert caller.sandbox.contents()["Jobs"][0]["FieldNames"] == ["Email", "City"]


@pytest.mark.parametrize("sent", ["application/json", "text/json", "application/csp-report"])
def test_an_answer_comes_in_the_format_that_was_asked_for_else_in_the_one_sent(
    caller: Caller, sent: str
) -> None:
    body = '{"FieldNames":["Email"]}'
    answer = caller.post("/contactLists/7/import", data=body, headers={"Content-Type": sent, "Accept": "*/*"})
    assert answer.headers["Content-Type"] == f"{sent}; charset=utf-8"
    assert answer.json()["Id"] == 1001
    headers = {"Content-Type": sent, "Accept": "text/xml"}
    assert caller.post("/contactLists/7/import", data=body, headers=headers).text.startswith("<ImportJob ")


def test_contacts_come_and_go_as_xml(caller: Caller) -> None:
    job = caller.create()
    body = contacts_xml(
        "<c:EncContactId i:nil='true'/><c:ListId>7</c:ListId><c:Values>"
        + pair("Email", "<a:Value i:type='x:string'>a@example.com</a:Value>")
        + pair("City", "<a:Value i:type='x:string'> &lt;é&gt;&#13; </a:Value>")
        + pair("Score", "<a:Value i:type='x:decimal'>1.10</a:Value>")
        + pair("Plan", "<a:Value i:nil='true'/>")
        + "</c:Values>"
    )
    headers = {"Content-Type": "application/xml"}
    path = f"/contactLists/7/import/{job}"
    assert caller.post(path, data=body.encode(), headers=headers).status_code == 200
    caller.run(job)
    values = {"Email": "a@example.com", "City": " <é>\r ", "Score": Decimal("1.10"), "Plan": None}
    assert caller.stored() == [values]
    root = fromstring(caller.get("/contactLists/7/contacts", headers={"Accept": "application/xml"}).content)
    assert [child.tag for child in root[0]] == [
        *(f"{CONTACTS}{name}" for name in ("EncContactId", "Id", "ListId", "Values")),
        f"{ANSWERS}ValidationWarnings",
    ]
    pairs = root.findall(f".//{ARRAYS}KeyValueOfstringanyType")
    assert {one[0].text: one[1].text for one in pairs} == {
        "Email": "a@example.com",
        "City": " <é>\r ",
        "Score": "1.10",
        "Plan": None,
    }


def test_lists_fields_and_warnings_are_given_as_xml(caller: Caller) -> None:
    xml = {"Accept": "text/xml"}
    assert caller.get("/contactLists", headers=xml).text == (
        '<ArrayOfContactsList xmlns:i="http://www.w3.org/2001/XMLSchema-instance" '
        'xmlns="http://schemas.datacontract.org/2004/07/W50API.Models.DTO">'
        "<ContactsList><Count>0</Count><Id>7</Id><Name>News</Name></ContactsList></ArrayOfContactsList>"
    )
    assert fromstring(caller.get("/contactLists/7", headers=xml).text).tag == f"{ANSWERS}ContactsList"
    fields = fromstring(caller.get("/contactLists/7/fields", headers=xml).text)
    assert [one.findtext(f"{ANSWERS}Name") for one in fields] == NAMES
    assert [one.text for one in fields.iter(f"{ANSWERS}Value")] == ["free", "pro"]
    caller.sandbox.faults.add(warn={"field": "City", "text": "Odd"})
    answer = caller.add(caller.create(), {"City": "x", "Score": 1e300}, headers=xml)
    assert [one.text for one in fromstring(answer.text).iter(f"{ARRAYS}string")] == ["Odd"]


def test_errors_are_given_as_xml(caller: Caller) -> None:
    answer = caller.get("/contactLists/9", headers={"Accept": "application/xml"})
    assert answer.text == "<Error><Message>The contact list 9 was not found.</Message></Error>"
    answer = caller.post("/contactLists/7/import", data="<a>", headers={"Content-Type": "text/xml"})
    assert (answer.status_code, fromstring(answer.text).tag) == (400, "Error")


def test_without_checks_contacts_in_xml_are_counted_too(start: Start) -> None:
    caller = start(no_checks=True)
    job = caller.create()
    body = contacts_xml("<c:Values/>", f"<c:Values>{pair('F', NOTHING)}</c:Values>")
    caller.post(f"/contactLists/7/import/{job}", data=body, headers={"Content-Type": "text/xml"})
    assert caller.sandbox.contents()["Jobs"][0]["ContactCount"] == 2


@pytest.mark.parametrize(
    ("element", "value"),
    [
        ("<a:Value i:type='x:string'/>", ""),
        ("<a:Value i:type='x:string'>  </a:Value>", "  "),
        ("<a:Value i:nil='true'/>", None),
        ("<a:Value i:type='x:boolean'>true</a:Value>", True),
        ("<a:Value i:type='x:boolean'>false</a:Value>", False),
        ("<a:Value i:type='x:int'>-5</a:Value>", -5),
        ("<a:Value i:type='x:long'>5000000000</a:Value>", 5_000_000_000),
        (
            "<a:Value i:type='x:integer'>123456789012345678901234567890</a:Value>",
            123456789012345678901234567890,
        ),
        ("<a:Value i:type='x:decimal'>0.10</a:Value>", Decimal("0.10")),
        ("<a:Value i:type='x:double'>1E+22</a:Value>", Decimal("1E+22")),
        ("<a:Value xmlns:other='http://www.w3.org/2001/XMLSchema' i:type='other:int'>5</a:Value>", 5),
        ("<a:Value i:type='x:dateTime'>2025-01-01T00:00:00</a:Value>", "2025-01-01T00:00:00"),
    ],
)
def test_typed_values_are_read_as_json_would_give_them(element: str, value: Any) -> None:
    assert read(element) == value
    assert type(read(element)) is type(value)
    assert str(read(element)) == str(value)


@pytest.mark.parametrize(
    "element",
    [
        "<a:Value>untyped</a:Value>",
        "<a:Value i:type='string'>no namespace</a:Value>",
        "<a:Value i:type='y:string'>unknown prefix</a:Value>",
        "<a:Value xmlns:x='urn:other' i:type='x:string'>other namespace</a:Value>",
        "<a:Value i:type='x:int'>2147483648</a:Value>",
        "<a:Value i:type='x:long'>9223372036854775808</a:Value>",
        "<a:Value i:type='x:int'>1.5</a:Value>",
        "<a:Value i:type='x:integer'>" + "9" * 5000 + "</a:Value>",
        "<a:Value i:type='x:double'>INF</a:Value>",
        "<a:Value i:type='x:double'>NaN</a:Value>",
        "<a:Value i:type='x:decimal'>many</a:Value>",
        "<a:Value i:type='x:boolean'>True</a:Value>",
        "<a:Value i:type='x:colour'>red</a:Value>",
        "<a:Value i:type='x:string'><b/></a:Value>",
        "<Value i:type='x:string'>wrong namespace</Value>",
    ],
)
def test_values_that_are_not_what_their_type_says_are_refused(element: str) -> None:
    with pytest.raises(InvalidError):
        read(element)


@pytest.mark.parametrize(
    "body",
    [
        "<Contact/>",
        contacts_xml(""),
        contacts_xml("<Values/>"),
        contacts_xml("<c:Values/><c:EncContactId>later in the alphabet must come later</c:EncContactId>"),
        contacts_xml("<c:Values/><c:Values/>"),
        contacts_xml("<c:Colour/><c:Values/>"),
        contacts_xml("<c:Values><a:Pair/></c:Values>"),
        contacts_xml(
            "<c:Values><a:KeyValueOfstringanyType><a:Key>F</a:Key></a:KeyValueOfstringanyType></c:Values>"
        ),
        contacts_xml(
            "<c:Values>"
            + pair("F", "<a:Value i:nil='true'/>").replace("<a:Key>F", "<a:Key i:nil='1'>F")
            + "</c:Values>"
        ),
        '<!DOCTYPE r [<!ENTITY e "boom">]>' + contacts_xml("<c:Values/>"),
        contacts_xml("<c:Values>&#0;</c:Values>"),
        contacts_xml("<c:Values/>")[:-5],
    ],
)
def test_xml_that_the_real_serializer_would_misread_is_refused(body: str) -> None:
    with pytest.raises(InvalidError):
        xml_format.read_contacts(body.encode())


@pytest.mark.parametrize(
    "body",
    [
        CREATE.replace("W50API.Controllers", "W50API.Models.DTO"),
        CREATE.replace("<d2p1:string>City</d2p1:string>", "<string>City</string>"),
        CREATE.replace("<d2p1:string>City</d2p1:string>", "<d2p1:string i:nil='true'/>"),
        CREATE.replace("</FieldNames>", "</FieldNames><FieldNames/>"),
        CREATE.replace("<?xml", "<!DOCTYPE x SYSTEM 'http://127.0.0.1/x'><?xml").replace("</Imp", "&x;</Imp"),
    ],
)
def test_field_names_in_any_other_shape_are_refused(body: str) -> None:
    with pytest.raises(InvalidError):
        xml_format.read_field_names(body.encode())


def test_what_xml_can_not_hold_is_replaced_in_answers_and_types_are_the_narrowest() -> None:
    values = {
        "a": "\x00\ud800",
        "b": [1],
        "c": 1 << 40,
        "d": 1 << 70,
        "e": True,
        "f": Decimal("1E+400"),
        "g": 1,
    }
    contact = {"EncContactId": "x", "Id": 1, "ListId": 7, "Values": values, "ValidationWarnings": []}
    root = fromstring(xml_format.encode("ArrayOfContact", [contact]))
    found = [
        (one.get("{http://www.w3.org/2001/XMLSchema-instance}type", "").partition(":")[2], one.text)
        for one in root.iter(f"{ARRAYS}Value")
    ]
    assert found == [
        ("string", "\ufffd\ufffd"),
        ("string", "[1]"),
        ("long", str(1 << 40)),
        ("integer", str(1 << 70)),
        ("boolean", "true"),
        ("double", "1E+400"),
        ("int", "1"),
    ]


def test_contacts_that_are_counted_unread_are_counted_right() -> None:
    """With a namespace, as the API page shows it, without, and without values."""
    values = ('<Values xmlns:d3p1="a:b"><d3p1:V/></Values>', "<Values></Values>", "<Values/>")
    body = "".join(f"<Contact>{each}</Contact>" for each in values).encode()
    assert count_contacts(body, "application/xml") == 3
