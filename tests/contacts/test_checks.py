"""Which fields are checked for what, which values fail, and that the quick way agrees with the libraries."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import phonenumbers
import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from target_w50.contacts.check_values import judge_of
from target_w50.contacts.checks import FieldCheck, decide_checks
from target_w50.contacts.maker import ContactMaker, ReadyContact
from target_w50.contacts.mapping import DecidedBy, MappedProperty, StreamMapping
from target_w50.contacts.phone_numbers import PlainNumbers
from target_w50.contacts.quick_checks import finder_of
from target_w50.contacts.refusal import Reason, Refusal
from target_w50.errors import MappingError
from target_w50.settings.checks import CheckKind
from target_w50.settings.model import entry_from
from target_w50.w50 import ContactSchemaField, ContactsList, FieldValue, wire_format
from tests.effort import tries

TEXT = {"type": ["string", "null"]}


def field(name: str, map_type: str | None = "Text", *values: str, used: bool = True) -> ContactSchemaField:
    choices = tuple(FieldValue(number, each, number, used) for number, each in enumerate(values))
    return ContactSchemaField(1, name, None, map_type, 1, choices)


def decided(
    name: str, known: ContactSchemaField | None = None, checks: Any = "auto", schema: Mapping[str, Any] = TEXT
) -> tuple[str, str | None] | None:
    """Kind and region of the one field's check."""
    fields = None if known is None else [known]
    found = decide_checks("s", checks, {name: "a"}, {"properties": {"a": schema}}, fields)
    return (found[0].kind.value, found[0].region) if found else None


# Which fields.


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(
            (name, "email")
            for name in ("Email", "EMAIL", "E-Mail", "EMail", "WorkEmail", "work_email", "Email2")
        ),
        *((name, "email") for name in ("EmailAddress", "e-mail address", "ContactEmailAddress")),
        *(
            (name, "phone")
            for name in ("Phone", "MobilePhone", "mobile", "Phone1", "SMS", "SMSNumber", "Tel")
        ),
        *((name, "phone") for name in ("TelephoneNumber", "CellNr", "home_phone_number")),
        *((name, "text") for name in ("EmailHash", "SendEmail", "EmailOptIn", "HasMobile", "EmailSentAt")),
        *(
            (name, "text")
            for name in ("PhoneType", "Hotel", "FirstName", "Mailing", "Number", "NoEmail", "é")
        ),
    ],
)
def test_by_itself_a_fields_name_says_what_it_holds(name: str, kind: str) -> None:
    assert decided(name) == (kind, None)
    assert decided(name, field(name)) == (kind, None)


@pytest.mark.parametrize(
    ("map_type", "kind"),
    [
        *((each, "email") for each in ("Email", "EMAIL", "E-Mail", "EmailAddress")),
        *((each, "phone") for each in ("Sms", "Phone", "Mobile Phone")),
        *((each, "date") for each in ("Date", "DateTime", "Birth Date")),
        *((each, "text") for each in ("Text", "Number", "Boolean", "", None, "Something")),
    ],
)
def test_the_type_that_w50_gives_a_field_comes_before_its_name(map_type: str | None, kind: str) -> None:
    assert decided("Remark", field("Remark", map_type)) == (kind, None)


def test_a_name_says_nothing_where_w50s_type_or_the_schema_says_otherwise() -> None:
    assert decided("Email", field("Email", "Boolean")) == ("text", None)
    assert decided("Email", None, schema={"type": "boolean"}) is None
    assert decided("Email", None, schema={"type": "integer"}) is None
    assert decided("Mobile", None, schema={"type": "integer"}) == ("phone", None)
    assert decided("Age", None, schema={"type": "integer"}) is None
    assert decided("Mobile", None, schema={}) == ("phone", None)


def test_a_field_with_values_is_a_choice_of_those_in_use() -> None:
    assert decided("Plan", field("Plan", "Email", "free", "pro")) == ("choice", None)
    used = [field("Plan", "Choice", "free").values[0], field("Plan", "Choice", "old", used=False).values[0]]
    plan = ContactSchemaField(1, "Plan", None, "Choice", 1, tuple(used))
    (check,) = decide_checks("s", "auto", {"Plan": "a"}, {"properties": {"a": TEXT}}, [plan])
    assert check.allowed == {"free"}
    (check,) = decide_checks("s", "auto", {"Plan": "a"}, {}, [field("Plan", "", "A", "B", used=False)])
    assert check.allowed == {"a", "b"}


def test_what_is_said_is_checked_and_nothing_else() -> None:
    assert decided("Email", checks="off") is None
    assert decided("Email", checks={}) is None
    assert decided("Number", checks={"Number": "phone:GB"}) == ("phone", "GB")
    assert decided("X", field("X", "Choice", "a"), {"X": "choice"}) == ("choice", None)


@pytest.mark.parametrize(
    ("checks", "code", "words"),
    [
        ({"Emial": "email"}, "check_unmapped", "did you mean 'Email'"),
        ({"Email": "choice"}, "check_without_values", "lists no values"),
    ],
    ids=["unmapped", "no values"],
)
def test_a_check_that_can_not_be_is_named(checks: dict[str, str], code: str, words: str) -> None:
    with pytest.raises(MappingError, match=words) as caught:
        decided("Email", field("Email"), checks)
    assert caught.value.code == code


# Which values.


_LONG = 6
"""A shorter value may be in any sentence."""


def fails(kind: str, value: Any, region: str | None = None, allowed: Sequence[str] = ()) -> str | None:
    check = FieldCheck("F", "a", CheckKind(kind), region, frozenset(allowed))
    message = judge_of(check)(value)
    rows = finder_of(check)([value, None, UNSET, value])
    assert rows == ([0, 3] if message else []), "the quick way has it so too"
    assert message is None or type(value) is int or len(str(value)) < _LONG or str(value) not in message
    return message


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *(
            ("email", each)
            for each in ("a@b.de", "a.b+c@x-y.co.uk", "o'neil@w50.test", "ü@bücher.example", "")
        ),
        *(("email", each) for each in ("A_B@EXAMPLE.COM", "!#$%@b.de", f"{'a' * 64}@{'b' * 60}.example")),
        *(
            ("phone", each)
            for each in ("+447700900123", "+44 7700 900-123", "00447700900123", 447700900123, "")
        ),
        *(("phone", each) for each in ("07700 900123", "0800 FLOWERS", "(020) 79460000", "+39 06 12345678")),
        *(("phone", each) for each in ("44.77.00.90", " +12025550123 ", "tel:+12025550123")),
        *(("date", each) for each in ("1980-12-31", "2000-02-29", "1980-12-31T23:59:60.1234567+01:00", "")),
        *(("date", each) for each in ("1980-12-31 08:00", "1980-12-31T08:00:00Z")),
        *(("choice", each) for each in ("a", "A", " b ", "a;b", "B, a", "1", 1, "true", True)),
        *(("text", each) for each in ("Null", "Nan", "NULLs", "", "None", 0, True, Decimal("1.5"))),
    ],
    ids=repr,
)
def test_what_is_good(kind: str, value: Any) -> None:
    assert fails(kind, value, allowed=["a", "b", "1", "true"]) is None


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        *(
            ("email", each, "no e-mail")
            for each in ("a", "a@b", "a@@b.de", "a@b..de", ".a@b.de", "a@b.de,c@d.de")
        ),
        *(("email", each, "no e-mail") for each in ("a b@c.de", "a@-b.de", "a@b.local", "a@b.1", 5, True)),
        *(
            ("email", each, "no e-mail")
            for each in ("a\n@b.de", "a@b.de\nc@d.de", f"a@{'b' * 64}.de", "@b.de")
        ),
        *(("email", each, "spaces") for each in (" a@b.de", "a@b.de\t", "a@b.de\n", "\u00a0a@b.de")),
        *(("email", each, "NULL") for each in ("NULL", "n/a", "#N/A", " NULL")),
        *(("phone", each, "NULL") for each in ("NULL", "N/A")),
        *(("phone", each, "country") for each in ("+999123456789", "00999123456789", "+0123456789")),
        *(("phone", each, "too short or too long") for each in ("+44770", "+1202555", "+4477009001231234")),
        *(("phone", each, "no phone") for each in ("call me", "call 0770900123", "12", "a@b.de", "1" * 18)),
        *(("phone", each, "no phone") for each in (-5, 1.5, True, "+", 10**5000, "1 " * 200)),
        *(("phone", each, "spreadsheet") for each in ("4.477E+11", "4,477E+11", "447700900123.0")),
        *(
            ("date", each, "no date")
            for each in ("31/12/1980", "1980-02-30", "1980-13-01", "80-1-31", 19801231)
        ),
        *(
            ("date", each, "no date")
            for each in ("0000-01-01", "1980-12-31T24:00", "today", "19801231", True)
        ),
        ("date", "NULL", "NULL"),
        *(("choice", each, "none of the values") for each in ("c", "a;c", "2", 2, False, 10**5000)),
        ("email", "a" * 2000 + "@b.de", "no e-mail"),
        ("choice", "n/a", "NULL"),
        *(("text", each, "NULL") for each in ("NULL", "null", "N/A", "undefined")),
    ],
    ids=lambda value: repr(value)[:30] if type(value) is not int or value < 10**18 else "big",
)
def test_what_fails_is_said_without_the_value(kind: str, value: Any, words: str) -> None:
    message = fails(kind, value, allowed=["a", "b", "1", "true"])
    assert message is not None
    assert words in message


@pytest.mark.parametrize(
    ("region", "value", "good"),
    [
        ("GB", "07700 900123", True),
        ("GB", "7700900123", True),
        ("GB", "00 1 202 555 0123", True),
        ("GB", "+12025550123", True),
        ("GB", "077", False),
        ("GB", "0770090012312", False),
        ("US", "(202) 555-0123", True),
        ("US", "555-0123", True),
        ("US", "12025550123", True),
        ("US", "202555", False),
        ("DE", "0171 1234567", True),
        ("AR", "011 15 1234-5678", True),
    ],
)
def test_with_a_region_numbers_of_the_country_are_judged_too(region: str, value: str, good: bool) -> None:
    assert (fails("phone", value, region) is None) == good


# Quick and slow agree.

_ADDRESS_PARTS = st.sampled_from(
    [
        *(
            "a",
            "B",
            "0",
            "_",
            "+",
            "-",
            ".",
            "..",
            "@",
            "ü",
            " ",
            "\n",
            "--",
            "'",
            "xn--",
            '"',
            "\x00",
            "\ud800",
        ),
        *("com", "co.uk", "test", "local", "localhost", "arpa", "ONION", "Invalid", "example.com"),
        *("a" * 31, "b" * 64),
    ]
)
ADDRESSES = st.lists(_ADDRESS_PARTS, min_size=1, max_size=6).map("".join) | st.builds(
    "{}@{}.{}".format, *[st.lists(_ADDRESS_PARTS, max_size=4).map("".join)] * 3
)


@given(st.lists(ADDRESSES | st.none() | st.integers() | st.just(UNSET), max_size=8))
@settings(max_examples=tries(400), deadline=None)
def test_addresses_in_a_column_are_judged_as_one_by_one(column: list[Any]) -> None:
    check = FieldCheck("F", "a", CheckKind.EMAIL)
    found = finder_of(check)(column)
    assert found == [
        row
        for row, value in enumerate(column)
        if value is not None and value is not UNSET and not _is_good(value)
    ]


def _is_good(value: Any) -> bool:
    """As the library has it, but for empty text."""
    if not isinstance(value, str):
        return False
    try:
        return not value or bool(validate_email(value, check_deliverability=False, test_environment=True))
    except (EmailNotValidError, UnicodeError):
        return False


_CODES = sorted(map(str, phonenumbers.COUNTRY_CODE_TO_REGION_CODE))
_REGIONS = ["GB", "US", "DE", "IT", "FR", "AR", "MX", "BR", "AU", "RU", "CN", "HU", "SG", "AG", "ES", "LI"]
_DIGITS = st.text("0123456789", min_size=1, max_size=15)


@st.composite
def numbers(draw: st.DrawFn, region: str | None) -> str:
    if region is None or draw(st.booleans()):
        digits = "+" + draw(st.sampled_from(_CODES)) + draw(_DIGITS)
    else:
        digits = draw(st.sampled_from(["", "0", "1", "8", "00", "06"])) + draw(_DIGITS)
    at = draw(st.integers(1, len(digits)))
    return digits[:at] + draw(st.sampled_from(["", " ", "-"])) + digits[at:]


@given(st.data())
@settings(max_examples=tries(1000), deadline=None)
def test_a_number_that_is_plain_to_see_is_a_possible_one_for_the_library_too(data: st.DataObject) -> None:
    region = data.draw(st.sampled_from([None, *_REGIONS]))
    plain = PlainNumbers(region)
    for text in data.draw(st.lists(numbers(region), min_size=1, max_size=6)):
        if plain.has(text):
            assert phonenumbers.is_possible_number(phonenumbers.parse(text, region)), text


@pytest.mark.parametrize("region", _REGIONS)
def test_plain_numbers_of_a_country_are_known_for_such(region: str) -> None:
    """Else each would cost ten times as much."""
    example: Any = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    abroad = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    assert PlainNumbers(None).has(abroad) or abroad.startswith(("+54", "+52", "+1268", "+36", "+423"))


@given(
    st.lists(
        st.sampled_from(["1980-12-31", "1980-02-29", "1981-02-29", "2000-00-10", "x", "", None, 5, UNSET])
    )
)
@settings(max_examples=tries(50), deadline=None)
def test_dates_in_a_column_are_judged_as_one_by_one(column: list[Any]) -> None:
    check = FieldCheck("F", "a", CheckKind.DATE)
    judge, find = judge_of(check), finder_of(check)
    wrong = [
        row for row, value in enumerate(column) if value not in (None, UNSET) and judge(value) is not None
    ]
    assert find(column) == find(column) == wrong


# What becomes of them.


def maker(
    *properties: str, checks: Mapping[str, str], match: Sequence[str] = (), **members: Any
) -> ContactMaker:
    """For properties `a`, `b` ... that go to the FieldNames `A`, `B` ..."""
    entry = entry_from({"stream": "s", "contact_list": "42", "match_fields": match, **members})
    mapped = tuple(MappedProperty(name, name.upper(), DecidedBy.NORMALIZED) for name in properties)
    names = tuple(each.field_name for each in mapped)
    decided = decide_checks("s", checks, {each.field_name: each.name for each in mapped}, {}, None)
    mapping = StreamMapping("s", entry, ContactsList(42, "N", 0), mapped, (), names, decided)
    return ContactMaker(mapping, (), wire_format("application/json"))


EMAIL_A = {"A": "email", "B": "phone"}


def what_becomes(own: ContactMaker, record: dict[str, Any], *, deleted: bool = False) -> Any:
    """What is sent and which fields failed; or the property that the record is refused for."""
    made = own.make_deleted(record) if deleted else own.make(record)
    if isinstance(made, Refusal):
        assert made.reason is Reason.INVALID_VALUE
        return made.property
    assert isinstance(made, ReadyContact)
    assert json.loads(made.fragment)["Values"] == made.contact.values
    return dict(made.contact.values), [each.check.field_name for each in made.failed]


BAD: dict[str, Any] = {"a": "x", "b": "+1", "c": 1}


def test_by_default_what_fails_is_sent_all_the_same() -> None:
    own = maker("a", "b", "c", checks=EMAIL_A, match=["A"])
    assert what_becomes(own, BAD) == ({"A": "x", "B": "+1", "C": 1}, ["A", "B"])
    assert what_becomes(own, {"a": "a@b.de", "c": 1}) == ({"A": "a@b.de", "C": 1}, [])


def test_null_never_fails() -> None:
    for members in ({}, {"null_values": "omit"}):
        own = maker("a", "c", checks={"A": "email"}, **members)
        assert what_becomes(own, {"a": None, "c": 1})[1] == []


def test_a_record_is_set_aside_for_the_first_value_and_all_are_counted() -> None:
    own = maker("a", "b", "c", checks=EMAIL_A, on_failed_check="quarantine")
    assert what_becomes(own, BAD) == "a"
    refusal = own.make(BAD)
    assert isinstance(refusal, Refusal)
    assert [each.check.field_name for each in refusal.failed] == ["A", "B"]
    assert what_becomes(own, {"a": "a@b.de"}) == ({"A": "a@b.de"}, [])


def test_what_is_left_out_is_as_if_the_record_did_not_have_it_but_for_match_fields() -> None:
    own = maker("a", "b", "c", checks=EMAIL_A, match=["A"], on_failed_check="omit")
    assert what_becomes(own, {**BAD, "a": "a@b.de"}) == ({"A": "a@b.de", "C": 1}, ["B"])
    assert what_becomes(own, BAD) == "a"


def test_a_blank_match_value_is_missing_rather_than_invalid() -> None:
    refusal = maker("a", "b", checks=EMAIL_A, match=["A"], on_failed_check="quarantine").make({"a": " "})
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.MISSING_MATCH_VALUE


def test_of_a_deleted_record_only_what_is_sent_is_checked() -> None:
    marks = {"deleted_records": "mark", "deleted_values": {"Gone": True}, "on_failed_check": "quarantine"}
    own = maker("a", "b", "c", checks=EMAIL_A, match=["A"], **marks)
    assert what_becomes(own, {**BAD, "a": "a@b.de"}, deleted=True) == ({"A": "a@b.de", "Gone": True}, [])
    assert what_becomes(own, BAD, deleted=True) == "a"
