"""`w50 sandbox`: the emulator from the shell; prints its URL when it is ready, ends on SIGTERM or SIGINT."""

from __future__ import annotations

import json
import math
import signal
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from target_w50.sandbox.fault_rules import parse_spec, read_rule
from target_w50.sandbox.model.options import ADD_ANSWERS, AUTH_METHODS
from target_w50.sandbox.model.transitions import DEFAULT_STATUSES

TOKEN_VARIABLE = "W50_SANDBOX_TOKEN"  # noqa: S105  # the name of a variable
"""Secrets can come from the environment too: whoever lists processes sees what stands on a command line."""
_LONGEST_S = 365 * 86_400
"""More than anybody waits, and less than a clock takes."""
_EPILOG = """\b
Examples:
  w50 sandbox --port 8050 --token secret --job-seconds 3
  w50 sandbox --fault 'run:cut=after' --fault 'any:status=503,share=0.05,seed=7'

\b
Faults: CALL is create, add (an upload), run, status, lists, list, fields,
contacts, token or any; several with a plus. Without `times` or `share` the
next such call alone is met.
  status:status=503,times=3             three answers with 503
  any:status=500,share=0.05,seed=7      one call in twenty, the same each time
  add:status=429,retry_after=2          asks to wait for 2 s
  run:cut=after                         runs the job, and cuts the connection
  run:cut=before,how=reset              does not run it, and resets
  add:hang=400                          answers nothing for 400 s
  run:job.CurrentStatus=Failed,job.effect=false    the job fails
  run:job.finishes=false                the job runs for ever
  add:reject.field=Email,reject.contains=@bad.example    refuses an upload
  create:answer_id=earlier,skip=1       answers with another job's id
  any:html=true,share=0.1               200 with a page of HTML
"""


class _Seconds(click.FloatRange):
    """Seconds from 0 to a year; a range alone lets pass what is no number (`nan`)."""

    def __init__(self) -> None:
        super().__init__(0, _LONGEST_S)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        seconds = super().convert(value, param, ctx)
        if math.isnan(seconds):
            self.fail(f"{value!r} is not a number of seconds.", param, ctx)
        return seconds


_SECONDS = _Seconds()


def _read_lists(_context: click.Context, _parameter: click.Parameter, path: Path | None) -> list[Any] | None:
    if path is None:
        return None
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise click.BadParameter(f"{path} can't be read as JSON: {error}") from None
    if not isinstance(document, list):
        raise click.BadParameter(f"{path} does not hold a list of contact lists")
    return document


def _read_faults(
    _context: click.Context, _parameter: click.Parameter, specs: Sequence[str]
) -> list[dict[str, Any]]:
    documents = []
    for spec in specs:
        try:
            documents.append(parse_spec(spec))
            read_rule(documents[-1])
        except ValueError as error:  # there are few
            raise click.BadParameter(f"{spec}: {error}") from None
    return documents


def _read_statuses(
    _context: click.Context, _parameter: click.Parameter, pairs: Sequence[str]
) -> dict[str, str | None]:
    statuses: dict[str, str | None] = {}
    for pair in pairs:
        state, equals, text = pair.partition("=")
        if not equals or state not in DEFAULT_STATUSES:
            raise click.BadParameter(f"{pair}: write STATE=TEXT, STATE one of {', '.join(DEFAULT_STATUSES)}")
        statuses[state] = text
    return statuses


@click.command("sandbox", epilog=_EPILOG)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=0,
    show_default="a free one",
    metavar="PORT",
    help="TCP port on 127.0.0.1.",
)
@click.option(
    "--lists",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_read_lists,
    metavar="FILE",
    help="Contact lists as JSON: "
    '[{"Id": 1, "Name": "News", "Fields": ["City", {"Name": "Email", "MapType": "Email"}]}].',
)
@click.option(
    "--auth",
    type=click.Choice(AUTH_METHODS),
    default="bearer",
    show_default=True,
    help="How callers authenticate.",
)
@click.option(
    "--token",
    help="The bearer token, or the header's value; without it nobody needs one.",
    envvar=TOKEN_VARIABLE,
    show_envvar=True,
)
@click.option("--forbidden-token", help="The token (user name, client id) of a caller who is answered 403.")
@click.option("--header-name", default="X-Api-Key", show_default=True, help="The header of --auth header.")
@click.option("--username", help="For --auth basic, and the password grant of oauth2.")
@click.option(
    "--password",
    help="For --auth basic, and the password grant of oauth2.",
    envvar="W50_SANDBOX_PASSWORD",
    show_envvar=True,
)
@click.option("--client-id", help="For --auth oauth2; its token end point is /_sandbox/token.")
@click.option(
    "--client-secret", help="For --auth oauth2.", envvar="W50_SANDBOX_CLIENT_SECRET", show_envvar=True
)
@click.option(
    "--token-lifetime",
    "token_lifetime_s",
    type=_SECONDS,
    default=3600.0,
    show_default=True,
    metavar="S",
    help="Seconds that a token of oauth2 is good for.",
)
@click.option(
    "--latency",
    "latency_s",
    type=_SECONDS,
    default=0.0,
    metavar="S",
    help="Seconds that each call takes more.",
)
@click.option(
    "--upload-latency",
    "upload_latency_s",
    type=_SECONDS,
    default=0.0,
    metavar="S",
    help="Seconds that an upload takes more on top.",
)
@click.option(
    "--job-seconds",
    type=_SECONDS,
    default=0.0,
    metavar="S",
    help="Seconds that a job takes from its run to its end.",
)
@click.option(
    "--job-reads",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Status requests that it takes until a job has ended.",
)
@click.option(
    "--no-checks", is_flag=True, help="Take contacts as they come, and throw them away: for measurements."
)
@click.option(
    "--add-answer",
    type=click.Choice(ADD_ANSWERS),
    default="importjob",
    show_default=True,
    help="What an upload is answered with.",
)
@click.option(
    "--max-body-bytes", type=click.IntRange(min=0), metavar="N", help="Answer a larger upload with 413."
)
@click.option(
    "--failing-status", metavar="TEXT", help="Each job ends with this status, and comes to nothing."
)
@click.option(
    "--status",
    "statuses",
    multiple=True,
    callback=_read_statuses,
    metavar="STATE=TEXT",
    help="What CurrentStatus says in a state: created, queued, running, finished. Repeatable.",
)
@click.option(
    "--unset-date",
    metavar="TEXT",
    help="What a date that is not set yet looks like, such as 0001-01-01T00:00:00.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    callback=_read_faults,
    metavar="SPEC",
    help="Misbehave: CALL:MEMBER=VALUE,... or JSON. Repeatable.",
)
@click.option(
    "--keep",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep contact lists, contacts, jobs and requests in FILE, and have them again at the next start.",
)
def sandbox(**options: Any) -> None:
    """Serve a W50 of your own on loopback, to try things on.

    Prints one line with its URL when it is ready, and shows at that URL what it holds. Ends on Ctrl-C.
    """
    try:
        from target_w50.sandbox.server import Sandbox  # noqa: PLC0415  # an extra: it may not be installed
    except ImportError as error:
        raise click.ClickException(f"{error}; install it with: pip install 'target-w50[sandbox]'") from None
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # a shell's `&` in a script has it ignored
        signal.signal(signal.SIGINT, lambda *_: stop.set())
    try:
        emulator = Sandbox(**options)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    except RuntimeError as error:
        raise click.ClickException(str(error)) from None
    try:
        emulator.start()
    except RuntimeError as error:
        raise click.ClickException(str(error)) from None
    with emulator:
        click.echo(f"W50 sandbox ready at {emulator.url}")
        stop.wait()
