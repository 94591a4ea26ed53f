"""oidc-provider: tokens without a browser of ours, and what a token stands for.

Client credentials, the device flow, CIBA by polling and by ping, introspection in plain, signed and encrypted form.
"""

from __future__ import annotations

import time
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from flask import Response
from joserfc.jwk import ECKey
from tests.interop.registered import as_jwk, public, site_at
from tests.interop.site import HOME, Person

from flask_oauth import AccessDenied, IDTokenError, InvalidResponseError, OAuthException, ServerError
from flask_oauth.development import running_app
from flask_oauth.protocol.jose import unverified_jwt
from flask_oauth.storage import MemoryTokenStore

API = "https://api.example/v1"
RESOURCES = {
    API: {"scope": "read write", "audience": API, "accessTokenFormat": "jwt", "jwt": {"sign": {"alg": "ES256"}}}
}
OPAQUE = {API: {"scope": "read write", "audience": API}}


# -- client credentials (RFC 6749 §4.4) ------------------------------------------------------------------------------


def application(provider, client=None, **settings):
    metadata = {"grant_types": ["client_credentials"], "response_types": [], "redirect_uris": [], **(client or {})}
    features = {"clientCredentials": {"enabled": True}, "introspection": {"enabled": True}}
    return provider(metadata, features=features, **{"resources": RESOURCES, **settings})


def test_the_application_itself(provider):
    there = application(provider)
    api = site_at(there).corp.as_client(scope="read", resource=API)
    token = api.token
    claims = unverified_jwt(token.access_token).claims
    assert (claims["sub"], claims["aud"], claims["scope"]) == ("app", API, "read")
    assert (token.scope, token.refresh_token) == ("read", None)
    assert api.token is token or api.token == token
    assert there.grants() == ["client_credentials"]


def test_each_scope_and_resource_has_its_own_token(provider):
    there = application(provider)
    corp = site_at(there, config={"OAUTH_TOKEN_STORE": MemoryTokenStore()}).corp
    tokens = [
        corp.as_client(scope=scope, resource=API).token for scope in ("read", "write", "read write", "write read")
    ]
    assert len({token.access_token for token in tokens}) == 3
    assert there.grants() == ["client_credentials"] * 3


@pytest.mark.parametrize("method", ["private_key_jwt", "client_secret_jwt"])
def test_the_application_with_an_assertion_and_dpop(provider, keys, method):
    key = keys.of_client["ES256"]
    client = {
        "token_endpoint_auth_method": method,
        "dpop_bound_access_tokens": True,
        "jwks": {"keys": [public(key)]},
    }
    there = application(provider, client, dpopNonces=True)
    wanted = {"signing_key": key} if method == "private_key_jwt" else {}
    site = site_at(there, dpop=True, token_endpoint_auth_method=method, **wanted)
    token = site.corp.as_client(scope="read", resource=API).token
    assert (token.token_type, bool(token.dpop_key)) == ("DPoP", True)
    assert "jkt" in unverified_jwt(token.access_token).claims["cnf"]


def test_an_application_that_may_not(provider):
    there = provider(features={"clientCredentials": {"enabled": True}})
    with pytest.raises(ServerError) as caught:
        _ = site_at(there).corp.as_client().token
    assert caught.value.error == "invalid_request"


# -- the device flow (RFC 8628) --------------------------------------------------------------------------------------

DEVICE = {"grant_types": ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"], "response_types": []}
TELEVISION = {**DEVICE, "client_secret": None, "token_endpoint_auth_method": "none", "redirect_uris": []}


def television(provider, client=None, **options):
    there = provider({**TELEVISION, **(client or {})}, features={"deviceFlow": {"enabled": True}})
    return there, site_at(there, client_secret=None, **options)


def at(person, pending, *, word="yes"):
    """The person goes to the page, types the code in, and does what they are asked to."""
    page = person.browser.press(person.browser.open(pending.verification_uri), "continue", user_code=pending.user_code)
    page = person.browser.press(page, word)
    for _ in range(3):
        if page.forms:
            page = person._answer(page, page.forms[0].buttons[0][1])
    return page


def later(pending):
    """The interval has passed."""
    pending.state = replace(pending.state, next_at=0.0)
    return pending.poll()


def test_device_flow(provider):
    there, site = television(provider)
    pending = site.corp.start_device_sign_in()
    assert pending.poll() is None  # too early: nobody is asked
    assert there.log("grant.error") == []
    assert later(pending) is None
    assert [line["error"] for line in there.log("grant.error")] == ["authorization_pending"]
    assert at(Person(), pending).text == "connected"
    signed_in = later(pending)
    assert signed_in.id_token.subject == "ada"
    with site.app.app_context():
        assert site.corp.userinfo(signed_in.token)["email"] == "ada@example.com"
        assert site.corp._refresh(signed_in.token).access_token != signed_in.token.access_token
    assert there.grants() == [DEVICE["grant_types"][0], "refresh_token"]


def test_device_flow_with_the_code_in_the_address(provider):
    _, site = television(provider)
    pending = site.corp.start_device_sign_in(scope="openid")
    assert pending.user_code in pending.verification_uri_complete
    page = Person().browser.open(pending.verification_uri_complete)
    assert urlsplit(page.url).path.endswith("/device")


def test_device_flow_in_another_process(provider):
    _, site = television(provider)
    with site.app.app_context():
        sealed = site.corp.sealed_sign_in(site.corp.start_device_sign_in())
        pending = site.corp.resume_sign_in(sealed)
        at(Person("bo"), pending)
        assert later(pending).id_token.subject == "bo"


def test_N50_device_flow_refused(provider):
    _, site = television(provider)
    pending = site.corp.start_device_sign_in()
    at(Person(), pending, word="no")
    with pytest.raises(AccessDenied):
        later(pending)


def test_N50_device_flow_whose_code_is_gone(provider):
    there, site = television(provider)
    pending = site.corp.start_device_sign_in()
    there.forget("DeviceCode")
    with pytest.raises(ServerError) as caught:
        later(pending)
    assert caught.value.error == "invalid_grant"


def test_device_flow_with_dpop(provider):
    _, site = television(provider, {"dpop_bound_access_tokens": True}, dpop=True)
    pending = site.corp.start_device_sign_in()
    at(Person(), pending)
    signed_in = later(pending)
    assert signed_in.token.token_type == "DPoP"
    with site.app.app_context():
        assert site.corp.userinfo(signed_in.token)["sub"] == "ada"


def test_device_flow_whose_id_token_is_signed_otherwise(provider):
    _, site = television(provider, {"id_token_signed_response_alg": "ES256"})
    pending = site.corp.start_device_sign_in()
    at(Person(), pending)
    with pytest.raises(IDTokenError) as caught:
        later(pending)
    assert caught.value.code == "id_token_algorithm"


# -- CIBA ------------------------------------------------------------------------------------------------------------

CIBA = "urn:openid:params:grant-type:ciba"


def bank(provider, keys, *, mode="poll", signed=False, **settings):
    key = {**keys.of_client["ES256"], "alg": "ES256"}
    client = {
        "grant_types": [CIBA, "refresh_token"],
        "response_types": [],
        "redirect_uris": [],
        "backchannel_token_delivery_mode": mode,
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [public(key)]},
        **({"backchannel_authentication_request_signing_alg": "ES256"} if signed else {}),
        **({"backchannel_client_notification_endpoint": f"{HOME}/ping"} if mode == "ping" else {}),
    }
    features = {
        "ciba": {"enabled": True, "deliveryModes": ["poll", "ping"]},
        "requestObjects": {"enabled": True},
    }
    there = provider(client, features=features, **settings)
    config = {"OAUTH_TOKEN_STORE": MemoryTokenStore()}
    return there, site_at(there, signing_key=key, config=config, require_signed_request_object=signed)


@pytest.mark.parametrize("signed", [False, True])
def test_ciba_by_polling(provider, keys, signed):
    there, site = bank(provider, keys, signed=signed)
    with site.app.app_context():
        pending = site.corp.start_backchannel_sign_in(login_hint="bo", binding_message="W4SCT")
        assert later(pending) is None
        there.person_says("yes")
        signed_in = later(pending)
        assert signed_in.id_token.subject == "bo"
        assert site.corp.userinfo(signed_in.token)["email"] == "bo@example.com"
    assert there.grants() == [CIBA]


def test_N50_ciba_refused(provider, keys):
    there, site = bank(provider, keys)
    with site.app.app_context():
        pending = site.corp.start_backchannel_sign_in(login_hint="ada")
        there.person_says("no")
        with pytest.raises(AccessDenied):
            later(pending)


def test_ciba_for_nobody(provider, keys):
    _, site = bank(provider, keys)
    with site.app.app_context(), pytest.raises(ServerError) as caught:
        site.corp.start_backchannel_sign_in(login_hint="nobody")
    assert caught.value.error == "unknown_user_id"


def test_ciba_by_ping(provider, keys):
    """The provider calls the application, which asks at once although the interval has not passed."""
    there, site = bank(provider, keys, mode="ping")

    @site.app.post("/ping")
    def ping():
        try:
            site.corp.take_ping()
        except InvalidResponseError:
            return Response(status=401)
        return Response(status=204)

    with running_app(site.app) as url, site.app.app_context():
        there.change(application=url)
        pending = site.corp.start_backchannel_sign_in(login_hint="ada", ping=True)
        forged = {"Authorization": "Bearer a-guess", "Content-Type": "application/json"}
        refused = site.browser.post("/ping", json={"auth_req_id": pending.state.secret}, headers=forged)
        assert (refused.status_code, pending.poll()) == (401, None)
        assert there.log("grant.error") == []
        there.person_says("yes")
        assert pending.state.next_at > time.time()
        assert pending.poll().id_token.subject == "ada"


# -- introspection (RFC 7662, RFC 9701) ------------------------------------------------------------------------------

INTROSPECTION = {
    "introspection": {"enabled": True},
    "jwtIntrospection": {"enabled": True},
    "encryption": {"enabled": True},
    "revocation": {"enabled": True},
}


def asked(provider, client=None, **options):
    there = provider(client, features=INTROSPECTION, resources=OPAQUE)
    site = site_at(there, scope="openid read", **options)
    return site, site.sign_in(resource=API).token


def test_introspection(provider):
    site, token = asked(provider)
    with site.app.app_context():
        told = site.corp.introspect(token, audience=API)
        assert (told.active, told.scopes, told.claims["sub"]) == (True, {"read"}, "ada")
        site.corp._oauth2().revoke(token)
        assert site.corp.introspect(token).active is False
        assert site.corp.introspect("a-guess").active is False


def test_introspection_of_a_token_for_another_api(provider):
    site, token = asked(provider)
    with site.app.app_context(), pytest.raises(InvalidResponseError) as caught:
        site.corp.introspect(token, audience="https://other.example")
    assert caught.value.code == "introspection_audience"


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_signed_introspection(provider, algorithm):
    client = {"introspection_signed_response_alg": algorithm}
    site, token = asked(provider, client, **client)
    with site.app.app_context():
        told = site.corp.introspect(token, audience=API)
    assert (told.active, told.claims["sub"]) == (True, "ada")


def test_encrypted_introspection(provider):
    key = as_jwk(ECKey.generate_key("P-256"), "enc")
    wanted = {"introspection_signed_response_alg": "ES256", "introspection_encrypted_response_alg": "ECDH-ES"}
    site, token = asked(
        provider, {**wanted, "jwks": {"keys": [{**public(key), "use": "enc"}]}}, decryption_key=key, **wanted
    )
    with site.app.app_context():
        assert site.corp.introspect(token, audience=API).claims["sub"] == "ada"


def test_introspection_signed_otherwise_than_pinned(provider):
    client = {"introspection_signed_response_alg": "RS256"}
    site, token = asked(provider, client, introspection_signed_response_alg="ES256")
    with site.app.app_context(), pytest.raises(OAuthException) as caught:
        site.corp.introspect(token)
    assert caught.value.code == "id_token_algorithm"


def test_plain_introspection_where_a_signed_one_is_registered(provider):
    there = provider(features={"introspection": {"enabled": True}})
    site = site_at(there, introspection_signed_response_alg="RS256")
    token = site.sign_in().token
    with site.app.app_context(), pytest.raises(InvalidResponseError) as caught:
        site.corp.introspect(token)
    assert caught.value.code == "response_content_type"


def test_introspection_signed_with_a_key_although_id_tokens_are_signed_with_the_secret(provider):
    client = {"introspection_signed_response_alg": "RS256", "id_token_signed_response_alg": "HS256"}
    there = provider(client, features=INTROSPECTION, enabledJWA={"idTokenSigningAlgValues": ["RS256", "HS256"]})
    site = site_at(there, **client)
    token = site.sign_in().token
    with site.app.app_context():
        assert site.corp.introspect(token).claims["sub"] == "ada"
