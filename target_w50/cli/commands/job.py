"""`w50 job`: how an import job stands, once or until it ends."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from target_w50.cli.options import ID, INSTEAD, config_option, connected, json_option
from target_w50.cli.output import print_json
from target_w50.console.tables import write_table
from target_w50.console.terminal import console_on
from target_w50.contacts.contact_lists import ListDirectory
from target_w50.errors import JobFailedError, JobUnknownError
from target_w50.loading.pauses import pause_s
from target_w50.runtime.clock import CLOCK, Clock
from target_w50.settings.model import Settings
from target_w50.settings.sources import Sources
from target_w50.w50 import ImportJob, has_ended, has_failed

if TYPE_CHECKING:
    from target_w50.w50 import W50Client


@click.command(
    "job",
    short_help="How an import job stands.",
    epilog="Example: w50 job Newsletter 1017 --watch --config ENV",
)
@click.argument("contact_list", metavar="LIST")
@click.argument("job_id", metavar="JOB", type=ID)
@click.option("--watch", is_flag=True, help="Go on asking until it has ended.")
@config_option
@json_option
def job_command(contact_list: str, job_id: int, config: Sources, *, watch: bool, as_json: bool) -> None:
    """Show import job JOB of contact list LIST (an id or a name).

    The exit status is 5 if the job failed or, with --watch, has not ended within `job_timeout_s`.
    """
    with connected(config) as (client, settings):
        found = ListDirectory(client).resolve(contact_list, instead=INSTEAD)
        seen = client.get_import_job(found.id, job_id)
        if watch:
            seen = _watch(_readings(client, seen, settings))
    if as_json:
        print_json(seen.as_wire())
    else:
        write_table(sys.stdout, ("import job", str(seen.id)), list(seen.as_wire().items())[1:])
    _judge(seen, settings, watch=watch)


def _readings(
    client: W50Client,
    seen: ImportJob,
    settings: Settings,
    clock: Clock = CLOCK,
) -> Iterator[ImportJob]:
    """The job as it is read now and again, until it has ended or its time is up."""
    began, waited_s = clock.monotonic(), 0.0
    yield seen
    while not has_ended(seen, settings.failure_statuses) and waited_s < settings.job_timeout_s:
        clock.sleep(pause_s(settings, waited_s, left_s=settings.job_timeout_s - waited_s))
        waited_s = clock.monotonic() - began
        seen = client.get_import_job(seen.contact_list_id, seen.id)
        yield seen


def _watch(readings: Iterator[ImportJob]) -> ImportJob:
    """Follow the job with a bar on a terminal, with a line for each change elsewhere; returns the last."""
    if sys.stderr.isatty():
        return _watch_with_a_bar(readings)
    last = told = next(readings)
    _tell(told)
    for last in readings:
        if (last.progress_percent, last.current_status) != (told.progress_percent, told.current_status):
            told = last
            _tell(told)
    return last


def _watch_with_a_bar(readings: Iterator[ImportJob]) -> ImportJob:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[status]}", markup=False),
        TimeElapsedColumn(),
    )
    last = next(readings)
    with Progress(*columns, console=console_on(sys.stderr)) as progress:
        task = progress.add_task(f"import job {last.id}", total=100, status=last.status_in_words() or "")
        progress.update(task, completed=last.progress_percent)
        for last in readings:
            progress.update(task, completed=last.progress_percent, status=last.status_in_words() or "")
    return last


def _tell(seen: ImportJob) -> None:
    click.echo(f"w50: import job {seen.id}: {seen.progress_percent} %, {seen.status_in_words()}", err=True)


def _judge(seen: ImportJob, settings: Settings, *, watch: bool) -> None:
    if has_failed(seen, settings.failure_statuses):
        raise JobFailedError(
            f"W50 reports that import job {seen.id} of contact list {seen.contact_list_id} failed "
            f"(CurrentStatus {seen.status_in_words(settings.failure_statuses)!r}). Look at it in W50.",
            job_id=seen.id,
        )
    if watch and not has_ended(seen, settings.failure_statuses):
        raise JobUnknownError(
            f"Import job {seen.id} of contact list {seen.contact_list_id} has not ended within job_timeout_s "
            f"({settings.job_timeout_s:g} s): it is neither failed nor done. Ask again later.",
            job_id=seen.id,
        )
