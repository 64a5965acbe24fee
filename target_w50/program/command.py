"""The program `target-w50`: arguments, standard output kept clean, and every ending with its status."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import click

from target_w50.errors import InputError, SettingsError, TargetW50Error
from target_w50.program.exit_line import PROGRAM, say_last, unexpected
from target_w50.runtime.pipes import STDIN, throw_away
from target_w50.runtime.stdout import keep_clean
from target_w50.settings.output_place import is_url
from target_w50.singer.lean_sdk import import_lean
from target_w50.singer.lines import open_input

EXIT_SETTINGS = 2
_OF_CONTACTS = (".csv", ".tsv", ".parquet")


@click.command(
    name=PROGRAM,
    context_settings={"help_option_names": ["--help"]},
    epilog="Example: tap-jsonl --config tap.json | target-w50 --config target.json > state.jsonl",
)
@click.option("--version", is_flag=True, help="Show the versions and exit.")
@click.option("--about", is_flag=True, help="Show the settings and capabilities and exit.")
@click.option(
    "--format",
    "about_format",
    type=click.Choice(["json", "markdown"], case_sensitive=False),
    help="The form of --about.",
)
@click.option(
    "--config",
    "config",
    multiple=True,
    metavar="FILE|ENV",
    help="A JSON file with settings, or ENV for TARGET_W50_* of the environment and .env; may be repeated.",
)
@click.option(
    "--input",
    "input_path",
    metavar="FILE",
    help="Read messages from FILE, or from the objects of a URL or glob, not from standard input.",
)
def command(
    *, version: bool, about: bool, about_format: str | None, config: tuple[str, ...], input_path: str | None
) -> int:
    """Load the contacts of a Singer tap, read from standard input, into W50 contact lists."""
    if version:
        click.echo(_versions())
        return 0
    if about:
        _print_about(about_format)
        return 0
    return load(config, input_path)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; the exit status is returned. Nothing of the SDK's own ending takes part."""
    try:
        status: int = command.main(arguments, prog_name=PROGRAM, standalone_mode=False) or 0
    except click.UsageError as error:
        words = " ".join(error.format_message().split())
        say_last(SettingsError(f"{words} (see --help)", code="usage"), "safe")
        return EXIT_SETTINGS
    except click.exceptions.Exit as ending:
        return ending.exit_code
    except click.Abort:
        return 130
    except BrokenPipeError:
        # Nobody reads what --about or --version print.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return status


def _versions() -> str:
    from importlib import metadata  # noqa: PLC0415  # without the SDK: importing it takes longer than all the rest

    return f"{PROGRAM} v{metadata.version('target-w50')}, Meltano SDK v{metadata.version('singer-sdk')}"


def _print_about(about_format: str | None) -> None:
    import_lean()
    from target_w50.target import TargetW50  # noqa: PLC0415

    TargetW50.print_about(about_format)


def load(config: Sequence[str], input_path: str | None) -> int:
    """Read messages, load contacts, write states; returns the exit status."""
    # Not above: --version and --help need not wait for jsonschema and requests.
    from target_w50.settings.model import settings_from  # noqa: PLC0415
    from target_w50.settings.sources import read_config, warnings_of  # noqa: PLC0415

    values: dict[str, Any] | None = None
    try:
        stdout_fd = keep_clean()
        values = read_config(config)
        settings = settings_from(values)
        file = None if input_path is None else opened(input_path)
        import_lean()
        from target_w50.program.lifecycle import LoadedProgram  # noqa: PLC0415  # it brings the SDK

        return LoadedProgram(values, settings, stdout_fd, warnings_of(config, settings)).run(file)
    except Exception as fault:  # noqa: BLE001  # every ending has its status and its last line
        return _failed_to_start(values, fault, reads_stdin=input_path is None)


def opened(place: str) -> IO[bytes]:
    """The file that messages are read from; objects of a store are first brought into one without a name.

    Raises:
        InputError: it can't be opened (`input_unreadable`), or is one for `w50 import` (`input_not_singer`).
        TargetW50Error: the URL can't be used, or the store not be reached.
    """
    if not is_url(place):
        if place.lower().removesuffix(".gz").endswith(_OF_CONTACTS):
            from target_w50.files.opening import refuse_contacts  # noqa: PLC0415  # no tap's output is called so

            refuse_contacts(Path(place))
        return open_input(place)
    # Only here: stores are for those who name one.
    from target_w50.outputs.store_calls import CallFailedError  # noqa: PLC0415
    from target_w50.outputs.stored_files import StoredFiles  # noqa: PLC0415

    try:
        files = StoredFiles(place)
        found = files.find()
        if not found:
            raise InputError(f"There is no object {place}.", code="input_unreadable")
        return files.joined(found)
    except CallFailedError as failed:
        raise InputError(
            f"The input {place} can't be read: {failed.fault.words}.", code="input_unreadable"
        ) from None


def _failed_to_start(values: Mapping[str, Any] | None, fault: Exception, *, reads_stdin: bool) -> int:
    """Tell the end of a run that ended before it began; returns the exit status."""
    error = fault if isinstance(fault, TargetW50Error) else unexpected(fault)
    try:
        import_lean()
        from target_w50.program.failed_start import tell_early_end  # noqa: PLC0415  # it brings the SDK

        tell_early_end(values, error)
    except Exception as other:  # noqa: BLE001  # what is missing for the metrics must not hide the end
        sys.stderr.write(f"{PROGRAM}: The metrics of the run could not be written: {type(other).__name__}\n")
    if reads_stdin:
        throw_away(STDIN, lambda: False)
    say_last(error, "safe")
    return error.exit_status
