"""A small application and a browser for it, beside a strict provider."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import urllib3
from flask import Flask, jsonify

from flask_oauth import OAuth, OAuthException
from flask_oauth.testing.strict import StrictProvider

HOME = "http://127.0.0.1:5000"


class Site:
    """An application with one remote app, and the browser of one user.

    :ivar failure: what the last callback raised.
    :ivar answer: what it was given.
    """

    def __init__(self, provider: StrictProvider, transport=None, store=None, **options):
        self.provider = provider
        self.app = Flask(__name__)
        self.app.config.update(SECRET_KEY="for tests alone, and long enough for it", TESTING=True)
        if store:
            self.app.config["OAUTH_TOKEN_STORE"] = store
        self.oauth = OAuth(self.app, transport=transport)
        self.remote = self.oauth.remote_app("corp", **{**provider.settings, **options})
        self.browser = self.app.test_client()
        self.http = urllib3.PoolManager(retries=False, **({"ca_certs": transport._ca_certs} if transport else {}))
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
        return jsonify(name=dict(self.answer.claims).get("sub"))

    def _call(self):
        response = self.remote.get("accounts?limit=3")
        return jsonify(status=response.status, data=response.data)

    def begin(self):
        """Press the button: where the browser is sent."""
        response = self.browser.get("/login", base_url=HOME)
        assert response.status_code == 302, response.text
        return response.headers["Location"]

    def at_provider(self, url):
        """Let the browser go to the provider, which sends it back: the address it is sent to, or the form it posts."""
        response = self.http.request("GET", url, redirect=False)
        text = response.data.decode()
        if response.status == 302:
            return response.headers["Location"], None
        assert response.status == 200, text
        fields = [part.split('"')[1:4:2] for part in text.split("<input")[1:] if 'type="hidden"' in part]
        return None, text if not fields else text

    def come_back(self, location):
        """Follow the redirect back to the application."""
        parts = urlsplit(location)
        return self.browser.get(parts.path, query_string=parts.query, base_url=HOME)

    def sign_in(self):
        """The whole way: the answer of the callback."""
        location, _ = self.at_provider(self.begin())
        return self.come_back(location)

    def call(self):
        """Call the API as the user who is signed in."""
        return self.browser.get("/call", base_url=HOME).json

    @staticmethod
    def query(url):
        return dict(parse_qsl(urlsplit(url).query))
