"""DPoP: RFC 9449; N43."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flask_oauth.errors import ConfigurationError
from flask_oauth.protocol.http import Headers, HTTPResponse
from flask_oauth.protocol.jose import KeySet, generate_signing_key, unverified_jwt, verify_jwt
from flask_oauth.protocol.oauth2.dpop import (
    access_token_hash,
    bound_key_matches,
    check_proof_algorithm,
    dpop_proof,
    new_nonce,
    nonce_to_retry_with,
    proof_url,
)
from flask_oauth.protocol.oauth2.metadata import ServerMetadata

KEY = generate_signing_key("ES256")
EXAMPLES = json.loads(Path(__file__, "../../vectors/oauth2_examples.json").resolve().read_text("utf-8"))


@pytest.mark.parametrize("name", ["RFC 9449 §4.1", "RFC 9449 §7.1"])
def test_proofs_say_what_those_of_the_specification_say(name: str) -> None:
    vector = dict(EXAMPLES[name])
    theirs = unverified_jwt(vector.pop("proof"))
    ours = verify_jwt(
        dpop_proof(KEY, **vector), KeySet.from_jwks({"keys": [KEY.public_jwk()]}), ["ES256"], types=("dpop+jwt",)
    )
    assert ours.claims == theirs.claims
    assert set(ours.header) == set(theirs.header)
    assert set(ours.header["jwk"]) == set(theirs.header["jwk"])
    assert ours.header["typ"] == theirs.header["typ"]
    assert "d" not in ours.header["jwk"]


def test_N43_ath_is_the_hash_of_the_token() -> None:
    vector = EXAMPLES["RFC 9449 §7.1"]
    assert access_token_hash(vector["access_token"]) == "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"


def test_N43_each_proof_has_the_jti_and_nonce_it_was_given() -> None:
    proofs = [
        unverified_jwt(dpop_proof(KEY, method="GET", url="https://a.example", now=1, jti=jti, nonce=f"n{jti}")).claims
        for jti in ("1", "2")
    ]
    assert [proof["jti"] for proof in proofs] == ["1", "2"]
    assert [proof["nonce"] for proof in proofs] == ["n1", "n2"]
    assert all("ath" not in proof for proof in proofs)


@pytest.mark.parametrize(
    ("url", "htu"),
    [
        ("https://server.example.com/token", "https://server.example.com/token"),
        ("HTTPS://Server.Example.com:443/Token?x=1#y", "https://server.example.com/Token"),
        ("https://server.example.com", "https://server.example.com/"),
        ("https://server.example.com?x=1", "https://server.example.com/"),
        ("http://127.0.0.1:5000/a/", "http://127.0.0.1:5000/a/"),
        ("http://localhost:80/a", "http://localhost/a"),
        ("http://[::1]:8080/a", "http://[::1]:8080/a"),
        ("https://user:secret@server.example.com/a", "https://server.example.com/a"),
        ("https://server.example.com/a%2Fb/%7Ec", "https://server.example.com/a%2Fb/%7Ec"),
    ],
)
def test_htu(url: str, htu: str) -> None:
    assert proof_url(url) == htu


def test_the_servers_list_narrows_the_algorithm() -> None:
    check_proof_algorithm(KEY, ServerMetadata())
    check_proof_algorithm(KEY, ServerMetadata(dpop_signing_alg_values_supported=("RS256", "ES256")))
    with pytest.raises(ConfigurationError) as caught:
        check_proof_algorithm(KEY, ServerMetadata(dpop_signing_alg_values_supported=("RS256",)))
    assert caught.value.code == "config_algorithm"


def answer(
    status: int, *, nonce: str | None = "n2", error: str | None = None, challenge: str | None = None, body: bytes = b""
) -> HTTPResponse:
    fields: list[tuple[str, str]] = [("Content-Type", "application/json")]
    if nonce is not None:
        fields.append(("DPoP-Nonce", nonce))
    if challenge is not None:
        fields.append(("WWW-Authenticate", challenge))
    return HTTPResponse(status, Headers(fields), json.dumps({"error": error}).encode() if error else body)


def test_every_answer_may_bring_a_nonce() -> None:
    assert new_nonce(answer(200)) == "n2"
    assert new_nonce(answer(200, nonce=None)) is None


@pytest.mark.parametrize("nonce", ["", "a b", 'a"b', "a\\b", "ä", "a\x7f", "n1, n2", "x" * 2049])
def test_a_nonce_that_is_none(nonce: str) -> None:
    assert new_nonce(answer(200, nonce=nonce)) is None
    assert nonce_to_retry_with(answer(401, nonce=nonce, challenge='DPoP error="use_dpop_nonce"'), used=None) is None


@pytest.mark.parametrize("status", [400, 401])
def test_N43_the_authorization_server_asks_for_a_nonce(status: int) -> None:
    assert nonce_to_retry_with(answer(status, error="use_dpop_nonce"), used=None) == "n2"
    assert nonce_to_retry_with(answer(status, error="use_dpop_nonce"), used="n1") == "n2"


@pytest.mark.parametrize("scheme", ["DPoP", "dpop", "DPOP"])
def test_N43_A03_the_resource_asks_for_a_nonce(scheme: str) -> None:
    challenge = f'Bearer realm="x", {scheme} error="use_dpop_nonce", error_description="d"'
    assert nonce_to_retry_with(answer(401, challenge=challenge), used=None) == "n2"


def test_N43_the_same_nonce_again_is_not_tried() -> None:
    assert nonce_to_retry_with(answer(400, error="use_dpop_nonce"), used="n2") is None


@pytest.mark.parametrize(
    "response",
    [
        answer(200, error="use_dpop_nonce"),
        answer(400, error="invalid_grant"),
        answer(400, nonce=None, error="use_dpop_nonce"),
        answer(401, challenge='DPoP error="invalid_token"'),
        answer(401, challenge='Bearer error="use_dpop_nonce"'),
        answer(401),
        answer(403, challenge='DPoP error="use_dpop_nonce"'),
        answer(400, body=b"not json"),
    ],
)
def test_N43_nothing_else_is_repeated(response: HTTPResponse) -> None:
    assert nonce_to_retry_with(response, used=None) is None


@pytest.mark.parametrize(
    ("confirmation", "matches"), [(None, False), ({}, False), ({"jkt": "x"}, False), ("jkt", False)]
)
def test_the_binding_of_a_token(confirmation: Any, matches: bool) -> None:
    assert bound_key_matches(confirmation, KEY) is matches
    assert bound_key_matches({"jkt": KEY.thumbprint()}, KEY)
