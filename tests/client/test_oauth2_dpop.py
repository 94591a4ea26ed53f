"""DPoP through the hub: one key for a sign-in and its tokens, nonces by server and role, one repetition (N43, A03)."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from tests.client.oauth2_sites import (
    API,
    ISSUER,
    Site,
    claims_of,
    failure,
    header_of,
    proof_of,
    token_answer,
    wants_nonce,
)

from flask_oauth.client.proofs import Nonces, new_proof_key, proof_key, written
from flask_oauth.errors import ConfigurationError, ServerError, TokenResponseError
from flask_oauth.protocol.http import Headers, HTTPResponse
from flask_oauth.protocol.jose import generate_signing_key
from flask_oauth.protocol.oauth2.client_authentication import Client
from flask_oauth.protocol.oauth2.metadata import ServerMetadata
from flask_oauth.protocol.token import Token
from flask_oauth.testing.transport import json_response

CALLBACK = "https://app.example.com/callback"
ANSWER = [("code", "c"), ("state", "s")]


@pytest.fixture
def site():
    site = Site(dpop=True)
    yield site
    site.transport.assert_all_used()


def bound_token(**members):
    return Token("at", token_type="DPoP", refresh_token="rt", dpop_key=written(generate_signing_key()), **members)


def sign_in(site, answer):
    request, transaction = site.client.authorize("corp", redirect_uri=CALLBACK, state="s")
    site.script("token", *answer)
    return request, transaction


def test_N43_the_proof_key_is_that_of_the_flow_and_then_of_the_token(site):
    request, transaction = sign_in(site, [token_answer(token_type="dpop")])
    token = site.client.complete(ANSWER, transaction).token
    thumbprint = proof_key(transaction.dpop_key).thumbprint()
    assert request.value("dpop_jkt") == thumbprint
    assert proof_key(token.dpop_key).thumbprint() == thumbprint
    header = header_of(site.sent("token")[0].headers["dpop"])
    assert set(header["jwk"]) == {"kty", "crv", "x", "y"}
    assert (header["typ"], header["alg"]) == ("dpop+jwt", "ES256")
    assert token.token_type == "DPoP"


def test_the_key_crosses_storage_and_shows_nowhere():
    token = bound_token()
    secret = json.loads(token.dpop_key)["d"]
    assert Token.from_dict(json.loads(json.dumps(token.to_dict()))) == token
    assert secret not in repr(token)
    assert "dpop_key" in repr(token)


@pytest.mark.parametrize("answer", [token_answer(), json_response({"access_token": "at"})])
def test_N16_a_bearer_answer_is_refused_where_dpop_was_asked_for(site, answer):
    _, transaction = sign_in(site, [answer])
    with pytest.raises(TokenResponseError):
        site.client.complete(ANSWER, transaction)


def test_N16_named_endpoints_do_not_make_it_lenient():
    site = Site(dpop=True, lenient=True)
    _, transaction = sign_in(site, [json_response({"access_token": "at"})])
    with pytest.raises(TokenResponseError) as caught:
        site.client.complete(ANSWER, transaction)
    assert caught.value.code == "token_response_no_type"


def test_N16_a_dpop_answer_is_refused_where_it_was_not_asked_for():
    site = Site()
    _, transaction = sign_in(site, [token_answer(token_type="DPoP")])
    with pytest.raises(TokenResponseError):
        site.client.complete(ANSWER, transaction)


def test_N43_authorization_server_asks_for_a_nonce(site):
    _, transaction = sign_in(site, [wants_nonce("n1"), token_answer(token_type="DPoP")])
    site.client.complete(ANSWER, transaction)
    first, second = (proof_of(request) for request in site.sent("token"))
    assert "nonce" not in first
    assert second["nonce"] == "n1"
    assert first["jti"] != second["jti"]
    assert first["htu"] == second["htu"] == f"{ISSUER}/token"


def test_N44_the_repeated_request_holds_a_new_assertion():
    key = generate_signing_key()
    site = Site(dpop=True, client=Client("client", signing_key=key))
    _, transaction = sign_in(site, [wants_nonce("n1"), token_answer(token_type="DPoP")])
    site.client.complete(ANSWER, transaction)
    first, second = (claims_of(form["client_assertion"]) for form in site.forms("token"))
    assert first["jti"] != second["jti"]
    assert first["aud"] == second["aud"] == ISSUER


def test_N43_nonce_storm_of_the_authorization_server(site):
    _, transaction = sign_in(site, [wants_nonce("n1"), wants_nonce("n2")])
    with pytest.raises(ServerError) as caught:
        site.client.complete(ANSWER, transaction)
    assert caught.value.error == "use_dpop_nonce"
    assert len(site.sent("token")) == 2


def test_N43_nonce_storm_of_the_api(site):
    answers = [wants_nonce(f"n{number}", 401) for number in range(2)]
    site.transport.once("GET", API, *answers)
    assert site.get(bound_token()).status == 401
    assert len(site.transport.sent("GET", API)) == 2


@pytest.mark.parametrize("scheme", ["DPoP", "dpop", "DPOP"])
def test_A03_the_scheme_of_a_challenge_has_no_letter_case(site, scheme):
    site.transport.once("GET", API, wants_nonce("n1", 401, scheme), json_response({}))
    assert site.get(bound_token()).status == 200
    assert proof_of(site.transport.sent("GET", API)[1])["nonce"] == "n1"


def test_N43_nonces_of_both_roles_are_kept_apart_even_at_one_origin(site):
    place = f"{ISSUER}/userinfo"
    site.transport.once("GET", place, wants_nonce("api", 401), json_response({}), json_response({}))
    token = bound_token()
    site.get(token, place)
    site.script("token", wants_nonce("server"), token_answer(token_type="DPoP"))
    site.client.refresh(token)
    site.get(token, place)
    assert "nonce" not in proof_of(site.sent("token")[0])
    assert proof_of(site.sent("token")[1])["nonce"] == "server"
    assert proof_of(site.transport.sent("GET", place)[2])["nonce"] == "api"


def test_N43_nonces_of_two_apis_are_kept_apart(site):
    site.transport.once("GET", API, wants_nonce("first", 401), json_response({}))
    site.transport.once("GET", "https://other.example.com/x", json_response({}))
    token = bound_token()
    site.get(token)
    site.get(token, "https://other.example.com/x")
    assert "nonce" not in proof_of(site.transport.sent("GET", "https://other.example.com/x")[0])


def test_the_newest_nonce_is_used_though_nobody_asked(site):
    fresh = json_response({}, headers={"DPoP-Nonce": "n2"})
    site.transport.once("GET", API, wants_nonce("n1", 401), fresh, json_response({}))
    token = bound_token()
    site.get(token)
    site.get(token)
    assert proof_of(site.transport.sent("GET", API)[2])["nonce"] == "n2"


@pytest.mark.parametrize(
    "answer",
    [
        HTTPResponse(401, Headers({"DPoP-Nonce": "n1", "WWW-Authenticate": 'DPoP error="invalid_token"'}), b""),
        HTTPResponse(401, Headers({"WWW-Authenticate": 'DPoP error="use_dpop_nonce"'}), b""),
        HTTPResponse(503, Headers({"DPoP-Nonce": "n1"}), b""),
    ],
)
def test_N43_nothing_is_repeated_without_a_nonce_or_a_reason(site, answer):
    site.transport.once("GET", API, answer)
    assert site.get(bound_token()).status == answer.status
    assert len(site.transport.sent("GET", API)) == 1


def test_N43_ath_names_the_token_and_the_scheme_is_dpop(site):
    site.transport.once("GET", API, json_response({}))
    site.get(bound_token())
    request = site.transport.sent("GET", API)[0]
    assert request.headers["authorization"] == "DPoP at"
    assert proof_of(request)["ath"] == "sda5G2fCr6XjIpiNlGJjjTVN34oe9526mH-BXCK0uu4"


def test_a_redirect_within_the_api_gets_a_proof_of_its_own(site):
    moved = HTTPResponse(302, Headers({"Location": "/moved?x=1"}), b"")
    site.transport.once("GET", API, moved)
    site.transport.once("GET", "https://api.example.com/moved", json_response({}))
    site.get(bound_token())
    assert proof_of(site.transport.sent("GET", "https://api.example.com/moved")[0])["htu"].endswith("/moved")


def test_N45_a_redirect_elsewhere_gets_neither_token_nor_proof(site):
    site.transport.once("GET", API, HTTPResponse(302, Headers({"Location": "https://evil.example.com/"}), b""))
    site.transport.once("GET", "https://evil.example.com/", json_response({}))
    site.get(bound_token())
    headers = site.transport.sent("GET", "https://evil.example.com/")[0].headers
    assert "authorization" not in headers
    assert "dpop" not in headers


def test_refresh_keeps_key_and_type(site):
    token = bound_token(scope="a")
    site.script("token", token_answer("new", token_type="DPoP"))
    new = site.client.refresh(token)
    assert (new.access_token, new.token_type, new.dpop_key) == ("new", "DPoP", token.dpop_key)
    jwk = header_of(site.sent("token")[0].headers["dpop"])["jwk"]
    assert jwk == proof_key(token.dpop_key).public_jwk(bare=True)


def test_N16_a_bound_token_is_not_refreshed_to_a_bearer_token(site):
    site.script("token", token_answer())
    with pytest.raises(TokenResponseError):
        site.client.refresh(bound_token())


def test_bearer_tokens_of_before_go_on_until_they_end(site):
    site.transport.once("GET", API, json_response({}))
    site.get(Token("old"))
    assert site.transport.sent("GET", API)[0].headers["authorization"] == "Bearer old"


def test_a_bound_token_without_its_key_is_explained(site):
    with pytest.raises(ConfigurationError) as caught:
        site.get(replace(bound_token(), dpop_key=None))
    assert "tokengetter" in caught.value.hint


def test_a_request_that_brings_its_own_authorization_gets_no_proof(site):
    from flask_oauth.protocol.http import HTTPRequest

    site.transport.once("GET", API, json_response({}))
    site.client.call(HTTPRequest("GET", API, Headers({"Authorization": "Basic x"})), bound_token())
    assert "dpop" not in site.transport.sent("GET", API)[0].headers


def test_pushed_requests_are_proved_too():
    site = Site(dpop=True, pushed=True)
    site.script("par", wants_nonce("n1"), json_response({"request_uri": "urn:x", "expires_in": 60}, 201))
    request, transaction = site.client.authorize("corp", redirect_uri=CALLBACK, state="s")
    assert [proof_of(sent).get("nonce") for sent in site.sent("par")] == [None, "n1"]
    assert site.forms("par")[1]["dpop_jkt"] == proof_key(transaction.dpop_key).thumbprint()
    assert request.url.endswith("?client_id=client&request_uri=urn%3Ax")


def test_the_algorithm_of_a_key_is_one_that_the_server_takes():
    assert new_proof_key(ServerMetadata()).algorithm == "ES256"
    assert new_proof_key(ServerMetadata(dpop_signing_alg_values_supported=("EdDSA", "RS256"))).algorithm == "EdDSA"
    with pytest.raises(ConfigurationError) as caught:
        new_proof_key(ServerMetadata(dpop_signing_alg_values_supported=("RS256",)))
    assert caught.value.code == "config_algorithm"


def test_a_key_is_parsed_once():
    text = written(generate_signing_key())
    assert proof_key(text) is proof_key(text)


def test_so_many_nonces_are_kept_and_no_more():
    nonces = Nonces(most=3)
    for number in range(5):
        nonces.keep("resource", ("https", f"h{number}", 443), "n")
    assert len(nonces) == 3
    assert nonces.get("resource", ("https", "h1", 443)) is None
    assert nonces.get("resource", ("https", "h4", 443)) == "n"


def test_a_failure_that_is_not_about_nonces_is_not_repeated(site):
    _, transaction = sign_in(site, [failure("invalid_grant", headers={"DPoP-Nonce": "n1"})])
    with pytest.raises(ServerError):
        site.client.complete(ANSWER, transaction)
    assert len(site.sent("token")) == 1
