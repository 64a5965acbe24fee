"""One record becomes one contact, or a refusal that shows no value."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Hashable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_w50.contacts.maker import ContactMaker, ReadyContact, read_fragment
from target_w50.contacts.mapping import DecidedBy, MappedProperty, StreamMapping
from target_w50.contacts.refusal import Reason, Refusal
from target_w50.settings.model import entry_from
from target_w50.singer.messages import BrokenLineError
from target_w50.singer.nested_json import compact_json
from target_w50.w50 import Contact, ContactsList, WireFormat, wire_format
from target_w50.w50.wire.json_format import JsonWire

SECRET = "Hidden"


def maker(
    *properties: str,
    match: Sequence[str] = (),
    keys: Sequence[str] = (),
    media_type: str = "application/json",
    wire: WireFormat | None = None,
    **members: Any,
) -> ContactMaker:
    """For properties `a`, `b` ... that go to the FieldNames `A`, `B` ..."""
    entry = entry_from({"stream": "s", "contact_list": "42", "match_fields": match, **members})
    mapped = tuple(MappedProperty(name, name.upper(), DecidedBy.NORMALIZED) for name in properties)
    names = tuple(each.field_name for each in mapped)
    mapping = StreamMapping("s", entry, ContactsList(42, "Newsletter", 0), mapped, (), names)
    return ContactMaker(mapping, tuple(keys), wire or wire_format(media_type))


def made(own: ContactMaker, record: Mapping[str, Any], *, deleted: bool = False) -> ReadyContact:
    ready = own.make_deleted(record) if deleted else own.make(record)
    assert isinstance(ready, ReadyContact), ready
    return ready


def refused(own: ContactMaker, record: Mapping[str, Any]) -> tuple[str, str | None]:
    refusal = own.make(record)
    assert isinstance(refusal, Refusal), refusal
    assert SECRET not in refusal.message
    return refusal.reason, refusal.property


def identity(own: ContactMaker, **record: Any) -> Hashable | None:
    return made(own, record).identity


# Values.


def test_only_mapped_properties_that_the_record_has_are_sent() -> None:
    contact = made(maker("a", "b"), {"a": 1, "c": 2}).contact
    assert (contact.enc_contact_id, contact.values) == (None, {"A": 1})


def test_nulls_are_sent_or_left_out_as_the_entry_says() -> None:
    assert made(maker("a", "b"), {"a": 1, "b": None}).contact.values == {"A": 1, "B": None}
    omitting = maker("a", "b", null_values="omit")
    assert made(omitting, {"a": 1, "b": None}).contact.values == {"A": 1}
    assert made(omitting, {"a": "", "b": 0}).contact.values == {"A": "", "B": 0}


def test_a_fragment_is_the_contact_as_it_is_sent() -> None:
    ready = made(maker("a", "b", "e", enc_contact_id="e"), {"a": "ü", "b": Decimal("1.10"), "e": "x"})
    assert ready.fragment == '{"EncContactId":"x","Values":{"A":"ü","B":1.10,"E":"x"}}'.encode()
    assert read_fragment(ready.fragment) == ready.contact


def test_a_fragment_of_xml_is_read_back_as_the_contact_too() -> None:
    own = maker("a", "b", "e", enc_contact_id="e", media_type="application/xml")
    ready = made(own, {"a": "<ü&>", "b": Decimal("1.10"), "e": "x"})
    assert read_fragment(ready.fragment) == ready.contact


def test_a_damaged_fragment_is_not_said_to_be_a_line_of_the_input() -> None:
    with pytest.raises(BrokenLineError, match=r"^A kept contact is not JSON"):
        read_fragment(b'{"Values":')


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": [1, 2.5, None, True], "b": "ü"}, '{"a":[1,2.5,null,true],"b":"ü"}'),
        ([], "[]"),
        ({}, "{}"),
        ([Decimal("1.10"), 2**70, Decimal("1E+400")], f"[1.10,{2**70},1E+400]"),
        ({"a": {"b": {"c": []}}}, '{"a":{"b":{"c":[]}}}'),
    ],
)
def test_nested_values_are_compact_json_with_their_digits(value: Any, text: str) -> None:
    assert made(maker("a"), {"a": value}).contact.values == {"A": text}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
        lambda inner: st.lists(inner) | st.dictionaries(st.text("abü"), inner),
    )
)
def test_compact_json_reads_back_as_the_same_value(value: Any) -> None:
    text = compact_json(value)
    assert json.loads(text) == value
    assert text == json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def test_dates_of_stream_maps_are_sent_in_iso_form() -> None:
    moment = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.timezone.utc)
    values = made(maker("a", "b"), {"a": moment, "b": moment.date()}).contact.values
    assert values == {"A": "2026-01-02T03:04:05+00:00", "B": "2026-01-02"}


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        Decimal("NaN"),
        Decimal("-Infinity"),
        f"{SECRET}\ud800",
        [SECRET, float("nan")],
        {SECRET: Decimal("Infinity")},
        {SECRET: "\udc00"},
        {"\ud800": SECRET},
        b"Hidden",
        {SECRET},
        Ellipsis,
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("media_type", ["application/json", "text/xml"])
def test_what_can_not_be_sent_is_a_failed_conversion_of_its_property(value: Any, media_type: str) -> None:
    own = maker("a", "b", media_type=media_type)
    assert refused(own, {"a": "fine", "b": value}) == ("conversion_failed", "b")


def test_what_only_one_format_can_not_hold_is_refused_in_that_format_alone() -> None:
    record = {"a": f"{SECRET}\x00"}
    assert made(maker("a"), record).contact.values == {"A": f"{SECRET}\x00"}
    assert refused(maker("a", media_type="application/xml"), record) == ("conversion_failed", "a")


def test_a_number_beyond_all_floats_is_a_number() -> None:
    assert made(maker("a"), {"a": Decimal("1E+400")}).contact.values == {"A": Decimal("1E+400")}


@pytest.mark.parametrize(
    ("media_type", "value", "words"),
    [
        ("application/xml", "\x00", "holds U+0000, which XML 1.0 can't hold"),
        ("application/json", float("nan"), "is not a finite number"),
        ("application/json", [float("nan")], "holds something that JSON can't"),
        ("application/json", b"x", "holds a value of type bytes, which can't be sent"),
    ],
)
def test_a_refusal_says_what_is_wrong_with_the_value(media_type: str, value: Any, words: str) -> None:
    refusal = maker("a", media_type=media_type).make({"a": value})
    assert refusal == Refusal(Reason.CONVERSION_FAILED, words, "a")


class PickyWire(JsonWire):
    """Takes no number above 9, and no contact of three values."""

    def encode_contact(self, contact: Contact) -> bytes:
        if len(contact.values) > 2 or any(type(each) is int and each > 9 for each in contact.values.values()):
            raise OverflowError(SECRET)
        return super().encode_contact(contact)


def test_what_a_format_can_not_write_is_told_by_its_property_or_by_the_error_s_name() -> None:
    own = maker("a", "b", "c", wire=PickyWire())
    for record, name, words in (
        ({"a": "fine", "b": 10}, "b", "can't be sent as application/json"),
        ({"a": 1, "b": 2, "c": 3}, None, "the contact can't be sent (OverflowError)"),
    ):
        refusal = own.make(record)
        assert refusal == Refusal(Reason.CONVERSION_FAILED, words, name)


def test_a_nested_value_too_deep_to_be_written_is_a_failed_conversion() -> None:
    value: Any = []
    for _ in range(100_000):
        value = [value]
    assert refused(maker("a"), {"a": value}) == ("conversion_failed", "a")
    while value:  # taken apart, or letting go of it would go as deep
        value = value[0]


# Match values.


@pytest.mark.parametrize("value", [None, "", "  ", "\n\t", "\u2003", "\u200b\u2060"])
@pytest.mark.parametrize("omit", ["send", "omit"])
def test_a_missing_null_or_blank_match_value_might_match_anyone(value: Any, omit: str) -> None:
    own = maker("a", "b", match=["A"], null_values=omit)
    assert refused(own, {"a": value, "b": 1}) == ("missing_match_value", "a")
    assert refused(own, {"b": 1}) == ("missing_match_value", "a")


@pytest.mark.parametrize("value", [0, False, "x", Decimal(0)])
def test_other_values_are_values_to_match_by(value: Any) -> None:
    assert made(maker("a", match=["A"]), {"a": value}).contact.values == {"A": value}


def test_each_of_several_match_fields_must_have_a_value() -> None:
    own = maker("a", "b", match=["A", "B"])
    assert refused(own, {"a": "x", "b": " "}) == ("missing_match_value", "b")
    assert made(own, {"a": "x", "b": "y"}).identity is not None


# EncContactId.


def test_the_enc_contact_id_is_sent_beside_the_values() -> None:
    own = maker("a", enc_contact_id="e")
    contact = made(own, {"a": 1, "e": "x"}).contact
    assert (contact.enc_contact_id, contact.values) == ("x", {"A": 1})
    assert made(own, {"a": 1, "e": 5}).contact.enc_contact_id == "5"


@pytest.mark.parametrize("value", [None, "", " "])
def test_without_enc_contact_id_the_match_fields_tell_the_contact_or_nothing_does(value: Any) -> None:
    assert made(maker("a", match=["A"], enc_contact_id="e"), {"a": 1, "e": value}).contact.values == {"A": 1}
    assert refused(maker("a", enc_contact_id="e"), {"a": 1, "e": value}) == ("missing_match_value", "e")
    assert refused(maker("a", enc_contact_id="e"), {"a": 1}) == ("missing_match_value", "e")


@pytest.mark.parametrize("value", [True, Decimal("1.5"), [1], {"a": 1}, f"{SECRET}\ud800"])
def test_what_can_be_no_enc_contact_id_is_a_failed_conversion(value: Any) -> None:
    assert refused(maker("a", enc_contact_id="e"), {"a": 1, "e": value}) == ("conversion_failed", "e")


@pytest.mark.parametrize("name", ["A", "a"])
def test_a_refusal_names_its_property_also_where_the_match_field_is_called_so(name: str) -> None:
    refusal = maker(name, match=["A"]).make({name: " "})
    assert isinstance(refusal, Refusal)
    words = f"property {name!r} is missing, null or blank, but goes to the match field 'A'"
    assert (refusal.message, refusal.property) == (words, name)


def test_a_refusal_says_that_the_property_was_to_hold_the_enc_contact_id() -> None:
    own = maker("a", enc_contact_id="e")
    missing = Refusal(
        Reason.MISSING_MATCH_VALUE,
        "property 'e' is missing, null or blank, but holds EncContactId",
        property="e",
    )
    assert own.make({"a": 1}) == missing
    assert own.make({"a": 1, "e": True}) == Refusal(
        Reason.CONVERSION_FAILED, "can't be an EncContactId", property="e"
    )


# What tells contacts apart.


def test_contacts_are_told_apart_by_enc_contact_id_then_match_values_then_keys() -> None:
    by_all = maker("a", match=["A"], keys=["k"], enc_contact_id="e")
    assert identity(by_all, a=1, k=1, e="x") == identity(by_all, a=2, k=2, e="x")
    assert identity(by_all, a=1, k=1, e="x") != identity(by_all, a=1, k=1, e="y")
    assert identity(by_all, a=1, k=1) == identity(by_all, a=1, k=2)
    by_match = maker("a", "b", match=["A", "B"], keys=["k"])
    assert identity(by_match, a=1, b=2, k=1) == identity(by_match, a=1, b=2, k=2)
    assert identity(by_match, a=1, b=2) != identity(by_match, a=2, b=1)
    by_key = maker("a", keys=["k", "l"])
    assert identity(by_key, a=1, k=1, l=2) == identity(by_key, a=2, k=1, l=2)
    assert identity(by_key, a=1, k=1, l=2) != identity(by_key, a=1, k=1, l=3)


def test_an_enc_contact_id_is_no_match_value_that_reads_the_same() -> None:
    own = maker("a", match=["A"], enc_contact_id="e")
    assert identity(own, a="x", e="y") != identity(own, a="y")


def test_match_values_are_kept_beside_an_enc_contact_id() -> None:
    """W50 may take a record with it and one without for one contact: they must not be in one job."""
    own = maker("a", "b", "e", match=["A"], enc_contact_id="e")
    named, unnamed = made(own, {"a": "x", "e": "key"}), made(own, {"a": "x", "b": 2})
    assert named.matched == unnamed.matched == unnamed.identity
    assert named.identity != unnamed.identity
    assert made(own, {"a": "y", "e": "key"}).matched != named.matched
    assert made(own, {"a": "x", "e": "key"}, deleted=True).matched == named.matched
    assert named.fragment == b'{"EncContactId":"key","Values":{"A":"x","E":"key"}}'


def test_where_one_thing_alone_tells_contacts_apart_nothing_is_kept_beside_it() -> None:
    assert made(maker("a", match=["A"]), {"a": "x"}).matched is None
    by_enc = made(maker("a", enc_contact_id="e", keys=["a"]), {"a": "x", "e": "key"})
    assert (by_enc.identity == made(maker("a", keys=["a"]), {"a": "x"}).identity, by_enc.matched) == (
        False,
        None,
    )


def test_nothing_tells_contacts_apart_without_keys_or_with_null_keys() -> None:
    assert identity(maker("a"), a=1) is None
    assert identity(maker("a", keys=["k"]), a=1) is None
    assert identity(maker("a", keys=["k", "l"]), a=1, k=1, l=None) is None


def test_values_of_different_types_are_different_but_equal_numbers_are_equal() -> None:
    own = maker("a", match=["A"])
    assert identity(own, a=True) != identity(own, a=1)
    assert identity(own, a="1") != identity(own, a=1)
    assert identity(own, a=Decimal("1.0")) == identity(own, a=1)


def test_nested_keys_tell_contacts_apart() -> None:
    own = maker("a", keys=["k"])
    assert identity(own, a=1, k={"x": [1]}) == identity(own, a=2, k={"x": [1]})
    assert identity(own, a=1, k={"x": [1]}) != identity(own, a=1, k={"x": [2]})
    hash(identity(own, a=1, k={"x": [1]}))


def test_match_values_are_folded_where_the_entry_says_so_and_keys_and_enc_contact_ids_never() -> None:
    def alike(one: dict[str, Any], other: dict[str, Any], **members: Any) -> bool:
        own = maker("a", "b", keys=["k"], match_values="folded", **members)
        return identity(own, **one) == identity(own, **other)

    assert alike({"a": "Ann"}, {"a": "ANN"}, match=["A"])
    assert not alike({"a": "Ann"}, {"a": "Anna"}, match=["A"])
    assert alike({"a": "Ann", "b": 1}, {"a": "ann", "b": "1"}, match=["A", "B"])
    assert not alike({"a": "Ann", "b": 1}, {"a": "ann", "b": 2}, match=["A", "B"])
    assert not alike({"a": "x", "e": "Key"}, {"a": "x", "e": "KEY"}, match=["A"], enc_contact_id="e")
    assert not alike({"k": "Ann"}, {"k": "ANN"})
    assert identity(maker("a", match=["A"]), a="Ann") != identity(maker("a", match=["A"]), a="ANN")


@pytest.mark.parametrize(
    ("match", "record", "known_by"),
    [
        (["A"], {"a": "Ann", "k": 1}, "ann"),
        (["A", "B"], {"a": "Ann", "b": 2, "k": 1}, ("ann", "2")),
        ([], {"k": "Ann"}, "Ann"),
        ([], {"k": True}, ("boolean", True)),
        ([], {"k": {"x": [1]}}, ("nested", "{'x': [1]}")),
    ],
    ids=["one", "two", "key", "boolean", "nested"],
)
def test_what_a_contact_is_known_by_has_one_form(match: list[str], record: Any, known_by: Any) -> None:
    """The short way makes the same, and the journal hashes it: another form would not be known again."""
    assert identity(maker("a", "b", match=match, keys=["k"], match_values="folded"), **record) == known_by


# Deleted records.


def test_a_mark_is_the_match_fields_and_the_given_values_alone() -> None:
    own = maker("a", "b", match=["A"], deleted_values={"Gone": True, "B": None})
    ready = made(own, {"a": "x", "b": "y"}, deleted=True)
    assert ready.contact.values == {"A": "x", "Gone": True, "B": None}
    assert ready.identity == identity(own, a="x")
    assert ready.fragment == b'{"Values":{"A":"x","Gone":true,"B":null}}'


def test_a_mark_keeps_the_enc_contact_id() -> None:
    own = maker("a", enc_contact_id="e", deleted_values={"Gone": 1})
    contact = made(own, {"a": "x", "e": "id"}, deleted=True).contact
    assert (contact.enc_contact_id, contact.values) == ("id", {"Gone": 1})


def test_a_mark_needs_a_match_value_too() -> None:
    refusal = maker("a", match=["A"], deleted_values={"Gone": 1}).make_deleted({"a": None})
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "missing_match_value"
