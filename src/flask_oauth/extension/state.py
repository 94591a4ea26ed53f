"""What belongs to one Flask application, and what belongs to one request.

An ``OAuth`` object keeps nothing of either: it may serve many applications, and
old programs make one without ever binding it.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from flask import Flask, current_app, has_app_context, request

from ..errors import ConfigurationError
from ..transport import Transport, shared_transport

if TYPE_CHECKING:
    from ..client.cache import ServerCache
    from ..client.refresh import RefreshCoordinator
    from ..client.transaction import Transaction
    from ..storage import KeyRing, TokenStore
    from .flows import Failure
    from .identity import SignedIn
    from .oauth import OAuth
    from .pending import FlowCookie
    from .session_store import SessionTokenStore


class AppState:
    """The keys, the token store and the transport of one application, each made when it is first needed.

    :param app: the application; only its configuration is kept.
    """

    def __init__(self, app: Flask) -> None:
        self._config = app.config
        self._lock = threading.Lock()
        self._store: tuple[Any, TokenStore | None] | None = None
        self._coordinator: RefreshCoordinator | None = None

    @property
    def flow_keys(self) -> KeyRing:
        """What seals pending sign-ins.

        :raises ConfigurationError: the application has no ``SECRET_KEY``.
        """
        return _derived(self._secret_keys(), "pending sign-ins")

    @property
    def token_keys(self) -> KeyRing:
        """What seals stored tokens: ``OAUTH_ENCRYPTION_KEYS``, or derived from ``SECRET_KEY``."""
        own = self._config.get("OAUTH_ENCRYPTION_KEYS")
        if not own:
            return _derived(self._secret_keys(), "tokens")
        return _ring(tuple(own.replace(",", " ").split()) if isinstance(own, str) else tuple(own))

    @property
    def token_store(self) -> TokenStore | None:
        """The token store that ``OAUTH_TOKEN_STORE`` names; ``None`` without one."""
        setting = self._config.get("OAUTH_TOKEN_STORE")
        if setting is None:
            return None
        if self._store is None or self._store[0] is not setting:
            with self._lock:
                if self._store is None or self._store[0] is not setting:
                    from ..storage import store_from_url

                    self._store = (setting, store_from_url(setting) if isinstance(setting, str) else setting)
        return self._store[1]

    @functools.cached_property
    def _session_store(self) -> SessionTokenStore:
        from .session_store import SessionTokenStore

        return SessionTokenStore()

    @property
    def coordinator(self) -> RefreshCoordinator:
        """What hands out stored tokens, refreshed once for all; over the session where there is no store."""
        store = self.token_store or self._session_store
        made = self._coordinator
        # The keys or the store may have been set since.
        if made is None or made.keeper.store is not store or made.keeper.keys is not self.token_keys:
            from ..client.refresh import RefreshCoordinator
            from ..client.token_keeper import TokenKeeper

            with self._lock:
                made = self._coordinator = RefreshCoordinator(
                    TokenKeeper(store, self.token_keys),
                    early=self._config.get("OAUTH_REFRESH_EARLY", 60.0),
                    lease_seconds=self._config.get("OAUTH_REFRESH_LEASE", 10.0),
                )
        return made

    @functools.cached_property
    def transport(self) -> Transport:
        """The process's transport, or one of its own where the application sets timeouts."""
        connect = self._config.get("OAUTH_CONNECT_TIMEOUT", 5.0)
        read = self._config.get("OAUTH_READ_TIMEOUT", 30.0)
        if (connect, read) == (5.0, 30.0):
            return shared_transport()
        from ..transport import Urllib3Transport

        return Urllib3Transport(connect_timeout=connect, read_timeout=read)

    def _secret_keys(self) -> tuple[str | bytes, ...]:
        key = self._config.get("SECRET_KEY")
        return (key, *(self._config.get("SECRET_KEY_FALLBACKS") or ())) if key else ()


@functools.lru_cache(maxsize=32)
def _derived(secret_keys: tuple[str | bytes, ...], purpose: str) -> KeyRing:
    from ..storage import KeyRing

    return KeyRing.derive(secret_keys, purpose)


@functools.lru_cache(maxsize=32)
def _ring(keys: tuple[str | bytes, ...]) -> KeyRing:
    from ..storage import KeyRing

    return KeyRing(keys)


_STATE: Final = "oauth state"
_states_lock = threading.Lock()


def state_of(app: Flask) -> AppState:
    """The state of an application."""
    known: AppState | None = app.extensions.get(_STATE)
    if known is not None:
        return known
    with _states_lock:
        made: AppState = app.extensions.setdefault(_STATE, AppState(app))
    return made


def current_state() -> AppState:
    """The state of the application at work.

    :raises ConfigurationError: there is none (``config_no_app``).
    """
    if not has_app_context():
        raise ConfigurationError("There is no application context", code="config_no_app")
    return state_of(current_app._get_current_object())  # type: ignore[attr-defined]


@dataclass(slots=True)
class RequestState:
    """What this extension knows about one request; lives in the request itself.

    Not in ``g``: under an application context that was pushed around a server or a test, all requests have one ``g``,
    and one browser would be taken to have brought the cookies of another.

    :param kept: cookies of pending sign-ins that this request sets.
    :param brought: those that it brought, once somebody has looked.
    :param guarded: whether its answer is kept out of caches and Referer fields.
    :param answering: the sign-ins whose answers this request handles, by remote app.
    :param subjects: who signed in by those answers, by remote app.
    :param session_value: what the session said of who is signed in, when it was last read.
    :param signed_in: who that is.
    :param failure: the sign-in that failed in this request.
    """

    kept: dict[str, FlowCookie] = field(default_factory=dict)
    brought: dict[str, FlowCookie] | None = None
    guarded: bool = False
    answering: dict[str, Transaction] = field(default_factory=dict)
    subjects: dict[str, str] = field(default_factory=dict)
    session_value: Any = None
    signed_in: SignedIn | None = None
    failure: Failure | None = None


def request_state() -> RequestState:
    """The state of the request at work."""
    here = request._get_current_object()  # type: ignore[attr-defined] # one look-up for three
    state: RequestState | None = here.__dict__.get("_oauth")
    if state is None:
        state = here.__dict__["_oauth"] = RequestState()
    return state


def transport_in_reach(oauth: OAuth | None) -> Transport:
    """The transport of an ``OAuth`` object, of the application at work, or of the process."""
    if oauth is not None and oauth.transport is not None:
        return oauth.transport
    app = app_in_reach(oauth)
    return state_of(app).transport if app is not None else shared_transport()


def config_in_reach(oauth: OAuth | None) -> Mapping[str, Any]:
    """The configuration of the application at work; empty where there is none (a worker without Flask)."""
    app = app_in_reach(oauth)
    return app.config if app is not None else {}


def app_in_reach(oauth: OAuth | None) -> Flask | None:
    """The application at work, or the only one that an ``OAuth`` object was bound to."""
    try:
        return current_app._get_current_object()  # type: ignore[attr-defined, no-any-return]
    except RuntimeError:  # there is none; asking first would take twice as long
        return oauth.only_app() if oauth is not None else None


_caches: WeakKeyDictionary[Transport, ServerCache] = WeakKeyDictionary()


def cache_for(transport: Transport) -> ServerCache:
    """The servers' metadata and keys as this transport has fetched them: one cache for a process."""
    cache = _caches.get(transport)
    if cache is None:
        from ..client.cache import ServerCache

        with _states_lock:
            cache = _caches.setdefault(transport, ServerCache(transport))
    return cache
