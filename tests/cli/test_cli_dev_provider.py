"""``flask oauth dev-provider``: as a process of its own, signed in through with a browser."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from flask_oauth.development.browser import Browser

ELEVEN_LINES = """
from flask import Flask
from flask_oauth import OAuth

app = Flask(__name__)
app.config.from_prefixed_env()
oauth = OAuth(app)
oauth.remote_app("github")
app.register_blueprint(oauth.blueprint, url_prefix="/auth")

@app.get("/")
@oauth.login_required
def home():
    return f"Hello {oauth.user.name}"
"""
#: A program of 2010: it never binds its OAuth object, and has its live addresses and its secret in the source.
OF_2010 = """
from flask import Flask, url_for
from flask_oauth import OAuth

app = Flask(__name__)
app.secret_key = "a development key"
oauth = OAuth()
facebook = oauth.remote_app(
    "facebook", base_url="https://graph.facebook.com/", request_token_url=None,
    access_token_url="/oauth/access_token", authorize_url="https://www.facebook.com/dialog/oauth",
    consumer_key="live-id", consumer_secret="live-secret", request_token_params={"scope": "read"},
)

@app.route("/")
def login():
    return facebook.authorize(callback=url_for("authorized", _external=True))

@app.route("/done")
@facebook.authorized_handler
def authorized(resp):
    return facebook.get("me", token=(resp["access_token"], "")).data["screen_name"]
"""


@contextmanager
def serving(directory: Path, *options: str, app: str | None = None) -> Iterator[tuple[Any, IO[str]]]:
    """The command, its JSON, and then its standard output; stopped by Ctrl-C."""
    if app is not None:
        (directory / "shop.py").write_text(app)
    line = [sys.executable, "-m", "flask", *(["--app", "shop"] if app else []), "oauth", "dev-provider", *options]
    process = subprocess.Popen(line, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield _first_json(process.stdout) if "--json" in options else None, process.stdout
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0, out + err


def _first_json(stream: IO[str]) -> Any:
    text = ""
    for line in stream:
        text += line
        if line.rstrip() == "}":
            return json.loads(text)
    pytest.fail(f"no JSON: {text}")


def test_eleven_lines_signed_in_without_an_account(tmp_path: Path) -> None:
    options = ("--run", "--port", "0", "--app-port", "0", "--json")
    with serving(tmp_path, *options, app=ELEVEN_LINES) as (told, _):
        assert told["acts_for"] == ["github"]
        assert told["sign_in"] == f"{told['app']}/auth/login"
        assert "SECRET_KEY is made up" in told["changed"][0]
        browser = Browser()
        page = browser.open(told["app"])
        assert page.url.startswith(told["sign_in"])
        page = browser.press(page, "GitHub")
        assert page.url.startswith(told["provider"])
        page = browser.press(browser.press(page, "alice"), "allow")
        assert page.url == f"{told['app']}/"
        assert page.text == "Hello Alice Moreau"
    assert list(tmp_path.glob("*")) == [tmp_path / "shop.py"] or not list(tmp_path.glob("*.db")), "nothing is written"


def test_a_program_of_2010(tmp_path: Path) -> None:
    with serving(tmp_path, "--run", "--port", "0", "--app-port", "0", "--json", app=OF_2010) as (told, _):
        browser = Browser()
        page = browser.press(browser.open(told["app"]), "bob")
        assert browser.press(page, "allow").text == "bob"
        assert told["sign_in"] is None


def test_the_provider_alone_says_how_to_use_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with serving(tmp_path, "--port", str(port)) as (_, out):
            first = out.readline()
            url = first.split()[1]
            assert not url.endswith(f":{port}")
            assert out.readline().strip() == f"port {port} was taken"
            assert f"OAUTH_DEVELOPMENT_PROVIDER={url} flask --app app run --debug" in out.readline()
            assert '"issuer"' in Browser().open(f"{url}/.well-known/openid-configuration").text
        with pytest.raises(urllib.error.URLError):
            Browser().open(url)


def test_an_application_that_does_not_load(tmp_path: Path) -> None:
    line = [sys.executable, "-m", "flask", "--app", "nowhere", "oauth", "dev-provider", "--run", "--port", "0"]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: The application does not load.")


def test_an_external_address_is_left_alone_in_this_run(tmp_path: Path) -> None:
    """Otherwise the callback would go to the real site."""
    program = ELEVEN_LINES.replace(
        "oauth = OAuth", 'app.config["OAUTH_EXTERNAL_URL"] = "https://real.example"\noauth = OAuth'
    )
    options = ("--run", "--port", "0", "--app-port", "0", "--json")
    with serving(tmp_path, *options, app=program) as (told, _):
        assert "OAUTH_EXTERNAL_URL is not used in this run." in told["changed"]
        page = Browser().open(told["sign_in"])
        assert page.status == 200
        page = Browser(stop_before=f"{told['provider']}/oauth2/authorize").press(page, "GitHub")
        assert "real.example" not in page.url
