"""oidc-provider with the FAPI 2.0 Security Profile: one word on our side, every demand on theirs."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest
from tests.interop.registered import public, site_at
from tests.interop.site import Person

from flask_oauth import AuthorizationResponseError, ConfigurationError, IDTokenError, OAuthException, ServerError
from flask_oauth.client.proofs import new_proof_key, written
from flask_oauth.protocol.jose import unverified_jwt
from flask_oauth.protocol.oauth2.metadata import ServerMetadata
from flask_oauth.storage import MemoryTokenStore

ALGORITHMS = ["PS256", "ES256", "EdDSA"]
FEATURES = {"revocation": {"enabled": True}}
SIGNING = {**FEATURES, "requestObjects": {"enabled": True}, "jwtResponseModes": {"enabled": True}}


def client_of(key, **more):
    return {
        "client_secret": None,
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": key["alg"],
        "dpop_bound_access_tokens": True,
        "id_token_signed_response_alg": "PS256",
        "jwks": {"keys": [public(key)]},
        **more,
    }


@pytest.fixture
def both(provider, keys):
    """A provider and a site that agree on FAPI 2.0: the algorithm of the client's key, then what differs."""

    def make(algorithm="ES256", *, client=None, there=None, features=FEATURES, **options):
        key = {**keys.of_client[algorithm], "alg": algorithm}
        settings = {"fapi": "2.0", "features": features, "clientAuthMethods": ["private_key_jwt"], **(there or {})}
        settings["clientDefaults"] = {"token_endpoint_auth_method": "private_key_jwt"}
        counterparty = provider(client_of(key, **(client or {})), **settings)
        known = {"profile": "fapi2", "client_secret": None, "signing_key": key}
        site = site_at(counterparty, **{**known, "config": {"OAUTH_TOKEN_STORE": MemoryTokenStore()}, **options})
        site.owner = "7"
        return counterparty, site

    return make


def call(site):
    with site.corp.for_user("7") as api:
        return api.get("me")


def parameters_of(url):
    return dict(parse_qsl(urlsplit(url).query))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("nonces", [False, True])
def test_a_whole_life(both, algorithm, nonces):
    """Sign in, call, refresh, revoke; the server may demand a nonce in each proof."""
    there, site = both(algorithm, there={"dpopNonces": nonces})
    answer = site.sign_in()
    assert (answer.claims["sub"], answer.token.token_type) == ("ada", "DPoP")
    assert call(site).data["email"] == "ada@example.com"
    with site.corp.for_user("7") as api:
        first = api.token
        site.corp.save_token(replace(first, expires_at=1.0), owner="7")
        assert api.get("me").status == 200
        assert (api.token.dpop_key, api.token.refresh_token != first.refresh_token) == (first.dpop_key, True)
        assert site.corp.disconnect("7") == {"refresh_token": "revoked", "access_token": "revoked"}
        assert site.corp.get("me", token=first).status == 401
    assert there.grants() == ["authorization_code", "refresh_token"]


def test_a_nonce_is_learnt_once(both):
    """RFC 9449 §8.2: only the first proof for each server lacks one."""
    there, site = both(there={"dpopNonces": True})
    for _ in range(3):
        site.sign_in()
        assert call(site).status == 200
    refused = [
        line for event in ("pushed_authorization_request", "grant", "userinfo") for line in there.log(f"{event}.error")
    ]
    assert [line["error"] for line in refused] == ["use_dpop_nonce"] * 2  # authorization server, and resource


def test_the_request_is_pushed(both):
    there, site = both()
    assert sorted(parameters_of(site.leave())) == ["client_id", "request_uri"]
    assert len(there.log("pushed_authorization_request.success")) == 1


def test_userinfo_within_the_sign_in(both):
    _, site = both(there={"dpopNonces": True})
    assert site.userinfo_of_a_sign_in()["email"] == "ada@example.com"


def test_a_stolen_token_is_worth_nothing(both):
    _, site = both()
    token = site.sign_in().token
    foreign = written(new_proof_key(ServerMetadata()))
    with site.app.app_context():
        assert site.corp.get("me", token=token).status == 200
        assert site.corp.get("me", token=replace(token, dpop_key=foreign)).status == 401
        assert site.corp.get("me", token=replace(token, token_type="Bearer", dpop_key=None)).status == 401


def test_N05_a_code_is_bound_to_the_key_of_its_sign_in(both):
    """The code of one sign-in in the answer of another: PKCE and the key differ."""
    there, site = both()
    _, other = Person().travel(site.leave())
    with pytest.raises(ServerError, match="invalid_grant"):
        site.sign_in(change=lambda query: query.update(code=other["code"]))
    assert there.grants() == []


@pytest.mark.parametrize(
    ("features", "lack"),
    [
        ({"pushedAuthorizationRequests": {"enabled": False}}, "pushed_authorization_request_endpoint"),
        ({"dPoP": {"enabled": False}}, "DPoP"),
    ],
)
def test_what_the_server_lacks_is_named_before_anybody_leaves(provider, keys, features, lack):
    key = {**keys.of_client["ES256"], "alg": "ES256"}
    client = client_of(key, dpop_bound_access_tokens=None)
    there = provider(client, features=features, clientAuthMethods=["private_key_jwt"])
    site = site_at(there, profile="fapi2", client_secret=None, signing_key=key)
    with pytest.raises(ConfigurationError) as caught:
        site.leave()
    assert caught.value.code == "config_profile"
    assert len(caught.value.data) == 1
    assert lack in caught.value.message


def test_a_key_for_another_algorithm(both, keys):
    _, site = both(signing_key={**keys.of_client["RS256"], "alg": "RS256"})
    with pytest.raises(ConfigurationError) as caught:
        site.leave()
    assert caught.value.code == "config_profile"


def test_an_id_token_in_an_algorithm_outside_the_profile(both):
    _, site = both(client={"id_token_signed_response_alg": "RS256"})
    with pytest.raises(IDTokenError) as caught:
        site.sign_in()
    assert caught.value.code == "id_token_algorithm"


# -- message signing ----------------------------------------------------------------------------------------------


def signing(both, algorithm="ES256", **client):
    registered = {"request_object_signing_alg": algorithm, "authorization_signed_response_alg": "PS256", **client}
    return both(algorithm, client=registered, features=SIGNING, profile="fapi2-message-signing")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_message_signing(both, algorithm):
    there, site = signing(both, algorithm, require_signed_request_object=True)
    _, parameters = delivery = Person().travel(site.leave())
    assert list(parameters) == ["response"]
    answer = site.arrive(delivery)
    assert (answer.claims["sub"], answer.token.token_type) == ("ada", "DPoP")
    assert call(site).status == 200
    assert unverified_jwt(parameters["response"]).claims["aud"] == "app"
    assert there.grants() == ["authorization_code"]


def test_N41_plain_parameters_beside_the_signed_answer_do_not_count(both):
    there, site = signing(both)
    _, other = Person().travel(site.leave())
    code = unverified_jwt(other["response"]).claims["code"]
    answer = site.sign_in(change=lambda query: query.update(code=code, iss="https://evil.example"))
    assert answer.claims["sub"] == "ada"
    assert there.grants() == ["authorization_code"]


def test_N41_plain_parameters_instead_of_the_signed_answer(both):
    there, site = signing(both)

    def open_it(query):
        claims = unverified_jwt(query.pop("response")).claims
        query.update({name: claims[name] for name in ("code", "state", "iss")})

    with pytest.raises(AuthorizationResponseError):
        site.sign_in(change=open_it)
    assert there.grants() == []


def test_N41_a_signature_that_does_not_hold(both):
    there, site = signing(both)

    def other_payload(query):
        header, payload, signature = query["response"].split(".")
        query["response"] = ".".join((header, payload, signature[:-8] + "AAAAAAAA"))

    with pytest.raises(OAuthException) as caught:
        site.sign_in(change=other_payload)
    assert caught.value.code == "id_token_signature"
    assert there.grants() == []


def test_N41_signed_in_another_algorithm(both):
    _, site = signing(both, authorization_signed_response_alg="RS256")
    with pytest.raises(OAuthException) as caught:
        site.sign_in()
    assert caught.value.code == "id_token_algorithm"


def test_a_refusal_is_signed_as_well(both):
    _, site = signing(both)
    delivery = Person().travel(site.leave(), refuse=True)
    assert list(delivery[1]) == ["response"]
    with pytest.raises(OAuthException) as caught:
        site.arrive(delivery)
    assert caught.value.code == "access_denied"
