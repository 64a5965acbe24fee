"""What the commands about the journal share: the settings, the journal that they name, and a list's id."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import click

from target_w50.cli.options import INSTEAD, client_of, prompt, warnings_told
from target_w50.contacts.contact_lists import ListDirectory
from target_w50.errors import SettingsError, printable
from target_w50.journal.journal import Journal
from target_w50.journal.leases import time_in_words
from target_w50.journal.looking import Absent, looked_at
from target_w50.runtime.clock import CLOCK
from target_w50.settings.model import Settings, connection_settings
from target_w50.settings.sources import Sources, read_config


@contextlib.contextmanager
def opened(settings: Settings) -> Iterator[Journal]:
    """The journal of the settings, which is said first.

    Raises:
        SettingsError: there is none.
    """
    with looked_at(settings, CLOCK) as journal:
        if isinstance(journal, Absent):
            raise SettingsError(journal.words, code="no_journal")
        since = time_in_words(journal.since)
        click.echo(f"w50: journal {printable(journal.database.place)}, kept since {since}", err=True)
        yield journal


def settings_of(config: Sources) -> Settings:
    """The settings, of which only those of connection and journal are needed."""
    return prompt(connection_settings(read_config(config)))


def list_id_of(contact_list: str, settings: Settings, config: Sources) -> int:
    """The id of a contact list; W50 is asked only where it is given by its name.

    Raises:
        MappingError: W50 has no such list.
        W50Error: W50 does not say.
    """
    if contact_list.isascii() and contact_list.isdigit():
        return int(contact_list)
    with contextlib.closing(client_of(settings, config)) as client, warnings_told():
        return ListDirectory(client).resolve(contact_list, instead=INSTEAD).id
