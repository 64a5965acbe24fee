"""The report's page in a real browser, with the figures of real runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from target_w50.cli import main as program
from target_w50.sandbox import Sandbox
from tests.browser.conftest import DESK, PHONE, SCREENS, Watched
from tests.report import records as records_of
from tests.support import LIST, entry, record, run_target, schema, settings, state

CUT = """body => [...body.querySelectorAll("*:not(svg *)")].filter(
    (one) => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== "inline"
    && getComputedStyle(one).clipPath === "none").map((one) => one.outerHTML.slice(0, 120))"""
"""The elements that hold more than they show; not those that are for readers of the screen alone."""
Visit = Callable[..., Watched]
NAME = "contacts <b>&amp; 'friends'"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a page of three runs: 30 contacts, one refused; the same again; one that failed."""
    folder = tmp_path_factory.mktemp("report")
    metrics = folder / "metrics.singer"
    messages = [
        schema(NAME),
        *(record(number, NAME) for number in range(29)),
        record(0, NAME, email="x"),
        state(1),
    ]
    with Sandbox(lists=[LIST]) as sandbox:
        config = settings(sandbox, entry("*"), metrics_path=str(metrics), max_contacts_per_job=20)
        for _ in range(2):
            assert run_target(folder / "run", config, messages).status == 0
        sandbox.faults.add({"call": "run", "job": {"CurrentStatus": "Failed", "effect": False}})
        assert run_target(folder / "run", config, messages).status == 5
    with metrics.open("a") as file:
        file.write("half a li\n")
    output = folder / "report.html"
    assert program.run(["report", str(metrics), "-o", str(output)]) == 0
    return output.as_uri()


@pytest.mark.parametrize(("width", "dark"), SCREENS)
def test_it_is_readable_on_every_screen(report: str, visit: Visit, width: int, dark: bool) -> None:
    """No complaint in the console, nothing cut off at the side, contrast and names as axe wants them."""
    seen = visit(report, width=width, dark=dark)
    assert seen.problems == []
    assert not seen.scrolls_sideways()
    assert (max(seen.ground()) < 60) == dark
    assert seen.accessibility() == []


@pytest.mark.parametrize("width", [PHONE, 1000, DESK])
def test_names_and_errors_of_any_length_are_not_cut(tmp_path: Path, visit: Visit, width: int) -> None:
    name, error = "n" * 190, "e" * 1_900
    records = [
        records_of.run(exit_status=5, error_code="job_failed", error=error),
        records_of.stream(name=name, contact_list_name=name, contact_list_id=10**12),
        records_of.job(outcome="failed", stream=name, contact_list_id=10**12, error=error),
        records_of.run(1),
        records_of.stream(1, name, contact_list_name=name, contact_list_id=10**12, ignored_properties=[name]),
    ]
    metrics, output = records_of.write(tmp_path / "m", records), tmp_path / "report.html"
    assert program.run(["report", str(metrics), "-o", str(output)]) == 0
    seen = visit(output.as_uri(), width=width)
    seen.page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert not seen.scrolls_sideways()
    assert seen.page.locator("main").evaluate(CUT) == []


def test_it_asks_nobody_for_anything(report: str, visit: Visit) -> None:
    assert visit(report).hosts == {""}, "its own file alone"


def test_it_answers_first_and_shows_the_figures_of_the_last_run(report: str, visit: Visit) -> None:
    seen = visit(report)
    assert seen.page.locator("h1").inner_text().startswith("Last run: failed, ")
    assert "CurrentStatus 'Failed'" in seen.page.locator(".answer .what").inner_text()
    tiles = dict(
        zip(*(seen.page.locator(f".tiles {each}").all_inner_texts() for each in ("dt", "dd")), strict=True)
    )
    assert (tiles["Records read"], tiles["Sent"], tiles["Inserted"]) == ("30", "20", "0")
    assert NAME in seen.text
    assert "line " in seen.text.partition("Lines that could not be read")[2]


def test_a_list_has_its_last_good_load_and_a_mark_for_each_run(report: str, visit: Visit) -> None:
    row = visit(report).page.locator(".lists li.list")
    assert row.locator(".strip li").count() == 3
    assert "Not loaded by its last run: job failed" in row.inner_text()
    assert row.locator(".age").inner_text() == "just now"


@pytest.mark.parametrize(("width", "shown"), [(DESK, "wide"), (PHONE, "narrow")])
def test_each_chart_is_drawn_for_the_screen_at_hand(
    report: str, visit: Visit, width: int, shown: str
) -> None:
    seen = visit(report, width=width)
    figures = seen.page.locator("figure")
    assert figures.count() == 3
    for index in range(3):
        visible = [each for each in figures.nth(index).locator("svg.pygal-chart").all() if each.is_visible()]
        assert [shown in (each.get_attribute("class") or "") for each in visible] == [True]
        assert visible[0].locator(".bar rect").count() > 0
        assert visible[0].locator(".failed-mark").count() == 1


@pytest.mark.parametrize(("width", "dark"), [(DESK, True), (PHONE, False)])
def test_a_run_opens_to_its_jobs_and_nothing_of_it_is_cut(
    report: str, visit: Visit, width: int, dark: bool
) -> None:
    """By keyboard; what opens is as readable as the rest."""
    seen = visit(report, width=width, dark=dark)
    run = seen.page.locator(".runs details").first
    body = run.locator(".body")
    assert not body.is_visible()
    run.locator("summary").focus()
    seen.page.keyboard.press("Enter")
    assert body.is_visible()
    assert "CurrentStatus 'Failed'" in body.inner_text()
    assert not seen.scrolls_sideways()
    assert body.evaluate(CUT) == []
    assert seen.accessibility() == []


def test_a_failed_mark_leads_to_its_run(report: str, visit: Visit) -> None:
    seen = visit(report)
    seen.page.locator(".strip li.bad a").click()
    assert seen.page.locator(".runs details .body").first.is_visible()


def test_the_figures_behind_a_chart_open_by_keyboard(report: str, visit: Visit) -> None:
    seen = visit(report)
    details = seen.page.locator("figure details").first
    details.locator("summary").focus()
    assert not details.locator("table").is_visible()
    seen.page.keyboard.press("Enter")
    assert details.locator("table").is_visible()
    rows = [row.split("\t") for row in details.locator("tbody tr").all_inner_texts()]
    assert [row[-3:] for row in rows] == [["29", "0", "well"], ["0", "29", "well"], ["0", "0", "not well"]]


def test_the_first_key_leads_past_the_header(report: str, visit: Visit) -> None:
    seen = visit(report)
    seen.page.keyboard.press("Tab")
    assert seen.page.evaluate("document.activeElement.textContent") == "To the lists"


def test_the_page_is_one_file(report: str) -> None:
    path = Path(report.removeprefix("file://"))
    assert path.stat().st_size < 300_000
