"""`w50 import`: contacts from files into a contact list, by way of the target."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from target_w50.cli.import_settings import (
    Wish,
    check_columns,
    import_settings,
    known_encoding,
    reword,
    stream_name,
)
from target_w50.cli.options import config_option, prompt, rehearsal_of, say_where, warnings_told
from target_w50.console.tables import counted, hanging
from target_w50.console.terminal import width_of
from target_w50.errors import SettingsError, printable
from target_w50.files.feed import Feed
from target_w50.files.opening import Kind, Reading, check_alike, open_sources
from target_w50.files.places import FilePlaces
from target_w50.files.source import Source, merged, schema_of
from target_w50.settings.choices import OnFailedCheck
from target_w50.settings.model import settings_from
from target_w50.settings.sources import Sources, read_config, warnings_of
from target_w50.singer.lean_sdk import import_lean

PROGRAM = "w50"


@click.command(
    "import",
    short_help="Contacts from files (CSV, JSON lines, Parquet) into a list.",
    epilog="Example: w50 import people.csv --list Newsletter --match Email --config config.json --dry-run",
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--list", "contact_list", metavar="LIST", help="The contact list, by name or id.")
@click.option(
    "--match",
    "match",
    multiple=True,
    metavar="FIELD",
    help="The field that W50 finds a contact by; may be repeated.",
)
@click.option(
    "--field",
    "fields",
    multiple=True,
    metavar="COLUMN=FIELD",
    help="The field that a column goes to, where the names differ; __NULL__ leaves it out. May be repeated.",
)
@click.option(
    "--events",
    "events",
    multiple=True,
    metavar="EVENT",
    help="A custom event that W50 runs for each contact; it may send mail. May be repeated.",
)
@click.option("--dry-run", is_flag=True, help="Tell what would be sent, and send nothing.")
@click.option(
    "--quarantine", metavar="FILE", help="Set contacts that can't be loaded aside there, and go on."
)
@click.option(
    "--failed-check",
    type=click.Choice([each.value for each in OnFailedCheck]),
    help="What becomes of a value that fails a check: sent all the same, its contact set aside, or left out.",
)
@click.option(
    "--empty",
    type=click.Choice(["keep", "clear"]),
    help="What an empty cell or null does to the field in W50: keep its value (the default), or clear it.",
)
@click.option(
    "--types", "typed", is_flag=True, help="Send CSV columns of numbers, or of true and false, as such."
)
@click.option(
    "--stream", metavar="NAME", help="The stream's name in log, metrics and settings, if not the file's."
)
@click.option(
    "--format", "kind", type=click.Choice([each.value for each in Kind]), help="If the name does not say it."
)
@click.option(
    "--delimiter", metavar="CHARACTER", help="Of CSV, if the header does not show it; \\t is a tab."
)
@click.option("--encoding", metavar="NAME", help="Of CSV that is not UTF-8, such as windows-1252.")
@click.option("--columns", metavar="NAME,NAME...", help="Names of the columns of CSV without a header.")
@config_option
def import_command(
    files: tuple[str, ...],
    contact_list: str | None,
    match: tuple[str, ...],
    fields: tuple[str, ...],
    events: tuple[str, ...],
    *,
    dry_run: bool,
    quarantine: str | None,
    failed_check: str | None,
    empty: str | None,
    typed: bool,
    stream: str | None,
    kind: str | None,
    delimiter: str | None,
    encoding: str | None,
    columns: str | None,
    config: Sources,
) -> int:
    """Load the contacts of CSV, JSON lines or Parquet files, also gzipped, into a contact list.

    A column goes to the list's field of the same name, whatever the spelling. All files are read through
    first: what is broken is named by file and line, and nothing is sent. Then target-w50 loads them, with
    all that it promises; exit status and last line are its own.
    """
    wish = Wish(
        stream=stream or stream_name(files),
        contact_list=contact_list,
        match=match,
        fields=dict(map(_column_and_field, fields)),
        events=events,
        empty=empty,
        quarantine=quarantine,
        failed_check=failed_check,
    )
    reading = Reading(
        kind=Kind(kind) if kind else None,
        delimiter=_delimiter(delimiter),
        encoding=known_encoding(encoding),
        columns=tuple(each.strip() for each in columns.split(",")) if columns else (),
        typed=typed,
    )
    values = import_settings(read_config(config), wish)
    settings_from(values)
    sources = open_sources(files, reading)
    check_columns(values, sources)
    check_alike(sources)
    for each in sources:
        click.echo(
            f"w50: {printable(each.name)}: {counted(each.records, 'record')} ({printable(each.about)})",
            err=True,
        )
    if not any(each.columns for each in sources):
        click.echo("w50: there are no contacts in them; nothing was sent", err=True)
        return 0
    import_lean()
    with Feed(sources, wish.stream, schema_of(merged(each.columns for each in sources))) as feed:
        if dry_run:
            _plan(values, config, feed, sources)
            return 0
        return _load(values, config, feed, sources)


def _column_and_field(text: str) -> tuple[str, str]:
    column, equals, field = text.rpartition("=")
    if not (column and equals and field):
        raise SettingsError(f"--field {text!r} is not COLUMN=FIELD", code="usage")
    return column.strip(), field.strip()


def _delimiter(text: str | None) -> str | None:
    character = {"\\t": "\t", "tab": "\t"}.get(text or "", text)
    if character is not None and (len(character) != 1 or character in '\r\n"' or not character.isascii()):
        raise SettingsError("--delimiter is one character, such as ; or \\t", code="usage")
    return character


def _plan(values: dict[str, Any], config: Sources, feed: Feed, sources: Sequence[Source]) -> None:
    """Tell what a run would do, as `w50 plan` does."""
    from target_w50.cli.commands.plan import rehearse  # noqa: PLC0415  # it brings the SDK
    from target_w50.console.plan_report import plan_lines, plan_sentence  # noqa: PLC0415

    rehearsal = rehearsal_of(values)
    settings = prompt(settings_from(rehearsal))
    say_where(settings, config)
    with warnings_told():
        plan = rehearse(rehearsal, settings, feed, places=FilePlaces(sources))
    for ending in plan.endings.values():
        reword(ending)
    width = width_of(sys.stdout)
    for line in plan_lines(plan, show_values=False, width=width):
        click.echo(line)
    click.echo("\n".join(hanging(plan_sentence(plan), width)))


def _load(values: dict[str, Any], config: Sources, feed: Feed, sources: Sequence[Source]) -> int:
    """Load as the target does; no state is written, so nothing goes to standard output."""
    from target_w50.program.lifecycle import LoadedProgram  # noqa: PLC0415  # it brings the SDK

    settings = settings_from(values)
    say_where(settings, config, "loads into the W50 at")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        return LoadedProgram(
            values,
            settings,
            nowhere,
            warnings_of(config, settings),
            places=FilePlaces(sources),
            program=PROGRAM,
            reword=reword,
        ).run(feed)
    finally:
        os.close(nowhere)
