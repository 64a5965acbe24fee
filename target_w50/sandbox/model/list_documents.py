"""The document form of contact lists, as `--lists FILE` and `Sandbox(lists=...)` take it.

    [{"Id": 42, "Name": "Newsletter",
      "Fields": ["FirstName", {"Name": "Email", "MapType": "Email", "DefaultValue": null},
                 {"Name": "Plan", "MapType": "Choice", "Values": ["free", "pro"]}],
      "Contacts": [{"Email": "ada@example.com", "FirstName": "Ada"}]}]

A field that is only a name has the MapType "Text". `Contacts` may be left out. The words of MapType are the
sandbox's own, but for Email and Sms, which decide what is checked: W50 does not list its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from target_w50.sandbox.model.models import ContactList, Field, FieldValue

_DEFAULT_FIELDS: tuple[Any, ...] = (
    {"Name": "Email", "MapType": "Email"},
    "FirstName",
    "LastName",
    {"Name": "Phone", "MapType": "Sms"},
    "Country",
    "City",
    "Company",
    {"Name": "OptIn", "MapType": "Boolean"},
    "Tags",
    {"Name": "LifetimeValue", "MapType": "Number"},
    {"Name": "Birthdate", "MapType": "Date"},
    {"Name": "CreatedAt", "MapType": "DateTime"},
    {"Name": "UpdatedAt", "MapType": "DateTime"},
    "Address",
    {"Name": "Language", "DefaultValue": "en"},
    {"Name": "Plan", "MapType": "Choice", "Values": ["free", "pro", "team"]},
    "CustomerId",
    {"Name": "Unsubscribed", "MapType": "Boolean"},
)

DEFAULT_LISTS: tuple[Any, ...] = (
    {"Id": 42, "Name": "Newsletter", "Fields": _DEFAULT_FIELDS},
    {"Id": 43, "Name": "Customers", "Fields": _DEFAULT_FIELDS},
)


def read_lists(document: Iterable[Any] | None) -> dict[int, ContactList]:
    """The contact lists of a document, by id; the default ones for None.

    Raises:
        ValueError: it is not of the form above.
    """
    lists: dict[int, ContactList] = {}
    for entry in DEFAULT_LISTS if document is None else document:
        if not isinstance(entry, Mapping) or not isinstance(entry.get("Id"), int) or "Name" not in entry:
            raise ValueError("each contact list is an object with Id, Name and Fields")
        if entry["Id"] in lists:
            raise ValueError(f"contact list {entry['Id']} is there twice")
        fields = tuple(
            _read_field(field, position) for position, field in enumerate(entry.get("Fields", ()), start=1)
        )
        contact_list = ContactList(entry["Id"], str(entry["Name"]), fields)
        for values in entry.get("Contacts", ()):
            unknown = sorted(set(values) - set(contact_list.fields_by_name))
            if unknown:
                raise ValueError(f"contact list {entry['Id']} has no field {unknown[0]!r}, but a contact has")
            contact_list.insert(values)
        lists[contact_list.id] = contact_list
    return lists


def _read_field(document: Any, position: int) -> Field:
    entry: Any = {"Name": document} if isinstance(document, str) else document
    if not isinstance(entry, Mapping) or not isinstance(entry.get("Name"), str):
        raise ValueError("each field is a name, or an object with Name")  # noqa: TRY004  # as all else
    values = tuple(
        FieldValue(position * 100 + order, str(value), order)
        for order, value in enumerate(entry.get("Values", ()), start=1)
    )
    default = entry.get("DefaultValue")
    return Field(
        id=entry.get("Id", position),
        name=entry["Name"],
        map_type=entry.get("MapType", "Text"),
        position=position,
        default_value=None if default is None else str(default),
        values=values,
    )
