"""Sign somebody in at an application under test, in one line, through its real views and the real checks.

::

    with oauth_stage() as stage:
        stage.sign_in(client, "github", sub="42", name="Alice")
        assert b"Hello Alice" in client.get("/").data

With pytest the fixtures ``oauth_sign_in``, ``oauth_deny`` and ``oauth_fail`` do
the same and end with the test.  Only what would go over the network is answered
from memory; everything else is the application's own.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

from ..error_codes import EXPLANATIONS, ErrorCode
from .counterpart import Counterpart
from .failures import CALLBACKS, Spoilt, provoke

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from ..extension.oauth import OAuth
    from ..extension.remote_app import OAuthRemoteApp
    from .transport import ScriptedTransport

#: What stands in for credentials that the test's configuration does not have.
CLIENT_ID: Final = "client-of-the-test"
CLIENT_SECRET: Final = "client-secret-of-the-test-with-32-bytes"  # noqa: S105 - of no real client


RIGHT: Final = Spoilt()


class SignInFailedError(AssertionError):
    """The application did not sign the person in."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a sign-in.

    :param response: the application's answer to the callback, redirects not followed.
    :param asked: the parameters of the authorization request.
    :param transport: answers for the provider until the test ends; script the calls of its API here.
    """

    response: TestResponse
    asked: Mapping[str, str]
    transport: ScriptedTransport


@dataclass(slots=True)
class Stage:
    """Sign-ins of one test; what they changed is undone when it ends.  See :func:`oauth_stage`."""

    _undo: ExitStack = field(default_factory=ExitStack)

    def sign_in(
        self,
        client: FlaskClient,
        remote_app: str,
        /,
        *,
        sub: str = "1",
        next: str | None = None,
        start: str | None = None,
        token: Mapping[str, Any] | None = None,
        **claims: Any,
    ) -> Outcome:
        """Sign somebody in.

        :param client: the application's test client; its cookies are those of the person afterwards.
        :param remote_app: its name.
        :param sub: who it is; with the issuer it says which account.
        :param next: where they want to go.
        :param start: the path that starts the sign-in, for an application with views of its own.
        :param token: further members of the token answer: ``scope``, ``expires_in``, ``screen_name``, …
        :param claims: what the provider says of them: ``name``, ``email``, ``email_verified``, …
        :raises SignInFailedError: they are not signed in; it says why.
        """
        walk = self._walk(client, remote_app, {"sub": sub, **claims}, token or {})
        outcome = walk.go(start, next)
        if start is None:
            walk.check_signed_in(outcome)
        elif outcome.response.status_code >= 400:
            raise SignInFailedError(
                f"{start} led to {outcome.response.status}: {outcome.response.get_data(True)[:300]}"
            )
        return outcome

    def deny(self, client: FlaskClient, name: str, *, next: str | None = None, start: str | None = None) -> Outcome:
        """Let somebody say no at the provider; the parameters are those of :meth:`sign_in`."""
        walk = self._walk(client, name, {"sub": "1"}, {})
        return walk.go(start, next, Spoilt(CALLBACKS["access_denied"]))

    def fail(
        self,
        client: FlaskClient,
        name: str,
        code: ErrorCode,
        *,
        next: str | None = None,
        start: str | None = None,
    ) -> Outcome:
        """Let a sign-in fail.

        :param code: the error's code (``flask oauth explain`` lists them).  Where it can be brought about by an answer
            it is; any other is raised where the provider is asked for the token.
        :raises OAuthException: what the application does not handle, as in any test.
        """
        if code not in EXPLANATIONS:
            raise ValueError(f"There is no error code {code!r}; see `flask oauth explain`")
        walk = self._walk(client, name, {"sub": "1"}, {})
        return walk.go(start, next, provoke(code, walk.counterpart))

    def _walk(self, client: FlaskClient, name: str, claims: dict[str, Any], token: Mapping[str, Any]) -> _Walk:
        app = client.application
        oauth: OAuth | None = app.extensions.get("oauth")
        if oauth is None:
            raise SignInFailedError("No OAuth object is bound to the application: call oauth.init_app(app)")
        with app.app_context():
            remote = oauth.find_remote_app(name)
            if remote is None:
                raise SignInFailedError(f"There is no remote app {name!r}; there are: {', '.join(oauth.remote_apps)}")
            counterpart = self._undo.enter_context(_acted_for(remote, claims, token))
        return _Walk(client, app, remote, counterpart)

    def close(self) -> None:
        """Undo what was changed."""
        self._undo.close()


@contextmanager
def oauth_stage() -> Iterator[Stage]:
    """Sign people in for the time of a ``with`` block."""
    stage = Stage()
    try:
        yield stage
    finally:
        stage.close()


@contextmanager
def _acted_for(remote: OAuthRemoteApp, claims: dict[str, Any], token: Mapping[str, Any]) -> Iterator[Counterpart]:
    """Answer for the provider of a remote app; its transport and its credentials come back at the end."""
    before = (remote._transport, remote._consumer_key, remote._consumer_secret)
    if not remote.client_id:
        remote._consumer_key = CLIENT_ID
    if not remote.client_secret:
        remote._consumer_secret = CLIENT_SECRET
    counterpart = Counterpart(
        remote, claims, token, client_id=remote.client_id or "", client_secret=remote.client_secret or ""
    )
    remote._transport = counterpart.transport
    try:
        counterpart.open()
        yield counterpart
    finally:
        remote._transport, remote._consumer_key, remote._consumer_secret = before


@dataclass(slots=True)
class _Walk:
    """One way from the button to the page after the sign-in."""

    client: FlaskClient
    app: Flask
    remote: OAuthRemoteApp
    counterpart: Counterpart

    def go(self, start: str | None, next_url: str | None, spoilt: Spoilt = RIGHT) -> Outcome:
        url = self._leave(start, next_url)
        self.counterpart.take(dict(parse_qsl(urlsplit(url).query)))
        given = {name: value for name, value in spoilt.callback.items() if value}
        missing = spoilt.callback.keys() - given.keys()
        with self.app.app_context():
            parameters = self.counterpart.callback(missing, **given)
        if spoilt.other_browser:
            self.client = self.app.test_client()
        return Outcome(self._come_back(parameters), self.counterpart.asked, self.counterpart.transport)

    def _leave(self, start: str | None, next_url: str | None) -> str:
        """The URL that the application sends the user to."""
        response = self.client.get(start or self._start_path(next_url))
        if start is None and response.status_code == 200 and not _refresh(response):
            form = _Form.of(response.get_data(as_text=True))
            response = self.client.post(response.request.path, data=form)
        url = response.headers.get("Location") or _refresh(response)
        if not url or not urlsplit(url).netloc:
            raise SignInFailedError(f"{response.request.path} did not lead to the provider: {_shown(response)}")
        return url

    def _start_path(self, next_url: str | None) -> str:
        from ..extension import addresses

        if self.app not in addresses.mounted:
            raise SignInFailedError(
                "The sign-in pages are not part of the application: register oauth.blueprint, or give start= the path "
                "of the view that begins the sign-in"
            )
        with self.app.test_request_context():
            path = addresses.start_url(self.remote.name)
        query = f"?next={next_url}" if next_url else ""
        return self._inside(path) + query

    def _come_back(self, parameters: Mapping[str, str]) -> TestResponse:
        redirect_uri = self.counterpart.asked.get("redirect_uri", "")
        if not urlsplit(redirect_uri).netloc:  # a provider that calls it by a name (eBay)
            from ..extension import addresses

            with self.app.test_request_context():
                redirect_uri = addresses.callback_url(self.remote.name)
        parts = urlsplit(redirect_uri)
        path = self._inside(parts.path)
        own = dict(parse_qsl(parts.query))
        if self.counterpart.asked.get("response_mode", "").startswith("form_post"):
            return self.client.post(path, query_string=own, data=parameters)
        return self.client.get(path, query_string={**own, **parameters})

    def _inside(self, path: str) -> str:
        """A path as the test client wants it: below the application's root."""
        return path.removeprefix((self.app.config.get("APPLICATION_ROOT") or "/").rstrip("/"))

    def check_signed_in(self, outcome: Outcome) -> None:
        from ..extension.completing import HELD
        from ..extension.stored_tokens import USER

        with self.client.session_transaction() as session:
            if USER in session or HELD in session:
                return
        raise SignInFailedError(f"Nobody is signed in after the callback: {_shown(outcome.response)}")


def _shown(response: TestResponse) -> str:
    """A response for an error message."""
    return f"{response.status} {' '.join(response.get_data(as_text=True).split())[:500]}"


def _refresh(response: TestResponse) -> str:
    """Where a page leads on to by itself."""
    if response.mimetype != "text/html":
        return ""
    found = re.search(r"http-equiv=.?refresh.? content=\"0; url=([^\"]+)\"", response.get_data(as_text=True))
    return html.unescape(found[1]) if found else ""


class _Form(HTMLParser):
    """The hidden fields of a page: where to go on, and a token against forged forms."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}

    @classmethod
    def of(cls, page: str) -> dict[str, str]:
        reader = cls()
        reader.feed(page)
        return reader.fields

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "input" and values.get("type") == "hidden" and values.get("name"):
            self.fields[str(values["name"])] = values.get("value") or ""
