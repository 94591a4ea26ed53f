"""What the tests of the 2010 face share: a browser, and a loader for whole programs.

A program is a module of its own for each test, run from its source with the
servers' addresses put in first, so that programs may have module-level apps.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from flask import Flask, session
from flask.testing import FlaskClient
from tests.compat.servers.oauth1 import CONSUMER_KEY, CONSUMER_SECRET, S1
from tests.compat.servers.oauth2 import CLIENT_ID, CLIENT_SECRET, S2
from werkzeug.test import TestResponse

from flask_oauth import OAuth, OAuthRemoteApp

PROGRAMS = Path(__file__).parent / "programs"


def load_program(name: str, **addresses: Any) -> ModuleType:
    """Run a program afresh.

    :param name: the file in ``programs/``, without ``.py``.
    :param addresses: names the program finds defined already, such as ``S1``.
    """
    path = PROGRAMS / f"{name}.py"
    program = ModuleType(f"compat_program_{name}")
    program.__file__ = str(path)
    vars(program).update(addresses)
    sys.modules[program.__name__] = program  # Flask finds its root path through it
    exec(compile(path.read_text("utf-8"), str(path), "exec"), vars(program))
    return program


def query_of(url: str) -> list[tuple[str, str]]:
    """The parameters of a URL's query, in order."""
    return parse_qsl(urlsplit(url).query, keep_blank_values=True)


def fetch(url: str) -> tuple[int, dict[str, str], str]:
    """GET a page of a provider as a browser would, following no redirect."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}" if parts.query else parts.path)
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return response.status, headers, response.read().decode("utf-8")
    finally:
        connection.close()


class Browser:
    """A user's browser: the application through Flask's test client, the provider over HTTP; redirects by hand.

    :ivar begun: the cookies of sign-ins as they were when those began.
    """

    def __init__(self, app: Flask, address: str = "http://localhost") -> None:
        self.app = app
        self.client: FlaskClient = app.test_client()
        self.address = address
        self.begun: set[str] = set()

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        return self.client.get(path, base_url=None if "://" in path else self.address, **kwargs)

    def start(self, path: str) -> str:
        """Open the page that starts a sign-in; the provider's URL it redirects to."""
        response = self.get(path)
        assert response.status_code in (302, 303), (response.status_code, response.text)
        self.begun |= set(self.pending_cookies().values())
        return response.headers["Location"]

    def consent(self, authorization_url: str) -> str:
        """Answer the provider's page; the callback URL it redirects to."""
        status, headers, text = fetch(authorization_url)
        assert status == 302, (status, text)
        return headers["location"]

    def callback_for(self, path: str) -> str:
        """Start a sign-in and go as far as the provider's redirect back."""
        return self.consent(self.start(path))

    def sign_in(self, path: str) -> TestResponse:
        """A whole sign-in; the answer of the view at its end."""
        return self.get(self.callback_for(path))

    def session(self) -> dict[str, Any]:
        """What the session cookie holds now."""
        with self.client.session_transaction() as held:
            return dict(held)

    def cookies(self) -> dict[str, str]:
        """The cookies this browser holds for the application's host, by name."""
        # werkzeug keeps them by (domain, path, name) and offers no listing
        return {name: cookie.value for (_, _, name), cookie in self.client._cookies.items()}

    def pending_cookies(self) -> dict[str, str]:
        """The cookies of sign-ins, by their documented names; a used one stays as a marker."""
        return {name: value for name, value in self.cookies().items() if name.startswith(("oauth_", "__Host-oauth_"))}

    def assert_nothing_pending(self) -> None:
        """No cookie is as it was when a sign-in began, and the session has none of the keys of 2010."""
        assert not self.begun & set(self.pending_cookies().values())
        assert not [name for name in self.session() if name.endswith(("_oauthtok", "_oauthredir"))]


def oauth1_settings(server: S1, **changes: Any) -> dict[str, Any]:
    """Keywords of a remote app at S1, in the names of 2010."""
    return {
        "base_url": server.url + "/o1/api/",
        "request_token_url": server.url + "/o1/request_token",
        "access_token_url": server.url + "/o1/access_token",
        "authorize_url": server.url + "/o1/authorize",
        "consumer_key": CONSUMER_KEY,
        "consumer_secret": CONSUMER_SECRET,
        **changes,
    }


def oauth2_settings(server: S2, **changes: Any) -> dict[str, Any]:
    """Keywords of a remote app at S2, in the names of 2010."""
    return {
        "base_url": server.url + "/o2/api/",
        "access_token_url": server.url + "/o2/token",
        "authorize_url": server.url + "/o2/authorize",
        "consumer_key": CLIENT_ID,
        "consumer_secret": CLIENT_SECRET,
        **changes,
    }


class Site:
    """A small application with one remote app, for a test about one thing.

    ``/login`` starts a sign-in, ``/cb`` ends it (as in 2010) or ``/strict`` does
    (with ``authorized_response``); what the view was given is in ``given``, the
    pair goes into ``session["token"]``.

    :ivar callback: what ``/login`` passes to ``authorize``.
    """

    def __init__(self, remote: OAuthRemoteApp | None = None, **settings: Any) -> None:
        self.app = Flask("site")
        self.app.secret_key = "development key"
        self.app.testing = True
        self.oauth = OAuth()
        self.remote = remote or self.oauth.remote_app("remote", **settings)
        self.remote.tokengetter(lambda: session.get("token"))
        self.callback: str | None = "/cb"
        self.given: list[Any] = []
        self.app.add_url_rule("/login", "login", lambda: self.remote.authorize(self._absolute()))
        self.app.add_url_rule("/cb", "cb", self.remote.authorized_handler(self._done))
        self.app.add_url_rule("/strict", "strict", lambda: self._done(self.remote.authorized_response()))
        self.browser = Browser(self.app)

    def _absolute(self) -> str | None:
        # OAuth 2 programs passed an absolute address, OAuth 1.0a programs often did not
        if self.callback and not self.remote.request_token_url:
            return urljoin("http://localhost/", self.callback)
        return self.callback

    def _done(self, resp: Any) -> str:
        self.given.append(resp)
        if resp is None:
            return "denied"
        token = resp.get("oauth_token") or resp.get("access_token")
        if token:
            session["token"] = (token, resp.get("oauth_token_secret", ""))
        return "done"

    def sign_in(self) -> Any:
        """A whole sign-in; what the view was given."""
        response = self.browser.sign_in("/login")
        assert response.status_code == 200, response.text
        return self.given[-1]

    def call(self, work: Callable[[], Any], token: Any = ("k", "s")) -> Any:
        """Do something inside a request of a user who holds a token."""
        with self.app.test_request_context("/"):
            if token is not None:
                session["token"] = token
            return work()
