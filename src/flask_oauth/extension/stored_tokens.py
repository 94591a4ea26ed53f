"""Tokens that the extension keeps itself: whose they are, and how they are loaded, refreshed and given up.

A ``tokengetter`` always wins; none of this happens then.  Records are keyed by
(remote app, issuer, owner, label).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from flask import Flask, current_app, has_request_context

from ..errors import ConfigurationError, StoreError, TokenMissing
from ..protocol.http import Headers, HTTPResponse, origin
from ..protocol.token import Token
from . import signals
from .answers import as_token
from .state import app_in_reach, current_state

if TYPE_CHECKING:
    from ..client.refresh import RefreshCoordinator
    from ..storage import RecordKey
    from .calls import ApiCalls
    from .remote_app import OAuthRemoteApp

#: Where the session keeps who signed in (see :mod:`.identity`).
USER = "_oauth_user"
#: Seconds before its end at which a token of a tokengetter is refreshed, if there is a tokensetter.
EARLY = 60.0


def record_key(remote: ApiCalls, owner: Any = None, label: str = "") -> RecordKey:
    """The name of a record.

    :param owner: the application's user; ``None`` for the one of this request.
    :param label: tells several accounts of one owner apart.
    :raises StoreError: it is not known whose token it would be (``store_no_owner``).
    """
    from ..storage import RecordKey

    if owner is None:
        owner = current_owner(remote)
    if owner is None:
        raise StoreError(f"It is not known whose token of {remote.name!r} is meant", code="store_no_owner")
    return RecordKey(remote.name, place_of(remote), str(owner), label)


def place_of(remote: ApiCalls) -> str:
    """The issuer, or where tokens come from: a remote app that is pointed elsewhere does not find the old tokens."""
    if remote.issuer:
        return remote.issuer
    scheme, host, port = origin(remote.expand_url(remote.access_token_url or remote.base_url or ""))
    return f"{scheme}://{host}:{port}" if host else ""


def current_owner(remote: ApiCalls) -> str | None:
    """Whose tokens this request works with: the owner_loader's answer, Flask-Login's user, or who signed in here."""
    loader = remote.oauth.owner_loader_func if remote.oauth is not None else None
    if loader is None and current_state().token_store is None:
        return _session_owner() if has_request_context() else None
    return application_user(remote)


def application_user(remote: ApiCalls) -> str | None:
    """The application's user at work: the owner_loader's answer, Flask-Login's user, or who signed in here."""
    if remote.oauth is not None and remote.oauth.owner_loader_func is not None:
        owner = remote.oauth.owner_loader_func()
        return None if owner is None else str(owner)
    if hasattr(current_app, "login_manager"):
        from flask_login import current_user

        if current_user and current_user.is_authenticated:
            return str(current_user.get_id())
    from . import identity

    signed_in = identity.current()
    return signed_in.owner if signed_in else None


def _session_owner() -> str:
    from .session_store import session_owner

    return session_owner()


def coordinator() -> RefreshCoordinator:
    """The refresh coordinator of the application at work."""
    return current_state().coordinator


def call_with_stored_token(
    remote: ApiCalls, key: RecordKey, method: str, url: str, headers: Headers, body: bytes | None
) -> HTTPResponse:
    """A call with a stored token: refreshed before it ends, and once after the API says ``invalid_token``.

    :raises TokenMissing: there is none; ``ReauthorizationRequired`` where it cannot be refreshed.
    """
    tokens = coordinator()
    token = tokens.fresh(key, remote._refresh)
    response = remote._call(method, url, headers, body, token)
    if response.status == 401 and token.refresh_token and says_invalid_token(response):
        token = tokens.after_refusal(key, token, remote._refresh)
        response = remote._call(method, url, headers, body, token)
    return response


def says_invalid_token(response: HTTPResponse) -> bool:
    """Whether an API refused the token and not the call (RFC 6750 §3.1; OAuth Problem Reporting for OAuth 1.0a)."""
    from ..protocol.oauth2.resource import find_challenge

    challenge = find_challenge(response.headers, "bearer", "dpop", "oauth")
    if challenge is None:
        return False
    return challenge.error == "invalid_token" or challenge.parameters.get("oauth_problem") == "token_expired"


def remember(remote: OAuthRemoteApp, token: Token) -> None:
    """Keep the token of a sign-in, where the program does not do so itself and it is known whose it is."""
    if remote.tokensetter_func is not None:
        remote.tokensetter_func(token)
    elif remote.tokengetter_func is None and current_owner(remote) is not None:
        save(remote, token)


def save(remote: ApiCalls, token: Any, owner: Any = None, label: str = "") -> None:
    """Keep a token.

    :raises StoreError: the store does not answer, the session is full, or the owner is not known.
    """
    value = as_token(token, now=time.time())
    if value is None:
        raise TokenMissing("There is no token to keep")
    coordinator().keeper.save(record_key(remote, owner, label), value)


def load(remote: ApiCalls, owner: Any = None, label: str = "") -> Token | None:
    """The token as it is kept, not refreshed."""
    held = coordinator().keeper.load(record_key(remote, owner, label))
    return held.token if held else None


def disconnect(remote: ApiCalls, owner: Any = None, label: str = "") -> dict[str, str]:
    """Forget a token here, then revoke it at the provider (RFC 7009), best effort.

    :returns: what came of it, by kind of token; empty if there was none.
    """
    key = record_key(remote, owner, label)
    keeper = coordinator().keeper
    held = keeper.load(key)
    keeper.delete(key)
    if held is None or remote.request_token_url:
        return {}
    outcome = remote._oauth2().revoke(held.token)
    signals.send(signals.token_revoked, remote_app=remote.name, outcome=outcome)
    return outcome


@contextmanager
def application_context(remote: ApiCalls) -> Iterator[Flask]:
    """An application context, pushed if there is none: for a worker or a script.

    :raises ConfigurationError: it is not known for which application (``config_no_app``).
    """
    app = app_in_reach(remote.oauth)
    if app is None:
        raise ConfigurationError("There is no application context, and not one application alone", code="config_no_app")
    if current_app:
        yield app
        return
    with app.app_context():
        yield app


# -- tokengetter and tokensetter: the program keeps the tokens, the extension refreshes them ----------------------


class _Lock:
    """A lock that can be held weakly."""

    def __init__(self) -> None:
        self.lock = threading.Lock()


_refreshing: WeakValueDictionary[tuple[str, str], _Lock] = WeakValueDictionary()
_refreshing_lock = threading.Lock()


def refreshed_by_program(remote: ApiCalls, token: Token, ask: Callable[[], Token | None], *argument: Any) -> Token:
    """The token of a tokengetter, refreshed through the tokensetter if it is about to end.

    One thread of this process refreshes; the others ask the tokengetter again.
    """
    if remote.tokensetter_func is None or not token.refresh_token or not token.expires_within(EARLY, time.time()):
        return token
    with _refreshing_lock:
        holder = _refreshing.setdefault((remote.name, token.refresh_token), _Lock())
    with holder.lock:
        current = ask()
        if current is not None and current.access_token != token.access_token:
            return current
        new = remote._refresh(token)
        remote.tokensetter_func(new, *argument)
        return new
