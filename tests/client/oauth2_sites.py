"""One OAuth 2 client at one server whose answers are scripted, with a clock that only the test moves."""

from __future__ import annotations

import base64
import json

from tests.protocol.openid_samples import ISSUER, NOW, key

from flask_oauth.client.cache import ServerCache
from flask_oauth.client.oauth2 import OAuth2Client
from flask_oauth.client.settings import OAuth2Settings
from flask_oauth.protocol.http import Headers, HTTPRequest, HTTPResponse
from flask_oauth.protocol.oauth2.client_authentication import Client
from flask_oauth.testing.transport import ScriptedTransport, form_of, json_response

API = "https://api.example.com/accounts"
METADATA = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "pushed_authorization_request_endpoint": f"{ISSUER}/par",
    "device_authorization_endpoint": f"{ISSUER}/device",
    "backchannel_authentication_endpoint": f"{ISSUER}/backchannel",
    "introspection_endpoint": f"{ISSUER}/introspect",
    "jwks_uri": f"{ISSUER}/jwks",
    "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
}


class Site:
    """A client whose clock stands still, whose sleep moves it, and whose server says what the test scripts."""

    def __init__(self, metadata=None, **settings):
        self.now = float(NOW)
        self.slept = []
        self.transport = ScriptedTransport()
        document = {**METADATA, **(metadata or {})}
        self.transport.always("GET", f"{ISSUER}/.well-known/openid-configuration", json_response(document))
        self.transport.always("GET", f"{ISSUER}/jwks", json_response({"keys": [key().public_jwk()]}))
        numbers = iter(range(100_000))
        values = {
            "client": Client("client", "secret", "client_secret_post"),
            "issuer": ISSUER,
            "lenient": False,
            **settings,
        }
        self.client = OAuth2Client(
            OAuth2Settings(**values),
            self.transport,
            ServerCache(self.transport, clock=lambda: self.now),
            clock=lambda: self.now,
            new_secret=lambda: f"unpredictable-{next(numbers):030}",
        )
        self.grants = self.client.grants
        self.grants.waiting.sleep = self._sleep

    def _sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds

    def script(self, path, *answers):
        self.transport.once("POST", f"{ISSUER}/{path}", *answers)

    def sent(self, path):
        return self.transport.sent("POST", f"{ISSUER}/{path}")

    def forms(self, path):
        return [form_of(request) for request in self.sent(path)]

    def get(self, token, url=API):
        return self.client.call(HTTPRequest("GET", url), token)


def token_answer(token="at", **members):
    return json_response({"access_token": token, "token_type": "Bearer", "expires_in": 3600, **members})


def failure(error, status=400, headers=None):
    return json_response({"error": error}, status, headers)


def wants_nonce(nonce, status=400, scheme="DPoP"):
    """How an authorization server (400) and an API (401) ask for a nonce."""
    headers = {"DPoP-Nonce": nonce}
    if status == 401:
        headers["WWW-Authenticate"] = f'{scheme} error="use_dpop_nonce"'
        return HTTPResponse(401, Headers(headers), b"")
    return failure("use_dpop_nonce", status, headers)


def claims_of(jwt):
    return json.loads(_decoded(jwt.split(".")[1]))


def header_of(jwt):
    return json.loads(_decoded(jwt.split(".")[0]))


def _decoded(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def proof_of(request):
    return claims_of(request.headers["dpop"])
