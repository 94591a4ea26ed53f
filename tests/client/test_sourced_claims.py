"""Aggregated and distributed claims through the remote app: only those of an issuer that is trusted, verified."""

from __future__ import annotations

import time
from typing import Any

import pytest

from flask_oauth import IDTokenError, OAuth, OAuthRemoteApp
from flask_oauth.protocol.http import Headers, HTTPResponse
from flask_oauth.protocol.jose import generate_signing_key, sign_jwt
from flask_oauth.testing import ScriptedTransport, json_response

BANK = "https://bank.example"
KEY = generate_signing_key("ES256", kid="k")


def jwt(issuer: str = BANK, **claims: Any) -> str:
    return sign_jwt({"iss": issuer, "exp": time.time() + 60, **claims}, KEY)


@pytest.fixture
def transport() -> ScriptedTransport:
    transport = ScriptedTransport()
    metadata = {"issuer": BANK, "jwks_uri": BANK + "/jwks", "authorization_endpoint": BANK + "/authorize"}
    transport.always("GET", BANK + "/.well-known/openid-configuration", json_response(metadata))
    transport.always("GET", BANK + "/jwks", json_response({"keys": [KEY.public_jwk()]}))
    answer = HTTPResponse(200, Headers({"Content-Type": "application/jwt"}), jwt(credit_score=650).encode())
    transport.always("GET", BANK + "/claims", answer)
    return transport


@pytest.fixture
def corp(transport: ScriptedTransport) -> OAuthRemoteApp:
    return OAuth(transport=transport).remote_app("corp", issuer="https://id.example", client_id="me")


def named(source: dict[str, str]) -> dict[str, Any]:
    return {"sub": "alice", "_claim_names": {"credit_score": "bank"}, "_claim_sources": {"bank": source}}


@pytest.mark.parametrize(
    "source", [{"JWT": jwt(credit_score=650, name="Eve")}, {"endpoint": BANK + "/claims", "access_token": "t"}]
)
def test_claims_of_a_trusted_source(corp: OAuthRemoteApp, source: dict[str, str]) -> None:
    assert corp.sourced_claims(named(source), trusted=[BANK]) == {"credit_score": 650}


def test_what_nobody_trusts_is_left_out(corp: OAuthRemoteApp, transport: ScriptedTransport) -> None:
    claims = named({"JWT": jwt("https://evil.example", credit_score=999)})
    assert corp.sourced_claims(claims, trusted=[BANK]) == {}
    assert transport.requests == []


def test_a_forged_source_is_refused(corp: OAuthRemoteApp) -> None:
    forged = sign_jwt({"iss": BANK, "credit_score": 999}, generate_signing_key("ES256", kid="k"))
    with pytest.raises(IDTokenError) as caught:
        corp.sourced_claims(named({"JWT": forged}), trusted=[BANK])
    assert caught.value.code == "id_token_signature"
