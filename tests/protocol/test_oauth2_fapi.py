"""FAPI 2.0 as data: what lacks is named before the user is sent anywhere; N15."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from flask_oauth.errors import ConfigurationError
from flask_oauth.protocol.http import ClientCertificate
from flask_oauth.protocol.jose import generate_signing_key
from flask_oauth.protocol.oauth2.client_authentication import Client
from flask_oauth.protocol.oauth2.fapi import PROFILES, check_profile, lacking
from flask_oauth.protocol.oauth2.metadata import ServerMetadata

KEY = generate_signing_key("ES256")
DPOP_KEY = generate_signing_key("ES256")
RS256 = generate_signing_key("RS256")
CERTIFICATE = ClientCertificate("c.pem", "k.pem")
CLIENT = Client("me", signing_key=KEY)
SERVER = ServerMetadata(
    issuer="https://id.example",
    pushed_authorization_request_endpoint="https://id.example/par",
    code_challenge_methods_supported=("S256",),
    response_types_supported=("code",),
    token_endpoint_auth_methods_supported=("private_key_jwt", "tls_client_auth"),
    token_endpoint_auth_signing_alg_values_supported=("PS256", "ES256"),
    id_token_signing_alg_values_supported=("RS256", "PS256"),
    dpop_signing_alg_values_supported=("ES256",),
    tls_client_certificate_bound_access_tokens=True,
    authorization_response_iss_parameter_supported=True,
    request_object_signing_alg_values_supported=("ES256",),
    response_modes_supported=("query", "jwt"),
    authorization_signing_alg_values_supported=("PS256",),
)
FAPI = PROFILES["fapi2"]
SIGNING = PROFILES["fapi2-message-signing"]


def test_a_server_and_a_client_that_have_everything() -> None:
    for profile in (FAPI, SIGNING):
        check_profile(profile, SERVER, CLIENT, dpop_key=DPOP_KEY)
    check_profile(FAPI, SERVER, Client("me", certificate=CERTIFICATE))
    check_profile(SIGNING, SERVER, Client("me", signing_key=KEY, certificate=CERTIFICATE))


def test_lists_that_may_be_left_out() -> None:
    silent = replace(
        SERVER,
        response_types_supported=None,
        token_endpoint_auth_signing_alg_values_supported=None,
        id_token_signing_alg_values_supported=None,
        token_endpoint_auth_methods_supported=None,
    )
    assert lacking(FAPI, silent, CLIENT, dpop_key=DPOP_KEY) == ()


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"issuer": None}, "issuer"),
        ({"pushed_authorization_request_endpoint": None}, "pushed_authorization_request_endpoint"),
        ({"code_challenge_methods_supported": ("plain",)}, "S256"),
        ({"code_challenge_methods_supported": None}, "S256"),
        ({"response_types_supported": ("token",)}, "response type code"),
        ({"token_endpoint_auth_methods_supported": ("client_secret_basic",)}, "client authentication"),
        ({"token_endpoint_auth_signing_alg_values_supported": ("RS256",)}, "client assertions"),
        ({"id_token_signing_alg_values_supported": ("RS256",)}, "ID Tokens"),
        ({"dpop_signing_alg_values_supported": None}, "bound"),
        ({"dpop_signing_alg_values_supported": ("PS256",)}, "bound"),
        ({"authorization_response_iss_parameter_supported": False}, "authorization_response_iss_parameter_supported"),
    ],
)
def test_N15_what_the_server_lacks_is_named(changed: dict[str, Any], word: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_profile(FAPI, replace(SERVER, **changed), CLIENT, dpop_key=DPOP_KEY)
    assert caught.value.code == "config_profile"
    assert len(caught.value.data) == 1
    assert word in str(caught.value)
    assert "FAPI 2.0 §" in str(caught.value)


@pytest.mark.parametrize(
    ("client", "dpop_key", "count"),
    [
        (Client("me", "secret"), DPOP_KEY, 1),
        (Client("me"), DPOP_KEY, 1),
        (CLIENT, None, 1),
        (Client("me", signing_key=RS256), DPOP_KEY, 1),
        (Client("me", signing_key=KEY), RS256, 2),
        (Client("me", "secret"), None, 2),
    ],
)
def test_what_the_client_lacks_is_named(client: Client, dpop_key: Any, count: int) -> None:
    assert len(lacking(FAPI, SERVER, client, dpop_key=dpop_key)) == count


def test_a_certificate_binds_only_where_the_server_does_it() -> None:
    server = replace(SERVER, tls_client_certificate_bound_access_tokens=False)
    assert len(lacking(FAPI, server, Client("me", certificate=CERTIFICATE))) == 1


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"request_object_signing_alg_values_supported": None}, "request objects"),
        ({"request_object_signing_alg_values_supported": ("PS256",)}, "request objects"),
        ({"response_modes_supported": ("query", "fragment.jwt")}, "response_modes_supported"),
        ({"response_modes_supported": None}, "response_modes_supported"),
        ({"authorization_signing_alg_values_supported": ("RS256",)}, "signs its answers"),
        ({"authorization_signing_alg_values_supported": None}, "signs its answers"),
    ],
)
def test_what_lacks_for_message_signing(changed: dict[str, Any], word: str) -> None:
    (lack,) = lacking(SIGNING, replace(SERVER, **changed), CLIENT, dpop_key=DPOP_KEY)
    assert word in lack
    assert lacking(FAPI, replace(SERVER, **changed), CLIENT, dpop_key=DPOP_KEY) == ()


def test_message_signing_needs_a_signing_key() -> None:
    client = Client("me", certificate=CERTIFICATE)
    (lack,) = lacking(SIGNING, SERVER, client, dpop_key=DPOP_KEY)
    assert "request objects" in lack


def test_a_signed_answer_needs_no_iss_parameter() -> None:
    server = replace(SERVER, authorization_response_iss_parameter_supported=False)
    assert lacking(SIGNING, server, CLIENT, dpop_key=DPOP_KEY) == ()


def test_what_the_words_turn_on() -> None:
    assert (FAPI.pushed, FAPI.iss_required, FAPI.signed_request, FAPI.response_mode) == (True, True, False, None)
    assert (SIGNING.pushed, SIGNING.signed_request, SIGNING.response_mode) == (True, True, "jwt")
    assert set(FAPI.algorithms) == {"PS256", "ES256", "EdDSA", "Ed25519"}
