"""Serving the development provider: ports, stopping, the command, the small browser."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import urllib.request
from urllib.parse import urlsplit

import pytest
from flask import Flask, Response, redirect, request

from flask_oauth.development import create_provider, running_app, running_provider
from flask_oauth.development.browser import Browser, BrowserError


def test_a_provider_runs_on_a_free_loopback_port_and_stops() -> None:
    with running_provider(access_token_seconds=5) as url:
        assert urlsplit(url).hostname == "127.0.0.1"
        with urllib.request.urlopen(f"{url}/jwks.json", timeout=10) as answer:
            assert answer.status == 200
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(url, timeout=10)


def test_a_given_issuer_is_kept() -> None:
    app = create_provider(issuer="https://id.example")
    told = app.test_client().get("/.well-known/openid-configuration").json
    assert told is not None
    assert told["issuer"] == "https://id.example"
    assert told["token_endpoint"] == "https://id.example/oauth2/token"


def test_a_taken_port_is_an_error_and_not_an_exit() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        provider = running_provider(port=taken.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            provider.__enter__()


def test_the_command_prints_its_address_and_stops_at_ctrl_c() -> None:
    command = [sys.executable, "-m", "flask_oauth.development", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        told = [process.stdout.readline() for _ in range(6)]
        url = told[0].split()[-1]
        with urllib.request.urlopen(url, timeout=10) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "demo-secret" in "".join(told)
    assert "Stopped." in out
    assert error == ""


def test_the_command_says_that_a_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "flask_oauth.development", "--port", port]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert port in done.stderr


def small_site() -> Flask:
    app = Flask("small_site")
    app.add_url_rule("/round", "round", view_func=lambda: redirect("/round"))
    app.add_url_rule("/hello", "hello", view_func=lambda: Response(f"hello {request.args['name']}", 404))
    app.add_url_rule(
        "/", "form", view_func=lambda: "<form action=/hello><input name=name value=you><button>Go</button></form>"
    )
    return app


def test_the_browser_says_what_it_misses() -> None:
    with running_app(small_site()) as url:
        browser = Browser()
        page = browser.open(url)
        answer = browser.press(page, "Go", name="né & co")
        assert (answer.status, answer.text) == (404, "hello né & co")
        with pytest.raises(BrowserError, match="No button"):
            browser.press(page, "Stop")
        with pytest.raises(BrowserError, match="No link"):
            browser.follow(page, "Stop")
        with pytest.raises(BrowserError, match="redirects"):
            browser.open(f"{url}/round")
