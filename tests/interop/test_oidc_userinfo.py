"""oidc-provider: userinfo as JSON, signed, encrypted, both; and never about somebody else."""

from __future__ import annotations

import pytest
from joserfc.jwk import ECKey, RSAKey
from tests.interop.registered import as_jwk, public, site_at
from tests.interop.site import Person

from flask_oauth import IDTokenError, InvalidResponseError, UserinfoError

FEATURES = {"jwtUserinfo": {"enabled": True}, "encryption": {"enabled": True}}
JWA = {"enabledJWA": {"userinfoSigningAlgValues": ["RS256", "PS256", "ES256", "EdDSA", "HS256"]}}
ADA = {"sub": "ada", "email": "ada@example.com", "email_verified": True}


def refused(site, code, error=InvalidResponseError):
    with pytest.raises(error) as caught:
        site.userinfo_of_a_sign_in()
    assert caught.value.code == code


def test_json(provider):
    assert site_at(provider()).userinfo_of_a_sign_in() == ADA


@pytest.mark.parametrize("algorithm", JWA["enabledJWA"]["userinfoSigningAlgValues"])
def test_signed(provider, algorithm):
    there = provider({"userinfo_signed_response_alg": algorithm}, features=FEATURES, **JWA)
    told = site_at(there, userinfo_signed_response_alg=algorithm).userinfo_of_a_sign_in()
    assert {name: told[name] for name in ADA} == ADA
    assert (told["iss"], told["aud"]) == (there.issuer, "app")


def test_signed_with_a_key_although_id_tokens_are_signed_with_the_secret(provider):
    client = {"userinfo_signed_response_alg": "RS256", "id_token_signed_response_alg": "HS256"}
    there = provider(client, features=FEATURES, enabledJWA={"idTokenSigningAlgValues": ["RS256", "HS256"]})
    assert site_at(there, **client).userinfo_of_a_sign_in()["sub"] == "ada"


@pytest.mark.parametrize(
    ("algorithm", "make"),
    [("RSA-OAEP-256", lambda: RSAKey.generate_key(2048)), ("ECDH-ES", lambda: ECKey.generate_key("P-256"))],
)
def test_signed_and_encrypted(provider, algorithm, make):
    key = as_jwk(make(), "enc")
    client = {"userinfo_signed_response_alg": "ES256", "userinfo_encrypted_response_alg": algorithm}
    there = provider({**client, "jwks": {"keys": [{**public(key), "use": "enc"}]}}, features=FEATURES)
    told = site_at(there, decryption_key=key, **client).userinfo_of_a_sign_in()
    assert {name: told[name] for name in ADA} == ADA


def test_N37_signed_with_another_algorithm(provider):
    there = provider({"userinfo_signed_response_alg": "RS256"}, features=FEATURES)
    refused(site_at(there, userinfo_signed_response_alg="ES256"), "id_token_algorithm", IDTokenError)


def test_N37_json_where_a_signed_answer_is_registered(provider):
    refused(site_at(provider(), userinfo_signed_response_alg="RS256"), "userinfo_content_type", UserinfoError)


def test_N37_signed_where_json_is_registered(provider):
    there = provider({"userinfo_signed_response_alg": "RS256"}, features=FEATURES)
    refused(site_at(there), "userinfo_content_type", UserinfoError)


def test_N37_about_somebody_else(provider):
    site = site_at(provider())
    ada, bo = site.sign_in(Person("ada")), site.sign_in(Person("bo"))
    with site.app.app_context():
        assert site.corp.userinfo(bo.token, subject="bo")["email"] == "bo@example.com"
        with pytest.raises(UserinfoError) as caught:
            site.corp.userinfo(bo.token, subject=ada.claims["sub"])
    assert (caught.value.code, caught.value.expected, caught.value.got) == ("userinfo_subject", "ada", "bo")
