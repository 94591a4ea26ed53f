"""Authlib's server classes: what oidc-provider has not, above all metadata by RFC 8414 alone and JWT bearer grants."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest
from tests.interop.authlib_server import PASS, AuthlibClient, AuthlibServer
from tests.interop.registered import SECRET, public
from tests.interop.site import CALLBACK, Person, Site

from flask_oauth import AccessDenied, IDTokenError, ReauthorizationRequired, ServerError
from flask_oauth.development import running_app
from flask_oauth.protocol.jose import unverified_jwt

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
HYBRID = {"response_types": ["code", "code id_token"]}


@pytest.fixture
def both(keys):
    """A server and a site; ``client=`` is the client's metadata there, the rest the remote app's options."""

    @contextmanager
    def make(client=None, there=None, **options):
        known = {"redirect_uris": [CALLBACK], **(client or {})}
        server = AuthlibServer([keys.rsa, keys.ec], AuthlibClient("app", SECRET, known), **(there or {}))
        with running_app(server.app) as url:
            server.serve_at(url)
            own = {"issuer": server.issuer, "base_url": f"{server.issuer}/", "scope": "openid"}
            given = {**own, "client_id": "app", "client_secret": SECRET, **options}
            yield server, Site(**{name: value for name, value in given.items() if value is not None})

    return make


def refused(site, error, **more):
    with pytest.raises(ServerError) as caught:
        site.sign_in(**more)
    assert caught.value.error == error
    assert site.answers == []


# -- the code flow at a server that names no issuer in its answers ---------------------------------------------------


def test_metadata_of_an_issuer_with_a_path(both):
    """RFC 8414 §3.1: the well-known part goes between host and path; OpenID Connect Discovery finds nothing."""
    with both() as (server, site):
        method, parameters = delivery = Person().travel(site.leave())
        assert (method, "iss" in parameters) == ("GET", False)
        answer = site.arrive(delivery)
        assert (answer.claims["iss"], answer.claims["sub"]) == (server.issuer, "ada")
        assert answer.claims["iss"].endswith("/tenant")
        with site.app.app_context():
            assert site.corp.userinfo(answer) == {"sub": "ada", "scope": "openid"}


@pytest.mark.parametrize("method", ["client_secret_post", "client_secret_jwt", "private_key_jwt", "none"])
def test_client_authentication(both, keys, method):
    key = keys.of_client["ES256"]
    client = {"token_endpoint_auth_method": method, "jwks": {"keys": [public(key)]}}
    options = {"token_endpoint_auth_method": method, "signing_key": key if method == "private_key_jwt" else None}
    with both(client, **options) as (server, site):
        for _ in range(2):  # the assertion of the second sign-in is a new one
            assert site.sign_in().claims["sub"] == "ada"
        assert len(server.seen) == (2 if method in ("client_secret_jwt", "private_key_jwt") else 0)


def test_another_way_than_registered(both):
    with both({"token_endpoint_auth_method": "client_secret_post"}) as (_, site):
        refused(site, "invalid_client")


def test_the_verifier_counts_here_too(both):
    with both() as (_, site):
        url = site.leave()
        challenge = dict(parse_qsl(urlsplit(url).query))["code_challenge"]
        delivery = Person().travel(url.replace(challenge, challenge[::-1]))
        with pytest.raises(ServerError) as caught:
            site.arrive(delivery)
        assert caught.value.error == "invalid_grant"


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_id_tokens(both, algorithm):
    with both({"id_token_signed_response_alg": algorithm}, id_token_signed_response_alg=algorithm) as (_, site):
        assert site.sign_in().claims["aud"] == ["app"]


def test_N27_an_id_token_signed_otherwise(both):
    with both({"id_token_signed_response_alg": "ES256"}) as (_, site):
        with pytest.raises(IDTokenError) as caught:
            site.sign_in()
        assert caught.value.code == "id_token_algorithm"


# -- hybrid ----------------------------------------------------------------------------------------------------------


def test_hybrid(both):
    with both(HYBRID, response_type="code id_token") as (_, site):
        method, parameters = delivery = Person().travel(site.leave())
        assert method == "POST"
        assert unverified_jwt(parameters["id_token"]).claims["c_hash"]
        assert site.arrive(delivery).claims["sub"] == "ada"


def test_N34_hybrid_with_another_code(both):
    with both(HYBRID, response_type="code id_token") as (server, site):
        _, other = Person().travel(site.leave())
        with pytest.raises(IDTokenError) as caught:
            site.sign_in(change=lambda form: form.update(code=other["code"]))
        assert caught.value.code == "id_token_c_hash"
        assert server.granted == []


# -- request objects -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_signed_requests(both, keys, algorithm):
    key = keys.of_client[algorithm]
    client = {"require_signed_request_object": True, "jwks": {"keys": [public(key)]}}
    options = {"signing_key": key, "token_endpoint_auth_method": "client_secret_basic"}
    with both(client, require_signed_request_object=True, **options) as (_, site):
        assert site.sign_in().claims["sub"] == "ada"


def test_a_signed_request_of_another_key(both, keys):
    client = {"require_signed_request_object": True, "jwks": {"keys": [public(keys.of_client["ES256"])]}}
    other = {**keys.ec, "kid": "client-ec"}
    options = {"signing_key": other, "token_endpoint_auth_method": "client_secret_basic"}
    with both(client, require_signed_request_object=True, **options) as (_, site):
        page = Person().browser.open(site.leave())
        assert "invalid_request_object" in page.text


# -- JWT bearer (RFC 7523 §2.1) --------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_a_statement_of_our_own(both, keys, algorithm):
    key = keys.of_client[algorithm]
    client = {"grant_types": [JWT_BEARER], "jwks": {"keys": [public(key)]}}
    with both(client, signing_key=key) as (server, site):
        api = site.corp.token_for("ada", scope="openid")
        assert api.get("userinfo").data == {"sub": "ada", "scope": "openid"}
        assert server.granted == [JWT_BEARER]


def test_a_statement_about_nobody(both, keys):
    key = keys.of_client["ES256"]
    with both({"grant_types": [JWT_BEARER], "jwks": {"keys": [public(key)]}}, signing_key=key) as (_, site):
        with pytest.raises(ServerError) as caught:
            site.corp.token_for("nobody")
        assert caught.value.error == "invalid_grant"


# -- the device flow -------------------------------------------------------------------------------------------------


def later(pending):
    pending.state = replace(pending.state, next_at=0.0)
    return pending.poll()


def test_N50_device_flow_that_is_told_to_slow_down(both):
    with both({"grant_types": [DEVICE]}, scope="profile") as (server, site):
        pending = site.corp.start_device_sign_in()
        assert (later(pending), pending.interval) == (None, 5.0)
        [credential] = server.devices.values()
        credential["slow"] = True
        assert (later(pending), pending.interval) == (None, 10.0)
        server.answers[pending.user_code] = True
        assert later(pending).token.scope == "profile"


def test_N50_device_flow_that_is_denied(both):
    with both({"grant_types": [DEVICE]}, scope="profile") as (server, site):
        pending = site.corp.start_device_sign_in()
        server.answers[pending.user_code] = False
        with pytest.raises(AccessDenied):
            later(pending)


def test_N50_device_flow_that_expires(both):
    with both({"grant_types": [DEVICE]}, scope="profile") as (server, site):
        pending = site.corp.start_device_sign_in()
        [credential] = server.devices.values()
        credential["expires_at"] = 1
        with pytest.raises(ReauthorizationRequired):
            later(pending)


# -- registration ----------------------------------------------------------------------------------------------------


def test_a_registration_and_its_life(both):
    wanted = {
        "redirect_uris": [CALLBACK],
        "client_name": "The tests",
        "token_endpoint_auth_method": "client_secret_post",
    }
    with both() as (server, site):
        client = site.oauth.registration(server.issuer)
        first = client.register(wanted, initial_access_token=PASS)
        named = {"client_id": first.client_id, "client_secret": first.client_secret}
        newcomer = Site(issuer=server.issuer, scope="openid", **named, token_endpoint_auth_method="client_secret_post")
        assert newcomer.sign_in().claims["aud"] == [first.client_id]
        second = client.update(client.read(first), {**first.client_metadata, "client_name": "Renamed"})
        assert client.read(second).client_metadata["client_name"] == "Renamed"
        client.delete(second)
        with pytest.raises(ServerError):
            client.read(second)
        with pytest.raises(ServerError) as caught:
            client.register(wanted)
        assert caught.value.error == "access_denied"
