"""Proposes the setting `streams` to whom has none yet: from the tap's schemas, ready for meltano.yml."""

from __future__ import annotations

import copy
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

import click

from target_w50.cli.options import INSTEAD, client_of
from target_w50.cli.output import print_json
from target_w50.console.tables import counted
from target_w50.contacts.contact_lists import ListDirectory
from target_w50.contacts.names import nearest_name, normalized
from target_w50.errors import SettingsError, printable
from target_w50.settings.model import connection_settings, settings_from
from target_w50.settings.sources import Sources
from target_w50.singer.messages import MessageType, key_properties, require
from target_w50.singer.reader import InputReader
from target_w50.singer.stream_maps import StreamMaps, removes
from target_w50.w50 import ContactSchemaField, ContactsList

log = logging.getLogger("target-w50")

PLACEHOLDER = "YOUR-LIST"
EMAIL = "email"
YAML_WORDS = {"true", "false", "yes", "no", "on", "off", "y", "n", "null"}
"""What YAML reads as something other than text, in whatever case."""


@dataclass(frozen=True)
class KnownList:
    """The list that is proposed, and its fields; both None offline."""

    contact_list: ContactsList | None = None
    fields: Sequence[ContactSchemaField] | None = None


@dataclass(frozen=True)
class Proposal:
    """A proposed entry of `streams`.

    Attributes:
        entry: as in the settings.
        unmapped: properties without a FieldName, each with the nearest field, if any is near.
        doubts: what whoever takes it over should look at.
    """

    entry: Mapping[str, Any]
    unmapped: Mapping[str, str | None]
    doubts: tuple[str, ...]


def propose(
    values: Mapping[str, Any],
    config: Sources,
    messages: IO[bytes],
    *,
    contact_list: str | None,
    offline: bool,
    as_json: bool,
) -> None:
    """Print a proposal for each stream of the input.

    Args:
        values: the settings as read.
        config: where they were read from.
        messages: Singer messages.
        contact_list: the list to propose for, as in the setting.
        offline: propose without asking W50.
        as_json: print JSON.

    Raises:
        SettingsError: it is not said for which list, or the settings of the connection can't be used.
        MappingError: there is no such list.
        InputError: the input is not Singer.
    """
    if contact_list is not None and offline:
        raise SettingsError("--list LIST and --offline exclude each other: name one of them", code="usage")
    if contact_list is None and not offline:
        raise SettingsError(
            "the settings have no `streams`: name a list to propose them for (--list LIST), or have them "
            "proposed without asking W50 (--offline)",
            code="streams_missing",
        )
    known = KnownList() if contact_list is None else _asked(values, config, contact_list)
    proposals = [_propose(stream, schema, keys, known) for stream, schema, keys in _schemas(values, messages)]
    if as_json:
        print_json({"streams": [each.entry for each in proposals]})
    else:
        for line in meltano_block(proposals, known):
            click.echo(line)
    count = counted(len(proposals), "entry", "entries")
    click.echo(f"w50: proposed {count} of `streams`; nothing was sent", err=True)


def _asked(values: Mapping[str, Any], config: Sources, contact_list: str) -> KnownList:
    client = client_of(connection_settings(values), config)
    try:
        directory = ListDirectory(client)
        found = directory.resolve(contact_list, instead=INSTEAD)
        return KnownList(found, directory.fields(found.id))
    finally:
        client.close()


def _schemas(
    config: Mapping[str, Any], messages: IO[bytes]
) -> Iterator[tuple[str, Mapping[str, Any], list[str]]]:
    """Each stream with its last schema and keys, after the settings' stream maps."""
    given = {
        name: value
        for name, value in config.items()
        if name.startswith(("stream_map", "flattening", "faker"))
    }
    settings_from({"auth_token": "-", **given}, streams_required=False)  # what is wrong with these is told
    reader, stream_maps = InputReader(), StreamMaps(given, log)
    schemas: dict[str, tuple[Mapping[str, Any], list[str]]] = {}

    def learn(message: dict[str, Any]) -> None:
        stream = require(message, reader.line_number, "stream", str)
        schema = require(message, reader.line_number, "schema", dict)
        keys = key_properties(message, reader.line_number)
        for each in stream_maps.of(stream, schema, keys):
            if not removes(each) and each.transformed_schema.get("properties"):
                mapped = copy.deepcopy(each.transformed_schema)
                schemas[each.stream_alias] = (mapped, list(each.transformed_key_properties or ()))

    callbacks: dict[str, Callable[[dict[str, Any]], None]] = dict.fromkeys(MessageType, _leave)
    reader.process_lines(messages, {**callbacks, MessageType.SCHEMA: learn})  # type: ignore[arg-type]  # bytes as well
    for stream, (schema, keys) in schemas.items():
        yield stream, schema, keys


def _leave(message: dict[str, Any]) -> None:
    """Only schemas count."""


def _propose(stream: str, schema: Mapping[str, Any], keys: Sequence[str], known: KnownList) -> Proposal:
    fields, unmapped, doubts = _mapped(list(schema["properties"]), known)
    match, doubt = _match_fields(fields, keys, known)
    entry: dict[str, Any] = {
        "stream": stream,
        "contact_list": PLACEHOLDER if known.contact_list is None else str(known.contact_list.id),
        "match_fields": match,
        "fields": fields,
    }
    return Proposal(entry, unmapped, (*doubts, *doubt))


def _mapped(
    properties: Sequence[str], known: KnownList
) -> tuple[dict[str, str], dict[str, str | None], list[str]]:
    fields: dict[str, str] = {}
    unmapped: dict[str, str | None] = {}
    doubts: list[str] = []
    names = None if known.fields is None else [each.name for each in known.fields]
    for name in properties:
        if name.startswith("_sdc_"):
            continue
        if names is None:
            found = [spelled_for_w50(name)]
        else:
            found = (
                [name] if name in names else [each for each in names if normalized(each) == normalized(name)]
            )
        free = [each for each in found if each not in fields.values()]
        if not free:
            unmapped[name] = nearest_name(name, names or [])
            continue
        fields[name] = free[0]
        if len(found) > 1:
            doubts.append(f"{name} fits {', '.join(found)}")
    return fields, unmapped, doubts


def spelled_for_w50(name: str) -> str:
    """A guess at a FieldName: `first_name` becomes `FirstName`, as the fields of W50 are often spelled."""
    words = re.findall(r"[^\W_]+", name)
    return "".join(word[:1].upper() + word[1:] for word in words) or name


def _match_fields(
    fields: Mapping[str, str], keys: Sequence[str], known: KnownList
) -> tuple[list[str], tuple[str, ...]]:
    """The list's field for e-mail addresses, else the stream's keys, else what W50 decides."""
    by_type = [each.name for each in known.fields or () if (each.map_type or "").casefold() == EMAIL]
    by_name = [each for each in fields.values() if EMAIL in normalized(each)]
    for candidates in (by_type, by_name):
        mapped = [each for each in candidates if each in fields.values()]
        if mapped:
            return mapped[:1], ()
    mapped_keys = [fields[key] for key in keys if key in fields]
    if mapped_keys and len(mapped_keys) == len(keys):
        return mapped_keys, ("match_fields are the stream's keys, as no property holds an e-mail address",)
    return [], (
        "no property tells one contact from another: with [] W50 decides, and repeats may make duplicates",
    )


def meltano_block(proposals: Sequence[Proposal], known: KnownList) -> Iterator[str]:
    """The proposals as YAML, as they stand below `config:` of the loader."""
    yield "streams:"
    for proposal in proposals:
        for doubt in proposal.doubts:
            yield f"# {printable(doubt)}"
        if known.contact_list is None:
            yield "# W50 was not asked: `w50 lists` and `w50 fields LIST` tell the names that W50 has"
        else:
            yield f"# contact list {known.contact_list.id} is {printable(repr(known.contact_list.name))}"
        first = True
        for name, value in proposal.entry.items():
            lead = "- " if first else "  "
            first = False
            if isinstance(value, dict) and value:
                yield f"{lead}{name}:"
                for each, field in value.items():
                    yield f"    {scalar(each)}: {scalar(field)}"
            elif isinstance(value, dict):
                yield f"{lead}{name}: {{}}"
            elif isinstance(value, list):
                yield f"{lead}{name}: [{', '.join(map(scalar, value))}]"
            else:
                yield f"{lead}{name}: {scalar(value)}"
        for name, near in proposal.unmapped.items():
            hint = f"; the nearest is {printable(near)}" if near else ""
            yield f"    # {printable(name)}: no field of that name{hint}"


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
