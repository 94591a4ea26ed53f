"""oidc-provider: how the answer comes back: form_post, the hybrid flow, ``iss``, errors, resource indicators."""

from __future__ import annotations

import pytest
from tests.interop.registered import site_at
from tests.interop.site import Person

from flask_oauth import AuthorizationResponseError, IDTokenError, ServerError
from flask_oauth.protocol.jose import unverified_jwt

HYBRID = {"response_types": ["code id_token"], "grant_types": ["authorization_code", "implicit"]}


def refused(site, code, error=AuthorizationResponseError, **more):
    with pytest.raises(error) as caught:
        site.sign_in(**more)
    assert caught.value.code == code
    assert site.answers == []


# -- form_post ----------------------------------------------------------------------------------------------------


def test_form_post(provider):
    site = site_at(provider(), response_mode="form_post")
    method, form = Person().travel(site.leave())
    assert method == "POST"
    assert site.arrive((method, form)).claims["sub"] == "ada"


def test_N10_form_post_that_comes_by_get(provider):
    site = site_at(provider(), response_mode="form_post")
    _, form = Person().travel(site.leave())
    with pytest.raises(AuthorizationResponseError) as caught:
        site.arrive(("GET", form))
    assert caught.value.code == "authorization_response_mode"


def test_N10_an_error_by_form_post(provider):
    site = site_at(provider(), response_mode="form_post")
    with pytest.raises(ServerError) as caught:
        site.sign_in(prompt="none")
    assert caught.value.error == "login_required"


# -- hybrid -------------------------------------------------------------------------------------------------------


def test_hybrid(provider):
    """The provider leaves ``iss`` out beside an ID Token, as RFC 9207 §4 allows, although it announces it."""
    there = provider(HYBRID)
    site = site_at(there, response_type="code id_token")
    answer = site.sign_in()
    front = unverified_jwt(answer.parameters["id_token"]).claims
    assert (front["sub"], "c_hash" in front) == (answer.claims["sub"], True)
    assert there.grants() == ["authorization_code"]


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])
def test_hybrid_in_other_algorithms(provider, algorithm):
    there = provider({**HYBRID, "id_token_signed_response_alg": algorithm})
    site = site_at(there, response_type="code id_token", id_token_signed_response_alg=algorithm)
    assert site.sign_in().claims["sub"] == "ada"


def test_N34_hybrid_with_the_code_of_another_sign_in(provider):
    """The code is not used: the ID Token beside it does not speak of it."""
    there = provider(HYBRID)
    site = site_at(there, response_type="code id_token")
    _, other = Person().travel(site.leave())
    refused(site, "id_token_c_hash", IDTokenError, change=lambda form: form.update(code=other["code"]))
    assert there.grants() == []


def test_N25_hybrid_with_the_id_token_of_another_sign_in(provider):
    there = provider(HYBRID)
    site = site_at(there, response_type="code id_token")
    _, other = Person().travel(site.leave())
    swap = {name: other[name] for name in ("code", "id_token")}
    refused(site, "id_token_nonce", IDTokenError, change=lambda form: form.update(swap))
    assert there.grants() == []


def test_hybrid_without_the_id_token(provider):
    there = provider(HYBRID)
    site = site_at(there, response_type="code id_token")
    refused(site, "issuer_missing", change=lambda form: form.pop("id_token"))
    refused(site, "id_token_missing", change=lambda form: form.update(iss=there.issuer, id_token=""))


# -- the issuer in the answer (RFC 9207) -----------------------------------------------------------------------------


def test_the_issuer_is_in_the_answer(provider):
    there = provider()
    _, parameters = Person().travel(site_at(there).leave())
    assert parameters["iss"] == there.issuer


def test_N06_another_issuer(provider):
    there = provider()
    refused(site_at(there), "issuer_mismatch", change=lambda query: query.update(iss=f"{there.issuer}/"))
    assert there.grants() == []


def test_N07_no_issuer(provider):
    there = provider()
    refused(site_at(there), "issuer_missing", change=lambda query: query.pop("iss"))
    assert there.grants() == []


def test_N05_the_answer_of_one_provider_at_the_callback_of_another(provider):
    """Mix-up: both answers are real, each for its own sign-in."""
    here, there = provider(), provider()
    site, other = site_at(here), site_at(there)
    _, foreign = Person().travel(other.leave())
    refused(site, "issuer_mismatch", change=lambda query: query.update(code=foreign["code"], iss=foreign["iss"]))
    assert (here.grants(), there.grants()) == ([], [])


# -- refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"response_mode": "nonsense"}, "unsupported_response_mode"),
        ({"resource": "https://else.example"}, "invalid_target"),
    ],
)
def test_errors_of_the_provider(provider, parameters, error):
    with pytest.raises(ServerError) as caught:
        site_at(provider()).sign_in(**parameters)
    assert caught.value.error == error


def test_a_code_is_good_once(provider):
    there = provider()
    site = site_at(there)
    delivery = Person().travel(site.leave())
    site.arrive(delivery)
    other = site_at(there)
    _, mine = Person().travel(other.leave())
    with pytest.raises(ServerError) as caught:
        other.arrive(("GET", {**mine, "code": delivery[1]["code"]}))
    assert caught.value.error == "invalid_grant"


# -- resource indicators (RFC 8707) ------------------------------------------------------------------------------------

API = "https://api.example/v1"
RESOURCES = {API: {"scope": "read", "accessTokenFormat": "jwt", "audience": API, "jwt": {"sign": {"alg": "ES256"}}}}


def test_an_access_token_for_one_resource(provider):
    site = site_at(provider(resources=RESOURCES), scope="openid read")
    answer = site.sign_in(resource=API)
    access_token = unverified_jwt(answer["access_token"])
    assert (access_token.header["typ"], access_token.claims["aud"], access_token.claims["scope"]) == (
        "at+jwt",
        API,
        "read",
    )
    assert answer.claims["sub"] == "ada"


def test_the_resource_stays_after_a_refresh(provider):
    site = site_at(provider(resources=RESOURCES), scope="openid read")
    token = site.sign_in(resource=API).token
    with site.app.app_context():
        refreshed = site.corp._refresh(token)
    assert unverified_jwt(refreshed.access_token).claims["aud"] == API
    assert refreshed.access_token != token.access_token
