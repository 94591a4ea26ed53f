"""The peers, doing the same as :mod:`.ours`.  Run by :mod:`.worker` in an environment that has them and not us.

Each is used as its documentation shows, and given what makes it fast where there is such a thing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import samples

Call = Callable[[], object]

# -- calls ----------------------------------------------------------------------------------------------------------


def application() -> Any:
    from flask import Flask

    app = Flask("benchmark")
    app.config["SECRET_KEY"] = "a secret key of a usual length"
    return app


def authlib(url: str, ca_certs: str) -> Call:
    """Authlib's Flask client, calls within one request."""
    from authlib.integrations.flask_client import OAuth

    app = application()
    remote = OAuth(app).register(
        "api",
        api_base_url=url,
        client_id=samples.CLIENT_ID,
        client_secret=samples.CLIENT_SECRET,
        access_token_url=f"{url}token",
        authorize_url=f"{url}authorize",
        fetch_token=lambda: {"access_token": samples.ACCESS_TOKEN, "token_type": "Bearer"},
        client_kwargs={"verify": ca_certs},
    )
    app.test_request_context().push()
    return lambda: remote.get("user", verify=ca_certs).json()


def authlib_oauth1(url: str, ca_certs: str) -> Call:
    from authlib.integrations.flask_client import OAuth

    app = application()
    token = {"oauth_token": samples.CREDENTIALS[2], "oauth_token_secret": samples.CREDENTIALS[3]}
    remote = OAuth(app).register(
        "api",
        api_base_url=url,
        client_id=samples.CREDENTIALS[0],
        client_secret=samples.CREDENTIALS[1],
        request_token_url=f"{url}request",
        access_token_url=f"{url}access",
        authorize_url=f"{url}authorize",
        fetch_token=lambda: token,
    )
    app.test_request_context().push()
    return lambda: remote.get("user", verify=ca_certs).json()


def flask_dance(url: str, ca_certs: str) -> Call:
    """Flask-Dance, whose session lives for one request: each call within a request of its own."""
    from flask_dance.consumer import OAuth2ConsumerBlueprint
    from flask_dance.consumer.storage import MemoryStorage

    app = application()
    token = {"access_token": samples.ACCESS_TOKEN, "token_type": "Bearer"}
    blueprint = OAuth2ConsumerBlueprint(
        "api",
        "benchmark",
        base_url=url,
        client_id=samples.CLIENT_ID,
        client_secret=samples.CLIENT_SECRET,
        token_url=f"{url}token",
        authorization_url=f"{url}authorize",
        storage=MemoryStorage(token),
    )
    app.register_blueprint(blueprint)
    environ = app.test_request_context().request.environ

    def call() -> None:
        with app.request_context(environ):
            blueprint.session.get("user", verify=ca_certs).json()

    return call


def requests_oauthlib(url: str, ca_certs: str) -> Call:
    """One session of requests-oauthlib's, kept."""
    from requests_oauthlib import OAuth2Session

    session = OAuth2Session(samples.CLIENT_ID, token={"access_token": samples.ACCESS_TOKEN, "token_type": "Bearer"})
    session.verify = ca_certs
    return lambda: session.get(url + "user").json()


def requests_oauthlib_oauth1(url: str, ca_certs: str) -> Call:
    from requests_oauthlib import OAuth1Session

    session = OAuth1Session(*samples.CREDENTIALS)
    session.verify = ca_certs
    return lambda: session.get(url + "user").json()


def httpx(url: str, ca_certs: str) -> Call:
    """One client of httpx's, kept; it knows nothing of OAuth."""
    import ssl

    import httpx as library

    context = ssl.create_default_context(cafile=ca_certs)
    client = library.Client(verify=context, headers={"Authorization": f"Bearer {samples.ACCESS_TOKEN}"})
    return lambda: client.get(url + "user").json()


def pyreqwest(url: str, ca_certs: str) -> Call:
    """One client of pyreqwest's, kept; it knows nothing of OAuth."""
    from pathlib import Path

    from pyreqwest.client import SyncClientBuilder

    builder = SyncClientBuilder().add_root_certificate_pem(Path(ca_certs).read_bytes())
    client = builder.default_headers({"Authorization": f"Bearer {samples.ACCESS_TOKEN}"}).build()
    return lambda: client.get(url + "user").build().send().json()


# -- OAuth 1.0a -----------------------------------------------------------------------------------------------------

FORM_TYPE = {"Content-Type": "application/x-www-form-urlencoded"}


def oauthlib_signature() -> Call:
    from oauthlib.oauth1 import Client

    client = Client(*samples.CREDENTIALS, timestamp=str(samples.TIMESTAMP), nonce=samples.NONCE)
    return lambda: client.sign(f"{samples.SIGNED_URL}?{samples.QUERY}", "POST", samples.FORM, FORM_TYPE)


def authlib_signature() -> Call:
    from authlib.oauth1 import ClientAuth

    client = ClientAuth(*samples.CREDENTIALS)
    return lambda: client.prepare("POST", f"{samples.SIGNED_URL}?{samples.QUERY}", FORM_TYPE, samples.FORM)


# -- sign-in --------------------------------------------------------------------------------------------------------


def authlib_signing_in_app(provider: samples.Provider) -> Any:
    from authlib.integrations.flask_client import OAuth
    from flask import redirect, session, url_for

    _script_requests(provider)
    app = application()
    corp = OAuth(app).register(
        "corp",
        server_metadata_url=f"{samples.ISSUER}/.well-known/openid-configuration",
        client_id=samples.CLIENT_ID,
        client_secret=samples.CLIENT_SECRET,
        client_kwargs={"scope": "openid email", "code_challenge_method": "S256"},
    )

    @app.get("/login")
    def login() -> Any:
        return corp.authorize_redirect(url_for("callback", _external=True))

    @app.get("/callback")
    def callback() -> Any:
        session["user"] = corp.authorize_access_token()["userinfo"]["sub"]
        return redirect("/")

    return app


def _script_requests(provider: samples.Provider) -> None:
    """Let requests talk to a provider in this process."""
    from requests import Response
    from requests.adapters import HTTPAdapter

    def send(self: Any, request: Any, **options: Any) -> Response:
        response = Response()
        response.status_code = 200
        response.headers["Content-Type"] = "application/json"
        response.url, response.request = request.url, request
        response._content = provider.answer(request.url)
        return response

    HTTPAdapter.send = send


def authlib_sign_in(key: str, algorithm: str) -> samples.SignIns:
    provider = samples.Provider(key, algorithm)
    return samples.SignIns(authlib_signing_in_app(provider), provider)


def authlib_abandoned_sign_ins(key: str, algorithm: str) -> samples.Abandoned:
    return samples.Abandoned(authlib_signing_in_app(samples.Provider(key, algorithm)))


# -- tokens ---------------------------------------------------------------------------------------------------------


def pyjwt(key: str, algorithm: str) -> Call:
    """PyJWT with the key at hand and its own checks of the claims."""
    import jwt

    name = "EdDSA" if algorithm == "Ed25519" else algorithm  # it knows the older name alone
    provider = samples.Provider(key, name)
    known = jwt.PyJWK(json.loads(provider.documents["/keys"])["keys"][0]).key
    token = provider.id_token(samples.NONCE)

    def call() -> None:
        claims = jwt.decode(
            token, known, algorithms=[name], audience=samples.CLIENT_ID, issuer=samples.ISSUER, leeway=60
        )
        assert claims["nonce"] == samples.NONCE

    return call
