"""oidc-provider: its keys change while the application runs."""

from __future__ import annotations

import pytest
from joserfc.jwk import ECKey, RSAKey
from tests.interop.registered import as_jwk, registered, site_at
from tests.interop.site import Person

from flask_oauth import IDTokenError


def key_set(*named):
    return {"keys": [as_jwk(ECKey.generate_key("P-256"), name) for name in named]}


def curve(provider, jwks):
    client = registered(id_token_signed_response_alg="ES256")
    defaults = {"id_token_signed_response_alg": "ES256"}
    return provider(clients=[client], clientDefaults=defaults, jwks=jwks)


def test_N33_keys_change_between_two_sign_ins(provider):
    there = curve(provider, key_set("first"))
    site = site_at(there, id_token_signed_response_alg="ES256")
    site.sign_in()
    there.change(jwks=key_set("second"))
    assert site.sign_in().claims["sub"] == "ada"


def test_N33_keys_change_while_the_person_is_on_the_way(provider):
    there = curve(provider, key_set("first"))
    site = site_at(there, id_token_signed_response_alg="ES256")
    site.sign_in()
    delivery = Person().travel(site.leave())
    there.change(jwks=key_set("second"))
    assert site.arrive(delivery).claims["sub"] == "ada"


def test_N33_another_key_under_the_same_name(provider):
    there = curve(provider, key_set("same"))
    site = site_at(there, id_token_signed_response_alg="ES256")
    site.sign_in()
    there.change(jwks=key_set("same"))
    assert site.sign_in().claims["sub"] == "ada"


def test_a_new_key_beside_the_old_one(provider):
    """The usual rotation: the new key is published first, then used."""
    old, new = (as_jwk(RSAKey.generate_key(2048), name) for name in ("old", "new"))
    there = provider(jwks={"keys": [old]})
    site = site_at(there)
    site.sign_in()
    for keys in ([old, new], [new, old], [new]):
        there.change(jwks={"keys": keys})
        assert site.sign_in().claims["sub"] == "ada"


def test_N31_the_keys_are_fetched_again_once_and_not_at_every_sign_in(provider):
    """A second change within the cool-down is not followed: a stranger's tokens must not make us ask all the time."""
    there = curve(provider, key_set("first"))
    site = site_at(there, id_token_signed_response_alg="ES256")
    site.sign_in()
    there.change(jwks=key_set("second"))
    site.sign_in()
    there.change(jwks=key_set("third"))
    with pytest.raises(IDTokenError) as caught:
        site.sign_in()
    assert caught.value.code == "id_token_key_unknown"


def test_keys_that_are_pinned_by_hand_are_not_replaced(provider):
    jwks = key_set("first")
    there = curve(provider, jwks)
    pinned = {"keys": [{name: value for name, value in key.items() if name != "d"} for key in jwks["keys"]]}
    site = site_at(there, id_token_signed_response_alg="ES256", jwks=pinned)
    site.sign_in()
    there.change(jwks=key_set("first"))
    with pytest.raises(IDTokenError) as caught:
        site.sign_in()
    assert caught.value.code == "id_token_signature"
