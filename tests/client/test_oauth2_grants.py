"""Client credentials, token exchange, JWT bearer and introspection through the hub."""

from __future__ import annotations

import pytest
from tests.client.oauth2_sites import ISSUER, Site, claims_of, failure, proof_of, token_answer, wants_nonce
from tests.protocol.openid_samples import key

from flask_oauth.client.proofs import proof_key
from flask_oauth.errors import ConfigurationError, InvalidResponseError, ServerError, TokenResponseError
from flask_oauth.protocol.http import Headers, HTTPResponse
from flask_oauth.protocol.jose import generate_signing_key, sign_jwt
from flask_oauth.protocol.oauth2.client_authentication import Client
from flask_oauth.protocol.oauth2.token_exchange import ACCESS_TOKEN, ID_TOKEN
from flask_oauth.testing.transport import json_response

RESOURCE = "https://api.example.com/"


def test_client_credentials():
    site = Site()
    site.script("token", token_answer(refresh_token="of no use"))
    token = site.grants.client_credentials(scope="a b", parameters={"resource": [RESOURCE, "urn:x"]})
    form = site.forms("token")[0]
    assert (form["grant_type"], form["scope"], form["resource"]) == ("client_credentials", "a b", "urn:x")
    assert (token.access_token, token.scope, token.refresh_token) == ("at", "a b", None)


def test_client_credentials_need_a_client_that_authenticates():
    site = Site({"token_endpoint_auth_methods_supported": None}, client=Client("public"))
    with pytest.raises(ConfigurationError):
        site.grants.client_credentials()
    assert site.sent("token") == []


def test_client_credentials_bound_to_a_key():
    site = Site(dpop=True)
    site.script("token", wants_nonce("n"), token_answer(token_type="DPoP"))
    token = site.grants.client_credentials()
    assert token.token_type == "DPoP"
    assert proof_key(token.dpop_key)
    assert proof_of(site.sent("token")[1])["nonce"] == "n"


def test_client_credentials_refused():
    site = Site()
    site.script("token", failure("invalid_scope"))
    with pytest.raises(ServerError) as caught:
        site.grants.client_credentials(scope="x")
    assert caught.value.error == "invalid_scope"


def test_token_exchange():
    site = Site()
    site.script("token", token_answer("new", issued_token_type=ACCESS_TOKEN))
    token = site.grants.exchange("old", parameters={"audience": "https://b.example.com"})
    form = site.forms("token")[0]
    assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:token-exchange"
    assert (form["subject_token"], form["subject_token_type"]) == ("old", ACCESS_TOKEN)
    assert (token.access_token, token.extra["issued_token_type"]) == ("new", ACCESS_TOKEN)


def test_token_exchange_for_something_that_is_no_access_token_is_not_bound():
    site = Site(dpop=True)
    answer = {"access_token": "an-id-token", "issued_token_type": ID_TOKEN, "token_type": "N_A"}
    site.script("token", json_response(answer))
    token = site.grants.exchange("old", requested_token_type=ID_TOKEN)
    assert (token.token_type, token.dpop_key) == ("N_A", None)


def test_token_exchange_bound_to_a_key():
    site = Site(dpop=True)
    site.script("token", token_answer(issued_token_type=ACCESS_TOKEN, token_type="DPoP"))
    assert site.grants.exchange("old").dpop_key


@pytest.mark.parametrize(
    "answer", [token_answer(), token_answer(issued_token_type=ID_TOKEN), token_answer(issued_token_type="")]
)
def test_token_exchange_with_another_type_than_asked_for(answer):
    site = Site()
    site.script("token", answer)
    with pytest.raises(TokenResponseError):
        site.grants.exchange("old", requested_token_type=ACCESS_TOKEN)


def test_jwt_bearer_with_a_statement_of_our_own():
    site = Site(client=Client("client", signing_key=generate_signing_key()))
    site.script("token", failure("invalid_grant"), token_answer())
    with pytest.raises(ServerError):
        site.grants.jwt_bearer(subject="alice")
    site.grants.jwt_bearer(subject="alice", claims={"role": "x"}, scope="a")
    first, second = site.forms("token")
    stated = claims_of(second["assertion"])
    assert (stated["iss"], stated["sub"], stated["aud"], stated["role"]) == ("client", "alice", ISSUER, "x")
    assert stated["jti"] != claims_of(first["assertion"])["jti"]
    assert stated["jti"] != claims_of(second["client_assertion"])["jti"]


def test_jwt_bearer_with_anothers_statement():
    site = Site()
    site.script("token", token_answer())
    site.grants.jwt_bearer(assertion="theirs")
    assert site.forms("token")[0]["assertion"] == "theirs"


def test_jwt_bearer_without_a_key():
    with pytest.raises(ConfigurationError) as caught:
        Site().grants.jwt_bearer(subject="alice")
    assert caught.value.code == "config_client_authentication"


def introspection(answer, **settings):
    site = Site(**settings)
    site.script("introspect", answer)
    return site


def test_introspection():
    site = introspection(json_response({"active": True, "scope": "a b", "aud": [RESOURCE, "x"]}))
    found = site.grants.introspect("the-token", token_type_hint="access_token", audience=RESOURCE)
    assert (found.active, found.scopes) == (True, {"a", "b"})
    form = site.forms("introspect")[0]
    assert (form["token"], form["token_type_hint"], form["client_secret"]) == ("the-token", "access_token", "secret")


def test_introspection_for_another_audience():
    site = introspection(json_response({"active": True, "aud": "https://other.example.com"}))
    with pytest.raises(InvalidResponseError) as caught:
        site.grants.introspect("the-token", audience=RESOURCE)
    assert caught.value.code == "introspection_audience"


def signed(typ="token-introspection+jwt", signing_key=None, **claims):
    content = {
        "iss": ISSUER,
        "aud": "client",
        "iat": 1,
        "token_introspection": {"active": True, "aud": RESOURCE},
        **claims,
    }
    text = sign_jwt(content, signing_key or key(), typ=typ)
    return HTTPResponse(200, Headers({"Content-Type": "application/token-introspection+jwt"}), text.encode())


SIGNED = {"introspection_algorithms": ("ES256",)}


def test_signed_introspection():
    site = introspection(signed(), **SIGNED)
    assert site.grants.introspect("the-token", audience=RESOURCE).active
    assert site.sent("introspect")[0].headers["accept"] == "application/token-introspection+jwt"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (signed(aud="another-client"), "id_token_audience"),
        (signed(iss="https://evil.example.com"), "id_token_issuer"),
        (signed(typ="JWT"), "id_token_type"),
        (signed(signing_key=generate_signing_key(kid="sig-1")), None),
        (signed(token_introspection={"active": True, "aud": "https://other.example.com"}), "introspection_audience"),
        (json_response({"active": True}), "response_content_type"),
    ],
    ids=["audience", "issuer", "typ", "signature", "token's audience", "plain"],
)
def test_signed_introspection_that_does_not_hold(answer, code):
    site = introspection(answer, **SIGNED)
    with pytest.raises(InvalidResponseError) as caught:
        site.grants.introspect("the-token", audience=RESOURCE)
    assert code is None or caught.value.code == code
