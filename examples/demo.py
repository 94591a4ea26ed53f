"""The demo: starts the development provider and two examples on free ports of this machine.

    python examples/demo.py          prints the addresses to open; Ctrl-C stops everything
    python examples/demo.py --once   walks through both by itself and says what it saw

Club has ready-made sign-in and begins at its sign-in page; Timeline is written by hand, over all three protocols.

``make demo`` and ``make demo ONCE=1`` do the same from a fresh clone.
"""

from __future__ import annotations

import argparse
import importlib.util
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from flask_oauth.development import (
    DEMO_CLIENT,
    PEOPLE,
    create_provider,
    provider_of,
    running_app,
    running_provider,
)
from flask_oauth.development.browser import Browser, BrowserError, Page
from flask_oauth.development.server import wait_for_stop

HERE = Path(__file__).resolve().parent
PROTOCOLS = {"twitter": "OAuth 1.0a", "facebook": "OAuth 2", "corp": "OpenID Connect"}
TOO_LONG = "Too long by far. " * 10


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Provider and example app on this machine.")
    parser.add_argument("--once", action="store_true", help="sign in by itself, print each step, and stop")
    options = parser.parse_args(arguments)
    with running_demo() as (provider, club, timeline):
        if options.once:
            return run_once(provider, club, timeline)
        people = ", ".join(person.given_name for person in PEOPLE)
        say(
            f"\n  Open      {club}/auth/login",
            f"  Timeline  {timeline}   (written by hand, over all three protocols)",
            f"  Provider  {provider}   ({people}, and three ways to fail)",
            "  Ctrl-C stops all three.\n",
        )
        wait_for_stop()
    say("\nStopped.")
    return 0


@contextmanager
def running_demo() -> Iterator[tuple[str, str, str]]:
    """All three servers; gives the addresses of the provider, of Club and of Timeline."""
    with ExitStack() as stack:
        made = create_provider()
        provider = stack.enter_context(running_provider(made))
        club = stack.enter_context(running_app(load_club(provider)))
        # So that a sign-out at the provider is one at Club too.
        told = replace(DEMO_CLIENT, backchannel_logout_uri=f"{club}/auth/backchannel-logout/github")
        provider_of(made).store.add_client(told)
        timeline = stack.enter_context(running_app(load_timeline(provider)))
        yield provider, club, timeline


def load_club(provider: str) -> Any:
    """The Flask application of ``examples/club/app.py``."""
    logging.getLogger("club_example").setLevel(logging.ERROR)  # that no real provider is asked is the point of a demo
    return load_app("club", "CLUB_PROVIDER", provider)


def load_timeline(provider: str) -> Any:
    """The Flask application of ``examples/timeline/app.py``."""
    return load_app("timeline", "TIMELINE_PROVIDER", provider)


def load_app(name: str, variable: str, provider: str) -> Any:
    """The application of an example, which reads the provider's address when imported."""
    os.environ[variable] = provider
    spec = importlib.util.spec_from_file_location(f"{name}_example", HERE / name / "app.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(HERE / name / "app.py")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)  # Flask finds its templates by it
    spec.loader.exec_module(module)
    return module.app


def say(*lines: str) -> None:
    print(*lines, sep="\n", flush=True)


class StepFailed(Exception):
    """A page did not show what it should."""


@dataclass
class Walk:
    """Somebody who clicks through the demo with one browser, and looks at what each page says."""

    app: str
    browser: Browser = field(default_factory=Browser)
    steps: int = 0

    def step(self, text: str, page: Page, *expected: str, status: int = 200) -> Page:
        """Say ``text`` with a tick if the page has this status and all these words."""
        missing = [words for words in expected if words not in page.words]
        if page.status != status or missing:
            wanted = f"expected {status} and “{'”, “'.join(missing)}”" if missing else f"expected {status}"
            raise StepFailed(f"{text}: {wanted}, saw {page.status} at {page.url.partition('?')[0]}: {page.words[:400]}")
        say(f"  ✓ {text}")
        self.steps += 1
        return page

    def sign_in(self, name: str, choice: str) -> Page:
        page = self.browser.open(self.app)
        page = self.browser.follow(page, f"Sign in with {PROTOCOLS[name]}")
        return self.browser.press(page, choice)


def run_once(provider: str, club: str, timeline: str) -> int:
    """Walk through everything once; 0 if all was as it should be."""
    say(f"Provider {provider}, Club {club}, Timeline {timeline}")
    try:
        steps = walk_club(provider, club) + sum(walk_protocol(timeline, name) for name in PROTOCOLS)
    except (StepFailed, BrowserError, OSError) as error:
        say(f"  ✗ {error}")
        return 1
    say(f"All {steps} steps as they should be.")
    return 0


def walk_club(provider: str, club: str) -> int:
    """Ready-made sign-in: deny, fail, sign in, confirm, call the API, connect, be signed out; the number of steps."""
    say("\nReady-made sign-in")
    walk = Walk(club)
    browser = walk.browser
    page = walk.step("the sign-in page", browser.open(f"{club}/auth/login"), "Continue with GitHub", "with Google")
    page = browser.press(browser.press(page, "GitHub"), "deny")
    page = walk.step("denied: back at the sign-in page, with a notice", page, "You did not sign in with GitHub.")
    page = browser.press(browser.press(page, "GitHub"), "forged")
    walk.step("a forged answer is refused", page, "We could not sign you in", "state_mismatch", status=400)
    page = browser.press(browser.press(page, "Try again"), "allow")
    walk.step("signed in", page, "Hello Alice Moreau", "alice@example.com")
    walk.step("the API is called", browser.open(f"{club}/timeline"), "@carol")
    page = walk.step("the vault asks to confirm", browser.open(f"{club}/vault"), "Please confirm that it is you")
    page = browser.press(browser.press(page, "Continue with GitHub"), "allow")
    walk.step("confirmed, and back at the vault", page, "The vault is open")
    page = browser.press(browser.open(f"{provider}/end_session?client_id=demo"), "Sign out")
    walk.step("signed out at the provider", page, "signed out")
    page = walk.step("so Club has ended the session too", browser.open(f"{club}/members"), "Continue with GitHub")
    page = browser.press(browser.press(browser.press(page, "Google"), "alice"), "allow")
    walk.step("signed in again, with Google", page, "Hello Alice Moreau", "google")
    page = browser.press(browser.press(browser.open(f"{club}/auth/accounts"), "Connect GitHub"), "bob")
    walk.step("a second account is connected", browser.press(page, "allow"), "Connected accounts", "GitHub: bob")
    page = browser.press(browser.open(f"{club}/auth/logout"), "Sign out")
    walk.step("signed out, at Club and at the provider", page, "Come in")
    return walk.steps


def walk_protocol(app: str, name: str) -> int:
    """Deny, meet a broken and a lying provider, sign in, read, post, post too much, sign out; the number of steps."""
    say(f"\n{PROTOCOLS[name]}")
    walks = [Walk(app) for _ in range(3)]
    walk_denial(walks[0], name)
    walk_failures(walks[1], walks[2], name)
    walk_signed_in(walks[0], name)
    return sum(walk.steps for walk in walks)


def walk_denial(walk: Walk, name: str) -> None:
    page = walk.step("the provider asks Bob for consent", walk.sign_in(name, "bob"), "Allow Timeline?", "Hello Bob")
    page = walk.browser.press(page, "refuse")
    walk.step("denied: the app says so, and nobody is signed in", page, "You denied the request", "Sign in with")


def walk_failures(one: Walk, other: Walk, name: str) -> None:
    broken, forged = one.sign_in(name, "broken"), other.sign_in(name, "forged")
    one.step("a broken token endpoint is an error page, not a crash", broken, "We could not sign you in", status=502)
    other.step("a forged answer is refused", forged, "We could not sign you in", status=400)


def walk_signed_in(walk: Walk, name: str) -> None:
    browser = walk.browser
    page = browser.follow(browser.open(walk.app), f"Sign in with {PROTOCOLS[name]}")
    page = browser.press(page, "allow")
    walk.step("signed in as Bob", page, "You were signed in as bob", PROTOCOLS[name])
    walk.step("the timeline is read over the API", page, "@carol", "Finished the coast")
    text = f"Hello over {PROTOCOLS[name]}, è & more"
    walk.step("a status is posted", browser.press(page, "Post", status=text), "Posted.", text)
    page = browser.press(browser.open(walk.app), "Post", status=TOO_LONG)
    walk.step("an overlong status is answered with 403, and the text is kept", page, "At most 140 fit", status=403)
    walk.step("signed out", browser.press(page, "Sign out"), "You were signed out", "Sign in with")


if __name__ == "__main__":
    sys.exit(main())
