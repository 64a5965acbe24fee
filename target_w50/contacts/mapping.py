"""Which contact list a stream goes to, and which FieldName a property: decided once for each schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from target_w50.contacts.checks import FieldCheck, decide_checks
from target_w50.contacts.contact_lists import ListDirectory
from target_w50.contacts.names import listing, nearest, nearest_name, normalized
from target_w50.errors import MappingError
from target_w50.settings.checks import CheckKind
from target_w50.settings.model import DROP, DeletedRecords, FieldNaming, Send, StreamEntry, UnmappedProperties
from target_w50.w50 import ContactsList


class DecidedBy(str, Enum):
    """What gave a property its FieldName."""

    FIELDS = "explicit"
    NORMALIZED = "normalized"
    EXACT = "exact"


class Ignored(str, Enum):
    """Why a property is not sent."""

    DROPPED = "dropped"
    NOT_OF_THE_CONTACT = "not a contact field"
    NO_SUCH_FIELD = "no such field"
    NOT_LISTED = "not listed in `fields`"


@dataclass(frozen=True)
class MappedProperty:
    """One property and the FieldName that it is sent as."""

    name: str
    field_name: str
    how: DecidedBy


@dataclass(frozen=True)
class IgnoredProperty:
    """A property without a FieldName, with the nearest one that the list has."""

    name: str
    why: Ignored
    nearest: str | None = None

    @property
    def is_unmapped(self) -> bool:
        """Whether it has no FieldName, though nobody said that it is not to be sent."""
        return self.why in (Ignored.NO_SUCH_FIELD, Ignored.NOT_LISTED)


@dataclass(frozen=True)
class StreamMapping:
    """What is decided for a stream and its schema."""

    stream: str
    entry: StreamEntry
    contact_list: ContactsList
    properties: tuple[MappedProperty, ...]
    ignored: tuple[IgnoredProperty, ...]
    field_names: tuple[str, ...]
    checks: tuple[FieldCheck, ...] = ()

    @property
    def match_fields(self) -> tuple[str, ...]:
        """FieldNames for `run?match=`."""
        return self.entry.match_fields or ()


def map_stream(
    stream: str,
    schema: Mapping[str, Any],
    entry: StreamEntry,
    directory: ListDirectory,
    *,
    loads: bool = True,
) -> StreamMapping:
    """Decide the list and the FieldNames of a stream for one schema.

    Args:
        stream: name of the stream, after stream maps.
        schema: its JSON Schema, after stream maps.
        entry: the entry of `streams` that it falls under.
        directory: where lists and fields are looked up.
        loads: whether contacts are sent, so that match fields must be mapped.

    Raises:
        MappingError: before any import job, naming the stream and the nearest that exists.
    """
    contact_list = directory.resolve(entry.contact_list)
    properties = list(schema.get("properties", {}))
    asked = entry.field_naming is not FieldNaming.EXACT
    known = [each.name for each in directory.fields(contact_list.id)] if asked else None
    _check_settings_exist(stream, entry, properties, known, contact_list)
    mapped, ignored = _map_properties(entry, properties, known, stream)
    if entry.send is Send.CHANGED:
        # So the contacts that are compared are written in the way in which they are compared.
        mapped.sort(key=lambda each: each.field_name)
    _check_conflicts(stream, mapped)
    if ignored and entry.unmapped_properties is UnmappedProperties.FAIL:
        unmapped = [each for each in ignored if each.is_unmapped]
        if unmapped:
            names = listing(f"{each.name!r}" for each in unmapped)
            raise MappingError(
                f"Stream {stream!r}: no FieldName of contact list {contact_list.id} for the properties "
                f"{names}. Map them in `fields` (or drop them with {DROP}), or set `unmapped_properties` to "
                "ignore.",
                code="property_unmapped",
            )
    field_names = [each.field_name for each in mapped]
    if loads:
        _check_match_fields(stream, entry, field_names)
    if entry.deleted_records is DeletedRecords.MARK:
        field_names += [name for name in entry.deleted_values if name not in field_names]
    if not field_names:
        raise MappingError(
            f"Stream {stream!r}: no property has a FieldName in contact list {contact_list.id}, so nothing "
            f"would be sent. The list has {listing(known or [])}; map properties to them in `fields`.",
            code="no_field_names",
        )
    checks = _checks(stream, schema, entry, mapped, directory, contact_list) if loads else ()
    return StreamMapping(
        stream, entry, contact_list, tuple(mapped), tuple(ignored), tuple(field_names), checks
    )


def _checks(  # noqa: PLR0917
    stream: str,
    schema: Mapping[str, Any],
    entry: StreamEntry,
    mapped: list[MappedProperty],
    directory: ListDirectory,
    contact_list: ContactsList,
) -> tuple[FieldCheck, ...]:
    said = entry.contact_checks
    # With `exact` the fields are not asked for, unless the settings say that one is a choice.
    asked = entry.field_naming is not FieldNaming.EXACT
    if not asked and not isinstance(said, str):
        asked = CheckKind.CHOICE.value in said.values()
    fields = directory.fields(contact_list.id) if asked else None
    return decide_checks(stream, said, {each.field_name: each.name for each in mapped}, schema, fields)


def _check_settings_exist(
    stream: str,
    entry: StreamEntry,
    properties: list[str],
    known: list[str] | None,
    contact_list: ContactsList,
) -> None:
    wanted = list(entry.fields)
    if entry.enc_contact_id is not None:
        wanted.append(entry.enc_contact_id)
    for name in wanted:
        if name not in properties:
            raise MappingError(
                f"Stream {stream!r} has no property {name!r}{nearest(name, properties)}; its schema has "
                f"{listing(properties)}. Correct `fields` or `enc_contact_id` of its entry in `streams`.",
                code="property_unknown",
            )
    if known is None:
        return
    named = [name for name in entry.fields.values() if name != DROP]
    for name in [*named, *entry.deleted_values]:
        if name not in known:
            raise MappingError(
                f"Stream {stream!r}: contact list {contact_list.id} ({contact_list.name!r}) has no field "
                f"{name!r}{nearest(name, known)}; it has {listing(known)}. Correct `fields` or "
                "`deleted_values` of its entry in `streams`.",
                code="field_unknown",
            )


def _map_properties(
    entry: StreamEntry, properties: list[str], known: list[str] | None, stream: str
) -> tuple[list[MappedProperty], list[IgnoredProperty]]:
    mapped: list[MappedProperty] = []
    ignored: list[IgnoredProperty] = []
    for name in properties:
        chosen = entry.fields.get(name)
        if chosen == DROP:
            ignored.append(IgnoredProperty(name, Ignored.DROPPED))
        elif chosen is not None:
            mapped.append(MappedProperty(name, chosen, DecidedBy.FIELDS))
        elif name.startswith("_sdc_") or name == entry.enc_contact_id:
            # Columns about the record, not about the contact; `fields` can map them all the same.
            ignored.append(IgnoredProperty(name, Ignored.NOT_OF_THE_CONTACT))
        elif entry.field_naming is FieldNaming.LISTED:
            ignored.append(IgnoredProperty(name, Ignored.NOT_LISTED))
        elif known is None:
            mapped.append(MappedProperty(name, name, DecidedBy.EXACT))
        else:
            found = _field_named(name, known, stream)
            if found is None:
                ignored.append(IgnoredProperty(name, Ignored.NO_SUCH_FIELD, nearest_name(name, known)))
            else:
                mapped.append(MappedProperty(name, found, DecidedBy.NORMALIZED))
    return mapped, ignored


def _field_named(name: str, known: list[str], stream: str) -> str | None:
    if name in known:
        return name
    wanted = normalized(name)
    found = [each for each in known if wanted and normalized(each) == wanted]
    if len(found) > 1:
        raise MappingError(
            f"Stream {stream!r}: property {name!r} fits the fields {listing(map(repr, found))}. Say which "
            "in `fields` of its entry in `streams`.",
            code="field_ambiguous",
        )
    return found[0] if found else None


def _check_conflicts(stream: str, mapped: list[MappedProperty]) -> None:
    first: dict[str, MappedProperty] = {}
    for each in mapped:
        other = first.setdefault(each.field_name, each)
        if other is not each:
            raise MappingError(
                f"Stream {stream!r}: the properties {other.name!r} and {each.name!r} both go to FieldName "
                f"{each.field_name!r}. Drop one with `{DROP}` in `fields`, or map it to another field.",
                code="field_conflict",
            )


def _check_match_fields(stream: str, entry: StreamEntry, field_names: list[str]) -> None:
    for name in entry.match_fields or ():
        if name not in field_names:
            raise MappingError(
                f"Stream {stream!r}: match field {name!r} is not among the mapped FieldNames"
                f"{nearest(name, field_names)}: {listing(field_names)}. Map a property to it in `fields`, "
                "or correct `match_fields`.",
                code="match_field_unmapped",
            )
