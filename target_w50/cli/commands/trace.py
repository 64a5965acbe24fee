"""`w50 trace`: every delivery of one contact that is remembered, and why records of it were refused."""

from __future__ import annotations

import sys

import click

from target_w50.cli.contact_values import ask_values
from target_w50.cli.journals import list_id_of, opened, settings_of
from target_w50.cli.options import config_option, json_option, say_where
from target_w50.cli.output import print_json
from target_w50.cli.quarantine_files import found, name_of, of_settings, streams_of, wish_for
from target_w50.cli.quarantine_files import opened as opened_file
from target_w50.console.tables import write_table
from target_w50.console.trace_report import (
    COLUMNS,
    REFUSAL_COLUMNS,
    delivery_row,
    refusal_row,
    trace_document,
    trace_lines,
)
from target_w50.errors import printable
from target_w50.journal.person import Person
from target_w50.journal.tracing import trace
from target_w50.outputs.quarantine_search import Refused, refused
from target_w50.settings.sources import Sources, read_config


@click.command(
    "trace",
    short_help="What became of one contact, run by run.",
    epilog="Example: w50 trace Newsletter Email --config config.json",
)
@click.argument("contact_list", metavar="LIST")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option(
    "--quarantine",
    "files",
    metavar="FILE",
    multiple=True,
    help="A quarantine file or a glob, to look for refusals; else those of `quarantine_path`.",
)
@config_option
@json_option
def trace_command(
    contact_list: str,
    names: tuple[str, ...],
    files: tuple[str, ...],
    config: Sources,
    *,
    as_json: bool,
) -> None:
    """Show every delivery of one contact of LIST that the journal has, and its records in quarantine.

    LIST is an id or a name. NAME is a match field or EncContactId; name all where several fields match. The
    value is asked for, or read from standard input where that is no terminal (a line for each NAME): it is
    shown nowhere. The journal has hashes: usual spellings of the value are tried (lower and upper case,
    without blanks around it, text or number), any other must be given as the tap sends it. What can't be
    known is said.
    """
    values = read_config(config)
    settings = settings_of(config)
    asked = ask_values(names, "w50 trace LIST")
    list_id = list_id_of(contact_list, settings, config)
    say_where(settings, config, f"contact list {list_id} of the W50 at")
    with opened(settings) as journal:
        traced = trace(journal, list_id, Person(asked))
    streams = streams_of(values)
    places = found(files) if files else of_settings(values) if values.get("quarantine_path") else []
    paths = [name_of(place) for place in places]
    wishes = [wish_for(name, value, streams) for name, value in asked.items()]
    refusals: list[Refused] = []
    for place in places:
        with opened_file(place) as file:
            refusals += refused(name_of(place), file, wishes)
    if as_json:
        print_json(trace_document(traced, refusals, paths, list_id=list_id))
        return
    if traced.deliveries:
        write_table(sys.stdout, COLUMNS, map(delivery_row, traced.deliveries))
        click.echo()
    if refusals:
        write_table(sys.stdout, REFUSAL_COLUMNS, map(refusal_row, refusals), numbers=("line",))
        click.echo()
    for line in trace_lines(traced, paths, settings.journal_retention_days):
        click.echo(printable(line))
