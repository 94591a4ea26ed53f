"""What keeps it fast, and can be counted instead of timed: connections, documents, imports, cookies."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from benchmarks import samples
from flask import Flask, redirect, session, url_for

from flask_oauth import OAuth, OAuthRemoteApp
from flask_oauth.protocol.http import Headers, HTTPRequest, HTTPResponse
from flask_oauth.transport import Transport, Urllib3Transport

# -- connections ------------------------------------------------------------------------------------------------------


class CountingServer(ThreadingHTTPServer):
    """An API that counts the connections it accepts."""

    daemon_threads = True
    connections = 0

    def process_request(self, *args: Any) -> None:
        self.connections += 1
        super().process_request(*args)


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: CountingServer
    together: threading.Barrier | None = None

    def do_GET(self) -> None:
        if self.path == "/together":
            assert self.together is not None
            self.together.wait(10)
        content = b'{"login": "mona"}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        """Nothing is logged."""


@contextmanager
def counting_api() -> Iterator[tuple[CountingServer, Flask, OAuthRemoteApp]]:
    """The API, and an application that calls it."""
    server = CountingServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    transport = Urllib3Transport()
    try:
        app = Flask("structure")
        app.config["SECRET_KEY"] = "a secret"
        remote = OAuth(app, transport=transport).remote_app("api", base_url=f"http://127.0.0.1:{server.server_port}/")
        remote.tokengetter(lambda: ("a token", ""))
        yield server, app, remote
    finally:
        transport.close()
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_hundred_calls_open_one_connection() -> None:
    with counting_api() as (server, app, remote):
        for _ in range(100):
            with app.test_request_context():
                assert remote.get("user").data == {"login": "mona"}
        assert server.connections == 1


def test_nothing_is_held_while_calls_wait() -> None:
    """Eight calls at once are all with the server before any is answered."""
    with counting_api() as (server, app, remote):
        Answer.together = threading.Barrier(8)
        statuses: list[int] = []

        def call() -> None:
            with app.test_request_context():
                statuses.append(remote.get("together").status)

        threads = [threading.Thread(target=call) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert statuses == [200] * 8
        assert server.connections == 8


# -- sign-ins ---------------------------------------------------------------------------------------------------------


class Scripted:
    """A transport whose other end is a provider in this process."""

    def __init__(self, provider: samples.Provider) -> None:
        self.provider = provider

    def send(self, request: HTTPRequest) -> HTTPResponse:
        content = self.provider.answer(request.url)
        return HTTPResponse(200, Headers({"Content-Type": "application/json"}), content, request.url)


@pytest.fixture
def provider() -> samples.Provider:
    return samples.Provider(samples.new_key("ES256"), "ES256")


def signing_in_app(transport: Transport) -> Flask:
    app = Flask("structure")
    app.config["SECRET_KEY"] = "a secret"
    corp = OAuth(app, transport=transport).remote_app(
        "corp",
        issuer=samples.ISSUER,
        client_id=samples.CLIENT_ID,
        client_secret=samples.CLIENT_SECRET,
        scope="openid email profile",
        id_token_signed_response_alg="ES256",
    )
    corp.tokengetter(lambda: None)

    @app.get("/cart")
    def cart() -> str:
        session["cart"] = ["a book"]
        return ""

    @app.get("/login")
    def login() -> Any:
        return corp.authorize(callback=url_for("callback", _external=True))

    @app.get("/callback")
    def callback() -> Any:
        assert corp.authorized_response().claims["email"] == "mona@example.com"
        return redirect("/")

    return app


def test_a_hundred_sign_ins_fetch_the_metadata_once_and_the_keys_once(provider: samples.Provider) -> None:
    app = signing_in_app(Scripted(provider))
    for _ in range(100):
        browser = samples.Browser(app)
        _, location = browser.get("/login")
        status, _ = browser.get("/callback", provider.grant(location))
        assert status.startswith("302")
    assert provider.requests == {"/.well-known/openid-configuration": 1, "/keys": 1, "/token": 100}


def test_sign_ins_leave_the_session_cookie_alone(provider: samples.Provider) -> None:
    browser = samples.Browser(signing_in_app(Scripted(provider)))
    browser.get("/cart")
    before = browser.cookies["session"]
    for _ in range(20):
        _, location = browser.get("/login")
    browser.get("/callback", provider.grant(location))
    assert browser.cookies["session"] == before


def test_pending_sign_ins_are_at_most_eight_small_cookies(provider: samples.Provider) -> None:
    browser = samples.Browser(signing_in_app(Scripted(provider)))
    for number in range(1, 21):
        browser.get("/login")
        assert len(browser.cookies) == min(number, 8)
    assert max(len(name) + 1 + len(value) for name, value in browser.cookies.items()) <= 600


# -- imports ----------------------------------------------------------------------------------------------------------

#: What takes long to import, and what belongs to an extra.
HEAVY = {
    "authlib", "cryptography", "defusedxml", "flask_login", "joserfc", "libcst", "psycopg", "pymysql", "pyreqwest",
    "redis", "requests", "segno", "sqlalchemy", "urllib3",
}  # fmt: skip

SCRIPT = """
import json, sys
{first}
before = set(sys.modules)
{second}
print(json.dumps(sorted({{name.partition(".")[0] for name in sys.modules.keys() - before}})))
"""


def loaded(second: str) -> set[str]:
    """The packages that some lines load which Flask has not loaded already."""
    script = SCRIPT.format(first="import flask", second=second)
    answer = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return set(json.loads(answer.stdout))


def test_importing_loads_nothing_heavy() -> None:
    packages = loaded("from flask_oauth import OAuth, OAuthRemoteApp")
    assert "flask_oauth" in packages
    assert not packages & HEAVY


def test_an_application_at_start_loads_nothing_heavy() -> None:
    packages = loaded(
        "from flask_oauth import OAuth\n"
        "app = flask.Flask('structure')\n"
        "oauth = OAuth(app)\n"
        "oauth.remote_app('corp', issuer='https://id.example.com', client_id='a', client_secret='b', scope='openid')\n"
        "oauth.remote_app('github', client_id='a', client_secret='b')\n"
    )
    assert not packages & HEAVY


def test_a_call_loads_what_sends_it_and_nothing_of_jose_or_stores() -> None:
    packages = loaded(
        "from flask_oauth import OAuth\n"
        "from flask_oauth.errors import TransportError\n"
        "app = flask.Flask('structure')\n"
        "remote = OAuth(app).remote_app('api', base_url='http://127.0.0.1:9/')\n"
        "remote.tokengetter(lambda: ('a token', ''))\n"
        "with app.test_request_context():\n"
        "    try:\n"
        "        remote.get('user')\n"
        "    except TransportError:\n"
        "        pass\n"
    )
    assert packages & HEAVY == {"urllib3"}
