"""The misbehaving provider itself: honest unless told otherwise, strict with the client always; and its table."""

from __future__ import annotations

import json
import re
import socket
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qsl, urlencode, urlsplit
from urllib.request import Request, urlopen

import pytest
from tests.compat.support import fetch

import flask_oauth.testing
from flask_oauth.error_codes import EXPLANATIONS
from flask_oauth.errors import OAuthException
from flask_oauth.protocol.jose import KeySet, sign_jwt, verify_jwt
from flask_oauth.protocol.oauth2.dpop import dpop_proof
from flask_oauth.testing import MisbehavingProvider
from flask_oauth.testing.misbehaving.cases import case
from flask_oauth.testing.misbehaving.keys import encode, new_key

VERIFIER = "v" * 43
CHALLENGE = encode(sha256(VERIFIER.encode()).digest())
ROWS = {**MisbehavingProvider.misbehaviours, **MisbehavingProvider.oddities}


@pytest.fixture
def provider() -> Iterator[MisbehavingProvider]:
    with MisbehavingProvider() as provider:
        yield provider


def asked_for(provider: MisbehavingProvider, **changes: str | None) -> str:
    """The URL of a proper authorization request, or of one with changes."""
    parameters = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": "http://localhost/callback",
        "scope": "openid",
        "state": "s" * 22,
        "nonce": "n" * 22,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }
    pairs = [(name, value) for name, value in parameters.items() if value is not None]
    return f"{provider.url}/authorize?{urlencode(pairs)}"


def code(provider: MisbehavingProvider, **changes: str | None) -> str:
    status, headers, text = fetch(asked_for(provider, **changes))
    assert status == 302, text
    return dict(parse_qsl(urlsplit(headers["location"]).query))["code"]


def post(url: str, form: dict[str, str], headers: dict[str, str] | None = None) -> tuple[int, dict[str, Any]]:
    request = Request(url, urlencode(form).encode(), headers or {})
    try:
        with urlopen(request) as response:
            return response.status, json.load(response)
    except HTTPError as error:
        with error:
            return error.code, json.load(error)


def redeem(
    provider: MisbehavingProvider, headers: dict[str, str] | None = None, **changes: str | None
) -> tuple[int, dict[str, Any]]:
    form = {
        "grant_type": "authorization_code",
        "redirect_uri": "http://localhost/callback",
        "code_verifier": VERIFIER,
        "client_id": provider.client_id,
        "client_secret": provider.client_secret,
        **changes,
    }
    return post(f"{provider.url}/token", {name: value for name, value in form.items() if value is not None}, headers)


# -- honest ---------------------------------------------------------------------------------------------------


def test_an_honest_sign_in(provider: MisbehavingProvider) -> None:
    status, answer = redeem(provider, code=code(provider))
    assert (status, answer["token_type"], answer["scope"]) == (200, "Bearer", "openid")
    with urlopen(f"{provider.url}/jwks") as response:
        keys = KeySet.from_jwks(json.load(response))
    claims = verify_jwt(answer["id_token"], keys, ["RS256"]).claims
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (provider.issuer, provider.client_id, "n" * 22)
    assert provider.asked == ["authorization", "token", "jwks"]
    assert provider.used_codes == [provider.flows[0].code]
    assert provider.complaints == []


def test_told_to_misbehave_and_to_stop(provider: MisbehavingProvider) -> None:
    assert provider.misbehaviour is None
    wrong = provider.behave("access_token_missing")
    assert wrong is provider.misbehaviour is provider.misbehaviours["access_token_missing"]
    assert "access_token" not in redeem(provider, code=code(provider))[1]
    with provider.behaving("token_type_missing"):
        assert "token_type" not in redeem(provider, code=code(provider))[1]
    assert provider.misbehaviour is wrong
    provider.behave()
    assert {"access_token", "token_type"} <= redeem(provider, code=code(provider))[1].keys()
    with pytest.raises(KeyError):
        provider.behave("no_such_thing")


def test_misbehaves_from_the_beginning() -> None:
    with MisbehavingProvider("token_type_missing") as provider:
        assert "token_type" not in redeem(provider, code=code(provider))[1]


def test_misbehaves_in_a_way_of_ones_own(provider: MisbehavingProvider) -> None:
    provider.behave(
        case("colour", "N16", "a colour", None, token=lambda members, scene: {**members, "colour": scene.now})
    )
    assert redeem(provider, code=code(provider))[1]["colour"] > 1_700_000_000


def test_what_was_agreed_on_is_in_the_settings() -> None:
    provider = MisbehavingProvider(userinfo_signed_response_alg="ES256")
    assert provider.settings["userinfo_signed_response_alg"] == "ES256"
    provider.behave("jwe_plain")
    assert provider.settings["id_token_encrypted_response_alg"] == "RSA-OAEP-256"
    assert provider.settings["decryption_key"]["kty"] == "RSA"
    with provider.agreeing({"scope": "openid"}):
        assert provider.settings["scope"] == "openid"
    assert provider.settings["scope"] == "openid email"
    provider.__exit__()


def test_it_stops_listening(provider: MisbehavingProvider) -> None:
    with MisbehavingProvider() as other:
        address = ("127.0.0.1", urlsplit(other.url).port)
        socket.create_connection(address, 5).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, 5)


def test_no_secret_in_a_repr(provider: MisbehavingProvider) -> None:
    _, answer = redeem(provider, code=code(provider))
    shown = repr([provider, provider.requests, provider.flows, provider.keys, provider.client_key])
    for secret in (provider.client_secret, provider.flows[0].code, answer["access_token"], VERIFIER):
        assert secret not in shown


# -- strict ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "another"},
        {"redirect_uri": "callback"},
        {"redirect_uri": None},
        {"response_type": "token"},
        {"code_challenge": None},
        {"code_challenge": VERIFIER, "code_challenge_method": "plain"},
        {"state": None},
        {"state": "short"},
        {"nonce": None},
        {"request_uri": "urn:made-up"},
        {"request": "not.a.jwt"},
    ],
    ids=str,
)
def test_a_wrong_authorization_request(provider: MisbehavingProvider, changes: dict[str, str | None]) -> None:
    status, _, text = fetch(asked_for(provider, **changes))
    assert status == 400
    [complaint] = provider.complaints
    assert complaint.partition(": ")[2] in text


def test_a_parameter_sent_twice(provider: MisbehavingProvider) -> None:
    assert fetch(asked_for(provider) + "&scope=openid")[0] == 400
    assert fetch(asked_for(provider) + "&resource=https://a.example&resource=https://b.example")[0] == 302
    assert len(provider.complaints) == 1


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_secret": None}, "invalid_client"),
        ({"code": "made-up"}, "invalid_grant"),
        ({"redirect_uri": "http://localhost/other"}, "invalid_grant"),
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_grant"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
    ids=str,
)
def test_a_wrong_token_request(provider: MisbehavingProvider, changes: dict[str, str | None], error: str) -> None:
    status, answer = redeem(provider, **{"code": code(provider), **changes})
    assert status in (400, 401)
    assert answer["error"] == error
    assert len(provider.complaints) == 1


def test_a_client_that_authenticates_in_two_ways(provider: MisbehavingProvider) -> None:
    basic = b64encode(f"{provider.client_id}:{provider.client_secret}".encode()).decode()
    headers = {"Authorization": f"Basic {basic}"}
    assert redeem(provider, headers, code=code(provider))[1]["error"] == "invalid_client"
    assert redeem(provider, headers, code=code(provider), client_secret=None, client_id=None)[0] == 200


def test_a_code_is_good_once(provider: MisbehavingProvider) -> None:
    one = code(provider)
    status, answer = redeem(provider, code=one)
    assert status == 200
    assert redeem(provider, code=one)[1]["error"] == "invalid_grant"
    # RFC 6749 §4.1.2: what was issued for it ends
    refresh = {"grant_type": "refresh_token", "refresh_token": answer["refresh_token"], "code": None}
    assert redeem(provider, **refresh)[1]["error"] == "invalid_grant"
    assert provider.complaints == ["token request: the code was used before"]


def test_a_refresh_token_is_good_once(provider: MisbehavingProvider) -> None:
    _, answer = redeem(provider, code=code(provider))
    old = {"grant_type": "refresh_token", "refresh_token": answer["refresh_token"]}
    status, renewed = redeem(provider, **old)
    assert status == 200
    assert renewed["refresh_token"] != answer["refresh_token"]
    assert redeem(provider, **old)[1]["error"] == "invalid_grant"


def test_a_bound_sign_in_needs_its_key(provider: MisbehavingProvider) -> None:
    key, other, url = new_key("ES256", "a"), new_key("ES256", "b"), f"{provider.url}/token"

    def proof(by: Any = key, jti: str = "1", **changes: Any) -> dict[str, str]:
        import time

        given = {"method": "POST", "url": url, "now": time.time(), "jti": jti, **changes}
        return {"DPoP": dpop_proof(by, **given)}

    one = {"dpop_jkt": key.thumbprint()}
    assert redeem(provider, code=code(provider, **one))[1]["error"] == "invalid_dpop_proof"
    wrong = [proof(other), proof(method="GET"), proof(url=url + "/x"), proof(now=1.0), {"DPoP": "not.a.proof"}]
    for headers in wrong:
        assert redeem(provider, headers, code=code(provider, **one))[1]["error"] == "invalid_dpop_proof"
    assert redeem(provider, proof(), code=code(provider, **one))[1]["token_type"] == "DPoP"
    assert redeem(provider, proof(), code=code(provider, **one))[1]["error"] == "invalid_dpop_proof"  # the same jti
    assert redeem(provider, proof(jti="2"), code=code(provider, **one))[0] == 200


@pytest.mark.parametrize("change", ["aud", "sub", "exp", "jti", "key"])
def test_a_wrong_client_assertion(change: str) -> None:
    import time

    with MisbehavingProvider(token_endpoint_auth_method="private_key_jwt") as provider:
        client, now = provider.client_id, int(time.time())
        right = {"iss": client, "sub": client, "aud": provider.issuer, "exp": now + 60, "jti": "1"}
        wrong = {"aud": {"aud": [provider.issuer]}, "sub": {"sub": "another"}, "exp": {"exp": now + 3600}}.get(
            change, {}
        )
        key = provider.client_signing_key
        other = new_key("ES256", key.kid)

        def sign_in(claims: dict[str, Any], by: Any = key) -> int:
            return redeem(provider, code=code(provider), client_secret=None, client_assertion=sign_jwt(claims, by))[0]

        if change == "jti":
            assert sign_in(right) == 200
        assert sign_in({**right, **wrong}, other if change == "key" else key) == 401
        assert sign_in({**right, "jti": "2"}) == 200
        assert len(provider.complaints) == 1


# -- the table ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ROWS)
def test_a_row_of_the_table(name: str) -> None:
    row = ROWS[name]
    assert row.name == name
    assert re.fullmatch(r"[a-zA-Z0-9_]+", name)
    assert re.fullmatch(r"[AN]\d\d", row.case)
    assert row.meaning
    assert row.meaning[-1] != "."
    assert row.accepted == (name in MisbehavingProvider.oddities)
    assert row.changes
    assert str(row) == f"{row.case}-{name}"
    if row.code is not None:
        assert row.code in EXPLANATIONS
        assert row.error is not None
        assert issubclass(row.error, OAuthException)


def test_the_cases_of_openid_connect_are_all_there() -> None:
    wanted = {6, 7, 10, 11, *range(18, 40), *range(41, 44), 48, 54, 55}
    refused = {row.case for row in MisbehavingProvider.misbehaviours.values()}
    odd = {row.case for row in MisbehavingProvider.oddities.values()}
    assert {f"N{number:02}" for number in wanted} <= refused
    assert {"A01", "A02", "A03", "A04", "A05", "A06", "A07", "A08", "A09"} <= odd


def test_the_names_are_offered_where_tests_look() -> None:
    assert flask_oauth.testing.MisbehavingProvider is MisbehavingProvider
    assert {"MisbehavingProvider", "Misbehaviour"} <= set(dir(flask_oauth.testing))
