"""The report as text: the answer first, then lists, what needs somebody, and runs, as on the page."""

from __future__ import annotations

from typing import TextIO

from target_w50.console.tables import counted, hanging, write_table
from target_w50.console.terminal import width_of
from target_w50.errors import printable
from target_w50.report.ages import ago, span
from target_w50.report.needs import Needs
from target_w50.report.runs import ReportedRun
from target_w50.report.standing import ListStanding, Standing

TIME = "%Y-%m-%d %H:%M"
NEEDS_TOLD = 15
HISTORY_TOLD = 3
RUN_COLUMNS = (
    *("began (UTC)", "ending", "read", "sent", "not sent", "inserted", "updated"),
    *("rejected", "invalid", "quarantined", "jobs", "seconds"),
)


def write_report(file: TextIO, standing: Standing) -> None:
    """Write all of it; the first line is the answer."""
    report, now = standing.report, standing.now
    _write(file, _answer_lines(standing))
    if standing.lists:
        _write(file, ["", "How fresh each list is: its last good import job"])
        columns = ("list", "age", "at (UTC)", "contacts", "state")
        rows = [_list_row(each, standing) for each in standing.lists]
        write_table(file, columns, rows, numbers=("contacts",))
    _write(file, ["", *_need_lines(standing), *_history_lines(standing)])
    _write(file, ["", "Runs, the newest first"])
    write_table(file, RUN_COLUMNS, map(_run_row, reversed(report.runs)), numbers=RUN_COLUMNS[2:])
    sums = [
        (each.name, f"{each.inserted:,}", f"{each.updated:,}", f"{each.rejected:,}", f"{each.invalid:,}")
        for each in report.lists()
    ]
    if sums:
        _write(file, ["", "Contact lists, all runs together"])
        columns = ("list", "inserted", "updated", "rejected", "invalid")
        write_table(file, columns, sums, numbers=columns[1:])
    _write(file, ["", f"Ages are as of {now.strftime(TIME)} UTC, when this report was made."])


def _write(file: TextIO, lines: list[str]) -> None:
    width = width_of(file)
    file.writelines(f"{part}\n" for line in lines for part in hanging(printable(line), width))


def _answer_lines(standing: Standing) -> list[str]:
    answer = standing.answer
    began = answer.run.started_at.strftime(TIME)
    beside = f"; {answer.beside}" if answer.beside else ""
    lines = [f"{answer.line}{beside} (began {began} UTC, took {span(answer.run.seconds)})"]
    lines += [f"  {answer.happened}"] if answer.happened else []
    return lines + ([f"  What to do: {answer.todo}"] if answer.todo else [])


def _list_row(each: ListStanding, standing: Standing) -> tuple[str, ...]:
    state = "good"
    if each.trouble is not None:
        state = f"not loaded by its last run: {each.trouble}"
    elif each.is_overdue(standing.now):
        state = f"overdue, it is loaded every {span(each.usual_gap_s or 0)} otherwise"
    elif each.fresh_at is not None and each.fresh_at == each.nothing_to_send_at:
        state = "good, its last run had nothing to send"
    fresh = each.fresh_at
    age, at = ("never", "") if fresh is None else (ago(fresh, standing.now), fresh.strftime(TIME))
    return (f"{each.id} {each.name}".strip(), age, at, f"{each.loaded:,}" if each.loaded_at else "", state)


def _need_lines(standing: Standing) -> list[str]:
    items = Needs(standing).items
    if not items:
        beside = "nothing but what stands above" if standing.answer.todo else "nothing"
        return [f"Needs somebody now: {beside}"]
    lines = ["Needs somebody now"]
    for each in items[:NEEDS_TOLD]:
        at = each.at.strftime(TIME)
        lines += [
            f"- {each.title}, {ago(each.at, standing.now)} ({at} UTC)",
            f"  {each.words}",
            f"  {each.todo}",
        ]
    more = len(items) - NEEDS_TOLD
    return lines + ([f"- and {more:,} more"] if more > 0 else [])


def _history_lines(standing: Standing) -> list[str]:
    history = standing.history
    if not history:
        return []
    newest = ", ".join(
        f"{run.started_at.strftime(TIME)} UTC ({run.ending})" for run in history[:HISTORY_TOLD]
    )
    more = f" and {len(history) - HISTORY_TOLD:,} more" if len(history) > HISTORY_TOLD else ""
    return [f"History: {counted(len(history), 'run')} failed, made good by later ones: {newest}{more}"]


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
    ending = f"dry run, {run.ending}" if run.is_dry else run.ending
    return (run.started_at.strftime(TIME), ending, *(f"{each:,}" for each in figures), f"{run.seconds:,.1f}")
