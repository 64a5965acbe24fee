"""The document form of contact lists."""

from __future__ import annotations

from typing import Any

import pytest

from target_w50.sandbox.model.list_documents import read_lists


def test_the_default_lists_have_a_field_for_each_usual_thing() -> None:
    lists = read_lists(None)
    assert {number: one.name for number, one in lists.items()} == {42: "Newsletter", 43: "Customers"}
    kinds = {field.name: field.map_type for field in lists[42].fields}
    assert len(kinds) == 18
    assert (kinds["Email"], kinds["Phone"], kinds["OptIn"]) == ("Email", "Sms", "Boolean")


def test_a_list_may_come_with_contacts() -> None:
    lists = read_lists([{"Id": 1, "Name": "One", "Fields": ["City"], "Contacts": [{"City": "Paris"}, {}]}])
    assert [contact.values for contact in lists[1].contacts.values()] == [{"City": "Paris"}, {}]
    assert len({contact.enc_contact_id for contact in lists[1].contacts.values()}) == 2


@pytest.mark.parametrize(
    "document",
    [
        [5],
        [{"Name": "One"}],
        [{"Id": "1", "Name": "One"}],
        [{"Id": 1, "Name": "One"}, {"Id": 1, "Name": "Two"}],
        [{"Id": 1, "Name": "One", "Fields": [5]}],
        [{"Id": 1, "Name": "One", "Fields": [{"MapType": "Email"}]}],
        [{"Id": 1, "Name": "One", "Fields": ["City"], "Contacts": [{"Town": "Paris"}]}],
    ],
)
def test_a_document_of_another_form_is_refused(document: list[Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_lists(document)
