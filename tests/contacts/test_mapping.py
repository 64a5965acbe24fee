"""Which list a stream goes to and which FieldName a property: decided by names, never by guessing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest

from target_w50.contacts.contact_lists import ListDirectory
from target_w50.contacts.mapping import DecidedBy, Ignored, StreamMapping, map_stream
from target_w50.contacts.names import normalized
from target_w50.errors import MappingError, RefusedError
from target_w50.settings.model import DeletedRecords, StreamEntry, entry_for, entry_from
from target_w50.w50 import ContactSchemaField, ContactsList, W50Client

LISTS = (ContactsList(42, "Newsletter", 0), ContactsList(43, "Customers", 0), ContactsList(7, "2024", 0))


class FakeClient:
    """Knows lists and fields, and counts what it is asked."""

    def __init__(
        self, fields: Sequence[str], lists: Sequence[ContactsList] = LISTS, status: int = 404
    ) -> None:
        self.asked: list[str] = []
        self._fields, self._lists, self._status = fields, lists, status

    def list_contact_lists(self) -> tuple[ContactsList, ...]:
        self.asked.append("lists")
        return tuple(self._lists)

    def get_contact_list(self, list_id: int) -> ContactsList:
        self.asked.append("list")
        for each in self._lists:
            if each.id == list_id:
                return each
        raise RefusedError("no such list", status=self._status)

    def list_fields(self, list_id: int) -> tuple[ContactSchemaField, ...]:
        self.asked.append(f"fields {list_id}")
        return tuple(
            ContactSchemaField(number, name, None, "Text", number, ())
            for number, name in enumerate(self._fields)
        )


def directory(*fields: str, **options: Any) -> tuple[ListDirectory, FakeClient]:
    client = FakeClient(fields, **options)
    return ListDirectory(cast("W50Client", client)), client


def entry_of(stream: str, /, **members: Any) -> StreamEntry:
    """An entry of `streams`, its members as the settings have them."""
    return entry_from({"stream": stream, "contact_list": "42", **members})


def mapped(
    properties: Sequence[str], known: Sequence[str], /, *, loads: bool = True, **members: Any
) -> StreamMapping:
    schema: dict[str, Any] = {"properties": {name: {} for name in properties}}
    entry = entry_of("s", **{"match_fields": [], **members})
    return map_stream("s", schema, entry, directory(*known)[0], loads=loads)


def pairs(mapping: StreamMapping) -> dict[str, str]:
    return {each.name: each.field_name for each in mapping.properties}


def refused(properties: Sequence[str], known: Sequence[str], code: str, /, **members: Any) -> str:
    with pytest.raises(MappingError) as caught:
        mapped(properties, known, **members)
    assert (caught.value.code, caught.value.exit_status) == (code, 2)
    assert caught.value.message.startswith("Stream 's'")
    return caught.value.message


# Names.


@pytest.mark.parametrize(
    "name", ["first_name", "FIRST-NAME", "First Name", "firstName", "f.i.r.s.t.n.a.m.e", "FirstName"]
)
def test_case_and_all_but_letters_and_digits_do_not_count(name: str) -> None:
    assert pairs(mapped([name], ["FirstName"])) == {name: "FirstName"}


def test_letters_of_any_script_and_digits_count() -> None:
    assert normalized("Straße_2") == "strasse2"
    assert pairs(mapped(["ADDRESS_2", "größe"], ["Address1", "Address2", "Größe"])) == {
        "ADDRESS_2": "Address2",
        "größe": "Größe",
    }


def test_an_exact_spelling_wins_over_one_that_is_only_alike() -> None:
    assert pairs(mapped(["first_name"], ["FirstName", "first_name"])) == {"first_name": "first_name"}


def test_a_property_that_fits_two_fields_is_for_the_user_to_decide() -> None:
    message = refused(["first_name"], ["FirstName", "First_Name"], "field_ambiguous")
    assert "'FirstName', 'First_Name'" in message
    chosen = mapped(["first_name"], ["FirstName", "First_Name"], fields={"first_name": "First_Name"})
    assert pairs(chosen) == {"first_name": "First_Name"}


def test_names_without_letters_and_digits_are_alike_to_nothing() -> None:
    mapping = mapped(["___", "email"], ["---", "Email"])
    assert pairs(mapping) == {"email": "Email"}


def test_two_properties_for_one_field_are_a_conflict_until_one_is_dropped() -> None:
    message = refused(["first_name", "FirstName"], ["FirstName"], "field_conflict")
    assert "'first_name' and 'FirstName'" in message
    kept = mapped(["first_name", "FirstName"], ["FirstName"], fields={"first_name": "__NULL__"})
    assert pairs(kept) == {"FirstName": "FirstName"}


def test_fields_say_how_a_property_is_sent() -> None:
    mapping = mapped(["mail", "email"], ["Email", "Other"], fields={"mail": "Email", "email": "Other"})
    assert [(each.name, each.field_name, each.how) for each in mapping.properties] == [
        ("mail", "Email", "explicit"),
        ("email", "Other", "explicit"),
    ]


def test_with_listed_naming_only_what_fields_names_is_sent() -> None:
    """A new column of the source is not sent by itself."""
    found = mapped(
        ["mail", "FirstName"], ["Email", "FirstName"], fields={"mail": "Email"}, field_naming="listed"
    )
    assert pairs(found) == {"mail": "Email"}
    (ignored,) = found.ignored
    assert (ignored.name, ignored.is_unmapped, ignored.nearest) == ("FirstName", True, None)
    assert "'FirstName'" in refused(
        ["mail", "FirstName"],
        ["Email", "FirstName"],
        "property_unmapped",
        fields={"mail": "Email"},
        field_naming="listed",
        unmapped_properties="fail",
    )


def test_with_exact_naming_the_fields_of_the_list_are_not_asked_for() -> None:
    own, client = directory("Email")
    entry = entry_of("s", match_fields=["mail"], field_naming="exact", fields={"x": "Anything"})
    mapping = map_stream("s", {"properties": {"mail": {}, "x": {}, "y": {}}}, entry, own)
    assert pairs(mapping) == {"mail": "mail", "x": "Anything", "y": "y"}
    assert client.asked == ["list"]


def test_columns_about_the_record_are_sent_only_if_fields_map_them() -> None:
    assert pairs(mapped(["a", "_sdc_x"], ["A", "SdcX"])) == {"a": "A"}
    assert pairs(mapped(["_sdc_x"], ["SdcX"], fields={"_sdc_x": "SdcX"})) == {"_sdc_x": "SdcX"}


def test_the_property_that_holds_the_enc_contact_id_is_no_field_unless_mapped() -> None:
    assert pairs(mapped(["a", "enc"], ["A", "Enc"], enc_contact_id="enc")) == {"a": "A"}
    both = mapped(["a", "enc"], ["A", "Enc"], enc_contact_id="enc", fields={"enc": "Enc"})
    assert pairs(both) == {"a": "A", "enc": "Enc"}


# What is left over.


def test_a_mapping_says_what_it_is_about_and_who_decided_each_name() -> None:
    mapping = mapped(["email", "first", "_sdc_x"], ["Email", "FirstName"], fields={"first": "FirstName"})
    assert (mapping.stream, mapping.contact_list) == ("s", LISTS[0])
    assert [each.how for each in mapping.properties] == [DecidedBy.NORMALIZED, DecidedBy.FIELDS]
    exact = mapped(["Email"], ["Email"], field_naming="exact")
    assert [each.how for each in exact.properties] == [DecidedBy.EXACT]
    assert [(each.name, each.why) for each in mapping.ignored] == [("_sdc_x", Ignored.NOT_OF_THE_CONTACT)]


def test_a_mapping_loads_unless_it_is_told_otherwise() -> None:
    """Match fields that are not mapped would match nobody."""
    schema: dict[str, Any] = {"properties": {"email": {}}}
    entry = entry_of("s", match_fields=["Phone"])
    with pytest.raises(MappingError, match="Phone"):
        map_stream("s", schema, entry, directory("Email")[0])


def test_a_stream_without_fields_is_told_those_of_the_list() -> None:
    assert "The list has Email, Phone" in refused(["x"], ["Email", "Phone"], "no_field_names")


def test_a_schema_without_properties_maps_nothing() -> None:
    with pytest.raises(MappingError, match="no property has a FieldName"):
        map_stream("s", {}, entry_of("s", match_fields=[]), directory("Email")[0])


def test_what_has_no_field_is_ignored_with_the_nearest_one_or_ends_the_run() -> None:
    mapping = mapped(["email", "fist_name", "zzz"], ["Email", "FirstName"])
    assert [(each.name, each.why, each.nearest) for each in mapping.ignored] == [
        ("fist_name", "no such field", "FirstName"),
        ("zzz", "no such field", None),
    ]
    message = refused(["email", "zzz", "_sdc_x"], ["Email"], "property_unmapped", unmapped_properties="fail")
    assert "'zzz'" in message
    assert "_sdc_x" not in message


def test_dropped_properties_do_not_count_as_unmapped() -> None:
    mapping = mapped(["email", "z"], ["Email"], unmapped_properties="fail", fields={"z": "__NULL__"})
    assert [(each.name, each.why) for each in mapping.ignored] == [("z", "dropped")]


def test_a_stream_without_any_field_name_is_no_stream_to_load() -> None:
    assert "'x'" not in refused(["x"], ["Email"], "no_field_names")
    refused([], ["Email"], "no_field_names")
    refused(["email"], ["Email"], "no_field_names", fields={"email": "__NULL__"})


def test_settings_that_name_what_is_not_there_are_told_the_nearest() -> None:
    assert "did you mean 'email'" in refused(
        ["email"], ["Email"], "property_unknown", fields={"emial": "Email"}
    )
    assert "did you mean 'Email'" in refused(["email"], ["Email"], "field_unknown", fields={"email": "Emial"})
    assert "'enc'" in refused(["email"], ["Email"], "property_unknown", enc_contact_id="enc")


MENDED: dict[str, tuple[dict[str, Any], str]] = {
    "property_unmapped": (
        {"unmapped_properties": "fail"},
        "Map them in `fields` (or drop them with __NULL__), or set `unmapped_properties` to ignore.",
    ),
    "property_unknown": (
        {"fields": {"x": "Email"}},
        "Correct `fields` or `enc_contact_id` of its entry in `streams`.",
    ),
    "field_unknown": (
        {"fields": {"email": "X"}},
        "Correct `fields` or `deleted_values` of its entry in `streams`.",
    ),
    "field_ambiguous": ({}, "Say which in `fields` of its entry in `streams`."),
    "match_field_unmapped": (
        {"match_fields": ["X"]},
        "Map a property to it in `fields`, or correct `match_fields`.",
    ),
}


@pytest.mark.parametrize("code", MENDED)
def test_each_message_ends_with_the_settings_that_mend_it(code: str) -> None:
    members, advice = MENDED[code]
    known = ["EMail", "E-mail"] if code == "field_ambiguous" else ["Email"]
    assert refused(["email", "zzz"], known, code, **members).endswith(advice)


def test_a_long_list_of_names_is_cut() -> None:
    many = [f"field{number}" for number in range(40)]
    assert "and 28 more" in refused(["email"], many, "field_unknown", fields={"email": "Email"})


# Match fields.


def test_each_match_field_must_be_mapped() -> None:
    assert mapped(["email"], ["Email"], match_fields=("Email",)).match_fields == ("Email",)
    message = refused(["email"], ["Email", "Phone"], "match_field_unmapped", match_fields=("Email", "Phone"))
    assert "'Phone'" in message
    assert "did you mean 'Email'" in refused(
        ["email"], ["Email"], "match_field_unmapped", match_fields=("email",)
    )


def test_match_fields_do_not_matter_where_nothing_is_loaded() -> None:
    assert mapped(["a"], ["A"], match_fields=("Nowhere",), loads=False).field_names == ("A",)


def test_values_for_deleted_records_are_among_the_field_names() -> None:
    deleted: dict[str, Any] = {
        "deleted_records": DeletedRecords.MARK,
        "deleted_values": {"Gone": True, "A": None},
    }
    mapping = mapped(["a"], ["A", "Gone"], match_fields=("A",), **deleted)
    assert mapping.field_names == ("A", "Gone")
    assert "'Gone'" in refused(["a"], ["A"], "field_unknown", **deleted)


# Lists.


def test_a_list_is_named_by_id_or_name() -> None:
    own, client = directory()
    assert own.resolve("42").name == "Newsletter"
    assert own.resolve("42").name == "Newsletter"
    assert own.resolve("Customers").id == 43
    assert own.resolve("name:Customers").id == 43
    assert own.resolve("Newsletter").id == 42
    assert client.asked == ["list", "lists"]


def test_digits_are_an_id_unless_they_are_said_to_be_a_name() -> None:
    own, _ = directory()
    assert own.resolve("name:2024").id == 7
    with pytest.raises(MappingError, match=r"no contact list with id 2024; it has 42 \('Newsletter'\)"):
        own.resolve("2024")


def test_digits_of_other_scripts_are_a_name() -> None:
    own, client = directory()
    with pytest.raises(MappingError, match="named '٤٢'"):
        own.resolve("٤٢")
    assert client.asked == ["lists"]


def test_a_name_that_fits_two_lists_or_none_is_told_with_what_there_is() -> None:
    twins = (*LISTS, ContactsList(44, "Customers", 0))
    with pytest.raises(MappingError, match="an id: 43, 44") as caught:
        directory(lists=twins)[0].resolve("Customers")
    assert caught.value.code == "contact_list_ambiguous"
    with pytest.raises(MappingError, match="did you mean 'Customers'") as caught:
        directory()[0].resolve("customer")
    assert caught.value.code == "contact_list_unknown"
    with pytest.raises(MappingError, match="it has none"):
        directory(lists=())[0].resolve("Customers")


def test_a_list_that_may_not_be_read_is_no_list_that_does_not_exist() -> None:
    with pytest.raises(RefusedError):
        directory(status=403)[0].resolve("99")


def test_lists_and_fields_are_asked_for_once() -> None:
    own, client = directory("Email")
    entry = entry_of("s", contact_list="Newsletter", match_fields=[])
    for _ in range(3):
        map_stream("s", {"properties": {"email": {}}}, entry, own)
    assert client.asked == ["lists", "fields 42"]


# Entries.


def test_an_exact_name_beats_a_glob_and_an_earlier_glob_a_later_one() -> None:
    entries = [entry_of(name) for name in ("*", "crm_*", "crm_contacts", "crm_[ab]")]

    def chosen(stream: str) -> str:
        entry = entry_for(entries, stream)
        assert entry is not None
        return entry.stream

    assert chosen("crm_contacts") == "crm_contacts"
    assert chosen("crm_a") == "*"
    assert entry_for(entries[1:], "crm_a") is entries[1]
    assert entry_for(entries[3:], "crm_a") is entries[3]
    assert entry_for(entries[3:], "crm_c") is None
    assert entry_for([entry_of("Contacts")], "contacts") is None


def test_a_name_with_the_signs_of_a_glob_still_names_itself() -> None:
    entries = [entry_of("public-contacts[1]")]
    assert entry_for(entries, "public-contacts[1]") is entries[0]
