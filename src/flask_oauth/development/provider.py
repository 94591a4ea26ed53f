"""``create_provider``: the development provider as a Flask application.

For demos and development on one's own machine only: everybody in it is made up, nobody has a password, and
everything is forgotten when the process ends.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from . import api, oauth1, oauth2, openid, pages, shaped
from .context import EXTENSION, Provider
from .keys import ProviderKeys
from .models import RegisteredClient
from .people import PEOPLE, Person
from .store import Store

DEMO_CLIENT = RegisteredClient("demo", "demo-secret", name="Timeline", any_loopback=True)

# No form-action: a consent form ends in a redirect to the application, and browsers hold the whole chain against it.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"
)


def create_provider(
    *,
    issuer: str | None = None,
    clients: Iterable[RegisteredClient] = (DEMO_CLIENT,),
    people: Iterable[Person] = PEOPLE,
    access_token_seconds: int = 3600,
    secret_key: str | bytes | None = None,
    keys: ProviderKeys | None = None,
) -> Flask:
    """Make a provider that speaks OAuth 1.0a, OAuth 2 and OpenID Connect and has a small API.

    :param issuer: the issuer identifier; the address at which it is called if not given
    :param clients: the applications that may use it; more can join through ``provider_of(app).store.add_client``
    :param people: who can sign in
    :param access_token_seconds: lifetime of an access token, in seconds
    :param secret_key: seals the provider's own session cookie; made up if not given
    :param keys: signing keys to share between several providers; new ones if not given
    :return: a Flask application; serve it on a loopback address
    """
    app = Flask("flask_oauth.development", template_folder="templates", static_folder="static")
    app.config.update(_config(secret_key, access_token_seconds))
    server = oauth2.create_server(app.config)
    app.extensions[EXTENSION] = Provider(Store(clients, people), keys or ProviderKeys(), server, issuer)
    server.register_endpoint(openid.EndSession)
    server.register_endpoint(openid.Userinfo(resource_protector=openid.bearer_protector()))
    for part in (pages, oauth1, oauth2, openid, api, shaped):
        app.register_blueprint(part.blueprint)
    app.register_error_handler(HTTPException, _http_problem)
    app.after_request(_guard)
    return app


def provider_of(app: Flask) -> Provider:
    """The parts of a provider made by ``create_provider``: its memory, its keys."""
    provider: Provider = app.extensions[EXTENSION]
    return provider


def _config(secret_key: str | bytes | None, access_token_seconds: int) -> dict[str, Any]:
    grants = ("authorization_code", "refresh_token")
    return {
        "SECRET_KEY": secret_key or secrets.token_bytes(32),
        # Cookies know no ports: on one loopback host the application's "session" cookie is sent here as well.
        "SESSION_COOKIE_NAME": "provider_session",
        "SESSION_COOKIE_SAMESITE": "Lax",
        "OAUTH2_REFRESH_TOKEN_GENERATOR": True,
        "OAUTH2_TOKEN_EXPIRES_IN": dict.fromkeys(grants, access_token_seconds),
        "OAUTH2_SCOPES_SUPPORTED": None,
    }


def _http_problem(error: HTTPException) -> Any:
    if error.code is None or error.code < 400 or request.path.startswith("/api/"):
        return error
    return pages.problem(error.name, error.description or "", error.code)


def _guard(answer: Response) -> Response:
    """Pages are for one person's eyes, in no frame and in no cache."""
    answer.headers.setdefault("Cache-Control", "no-store")
    answer.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Referrer-Policy"] = "same-origin"
    return answer
