"""oidc-provider: every way of client authentication, each at a client that is registered for that one alone.

Used at the token endpoint for the code and for the refresh token, and at the revocation endpoint.
"""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import ECKey
from tests.interop.registered import SECRET, as_jwk, public, site_at
from tests.interop.site import Person

from flask_oauth import ConfigurationError, ServerError

REVOCATION = {"revocation": {"enabled": True}}
WITH_A_SECRET = ["client_secret_basic", "client_secret_post", "client_secret_jwt"]
REVOKED = {"refresh_token": "revoked", "access_token": "revoked"}


def everything(there, site):
    """Each request that a client authenticates itself with."""
    first = site.sign_in().token
    with site.app.app_context():
        second = site.corp._refresh(first)
        assert second.access_token != first.access_token
        assert site.corp._oauth2().revoke(second) == REVOKED
    assert there.grants() == ["authorization_code", "refresh_token"]


def refused(site):
    with pytest.raises(ServerError) as caught:
        site.sign_in()
    assert caught.value.error == "invalid_client"
    assert site.answers == []


@pytest.mark.parametrize("method", WITH_A_SECRET)
def test_with_a_secret(provider, method):
    there = provider({"token_endpoint_auth_method": method}, features=REVOCATION)
    everything(there, site_at(there, token_endpoint_auth_method=method))


@pytest.mark.parametrize("method", WITH_A_SECRET)
def test_with_another_secret(provider, method):
    there = provider({"token_endpoint_auth_method": method})
    refused(site_at(there, token_endpoint_auth_method=method, client_secret=SECRET[::-1]))


@pytest.mark.parametrize("client_id", ["app", "https://app.example/a client?"])
def test_basic_encodes_what_the_header_would_split_at(provider, client_id):
    """RFC 6749 §2.3.1: client id and secret are form-encoded before they are joined by a colon."""
    secret = "a:b %2F+/&= and enough of it to be a secret"
    there = provider({"client_id": client_id, "client_secret": secret}, features=REVOCATION)
    everything(there, site_at(there, client_id=client_id, client_secret=secret))


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_with_a_key(provider, keys, algorithm):
    key = {**keys.of_client[algorithm], "alg": algorithm}
    there = provider(
        {
            "client_secret": None,
            "token_endpoint_auth_method": "private_key_jwt",
            "token_endpoint_auth_signing_alg": algorithm,
            "jwks": {"keys": [public(key)]},
        },
        features=REVOCATION,
    )
    everything(there, site_at(there, client_secret=None, signing_key=key))


def test_with_a_key_that_is_not_registered(provider, keys):
    there = provider(
        {
            "client_secret": None,
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": {"keys": [public(keys.of_client["ES256"])]},
        }
    )
    other = as_jwk(ECKey.generate_key("P-256"), "client-ec")
    refused(site_at(there, client_secret=None, signing_key=other))


def test_a_public_client(provider):
    there = provider({"client_secret": None, "token_endpoint_auth_method": "none"}, features=REVOCATION)
    everything(there, site_at(there, client_secret=None))


def test_the_verifier_is_what_protects_a_public_client(provider):
    there = provider({"client_secret": None, "token_endpoint_auth_method": "none"})
    site, other = (site_at(there, client_secret=None) for _ in range(2))
    url = site.leave()
    [challenge], [foreign] = (parse_qs(urlsplit(one).query)["code_challenge"] for one in (url, other.leave()))
    delivery = Person().travel(url.replace(challenge, foreign))
    with pytest.raises(ServerError) as caught:
        site.arrive(delivery)
    assert caught.value.error == "invalid_grant"


@pytest.mark.parametrize("method", ["client_secret_post", "client_secret_jwt"])
def test_chosen_from_what_the_server_takes(provider, method):
    """Nothing is named: of the ways to use a secret, the server's list decides."""
    there = provider({"token_endpoint_auth_method": method}, clientAuthMethods=[method])
    assert site_at(there).sign_in().claims["sub"] == "ada"


def test_N55_a_client_with_a_key_does_not_send_its_secret_instead(provider, keys):
    there = provider({"token_endpoint_auth_method": "client_secret_post"}, clientAuthMethods=["client_secret_post"])
    site = site_at(there, signing_key=keys.of_client["ES256"])
    with pytest.raises(ConfigurationError) as caught:
        site.sign_in()
    assert caught.value.code == "config_client_authentication"
    named = site_at(there, signing_key=keys.of_client["ES256"], token_endpoint_auth_method="client_secret_post")
    assert named.sign_in().claims["sub"] == "ada"
