"""`w50 init`: settings for a first load, asked for, tried and written."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from target_w50.cli.commands.check import check_all
from target_w50.cli.commands.propose import tell_near
from target_w50.cli.import_settings import known_encoding
from target_w50.cli.options import client_of, say, warnings_told
from target_w50.cli.setup.asking import Asking
from target_w50.cli.setup.dialogue import Connected, Dialogue
from target_w50.cli.setup.entries import KnownList, ProposedEntry, meltano_block
from target_w50.cli.setup.fields import with_asked_fields
from target_w50.cli.setup.places import JsonPlace, MeltanoPlace, place_of, usual_place
from target_w50.cli.setup.samples import TapStream
from target_w50.cli.setup.secrets import GivenSecret, Keep, KeptSecret, is_secret, not_ignored_by_git
from target_w50.console.tables import write_table
from target_w50.errors import SettingsError, printable
from target_w50.settings.choices import AuthMethod
from target_w50.settings.schema import SETTINGS_SCHEMA
from target_w50.settings.sources import typed

OF_W50 = ("settings", "address", "authentication", "contact list", "fields")
"""What must pass of `w50 check` before anything is written."""


@click.command(
    "init",
    short_help="Settings for a first load: asked for, tried and written.",
    epilog="Example: w50 init people.csv --list Newsletter",
)
@click.argument("sample", metavar="[FILE]", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--encoding", metavar="NAME", help="Of a CSV file that is not UTF-8, such as windows-1252.")
@click.option("--api-url", metavar="URL", help="Address of W50's API.")
@click.option(
    "--auth-method", type=click.Choice([each.value for each in AuthMethod]), help="How W50 is told who asks."
)
@click.option(
    "--set", "others", multiple=True, metavar="NAME=VALUE", help="Another setting, which is no secret."
)
@click.option("--secret-env", metavar="NAME", help="The environment variable that has the secret.")
@click.option(
    "--secret-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The file that has the secret, and keeps it.",
)
@click.option("--secret-stdin", is_flag=True, help="The first line of standard input is the secret.")
@click.option(
    "--secret-in",
    type=click.Choice([each.value for each in Keep]),
    help="Where the secret is kept: in .env (usual with meltano.yml), in a file of its own, or nowhere.",
)
@click.option("--list", "contact_list", metavar="LIST", help="The contact list to load into: id or name.")
@click.option("--stream", "streams", multiple=True, metavar="NAME", help="Only this stream of the tap's.")
@click.option(
    "--match", "match_fields", multiple=True, metavar="FIELD", help="A FieldName that tells contacts apart."
)
@click.option(
    "--write",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to: meltano.yml of the folder's project if there is one, else config.json.",
)
@click.option("--loader", metavar="NAME", help="Which loader of meltano.yml.")
@click.option("--print", "only_print", is_flag=True, help="Print what would be written, without the secret.")
@click.option("--force", is_flag=True, help="Write over what is there without asking.")
@click.option("--no-input", is_flag=True, help="Ask nothing; exit 2 where something lacks.")
def init_command(sample: Path | None, **options: Any) -> None:
    """Find out what a first load needs, try it, and write it to config.json or into meltano.yml.

    FILE has contacts (CSV, JSON lines, Parquet) or what a tap sends (Singer messages), or is a tap's catalog:
    a mapping is proposed by it. W50 is
    asked for its lists and fields alone. The secret is asked for and not shown, or read from where an option
    says, and kept in `.env` or a file of its own, for its owner alone. All else in meltano.yml stays as it
    is.
    """
    wishes = Wishes(sample=sample, **options)
    asking = Asking.at_terminal(no_input=wishes.no_input)
    place = place_of(wishes.write or _asked_place(asking, wishes), wishes.keep, wishes.loader)
    if isinstance(place, JsonPlace) and not wishes.only_print and (there := place.conflicts({}, ())):
        question = f"{there}. Put the settings into it? Its others stay"
        asking.consent(there, question, force=wishes.force)
    dialogue = Dialogue(asking, place.known, wishes.given(), wishes.secret)
    dialogue.note_what_lacks(wishes.contact_list, wishes.sample, wishes.streams)
    encoding = known_encoding(wishes.encoding)
    # A file that can't be read is said before anything is asked for.
    chosen = (
        None if wishes.sample is None else dialogue.chosen_streams(wishes.sample, wishes.streams, encoding)
    )
    connected = dialogue.connected()
    try:
        known = dialogue.chosen_list(connected.client, wishes.contact_list)
        if chosen is None:
            chosen = dialogue.chosen_streams(None, wishes.streams, encoding)
        entries = [_entry(dialogue, each, known, wishes.match_fields) for each in chosen]
    finally:
        connected.client.close()
    if not entries:
        raise SettingsError("No stream was chosen. Nothing was written.", code="usage")
    _show(place, entries, asking)
    _require_passed(dialogue.values(connected.settings, connected.secret), entries)
    _write(place, dialogue, connected, entries, wishes)
    if not wishes.only_print:
        with_config = printable(place.options())
        say(_after_a_file(with_config, wishes) if chosen[0].is_file else _after_a_tap(with_config, place))


def _entry(
    dialogue: Dialogue, stream: TapStream, known: KnownList, match_fields: Sequence[str]
) -> ProposedEntry:
    entry = dialogue.entry_for(stream, known, match_fields)
    return with_asked_fields(dialogue.asking, entry, known.field_names or (), is_file=stream.is_file)


def _after_a_file(options: str, wishes: Wishes) -> str:
    if wishes.encoding is not None:
        options += f" --encoding {printable(shlex.quote(wishes.encoding))}"
    command = f"w50 import {printable(shlex.quote(str(wishes.sample)))}{options}"
    return (
        f"next: `{command} --dry-run` tells what would be sent, and `{command} --quarantine refused.jsonl` "
        "loads it"
    )


def _after_a_tap(options: str, place: JsonPlace | MeltanoPlace) -> str:
    load = "`meltano run TAP target-w50`" if isinstance(place, MeltanoPlace) else f"`target-w50{options}`"
    plan = f"`w50 plan FILE{options}` with what your tap sends"
    return f"next: `w50 check{options}`, {plan}, and {load} to load it"


@dataclass(frozen=True)
class Wishes:
    """The options."""

    sample: Path | None
    encoding: str | None
    api_url: str | None
    auth_method: str | None
    others: tuple[str, ...]
    secret_env: str | None
    secret_file: Path | None
    secret_stdin: bool
    secret_in: str | None
    contact_list: str | None
    streams: tuple[str, ...]
    match_fields: tuple[str, ...]
    write: Path | None
    loader: str | None
    only_print: bool
    force: bool
    no_input: bool

    @property
    def secret(self) -> GivenSecret:
        """Where the secret is."""
        return GivenSecret(self.secret_env, self.secret_file, self.secret_stdin)

    @property
    def keep(self) -> Keep | None:
        """Where the secret is to be kept."""
        return None if self.secret_in is None else Keep(self.secret_in)

    def given(self) -> dict[str, Any]:
        """The settings that are given by options.

        Raises:
            SettingsError: there is no such setting, it is a secret, or its value is none of its type.
        """
        settings: dict[str, Any] = {}
        for each in self.others:
            name, sign, text = each.partition("=")
            schema = SETTINGS_SCHEMA["properties"].get(name)
            if not sign or schema is None or name == "streams":
                raise SettingsError(f"--set takes NAME=VALUE of a setting; {name!r} is none.", code="usage")
            if is_secret(name):
                raise SettingsError(
                    f"--set: `{name}` is a secret, which others would see on the command line. Use "
                    "--secret-env, --secret-file or --secret-stdin.",
                    code="usage",
                )
            try:
                settings[name] = typed(text, schema["type"])
            except (ValueError, RecursionError):
                raise SettingsError(
                    f"--set: `{name}` is not of type {schema['type']}", code="usage"
                ) from None
        named = {"api_url": self.api_url, "auth_method": self.auth_method}
        return settings | {name: value for name, value in named.items() if value is not None}


def _asked_place(asking: Asking, wishes: Wishes) -> Path:
    usual = usual_place(Path.cwd())
    if not asking.allowed or wishes.only_print:
        return usual
    return Path(asking.text("Write the settings to", str(usual)))


def _show(place: JsonPlace | MeltanoPlace, entries: Sequence[ProposedEntry], asking: Asking) -> None:
    if not asking.allowed:
        return
    if isinstance(place, JsonPlace):
        for each in entries:
            rows = list((each.entry.get("fields") or {}).items())
            write_table(sys.stderr, (f"property of {printable(each.stream)}", "FieldName"), rows)
        return
    for line in meltano_block(entries):
        click.echo(line, err=True)


def _require_passed(values: dict[str, Any], entries: Sequence[ProposedEntry]) -> None:
    """See that `w50 check` would pass, before anything is written.

    Raises:
        TargetW50Error: it would not; what failed is said.
    """
    config = {**values, "streams": [each.entry for each in entries]}
    with warnings_told():
        found = [each for each in check_all(config, lambda settings: client_of(settings, ())) if each.error]
    failed = [each for each in found if each.check in OF_W50]
    for each in found:
        say(f"{each.check}: {each.message}")
    if failed and failed[0].error is not None:
        raise failed[0].error


def _write(
    place: JsonPlace | MeltanoPlace,
    dialogue: Dialogue,
    connected: Connected,
    entries: Sequence[ProposedEntry],
    wishes: Wishes,
) -> None:
    known, secret = place.known, dialogue.setting
    settings = {name: value for name, value in connected.settings.items() if known.get(name) != value}
    kept = _kept(place, secret, connected.secret, wishes)
    if kept is None and wishes.secret_file is not None:
        settings[f"{secret}_file"] = str(wishes.secret_file.resolve())
    elif kept is not None and kept.variable is None:
        settings[f"{secret}_file"] = str(kept.path)
    if wishes.only_print:
        click.echo(place.print_text(settings, entries), nl=False)
        say(f"nothing was written; this belongs to {place.path}, and the secret beside it")
        return
    by_variable = None if f"{secret}_file" in settings or connected.secret is None else secret
    text = place.text(settings, entries, by_variable)
    _ask_to_write_over(place, kept, settings, entries, wishes, dialogue.asking)
    if kept is not None:
        kept.write()
    place.write(text)
    hidden = {} if kept is None or kept.variable is None else {secret: connected.secret}
    for line in _told(place, kept, {**settings, **hidden}, entries):
        say(line)
    for each in entries if isinstance(place, JsonPlace) else ():
        tell_near(each)


def _kept(
    place: JsonPlace | MeltanoPlace, setting: str, secret: str | None, wishes: Wishes
) -> KeptSecret | None:
    """What is going to hold the secret; None where it is kept already, or is not to be."""
    if secret is None or place.keep is Keep.NOWHERE or secret == place.known.get(setting):
        return None
    if wishes.secret_file is not None and wishes.secret.read(setting) == secret:
        return None
    return place.kept(setting, secret)


def _ask_to_write_over(  # noqa: PLR0917  # all that is about to be written
    place: JsonPlace | MeltanoPlace,
    kept: KeptSecret | None,
    settings: dict[str, Any],
    entries: Sequence[ProposedEntry],
    wishes: Wishes,
    asking: Asking,
) -> None:
    """See that nothing is written over without a word.

    Raises:
        SettingsError: nobody can be asked.
        Abort: the answer was no.
    """
    there = place.conflicts(settings, entries) if isinstance(place, MeltanoPlace) else None
    if there is not None:
        asking.consent(there, f"{there}. Write over it?", force=wishes.force)
    if kept is not None and kept.replaces:
        what = f"{kept.path} has another secret already"
        asking.consent(what, f"{what}. Write over it?", force=wishes.force)


def _told(
    place: JsonPlace | MeltanoPlace,
    kept: KeptSecret | None,
    settings: dict[str, Any],
    entries: Sequence[ProposedEntry],
) -> Iterator[str]:
    names = ", ".join(repr(each.stream) for each in entries)
    yield f"wrote {place.path} (streams: {names})"
    if kept is not None:
        yield f"wrote the secret into {kept.path}, for you alone (mode 0600)"
        if not_ignored_by_git(kept.path):
            yield f"git would take {kept.path.name} into a commit: add it to .gitignore before you commit"
    for name in place.differs(settings):
        yield f"`{name}` is another one all the same: a variable, .env or the environment in use says so"
