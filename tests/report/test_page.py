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

from target_w50.report.gathering import put_together
from target_w50.report.page import RUNS_IN_CHARTS, charts, page
from target_w50.report.reading import Complaint, read_metrics
from target_w50.report.rows import ROWS_OF_A_RUN, ROWS_TOLD, RUNS_TOLD
from target_w50.report.runs import Report
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
    assert elements.tags["figure"] == len(drawn) == 3
    named = [value for tag, name, value in elements.attributes if (tag, name) == ("svg", "aria-labelledby")]
    ids = {value for _, name, value in elements.attributes if name == "id"}
    assert all(each in ids for value in named for each in value.split())
    assert len(named) == 2 * len(drawn)
    for each in drawn:
        assert each.title in elements.text
        assert each.words in elements.text
        assert len(each.rows()) == len(each.labels)
    assert "90 contacts inserted, 7 updated; 1 run did not end well" in elements.text
    assert "3 of 150 sent (2.0 %). W50 counts 2 invalid addresses and numbers" in elements.text


def test_ids_are_there_once(tmp_path: Path) -> None:
    ids = Counter(value for _, name, value in Elements(made(tmp_path, *FULL)).attributes if name == "id")
    assert [each for each, count in ids.items() if count > 1] == []


def test_the_page_answers_in_the_order_of_what_matters(tmp_path: Path) -> None:
    text = Elements(made(tmp_path, *FULL)).text
    order = [
        "Last run: failed, 28 days ago",
        "Job 12 failed.",
        "What to do:",
        "How fresh each list is",
        "Needs somebody now",
        "Import job 12 failed",
        "W50 says that it failed.",
        "Over time",
        "2 runs, the newest first",
        "Import jobs, failed and unknown ones first",
    ]
    body = text[text.rindex("Last run: failed") :]
    places = [body.index(each) for each in order]
    assert places == sorted(places)


def test_a_run_that_failed_and_was_made_good_is_folded_away(tmp_path: Path) -> None:
    records = [
        record for day in range(30) for record in (run(day), stream(day), job(day, outcome="finished"))
    ]
    records[4 * 3] = run(4, exit_status=5, error_code="job_failed", error="It was long ago.", rerun="safe")
    records[4 * 3 + 2] = job(4, outcome="failed", error="It was long ago.")
    elements = Elements(made(tmp_path, *records))
    now, _, rest = elements.text.partition("Needs somebody now")
    assert "Last run: all well" in now
    assert "It was long ago" not in now
    assert rest.index("Nothing needs anybody now.") < rest.index("History: 1 run failed")
    assert rest.index("History: 1 run failed") < rest.index("It was long ago.")


def test_a_run_that_failed_is_a_mark_in_each_chart_and_no_gap(tmp_path: Path) -> None:
    content = made(tmp_path, *FULL)
    assert content.count('class="failed-mark"') == content.count('class="failed-band"') == 2 * 3
    assert "failed-mark" not in made(tmp_path, *FULL[:3], run(1), stream(1)).partition("</style>")[2]


def test_a_dry_run_is_marked_and_is_no_load(tmp_path: Path) -> None:
    """As the record says it, and of earlier versions as what was read and not sent tells."""
    dry = run(1, import_mode="dry_run", records_read=7)
    told = Elements(made(tmp_path, *FULL[:3], dry, stream(1, records_read=7))).text
    assert "Last run: all well, 29 days ago" in told
    assert "dry run" in told
    earlier = [run(2, records_read=7), stream(2, records_read=7)]
    content = Elements(made(tmp_path, dry, *earlier)).text
    assert "Only dry runs: nothing was loaded" in content
    assert "Last run: all well" not in content


def test_what_stayed_behind_is_told_by_stream_and_reason(tmp_path: Path) -> None:
    records = [
        run(0),
        stream(0, ignored_properties=["utm_source"]),
        run(1),
        stream(
            1,
            ignored_properties=["utm_source", "shoe_size"],
            records_quarantined=3,
            quarantined_schema_invalid=2,
            quarantined_missing_match_value=1,
        ),
    ]
    text = Elements(made(tmp_path, *records)).text
    needs = text.partition("Needs somebody now")[2].partition("Over time")[0]
    assert "3 records set aside in quarantine by the last runs" in needs
    assert "schema_invalid 2, missing_match_value 1; by stream: contacts 3" in needs
    assert "1 property newly ignored" in needs
    assert "shoe_size" in needs
    assert "utm_source" not in needs, "it was ignored before"
    assert "utm_source" in text.partition("What did not become a contact")[2]


def test_when_all_is_well_the_page_says_so(tmp_path: Path) -> None:
    content = made(tmp_path, run(0), stream(0), job(0, outcome="finished"))
    assert "Nothing needs anybody now." in content
    assert '<header class="answer good">' in content


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
    assert elements.tags["style"] == 1


@hypothesis_settings(
    max_examples=tries(10), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=st.text(min_size=1, max_size=30), sent=st.integers(0, 10**7))
def test_no_name_and_no_number_breaks_the_page(name: str, sent: int, tmp_path: Path) -> None:
    content = made(
        tmp_path, run(), stream(0, name, contact_list_name=name, contacts_sent=sent, contacts_inserted=sent)
    )
    content.encode()
    assert "How fresh each list is" in Elements(content).text


@pytest.mark.parametrize("days", [2, 3, RUNS_IN_CHARTS + 5])
def test_charts_show_the_last_runs_and_say_how_many_are_left_out(days: int, tmp_path: Path) -> None:
    drawn = charts(report_of(tmp_path, *(run(day) for day in range(days))))
    contacts = drawn[0]
    assert len(contacts.labels) == min(days, RUNS_IN_CHARTS)
    assert ("5 runs before are left out" in contacts.words) == (days > RUNS_IN_CHARTS)


def test_runs_of_one_day_are_told_apart_by_the_time_of_day(tmp_path: Path) -> None:
    report = report_of(tmp_path, run(0), run(1, started_at="2026-11-01T05:00:00+00:00"))
    assert list(charts(report)[0].labels) == ["11-01 02:30", "11-01 05:00"]


def test_one_run_is_told_in_words(tmp_path: Path) -> None:
    assert charts(report_of(tmp_path, *FULL[:3])) == []


def test_a_very_long_history_is_told_by_month_and_stays_small(tmp_path: Path) -> None:
    def number(word: str) -> int:
        return Elements(long).text.count(word)

    records = [
        record
        for day in range(RUNS_TOLD + 200)
        for record in (
            run(day, seconds=61),
            *(job(day, each, outcome="finished") for each in range(20 if day >= 200 else 2)),
        )
    ]
    long = made(tmp_path, *records)
    assert "200 older runs, by month" in long
    assert number("rerun") == RUNS_TOLD
    assert number("finished") <= ROWS_TOLD
    assert "20 more import jobs and streams left out" in long
    assert len(long) < 1_000_000


def test_very_many_lists_keep_those_in_trouble_and_a_small_page(tmp_path: Path) -> None:
    def at(day: int, number: int) -> dict[str, Any]:
        return stream(day, f"s{number}", contact_list_id=number, contact_list_name=f"List {number}")

    records = [each for day in range(8) for each in (run(day), *(at(day, number) for number in range(150)))]
    records += [
        run(8, exit_status=5, error_code="job_failed"),
        at(8, 149),
        job(8, 7, contact_list_id=149, outcome="failed"),
    ]
    content = made(tmp_path, *records)
    text = Elements(content).text
    assert "90 more lists left out" in text
    first = text.partition("How fresh each list is")[2].partition("Not loaded by its last run: job failed")[0]
    assert "List 149" in first
    assert len(content) < 1_000_000


def test_a_run_with_very_many_jobs_shows_the_gravest(tmp_path: Path) -> None:
    records = [job(0, each, outcome="finished") for each in range(ROWS_OF_A_RUN + 5)]
    content = made(tmp_path, run(0), *records, job(0, 999, outcome="failed"))
    assert "6 more import jobs and streams left out" in content
    assert ">999<" in content


def test_the_same_metrics_give_the_same_page(tmp_path: Path) -> None:
    assert made(tmp_path, *FULL) == made(tmp_path, *FULL)
