"""`w50 check`: what of the settings works, line by line."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from target_w50.cli.options import client_of, config_option, json_option, warnings_told
from target_w50.cli.output import print_json
from target_w50.console.tables import counted, hanging
from target_w50.console.terminal import width_of
from target_w50.contacts.contact_lists import ListDirectory
from target_w50.contacts.names import nearest
from target_w50.errors import (
    JournalError,
    MappingError,
    RefusedError,
    SettingsError,
    TargetW50Error,
    UnreachableError,
    printable,
)
from target_w50.journal.leases import time_in_words
from target_w50.journal.looking import Absent, looked_at
from target_w50.journal.opening import need_none
from target_w50.outputs.messages_at import messages_at
from target_w50.runtime.clock import CLOCK
from target_w50.settings.model import (
    DROP,
    FieldNaming,
    Settings,
    StreamEntry,
    connection_settings,
    settings_from,
)
from target_w50.settings.output_place import is_url
from target_w50.settings.sources import Sources, read_config
from target_w50.w50 import ContactsList

if TYPE_CHECKING:
    from target_w50.w50 import W50Client

FORBIDDEN = 403
LONGEST_CHECK = len("authentication")


@dataclass(frozen=True)
class Finding:
    """What one check came to.

    Attributes:
        check: `settings`, `address`, `authentication`, `contact list`, `fields`, `output` or `journal`.
        message: what was found, and if it failed what to do.
        error: what a run would end with, or None if the check passed.
    """

    check: str
    message: str
    error: TargetW50Error | None = None

    @property
    def passed(self) -> bool:
        """Whether all is well."""
        return self.error is None


def check_all(config: Mapping[str, Any], connect: Callable[[Settings], W50Client]) -> Iterator[Finding]:
    """Check one thing after the other; what depends on a thing that failed is left out.

    Args:
        config: the settings as read.
        connect: makes a client from the settings of the connection; may raise SettingsError.
    """
    entries: tuple[StreamEntry, ...] = ()
    try:
        settings = settings_from(config)
        entries = settings.streams
        yield Finding(
            "settings", f"{len(config)} settings, {counted(len(entries), 'entry', 'entries')} of `streams`"
        )
    except SettingsError as error:
        for fault in error.faults or (error.message,):
            yield Finding("settings", f"{fault}.", error)
        try:
            settings = connection_settings(config)
        except SettingsError:
            return
    yield from _outputs(settings)
    yield _journal(settings)
    try:
        client = connect(settings)
    except SettingsError as error:
        for fault in error.faults or (error.message,):
            yield Finding("settings", f"{fault}.", error)
        return
    try:
        yield from _at_w50(client, settings, entries)
    finally:
        client.close()


def _at_w50(client: W50Client, settings: Settings, entries: tuple[StreamEntry, ...]) -> Iterator[Finding]:
    address = f"{urlsplit(settings.api_url).hostname} answers"
    directory = ListDirectory(client)
    try:
        lists = directory.all_lists()
    except UnreachableError as error:
        yield Finding("address", error.message, error)
        return
    except RefusedError as error:
        yield Finding("address", address)
        yield Finding("authentication", error.message, error)
        if error.status != FORBIDDEN:
            return
        # The account's lists may be hidden from a caller who may load into one of them.
    except TargetW50Error as error:
        yield Finding("address", error.message, error)
        return
    else:
        yield Finding("address", address)
        yield Finding("authentication", f"accepted; the account has {counted(len(lists), 'contact list')}")
    for entry in entries:
        yield from _entry(directory, entry)


def _entry(directory: ListDirectory, entry: StreamEntry) -> Iterator[Finding]:
    try:
        contact_list = directory.resolve(entry.contact_list)
    except TargetW50Error as error:
        yield Finding("contact list", f"stream {entry.stream!r}: {error.message}", error)
        return
    yield Finding(
        "contact list",
        f"stream {entry.stream!r} goes to list {contact_list.id} {contact_list.name!r}, which has "
        f"{counted(contact_list.count, 'contact')}",
    )
    yield from _fields(directory, entry, contact_list)


def explicit_field_names(entry: StreamEntry) -> list[str]:
    """The FieldNames that an entry names, each once, in their order."""
    named = [name for name in entry.fields.values() if name != DROP]
    return list(dict.fromkeys([*(entry.match_fields or ()), *named, *entry.deleted_values]))


def _fields(directory: ListDirectory, entry: StreamEntry, contact_list: ContactsList) -> Iterator[Finding]:
    names = explicit_field_names(entry)
    if not names:
        return
    try:
        known = [each.name for each in directory.fields(contact_list.id)]
    except TargetW50Error as error:
        if entry.field_naming is FieldNaming.EXACT and isinstance(error, RefusedError):
            words = f"stream {entry.stream!r}: not looked at: W50 does not show this list's fields"
            yield Finding("fields", f"{words} (status {error.status}), and `field_naming` is exact")
            return
        yield Finding("fields", f"stream {entry.stream!r}: {error.message}", error)
        return
    missing = [name for name in names if name not in known]
    for name in missing:
        message = (
            f"stream {entry.stream!r}: list {contact_list.id} {contact_list.name!r} has no field {name!r}"
            f"{nearest(name, known)}. `w50 fields {contact_list.id}` shows what it has."
        )
        yield Finding("fields", message, MappingError(message, code="field_unknown"))
    if not missing:
        yield Finding("fields", f"stream {entry.stream!r}: the list has {', '.join(names)}")


def _outputs(settings: Settings) -> Iterator[Finding]:
    for name, path in (
        ("quarantine_path", settings.quarantine_path),
        ("metrics_path", settings.metrics_path),
    ):
        if path is None:
            continue
        if is_url(path):
            yield _store(name, path)
            continue
        problem = _unwritable(Path(path))
        if problem is None:
            yield Finding("output", f"`{name}` can be written")
        else:
            message = f"`{name}` can't be written: {problem}."
            yield Finding("output", message, SettingsError(message, code="output_unwritable"))


def _store(name: str, url: str) -> Finding:
    """Whether parts can be written: proven as a run does it, with a small object that is removed again."""
    try:
        messages_at(url, name, None).close()
    except OSError as error:
        message = f"`{name}` can't be written: {error.strerror}."
        return Finding("output", message, SettingsError(message, code="output_unwritable"))
    except TargetW50Error as error:
        return Finding("output", error.message, error)
    return Finding("output", f"`{name}` can be written")


def _journal(settings: Settings) -> Finding:
    try:
        with looked_at(settings, CLOCK) as journal:
            if isinstance(journal, Absent):
                if not journal.can_be_made:
                    need_none(settings)
                return Finding("journal", journal.words)
            return Finding(
                "journal",
                f"{journal.database.place}, kept since {time_in_words(journal.since)}; its key fits; "
                f"{journal.open_in_words()}",
            )
    except (SettingsError, JournalError) as error:
        return Finding("journal", error.message, error)


def _unwritable(path: Path) -> str | None:
    """Why the file can't be appended to, without touching it."""
    if path.is_dir():
        return "it is a folder"
    if path.exists():
        return None if os.access(path, os.W_OK) else "the file may not be written to"
    if not path.parent.is_dir():
        return "its folder does not exist"
    return None if os.access(path.parent, os.W_OK) else "its folder may not be written to"


@click.command(
    "check",
    short_help="Settings, connection, lists and fields: what works.",
    epilog="Example: w50 check --config config.json",
)
@config_option
@json_option
def check_command(config: Sources, *, as_json: bool) -> None:
    """Check what a run needs, and say line by line what passed and what failed.

    The settings, the address, the authentication, every list of `streams` (its name and number of contacts),
    every FieldName that the settings name, the outputs, and the journal (where it is, since when, what is
    open). Nothing is sent but GETs. The exit status is what
    a run would end with.
    """
    findings: list[Finding] = []
    values = read_config(config)
    with warnings_told():
        for finding in check_all(values, lambda settings: client_of(settings, config)):
            findings.append(finding)
            if not as_json:
                _print(finding)
    if as_json:
        print_json(
            {"checks": [_as_json(each) for each in findings], "passed": all(each.passed for each in findings)}
        )
    failed = [each.error for each in findings if each.error is not None]
    if failed:
        raise failed[0]


def _print(finding: Finding) -> None:
    word = click.style("passed", fg="green") if finding.passed else click.style("FAILED", fg="red", bold=True)
    first, *more = hanging(
        f"passed  {finding.check:{LONGEST_CHECK}}  {printable(finding.message)}", width_of(sys.stdout)
    )
    click.echo("\n".join([word + first.removeprefix("passed"), *more]))


def _as_json(finding: Finding) -> dict[str, object]:
    error = finding.error
    return {
        "check": finding.check,
        "passed": finding.passed,
        "message": finding.message,
        "error_code": error.code if error else None,
        "exit_status": error.exit_status if error else 0,
    }
