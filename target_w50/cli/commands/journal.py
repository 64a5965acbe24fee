"""`w50 journal`: the import jobs that the target remembers, and a person's word on one that is unknown."""

from __future__ import annotations

import contextlib
import sys

import click

from target_w50.cli.commands.forget import forget_command
from target_w50.cli.commands.seed import seed_command
from target_w50.cli.groups import SuggestingGroup
from target_w50.cli.journals import opened, settings_of
from target_w50.cli.options import (
    ID,
    client_of,
    config_option,
    group_config_option,
    json_option,
    say_where,
    warnings_told,
)
from target_w50.cli.output import print_json
from target_w50.console.journal_report import (
    entry_document,
    entry_rows,
    jobs_row,
    look_document,
    look_lines,
)
from target_w50.console.tables import write_table
from target_w50.errors import SettingsError, W50Error, printable
from target_w50.journal.entries import MAY_RUN, JournalPhase
from target_w50.journal.look import Look
from target_w50.journal.looking import find, jobs
from target_w50.journal.recovery import decides_itself, status_of
from target_w50.journal.resolving import As, Word, resolve
from target_w50.journal.tables import TYPES, VERSION, statements
from target_w50.journal.words import PLACEHOLDERS, from_now_on
from target_w50.settings.sources import Sources

COLUMNS = ("import job", "list", "stream", "how far", "contacts", "events", "began (UTC)", "run")
BECAME = {
    JournalPhase.FINISHED: "ran",
    JournalPhase.ABANDONED: "did not run",
    JournalPhase.WITHOUT_EVENTS: "counts as not run",
}
"""What a person said of a job."""
NUMBERS = ("import job", "list", "contacts")

job_argument = click.argument("job_id", metavar="JOB", type=ID)
list_option = click.option(
    "--list", "list_id", type=ID, metavar="ID", help="The contact list that JOB is of."
)


@click.group(
    "journal",
    cls=SuggestingGroup,
    short_help="What is remembered across runs, and unknown jobs resolved.",
    epilog="Example: w50 journal ls --open --config config.json",
)
@group_config_option
@click.pass_context
def journal_command(context: click.Context, config: tuple[str, ...]) -> None:
    """Look at the journal of the settings (`journal`), and say what became of a job that is unknown.

    JOB is an import job's id at W50. `--config` stands here or behind the command's name.
    """
    context.obj = config


journal_command.add_command(forget_command)
journal_command.add_command(seed_command)


@journal_command.command("ls", epilog="Example: w50 journal ls --open --config config.json")
@click.option("--open", "only_open", is_flag=True, help="Only jobs that no run has seen the end of.")
@config_option
@json_option
def ls_command(config: Sources, *, only_open: bool, as_json: bool) -> None:
    """Show the import jobs that the journal has of this W50, the newest first. W50 is not asked."""
    settings = settings_of(config)
    say_where(settings, config, "jobs of the W50 at")
    with opened(settings) as journal:
        found = jobs(journal, only_open=only_open)
        if as_json:
            print_json([entry_document(each) for each in found])
            return
        write_table(sys.stdout, COLUMNS, map(jobs_row, found), numbers=NUMBERS)


@journal_command.command("show", epilog="Example: w50 journal show 1017 --config config.json")
@job_argument
@list_option
@config_option
@json_option
def show_command(job_id: int, list_id: int | None, config: Sources, *, as_json: bool) -> None:
    """Show what was written of import job JOB, what W50 says of it now, and what the next run will do.

    Also whether the process that worked on it may still live. Nothing is changed. If W50 can't be asked, the
    rest is shown, and the exit status is a run's.
    """
    settings = settings_of(config)
    client = client_of(settings, config)
    with contextlib.closing(client), warnings_told(), opened(settings) as journal:
        look = Look.at(
            journal,
            find(journal, job_id, list_id),
            client.get_import_job,
            failure_statuses=settings.failure_statuses,
        )
    if as_json:
        print_json(look_document(look))
    else:
        write_table(sys.stdout, ("import job", str(job_id)), entry_rows(look))
        for line in look_lines(look):
            click.echo(printable(line))
    if look.error is not None:
        raise look.error


@journal_command.command(
    "resolve",
    epilog="Example: w50 journal resolve 1017 --as ran --reason 'its mails are out' --config config.json",
)
@job_argument
@list_option
@click.option(
    "--as",
    "as_",
    type=click.Choice([each.value for each in As]),
    required=True,
    help="What became of it: `ran` (the next run does not send its contacts again) or `not-run` (it does).",
)
@click.option(
    "--without-events",
    is_flag=True,
    help="With `--as not-run`: its contacts are sent again, but never get its custom events.",
)
@click.option("--reason", required=True, metavar="TEXT", help="How you know; it is kept in the journal.")
@config_option
@json_option
def resolve_command(  # as click hands them over
    job_id: int,
    list_id: int | None,
    as_: str,
    reason: str,
    config: Sources,
    *,
    without_events: bool,
    as_json: bool,
) -> None:
    """Say what became of import job JOB, which W50's status does not tell; look at it in W50 before.

    `--as not-run` is refused while a run holds the list or the job's process lives, and where W50's status
    says that something happened. Nothing is sent to W50: the next run goes by what is said here.
    """
    word = Word(As(as_), without_events=without_events, reason=reason.strip())
    if not word.reason or word.reason in PLACEHOLDERS:
        raise SettingsError("--reason must say how you know.", code="usage")
    if without_events and word.as_ is As.RAN:
        raise SettingsError("--without-events goes with --as not-run alone.", code="usage")
    settings = settings_of(config)
    client = client_of(settings, config)
    with contextlib.closing(client), warnings_told(), opened(settings) as journal:
        entry = find(journal, job_id, list_id)
        seen = None
        if entry.phase in MAY_RUN:
            try:
                seen = status_of(entry, client.get_import_job)
            except W50Error as error:
                if word.as_ is As.NOT_RUN:
                    raise
                click.echo(f"w50: W50 could not be asked: {error.message}", err=True)
        by_itself = decides_itself(entry, seen, journal.database.now(), settings.failure_statuses)
        entry = resolve(journal, entry, seen, word, failure_statuses=settings.failure_statuses)
        left = sum(each.list_id == entry.list_id for each in jobs(journal, only_open=True))
    if as_json:
        print_json(entry_document(entry))
        return
    if by_itself:
        click.echo(f"w50: Your word was not needed: without it, the next run {by_itself}.", err=True)
    follows = from_now_on(entry.phase, has_events=bool(entry.custom_events), settled=False)
    click.echo(printable(f"Recorded: {entry.name} {BECAME[entry.phase]}. {follows} This can't be changed."))
    if left:
        are = "is" if left == 1 else "are"
        click.echo(f"{left} more of its list {are} open: `w50 journal ls --open --config CONFIG`.")


@journal_command.command("ddl", epilog="Example: w50 journal ddl --for postgresql >journal.sql")
@click.option(
    "--for",
    "kind",
    type=click.Choice(sorted(TYPES)),
    default="postgresql",
    show_default=True,
    help="The kind of database.",
)
@group_config_option
@json_option
def ddl_command(config: tuple[str, ...], kind: str, *, as_json: bool) -> None:
    """Print the statements that make the journal's tables, for a database where only its administrator may.

    Otherwise the first run makes them itself. A run needs to select, insert, update and delete.
    """
    del config  # every command takes it; nobody is asked here
    made = statements(TYPES[kind])
    if as_json:
        print_json({"database": kind, "version": VERSION, "statements": made})
        return
    click.echo(f"-- Tables of the journal of target-w50, version {VERSION}, for {kind}.")
    click.echo("\n\n".join(f"{each};" for each in made))


@journal_command.command("drill", epilog="Example: w50 journal drill")
@json_option
def drill_command(*, as_json: bool) -> int:
    """Kill the demo at every point where a crash could hurt, run it again, and count contacts and mails.

    Takes about half a minute; nothing leaves this machine, and no journal but one of its own is touched. The
    exit status is 1 if a contact or a mail was lost, or a mail was sent twice.
    """
    from target_w50.cli.main import require_sandbox  # noqa: PLC0415

    require_sandbox()
    from target_w50.cli.demo.drill import drill  # noqa: PLC0415  # it brings the sandbox

    return drill(as_json=as_json)
