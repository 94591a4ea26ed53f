"""The application that a command works on, and what in it belongs to us."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

import click
from flask import Flask
from flask.cli import NoAppException, ScriptInfo

from .output import did_you_mean, fail

if TYPE_CHECKING:
    from ..client.token_keeper import TokenKeeper
    from ..extension.oauth import OAuth
    from ..extension.remote_app import OAuthRemoteApp


def load_app() -> Flask:
    """The application that ``flask`` was pointed at.

    :raises Exception: whatever keeps it from loading.
    """
    return click.get_current_context().ensure_object(ScriptInfo).load_app()


def why_not(error: Exception) -> str:
    """Why an application does not load, in a line or, for an import that fails, with its traceback."""
    if isinstance(error, NoAppException):
        return error.format_message()
    return f"{type(error).__name__}: {error}"


class application:
    """The application with its context; what keeps it from loading, and our own errors, become messages."""

    def __enter__(self) -> Flask:
        try:
            app = load_app()
        except Exception as error:
            fail(f"The application does not load. {why_not(error)}")
        self._context = app.app_context()
        self._context.push()
        return app

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        from ..errors import OAuthException

        self._context.pop()
        if isinstance(error, OAuthException):
            fail(f"{error}\n  {error.code}: {error.hint}")


def oauth_of(app: Flask) -> OAuth:
    """The ``OAuth`` object that is bound to an application."""
    oauth: OAuth | None = app.extensions.get("oauth")
    if oauth is None:
        fail("No OAuth object is bound to this application; call oauth.init_app(app) or OAuth(app).")
    return oauth


def remote_of(app: Flask, name: str) -> OAuthRemoteApp:
    """A remote app of the application by its name."""
    known = oauth_of(app).remote_apps
    if name not in known:
        fail(f"There is no remote app {name!r}.{did_you_mean(name, known)}")
    return known[name]


def callback_of(app: Flask, name: str) -> str | None:
    """The callback URL of a remote app as it must be registered; ``None`` if the sign-in pages are not in use.

    Where ``OAUTH_EXTERNAL_URL`` is not set it is the address at which ``flask run`` serves the application.
    """
    from ..errors import ConfigurationError
    from ..extension import addresses

    host = app.config.get("SERVER_NAME") or "127.0.0.1:5000"
    root = (app.config.get("APPLICATION_ROOT") or "/").rstrip("/")
    with app.test_request_context(base_url=f"{app.config['PREFERRED_URL_SCHEME']}://{host}{root}"):
        try:
            return addresses.callback_url(name)
        except ConfigurationError:
            return None


def keeper() -> TokenKeeper:
    """What keeps the application's tokens, in its store."""
    from ..extension.state import current_state

    state = current_state()
    if state.token_store is None:
        fail("No token store is set: tokens live in the users' sessions. Set OAUTH_TOKEN_STORE.")
    return state.coordinator.keeper
