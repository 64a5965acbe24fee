"""A real browser, and pages that are watched for whatever goes wrong in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from dev import browser as machine

ARGUMENTS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PHONE = 390
DESK = 1280
SCREENS = ((DESK, False), (PHONE, True))
"""The width in pixels, and whether colours are dark: each of both once."""


@dataclass
class Watched:
    """A page in the browser.

    Attributes:
        problems: what its console complained of, its scripts threw and its requests failed with.
        hosts: whom it asked for anything.
    """

    page: Page
    problems: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(message.text)

    def watch(self) -> None:
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("requestfailed", lambda request: self.problems.append(f"{request.url} failed"))
        self.page.on(
            "request", lambda request: self.hosts.add(request.url.partition("//")[2].partition("/")[0])
        )

    @property
    def text(self) -> str:
        """What can be read on it."""
        return self.page.inner_text("body")

    def scrolls_sideways(self) -> bool:
        wide: bool = self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        return wide

    def ground(self) -> tuple[int, int, int]:
        """The colour behind everything."""
        found = self.page.evaluate(
            "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
        )
        return (found[0], found[1], found[2])

    def accessibility(self) -> list[str]:
        """What axe finds wrong with it: names, roles, contrast, keyboard."""
        found = Axe().run(self.page).response["violations"]
        return [f"{each['id']}: {node['html'][:120]}" for each in found for node in each["nodes"]]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests; where it is missing they are skipped, and CI fails by `test_ci_has_it`."""
    path = machine.find()
    if path is None:
        pytest.skip(machine.MISSING)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield running
        running.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Watched]]:
    """Opens a page: its address, the window's width in pixels, and whether it is dark."""
    contexts = []

    def opened(url: str, *, width: int = DESK, dark: bool = False) -> Watched:
        context = browser.new_context(
            viewport={"width": width, "height": 844}, color_scheme="dark" if dark else "light"
        )
        contexts.append(context)
        watched = Watched(context.new_page())
        watched.watch()
        watched.page.goto(url)
        return watched

    yield opened
    for context in contexts:
        context.close()
