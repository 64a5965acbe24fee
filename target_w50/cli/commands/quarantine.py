"""`w50 quarantine purge`: old records, or one person's, out of quarantine files."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from target_w50.cli.contact_values import ask_values
from target_w50.cli.groups import SuggestingGroup
from target_w50.cli.options import config_option, json_option
from target_w50.cli.output import print_json
from target_w50.cli.quarantine_files import Place, found, of_settings, streams_of, wish_for
from target_w50.console.tables import counted, write_table
from target_w50.errors import SettingsError, StoreError, TargetW50Error, printable
from target_w50.outputs.moments import moment
from target_w50.outputs.purge import Purge, purge, purge_object
from target_w50.outputs.quarantine_lines import OfContact, SetAsideBefore, Wish
from target_w50.settings.model import Settings
from target_w50.settings.sources import Sources, read_config


@click.group(
    "quarantine",
    cls=SuggestingGroup,
    short_help="Quarantine files: old records, or one person's, taken out.",
    epilog="Example: w50 quarantine purge --before 2026-01-01 --config config.json",
)
def quarantine_command() -> None:
    """Look after quarantine files (see `quarantine_path`): they hold contacts."""


@quarantine_command.command(
    "purge", epilog="Example: w50 quarantine purge --contact Email --config config.json"
)
@click.argument("files", metavar="[FILE]...", nargs=-1)
@click.option(
    "--before",
    metavar="DATE",
    help="Take out what was set aside before: 2026-01-31, or with a time; UTC unless it says otherwise.",
)
@click.option(
    "--contact",
    metavar="NAME",
    help="Take out what holds a value in this property or FieldName. The value is asked for, or read from "
    "standard input where that is no terminal.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@config_option
@json_option
def purge_command(
    files: tuple[str, ...],
    before: str | None,
    contact: str | None,
    config: Sources,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Take records out of quarantine FILEs: paths, URLs or globs, or else `quarantine_path` of the settings.

    Either by date or by contact. A run may append to the files meanwhile. A property is NAME whatever its
    case and punctuation and, with --config, whatever `fields` maps to NAME; the value counts whatever its
    case, and as text or number. Where another property holds it, that is said, and the record stays.
    """
    if (before is None) == (contact is None):
        raise SettingsError("Say either --before DATE or --contact NAME.", code="usage")
    values = read_config(config)
    settings = streams_of(values)
    wish: Wish | None = None if before is None else _set_aside_before(before)
    places = found(files) if files else of_settings(values)
    if wish is None:
        wish = _contact(contact or "", settings)
    done, failed = _purge_all(places, wish, dry_run=dry_run)
    if as_json:
        print_json(_document(done, dry_run=dry_run))
    else:
        _print(done, dry_run=dry_run)
    for line in _remarks(done, contact):
        click.echo(f"w50: {printable(line)}", err=True)
    for error in failed[1:]:
        click.echo(f"w50: {error.message}", err=True)
    if failed:
        raise failed[0]


def _set_aside_before(text: str) -> SetAsideBefore:
    before = moment(text)
    if before is None:
        raise SettingsError("--before is no date; write it like 2026-01-31.", code="usage")
    return SetAsideBefore(before)


def _contact(name: str, settings: Settings) -> OfContact:
    (value,) = ask_values([name]).values()
    return wish_for(name, value, settings)


def _purge_all(
    places: Sequence[Place], wish: Wish, *, dry_run: bool
) -> tuple[list[Purge], list[TargetW50Error]]:
    """Purge as many of the files as can be: one that can't is no reason to leave a person in the others."""
    done: list[Purge] = []
    failed: list[TargetW50Error] = []
    for place in places:
        try:
            if isinstance(place, Path):
                done.append(purge(place, wish, dry_run=dry_run))
            else:
                done.append(purge_object(*place, wish, dry_run=dry_run))
        except (SettingsError, StoreError) as error:
            failed.append(error)
    return done, failed


def _print(done: Sequence[Purge], *, dry_run: bool) -> None:
    columns = ("file", "would go" if dry_run else "removed", "kept")
    rows = [(str(each.path), f"{each.removed:,}", f"{each.kept:,}") for each in done]
    write_table(sys.stdout, columns, rows, numbers=columns[1:])


def _remarks(done: Sequence[Purge], contact: str | None) -> Iterator[str]:
    if not done:
        yield "there is no quarantine file"
    for each in done:
        if each.unknown:
            numbers = ", ".join(map(str, each.unknown_lines))
            more = " and more" if each.unknown > len(each.unknown_lines) else ""
            yield (
                f"{each.path}: {counted(each.unknown, 'line')} stayed unjudged: cut by a crash, no message "
                f"or without a date (line {numbers}{more} of the file as it was); look there with an editor"
            )
        for (stream, name), count in sorted(each.elsewhere.items()):
            yield (
                f"{each.path}: {counted(count, 'record')} of stream {stream!r} stayed, though property "
                f"{name!r} holds the value too; take it out with --contact, or mend it with an editor"
            )
    if contact is not None and any(each.kept for each in done) and not any(each.removed for each in done):
        yield f"no record has that value in {contact!r}"


def _document(done: Sequence[Purge], *, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "removed": sum(each.removed for each in done),
        "files": [
            {
                "file": str(each.path),
                "removed": each.removed,
                "kept": each.kept,
                "unjudged": each.unknown,
                "unjudged_lines": list(each.unknown_lines),
                "elsewhere": [
                    {"stream": stream, "property": name, "records": count}
                    for (stream, name), count in sorted(each.elsewhere.items())
                ],
            }
            for each in done
        ],
    }
