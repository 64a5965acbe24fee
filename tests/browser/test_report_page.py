"""The report's page in a real browser, with the figures of real runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from target_w50.cli import main as program
from target_w50.sandbox import Sandbox
from tests.browser.conftest import DESK, PHONE, Watched
from tests.support import LIST, entry, record, run_target, schema, settings, state

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


SCREENS = [(DESK, False), (DESK, True), (PHONE, False), (PHONE, True)]


@pytest.mark.parametrize(("width", "dark"), SCREENS)
def test_it_is_readable_on_every_screen(report: str, visit: Visit, width: int, dark: bool) -> None:
    """No complaint in the console, nothing cut off at the side, contrast and names as axe wants them."""
    seen = visit(report, width=width, dark=dark)
    assert seen.problems == []
    assert not seen.scrolls_sideways()
    assert (max(seen.ground()) < 60) == dark
    assert seen.accessibility() == []


def test_it_asks_nobody_for_anything(report: str, visit: Visit) -> None:
    assert visit(report).hosts == {""}, "its own file alone"


def test_it_shows_the_figures_of_the_runs(report: str, visit: Visit) -> None:
    seen = visit(report)
    tiles = dict(
        zip(*(seen.page.locator(f".figures {each}").all_inner_texts() for each in ("dt", "dd")), strict=True)
    )
    assert tiles == {
        "Contacts sent": "80",
        "Inserted": "29",
        "Updated": "29",
        "Rejected": "2",
        "Quarantined records": "0",
        "Failed or unknown jobs": "1",
        "Runs that did not end well": "1",
    }
    assert NAME in seen.text
    assert "line " in seen.text.partition("Lines that could not be read")[2]


def test_what_failed_stands_before_everything_else(report: str, visit: Visit) -> None:
    seen = visit(report)
    first = seen.page.locator(".look li").first.inner_text()
    assert first.startswith("failed")
    assert "CurrentStatus 'Failed'" in first


@pytest.mark.parametrize(("width", "shown"), [(DESK, "wide"), (PHONE, "narrow")])
def test_each_chart_is_drawn_for_the_screen_at_hand(
    report: str, visit: Visit, width: int, shown: str
) -> None:
    seen = visit(report, width=width)
    figures = seen.page.locator("figure")
    assert figures.count() == 5
    for index in range(5):
        visible = [each for each in figures.nth(index).locator("svg").all() if each.is_visible()]
        assert [shown in (each.get_attribute("class") or "") for each in visible] == [True]
        assert visible[0].locator(".bar rect").count() > 0


def test_the_figures_behind_a_chart_open_by_keyboard(report: str, visit: Visit) -> None:
    seen = visit(report)
    details = seen.page.locator("figure details").first
    details.locator("summary").focus()
    assert not details.locator("table").is_visible()
    seen.page.keyboard.press("Enter")
    assert details.locator("table").is_visible()
    rows = [row.split() for row in details.locator("tbody tr").all_inner_texts()]
    assert [row[-3:] for row in rows] == [["29", "0", "1"], ["0", "29", "1"], ["0", "0", "0"]]


def test_the_first_key_leads_past_the_header(report: str, visit: Visit) -> None:
    seen = visit(report)
    seen.page.keyboard.press("Tab")
    assert seen.page.evaluate("document.activeElement.textContent") == "To the report"


def test_the_page_is_one_file(report: str) -> None:
    path = Path(report.removeprefix("file://"))
    assert path.stat().st_size < 300_000
