"""`w50 report`: how things stand by what metrics files tell, as text, as JSON or as one page."""

from __future__ import annotations

import datetime as dt
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from target_w50.cli.options import json_option
from target_w50.cli.output import print_json
from target_w50.console.tables import counted
from target_w50.errors import SettingsError, printable
from target_w50.report.ages import since as moment_since
from target_w50.report.document import document
from target_w50.report.gathering import put_together
from target_w50.report.reading import Complaint, read_metrics
from target_w50.report.runs import Report
from target_w50.report.standing import Standing
from target_w50.report.terminal import write_report
from target_w50.runtime.clock import CLOCK
from target_w50.settings.output_place import is_url

REPORT_MODULES = ("pygal", "jinja2")
"""What the extra `report` brings."""

COMPLAINTS_TOLD = 10


@click.command(
    "report",
    short_help="Whether the last run was well, how fresh lists are: as text or as one page.",
    epilog="Example: w50 report metrics.singer --since 30d -o report.html",
)
@click.argument("files", metavar="METRICS...", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Write one self-contained page of HTML to FILE, or to a URL.",
)
@click.option("--last", type=click.IntRange(min=1), metavar="N", help="Only the N newest runs.")
@click.option(
    "--since",
    metavar="DATE|7d",
    help="Only runs that began since then: a date or time (UTC), or so many hours, days or weeks back.",
)
@json_option
def report_command(
    files: tuple[str, ...], output: str | None, last: int | None, since: str | None, *, as_json: bool
) -> None:
    """Say whether the last run was well, how fresh each contact list is, and what needs somebody now.

    METRICS are files of `metrics_path`. A URL names an object, all of a folder (s3://bucket/metrics/) or
    those that fit a glob. With -o, a page with charts that can be opened anywhere, without a network. Lines
    that can't be used are named and left out. How fresh a list is goes by all that is read, also with --last
    and --since.
    """
    now = CLOCK.now()
    try:
        first = None if since is None else moment_since(since, now)
    except ValueError as error:
        raise click.BadParameter(f"{error}.", param_hint="--since") from None
    if output is not None:
        _require_extra()
        _require_other_file(output, files)
    metrics = read_metrics(files, last=last)
    for line in _complaint_lines(metrics.complaints):
        click.echo(f"w50: {line}", err=True)
    report = put_together(metrics, last=last, since=first, now=now)
    if output is not None:
        _write_page(report, metrics.complaints, output, now)
    elif as_json:
        print_json(document(Standing(report, now)))
    else:
        write_report(sys.stdout, Standing(report, now))


def _require_extra() -> None:
    missing = [name for name in REPORT_MODULES if importlib.util.find_spec(name) is None]
    if missing:
        raise SettingsError(
            f"the page's charts need what is not installed ({', '.join(missing)} missing): pip install "
            "'target-w50[report]'; without -o the report is a table",
            code="extra_missing",
        )


def _require_other_file(output: str, files: Sequence[str]) -> None:
    """See that the page takes no metrics file's place, under whatever name."""
    for file in files:
        try:
            is_same = output == file or Path(output).samefile(file)
        except OSError:
            continue  # one of them is not there
        if is_same:
            raise SettingsError(
                f"-o names {output}, which is one of the metrics files; name another. Nothing was written.",
                code="output_unwritable",
            )


def _complaint_lines(complaints: list[Complaint]) -> list[str]:
    told = [printable(each) for each in complaints[:COMPLAINTS_TOLD]]
    more = len(complaints) - len(told)
    return [*told, f"and {more:,} more lines that can't be used"] if more else told


def _write_page(report: Report, complaints: list[Complaint], output: str, now: dt.datetime) -> None:
    from target_w50.report.page import page  # noqa: PLC0415  # an extra: it may not be installed

    content = page(report, complaints, now)
    why: str | None = None
    if is_url(output):
        why = _write_object(output, content.encode())
    else:
        try:
            Path(output).write_text(content, encoding="utf-8")
        except OSError as error:
            why = error.strerror
    if why is not None:
        raise SettingsError(f"The report can't be written to {output}: {why}.", code="output_unwritable")
    runs = counted(len(report.runs), "run")
    click.echo(f"w50: wrote {printable(output)} ({runs}, {len(content) // 1024:,} kB)", err=True)


def _write_object(url: str, content: bytes) -> str | None:
    """Write it to a store; returns why that can't be, or None."""
    # Only here: stores are for those who name one.
    from target_w50.outputs.store_calls import CallFailedError  # noqa: PLC0415
    from target_w50.outputs.stored_files import StoredFiles  # noqa: PLC0415

    try:
        StoredFiles(url).write(url, content)
    except CallFailedError as failed:
        return failed.fault.words
    return None
