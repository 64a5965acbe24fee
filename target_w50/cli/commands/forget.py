"""`w50 journal forget`: one person, a list or what is old, taken out of the journal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from target_w50.cli.contact_values import ask_values
from target_w50.cli.journals import list_id_of, opened, settings_of
from target_w50.cli.options import config_option, json_option, say_where
from target_w50.cli.output import print_json
from target_w50.console.tables import counted
from target_w50.errors import JournalError, SettingsError, printable
from target_w50.journal.forgetting import Forgotten, forget_before, forget_list, forget_person
from target_w50.journal.person import Person
from target_w50.outputs.moments import moment
from target_w50.settings.sources import Sources

NEW_AGAIN = (
    "who comes from the tap again is new from now on: sent, with the stream's custom events, whatever "
    "`custom_events_once_per` says; so take a person out at the source first, and load a list once with "
    "`suppress_custom_events` if nobody is to be mailed again"
)


@click.command("forget", epilog="Example: w50 journal forget --contact Email --config config.json")
@click.option(
    "--contact",
    "contact",
    metavar="NAME",
    multiple=True,
    help="Forget one person, in all lists: NAME is a match field or EncContactId. The value is asked for, or "
    "read from standard input where that is no terminal. Several times for several match fields.",
)
@click.option("--list", "contact_list", metavar="LIST", help="Forget all contacts of a list: id or name.")
@click.option(
    "--before",
    metavar="DATE",
    help="Forget contacts that were sent last before: 2026-01-31, or with a time; UTC unless it says "
    "otherwise.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@config_option
@json_option
def forget_command(
    contact: tuple[str, ...],
    contact_list: str | None,
    before: str | None,
    config: Sources,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Take contacts out of the journal; import jobs stay, without them.

    The journal has hashes, no values: usual spellings of the value are tried (lower and upper case, without
    blanks around it, text or number), any other must be given as the tap sends it. It is refused while a run
    holds one of the lists. The SQLite file is written anew, so that the bytes are gone.
    """
    if sum(map(bool, (contact, contact_list, before))) != 1:
        raise SettingsError("Say one of --contact NAME, --list LIST and --before DATE.", code="usage")
    moment_before = None if before is None else moment(before)
    if before is not None and moment_before is None:
        raise SettingsError("--before is no date; write it like 2026-01-31.", code="usage")
    settings = settings_of(config)
    say_where(settings, config, "contacts of the W50 at")
    with opened(settings) as journal:
        if contact:
            gone = forget_person(journal, Person(ask_values(contact)), dry_run=dry_run)
        elif contact_list is not None:
            gone = forget_list(journal, list_id_of(contact_list, settings, config), dry_run=dry_run)
        elif moment_before is not None:
            gone = forget_before(journal, moment_before.timestamp(), dry_run=dry_run)
        else:
            raise AssertionError
        is_ours = journal.database.wipes_itself
    if as_json:
        print_json(_document(gone, dry_run=dry_run))
    else:
        click.echo(_sentence(gone, dry_run=dry_run))
    for line in _remarks(gone, dry_run=dry_run):
        click.echo(f"w50: {printable(line)}", err=True)
    if gone.left and is_ours:
        raise JournalError(gone.left, code="journal_not_wiped")


def _sentence(gone: Forgotten, *, dry_run: bool) -> str:
    if not gone.something:
        return "The journal has nothing of that."
    lists = ", ".join(map(str, gone.lists))
    return (
        f"{'Would forget' if dry_run else 'Forgot'} {counted(gone.contacts, 'contact')} as W50 has "
        f"{'it' if gone.contacts == 1 else 'them'}, {counted(gone.fired, 'version')} that had events, and "
        f"{counted(gone.members, 'place', 'places')} in import jobs (contact list {lists})."
    )


def _remarks(gone: Forgotten, *, dry_run: bool) -> Iterator[str]:
    for each in gone.unnamed:
        fields = " and ".join(each.match_fields) or "its key properties"
        yield (
            f"contacts of stream {each.stream!r} in list {each.list_id} are known by {fields}: not looked "
            "for, as not all of that was named"
        )
    if gone.undated:
        yield (
            f"{counted(gone.undated, 'contact')} of which it is not known when it was sent "
            f"{'stays' if gone.undated == 1 else 'stay'}; --contact or --list takes them too"
        )
    if gone.something:
        yield NEW_AGAIN
    if gone.left and not dry_run:
        yield gone.left


def _document(gone: Forgotten, *, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "contacts": gone.contacts,
        "versions_with_events": gone.fired,
        "places_in_import_jobs": gone.members,
        "contact_list_ids": list(gone.lists),
        "contacts_without_a_date": gone.undated,
        "not_looked_for": [
            {
                "contact_list_id": each.list_id,
                "stream": each.stream,
                "match_fields": list(each.match_fields),
            }
            for each in gone.unnamed
        ],
        "left": gone.left or None,
    }
