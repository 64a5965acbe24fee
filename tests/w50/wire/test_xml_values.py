"""Contacts as XML: what ElementTree would write, read back as they were, and written from values alone."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from target_w50.contacts.maker import read_fragment
from target_w50.w50 import Contact, wire_format
from tests.w50.xml_contacts import XML, contacts, kind_of, texts, values

JSON = wire_format("application/json")
ARRAYS = "http://schemas.microsoft.com/2003/10/Serialization/Arrays"
CONTACTS = "http://schemas.datacontract.org/2004/07/W50Common.Model.DTO"
SCHEMA = "http://www.w3.org/2001/XMLSchema"


def text_of(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def by_element_tree(contact: Contact) -> bytes:
    """The contact as ElementTree writes it, and references for white space that a parser would change."""
    root = Element("Contact")
    if contact.enc_contact_id is not None:
        SubElement(root, "EncContactId", {"xmlns": CONTACTS}).text = contact.enc_contact_id
    member = SubElement(root, "Values", {"xmlns:d3p1": ARRAYS, "xmlns": CONTACTS})
    for name, value in contact.values.items():
        pair = SubElement(member, "d3p1:KeyValueOfstringanyType")
        SubElement(pair, "d3p1:Key").text = name
        if value is None:
            SubElement(pair, "d3p1:Value", {"i:nil": "true"})
        else:
            attributes = {"xmlns:d5p1": SCHEMA, "i:type": f"d5p1:{kind_of(value)}"}
            SubElement(pair, "d3p1:Value", attributes).text = text_of(value)
    written = tostring(root, encoding="unicode")
    for character, reference in (("\r", "&#xD;"), ("\n", "&#xA;"), ("\t", "&#x9;")):
        written = written.replace(character, reference)
    return written.encode()


@given(contacts)
def test_a_contact_is_written_as_element_tree_would(contact: Contact) -> None:
    assert XML.encode_contact(contact) == by_element_tree(contact)


@given(contacts)
def test_a_fragment_is_read_back_as_the_contact_that_it_was_written_of(contact: Contact) -> None:
    fragment = XML.encode_contact(contact)
    read = read_fragment(fragment)
    assert read == contact
    # Of a large number XML does not tell whether it was an integer.
    sent = {name: value for name, value in contact.values.items() if kind_of(value) != "decimal"}
    assert {name: type(read.values[name]) for name in sent} == {name: type(sent[name]) for name in sent}
    assert XML.encode_contact(read) == fragment


@given(
    st.lists(
        st.tuples(texts, values | st.just(UNSET)), min_size=1, max_size=6, unique_by=lambda pair: pair[0]
    )
)
def test_values_alone_are_written_as_their_contact_is(pairs: list[tuple[str, Any]]) -> None:
    for omits_nulls in (False, True):
        left_out = (UNSET, None) if omits_nulls else (UNSET,)
        write = XML.contacts_writer([name for name, _ in pairs], omits_nulls=omits_nulls)
        sent = {name: value for name, value in pairs if value not in left_out}
        whole = XML.encode_contact(Contact(None, sent))
        assert [*write([(value, value) for _, value in pairs], None)] == [whole, whole]
        known = XML.encode_contact(Contact("<1>", sent))
        assert [*write([(value, value) for _, value in pairs], ["<1>", UNSET])] == [known, whole]


CAN_NOT: dict[str, Callable[[], Any]] = {
    "control_character": lambda: "a\x0b",
    "what_stands_between_texts": lambda: "a\x00b",
    "no_character": lambda: "\uffff",
    "half_a_pair": lambda: "\ud800",
    "digits": lambda: Decimal("9" * 31),
}


@pytest.mark.parametrize("made", CAN_NOT.values(), ids=CAN_NOT)
def test_values_that_xml_can_not_hold_are_refused_among_others_that_it_can(made: Callable[[], Any]) -> None:
    for others in range(8):
        write = XML.contacts_writer(["x", *map(str, range(others))], omits_nulls=False)
        fine = [["fine"] * 2] * others
        bad, good = write([[made(), "fine"], *fine], None)
        assert bad is None
        assert good == write([["fine"], *[each[:1] for each in fine]], None)[0]
