"""The registry of remote applications, and its binding to Flask applications."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakSet

from flask import Flask

from ..errors import ConfigurationError, DuplicateRemoteAppError
from ..providers import get as get_preset
from ..providers import nearest
from . import stand_in
from .config import apply_defaults, config_key
from .face import SignInFace
from .options import RemoteAppOptions
from .remote_app import OAuthRemoteApp
from .state import cache_for, transport_in_reach
from .unknown_keys import warn_about_misspelt

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..client.registration import RegistrationClient
    from ..transport import Transport

F = TypeVar("F", bound=Callable[..., Any])


class OAuth(SignInFace):
    """Registry for remote applications.

    Make one for the whole program, also before an application exists; bind it
    with :meth:`init_app` to as many as there are.  Unbound it works too, as in
    2010: everything that is needed is then taken from the application at work.

    :param app: an application to bind to at once.
    :param transport: sends every request, instead of the process's own transport.
    """

    #: The registered remote applications by name.
    remote_apps: dict[str, OAuthRemoteApp]

    def __init__(self, app: Flask | None = None, *, transport: Transport | None = None) -> None:
        self.remote_apps = {}
        self.transport = transport
        #: The function that says whose tokens a request works with, or ``None``.
        self.owner_loader_func: Callable[[], Any] | None = None
        self._apps: WeakSet[Flask] = WeakSet()
        #: Names of remote apps that OAUTH_PROVIDERS registered, and of those without an address so far.
        self._configured: set[str] = set()
        self._unplaced: set[str] = set()
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Bind to an application: its settings get their defaults, and ``app.extensions["oauth"]`` is this object.

        :raises ConfigurationError: another ``OAuth`` object is bound to it, or a setting has a wrong value.
        """
        bound = app.extensions.get("oauth")
        if bound is not None:
            raise AlreadyBoundError(
                "An 'OAuth' instance has already been registered on this Flask app", code="config_already_bound"
            )
        apply_defaults(app)
        app.extensions["oauth"] = self
        app.shell_context_processor(lambda: {"oauth": self})
        self._apps.add(app)
        with app.app_context():
            self._register_configured(app.config["OAUTH_PROVIDERS"])
            for name in tuple(self._unplaced):
                self._check_place(self.remote_apps[name])
        warn_about_misspelt(app.config, self.remote_apps)
        stand_in.announce(app)

    def remote_app(self, name: str, register: bool = True, **options: Unpack[RemoteAppOptions]) -> OAuthRemoteApp:
        """Make a remote application and register it.

        :param name: its name; ``oauth.NAME`` is the remote application then.
        :param register: whether it is put into :attr:`remote_apps`.
        :param options: see :class:`.OAuthRemoteApp`.
        :raises DuplicateRemoteAppError: the name is taken; an ``AssertionError`` too.
        :raises ConfigurationError: an option is wrong.
        """
        if register:
            self._check_name(name)
        app = OAuthRemoteApp(self, name, **options)
        self._check_place(app)
        if register:
            self.remote_apps[name] = app
        return app

    def _register_configured(self, named: str | Collection[str] | None) -> None:
        """Register what ``OAUTH_PROVIDERS`` names and the program has not registered."""
        for name in named.replace(",", " ").split() if isinstance(named, str) else named or ():
            if not isinstance(name, str):
                raise ConfigurationError(
                    "OAUTH_PROVIDERS holds something else than names",
                    code="config_setting",
                    expected="names of remote apps",
                    got=type(name).__name__,
                )
            if name not in self.remote_apps:
                self.remote_app(name)
                self._configured.add(name)

    def _check_place(self, app: OAuthRemoteApp) -> None:
        """See that a remote app has an address, or a preset that has one.

        While no application is bound, its configuration may still bring one; then it is looked at again.

        :raises ConfigurationError: it has none; the hint says what was probably meant.
        """
        self._unplaced.discard(app.name)
        if app._known.check(app):
            return
        if not self._apps and nearest(app.name) in (None, app.name):
            self._unplaced.add(app.name)
        else:
            get_preset(app.name)

    def _check_name(self, name: str) -> None:
        if name in self._configured:  # what the program says about it counts
            self._configured.discard(name)
            del self.remote_apps[name]
        if name in self.remote_apps:
            raise DuplicateRemoteAppError(f"There is a remote app named {name!r} already")
        key = config_key(name)
        same = [other for other in self.remote_apps if config_key(other) == key]
        if same:
            raise ConfigurationError(
                f"The remote apps {same[0]!r} and {name!r} would read the same settings, OAUTH_{key}_…",
                code="config_duplicate_remote_app",
            )

    def find_issuer(self, identifier: str) -> str:
        """The OpenID provider that knows a person (WebFinger).

        :param identifier: what they typed: an e-mail address or a URL.
        :raises MetadataError: nobody is named there, or the one who is does not confirm it.
        """
        from ..client.registration import find_issuer

        transport = transport_in_reach(self)
        return find_issuer(identifier, transport, cache_for(transport))

    def registration(self, issuer: str, *, allow_http_hosts: Collection[str] = ()) -> RegistrationClient:
        """Dynamic registration at a server (RFC 7591, RFC 7592).

        ::

            client = oauth.registration("https://id.example.com").register({"redirect_uris": [...]})
            oauth.remote_app("example", issuer=..., client_id=client.client_id, client_secret=client.client_secret)
        """
        from ..client.cache import Source
        from ..client.registration import RegistrationClient

        transport = transport_in_reach(self)
        source = Source(insecure_hosts=frozenset(allow_http_hosts))
        return RegistrationClient(issuer, transport, cache_for(transport), source)

    def owner_loader(self, f: F) -> F:
        """Register the function that says whose tokens a request works with.

        It returns the application's user id, or ``None`` if nobody is signed in.  Without one it is Flask-Login's
        user, or whoever signed in through this extension.
        """
        self.owner_loader_func = f
        return f

    def only_app(self) -> Flask | None:
        """The application this object is bound to, if it is one alone: for work outside of requests."""
        apps = list(self._apps)
        return apps[0] if len(apps) == 1 else None

    def __getattr__(self, name: str) -> OAuthRemoteApp:
        try:
            return self.__dict__["remote_apps"][name]  # type: ignore[no-any-return]
        except KeyError:
            known = ", ".join(sorted(self.__dict__.get("remote_apps", {}))) or "none yet"
            raise AttributeError(f"no remote app named {name!r} (there are: {known})") from None

    def __repr__(self) -> str:
        return f"<OAuth {', '.join(sorted(self.remote_apps))}>"


class AlreadyBoundError(ConfigurationError):
    """A second ``OAuth`` object was bound to an application."""

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message, hint="Import and use that instance instead.", **details)
