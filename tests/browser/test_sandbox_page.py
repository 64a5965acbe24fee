"""The sandbox's page in a real browser, while something happens in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from target_w50.sandbox import Sandbox
from tests.browser.conftest import SCREENS, Watched
from tests.support import LIST, Target, entry, record, run_target, schema, settings, state

Visit = Callable[..., Watched]
MESSAGES = [
    schema(),
    *(record(number) for number in range(12)),
    record(12, first_name="<b>bold</b>"),
    state(1),
]


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


def test_faults_are_set_taken_away_and_told_by_buttons(visit: Visit) -> None:
    with Sandbox(lists=[LIST]) as sandbox:
        page = visit(sandbox.url).page
        expect(page.locator("#no-faults")).to_be_visible()
        page.get_by_text("Set a fault").click()
        page.get_by_role("button", name="The next job fails").click()
        expect(page.locator("#faults li")).to_contain_text("the next such call")
        page.locator("#spec").fill("status:status=503,times=3")
        page.get_by_role("button", name="Set it").click()
        expect(page.locator("#faults li")).to_have_count(2)
        assert sandbox.faults.documents()[1] == {"call": "status", "status": 503, "times": 3}
        page.get_by_role("button", name="Remove").first.click()
        expect(page.locator("#faults li")).to_have_count(1)
        expect(page.locator("#faults li")).to_contain_text("status:status=503the next 3 such calls")
        page.get_by_role("button", name="Clear all faults").click()
        expect(page.locator("#no-faults")).to_be_visible()
        assert sandbox.faults.documents() == []


def test_a_rejected_contact_is_shown_with_its_reason_and_a_reset_forgets_it(
    visit: Visit, tmp_path: Path
) -> None:
    with Sandbox(lists=[LIST]) as sandbox:
        messages = [schema(), record(0), record(1, email="nobody at home"), state(1)]
        assert run_target(tmp_path, settings(sandbox), messages).status == 0
        page = visit(sandbox.url).page
        rows = page.locator("#rejected tr")
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text("Email is no valid e-mail address")
        expect(rows).to_contain_text("nobody at home")
        expect(page.locator("#requests time").first).to_contain_text("UTC")
        page.get_by_text("Reset the sandbox").click()
        page.get_by_role("button", name="Reset: forget all that happened").click()
        expect(page.locator("#no-rejected")).to_be_visible()
        assert sandbox.contents()["Jobs"] == []


def test_the_buttons_work_without_a_script(browser: Browser) -> None:
    with Sandbox(lists=[LIST]) as sandbox, browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(sandbox.url)
        page.get_by_text("Set a fault").click()
        page.get_by_role("button", name="The next job fails").click()
        page.wait_for_url(f"{sandbox.url}/")
        assert [each["call"] for each in sandbox.faults.documents()] == ["run"]


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
