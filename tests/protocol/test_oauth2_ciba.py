"""CIBA, poll and ping; N50."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from flask_oauth.errors import ConfigurationError, InvalidResponseError, ServerError
from flask_oauth.protocol.http import Headers, HTTPRequest, HTTPResponse
from flask_oauth.protocol.jose import KeySet, generate_signing_key, verify_jwt
from flask_oauth.protocol.oauth2.ciba import (
    BackchannelAuthentication,
    backchannel_authentication_request,
    ciba_token_request,
    process_backchannel_authentication_response,
    validate_ping,
)
from flask_oauth.protocol.oauth2.client_authentication import Client
from flask_oauth.protocol.oauth2.metadata import ServerMetadata

EXAMPLE = json.loads(Path(__file__, "../../vectors/oauth2_examples.json").resolve().read_text("utf-8"))
ANSWER = EXAMPLE["CIBA Core §7.3"]["answer"]
METADATA = ServerMetadata(
    issuer="https://id.example",
    backchannel_authentication_endpoint="https://id.example/bc-authorize",
    token_endpoint="https://id.example/token",
)
CLIENT = Client("me", "hush", "client_secret_post")


def ask(**more: Any) -> HTTPRequest:
    arguments: dict[str, Any] = {"parameters": {"login_hint": "ann"}, **more}
    return backchannel_authentication_request(METADATA, CLIENT, now=1000.5, jti="j1", **arguments)


def form(request: HTTPRequest) -> dict[str, str]:
    assert request.body is not None
    return dict(parse_qsl(request.body.decode(), strict_parsing=True))


def process(content: Any, status: int = 200) -> BackchannelAuthentication:
    response = HTTPResponse(status, Headers({"Content-Type": "application/json"}), json.dumps(content).encode())
    return process_backchannel_authentication_response(response, now=1000.0)


def test_the_request() -> None:
    request = ask(scope="openid email", binding_message="W4SCT", client_notification_token="nt1")
    assert request.url == "https://id.example/bc-authorize"
    assert form(request) == {
        "scope": "openid email",
        "binding_message": "W4SCT",
        "client_notification_token": "nt1",
        "login_hint": "ann",
        "client_id": "me",
        "client_secret": "hush",
    }


@pytest.mark.parametrize("hints", [{}, {"login_hint": "a", "id_token_hint": "b"}, {"login_hint": None}])
def test_exactly_one_hint(hints: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        ask(parameters=hints)
    with pytest.raises(ConfigurationError):
        ask(parameters={"login_hint": "a", "client_notification_token": "other"})


def test_a_signed_request() -> None:
    key = generate_signing_key("ES256", kid="k1")
    values = form(ask(key=key))
    assert set(values) == {"request", "client_id", "client_secret"}
    claims = verify_jwt(values["request"], KeySet.from_jwks({"keys": [key.public_jwk()]}), ["ES256"]).claims
    assert claims == {
        "scope": "openid",
        "login_hint": "ann",
        "iss": "me",
        "aud": "https://id.example",
        "jti": "j1.request",
        "iat": 1000,
        "nbf": 1000,
        "exp": 1300,
    }


def test_the_answer_and_the_token_request() -> None:
    authentication = process(ANSWER)
    assert (authentication.expires_at, authentication.interval) == (1120.0, 2)
    assert "1c266114" not in repr(authentication)
    assert form(ciba_token_request(METADATA, CLIENT, authentication, now=0, jti="j")) == {
        "grant_type": "urn:openid:params:grant-type:ciba",
        "auth_req_id": ANSWER["auth_req_id"],
        "client_id": "me",
        "client_secret": "hush",
    }
    assert process({**ANSWER, "interval": None}).interval == 5
    with pytest.raises(ConfigurationError):
        ciba_token_request(METADATA, CLIENT, authentication, now=0, jti="j", parameters={"auth_req_id": "x"})


@pytest.mark.parametrize(
    "changed", [{"auth_req_id": None}, {"auth_req_id": 1}, {"expires_in": 0}, {"expires_in": None}]
)
def test_answers_that_do_not_hold(changed: dict[str, Any]) -> None:
    with pytest.raises(InvalidResponseError) as caught:
        process({**ANSWER, **changed})
    assert caught.value.code == "response_member"


def test_an_error_answer() -> None:
    with pytest.raises(ServerError) as caught:
        process({"error": "unknown_user_id"}, 400)
    assert caught.value.error == "unknown_user_id"


def ping(authorization: str | None, body: bytes, **more: str) -> None:
    headers = Headers({} if authorization is None else {"Authorization": authorization})
    expected = {"client_notification_token": "nt1", "auth_req_id": "r1", **more}
    validate_ping(headers, body, **expected)


@pytest.mark.parametrize("authorization", ["Bearer nt1", "bearer nt1", "BEARER  nt1"])
def test_N50_a_ping_of_a_pending_request(authorization: str) -> None:
    ping(authorization, b'{"auth_req_id": "r1", "x": 1}')


@pytest.mark.parametrize("name", ["authorization", "Authorization", "AUTHORIZATION"])
def test_a_ping_whose_header_fields_are_a_plain_mapping(name: str) -> None:
    validate_ping({name: "Bearer nt1"}, b'{"auth_req_id": "r1"}', client_notification_token="nt1", auth_req_id="r1")


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer ", "Bearer nt2", "Basic nt1", "nt1", "Bearer nt1x"]
)
def test_N50_a_ping_with_another_token(authorization: str | None) -> None:
    with pytest.raises(InvalidResponseError) as caught:
        ping(authorization, b'{"auth_req_id": "r1"}')
    assert caught.value.code == "notification_invalid"


@pytest.mark.parametrize("body", [b'{"auth_req_id": "r2"}', b"{}", b'{"auth_req_id": 1}', b'{"auth_req_id": ["r1"]}'])
def test_N50_a_ping_about_another_request(body: bytes) -> None:
    with pytest.raises(InvalidResponseError) as caught:
        ping("Bearer nt1", body)
    assert caught.value.code == "notification_invalid"


def test_N50_a_ping_without_a_known_token_never_fits() -> None:
    for empty in ({"client_notification_token": ""}, {"auth_req_id": ""}):
        with pytest.raises(InvalidResponseError):
            ping("Bearer " if "client_notification_token" in empty else "Bearer nt1", b'{"auth_req_id": ""}', **empty)
    with pytest.raises(InvalidResponseError) as caught:
        ping("Bearer nt1", b"not json")
    assert caught.value.code == "response_not_json"
