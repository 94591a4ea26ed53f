"""oidc-provider: ID Tokens in every algorithm, encrypted ones, and what a sign-in demands of them."""

from __future__ import annotations

import time

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey
from tests.interop.registered import as_jwk, public, site_at
from tests.interop.site import Person

from flask_oauth import AccessDenied, IDTokenError, ServerError

SIGNED = ["RS256", "PS256", "ES256", "EdDSA", "Ed25519", "HS256"]
ALL_JWA = {"enabledJWA": {"idTokenSigningAlgValues": SIGNED}}
ENCRYPTION = {"encryption": {"enabled": True}}


def refused(site, code, person=None, **parameters):
    with pytest.raises(IDTokenError) as caught:
        site.sign_in(person, **parameters)
    assert caught.value.code == code
    assert site.answers == []
    return caught.value


# -- signatures ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", SIGNED)
def test_signed(provider, algorithm):
    there = provider({"id_token_signed_response_alg": algorithm}, **ALL_JWA)
    answer = site_at(there, id_token_signed_response_alg=algorithm).sign_in()
    assert (answer.claims["iss"], answer.claims["aud"], answer.claims["sub"]) == (there.issuer, "app", "ada")


@pytest.mark.parametrize(
    ("signed", "pinned"),
    [("RS256", "PS256"), ("PS256", "RS256"), ("RS256", "ES256"), ("HS256", "RS256"), ("RS256", "HS256")],
)
def test_N27_signed_otherwise_than_pinned(provider, signed, pinned):
    there = provider({"id_token_signed_response_alg": signed}, **ALL_JWA)
    error = refused(site_at(there, id_token_signed_response_alg=pinned), "id_token_algorithm")
    assert (error.expected, error.got) == (pinned, repr(signed))


def test_hmac_with_another_secret(provider):
    """The provider takes the client by its key, so that only the ID Token depends on the secret."""
    there = provider(
        {"id_token_signed_response_alg": "HS256", "token_endpoint_auth_method": "none"},
        **ALL_JWA,
    )
    site = site_at(
        there,
        id_token_signed_response_alg="HS256",
        token_endpoint_auth_method="none",
        client_secret="another secret, also long enough for HS256, but of nobody",
    )
    refused(site, "id_token_signature")


# -- encryption ---------------------------------------------------------------------------------------------------

OURS = {
    "RSA-OAEP-256": lambda: RSAKey.generate_key(2048),
    "ECDH-ES": lambda: ECKey.generate_key("P-256"),
}


def encrypted(provider, algorithm, key=None, encoding="A128CBC-HS256", **client):
    published = {"jwks": {"keys": [{**public(key), "use": "enc"}]}} if key else {}
    return provider(
        {
            "id_token_encrypted_response_alg": algorithm,
            "id_token_encrypted_response_enc": encoding,
            **published,
            **client,
        },
        features=ENCRYPTION,
    )


def reading(there, algorithm, key=None, encoding=None, **options):
    return site_at(
        there,
        id_token_encrypted_response_alg=algorithm,
        id_token_encrypted_response_enc=encoding,
        decryption_key=key,
        **options,
    )


@pytest.mark.parametrize(
    ("algorithm", "key", "encoding"),
    [
        ("RSA-OAEP-256", OURS["RSA-OAEP-256"], "A128CBC-HS256"),
        ("RSA-OAEP", OURS["RSA-OAEP-256"], "A256GCM"),
        ("ECDH-ES", OURS["ECDH-ES"], "A256CBC-HS512"),
        ("ECDH-ES", lambda: OKPKey.generate_key("X25519"), "A128GCM"),
    ],
)
def test_encrypted_for_our_key(provider, algorithm, key, encoding):
    key = as_jwk(key(), "enc")
    there = encrypted(provider, algorithm, key, encoding)
    answer = reading(there, algorithm, {**key, "alg": algorithm}, encoding).sign_in()
    assert answer["id_token"].count(".") == 4
    assert answer.claims["sub"] == "ada"


@pytest.mark.parametrize("algorithm", ["A128KW", "A256KW", "dir"])
def test_encrypted_with_the_client_secret(provider, algorithm):
    """Core §10.2: the key is made from the client secret."""
    there = encrypted(provider, algorithm)
    assert reading(there, algorithm).sign_in().claims["sub"] == "ada"


@pytest.mark.parametrize("algorithm", ["RSA-OAEP-256", "ECDH-ES"])
def test_N36_encrypted_for_another_key(provider, algorithm):
    there = encrypted(provider, algorithm, as_jwk(OURS[algorithm](), "enc"))
    refused(reading(there, algorithm, as_jwk(OURS[algorithm](), "enc")), "id_token_encryption")


def test_N36_plain_although_encryption_is_registered(provider):
    refused(reading(provider(), "RSA-OAEP-256", as_jwk(OURS["RSA-OAEP-256"](), "enc")), "id_token_encryption")


def test_encrypted_although_nobody_registered_that(provider):
    there = encrypted(provider, "ECDH-ES", as_jwk(OURS["ECDH-ES"](), "enc"))
    refused(site_at(there), "id_token_encryption")


def test_an_encrypted_id_token_is_still_pinned_to_its_signature(provider):
    key = as_jwk(OURS["ECDH-ES"](), "enc")
    there = encrypted(provider, "ECDH-ES", key, id_token_signed_response_alg="ES256")
    assert reading(there, "ECDH-ES", key, id_token_signed_response_alg="ES256").sign_in().claims["sub"] == "ada"
    refused(reading(there, "ECDH-ES", key, id_token_signed_response_alg="RS256"), "id_token_algorithm")


def test_userinfo_and_refresh_after_an_encrypted_id_token(provider):
    """Who signed in is read from the ID Token again, and the one of the refresh is encrypted as well."""
    key = as_jwk(OURS["ECDH-ES"](), "enc")
    site = reading(encrypted(provider, "ECDH-ES", key), "ECDH-ES", key)
    token = site.sign_in().token
    with site.app.app_context():
        refreshed = site.corp._refresh(token)
        assert refreshed.id_token != token.id_token
        assert refreshed.id_token.count(".") == 4
        assert site.corp.userinfo(refreshed)["email"] == "ada@example.com"


# -- what the sign-in demands --------------------------------------------------------------------------------------


def test_max_age(provider):
    before = int(time.time())
    claims = site_at(provider()).sign_in(max_age=60).claims
    assert before <= claims["auth_time"] <= time.time()


def test_max_age_of_the_remote_app(provider):
    assert "auth_time" in site_at(provider(), max_age=60).sign_in().claims


def test_N35_signed_in_too_long_ago(provider):
    person = Person(seconds_ago="3600")
    refused(site_at(provider()), "id_token_auth_time", person, max_age=60)


def test_without_max_age_an_old_session_is_good(provider):
    assert site_at(provider()).sign_in(Person(seconds_ago="3600")).claims["sub"] == "ada"


ACR = {"acrValues": ["urn:tests:one", "urn:tests:two"]}


def test_acr(provider):
    site = site_at(provider(**ACR))
    answer = site.sign_in(Person(acr="urn:tests:two"), acr=["urn:tests:one", "urn:tests:two"])
    assert answer.claims["acr"] == "urn:tests:two"


@pytest.mark.parametrize("acr", [{"acr": "urn:tests:one"}, {}])
def test_N35_another_acr_or_none(provider, acr):
    refused(site_at(provider(**ACR)), "id_token_acr", Person(**acr), acr="urn:tests:two")


def test_acr_values_alone_are_a_wish(provider):
    answer = site_at(provider(**ACR)).sign_in(Person(acr="urn:tests:one"), acr_values="urn:tests:two")
    assert answer.claims["acr"] == "urn:tests:one"


CLAIMS = {"claimsParameter": {"enabled": True}}


def test_claims_parameter(provider):
    site = site_at(provider(features=CLAIMS), scope="openid")
    site.asks_userinfo = True
    wanted = {"id_token": {"email": None, "auth_time": {"essential": True}}, "userinfo": {"phone_number": None}}
    answer = site.sign_in(claims=wanted)
    assert answer.claims["email"] == "ada@example.com"
    assert "auth_time" in answer.claims
    assert site.people == [{"sub": "ada", "phone_number": "+1 555 0100"}]


def test_an_essential_acr_among_the_claims_is_demanded(provider):
    site = site_at(provider(features=CLAIMS, **ACR), scope="openid")
    wanted = {"id_token": {"acr": {"essential": True, "values": ["urn:tests:two"]}}}
    assert site.sign_in(Person(acr="urn:tests:two"), claims=wanted).claims["acr"] == "urn:tests:two"


def test_prompt_none_without_a_session(provider):
    with pytest.raises(ServerError) as caught:
        site_at(provider()).sign_in(prompt="none")
    assert caught.value.error == "login_required"


def test_prompt_none_with_a_session_and_a_hint(provider):
    site, person = site_at(provider()), Person()
    first = site.sign_in(person)
    person.asked.clear()
    second = site.sign_in(person, prompt="none", id_token_hint=first["id_token"])
    assert (second.claims["sub"], person.asked) == ("ada", [])


def test_prompt_login_asks_again_and_says_when(provider):
    site, person = site_at(provider()), Person()
    site.sign_in(person)
    person.asked.clear()
    assert "auth_time" in site.sign_in(person, prompt="login").claims
    assert person.asked == ["login"]


def test_the_person_says_no(provider):
    site = site_at(provider())
    delivery = Person().travel(site.leave(), refuse=True)
    with pytest.raises(AccessDenied):
        site.arrive(delivery)
