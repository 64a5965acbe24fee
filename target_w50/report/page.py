"""The report as one page that stands by itself: no script, no network, everything escaped."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from target_w50 import __version__
from target_w50.console.tables import counted
from target_w50.errors import printable
from target_w50.report.charts import SIZES, Chart
from target_w50.report.reading import Complaint
from target_w50.report.runs import ListSums, Report, ReportedRun

RUNS_IN_CHARTS = 40
RUNS_IN_TABLE = 500
COMPLAINTS_SHOWN = 20
LONGEST_LABEL = 32
RUN, LIST = "Run (UTC)", "List"
TIME = "%Y-%m-%d %H:%M"


def page(report: Report, complaints: Sequence[Complaint], now: dt.datetime) -> str:
    """The whole page.

    Args:
        report: at least one run.
        complaints: lines of the metrics files that can't be used.
        now: when the page is made.
    """
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(number=number, decimal=decimal, time=time, text=printable)
    template = resources.files("target_w50.report").joinpath("page.html.j2").read_text(encoding="utf-8")
    return environment.from_string(template).render(
        report=report,
        newest=report.newest,
        charts=[_drawn(each) for each in charts(report)],
        runs=list(reversed(report.runs))[:RUNS_IN_TABLE],
        complaints=[printable(each) for each in complaints[:COMPLAINTS_SHOWN]],
        complaint_count=len(complaints),
        now=now,
        version=__version__,
    )


def _drawn(chart: Chart) -> dict[str, Any]:
    # pygal has escaped the texts.
    return {"chart": chart, "svgs": [Markup(chart.svg(size)) for size in SIZES]}  # noqa: S704


def charts(report: Report) -> list[Chart]:
    """What is drawn: contacts over time, contacts by list, durations and rates."""
    runs = report.runs[-RUNS_IN_CHARTS:]
    left_out = len(report.runs) - len(runs)
    only = f" The {left_out:,} runs before are left out." if left_out else ""
    labels = _run_labels(runs)
    seconds, rates = [run.seconds for run in runs], [run.contacts_per_second for run in runs]
    drawn = [
        Chart(
            "contacts",
            "Contacts of each run",
            f"{counted(len(runs), 'run')}: {_sum_words(runs)}.{only}",
            labels,
            {
                "inserted": [run.figures["contacts_inserted"] for run in runs],
                "updated": [run.figures["contacts_updated"] for run in runs],
                "rejected": [run.figures["contacts_rejected"] for run in runs],
            },
            RUN,
            number,
            stacked=True,
            full_width=True,
        ),
        *_list_charts(report.lists()),
        Chart(
            "seconds",
            "Seconds that each run took",
            _range_words("seconds", seconds) + only,
            labels,
            {"seconds": seconds},
            RUN,
            _as_large_as(seconds),
        ),
        Chart(
            "rates",
            "Contacts sent in a second",
            _range_words("contacts a second", rates) + only,
            labels,
            {"contacts a second": rates},
            RUN,
            _as_large_as(rates),
        ),
    ]
    return [each for each in drawn if each.labels]


def _list_charts(lists: Sequence[ListSums]) -> list[Chart]:
    """What was loaded and what was not, apart: the one is many times the other."""
    names = [printable(each.name) for each in lists]
    labels = [name if len(name) <= LONGEST_LABEL else f"{name[:LONGEST_LABEL]}..." for name in names]
    return [
        Chart(
            "lists",
            "Inserted and updated, by list",
            _list_words(
                [(each.name, f"{each.inserted:,} inserted, {each.updated:,} updated") for each in lists]
            ),
            labels,
            {"inserted": [each.inserted for each in lists], "updated": [each.updated for each in lists]},
            LIST,
            number,
        ),
        Chart(
            "refused",
            "Rejected and invalid, by list",
            _list_words(
                [(each.name, f"{each.rejected:,} rejected, {each.invalid:,} invalid") for each in lists]
            ),
            labels,
            {"rejected": [each.rejected for each in lists], "invalid": [each.invalid for each in lists]},
            LIST,
            number,
        ),
    ]


def _list_words(lists: Sequence[tuple[str, str]]) -> str:
    return "; ".join(f"{printable(name)}: {words}" for name, words in lists) + "."


def _run_labels(runs: Sequence[ReportedRun]) -> list[str]:
    """The days of the runs, with the time of day where a day had more than one."""
    days = [run.started_at.strftime("%m-%d") for run in runs]
    return days if len(set(days)) == len(days) else [run.started_at.strftime("%m-%d %H:%M") for run in runs]


def _as_large_as(values: Sequence[float]) -> Callable[[float], str]:
    """Small measurements need a digit behind the point."""
    return number if max(values) >= 100 else decimal  # noqa: PLR2004  # there the digit says nothing more


def _sum_words(runs: Sequence[ReportedRun]) -> str:
    def total(figure: str) -> int:
        return sum(run.figures[figure] for run in runs)

    return (
        f"{total('contacts_inserted'):,} contacts inserted, {total('contacts_updated'):,} updated, "
        f"{total('contacts_rejected'):,} rejected; "
        f"{sum(run.invalid for run in runs):,} invalid addresses and numbers"
    )


def _range_words(what: str, values: Sequence[float]) -> str:
    if len(values) == 1:
        return f"One run: {decimal(values[0])} {what}."
    least, most = decimal(min(values)), decimal(max(values))
    return f"Between {least} and {most} {what}; the last run: {decimal(values[-1])}."


def number(value: float) -> str:
    """A count."""
    return f"{value:,.0f}"


def decimal(value: float) -> str:
    """A measurement: one digit behind the point."""
    return f"{value:,.1f}"


def time(value: dt.datetime) -> str:
    """A time of day, in UTC."""
    return value.strftime(TIME)
