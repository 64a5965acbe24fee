"""Proposes entries of `streams` from schemas and a contact list's fields, and writes them as YAML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from target_w50.contacts.names import nearest_name, normalized
from target_w50.errors import printable
from target_w50.w50 import ContactSchemaField, ContactsList

PLACEHOLDER = "YOUR-LIST"
EMAIL = "email"
YAML_WORDS = {"true", "false", "yes", "no", "on", "off", "y", "n", "null"}
"""What YAML reads as something other than text, in whatever case."""
NEAR = "Near, but is it meant? Then take the comment sign away:"


@dataclass(frozen=True)
class KnownList:
    """The list that is proposed, and its fields; both None offline."""

    contact_list: ContactsList | None = None
    fields: Sequence[ContactSchemaField] | None = None

    @property
    def field_names(self) -> list[str] | None:
        """The FieldNames of the list."""
        return None if self.fields is None else [each.name for each in self.fields]


@dataclass(frozen=True)
class ProposedEntry:
    """A proposed entry of `streams`.

    Attributes:
        entry: as in the settings.
        near: properties without a field of their name, each with the field that is near and free.
        unmapped: properties that nothing is near to.
        doubts: what whoever takes it over should look at.
        list_name: what the contact list is called; None: W50 was not asked.
    """

    entry: Mapping[str, Any]
    near: Mapping[str, str]
    unmapped: tuple[str, ...]
    doubts: tuple[str, ...]
    list_name: str | None

    @property
    def stream(self) -> str:
        """The stream that it is for."""
        return str(self.entry["stream"])

    def lines(self) -> Iterator[str]:
        """The entry as an item of a YAML list, with comments for whoever takes it over."""
        yield f"- stream: {scalar(self.stream)}"
        yield from (f"  # {printable(doubt)}" for doubt in self.doubts)
        if self.list_name is None:
            yield "  # W50 was not asked: `w50 lists` and `w50 fields LIST` tell the names that W50 has."
        note = "" if self.list_name is None else f"  # {printable(self.list_name)}"
        yield f"  contact_list: {scalar(str(self.entry['contact_list']))}{note}"
        for name, value in self.entry.items():
            if name not in ("stream", "contact_list", "fields"):
                yield f"  {name}: {yaml_value(value)}"
        yield from self._field_lines()

    def _field_lines(self) -> Iterator[str]:
        fields = self.entry.get("fields") or {}
        # Without the sign and the blank behind it, each line stands where it belongs.
        sign = "    # " if fields else "  #   "
        if fields:
            yield "  fields:"
            yield from (f"    {scalar(name)}: {scalar(field)}" for name, field in fields.items())
        if self.near:
            yield f"    # {NEAR}" if fields else f"  # {NEAR}"
            if not fields:
                yield "  # fields:"
            yield from (f"{sign}{scalar(name)}: {scalar(field)}" for name, field in self.near.items())
        if self.unmapped:
            yield f"    # No field is near: {printable(', '.join(self.unmapped))}"


def propose_entry(
    stream: str,
    properties: Sequence[str],
    keys: Sequence[str],
    known: KnownList,
    match_fields: Sequence[str] | None = None,
) -> ProposedEntry:
    """The entry for a stream.

    Args:
        stream: its name, after stream maps.
        properties: of its schema.
        keys: its key properties.
        known: the list, and its fields.
        match_fields: as somebody wants them; None: as they can be guessed.
    """
    fields, near, unmapped, doubts = _mapped(properties, known)
    if match_fields is None:
        match_fields, more = _match_fields(fields, keys, known)
        doubts += more
    entry: dict[str, Any] = {
        "stream": stream,
        "contact_list": PLACEHOLDER if known.contact_list is None else str(known.contact_list.id),
        "match_fields": list(match_fields),
    }
    if fields:
        entry["fields"] = fields
    name = None if known.contact_list is None else known.contact_list.name
    return ProposedEntry(entry, near, tuple(unmapped), tuple(doubts), name)


def _mapped(
    properties: Sequence[str], known: KnownList
) -> tuple[dict[str, str], dict[str, str], list[str], list[str]]:
    fields: dict[str, str] = {}
    others: list[str] = []
    doubts: list[str] = []
    names = known.field_names
    for name in properties:
        if name.startswith("_sdc_"):
            continue
        if names is None:
            found = [spelled_for_w50(name)]
        else:
            same = [each for each in names if normalized(each) == normalized(name)]
            found = [name] if name in names else same
        free = [each for each in found if each not in fields.values()]
        if not free:
            others.append(name)
            continue
        fields[name] = free[0]
        if len(found) > 1:
            doubts.append(f"{name} fits {', '.join(found)}")
    near: dict[str, str] = {}
    for name in others:
        nearest = nearest_name(name, names or ())
        if nearest is not None and nearest not in (*fields.values(), *near.values()):
            near[name] = nearest
    return fields, near, [each for each in others if each not in near], doubts


def spelled_for_w50(name: str) -> str:
    """A guess at a FieldName: `first_name` becomes `FirstName`, as the fields of W50 are often spelled."""
    words = re.findall(r"[^\W_]+", name)
    return "".join(word[:1].upper() + word[1:] for word in words) or name


def _match_fields(
    fields: Mapping[str, str], keys: Sequence[str], known: KnownList
) -> tuple[list[str], list[str]]:
    """The list's field for e-mail addresses, else the stream's keys, else what W50 decides."""
    by_type = [each.name for each in known.fields or () if (each.map_type or "").casefold() == EMAIL]
    by_name = [each for each in fields.values() if EMAIL in normalized(each)]
    for candidates in (by_type, by_name):
        mapped = [each for each in candidates if each in fields.values()]
        if mapped:
            return mapped[:1], []
    mapped_keys = [fields[key] for key in keys if key in fields]
    if mapped_keys and len(mapped_keys) == len(keys):
        return mapped_keys, ["match_fields are the stream's keys, as no property holds an e-mail address"]
    return [], [
        "no property tells one contact from another: with [] W50 decides, and repeats may make duplicates"
    ]


def meltano_block(entries: Sequence[ProposedEntry]) -> Iterator[str]:
    """The entries as YAML, as they stand below `config:` of the loader."""
    yield "streams:"
    for each in entries:
        yield from each.lines()


def yaml_value(value: Any) -> str:
    """The value on one line of YAML."""
    if isinstance(value, str):
        return scalar(value)
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return f"[{', '.join(map(scalar, value))}]"
    return json.dumps(value)


def scalar(text: str) -> str:
    """The text as YAML reads it back: bare where that is certain, else quoted."""
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", text) and text.casefold() not in YAML_WORDS:
        return text
    return f'"{"".join(map(_quoted, text))}"'


def _quoted(character: str) -> str:
    """The character between double quotes of YAML, which knows no surrogate pairs."""
    if character in '"\\':
        return f"\\{character}"
    return character if character.isprintable() else f"\\U{ord(character):08X}"
