"""Ready-made sign-in in Chromium: the two traps of browsers reproduced and cured; WCAG 2.2 AA, 320 px, keyboard alone.

The application is at ``localhost`` and the provider at ``127.0.0.1``, which browsers take for two sites.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask, redirect, session
from tests.extension.sign_in_site import make_app

from flask_oauth import OAuth
from flask_oauth.development import running_app
from flask_oauth.extension.leaving import LeavingResponse

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


@contextmanager
def new_page(
    chromium: Any, width: int = 1100, height: int = 800, scheme: str = "light", **options: Any
) -> Iterator[Any]:
    context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, **options)
    context.set_default_timeout(15_000)
    try:
        yield context.new_page()
    finally:
        context.close()


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    with running_app(app) as url:
        yield url.replace("127.0.0.1", "localhost")


def site(provider: str, policy: str | None = None, **config: Any) -> Flask:
    app = make_app(provider, **config)
    if policy:

        @app.after_request
        def harden(response: Any) -> Any:
            response.headers["Content-Security-Policy"] = policy
            return response

    return app


def agree(page: Any, person: str = "Alice Moreau") -> None:
    page.get_by_role("button", name=person).click()
    page.get_by_role("button", name="Allow", exact=True).click()


def check(page: Any, width: int) -> None:
    """No finding of axe, no scrolling to the side, one main heading, a language."""
    page.wait_for_load_state()
    found = axe.Axe().run(page, options={"runOnly": RULES})
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("h1").count() == 1
    assert page.evaluate("document.documentElement.lang")


# -- the trap of form-action -------------------------------------------------------------------------------------

POLICY = "default-src 'self'; form-action 'self'"


def test_the_trap_of_form_action(chromium: Any, dev_provider: str) -> None:
    app = site(dev_provider, POLICY, OAUTH_START_RESPONSE="redirect")
    with serving(app) as url, new_page(chromium) as page:
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.goto(f"{url}/auth/login?next=/members")
        page.get_by_role("button", name="Continue with Corp").click()
        page.wait_for_timeout(1000)
        assert page.url.startswith(url)  # the button does nothing, and only the console says why
        assert "form-action" in " ".join(said)


def test_the_trap_of_form_action_cured(chromium: Any, dev_provider: str) -> None:
    with serving(site(dev_provider, POLICY)) as url, new_page(chromium) as page:
        page.goto(f"{url}/members")
        page.get_by_role("button", name="Continue with Corp").click()
        agree(page)
        page.get_by_text("Hello Alice Moreau").wait_for()
        assert page.url == f"{url}/members"
        page.goto(f"{url}/auth/logout")  # the way out leads to the provider as well
        page.get_by_role("button", name="Sign out").click()
        page.get_by_text("Hello stranger").wait_for()
        assert page.url == f"{url}/"


# -- the trap of SameSite=Strict ---------------------------------------------------------------------------------


def by_hand(provider: str) -> Flask:
    """What a program without the cure does: sets the session in the callback and redirects."""
    app = Flask("by hand")
    app.config.update(SECRET_KEY="a key for tests", SESSION_COOKIE_SAMESITE="Strict")
    oauth = OAuth(app)
    options = {"issuer": provider, "client_id": "demo", "client_secret": "demo-secret", "scope": "openid"}
    remote = oauth.remote_app("corp", **options)
    app.add_url_rule("/start", view_func=lambda: remote.authorize(callback="/callback"), endpoint="start")
    app.add_url_rule("/", view_func=lambda: f"Hello {session.get('who', 'stranger')}", endpoint="home")

    @app.get("/callback")
    def callback() -> Any:
        session["who"] = remote.authorized_response().claims["sub"]
        return redirect("/")

    return app


def test_the_trap_of_samesite_strict(chromium: Any, dev_provider: str) -> None:
    with serving(by_hand(dev_provider)) as url, new_page(chromium) as page:
        page.goto(f"{url}/start")
        agree(page)
        page.get_by_text("Hello stranger").wait_for()  # the cookie was just set, and does not come along
        page.goto(f"{url}/")
        page.get_by_text("Hello 1001").wait_for()


def test_the_trap_of_samesite_strict_cured(chromium: Any, dev_provider: str) -> None:
    app = site(dev_provider, SESSION_COOKIE_SAMESITE="Strict")

    @app.get("/cart")
    def cart() -> str:
        session["cart"] = "full"
        return "full"

    app.add_url_rule("/see", view_func=lambda: session.get("cart", "empty"), endpoint="see")
    with serving(app) as url, new_page(chromium) as page:
        page.goto(f"{url}/cart")
        page.goto(f"{url}/members")
        page.get_by_role("button", name="Continue with Corp").click()
        agree(page)
        page.get_by_text("Hello Alice Moreau").wait_for()
        assert page.url == f"{url}/members"
        page.goto(f"{url}/see")
        page.get_by_text("full").wait_for()  # and what was in the session before is still there


# -- everybody can use it ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("look", [PHONE, DESK])
def test_every_page_is_accessible(chromium: Any, dev_provider: str, look: tuple[int, int, str]) -> None:
    width = look[0]
    with serving(site(dev_provider, DEBUG=True)) as url, new_page(chromium, *look) as page:
        page.goto(f"{url}/members")
        check(page, width)
        page.get_by_role("button", name="Continue with Corp").click()
        page.get_by_text("Or let something go wrong").click()
        page.get_by_role("button", name="Say no").click()
        notice = page.get_by_text("You did not sign in with Corp.")
        notice.wait_for()
        assert notice.evaluate("element => element === document.activeElement")
        check(page, width)
        page.get_by_role("button", name="Continue with Corp").click()
        page.get_by_text("Or let something go wrong").click()
        page.get_by_role("button", name="Forge the answer").click()
        page.get_by_role("heading", name="We could not sign you in").wait_for()
        check(page, width)
        page.get_by_role("button", name="Try again").click()
        page.get_by_role("button", name="Allow", exact=True).click()
        page.get_by_text("Hello Alice Moreau").wait_for()
        for path in ("/auth/login", "/auth/logout", "/auth/login/corp"):
            page.goto(f"{url}{path}")
            check(page, width)
        page.goto(f"{url}/auth/logout")
        page.get_by_role("button", name="Sign out").click()
        page.get_by_text("Hello stranger").wait_for()
        page.goto(f"{url}/auth/logout")
        check(page, width)


def test_accounts_and_pages_that_lead_on_are_accessible(chromium: Any, dev_provider: str) -> None:
    from flask_oauth.storage.account_links import MemoryAccountLinks

    app = site(dev_provider)
    app.extensions["oauth"].account_links = MemoryAccountLinks()
    words = ("en", "One moment, please", "Continue")
    stay = "javascript:void(0)"  # a page that leads on, but not away from the test
    app.add_url_rule("/leave", view_func=lambda: LeavingResponse(stay, 303, lambda _: True, words), endpoint="leave")
    with serving(app) as url, new_page(chromium, *PHONE) as page:
        page.goto(f"{url}/auth/login")
        page.get_by_role("button", name="Continue with Corp").click()
        agree(page)
        page.goto(f"{url}/auth/accounts")
        page.get_by_role("button", name="Disconnect Corp alice").wait_for()
        check(page, 320)
        page.goto(f"{url}/leave")
        found = axe.Axe().run(page, options={"runOnly": [rule for rule in RULES if rule != "best-practice"]})
        assert [each["id"] for each in found.response["violations"]] in ([], ["meta-refresh"])


@pytest.mark.parametrize("look", [PHONE, DESK])
def test_the_example_is_accessible(chromium: Any, dev_provider: str, look: tuple[int, int, str]) -> None:
    demo = pytest.importorskip("examples.demo", reason="the examples are not installed")
    width = look[0]
    with serving(demo.load_club(dev_provider)) as url, new_page(chromium, *look) as page:
        page.goto(url)
        check(page, width)
        page.get_by_role("link", name="Members", exact=True).click()
        check(page, width)  # the sign-in page in the example's own layout
        page.get_by_role("button", name="Continue with GitHub").click()
        agree(page)
        page.get_by_role("heading", name="Hello Alice Moreau").wait_for()
        check(page, width)
        page.get_by_role("link", name="Vault").click()
        page.get_by_role("heading", name="Please confirm that it is you").wait_for()
        check(page, width)
        page.get_by_role("button", name="Continue with GitHub").click()
        page.get_by_role("button", name="Allow", exact=True).click()
        page.get_by_role("heading", name="The vault is open").wait_for()
        page.get_by_role("link", name="Timeline").click()
        page.get_by_role("heading", name="Your timeline").wait_for()
        check(page, width)
        page.goto(f"{url}/auth/accounts")
        check(page, width)
        page.goto(f"{url}/auth/callback/github?code=x&state=y")
        check(page, width)
        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("heading", name="Come in").wait_for()


def test_with_the_keyboard_alone(chromium: Any, dev_provider: str) -> None:
    with serving(site(dev_provider)) as url, new_page(chromium) as page:
        page.goto(f"{url}/members")
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert page.evaluate("document.activeElement.innerText") == "Continue with Corp"
        assert outline == "solid"
        page.keyboard.press("Enter")
        for name in ("Alice Moreau", "Allow"):
            page.get_by_role("button", name=name).first.wait_for()
            for _ in range(12):
                page.keyboard.press("Tab")
                if name in page.evaluate("document.activeElement.innerText"):
                    break
            page.keyboard.press("Enter")
        page.get_by_text("Hello Alice Moreau").wait_for()
        page.goto(f"{url}/auth/logout")
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        page.get_by_text("Hello stranger").wait_for()


def test_without_scripts(chromium: Any, dev_provider: str) -> None:
    with serving(site(dev_provider, POLICY)) as url, new_page(chromium, java_script_enabled=False) as page:
        page.goto(f"{url}/members")
        page.get_by_role("button", name="Continue with Corp").click()
        agree(page, "Bob Lindqvist")
        page.get_by_text("Hello Bob Lindqvist").wait_for()


def test_text_twice_as_large_fits(chromium: Any, dev_provider: str) -> None:
    with serving(site(dev_provider)) as url, new_page(chromium, 320, 640) as page:
        page.goto(f"{url}/auth/login")
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
