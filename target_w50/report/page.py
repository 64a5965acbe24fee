"""The report as one page that stands by itself: no script, no network, everything escaped."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from importlib import resources
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from target_w50 import __version__
from target_w50.console.tables import counted
from target_w50.errors import printable
from target_w50.report.advice import what_to_do
from target_w50.report.ages import ago, span
from target_w50.report.charts import SIZES, Chart
from target_w50.report.needs import Needs
from target_w50.report.reading import Complaint
from target_w50.report.rows import JOB_COLUMNS, STREAM_COLUMNS, Row, by_month, left_behind_row, told_runs
from target_w50.report.runs import Report, ReportedRun, Tone
from target_w50.report.standing import ListStanding, Standing

RUNS_IN_CHARTS = 40
FEWEST_IN_CHARTS = 2
"""One run is told in words."""
COMPLAINTS_SHOWN = 20
LISTS_SHOWN = 60
"""Contact lists, and streams; those in trouble are the first."""
NEEDS_SHOWN = 25
RUNS_OPEN = 20
"""Runs that stand in sight; the others told one by one are a click away."""
HISTORY_SHOWN = 20
RUN = "Run (UTC)"
TIME = "%Y-%m-%d %H:%M"
_CODE = re.compile(r"`([^`]{1,200})`")
MARK_WORDS = {Tone.GOOD: "well", Tone.WARN: "well with rejections", Tone.BAD: "failed", Tone.QUIET: "dry"}


def page(report: Report, complaints: Sequence[Complaint], now: dt.datetime) -> str:
    """The whole page.

    Args:
        report: at least one run.
        complaints: lines of the metrics files that can't be used.
        now: when the page is made.
    """
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FunctionLoader(_resource),
    )
    standing = Standing(report, now)
    needs = Needs(standing)
    told, older = told_runs(report)
    environment.filters.update(
        number=number, decimal=decimal, time=time, text=printable, span=span, counted=counted, prose=prose
    )
    return environment.get_template("page.html.j2").render(
        report=report,
        answer=standing.answer,
        standing=standing,
        lists=standing.lists[:LISTS_SHOWN],
        list_count=len(standing.lists),
        needs=needs.items[:NEEDS_SHOWN],
        need_count=len(needs.items),
        left_behind=[left_behind_row(each) for each in needs.left_behind[:LISTS_SHOWN]],
        left_behind_count=len(needs.left_behind),
        history=standing.history[:HISTORY_SHOWN],
        history_count=len(standing.history),
        charts=[_drawn(each) for each in charts(report)],
        told=told,
        runs_open=RUNS_OPEN,
        told_ids=defaultdict(str, {id(each.run): each.anchor for each in told}),
        months=by_month(older),
        list_rows=_list_rows(report)[:LISTS_SHOWN],
        job_columns=JOB_COLUMNS,
        stream_columns=STREAM_COLUMNS,
        older_count=len(older),
        complaints=[printable(each) for each in complaints[:COMPLAINTS_SHOWN]],
        complaint_count=len(complaints),
        now=now,
        version=__version__,
        ago=lambda then: ago(then, now),
        what_to_do=what_to_do,
        mark_words=mark_words,
        id_of=id,
    )


def _resource(name: str) -> str:
    return resources.files("target_w50.report").joinpath(name).read_text(encoding="utf-8")


def _list_rows(report: Report) -> list[Row]:
    return [
        Row(
            (
                each.name,
                *(number(figure) for figure in (each.inserted, each.updated, each.rejected, each.invalid)),
            )
        )
        for each in report.lists()
    ]


def _drawn(chart: Chart) -> dict[str, Any]:
    # pygal has escaped the texts.
    return {"chart": chart, "svgs": [Markup(chart.svg(size)) for size in SIZES]}  # noqa: S704


def charts(report: Report) -> list[Chart]:
    """What is drawn of the loads, each figure once: contacts taken, those rejected, and the time it took."""
    runs = report.loads[-RUNS_IN_CHARTS:]
    if len(runs) < FEWEST_IN_CHARTS:
        return []
    left_out, dry = len(report.loads) - len(runs), len(report.runs) - len(report.loads)
    only = f" The {left_out:,} runs before are left out." if left_out else ""
    only += f" {counted(dry, 'dry run')} not among them." if dry else ""
    labels = _run_labels(runs)
    failed = frozenset(index for index, run in enumerate(runs) if not run.went_well)
    seconds = [run.seconds for run in runs]
    drawn = [
        Chart(
            "contacts",
            "Contacts that each run inserted and updated",
            f"{counted(len(runs), 'run')}: {_sum_words(runs, failed)}.{only}",
            labels,
            {
                "inserted": [run.figures["contacts_inserted"] for run in runs],
                "updated": [run.figures["contacts_updated"] for run in runs],
            },
            RUN,
            number,
            stacked=True,
            full_width=True,
            failed=failed,
        ),
        Chart(
            "rejected",
            "Contacts that W50 rejected",
            _rejected_words(runs) + only,
            labels,
            {"rejected": [run.figures["contacts_rejected"] for run in runs]},
            RUN,
            number,
            failed=failed,
        ),
        Chart(
            "seconds",
            "Seconds that each run took",
            _range_words("seconds", seconds) + only,
            labels,
            {"seconds": seconds},
            RUN,
            _as_large_as(seconds),
            failed=failed,
        ),
    ]
    return [each for each in drawn if each.key != "rejected" or any(each.series["rejected"])]


def mark_words(standing: ListStanding) -> str:
    """What the marks of a list say, for whoever does not see them."""
    counts = Counter(tone for _, tone in standing.marks)
    said = ", ".join(f"{counts[tone]} {words}" for tone, words in MARK_WORDS.items() if counts[tone])
    return (
        f"The last {counted(len(standing.marks), 'run')}: {said}"
        if len(standing.marks) > 1
        else f"1 run: {said}"
    )


def _run_labels(runs: Sequence[ReportedRun]) -> list[str]:
    """The days of the runs, with as much of the time of day as tells them apart."""
    labels: list[str] = []
    for form in ("%m-%d", "%m-%d %H:%M", "%m-%d %H:%M:%S"):
        labels = [run.started_at.strftime(form) for run in runs]
        if len(set(labels)) == len(labels):
            break
    return labels


def _as_large_as(values: Sequence[float]) -> Callable[[float], str]:
    """Small measurements need a digit behind the point."""
    return number if max(values) >= 100 else decimal  # noqa: PLR2004  # there the digit says nothing more


def _sum_words(runs: Sequence[ReportedRun], failed: frozenset[int]) -> str:
    inserted, updated = (
        sum(run.figures[figure] for run in runs) for figure in ("contacts_inserted", "contacts_updated")
    )
    words = f"{inserted:,} contacts inserted, {updated:,} updated"
    return words + (f"; {counted(len(failed), 'run')} did not end well" if failed else "")


def _rejected_words(runs: Sequence[ReportedRun]) -> str:
    rejected, sent, invalid = (
        sum(run.figures["contacts_rejected"] for run in runs),
        sum(run.figures["contacts_sent"] for run in runs),
        sum(run.invalid for run in runs),
    )
    share = f" of {sent:,} sent ({100 * rejected / sent:.1f} %)" if sent else ""
    return f"{rejected:,}{share}. W50 counts {invalid:,} invalid addresses and numbers among what was sent."


def _range_words(what: str, values: Sequence[float]) -> str:
    if len(values) == 1:
        return f"One run: {decimal(values[0])} {what}."
    least, most = decimal(min(values)), decimal(max(values))
    return f"Between {least} and {most} {what}; the last run: {decimal(values[-1])}."


def prose(value: object) -> Markup:
    """A text as it is, with what stands in backticks as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(printable(value)))))  # noqa: S704  # escaped here


def number(value: float) -> str:
    """A count."""
    return f"{value:,.0f}"


def decimal(value: float) -> str:
    """A measurement: one digit behind the point."""
    return f"{value:,.1f}"


def time(value: dt.datetime) -> str:
    """A time of day, in UTC."""
    return value.strftime(TIME)
