"""A person with a browser, at an application with ready-made sign-in and at the development provider.

The application is called through Flask's test client, the provider over HTTP, as in a browser: cookies are kept, forms
are read from the pages, redirects are followed by hand where a test wants to look between.
"""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from flask import Flask
from werkzeug.test import TestResponse

from flask_oauth import OAuth
from flask_oauth.development.browser import Browser

HOME = "http://localhost"
REFRESH = re.compile(r'<meta http-equiv=refresh content="0; url=([^"]*)">')
FORM = re.compile(r'<form method="post" action="([^"]*)">(.*?)</form>', re.DOTALL)
FIELD = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')
BUTTON = re.compile(r"<button[^>]*>(.*?)</button>", re.DOTALL)


def make_app(provider: str, *, oauth: OAuth | None = None, **config: Any) -> Flask:
    """An application with one provider, a page for everybody and one for users."""
    app = Flask("site")
    app.config.update(SECRET_KEY="a key for tests", TESTING=True, **config)
    oauth = oauth or OAuth(app)
    if "corp" not in oauth.remote_apps:
        oauth.remote_app("corp", **corp(provider))
    app.register_blueprint(oauth.blueprint, url_prefix="/auth")
    add_pages(app, oauth)
    return app


def corp(provider: str) -> dict[str, Any]:
    """The options of a remote app at the development provider."""
    return {
        "issuer": provider,
        "client_id": "demo",
        "client_secret": "demo-secret",
        "scope": "openid email profile",
        "base_url": f"{provider}/api/",
    }


def add_pages(app: Flask, oauth: OAuth) -> None:
    @app.get("/")
    def everybody() -> str:
        return f"Hello {oauth.user.name if oauth.user else 'stranger'}"

    @app.get("/members")
    @oauth.login_required
    def members() -> str:
        return f"Hello {oauth.require_user().name}"


class Visitor:
    """A person with a browser of their own.

    :param app: the application.
    :param person: who they are at the provider.
    """

    def __init__(self, app: Flask, person: str = "alice", home: str = HOME, **headers: str) -> None:
        self.client = app.test_client()
        self.person = person
        self.home = home
        self.headers = headers
        self.at_provider = Browser(stop_before=f"{home}/")

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(urljoin(self.home, path), base_url=self.home, headers={**self.headers, **headers})

    def post(self, path: str, data: Any = None, **headers: str) -> TestResponse:
        url = urljoin(self.home, path)
        return self.client.post(url, base_url=self.home, data=data, headers={**self.headers, **headers})

    def follow(self, response: TestResponse) -> TestResponse:
        """Go on within the application, over redirects and pages that lead on."""
        for _ in range(6):
            target = led_to(response)
            if target is None or not urljoin(self.home, target).startswith(self.home):
                return response
            response = self.get(target)
        raise AssertionError(f"a circle at {response.request.path}")

    def open(self, path: str, **headers: str) -> TestResponse:
        return self.follow(self.get(path, **headers))

    def press(self, page: TestResponse, words: str) -> TestResponse:
        """Press the button with these words."""
        for action, content in FORM.findall(page.text):
            button = BUTTON.search(content)
            if button and words in html.unescape(button[1]):
                fields = {name: html.unescape(value) for name, value in FIELD.findall(content)}
                return self.post(html.unescape(action), fields, Origin=self.home)
        raise AssertionError(f"no button {words!r} in {page.text}")

    def begin(self, next_url: str | None = None, name: str = "corp") -> str:
        """Press the button of a provider; the provider's address."""
        fields = {"next": next_url} if next_url else {}
        response = self.post(f"/auth/login/{name}", fields, Origin=self.home)
        target = led_to(response)
        assert target is not None, (response.status_code, response.text)
        return target

    def consent(self, address: str, decision: str = "allow") -> str:
        """Be oneself at the provider and answer its question; the callback's address."""
        if decision not in ("allow", "refuse"):
            self.at_provider.cookies.clear()  # what goes wrong is chosen where a person is
        page = self.at_provider.open(address)
        if "choice" in page.text:
            choice = self.person if decision in ("allow", "refuse") else decision
            page = self.at_provider.press(page, choice)
        if not page.url.startswith(f"{self.home}/"):
            page = self.at_provider.press(page, decision)
        return page.url

    def sign_in(self, next_url: str | None = None, name: str = "corp") -> TestResponse:
        """The whole way; the answer of the callback."""
        return self.get(self.consent(self.begin(next_url, name)))

    @property
    def session(self) -> dict[str, Any]:
        with self.client.session_transaction(base_url=self.home) as held:
            return dict(held)

    def name_at(self, path: str = "/") -> str:
        return self.get(path).text


def led_to(response: TestResponse) -> str | None:
    """Where a response leads by itself."""
    if response.status_code in (301, 302, 303):
        return response.headers["Location"]
    refresh = REFRESH.search(response.text)
    return html.unescape(refresh[1]) if refresh else None


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
