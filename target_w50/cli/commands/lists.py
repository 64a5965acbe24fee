"""`w50 lists` and `w50 fields`: what there is to load into."""

from __future__ import annotations

import dataclasses
import sys

import click

from target_w50.cli.options import INSTEAD, config_option, connected, json_option
from target_w50.cli.output import print_json
from target_w50.console.tables import write_table
from target_w50.contacts.contact_lists import ListDirectory
from target_w50.settings.sources import Sources
from target_w50.w50 import ContactSchemaField


@click.command(
    "lists", short_help="The account's contact lists.", epilog="Example: w50 lists --config config.json"
)
@config_option
@json_option
def lists_command(config: Sources, *, as_json: bool) -> None:
    """Show the account's contact lists: id, name and number of contacts.

    Of the settings only those of the connection are needed.
    """
    with connected(config) as (client, _):
        found = client.list_contact_lists()
    if as_json:
        print_json([dataclasses.asdict(each) for each in found])
        return
    rows = [(each.id, each.name, f"{each.count:,}") for each in found]
    write_table(sys.stdout, ("id", "name", "contacts"), rows, numbers=("id", "contacts"))


@click.command(
    "fields",
    short_help="The fields of a contact list.",
    epilog="Example: w50 fields Newsletter --config config.json",
)
@click.argument("contact_list", metavar="LIST")
@config_option
@json_option
def fields_command(contact_list: str, config: Sources, *, as_json: bool) -> None:
    """Show the fields of a contact list: FieldName, type, default and allowed values.

    LIST is an id or a name, as in the setting `contact_list`.
    """
    with connected(config) as (client, _):
        directory = ListDirectory(client)
        found = directory.fields(directory.resolve(contact_list, instead=INSTEAD).id)
    in_order = sorted(found, key=lambda each: each.position)
    if as_json:
        print_json([dataclasses.asdict(each) for each in in_order])
        return
    rows = [(each.name, each.map_type, each.default_value, allowed_values(each)) for each in in_order]
    write_table(sys.stdout, ("field", "type", "default", "allowed values"), rows)


def allowed_values(field: ContactSchemaField) -> str:
    """The values of a choice field in their order; empty where any value will do."""
    values = sorted(field.values, key=lambda each: each.order)
    return ", ".join(each.value + ("" if each.in_use else " (not in use)") for each in values)
