"""The pages of the provider and of the example in a real browser: WCAG 2.2 AA by axe, 320 px, keyboard alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from examples import demo

from flask_oauth.development import running_app, running_provider

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")]

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PHONE, DESK = (320, 640, "dark"), (1100, 800, "light")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def timeline() -> Iterator[str]:
    with running_provider() as provider, running_app(demo.load_timeline(provider)) as app:
        yield app


@contextmanager
def new_page(chromium: Any, width: int, height: int, scheme: str) -> Iterator[Any]:
    context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    context.set_default_timeout(10_000)
    try:
        yield context.new_page()
    finally:
        context.close()


def check(page: Any, width: int) -> None:
    """No finding of axe, no scrolling to the side, one main heading."""
    page.wait_for_load_state()
    found = axe.Axe().run(page, options={"runOnly": RULES})
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("h1").count() == 1


@pytest.mark.parametrize(
    ("protocol", "look"),
    [("OAuth 1.0a", PHONE), ("OAuth 2", DESK), ("OpenID Connect", PHONE), ("OpenID Connect", DESK)],
)
def test_every_page_of_a_sign_in_is_accessible(
    chromium: Any, timeline: str, protocol: str, look: tuple[int, int, str]
) -> None:
    width = look[0]
    with new_page(chromium, *look) as page:
        page.goto(timeline)
        check(page, width)
        page.get_by_role("link", name=f"Sign in with {protocol}").click()
        page.get_by_text("Or let something go wrong").click()
        check(page, width)
        page.get_by_role("button", name="Carol Okafor").click()
        page.get_by_text("What the app sent").click()
        check(page, width)
        page.get_by_role("button", name="Allow", exact=True).click()
        page.get_by_label("What is happening").fill("x" * 141)
        check(page, width)
        page.get_by_role("button", name="Post").click()
        page.get_by_text("At most 140 fit").wait_for()
        check(page, width)
        page.get_by_role("button", name="Sign out").click()
        page.get_by_text("You were signed out").wait_for()


@pytest.mark.parametrize("choice", ["Break the server", "Forge the answer"])
def test_the_error_page_is_accessible(chromium: Any, timeline: str, choice: str) -> None:
    with new_page(chromium, 320, 640, "light") as page:
        page.goto(f"{timeline}/login/corp")
        page.get_by_text("Or let something go wrong").click()
        page.get_by_role("button", name=choice).click()
        page.get_by_role("heading", name="We could not sign you in").wait_for()
        check(page, 320)


def focus_on(page: Any, words: str) -> None:
    """Press Tab until the element with these words has the focus, and see that the focus can be seen."""
    for _ in range(30):
        page.keyboard.press("Tab")
        if words in page.evaluate("document.activeElement.innerText || ''"):
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none"
            return
    pytest.fail(f"the keyboard does not reach “{words}”")


def test_a_sign_in_needs_no_mouse(chromium: Any, timeline: str) -> None:
    with new_page(chromium, 1100, 800, "light") as page:
        page.goto(timeline)
        for words in ("Sign in with OpenID Connect", "Bob Lindqvist", "Allow"):
            focus_on(page, words)
            with page.expect_navigation():
                page.keyboard.press("Enter")
        page.get_by_text("You were signed in as bob").wait_for()
