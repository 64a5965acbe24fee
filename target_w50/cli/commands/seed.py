"""`w50 journal seed`: a list that was loaded by other means, booked as delivered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from target_w50.cli.commands.plan import opened_input, rehearse
from target_w50.cli.options import config_option, json_option, prompt, rehearsal_of, say_where, warnings_told
from target_w50.cli.output import print_json
from target_w50.console.tables import counted
from target_w50.errors import SettingsError, TargetW50Error, printable
from target_w50.journal.journal import Journal
from target_w50.journal.opening import open_journal
from target_w50.runtime.clock import CLOCK
from target_w50.settings.model import Settings, settings_from
from target_w50.settings.sources import Sources, read_config
from target_w50.singer.lean_sdk import import_lean

if TYPE_CHECKING:
    from target_w50.loading.seeding import Seeding


@click.command("seed", epilog="Example: tap-csv --config tap.json | w50 journal seed --config config.json")
@click.argument("file", metavar="[FILE]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--events-not-sent",
    is_flag=True,
    help="The contacts have not had their streams' custom events yet: these fire when a contact changes.",
)
@config_option
@json_option
def seed_command(
    file: Path | None,
    config: Sources,
    *,
    events_not_sent: bool,
    as_json: bool,
) -> None:
    """Book contacts as delivered that reached W50 by other means; nothing is sent.

    FILE or standard input has what the tap sends, Singer messages. It goes through stream maps, mapping,
    validation and merging as in a run, and the journal remembers each contact as W50 has it, and as having
    had the streams' custom events. So the next run sends what differs from it (`send: changed`), and mails
    nobody of them (`custom_events_once_per`). The lists are held meanwhile. W50 is asked for its lists and
    fields alone; no state is written.
    """
    values = read_config(config)
    # None fire here; what counts as fired is said below.
    rehearsal = rehearsal_of(values) | {"suppress_custom_events": True}
    settings = prompt(settings_from(rehearsal))
    _need_something(settings)
    say_where(settings, config)
    import_lean()
    with opened_input(file) as messages, warnings_told():
        seeding = _seed(rehearsal, settings, messages, had_events=not events_not_sent)
    if as_json:
        print_json(_document(seeding))
    else:
        for line in _lines(seeding):
            click.echo(printable(line))
    for line in _remarks(seeding):
        click.echo(f"w50: {printable(line)}", err=True)


def _need_something(settings: Settings) -> None:
    if not any(entry.needs_journal for entry in settings.streams):
        raise SettingsError(
            "No entry of `streams` has `send` changed, or custom events with `custom_events_once_per` "
            "version or contact: of such streams nothing is remembered, so there is nothing to seed.",
            code="nothing_to_seed",
        )


def _journal(settings: Settings) -> Journal:
    journal = open_journal(
        settings.journal, settings.journal_key, api_url=settings.api_url, run_id=settings.run_id, clock=CLOCK
    )
    if journal is None:
        raise SettingsError(
            "There is no journal to seed: `journal` is none, or no place for it can be written.",
            code="no_journal",
        )
    return journal


def _seed(rehearsal: dict[str, Any], settings: Settings, messages: IO[bytes], *, had_events: bool) -> Seeding:
    from target_w50.loading.seeding import Seeding, Seeds  # noqa: PLC0415  # as `plan` imports the target

    journal = _journal(settings)
    try:
        seeding = rehearse(rehearsal, settings, messages, Seeds(journal, had_events))
    finally:
        with suppress(TargetW50Error):  # the next one takes them all the same, as this process is gone
            journal.leases.release()
        journal.close()
    if not isinstance(seeding, Seeding):
        raise TypeError
    return seeding


def _lines(seeding: Seeding) -> Iterator[str]:
    for planned in seeding.streams:
        counts, mapping = planned.counts, planned.mapping
        if mapping is None or not mapping.entry.needs_journal:
            continue
        contact_list = mapping.contact_list
        booked = seeding.booked[counts.stream]
        events = ""
        if mapping.entry.custom_events:
            had = "and" if seeding.seeds.had_events else "but not"
            events = f", {had} as having had {', '.join(mapping.entry.custom_events)}"
        known = f"; {counts.contacts_unchanged:,} known already" if counts.contacts_unchanged else ""
        yield (
            f"Stream {counts.stream} -> contact list {contact_list.id} {contact_list.name!r}: "
            f"{counted(booked, 'contact')} booked as delivered{events}{known}."
        )


def _remarks(seeding: Seeding) -> Iterator[str]:
    for stream, number in seeding.not_kept.items():
        if number:
            yield (
                f"stream {stream!r}: {counted(number, 'contact')} not booked, as its entry has neither "
                "`send` changed nor `custom_events_once_per` version or contact"
            )
    for planned in seeding.streams:
        for refused in planned.refused.values():
            about = f", property {refused.property!r}" if refused.property else ""
            yield (
                f"stream {planned.counts.stream!r}: {counted(refused.count, 'record')} could not be loaded "
                f"({refused.reason.value}{about}, first at {refused.first_at}) and booked nothing"
            )
        booked, mapping = seeding.booked[planned.counts.stream], planned.mapping
        if mapping is not None and mapping.contact_list.count < booked:
            yield (
                f"contact list {mapping.contact_list.id} has "
                f"{counted(mapping.contact_list.count, 'contact')} in W50, fewer than were booked: what is "
                "missing there is not sent until it changes. If that is wrong, take it back: "
                f"`w50 journal forget --list {mapping.contact_list.id}`"
            )


def _document(seeding: Seeding) -> dict[str, Any]:
    return {
        "events_sent": seeding.seeds.had_events,
        "streams": [
            {
                "stream": each.counts.stream,
                "contact_list_id": each.mapping.contact_list.id,
                "records_read": each.counts.records_read,
                "records_refused": each.records_refused,
                "contacts_booked": seeding.booked[each.counts.stream],
                "contacts_known_already": each.counts.contacts_unchanged,
                "contacts_not_booked": seeding.not_kept[each.counts.stream],
            }
            for each in seeding.streams
            if each.mapping is not None
        ],
    }
