"""Proposes the setting `streams` to whom has none yet: from the tap's schemas, ready for meltano.yml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import click

from target_w50.cli.options import INSTEAD, client_of, say
from target_w50.cli.output import print_json
from target_w50.cli.setup.entries import KnownList, ProposedEntry, meltano_block, propose_entry
from target_w50.cli.setup.json_file import ConfigFile, JsonFile
from target_w50.cli.setup.meltano_yml import MeltanoFile
from target_w50.cli.setup.samples import TapStream
from target_w50.console.tables import counted
from target_w50.contacts.contact_lists import ListDirectory
from target_w50.contacts.names import listing
from target_w50.errors import SettingsError
from target_w50.settings.meltano import MeltanoLoader, find_loader
from target_w50.settings.meltano_project import MELTANO_YML, PROGRAM
from target_w50.settings.model import connection_settings
from target_w50.settings.sources import Sources


def propose(
    values: Mapping[str, Any],
    config: Sources,
    streams: Iterable[TapStream],
    *,
    contact_list: str | None,
    offline: bool,
    as_json: bool,
    write: Path | None = None,
) -> None:
    """Print a proposal for each stream of the input, or write it into a file.

    Args:
        values: the settings as read.
        config: where they were read from.
        streams: of the tap.
        contact_list: the list to propose for, as in the setting.
        offline: propose without asking W50.
        as_json: print JSON.
        write: the configuration that gets the entries which it lacks.

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
    known = KnownList() if contact_list is None else known_list(values, config, contact_list)
    proposals = [propose_entry(each.name, each.properties, each.keys, known) for each in streams]
    if write is not None:
        put_entries(write, config, proposals)
        return
    if as_json:
        print_json({"streams": [each.entry for each in proposals]})
    else:
        for line in meltano_block(proposals):
            click.echo(line)
    count = counted(len(proposals), "entry", "entries")
    click.echo(f"w50: proposed {count} of `streams`; nothing was sent", err=True)


def known_list(values: Mapping[str, Any], config: Sources, contact_list: str) -> KnownList:
    """The list with its fields, as W50 has them."""
    client = client_of(connection_settings(values), config)
    try:
        directory = ListDirectory(client)
        found = directory.resolve(contact_list, instead=INSTEAD)
        return KnownList(found, directory.fields(found.id))
    finally:
        client.close()


def put_entries(path: Path, config: Sources, proposals: Sequence[ProposedEntry]) -> None:
    """Put those entries into a configuration whose streams it has none for; what is done is said.

    Args:
        path: a `meltano.yml`, or a JSON file with settings.
        config: where the settings were read from: the loader, if that is Meltano's.
        proposals: one for each stream.

    Raises:
        SettingsError: it can't be written, or has no loader.
    """
    if path.suffix in (".yml", ".yaml"):
        meltano = MeltanoFile(path, loader_name(path, config))
        if not meltano.has_loader:
            raise SettingsError(
                f"{path} has no loader target-w50: `w50 init` adds one.", code="output_unwritable"
            )
        file: ConfigFile = meltano
    else:
        file = JsonFile(path)
    known = file.streams()
    new = [each for each in proposals if not any(fnmatchcase(each.stream, name) for name in known)]
    for each in proposals:
        if each not in new:
            say(f"{path} has an entry for stream {each.stream!r} already; it is left as it is")
    if new:
        file.write(file.text_with({}, new))
        names = ", ".join(repr(each.stream) for each in new)
        say(f"wrote {counted(len(new), 'entry', 'entries')} of `streams` into {path}: {names}")
    if isinstance(file, JsonFile):
        for each in new:
            tell_near(each)


def tell_near(entry: ProposedEntry) -> None:
    """Say what JSON has no comments for: the fields that are near, and what somebody should look at."""
    for name, near in entry.near.items():
        say(
            f"stream {entry.stream!r}: {name!r} is near to field {near!r}; if that is meant, add it to "
            "`fields`"
        )
    if entry.unmapped:
        names = listing(map(repr, entry.unmapped))
        say(f"stream {entry.stream!r}: no field for {names}; what is not in `fields` is not sent")
    for doubt in entry.doubts:
        say(f"stream {entry.stream!r}: {doubt}")


def loader_name(path: Path, config: Sources) -> str:
    """Which loader of a `meltano.yml` is meant: the one whose settings were read, else the only one."""
    for source in config:
        if isinstance(source, MeltanoLoader) and source.path.resolve() == path.resolve():
            return source.name
    found = find_loader(path.resolve().parent, {}) if path.name == MELTANO_YML else None
    return found.name if isinstance(found, MeltanoLoader) else PROGRAM
