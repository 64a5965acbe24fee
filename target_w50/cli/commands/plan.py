"""`w50 plan`: what a run would do, and for whom has no `streams` setting yet a proposal of one."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from target_w50.cli.options import config_option, json_option, prompt, rehearsal_of, say_where, warnings_told
from target_w50.cli.output import print_json
from target_w50.console.tables import hanging
from target_w50.console.terminal import width_of
from target_w50.errors import SettingsError
from target_w50.files.opening import refuse_contacts
from target_w50.runtime.clock import CLOCK
from target_w50.settings.model import ImportMode, Settings, settings_from
from target_w50.settings.sources import Sources, read_config
from target_w50.singer.lean_sdk import import_lean
from target_w50.singer.lines import open_input

if TYPE_CHECKING:
    from target_w50.files.feed import Feed
    from target_w50.import_jobs.places import Places
    from target_w50.loading.dry_run import Plan
    from target_w50.loading.seeding import Seeds


@click.command(
    "plan",
    short_help="What a run would do; nothing is sent.",
    epilog="Example: tap-csv --config tap.json | w50 plan --config config.json",
)
@click.argument("file", metavar="[FILE]", required=False, type=click.Path(path_type=Path))
@config_option
@click.option(
    "--show-values", is_flag=True, help="Show the values of the first contact, not only their kind."
)
@click.option("--list", "contact_list", metavar="LIST", help="Propose entries of `streams` for this list.")
@click.option("--offline", is_flag=True, help="Propose FieldNames without asking W50.")
@click.option(
    "--write",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="With --list or --offline: write the entries that FILE (meltano.yml, or a JSON file) lacks into it.",
)
@json_option
def plan_command(
    file: Path | None,
    config: Sources,
    *,
    show_values: bool,
    contact_list: str | None,
    offline: bool,
    write: Path | None,
    as_json: bool,
) -> None:
    """Read Singer messages from FILE or standard input, and tell what a run would do with them.

    W50 is asked for its lists and fields, and sent nothing. What would end the run is told; the exit status
    is 0 all the same. Without a `streams` setting, or with --write, entries of it are proposed instead; FILE
    may then be a tap's catalog too.
    """
    values = read_config(config)
    if file is not None:
        refuse_contacts(file)
    import_lean()
    if values.get("streams") and write is None:
        if contact_list is not None or offline:
            raise SettingsError(
                "--list and --offline are for settings without `streams`, or for --write.", code="usage"
            )
        with opened_input(file) as messages, warnings_told():
            _plan(values, config, messages, show_values=show_values, as_json=as_json)
        return
    from target_w50.cli.commands.propose import propose  # noqa: PLC0415
    from target_w50.cli.setup.samples import streams_of_catalog, streams_of_messages  # noqa: PLC0415

    with warnings_told():
        streams = None if file is None else streams_of_catalog(file)
        if streams is None:
            with opened_input(file) as messages:
                streams = list(streams_of_messages(values, messages))
        propose(
            values, config, streams, contact_list=contact_list, offline=offline, as_json=as_json, write=write
        )


def opened_input(file: Path | None) -> IO[bytes]:
    """The messages of a file, or of standard input."""
    if file is None:
        if sys.stdin.isatty():
            click.echo("w50: reading Singer messages from standard input; Ctrl-D ends them", err=True)
        return open(sys.stdin.fileno(), "rb", closefd=False)
    return open_input(file)


def _plan(
    values: Mapping[str, Any],
    config: Sources,
    messages: IO[bytes],
    *,
    show_values: bool,
    as_json: bool,
) -> None:
    if settings_from(values).import_mode is ImportMode.CREATE_ONLY:
        raise SettingsError(
            "`import_mode` is create_only, which sends no contacts: there is nothing to plan.",
            code="nothing_to_plan",
        )
    rehearsal = rehearsal_of(values)
    from target_w50.console.plan_report import plan_document, plan_lines, plan_sentence  # noqa: PLC0415

    settings = prompt(settings_from(rehearsal))
    say_where(settings, config)
    plan = rehearse(rehearsal, settings, messages)
    if as_json:
        print_json(plan_document(plan, show_values=show_values))
        return
    width = width_of(sys.stdout)
    for line in plan_lines(plan, show_values=show_values, width=width):
        click.echo(line)
    click.echo("\n".join(hanging(plan_sentence(plan), width)))


def rehearse(
    config: dict[str, Any],
    settings: Settings,
    messages: IO[bytes] | Feed,
    seeds: Seeds | None = None,
    places: Places | None = None,
) -> Plan:
    """Send the messages through the target, as a run would, and return what would become of them.

    Args:
        config: the settings as given, with `import_mode` `dry_run`.
        settings: the same, judged.
        messages: Singer messages.
        seeds: what contacts are booked by, as delivered; None: nothing is booked.
        places: the words for where a record was read; None: lines of the input.

    Raises:
        TargetW50Error: what also ends a real run before it sends anything: the mapping or the input.
    """
    from target_w50.outputs.metrics import MetricsWriter  # noqa: PLC0415
    from target_w50.target import TargetW50  # noqa: PLC0415  # it brings the SDK
    from target_w50.target.opening import open_run  # noqa: PLC0415

    metrics = MetricsWriter(settings.metrics_path, logging.getLogger(__name__), CLOCK.now)
    run = open_run(settings, metrics, write_line=_no_state, seeds=seeds, places=places)
    try:
        target = TargetW50(config={**config, "run_id": settings.run_id}, run=run)
        target.listen(messages)  # type: ignore[arg-type]  # our reader takes bytes as well
    finally:
        if run.keeper is not None:
            run.keeper.close()
        run.close()
    if run.plan is None:
        raise AssertionError
    return run.plan


def _no_state(line: bytes) -> None:
    raise AssertionError(f"a dry run writes no state, but it would have written {len(line)} bytes")
