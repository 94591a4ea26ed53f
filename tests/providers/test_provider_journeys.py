"""A whole sign-in with each preset: through Flask, the hub and the protocol, against the scripted provider.

The provider answers as its documentation says (``shapes/``), at the addresses of
its preset: metadata, keys and a signed ID Token for OpenID Connect, signed
credentials for OAuth 1.0a.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import uuid4

import pytest
from flask import Flask, jsonify, url_for

from flask_oauth import OAuth
from flask_oauth.errors import AccessDenied, OAuthException, ServerError
from flask_oauth.extension import sign_in
from flask_oauth.extension.remote_app import OAuthRemoteApp
from flask_oauth.protocol.http import HTTPRequest, HTTPResponse
from flask_oauth.protocol.jose import SigningKey, generate_signing_key, sign_jwt, sign_jwt_with_secret
from flask_oauth.protocol.oauth2.metadata import well_known_urls
from flask_oauth.providers.exchange import at_location
from flask_oauth.testing.transport import ScriptedTransport, form_response, json_response

SECRET = "the client secret, long enough for HS256"
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")


@cache
def key(algorithm: str) -> SigningKey:
    return generate_signing_key(algorithm, kid="k1")


@dataclass
class ScriptedProvider:
    """One provider, on no network at all."""

    shape: Any
    transport: ScriptedTransport = field(default_factory=ScriptedTransport)
    nonce: str | None = None
    fails: bool = False
    temporary: dict[str, str] = field(
        default_factory=lambda: {"oauth_token": uuid4().hex, "oauth_token_secret": "temporary secret"}
    )

    def __post_init__(self) -> None:
        provider = self.shape.provider
        self.endpoints = {name: getattr(provider, name, "") for name in ENDPOINTS}
        if provider.protocol == "openid":
            self._script_metadata()
        for address in {provider.request_token_url, self.endpoints["token_endpoint"]} - {""}:
            self._answer(at_location(provider, address, self.shape.data.get("callback", {})), self._token)
        self._script_api()

    def _answer(self, address: str, answer: Any) -> None:
        self.transport.always("*", address, answer)

    def _script_metadata(self) -> None:
        provider = self.shape.provider
        issuer = provider.quirks.issuer_template or provider.issuer
        for name in ENDPOINTS:
            self.endpoints[name] = f"https://op.example/{name}"
        if "userinfo" not in self.shape.data:
            del self.endpoints["userinfo_endpoint"]
        document = {
            "issuer": issuer,
            **self.endpoints,
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [self.algorithm],
        }
        address = provider.discovery_url or well_known_urls(provider.issuer)[0]
        self._answer(address, json_response(document))
        public = [] if self.algorithm[0] == "H" else [key(self.algorithm).public_jwk()]
        self._answer(self.endpoints["jwks_uri"], json_response({"keys": public}))

    def _script_api(self) -> None:
        provider, data = self.shape.provider, self.shape.data
        if self.endpoints.get("userinfo_endpoint"):
            address = filled(self.endpoints["userinfo_endpoint"], self.shape)
            self._answer(at_location(provider, address, data.get("callback", {})), self._userinfo)
        if provider.email_endpoint:
            self._answer(provider.email_endpoint, json_response(data.get("emails")))
        for name, document in provider.documents.items():
            address = filled(document.url, self.shape).partition("?")[0]  # the token may come into the query too
            self._answer(address, json_response(self.shape.answer(name)))

    @property
    def algorithm(self) -> str:
        return str((self.shape.provider.quirks.id_token_algorithms or ("RS256",))[0])

    def _token(self, asked: HTTPRequest) -> HTTPResponse:
        if self.shape.provider.protocol == "oauth1" and "oauth_verifier" not in asked.headers["authorization"]:
            return form_response({**self.temporary, "oauth_callback_confirmed": "true"})
        if self.fails and self.shape.data["error"]["at"] != "userinfo":
            return self.shape.error_response()
        answer = self.shape.token_response()
        if self.shape.data.get("token", {}).get("id_token"):
            members = {**self.shape.data["token"], "id_token": self._id_token()}
            return json_response(members)
        return answer

    def _id_token(self) -> str:
        now = int(time.time())
        claims = {"exp": now + 600, "iat": now, **self.shape.data.get("id_token", {}), "aud": "client"}
        if "azp" in claims:
            claims["azp"] = "client"
        claims.pop("at_hash", None)
        if self.nonce and not self.shape.provider.quirks.nonce_missing_ok:
            claims["nonce"] = self.nonce
        if self.algorithm[0] == "H":
            return sign_jwt_with_secret(claims, SECRET, self.algorithm)
        return sign_jwt(claims, key(self.algorithm))

    def _userinfo(self, _: HTTPRequest) -> HTTPResponse:
        if self.fails and self.shape.data["error"]["at"] == "userinfo":
            return self.shape.error_response()
        if self.shape.provider.quirks.userinfo_is_jwt:
            claims = {**self.shape.data["userinfo"], "exp": time.time() + 100}
            return HTTPResponse(200, form_response({}).headers, sign_jwt_with_secret(claims, SECRET, "HS256").encode())
        return json_response(self.shape.data["userinfo"])


def filled(address: str, shape: Any) -> str:
    """An address with the values that come from earlier answers."""
    token = dict(parse_qsl(shape.data["form"])) if "form" in shape.data else shape.data["token"]
    values = {"access_token": token.get("access_token"), "token:membership_id": token.get("membership_id")}
    values |= {f"me:{name}": value for name, value in shape.data.get("documents", {}).get("me", {}).items()}
    values |= {"userinfo:username": (shape.data.get("userinfo") or {}).get("username")}
    for name, value in values.items():
        address = address.replace(f"{{{name}}}", str(value))
    return address


def remote_app(oauth: OAuth, shape: Any, transport: ScriptedTransport) -> OAuthRemoteApp:
    credentials: dict[str, Any] = {"client_id": "client", "client_secret": SECRET}
    for name in shape.provider.credentials[1:]:
        credentials.setdefault(name, key("ES256").private_pem() if name == "signing_key" else "example1")
    if "rsa_key" in credentials:
        credentials["rsa_key"] = key("RS256").private_pem()
    if shape.provider.client_authentication in ("none", "private_key_jwt") or "team_id" in credentials:
        del credentials["client_secret"]
    return oauth.remote_app(shape.provider.name, **credentials, **shape.parameters, transport=transport)


def profile_of(remote: OAuthRemoteApp) -> Mapping[str, Any]:
    """Complete the sign-in of this request, as the ready-made views do, and say who it was."""
    transaction = sign_in.take(remote)
    if remote._is_oauth1:
        client = remote._oauth1()
        return client.profile(client.complete(sign_in.answer_parameters(), transaction)).claims
    oauth2 = remote._oauth2(required=True)
    return oauth2.profile(oauth2.complete(sign_in.answer_parameters(), transaction)).claims


@dataclass
class Journey:
    """An application with one remote app, and a browser at the provider."""

    shape: Any
    provider: ScriptedProvider

    def __post_init__(self) -> None:
        app = Flask("journey")
        app.config.update(SECRET_KEY="x" * 32, TESTING=True)
        oauth = OAuth(app)
        remote = remote_app(oauth, self.shape, self.provider.transport)

        @app.get("/login")
        def login() -> Any:
            return remote.authorize(callback=url_for("callback", _external=True))

        @app.route("/callback", methods=["GET", "POST"])
        def callback() -> Any:
            return jsonify(profile_of(remote))

        self.browser = app.test_client()

    def start(self) -> dict[str, str]:
        answer = self.browser.get("/login", base_url="https://app.example")
        assert answer.status_code == 302
        self.location = answer.headers["Location"]
        query = dict(parse_qsl(urlsplit(self.location).query))
        self.provider.nonce = query.get("nonce")
        return query

    def come_back(self, parameters: Mapping[str, str]) -> Any:
        if self.shape.provider.response_mode == "form_post":
            return self.browser.post("/callback", data=parameters, base_url="https://app.example")
        return self.browser.get(f"/callback?{urlencode(parameters)}", base_url="https://app.example")

    def answer(self, sent: Mapping[str, str]) -> dict[str, str]:
        """What the provider sends back through the browser."""
        if self.shape.provider.protocol == "oauth1":
            return {"oauth_token": sent["oauth_token"], "oauth_verifier": "v"}
        name = self.shape.provider.quirks.code_parameter
        parameters = {name: "the code", "state": sent["state"], **self.shape.data.get("callback", {})}
        return signed_callback(parameters) if self.shape.provider.quirks.callback_hmac else parameters


def signed_callback(parameters: dict[str, str]) -> dict[str, str]:
    import hashlib
    import hmac

    text = "&".join(f"{name}={value}" for name, value in sorted(parameters.items()))
    return {**parameters, "hmac": hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()}


#: What the layers above do not do yet for these presets.
AWAITS = {
    "bluesky": "DPoP",
}


def begun(shape: Any) -> Journey:
    if shape.provider.name in AWAITS:
        pytest.xfail(AWAITS[shape.provider.name])
    return Journey(shape, ScriptedProvider(shape))


@pytest.fixture
def journey(shape: Any) -> Journey:
    return begun(shape)


def test_somebody_signs_in(journey: Journey) -> None:
    sent = journey.start()
    journey.provider.transport.requests.clear()
    answer = journey.come_back(journey.answer(sent))
    assert answer.status_code == 200
    assert answer.json == journey.shape.data["claims"]
    assert not journey.provider.transport.unexpected


def test_the_user_is_sent_where_the_preset_says(journey: Journey) -> None:
    sent = journey.start()
    provider = journey.shape.provider
    endpoint = provider.authorization_endpoint or "https://op.example/authorization_endpoint"
    assert journey.location.startswith(endpoint)
    if provider.protocol == "oauth1":
        assert sent["oauth_token"] == journey.provider.temporary["oauth_token"]
    else:
        names = provider.quirks.authorization_names
        assert sent[names.get("client_id", "client_id")] == "client"
        assert sent["state"]
        assert ("code_challenge" in sent) == (provider.pkce != "refused")
        assert set(sent.get(names.get("scope", "scope"), "").split(provider.scope_separator)) >= set(provider.scopes)
    for name, value in provider.authorization_parameters.items():
        assert sent[name] == value.replace("{client_id}", "client")


def test_a_failure_is_an_oauth_exception(journey: Journey) -> None:
    sent = journey.start()
    journey.provider.fails = True
    with pytest.raises(OAuthException) as caught:
        journey.come_back(journey.answer(sent))
    if "code" in journey.shape.data["error"]:
        assert isinstance(caught.value, ServerError)
        assert caught.value.error == journey.shape.data["error"]["code"]
    assert SECRET not in str(caught.value)


def test_saying_no_is_an_outcome(oauth2_shape: Any) -> None:
    journey = begun(oauth2_shape)
    sent = journey.start()
    refusal = {"error": "access_denied", "state": sent["state"]}
    if journey.shape.provider.quirks.callback_hmac:
        refusal = signed_callback(refusal)
    with pytest.raises(AccessDenied):
        journey.come_back(refusal)
