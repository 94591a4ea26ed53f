"""oidc-provider: dynamic registration (RFC 7591), the registration's own life (RFC 7592), and a sign-in with it."""

from __future__ import annotations

import pytest
from flask import Flask
from tests.interop.registered import public, site_at
from tests.interop.site import CALLBACK

from flask_oauth import ConfigurationError, OAuth, ServerError

PASS = "handed-out-by-the-operator"
FEATURES = {
    "registration": {"enabled": True, "initialAccessToken": PASS},
    "registrationManagement": {"enabled": True, "rotateRegistrationAccessToken": True},
}
WANTED = {
    "redirect_uris": [CALLBACK],
    "client_name": "The tests",
    "grant_types": ["authorization_code", "refresh_token"],
}


@pytest.fixture
def there(provider):
    return provider(features=FEATURES)


@pytest.fixture
def client(there):
    oauth = OAuth(Flask(__name__))
    return oauth.registration(there.issuer)


def test_a_client_that_registers_itself_can_sign_people_in(there, client):
    registration = client.register(WANTED, initial_access_token=PASS)
    site = site_at(there, client_id=registration.client_id, client_secret=registration.client_secret)
    assert site.sign_in().claims["aud"] == registration.client_id
    assert registration.client_metadata["client_name"] == "The tests"


def test_a_client_that_registers_a_key(there, client, keys):
    key = keys.of_client["ES256"]
    wanted = {**WANTED, "token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [public(key)]}}
    registration = client.register(wanted, initial_access_token=PASS)
    assert registration.client_secret is None
    site = site_at(there, client_id=registration.client_id, client_secret=None, signing_key=key)
    assert site.sign_in().claims["sub"] == "ada"


def test_its_whole_life(there, client):
    first = client.register(WANTED, initial_access_token=PASS)
    read = client.read(first)
    assert (read.client_id, read.client_secret) == (first.client_id, first.client_secret)
    updated = client.update(read, {**read.client_metadata, "client_name": "Renamed"})
    assert updated.client_metadata["client_name"] == "Renamed"
    assert updated.registration_access_token != first.registration_access_token
    with pytest.raises(ServerError) as caught:
        client.read(first)  # its token has been replaced
    assert caught.value.error == "invalid_token"
    assert client.read(updated).client_metadata["client_name"] == "Renamed"
    client.delete(updated)
    with pytest.raises(ServerError):
        client.read(updated)


@pytest.mark.parametrize(
    ("wanted", "word", "error"),
    [
        (WANTED, None, "invalid_token"),
        (WANTED, "a-guess", "invalid_token"),
        ({**WANTED, "redirect_uris": ["no uri"]}, PASS, "invalid_redirect_uri"),
        ({**WANTED, "id_token_signed_response_alg": "none"}, PASS, "invalid_client_metadata"),
    ],
)
def test_refusals(client, wanted, word, error):
    with pytest.raises(ServerError) as caught:
        client.register(wanted, initial_access_token=word)
    assert caught.value.error == error


def test_where_nobody_can_register(provider):
    with pytest.raises(ConfigurationError) as caught:
        OAuth(Flask(__name__)).registration(provider().issuer).register(WANTED)
    assert caught.value.code == "config_endpoint_missing"
