"""``examples/demo.py``: the walk through both examples, and that it says what is wrong when something is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from examples import demo
from flask import Flask

from flask_oauth.development import create_provider, provider_of, running_app, running_provider

ROOT = Path(demo.__file__).parent.parent


def test_the_demo_walks_through_ready_made_sign_in_and_all_three_protocols(capsys: pytest.CaptureFixture[str]) -> None:
    assert demo.main(["--once"]) == 0
    told = capsys.readouterr().out
    assert told.count("✓") == 39
    assert "✗" not in told
    assert all(way in told for way in ("Ready-made sign-in", "OAuth 1.0a", "OAuth 2", "OpenID Connect"))


def test_the_demo_says_what_failed(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = Flask("wrong")
    wrong.add_url_rule("/", "index", lambda: "<h1>Under repair</h1>")
    with running_app(wrong) as app:
        assert demo.run_once("http://127.0.0.1:9", app, app) == 1
    assert "✗ the sign-in page: expected 200" in capsys.readouterr().out


@pytest.mark.parametrize("name", demo.PROTOCOLS)
def test_the_example_says_when_the_provider_has_forgotten_the_token(name: str) -> None:
    provider = create_provider()
    with running_provider(provider) as url, running_app(demo.load_timeline(url)) as app:
        walk = demo.Walk(app)
        walk.browser.press(walk.sign_in(name, "carol"), "allow")
        assert "How you got in" in walk.browser.open(app).words
        provider_of(provider).store.forget_tokens()
        page = walk.browser.open(app)
        assert page.status == 200
        assert "Your sign-in has ended" in page.words
        assert "Sign in with" in page.words


def test_the_demo_runs_until_it_is_stopped() -> None:
    command = [sys.executable, str(ROOT / "examples" / "demo.py")]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout
        told = [process.stdout.readline() for _ in range(6)]
        for line, words in ((told[1], "Continue with GitHub"), (told[2], "Sign in with OpenID Connect")):
            with urllib.request.urlopen(line.split()[1], timeout=10) as answer:
                assert words in answer.read().decode()
        assert told[1].split()[1].endswith("/auth/login")
        process.send_signal(signal.SIGTERM)
        out, error = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Stopped." in out
    assert error == ""
