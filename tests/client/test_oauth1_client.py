"""OAuth 1.0a through the hub: session handles, RSA keys, two-legged requests, further parameters."""

from __future__ import annotations

import base64
import re
from urllib.parse import quote, unquote

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from flask_oauth.client.oauth1 import OAuth1Client, OAuth1Settings
from flask_oauth.client.refresh import RefreshCoordinator
from flask_oauth.client.token_keeper import TokenKeeper
from flask_oauth.errors import ConfigurationError, ReauthorizationRequired, RefreshFailed, ServerError
from flask_oauth.protocol.http import Headers, HTTPRequest, HTTPResponse
from flask_oauth.protocol.oauth1.signature import ClientCredentials
from flask_oauth.protocol.token import Token
from flask_oauth.storage import KeyRing, MemoryTokenStore, RecordKey
from flask_oauth.testing.transport import ScriptedTransport, form_response, json_response

HOST = "https://photos.example.net"
NOW = 1_700_000_000
SPENT = Token("old", "old-secret", "OAuth1", refresh_token="handle", expires_at=NOW - 1, extra={"user_id": "7"})
RENEWED = form_response(
    {"oauth_token": "new", "oauth_token_secret": "new-secret", "oauth_session_handle": "handle-2",
     "oauth_expires_in": "3600"}
)  # fmt: skip


class Site:
    def __init__(self, **credentials):
        self.transport = ScriptedTransport()
        numbers = iter(range(1000))
        client = ClientCredentials("key", "secret" if "rsa_key" not in credentials else "", **credentials)
        settings = OAuth1Settings(client, f"{HOST}/initiate", f"{HOST}/authorize", f"{HOST}/token")
        self.client = OAuth1Client(
            settings, self.transport, clock=lambda: NOW, new_nonce=lambda: f"nonce-{next(numbers)}"
        )

    def sent(self):
        """The protocol parameters of the last request."""
        header = self.transport.requests[-1].headers["authorization"]
        return {name: unquote(value) for name, value in re.findall(r'(\w+)="([^"]*)"', header)}


def test_a_session_handle_renews_the_token():
    site = Site()
    site.transport.once("POST", f"{HOST}/token", RENEWED)
    token = site.client.refresh(SPENT)
    assert (token.access_token, token.token_secret, token.refresh_token) == ("new", "new-secret", "handle-2")
    assert (token.expires_at, token.extra["user_id"]) == (NOW + 3600, "7")
    assert (site.sent()["oauth_session_handle"], site.sent()["oauth_token"]) == ("handle", "old")


def problem(name, status=401):
    return HTTPResponse(status, Headers({"WWW-Authenticate": f'OAuth oauth_problem="{name}"'}), b"")


@pytest.mark.parametrize("name", ["token_expired", "token_revoked", "token_rejected", "permission_denied"])
def test_N52_a_spent_session_handle_says_so_as_oauth_2_does(name):
    site = Site()
    site.transport.once("POST", f"{HOST}/token", problem(name))
    with pytest.raises(ServerError) as caught:
        site.client.refresh(SPENT)
    assert caught.value.error == "invalid_grant"


def test_N52_another_problem_keeps_its_name():
    site = Site()
    site.transport.once("POST", f"{HOST}/token", problem("timestamp_refused"))
    with pytest.raises(ServerError) as caught:
        site.client.refresh(SPENT)
    assert caught.value.error == "timestamp_refused"


def test_a_token_without_session_handle():
    with pytest.raises(ConfigurationError) as caught:
        Site().client.refresh(Token("t", "s", "OAuth1"))
    assert caught.value.code == "token_expired"


@pytest.fixture
def stored():
    keeper = TokenKeeper(MemoryTokenStore(), KeyRing.derive(("k" * 32,), "tests"), clock=lambda: NOW - 3600)
    key = RecordKey("photos", HOST, "alice")
    keeper.save(key, SPENT)
    return RefreshCoordinator(keeper, clock=lambda: NOW), key


def test_the_coordinator_renews_by_session_handle(stored):
    coordinator, key = stored
    site = Site()
    site.transport.once("POST", f"{HOST}/token", RENEWED)
    assert coordinator.fresh(key, site.client.refresh).access_token == "new"
    assert coordinator.fresh(key, site.client.refresh).refresh_token == "handle-2"
    assert len(site.transport.requests) == 1


def test_N39_the_coordinator_drops_what_cannot_be_renewed(stored):
    coordinator, key = stored
    site = Site()
    site.transport.once("POST", f"{HOST}/token", problem("token_rejected"))
    with pytest.raises(ReauthorizationRequired):
        coordinator.fresh(key, site.client.refresh)
    assert coordinator.keeper.load(key) is None


def test_N39_the_coordinator_keeps_what_may_be_renewed_later(stored):
    coordinator, key = stored
    site = Site()
    site.transport.once("POST", f"{HOST}/token", problem("timestamp_refused"))
    with pytest.raises(RefreshFailed):
        coordinator.fresh(key, site.client.refresh)
    assert coordinator.keeper.load(key).token == SPENT


def test_two_legged():
    site = Site()
    site.transport.once("GET", f"{HOST}/photos", json_response([]))
    site.client.call(HTTPRequest("GET", f"{HOST}/photos"), None)
    assert "oauth_token" not in site.sent()
    assert site.sent()["oauth_consumer_key"] == "key"


def test_x_auth_access_type_goes_into_the_signed_request():
    site = Site()
    answer = {"oauth_token": "t", "oauth_token_secret": "s", "oauth_callback_confirmed": "true"}
    site.transport.once("POST", f"{HOST}/initiate", form_response(answer))
    site.client.authorize("photos", callback="https://a.example/cb", parameters={"x_auth_access_type": "read"})
    assert site.transport.requests[-1].body == b"x_auth_access_type=read"


@pytest.mark.parametrize(("method", "digest"), [("RSA-SHA1", hashes.SHA1()), ("RSA-SHA256", hashes.SHA256())])
def test_rsa_keys(method, digest):
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    site = Site(signature_method=method, rsa_key=pem)
    site.transport.once("GET", f"{HOST}/photos", json_response([]))
    site.client.call(HTTPRequest("GET", f"{HOST}/photos?size=original"), Token("t", "s", "OAuth1"))
    sent = site.sent()
    assert sent["oauth_signature_method"] == method
    signed = {name: value for name, value in sent.items() if name not in ("oauth_signature", "realm")}
    pairs = sorted([*signed.items(), ("size", "original")])
    quoted = [quote(part, safe="~") for part in ("GET", f"{HOST}/photos")]
    text = "&".join(f"{name}={quote(value, safe='~')}" for name, value in pairs)
    base = "&".join([*quoted, quote(text, safe="~")])
    key.public_key().verify(base64.b64decode(sent["oauth_signature"]), base.encode(), padding.PKCS1v15(), digest)
