"""The sandbox's page in a real browser, while something happens in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from target_w50.sandbox import Sandbox
from tests.browser.conftest import DESK, PHONE, Watched
from tests.support import LIST, Target, entry, record, run_target, schema, settings, state

Visit = Callable[..., Watched]
MESSAGES = [
    schema(),
    *(record(number) for number in range(12)),
    record(12, first_name="<b>bold</b>"),
    state(1),
]
SCREENS = [(DESK, False), (DESK, True), (PHONE, False), (PHONE, True)]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox after a run with custom events, one of whose requests was refused at first."""
    with Sandbox(lists=[LIST]) as sandbox:
        sandbox.faults.add({"call": "add", "status": 503})
        events = entry(custom_events=["SendWelcomeEmail"])
        config = settings(sandbox, events, max_contacts_per_job=10)
        finished = run_target(tmp_path_factory.mktemp("run"), config, MESSAGES)
        assert finished.status == 0, finished.stderr
        yield sandbox


@pytest.mark.parametrize(("width", "dark"), SCREENS)
def test_it_is_readable_on_every_screen(loaded: Sandbox, visit: Visit, width: int, dark: bool) -> None:
    """No complaint in the console, nothing cut off at the side, contrast and names as axe wants them."""
    seen = visit(loaded.url, width=width, dark=dark)
    expect(seen.page.locator("#link")).to_have_text("Live")
    assert seen.problems == []
    assert not seen.scrolls_sideways()
    assert (max(seen.ground()) < 60) == dark
    assert seen.accessibility() == []


def test_it_asks_nobody_but_the_sandbox(loaded: Sandbox, visit: Visit) -> None:
    seen = visit(loaded.url)
    expect(seen.page.locator("#link")).to_have_text("Live")
    assert seen.hosts == {loaded.url.removeprefix("http://")}


def test_it_shows_the_figures_of_the_run(loaded: Sandbox, visit: Visit) -> None:
    seen = visit(loaded.url)
    expect(seen.page.locator("#link")).to_have_text("Live")
    words = seen.text
    figures = dict(
        zip(*(seen.page.locator(f"#figures {each}").all_inner_texts() for each in ("dt", "dd")), strict=True)
    )
    assert figures["Contacts"] == "13"
    assert figures["Import jobs"] == "3", "the upload that was answered 503 has its job built anew"
    assert figures["Custom events"] == "13"
    assert "SendWelcomeEmail" in words
    assert "n11@example.com" in words
    assert "<b>bold</b>" in words, "a value is text, whatever it looks like"
    assert "503" in words


def test_a_job_is_followed_while_it_runs(visit: Visit, tmp_path: Path) -> None:
    """The page moves by itself: nobody has to load it again."""
    with Sandbox(lists=[LIST], job_seconds=3) as sandbox:
        seen = visit(sandbox.url)
        expect(seen.page.locator("#link")).to_have_text("Live")
        with Target(tmp_path, settings(sandbox)) as target:
            target.send(*MESSAGES)
            target.end_input()
            bar = seen.page.locator("#jobs progress")
            expect(bar).to_be_visible(timeout=30_000)
            seen.page.wait_for_function(
                "() => { const bar = document.querySelector('#jobs progress');"
                " return bar && bar.value > 0 && bar.value < bar.max }"
            )
            assert target.wait().status == 0
        expect(seen.page.locator("#figures")).to_contain_text("13")
        seen.page.wait_for_function("() => document.querySelector('#jobs progress').value == 100")
        assert seen.problems == []
