"""The account's contact lists and their fields, each asked for once."""

from __future__ import annotations

from typing import Protocol

from target_w50.contacts.names import listing, nearest
from target_w50.errors import MappingError, RefusedError
from target_w50.w50 import ContactSchemaField, ContactsList

NOT_FOUND = 404
SET_CONTACT_LIST = "Set `contact_list` of the entry in `streams` to"

MOST_DIGITS = 19
"""Of an integer of 64 bits."""


class ListClient(Protocol):
    """What is asked of W50 here; see `W50Client`."""

    def list_contact_lists(self) -> tuple[ContactsList, ...]:
        """Every contact list of the account."""

    def get_contact_list(self, list_id: int) -> ContactsList:
        """One of them."""

    def list_fields(self, list_id: int) -> tuple[ContactSchemaField, ...]:
        """The fields of one."""


class ListDirectory:
    """The account's contact lists and their fields, each asked for once."""

    def __init__(self, client: ListClient) -> None:
        self._client = client
        self._lists: tuple[ContactsList, ...] | None = None
        self._by_id: dict[int, ContactsList] = {}
        self._fields: dict[int, tuple[ContactSchemaField, ...]] = {}

    def all_lists(self) -> tuple[ContactsList, ...]:
        """Every contact list of the account."""
        if self._lists is None:
            self._lists = self._client.list_contact_lists()
        return self._lists

    def fields(self, list_id: int) -> tuple[ContactSchemaField, ...]:
        """The list's fields."""
        if list_id not in self._fields:
            self._fields[list_id] = self._client.list_fields(list_id)
        return self._fields[list_id]

    def resolve(self, text: str, *, instead: str = SET_CONTACT_LIST) -> ContactsList:
        """The contact list that a setting names, by id or by name.

        Args:
            text: all digits for an id, else a name; `name:` before a name forces it.
            instead: what to do if there is no such list, as the beginning of a sentence.

        Raises:
            MappingError: naming what exists, if there is none or more than one.
        """
        if text.isascii() and text.isdigit():
            if len(text.lstrip("0")) > MOST_DIGITS:
                raise MappingError(
                    f"A contact list's id has at most {MOST_DIGITS} digits, and this has {len(text)}. "
                    f"{instead} another (`name:...` forces a name).",
                    code="contact_list_unknown",
                )
            return self._with_id(int(text), instead)
        name = text.removeprefix("name:")
        found = [each for each in self.all_lists() if each.name == name]
        if not found:
            names = [str(each.name) for each in self.all_lists()]
            raise MappingError(
                f"W50 has no contact list named {name!r}{nearest(name, names)}; it has "
                f"{listing(map(repr, names))}. {instead} one of them.",
                code="contact_list_unknown",
            )
        if len(found) > 1:
            ids = ", ".join(str(each.id) for each in found)
            raise MappingError(
                f"{len(found)} contact lists of W50 are named {name!r}. {instead} an id: {ids}.",
                code="contact_list_ambiguous",
            )
        return found[0]

    def _with_id(self, list_id: int, instead: str) -> ContactsList:
        if list_id not in self._by_id:
            try:
                self._by_id[list_id] = self._client.get_contact_list(list_id)
            except RefusedError as error:
                if error.status != NOT_FOUND:
                    raise
                known = listing(f"{each.id} ({each.name!r})" for each in self.all_lists())
                raise MappingError(
                    f"W50 has no contact list with id {list_id}; it has {known}. {instead} one of them "
                    "(`name:...` forces a name).",
                    code="contact_list_unknown",
                ) from error
        return self._by_id[list_id]
