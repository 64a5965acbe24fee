"""What most commands take: the target's settings (`--config`, `--loader`), `--json`, a connection to W50."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import click

from target_w50.cli.groups import NO_SETTINGS
from target_w50.errors import SettingsError, printable
from target_w50.runtime.clock import CLOCK
from target_w50.runtime.logs import keep_printable
from target_w50.settings.choices import ImportMode, ProgressMode
from target_w50.settings.connection import Connection
from target_w50.settings.meltano import MeltanoLoader, here
from target_w50.settings.model import Settings, connection_settings
from target_w50.settings.sources import Sources, read_config, warnings_of

if TYPE_CHECKING:
    from target_w50.w50 import W50Client

Command = TypeVar("Command", bound=Callable[..., Any])

RETRY_FOR_S = 20.0
"""A person waits: calls are tried again for so many seconds, or for `retry_for_s` if that is shorter."""

ID = click.IntRange(0, 2**63 - 1)
"""An id of W50, as far as a journal can hold it."""

INSTEAD = "Say"
"""How a message about an unknown list goes on in a command that was given the list as an argument."""


LOADER = "target_w50.loader"
"""Where `--loader` is kept in a context, which commands share with their group."""


def config_option(command: Command) -> Command:
    """`--config`, as the target has it, and `--loader`; without either, a `meltano.yml` of the folder counts.

    The command is handed its settings' sources: those of its group first.
    """
    command = _config(callback=_sources)(command)
    return _loader(command)


def group_config_option(command: Command) -> Command:
    """`--config` and `--loader` of a group, for all of its commands."""
    return _loader(_config(callback=None)(command))


def _config(callback: Callable[..., Any] | None) -> Callable[[Command], Command]:
    return click.option(
        "--config",
        "config",
        multiple=True,
        metavar="FILE|ENV",
        callback=callback,
        help="A JSON file with target-w50's settings, or ENV for TARGET_W50_* of the environment and .env; "
        "may be repeated. Without it, the loader target-w50 of the folder's meltano.yml.",
    )


def _loader(command: Command) -> Command:
    return click.option(
        "--loader",
        metavar="NAME",
        is_eager=True,
        expose_value=False,
        callback=_keep_loader,
        help="Which loader of meltano.yml, where several are target-w50.",
    )(command)


def _keep_loader(context: click.Context, parameter: click.Parameter, name: str | None) -> None:
    del parameter
    if name is not None:
        context.meta[LOADER] = name


def _sources(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> Sources:
    """What `--config` names, of the group and of the command, or else the loader of `meltano.yml`."""
    del parameter
    named = (*(context.obj or ()), *given)
    loader = context.meta.get(LOADER)
    if named:
        if loader is not None:
            raise SettingsError("--loader is for settings from meltano.yml: leave out --config", code="usage")
        return named
    if context.resilient_parsing:
        return ()
    found = here(loader)
    if isinstance(found, Path):
        say(f"{found} has no loader target-w50: no settings are taken from it")
    if not isinstance(found, MeltanoLoader):
        context.meta[NO_SETTINGS] = True
        return ()
    say(found.words)
    for each in found.remarks:
        say(each)
    return (found,)


def say(sentence: str) -> None:
    """Tell the operator something, in a line on standard error."""
    click.echo(f"w50: {printable(sentence)}", err=True)


def json_option(command: Command) -> Command:
    """`--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")(command)


@contextlib.contextmanager
def warnings_told() -> Iterator[None]:
    """Have what the modules warn of, such as another try of a call, said in a line each on standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("w50: %(message)s"))
    keep_printable([handler])
    loggers = [logging.getLogger(name) for name in ("target-w50", "target_w50")]
    before = [(each, each.level, each.propagate) for each in loggers]
    for each in loggers:
        each.addHandler(handler)
        each.setLevel(logging.WARNING)
        each.propagate = False
    try:
        yield
    finally:
        for each, level, propagate in before:
            each.removeHandler(handler)
            each.setLevel(level)
            each.propagate = propagate


def rehearsal_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as given, for a run that leaves no traces: no metrics and, as in any dry run, no state."""
    return {
        **values,
        "import_mode": ImportMode.DRY_RUN.value,
        "metrics_path": None,
        "progress": ProgressMode.NEVER.value,
    }


def prompt(settings: Settings) -> Settings:
    """The settings for a command that a person waits for."""
    return dataclasses.replace(settings, retry_for_s=min(settings.retry_for_s, RETRY_FOR_S))


@contextlib.contextmanager
def connected(config: Sources) -> Iterator[tuple[W50Client, Settings]]:
    """A client by the settings, of which only the connection's are needed.

    Raises:
        SettingsError: the settings can't be read or used.
    """
    settings = prompt(connection_settings(read_config(config)))
    client = client_of(settings, config)
    try:
        with warnings_told():
            yield client, settings
    finally:
        client.close()


def client_of(settings: Settings, config: Sources) -> W50Client:
    """A client for a command that a person waits for; which W50 it talks to is said first.

    Raises:
        SettingsError: the connection's settings can't be used.
    """
    say_where(settings, config)
    return Connection(prompt(settings), CLOCK).client()


def say_where(settings: Settings, config: Sources, words: str = "asks the W50 at") -> None:
    """Say which W50 a command is about, before it does anything: the settings may be another project's.

    With `--config ENV` alone, say, a sandbox that a file names is not what is asked. What is wrong with the
    files is said as well.
    """
    click.echo(f"w50: {words} {printable(urlsplit(settings.api_url).netloc.rpartition('@')[2])}", err=True)
    for each in warnings_of(config, settings):
        say(each)
