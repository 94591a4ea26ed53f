"""An application that signs in at the misbehaving provider, driven by hand as a browser would.

``/login`` begins a sign-in, ``/callback`` ends it with ``authorized_response()``,
``/userinfo`` asks who it was, ``/call`` uses the API.  The user of the application
is always ``user-1``, so a sign-in that is accepted stores exactly one token.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import unescape
from typing import Any

import pytest
from flask import Flask
from tests.compat.support import Browser, fetch
from werkzeug.test import TestResponse

from flask_oauth import OAuth, OAuthException
from flask_oauth.errors import RefreshFailed
from flask_oauth.storage import MemoryTokenStore
from flask_oauth.testing.misbehaving import MisbehavingProvider, Misbehaviour
from flask_oauth.transport import Transport, Urllib3Transport

FIELD = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')
ACTION = re.compile(r'action="([^"]*)"')


class Site:
    """The application and one browser.

    :param ask: parameters of ``authorize()``.
    :param changes: keywords of ``remote_app()`` beside those of the provider.
    :ivar accepted: what the callback's view was given, in order.
    """

    def __init__(
        self,
        provider: MisbehavingProvider,
        *,
        ask: Mapping[str, Any] | None = None,
        transport: Transport | None = None,
        **changes: Any,
    ) -> None:
        self.provider = provider
        self.ask = dict(ask or {})
        self.store = MemoryTokenStore()
        self.app = Flask("site")
        self.app.config.update(SECRET_KEY="development key", TESTING=True, OAUTH_TOKEN_STORE=self.store)
        # A transport of its own, so that metadata and keys are fetched anew.
        self.oauth = OAuth(self.app, transport=transport or Urllib3Transport())
        self.oauth.owner_loader(lambda: "user-1")
        self.remote = self.oauth.remote_app("corp", **{**provider.settings, **changes})
        self.accepted: list[Any] = []
        self.app.add_url_rule("/login", "login", self._login)
        self.app.add_url_rule("/callback", "callback", self._callback, methods=["GET", "POST"])
        self.app.add_url_rule("/userinfo", "userinfo", lambda: dict(self.remote.userinfo()))
        self.app.add_url_rule("/call", "call", lambda: self.remote.get("me").data)
        self.browser = Browser(self.app)

    def _login(self) -> Any:
        return self.remote.authorize(callback="http://localhost/callback", **self.ask)

    def _callback(self) -> str:
        self.accepted.append(self.remote.authorized_response())
        return "signed in"

    # -- what a person does -----------------------------------------------------------------------------------

    def go(self, path: str) -> Any:
        """Open a page of the application that answers in JSON."""
        return self.browser.get(path).json

    def begin(self) -> str:
        """Press the button; the provider's address."""
        return self.browser.start("/login")

    def come_back(self, authorization_url: str) -> TestResponse:
        """Open the provider's address and follow it back, by redirect or by form."""
        status, headers, text = fetch(authorization_url)
        if status == 302:
            return self.browser.get(headers["location"].partition("#")[0])
        form = ACTION.search(text)
        assert status == 200, (status, text)
        assert form, text
        pairs = {unescape(name): unescape(value) for name, value in FIELD.findall(text)}
        return self.browser.client.post(unescape(form[1]), base_url="http://localhost", data=pairs)

    def sign_in(self) -> Any:
        """A whole sign-in that is accepted; what the view was given."""
        assert self.come_back(self.begin()).text == "signed in"
        return self.accepted[-1]

    def stored(self) -> list[tuple[str, bytes]]:
        """What the token store holds."""
        return [(repr(record.key), record.sealed) for record in self.store.keys().records]

    @contextmanager
    def refused(self) -> Iterator[pytest.ExceptionInfo[OAuthException]]:
        """The block must raise, call no view and store nothing."""
        stored, held, views = self.stored(), self.browser.session(), len(self.accepted)
        with pytest.raises(OAuthException) as caught:
            yield caught
        assert self.stored() == stored
        assert self.browser.session() == held
        assert len(self.accepted) == views


def documented(error: OAuthException) -> OAuthException:
    """The error that says what was wrong: for a refresh, the cause of :class:`RefreshFailed`."""
    if isinstance(error, RefreshFailed):
        assert isinstance(error.__cause__, OAuthException)
        return error.__cause__
    return error


def assert_refused_as(error: OAuthException, wrong: Misbehaviour) -> None:
    """The class, the code and the hint that the table says."""
    error = documented(error)
    assert (error.code, type(error)) == (wrong.code, wrong.error), (error, error.expected, error.got)
    assert error.hint
