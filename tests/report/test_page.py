"""The report's page stands by itself, says in words what it draws, and escapes everything."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from target_w50.report.page import RUNS_IN_CHARTS, RUNS_IN_TABLE, charts, page
from target_w50.report.reading import Complaint, read_metrics
from target_w50.report.runs import Report, put_together
from tests.effort import tries
from tests.report.records import job, run, stream, write

NOW = dt.datetime(2026, 12, 1, tzinfo=dt.timezone.utc)
EVIL = """</style></title><script>alert("1")</script>'&lt;\x00\u202e"""


class Elements(HTMLParser):
    """Counts elements and keeps attributes and text."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.feed(content)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def report_of(tmp_path: Path, *records: dict[str, Any]) -> Report:
    return put_together(read_metrics([write(tmp_path / "m", records)]))


def made(tmp_path: Path, *records: dict[str, Any], complaints: list[Complaint] | None = None) -> str:
    return page(report_of(tmp_path, *records), complaints or [], NOW)


FULL = (
    run(0, contacts_sent=100),
    stream(
        0, contacts_sent=100, contacts_inserted=90, contacts_updated=7, contacts_rejected=3, invalid_emails=2
    ),
    job(0, 11, outcome="finished"),
    run(1, exit_status=5, error_code="job_failed", error="Job 12 failed.", rerun="wait"),
    stream(1, contacts_sent=50, ignored_properties=["utm_source"]),
    job(1, 12, outcome="failed", error="W50 says that it failed."),
    job(1, 13, outcome="finished"),
)


def test_the_page_asks_no_network_and_runs_no_script(tmp_path: Path) -> None:
    """It can be mailed, archived and opened anywhere."""
    content = made(tmp_path, *FULL)
    elements = Elements(content)
    assert elements.tags["script"] == 0
    assert {name for _, name, _ in elements.attributes if name.startswith("on")} == set()
    fetched = [value for _, name, value in elements.attributes if name in ("src", "href", "action")]
    assert all(value.startswith(("#", "data:,")) for value in fetched)
    assert "url(" not in content
    assert "@import" not in content
    assert "default-src 'none'" in content


def test_every_chart_has_a_text_and_a_table(tmp_path: Path) -> None:
    report = report_of(tmp_path, *FULL)
    elements = Elements(page(report, [], NOW))
    drawn = charts(report)
    assert elements.tags["figure"] == len(drawn) == 5
    assert elements.tags["svg"] == 2 * len(drawn)
    named = [value for tag, name, value in elements.attributes if (tag, name) == ("svg", "aria-labelledby")]
    ids = {value for _, name, value in elements.attributes if name == "id"}
    assert all(each in ids for value in named for each in value.split())
    assert len(named) == elements.tags["svg"]
    for each in drawn:
        assert each.title in elements.text
        assert each.words in elements.text
        assert len(each.rows()) == len(each.labels)
    assert "90 contacts inserted, 7 updated, 3 rejected; 2 invalid addresses and numbers" in elements.text


def test_ids_are_there_once(tmp_path: Path) -> None:
    ids = Counter(value for _, name, value in Elements(made(tmp_path, *FULL)).attributes if name == "id")
    assert [each for each, count in ids.items() if count > 1] == []


def test_what_scrolls_can_be_reached_by_keyboard_and_has_a_name(tmp_path: Path) -> None:
    content = made(tmp_path, *FULL)
    assert content.count('scroll" tabindex="0" role="region" aria-label="') == content.count('scroll"')


def test_failed_and_unknown_jobs_stand_first(tmp_path: Path) -> None:
    text = Elements(made(tmp_path, *FULL)).text
    order = [
        "To be looked at",
        "Import job 12",
        "exit 5, job_failed",
        "run again: wait",
        "W50 says that it failed.",
    ]
    order.append("Over time")
    assert sorted(order, key=text.index) == order
    newest = text.partition("The newest run")[2]
    assert newest.index("12") < newest.index("13")
    assert "utm_source" in newest


def test_a_run_that_ended_badly_for_another_reason_is_told_by_itself(tmp_path: Path) -> None:
    ended = run(1, exit_status=4, error_code="w50_unreachable", error="Nobody answers.", rerun="safe")
    looked_at = Elements(made(tmp_path, *FULL[:3], ended)).text.partition("Over time")[0]
    assert "exit 4, w50_unreachable" in looked_at
    assert "Nobody answers." in looked_at


def test_when_all_is_well_the_page_says_so(tmp_path: Path) -> None:
    assert "Nothing: every import job ended well" in made(tmp_path, *FULL[:3])


def test_a_run_that_was_killed_can_be_shown(tmp_path: Path) -> None:
    content = made(tmp_path, job(0, 1, outcome="finished"))
    assert "the process may have been killed" in content
    assert "no end recorded" in content


def test_whatever_stands_in_the_metrics_is_text_on_the_page(tmp_path: Path) -> None:
    """Stream and list names come from elsewhere."""
    content = made(
        tmp_path,
        run(0, exit_status=1, error_code=EVIL, error=EVIL, api_host=EVIL, run_id=EVIL),
        stream(0, EVIL, contact_list_name=EVIL, ignored_properties=[EVIL], run_id=EVIL),
        job(0, outcome="failed", stream=EVIL, error=EVIL, run_id=EVIL),
        complaints=[Complaint(EVIL, 1, EVIL)],
    )
    elements = Elements(content)
    assert elements.tags["script"] == 0
    assert "\x00" not in content
    assert "\u202e" not in content
    assert '<script>alert("1")</script>' in elements.text
    assert elements.tags["style"] == 1 + elements.tags["svg"]


@hypothesis_settings(
    max_examples=tries(10), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=st.text(min_size=1, max_size=30), sent=st.integers(0, 10**7))
def test_no_name_and_no_number_breaks_the_page(name: str, sent: int, tmp_path: Path) -> None:
    content = made(
        tmp_path, run(), stream(0, name, contact_list_name=name, contacts_sent=sent, contacts_inserted=sent)
    )
    content.encode()
    assert Elements(content).tags["figure"] == 5


@pytest.mark.parametrize("days", [1, 2, RUNS_IN_CHARTS + 5])
def test_charts_show_the_last_runs_and_say_how_many_are_left_out(days: int, tmp_path: Path) -> None:
    drawn = charts(report_of(tmp_path, *(run(day) for day in range(days))))
    contacts = drawn[0]
    assert len(contacts.labels) == min(days, RUNS_IN_CHARTS)
    assert ("5 runs before are left out" in contacts.words) == (days > RUNS_IN_CHARTS)


def test_runs_of_one_day_are_told_apart_by_the_time_of_day(tmp_path: Path) -> None:
    report = report_of(tmp_path, run(0), run(1, started_at="2026-11-01T05:00:00+00:00"))
    assert list(charts(report)[0].labels) == ["11-01 02:30", "11-01 05:00"]


def test_a_very_long_history_is_cut_and_says_so(tmp_path: Path) -> None:
    records = [run(day) for day in range(RUNS_IN_TABLE + 3)]
    assert "the oldest 3 are left out" in made(tmp_path, *records)


def test_the_same_metrics_give_the_same_page(tmp_path: Path) -> None:
    assert made(tmp_path, *FULL) == made(tmp_path, *FULL)
