"""oidc-provider outside of any profile: PAR, JAR (signed, encrypted), JARM, DPoP, rich authorization requests."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from urllib.parse import parse_qsl, urlsplit

import pytest
from joserfc.jwk import ECKey, RSAKey
from tests.interop.registered import as_jwk, public, site_at
from tests.interop.site import Person

from flask_oauth import AuthorizationResponseError, OAuthException, ServerError
from flask_oauth.protocol.jose import unverified_jwt
from flask_oauth.storage import MemoryTokenStore


def parameters_of(url):
    return dict(parse_qsl(urlsplit(url).query))


# -- pushed (RFC 9126) -----------------------------------------------------------------------------------------------


def test_pushed_because_we_want_to(provider):
    there = provider()
    site = site_at(there, require_pushed_authorization_requests=True)
    assert sorted(parameters_of(site.leave())) == ["client_id", "request_uri"]
    assert site.sign_in(Person()).claims["sub"] == "ada"


def test_pushed_because_the_server_wants_it(provider):
    required = {"pushedAuthorizationRequests": {"enabled": True, "requirePushedAuthorizationRequests": True}}
    assert site_at(provider(features=required)).sign_in().claims["sub"] == "ada"


def test_N42_a_request_that_is_refused_goes_nowhere(provider):
    site = site_at(provider(), require_pushed_authorization_requests=True)
    with pytest.raises(ServerError) as caught:
        site.leave(resource="https://unknown.example")
    assert caught.value.error == "invalid_target"


def test_form_post_and_a_pushed_request(provider):
    site = site_at(provider(), require_pushed_authorization_requests=True, response_mode="form_post")
    assert site.sign_in().claims["sub"] == "ada"


# -- signed (RFC 9101) -----------------------------------------------------------------------------------------------

JAR = {"requestObjects": {"enabled": True}, "encryption": {"enabled": True}}


def jar(provider, keys, algorithm="ES256", features=JAR, jwks=None, client=None, **options):
    key = {**keys.of_client[algorithm], "alg": algorithm}
    registered = {"request_object_signing_alg": algorithm, "jwks": {"keys": [public(key)]}, **(client or {})}
    there = provider(registered, features=features, jwks=jwks or keys.of_provider)
    wanted = {"signing_key": key, "token_endpoint_auth_method": "client_secret_basic", **options}
    return there, site_at(there, **{"require_signed_request_object": True, **wanted})


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_signed(provider, keys, algorithm):
    _, site = jar(provider, keys, algorithm, client={"require_signed_request_object": True})
    sent = parameters_of(site.leave(max_age=60))
    assert unverified_jwt(sent["request"]).claims["max_age"] == 60
    assert "auth_time" in site.sign_in(max_age=60).claims


def test_signed_because_the_server_wants_it(provider, keys):
    features = {"requestObjects": {"enabled": True, "requireSignedRequestObject": True}}
    _, site = jar(provider, keys, features=features, require_signed_request_object=None)
    assert site.sign_in().claims["sub"] == "ada"


def test_signed_and_pushed(provider, keys):
    _, site = jar(provider, keys, require_pushed_authorization_requests=True)
    assert sorted(parameters_of(site.leave())) == ["client_id", "request_uri"]
    assert site.sign_in().claims["sub"] == "ada"


@pytest.mark.parametrize(
    ("algorithm", "make"),
    [("RSA-OAEP-256", lambda: RSAKey.generate_key(2048)), ("ECDH-ES", lambda: ECKey.generate_key("P-256"))],
)
def test_signed_and_encrypted(provider, keys, algorithm, make):
    theirs = {**as_jwk(make(), "theirs"), "use": "enc", "alg": algorithm}
    jwks = {"keys": [*keys.of_provider["keys"], theirs]}
    client = {"request_object_encryption_alg": algorithm}
    _, site = jar(provider, keys, jwks=jwks, client=client, **client)
    assert parameters_of(site.leave())["request"].count(".") == 4
    assert site.sign_in().claims["sub"] == "ada"


def test_signed_with_a_key_that_is_not_registered(provider, keys):
    other = {**as_jwk(ECKey.generate_key("P-256"), "client-ec"), "alg": "ES256"}
    _, site = jar(provider, keys, signing_key=other)
    with pytest.raises(ServerError) as caught:
        site.sign_in()
    assert caught.value.error == "invalid_request_object"


# -- signed answers (JARM) -------------------------------------------------------------------------------------------

JARM = {"jwtResponseModes": {"enabled": True}, "encryption": {"enabled": True}}


def jarm(provider, client=None, **options):
    there = provider(client, features=JARM)
    return there, site_at(there, **{"response_mode": "jwt", **options})


@pytest.mark.parametrize(("mode", "method"), [("jwt", "GET"), ("query.jwt", "GET"), ("form_post.jwt", "POST")])
def test_signed_answers(provider, mode, method):
    _, site = jarm(provider, response_mode=mode)
    delivery = Person().travel(site.leave())
    assert (delivery[0], list(delivery[1])) == (method, ["response"])
    assert site.arrive(delivery).claims["sub"] == "ada"


@pytest.mark.parametrize("algorithm", ["PS256", "ES256", "EdDSA"])
def test_signed_answers_in_other_algorithms(provider, algorithm):
    client = {"authorization_signed_response_alg": algorithm}
    assert jarm(provider, client, **client)[1].sign_in().claims["sub"] == "ada"


def test_N41_signed_answers_otherwise_than_pinned(provider):
    there, site = jarm(provider, {"authorization_signed_response_alg": "ES256"})
    with pytest.raises(OAuthException) as caught:
        site.sign_in()
    assert caught.value.code == "id_token_algorithm"
    assert there.grants() == []


@pytest.mark.parametrize(
    ("algorithm", "make"),
    [("RSA-OAEP-256", lambda: RSAKey.generate_key(2048)), ("ECDH-ES", lambda: ECKey.generate_key("P-256"))],
)
def test_signed_and_encrypted_answers(provider, algorithm, make):
    key = as_jwk(make(), "enc")
    client = {"authorization_encrypted_response_alg": algorithm, "jwks": {"keys": [{**public(key), "use": "enc"}]}}
    there = provider(client, features=JARM)
    wanted = {"response_mode": "jwt", "authorization_encrypted_response_alg": algorithm}
    site = site_at(there, decryption_key=key, **wanted)
    delivery = Person().travel(site.leave())
    assert delivery[1]["response"].count(".") == 4
    assert site.arrive(delivery).claims["sub"] == "ada"
    with pytest.raises(OAuthException):
        site_at(there, decryption_key=as_jwk(make(), "enc"), **wanted).sign_in()


def test_N41_the_signed_answer_of_another_sign_in(provider):
    there, site = jarm(provider)
    _, other = Person().travel(site_at(there, response_mode="jwt").leave())
    with pytest.raises(AuthorizationResponseError):
        site.sign_in(change=lambda query: query.update(other))
    assert there.grants() == []


def test_a_signed_answer_that_comes_as_an_error(provider):
    _, site = jarm(provider)
    with pytest.raises(ServerError) as caught:
        site.sign_in(prompt="none")
    assert caught.value.error == "login_required"


def test_hybrid_and_signed(provider):
    client = {"response_types": ["code id_token"], "grant_types": ["authorization_code", "implicit"]}
    _, site = jarm(provider, client, response_type="code id_token", response_mode="form_post.jwt")
    assert site.sign_in().claims["sub"] == "ada"


# -- DPoP (RFC 9449) -------------------------------------------------------------------------------------------------


def dpop(provider, *, nonces=True, client=None):
    there = provider({"dpop_bound_access_tokens": True, **(client or {})}, dpopNonces=nonces)
    site = site_at(there, dpop=True, config={"OAUTH_TOKEN_STORE": MemoryTokenStore()})
    site.owner = "7"
    return there, site


def test_each_sign_in_has_its_own_key(provider):
    _, site = dpop(provider)
    first, second = site.sign_in().token, site.sign_in().token
    assert first.token_type == second.token_type == "DPoP"
    assert first.dpop_key != second.dpop_key


def test_a_bearer_token_where_a_bound_one_was_asked_for(provider):
    """N16: the server knows nothing of DPoP and ignores the proof."""
    there = provider(features={"dPoP": {"enabled": False}})
    site = site_at(there, dpop=True)
    with pytest.raises(OAuthException) as caught:
        site.sign_in()
    assert caught.value.code == "token_response_type"


def test_a_public_client_whose_refresh_token_is_bound(provider):
    client = {"client_secret": None, "token_endpoint_auth_method": "none"}
    there = provider({"dpop_bound_access_tokens": True, **client})
    site = site_at(there, dpop=True, client_secret=None)
    token = site.sign_in().token
    with site.app.app_context():
        refreshed = site.corp._refresh(token)
        assert refreshed.dpop_key == token.dpop_key
        other = site.sign_in().token
        with pytest.raises(ServerError) as caught:
            site.corp._refresh(replace(refreshed, dpop_key=other.dpop_key))
    assert caught.value.error == "invalid_grant"


def test_a_herd_refreshes_a_bound_token_once(provider):
    there, site = dpop(provider)
    token = site.sign_in().token
    with site.app.app_context():
        site.corp.save_token(replace(token, expires_at=time.time() - 1), owner="7")
    start = Barrier(8)

    def one(_):
        start.wait(10)
        with site.corp.for_user("7") as api:
            return api.get("me").status

    with ThreadPoolExecutor(8) as herd:
        assert list(herd.map(one, range(8))) == [200] * 8
    assert there.grants() == ["authorization_code", "refresh_token"]


# -- rich authorization requests (RFC 9396) --------------------------------------------------------------------------


def test_rich_authorization_request(provider):
    api = "https://api.example/v1"
    there = provider({"authorization_details_types": ["payment"]}, rar=["payment"], resources={api: {"scope": "pay"}})
    wanted = [{"type": "payment", "amount": {"currency": "EUR", "value": "12.50"}}]
    answer = site_at(there).sign_in(authorization_details=wanted, resource=api)
    assert answer["authorization_details"] == answer.token.extra["authorization_details"] == wanted
    with pytest.raises(ServerError) as caught:
        site_at(there).sign_in(authorization_details=[{"type": "nonsense"}], resource=api)
    assert caught.value.error == "invalid_authorization_details"
