"""What ``OAuth`` offers for ready-made sign-in: the blueprint, the user, the decorators and the hooks.

The rooms behind it are loaded when they are first entered: a program that signs people in itself needs none of them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, TypeVar

from flask import Blueprint, abort, redirect

from ..errors import ConfigurationError, SignInRequired

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from ..storage.account_links import AccountLinks
    from .identity import Identity, SignedIn
    from .loader import RemoteAppLoader
    from .oauth import OAuth
    from .remote_app import OAuthRemoteApp

F = TypeVar("F", bound=Callable[..., Any])


def _signed_in() -> SignedIn | None:
    from . import identity

    return identity.current()


class SignInFace:
    """The half of :class:`.OAuth` that signs people in by itself."""

    remote_apps: dict[str, OAuthRemoteApp]
    #: Where accounts are linked, if they are: see :mod:`flask_oauth.storage.account_links`.
    account_links: AccountLinks | None = None
    #: Translates what visitors read, instead of our own catalogues: takes a text and its values by name.
    gettext: Callable[..., str] | None = None
    on_sign_in_func: Callable[[Identity, Any], Any] | None = None
    on_denied_func: Callable[[str], Any] | None = None
    _loader: RemoteAppLoader | None = None

    @functools.cached_property
    def blueprint(self) -> Blueprint:
        """The sign-in pages, to be registered: ``app.register_blueprint(oauth.blueprint, url_prefix="/auth")``."""
        from .blueprint import make_blueprint

        return make_blueprint(self._whole)

    @property
    def _whole(self) -> OAuth:
        return self  # type: ignore[return-value]

    # -- who is signed in -------------------------------------------------------------------------------------

    @property
    def user(self) -> Identity | None:
        """Who is signed in; ``None`` if nobody is, and outside of requests."""
        signed_in = _signed_in()
        return signed_in.identity if signed_in is not None else None

    @property
    def account(self) -> str | None:
        """The user of the linked accounts, where ``account_links`` is set."""
        signed_in = _signed_in()
        return signed_in.account if signed_in is not None else None

    def require_user(self) -> Identity:
        """Who is signed in.

        :raises SignInRequired: nobody is; with the blueprint registered it leads to the sign-in page.
        """
        user = self.user
        if user is None:
            raise SignInRequired("Nobody is signed in")
        return user

    def login_required(self, view: F) -> F:
        """Let a view be called for signed-in users only; others are led to the sign-in page and back.

        Programs (``fetch()``, ``Accept: application/json``) get 401 with ``login_url``.
        """
        from . import views

        return views.login_required(self._whole, view)

    def require(
        self, *, scopes: str | Collection[str] = (), acr: str | Collection[str] = (), max_age: int | None = None
    ) -> Callable[[F], F]:
        """Let a view be called for users who did more than sign in; others are led to do so and back.

        :param scopes: scopes that were granted.
        :param acr: authentication contexts, one of which the ID Token names.
        :param max_age: how long ago they authenticated at their provider, at most, in seconds.
        """
        from . import views

        return views.require(self._whole, scopes, acr, max_age)

    def sign_out(self) -> None:
        """End the sign-in of this browser, here alone; the view at ``/logout`` does it at the provider as well."""
        from . import sign_out

        sign_out.sign_out_here()

    # -- hooks ------------------------------------------------------------------------------------------------

    def on_sign_in(self, f: F) -> F:
        """Register the function that is asked before somebody is signed in: ``f(identity, token)``.

        It returns ``None`` to let them in; a path of this site to let them in and land there; or a response, to ask
        for more first: they are signed in when a view calls :meth:`finish_sign_in`.  It raises
        :class:`~flask_oauth.AccessDenied` to refuse.
        """
        self.on_sign_in_func = f
        return f

    def on_denied(self, f: F) -> F:
        """Register the function that answers somebody who said no at the provider: ``f(name)``.

        It returns a response, or ``None`` for the sign-in page with a notice.
        """
        self.on_denied_func = f
        return f

    @property
    def waiting(self) -> Identity | None:
        """Who waits to be signed in, after ``on_sign_in`` asked for more."""
        from . import completing

        held = completing.held(self._whole)
        return held[1].identity if held is not None else None

    def finish_sign_in(self) -> Response:
        """Sign in whoever waits; leads on to where they wanted to go.

        :raises SignInRequired: nobody waits, or they took longer than ten minutes.
        """
        from . import completing

        return redirect(completing.finish_held(self._whole), 303)

    def init_login_manager(self, manager: Any) -> None:
        """Join Flask-Login: ``current_user`` is who signed in here, ``login_required`` leads to our sign-in page.

        :param manager: the ``LoginManager``.  What the application has set on it stays.
        """
        from .login_manager import connect

        connect(self._whole, manager)

    # -- remote apps ------------------------------------------------------------------------------------------

    def remote_app_loader(self, f: Callable[[str], Any]) -> Callable[[str], Any]:
        """Register the function that gives remote apps by name at request time, for tenants: ``f(name)``.

        It returns the options of :meth:`remote_app`, or ``None``.  What it gives is kept for five
        minutes.  Its addresses are refused where they are private, unless it says ``public_hosts_only=False``.
        """
        from .loader import RemoteAppLoader

        self._loader = RemoteAppLoader(f)
        return f

    def forget_remote_app(self, name: str | None = None) -> None:
        """Ask the ``remote_app_loader`` anew, for one name or for all, because a tenant has changed."""
        if self._loader is not None:
            self._loader.forget(name)

    def find_remote_app(self, name: str) -> OAuthRemoteApp | None:
        """A remote app by name: a registered one, or what the ``remote_app_loader`` gives."""
        remote = self.remote_apps.get(name)
        if remote is None and self._loader is not None:
            return self._loader.get(self._whole, name)
        return remote

    def sign_in_apps(self) -> list[OAuthRemoteApp]:
        """The registered remote apps that say who signed in."""
        return [remote for remote in self.remote_apps.values() if remote.signs_in]

    def sign_in_app_or_404(self, name: str) -> OAuthRemoteApp:
        """A remote app that says who signed in.

        :raises ConfigurationError: it does not say so.
        """
        remote = self.find_remote_app(name)
        if remote is None:
            abort(404)
        if not remote.signs_in:
            raise ConfigurationError(
                f"The remote app {name!r} does not say who signed in",
                code="config_endpoint_missing",
                hint="Give issuer=, preset= or userinfo_endpoint=.",
            )
        return remote

    def title_of(self, name: str) -> str:
        """What visitors call a provider."""
        remote = self.find_remote_app(name)
        return remote.title if remote is not None else name
