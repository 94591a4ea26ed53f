"""Calls with a token and their challenges: RFC 6750, RFC 9110 §11, RFC 9470; N45, A03."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_oauth.errors import ConfigurationError
from flask_oauth.protocol.http import RESOURCE_ANSWER_LIMIT, ClientCertificate, Headers, HTTPRequest
from flask_oauth.protocol.oauth2.resource import (
    Challenge,
    find_challenge,
    parse_challenges,
    resource_request,
    step_up_parameters,
)
from flask_oauth.protocol.token import Token

API = "https://api.example/me?fields=id"
VECTORS = json.loads(Path(__file__, "../../vectors/oauth2_challenges.json").resolve().read_text("utf-8"))


def call(token: Token | None = Token("at1"), url: str = API, **more: Any) -> HTTPRequest:  # noqa: B008 - frozen
    return resource_request("GET", url, token, **more)


def test_the_token_goes_into_the_header() -> None:
    request = call(headers={"X-Vendor": "1"}, body=b"b", insecure_hosts={"h"})
    assert request.headers.items_as_sent() == (("X-Vendor", "1"), ("Authorization", "Bearer at1"))
    assert (request.url, request.body, request.method) == (API, b"b", "GET")
    assert request.max_response_bytes == RESOURCE_ANSWER_LIMIT
    assert request.insecure_hosts == {"h"}
    assert "at1" not in repr(request)


def test_no_token_sends_none() -> None:
    assert "authorization" not in call(None, dpop_proof="p").headers
    assert "dpop" not in call(None, dpop_proof="p").headers


def test_a_header_that_the_caller_set_is_kept() -> None:
    for name in ("Authorization", "authorization", "AUTHORIZATION"):
        request = call(headers=[(name, "OAuth other")], dpop_proof="p", query_parameter="oauth_token")
        assert request.headers.items_as_sent() == ((name, "OAuth other"),)
        assert request.url == API


def test_another_scheme_for_old_servers() -> None:
    assert call(scheme="OAuth").headers["authorization"] == "OAuth at1"


def test_dpop_has_its_own_scheme_and_proof() -> None:
    request = call(Token("at1", token_type="DPoP"), dpop_proof="proof")
    assert request.headers["authorization"] == "DPoP at1"
    assert request.headers["dpop"] == "proof"


def test_N45_the_token_is_in_the_query_only_where_named() -> None:
    assert "at1" not in call().url
    request = call(query_parameter="oauth_token")
    assert request.url == f"{API}&oauth_token=at1"
    assert "authorization" not in request.headers


def test_a_token_put_into_the_query_by_hand_is_not_doubled() -> None:
    url = "https://api.example/me?access_token=mine"
    request = call(url=url, query_parameter="access_token")
    assert request.url == url
    assert "authorization" not in request.headers


def test_a_certificate_for_bound_tokens() -> None:
    certificate = ClientCertificate("a", "b")
    assert call(client_certificate=certificate).client_certificate == certificate


@pytest.mark.parametrize("url", ["http://api.example/", "ftp://api.example", "/me", "https://["])
def test_N12_plain_http_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        call(url=url)
    assert caught.value.code == "config_insecure_url"
    assert call(url="http://localhost:5000/me").headers["authorization"] == "Bearer at1"
    assert call(url="http://old.example/", insecure_hosts=["old.example"]).url == "http://old.example/"


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\tb", "ä", "a\x00"])
def test_a_token_that_cannot_be_sent(value: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        call(Token(value))
    assert value not in str(caught.value)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_challenges(vector: dict[str, Any]) -> None:
    headers = Headers([("WWW-Authenticate", value) for value in vector["fields"]])
    seen = [[item.scheme, dict(item.parameters), item.token68] for item in parse_challenges(headers)]
    assert seen == vector["challenges"]


@pytest.mark.parametrize("scheme", ["DPoP", "dpop", "DPOP", "Bearer", "bEARER"])
def test_A03_schemes_in_any_letter_case(scheme: str) -> None:
    headers = Headers({"WWW-Authenticate": f'Basic realm="x", {scheme} error="use_dpop_nonce"'})
    challenge = find_challenge(headers, "DPoP", "Bearer")
    assert challenge is not None
    assert challenge.error == "use_dpop_nonce"
    assert find_challenge(headers, "Negotiate") is None
    assert find_challenge(headers) == Challenge("basic", {"realm": "x"})
    assert find_challenge(Headers(), "Bearer") is None


@pytest.mark.parametrize(
    ("parameters", "wanted"),
    [
        (
            {"error": "insufficient_user_authentication", "acr_values": "a b", "max_age": "5", "scope": "x"},
            {"acr_values": "a b", "max_age": "5"},
        ),
        ({"error": "insufficient_user_authentication", "max_age": "soon", "acr_values": ""}, {}),
        ({"error": "insufficient_user_authentication", "max_age": "0"}, {"max_age": "0"}),
        ({"error": "insufficient_scope", "scope": "a b", "max_age": "5"}, {"scope": "a b"}),
        ({"error": "invalid_token", "scope": "a"}, {}),
        ({}, {}),
    ],
)
def test_what_a_challenge_asks_for(parameters: dict[str, str], wanted: dict[str, str]) -> None:
    assert step_up_parameters(Challenge("bearer", parameters)) == wanted


@given(st.text(max_size=200))
def test_any_text_is_read_without_a_failure(text: str) -> None:
    for challenge in parse_challenges({"www-authenticate": text}):
        assert challenge.scheme == challenge.scheme.lower()


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ('Bearer a="' + "\\" * 100_000, 2),  # what is not closed is not read
        ("a " * 20_000, 19_999),  # the last of them is what the one before it holds
        ("a=" * 50_000, 1),
        ("," * 100_000, 0),
        ('B x="y",' * 10_000, 10_000),
    ],
)
def test_a_long_field_is_read_in_linear_time(text: str, count: int) -> None:
    # In quadratic time each of these would take hours.
    assert len(parse_challenges({"www-authenticate": text})) == count
