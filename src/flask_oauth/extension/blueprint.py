"""The blueprint: every view of ready-made sign-in, under whatever name, prefix and parents it is registered.

It is built whole when it is first asked for, since a registered blueprint takes
no more views.  What must live on the application (the error handler, the check
for ended sessions, the template context) is put there when it is registered.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, cast
from weakref import WeakSet

from flask import Blueprint, Flask, Response, current_app, jsonify, request
from flask.blueprints import BlueprintSetupState

from ..protocol.jose import DecryptionKey
from . import addresses, error_pages, linking, sign_out, signing_in
from .clients import decryption_keys, signing_key
from .template_context import TemplateContext

if TYPE_CHECKING:
    from .oauth import OAuth

logger = logging.getLogger("flask_oauth")


def jwks(oauth: OAuth) -> Response:
    """The public keys of this client, for providers to verify and encrypt with."""
    keys: dict[str, Any] = {}
    for remote in oauth.remote_apps.values():
        options = remote._options
        if options.get("signing_key") is not None and not options.get("team_id"):  # Apple's key is no client key
            key = signing_key(options["signing_key"])
            keys[f"sig {key.kid}"] = {"use": "sig", **key.public_jwk()}
        for each in decryption_keys(options.get("decryption_key")):
            keys[f"enc {each.kid}"] = _for_encryption(each)
    response = jsonify(keys=list(keys.values()))
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


def _for_encryption(key: DecryptionKey) -> dict[str, Any]:
    return {"use": "enc", **key.public_jwk()}


#: Rule, endpoint, view, methods.
ROUTES: Final[tuple[tuple[str, str, Callable[..., Any], tuple[str, ...]], ...]] = (
    ("/login", "login", signing_in.login, ("GET",)),
    ("/login/<name>", "start", signing_in.start, ("GET", "POST")),
    ("/callback/<name>", "callback", signing_in.callback, ("GET", "POST")),
    ("/initiate", "initiate", signing_in.initiate, ("GET", "POST")),
    ("/logout", "logout", sign_out.logout, ("GET", "POST")),
    ("/backchannel-logout/<name>", "backchannel_logout", sign_out.backchannel_logout, ("POST",)),
    ("/frontchannel-logout/<name>", "frontchannel_logout", sign_out.frontchannel_logout, ("GET",)),
    ("/accounts", "accounts", linking.accounts, ("GET",)),
    ("/link/<name>", "link", linking.link, ("POST",)),
    ("/unlink", "unlink", linking.unlink, ("POST",)),
    ("/jwks", "jwks", jwks, ("GET",)),
)
#: Views that providers call by POST, which no CSRF token can come with.
CALLED_BY_PROVIDERS: Final = (signing_in.callback, signing_in.initiate, sign_out.backchannel_logout)


def make_blueprint(oauth: OAuth) -> Blueprint:
    """The blueprint of an ``OAuth`` object."""
    blueprint = Blueprint("oauth", __name__, template_folder="templates", static_folder="static")
    for rule, endpoint, view, methods in ROUTES:
        blueprint.add_url_rule(rule, endpoint, _bound(view, oauth), methods=methods)
    blueprint.before_request(warn_of_proxy)
    blueprint.record(functools.partial(_settle_in, oauth))
    return blueprint


def _bound(view: Callable[..., Any], oauth: OAuth) -> Callable[..., Any]:
    """A view of this ``OAuth`` object, which still says its name."""
    return functools.update_wrapper(functools.partial(view, oauth), view)


def _settle_in(oauth: OAuth, state: BlueprintSetupState) -> None:
    """Take our place in an application."""
    app = cast("Flask", state.app)
    if app.extensions.get("oauth") is not oauth:
        oauth.init_app(app)
    name = f"{state.name_prefix}.{state.name}".lstrip(".")
    names = addresses.every_mount.setdefault(app, set())
    if not names:
        error_pages.install(oauth, app)
        app.before_request(sign_out.end_if_ended)
        app.context_processor(lambda: {"oauth": TemplateContext(oauth)})
        _exempt_from_csrf(app)
    addresses.mounted.setdefault(app, name)
    names.add(name)


def _exempt_from_csrf(app: Flask) -> None:
    """Flask-WTF's CSRFProtect would refuse what a provider posts."""
    protect: Any = app.extensions.get("csrf")
    if hasattr(protect, "exempt"):
        for view in CALLED_BY_PROVIDERS:
            protect.exempt(f"{view.__module__}.{view.__name__}")


_warned: WeakSet[Flask] = WeakSet()


def warn_of_proxy() -> None:
    """Say once that a proxy stands in front and the application does not know."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    forwarded = any(name in request.headers for name in ("X-Forwarded-Proto", "X-Forwarded-Host"))
    if not forwarded or app in _warned or app.config.get("OAUTH_EXTERNAL_URL"):
        return
    if "werkzeug.proxy_fix.orig" not in request.environ:
        _warned.add(app)
        logger.warning(
            "A proxy forwards requests, and the application takes %s for its own address. Add: "
            "from werkzeug.middleware.proxy_fix import ProxyFix; "
            "app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  "
            "or set OAUTH_EXTERNAL_URL",
            request.host_url,
        )
