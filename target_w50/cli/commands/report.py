"""`w50 report`: what metrics files tell, as tables or as one page."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from target_w50.cli.options import json_option
from target_w50.cli.output import print_json
from target_w50.console.tables import counted, write_table
from target_w50.errors import SettingsError, printable
from target_w50.report.reading import Complaint, read_metrics
from target_w50.report.runs import Report, ReportedRun, put_together
from target_w50.runtime.clock import CLOCK
from target_w50.settings.output_place import is_url

REPORT_MODULES = ("pygal", "jinja2")
"""What the extra `report` brings."""

COMPLAINTS_TOLD = 10
RUN_COLUMNS = (
    *("began (UTC)", "ending", "read", "sent", "not sent", "inserted", "updated"),
    *("rejected", "invalid", "quarantined", "jobs", "seconds"),
)


@click.command(
    "report",
    short_help="What metrics files tell, as tables or as one page.",
    epilog="Example: w50 report metrics.singer -o report.html",
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
@json_option
def report_command(files: tuple[str, ...], output: str | None, last: int | None, *, as_json: bool) -> None:
    """Show the runs that METRICS files (see `metrics_path`) tell of: what failed first, then all runs.

    A URL names an object, all of a folder (s3://bucket/metrics/) or those that fit a glob. With -o, a page
    with charts that can be opened anywhere, without a network. Lines that can't be used are named and left
    out.
    """
    if output is not None:
        _require_extra()
        _require_other_file(output, files)
    metrics = read_metrics(files, last=last)
    for line in _complaint_lines(metrics.complaints):
        click.echo(f"w50: {line}", err=True)
    report = put_together(metrics, last=last)
    if output is not None:
        _write_page(report, metrics.complaints, output)
    elif as_json:
        print_json(_document(report))
    else:
        _print(report)


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


def _write_page(report: Report, complaints: list[Complaint], output: str) -> None:
    from target_w50.report.page import page  # noqa: PLC0415  # an extra: it may not be installed

    content = page(report, complaints, CLOCK.now())
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


def _print(report: Report) -> None:
    if report.troubled:
        click.echo("Failed and unknown import jobs")
        rows = [
            (job["outcome"], job["import_job_id"], job["contact_list_id"], job["stream"], job["error"])
            for _, job in report.troubled
        ]
        write_table(sys.stdout, ("outcome", "job", "list", "stream", "what happened"), rows)
        click.echo()
    click.echo("Runs, the newest first")
    write_table(sys.stdout, RUN_COLUMNS, map(_run_row, reversed(report.runs)), numbers=RUN_COLUMNS[2:])
    click.echo()
    click.echo("Contact lists, all runs together")
    columns = ("list", "inserted", "updated", "rejected", "invalid")
    sums = [
        (each.name, f"{each.inserted:,}", f"{each.updated:,}", f"{each.rejected:,}", f"{each.invalid:,}")
        for each in report.lists()
    ]
    write_table(sys.stdout, columns, sums, numbers=columns[1:])


def _run_row(run: ReportedRun) -> tuple[str, ...]:
    figures = (
        run.figures["records_read"],
        run.figures["contacts_sent"],
        run.not_sent,
        run.figures["contacts_inserted"],
        run.figures["contacts_updated"],
        run.figures["contacts_rejected"],
        run.invalid,
        run.figures["records_quarantined"],
        run.figures["import_jobs"],
    )
    began = run.started_at.strftime("%Y-%m-%d %H:%M")
    return (began, run.ending, *(f"{each:,}" for each in figures), f"{run.seconds:,.1f}")


def _document(report: Report) -> dict[str, Any]:
    return {
        "troubled_jobs": [{"run_id": run.run_id, **job} for run, job in report.troubled],
        "runs": [
            {
                "run_id": run.run_id,
                "started_at": run.started_at.isoformat(),
                "ended_at": run.ended_at.isoformat(),
                "seconds": round(run.seconds, 3),
                "exit_status": run.end["exit_status"] if run.end else None,
                "error_code": run.end["error_code"] if run.end else None,
                **run.figures,
            }
            for run in reversed(report.runs)
        ],
        "lists": [
            {
                "contact_list": each.name,
                "inserted": each.inserted,
                "updated": each.updated,
                "rejected": each.rejected,
                "invalid": each.invalid,
            }
            for each in report.lists()
        ],
    }
