"""Back-channel logout arrives at one worker process and ends a session that another one holds."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.extension.test_blueprint_sign_out import token_of

from flask_oauth.development import create_provider, running_provider
from flask_oauth.development.browser import Browser
from flask_oauth.storage import store_from_url

WORKER = Path(__file__).with_name("logout_worker.py")


@contextmanager
def worker(provider: str, store: str) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, str(WORKER), provider, store], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.communicate("", timeout=20)


def test_a_session_held_by_another_worker_process_ends(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'tokens.db'}"
    store_from_url(store).create_schema()
    made = create_provider()
    with ExitStack() as stack:
        url = stack.enter_context(running_provider(made))
        one, two = stack.enter_context(worker(url, store)), stack.enter_context(worker(url, store))
        alice = Browser()
        page = alice.press(alice.open(f"{one}/auth/login"), "Continue with Corp")
        page = alice.press(alice.press(page, "alice"), "allow")
        # cookies know no ports: both workers see the one browser
        assert (page.words, alice.open(two).words) == ("Hello Alice Moreau", "Hello Alice Moreau")
        told = Browser().open(f"{two}/auth/backchannel-logout/corp", {"logout_token": token_of(made, url)})
        assert told.status == 200
        time.sleep(0.3)  # OAUTH_SESSION_CHECK_SECONDS of the workers
        assert alice.open(one).words == "Hello stranger"
        replayed = Browser().open(f"{one}/auth/backchannel-logout/corp", {"logout_token": token_of(made, url, jti="x")})
        assert replayed.status == 200
        replayed = Browser().open(f"{two}/auth/backchannel-logout/corp", {"logout_token": token_of(made, url, jti="x")})
        assert replayed.status == 400  # the one worker remembers what the other has taken
