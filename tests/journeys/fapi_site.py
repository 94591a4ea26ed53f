"""A small application and the browser of one user, beside a strict provider."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import parse_qsl, urlsplit

import urllib3
from flask import Flask, jsonify

from flask_oauth import OAuth, OAuthException
from flask_oauth.transport import Urllib3Transport

HOME = "http://127.0.0.1:5000"


class _Form(HTMLParser):
    def __init__(self):
        super().__init__()
        self.action, self.fields = "", {}

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag == "form":
            self.action = values["action"]
        if tag == "input":
            self.fields[values["name"]] = values["value"]


class Site:
    """An application with one remote app, and the browser of one user.

    :ivar parameters: what the next sign-in gives to ``authorize()``.
    :ivar failure: what the last callback raised.
    :ivar answer: what it was given.
    """

    def __init__(self, provider, transport=None, ca_certs=None, **options):
        self.provider = provider
        self.app = Flask(__name__)
        self.app.config.update(SECRET_KEY="for tests alone, and long enough for it", TESTING=True)
        # A transport of its own, and with it a cache: ports are used again by other tests' providers.
        self.oauth = OAuth(self.app, transport=transport or Urllib3Transport())
        self.remote = self.oauth.remote_app("corp", **{**provider.settings, **options})
        self.browser = self.app.test_client()
        self.http = urllib3.PoolManager(retries=False, ca_certs=ca_certs)
        self.failure = self.answer = None
        self.parameters = {}
        self.app.add_url_rule("/login", view_func=self._login)
        self.app.add_url_rule("/callback", view_func=self._callback, methods=["GET", "POST"])
        self.app.add_url_rule("/call", view_func=self._call)

    def _login(self):
        return self.remote.authorize(callback=f"{HOME}/callback", **self.parameters)

    def _callback(self):
        try:
            self.answer = self.remote.authorized_response()
        except OAuthException as error:
            self.failure = error
            return jsonify(error=error.code), 400
        return jsonify(sub=self.answer.claims.get("sub"))

    def _call(self):
        response = self.remote.get("accounts?limit=3")
        return jsonify(status=response.status, data=response.data)

    def begin(self):
        """Press the button: where the browser is sent."""
        response = self.browser.get("/login", base_url=HOME)
        assert response.status_code == 302, response.text
        return response.headers["Location"]

    def at_provider(self, url):
        """Let the browser go to the provider, which sends it back: method, address and form."""
        response = self.http.request("GET", url, redirect=False)
        if response.status == 302:
            return "GET", response.headers["Location"], {}
        assert response.status == 200, response.data
        form = _Form()
        form.feed(response.data.decode())
        return "POST", form.action, form.fields

    def come_back(self, method, location, form=None):
        """Follow the provider's answer back to the application."""
        parts = urlsplit(location)
        return self.browser.open(parts.path, method=method, query_string=parts.query, data=form, base_url=HOME)

    def sign_in(self):
        """The whole way: the answer of the callback."""
        return self.come_back(*self.at_provider(self.begin()))

    def call(self):
        """Call the API as the user who is signed in."""
        return self.browser.get("/call", base_url=HOME).json


def query(url):
    """The parameters of a URL."""
    return dict(parse_qsl(urlsplit(url).query))
