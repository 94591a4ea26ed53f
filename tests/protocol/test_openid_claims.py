"""Aggregated and distributed claims (Core §5.6.2)."""

from __future__ import annotations

import pytest
from tests.protocol.openid_samples import CLIENT_ID, NOW, key, key_set

from flask_oauth.errors import IDTokenError, InvalidResponseError
from flask_oauth.protocol.http import Headers, HTTPResponse
from flask_oauth.protocol.jose import sign_jwt
from flask_oauth.protocol.openid.claims import (
    ClaimSource,
    claim_sources,
    distributed_claims_request,
    process_distributed_claims_response,
    validate_source_claims,
)

BANK = "https://bank.example.com"
# The example of Core §5.6.2.2, both kinds in one answer.
USERINFO = {
    "sub": "248289761001",
    "_claim_names": {"payment_info": "src1", "shipping_address": "src1", "credit_score": "src2", "phone": "nowhere"},
    "_claim_sources": {
        "src1": {"endpoint": f"{BANK}/claim_source"},
        "src2": {"endpoint": "https://creditagency.example.com/claims_here", "access_token": "ksj3n283dke"},
        "src3": {"JWT": "unnamed"},
    },
}


def test_sources_of_an_answer():
    first, second = claim_sources(USERINFO)
    assert (first.name, first.claims, first.endpoint) == (
        "src1",
        ("payment_info", "shipping_address"),
        f"{BANK}/claim_source",
    )
    assert (second.claims, second.access_token, second.jwt) == (("credit_score",), "ksj3n283dke", None)
    assert repr(second) == "<ClaimSource 'src2' credit_score>"


def test_aggregated_source():
    (source,) = claim_sources({"_claim_names": {"address": "src1"}, "_claim_sources": {"src1": {"JWT": "a.b.c"}}})
    assert source.jwt == "a.b.c"
    with pytest.raises(InvalidResponseError):
        distributed_claims_request(source)


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"_claim_names": {"a": "s"}},
        {"_claim_names": ["a"], "_claim_sources": {}},
        {"_claim_names": {"a": "s"}, "_claim_sources": []},
        {"_claim_names": {"a": 7, "b": "t"}, "_claim_sources": {"s": {"JWT": "x"}}},
        {"_claim_names": {"sub": "s", "iss": "s", "aud": "s"}, "_claim_sources": {"s": {"JWT": "x"}}},
    ],
)
def test_no_source_counts(claims):
    assert claim_sources(claims) == ()


@pytest.mark.parametrize(
    "members",
    [
        None,
        {},
        {"JWT": 7},
        {"endpoint": 7},
        {"endpoint": BANK, "access_token": 7},
        {"endpoint": BANK, "access_token": "a\r\nX-Evil: 1"},
        {"endpoint": BANK, "access_token": "ä"},
    ],
)
def test_a_source_that_is_none(members):
    with pytest.raises(InvalidResponseError) as caught:
        claim_sources({"_claim_names": {"a": "s"}, "_claim_sources": {"s": members}})
    assert caught.value.code == "claim_source_invalid"


def test_N13_N45_request_shows_only_the_sources_own_token():
    first, second = claim_sources(USERINFO)
    request = distributed_claims_request(second)
    assert request.public_hosts_only
    assert request.headers["authorization"] == "Bearer ksj3n283dke"
    assert "authorization" not in distributed_claims_request(first).headers


@pytest.mark.parametrize("endpoint", ["http://bank.example.com/", "ftp://bank.example.com/", "bank", None])
def test_N12_insecure_endpoint(endpoint):
    with pytest.raises(InvalidResponseError) as caught:
        distributed_claims_request(ClaimSource("s", ("a",), endpoint=endpoint))
    assert caught.value.code == "claim_source_invalid"


def test_answer_of_a_source():
    def answered(status, media_type):
        return process_distributed_claims_response(
            HTTPResponse(status, Headers({"Content-Type": media_type}), b" a.b.c\n")
        )

    assert answered(200, "application/jwt") == "a.b.c"
    for status, media_type, code in (
        (200, "application/json", "response_content_type"),
        (404, "application/jwt", "response_status"),
    ):
        with pytest.raises(InvalidResponseError) as caught:
            answered(status, media_type)
        assert caught.value.code == code


def validated(**claims):
    source = ClaimSource("s", ("address", "phone"))
    token = sign_jwt({"iss": BANK, "address": "Main Street 1", "admin": True, **claims}, key())
    return validate_source_claims(token, source, key_set(), ["ES256"], issuer=BANK, now=NOW, audience=CLIENT_ID)


def test_only_the_named_claims_are_taken():
    assert validated() == {"address": "Main Street 1"}
    assert validated(phone="1", aud=CLIENT_ID, exp=NOW + 1, nbf=NOW) == {"address": "Main Street 1", "phone": "1"}


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"iss": "https://evil.example.com"}, "id_token_issuer"),
        ({"aud": "other"}, "id_token_audience"),
        ({"exp": NOW - 61}, "id_token_expired"),
        ({"nbf": NOW + 61}, "id_token_not_yet_valid"),
    ],
)
def test_claims_of_another(claims, code):
    with pytest.raises(IDTokenError) as caught:
        validated(**claims)
    assert caught.value.code == code


def test_audience_counts_only_where_it_is_known():
    token = sign_jwt({"iss": BANK, "address": "x", "aud": "someone"}, key())
    source = ClaimSource("s", ("address",))
    assert validate_source_claims(token, source, key_set(), ["ES256"], issuer=BANK, now=NOW) == {"address": "x"}


def test_claims_with_a_bad_signature():
    token = sign_jwt({"iss": BANK, "address": "x"}, key("ES256", "other"), headers={"kid": "k1"})
    with pytest.raises(IDTokenError) as caught:
        validate_source_claims(token, ClaimSource("s", ("address",)), key_set(), ["ES256"], issuer=BANK, now=NOW)
    assert caught.value.code == "id_token_signature"
