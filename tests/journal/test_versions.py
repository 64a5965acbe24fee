"""A contact's version is the same whichever way its record goes and in whichever format it is sent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import hypothesis.strategies as st
from hypothesis import given

from target_w50.journal.keys import ContactHashes
from target_w50.journal.versions import VersionTexts, under
from target_w50.singer.messages import parse_json
from target_w50.w50 import Contact, wire_format

JSON, XML = wire_format("application/json"), wire_format("application/xml")
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.text(alphabet=st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=8),
    st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**6), max_value=10**6),
)
CONTACTS = st.builds(
    Contact,
    st.one_of(st.none(), st.sampled_from(["an id", 'a "quoted" one'])),
    st.dictionaries(st.sampled_from(["Email", "A", "B", "Ä", 'C "c"', "UpdatedAt"]), VALUES, min_size=1),
)
IGNORED = st.sampled_from([(), ("UpdatedAt",), ("UpdatedAt", "B")])


@given(CONTACTS, IGNORED, st.randoms(use_true_random=False))
def test_text_is_one_however_the_contact_came(
    contact: Contact, ignored: tuple[str, ...], chance: Any
) -> None:
    names = sorted(contact.values)
    in_order = Contact(contact.enc_contact_id, {name: contact.values[name] for name in names})
    chance.shuffle(names)
    in_any = Contact(contact.enc_contact_id, {name: contact.values[name] for name in names})
    short, general = (VersionTexts(is_sorted=each, ignored=ignored) for each in (True, False))
    (text,) = short.of_all([JSON.encode_contact(in_order)], {})
    assert general.of_all([JSON.encode_contact(in_any)], {}) == [text], "from JSON in any order"
    in_xml = XML.encode_contact(in_any)
    assert short.of_all([in_xml], {0: in_any}) == [text], "sent as XML, or merged"
    assert short.of_all([in_xml], {}) == [text], "read again from the XML"
    kept = [name for name in sorted(names) if name not in ignored]
    assert under(JSON.encode_contact(in_any), None, kept) == text
    assert under(b"", in_any, kept) == under(in_xml, None, kept) == text
    assert {*parse_json(text, "a text")["Values"]} == {*kept}


def test_what_is_ignored_alone_makes_no_other_text() -> None:
    texts = VersionTexts(is_sorted=True, ignored=["UpdatedAt"])
    one, two = (JSON.encode_contact(Contact(None, {"A": 1, "UpdatedAt": day})) for day in ("mon", "tue"))
    assert texts.of_all([one, two], {}) == [b'{"Values":{"A":1}}'] * 2


def test_numbers_of_other_digits_are_other_values() -> None:
    texts = VersionTexts(is_sorted=True, ignored=())
    written = [
        JSON.encode_contact(Contact(None, {"A": value})) for value in (1, "1", Decimal("1.0"), True, None)
    ]
    assert len({*texts.of_all(written, {})}) == 5


IDENTITIES = st.one_of(st.text(max_size=9), st.integers(-(2**70), 2**70), st.decimals(allow_nan=False))


@given(st.lists(IDENTITIES, min_size=1, max_size=4))
def test_keys_of_many_are_those_of_each(identities: list[Any]) -> None:
    for fields in (["Email"], []):
        hashes = ContactHashes(b"a key", account="w50", list_id=42, stream="contacts", match_fields=fields)
        assert [each % 2**64 for each in hashes.of_identities(identities)] == [
            hashes.of_identity(each) for each in identities
        ]
    nobody = hashes.of_identities([object()])
    assert [*nobody] == [0]


KNOWN = {
    "text": 2990698567116031764,
    "quoted": 12489006501942383229,
    "number": 5023706006537667693,
    "two": 16488980911677340815,
}


def test_keys_are_what_they_were() -> None:
    """They stand in people's journals."""
    hashes = ContactHashes(b"a key", account="w50", list_id=42, stream="contacts", match_fields=["Email"])
    assert hashes.of_identity("ann@example.com") == KNOWN["text"]
    assert hashes.of_identity('"ä"') == KNOWN["quoted"]
    assert hashes.of_identity(7) == KNOWN["number"]
    two = ContactHashes(b"a key", account="w50", list_id=42, stream="contacts", match_fields=["B", "A"])
    assert two.of_identity(("b", 1)) == KNOWN["two"]
