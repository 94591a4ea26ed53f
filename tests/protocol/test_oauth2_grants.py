"""Client credentials (RFC 6749 §4.4), token exchange (RFC 8693), JWT bearer (RFC 7523)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from flask_oauth.errors import ConfigurationError, ServerError, TokenResponseError
from flask_oauth.protocol.http import Headers, HTTPRequest, HTTPResponse
from flask_oauth.protocol.jose import KeySet, generate_signing_key, verify_jwt
from flask_oauth.protocol.oauth2.client_authentication import Client
from flask_oauth.protocol.oauth2.client_credentials import (
    client_credentials_request,
    process_client_credentials_response,
)
from flask_oauth.protocol.oauth2.jwt_bearer import jwt_bearer_assertion, jwt_bearer_request
from flask_oauth.protocol.oauth2.metadata import ServerMetadata
from flask_oauth.protocol.oauth2.resource import resource_request
from flask_oauth.protocol.oauth2.token_exchange import (
    ACCESS_TOKEN,
    ID_TOKEN,
    JWT,
    process_token_exchange_response,
    token_exchange_request,
)
from flask_oauth.protocol.token import Token

EXAMPLE = json.loads(Path(__file__, "../../vectors/oauth2_examples.json").resolve().read_text("utf-8"))["RFC 8693 §2.3"]
METADATA = ServerMetadata(token_endpoint="https://id.example/token")
CLIENT = Client("me", "hush", "client_secret_basic")
RIGHT = {"access_token": "at1", "token_type": "Bearer", "expires_in": 60}


def answer(content: Any, status: int = 200) -> HTTPResponse:
    return HTTPResponse(status, Headers({"Content-Type": "application/json"}), json.dumps(content).encode())


def pairs(request: HTTPRequest) -> list[tuple[str, str]]:
    assert request.body is not None
    return parse_qsl(request.body.decode(), strict_parsing=True)


def test_client_credentials() -> None:
    request = client_credentials_request(METADATA, CLIENT, scope="a b", parameters={"audience": "x"}, now=0, jti="j")
    assert dict(pairs(request)) == {"grant_type": "client_credentials", "scope": "a b", "audience": "x"}
    assert request.headers["authorization"].startswith("Basic ")
    token = process_client_credentials_response(
        answer({**RIGHT, "refresh_token": "rt1"}), now=1000.0, requested_scope="a b"
    )
    assert token == Token("at1", expires_at=1060.0, scope="a b")
    dpop = process_client_credentials_response(answer({**RIGHT, "token_type": "DPoP"}), now=0, expected_type="DPoP")
    assert dpop.token_type == "DPoP"


def test_client_credentials_need_a_client_that_authenticates() -> None:
    with pytest.raises(ConfigurationError) as caught:
        client_credentials_request(METADATA, Client("me"), now=0, jti="j")
    assert caught.value.code == "config_client_secret_missing"
    with pytest.raises(ConfigurationError):
        client_credentials_request(METADATA, CLIENT, parameters={"grant_type": "password"}, now=0, jti="j")


def exchange(**more: Any) -> HTTPRequest:
    return token_exchange_request(METADATA, CLIENT, subject_token="st1", now=0, jti="j", **more)


def test_the_exchange_of_the_specification() -> None:
    request = token_exchange_request(
        METADATA,
        CLIENT,
        subject_token=EXAMPLE["subject_token"],
        parameters={"resource": EXAMPLE["resource"]},
        now=0,
        jti="j",
    )
    assert dict(pairs(request)) == EXAMPLE["request"]
    token = process_token_exchange_response(answer(EXAMPLE["answer"]), now=0, requested_token_type=ACCESS_TOKEN)
    assert token.expires_at == 60.0
    assert token.extra == {"issued_token_type": ACCESS_TOKEN}


def test_exchange_with_an_actor_and_several_targets() -> None:
    request = exchange(
        subject_token_type=ID_TOKEN,
        actor_token="actor",
        actor_token_type=JWT,
        requested_token_type=JWT,
        scope="a",
        parameters={"audience": ["x", "y"], "resource": ["https://a", "https://b"]},
    )
    values = pairs(request)
    assert [value for name, value in values if name == "audience"] == ["x", "y"]
    assert [value for name, value in values if name == "resource"] == ["https://a", "https://b"]
    assert dict(values)["actor_token_type"] == JWT


@pytest.mark.parametrize(
    "more", [{"actor_token": "a"}, {"actor_token_type": JWT}, {"parameters": {"subject_token": "x"}}]
)
def test_exchange_requests_that_do_not_hold(more: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        exchange(**more)


def exchanged(requested: str | None = None, **changed: Any) -> Token:
    content = {**RIGHT, "issued_token_type": ACCESS_TOKEN, **changed}
    return process_token_exchange_response(answer(content), now=0, requested_token_type=requested)


def test_what_is_no_access_token_has_no_token_type_and_is_never_sent_to_an_api() -> None:
    token = exchanged(ID_TOKEN, issued_token_type=ID_TOKEN, token_type="N_A")
    assert token.token_type == "N_A"
    with pytest.raises(ConfigurationError):
        resource_request("GET", "https://api.example/", token)
    assert exchanged(JWT).token_type == "Bearer"
    assert exchanged(ACCESS_TOKEN, issued_token_type=JWT).token_type == "Bearer"


@pytest.mark.parametrize(
    ("requested", "changed", "code"),
    [
        (None, {"issued_token_type": None}, "response_member"),
        (None, {"token_type": "N_A"}, "token_response_type"),
        (None, {"token_type": None}, "token_response_no_type"),
        (None, {"access_token": None}, "token_response_no_token"),
        (ID_TOKEN, {}, "token_response_type"),
        (ACCESS_TOKEN, {"issued_token_type": ID_TOKEN}, "token_response_type"),
    ],
)
def test_exchange_answers_that_do_not_hold(requested: str | None, changed: dict[str, Any], code: str) -> None:
    with pytest.raises(TokenResponseError) as caught:
        exchanged(requested, **changed)
    assert caught.value.code == code


def test_exchange_errors() -> None:
    for status in (200, 400):
        with pytest.raises(ServerError) as caught:
            process_token_exchange_response(answer({"error": "invalid_target"}, status), now=0)
        assert caught.value.error == "invalid_target"


def test_jwt_bearer() -> None:
    key = generate_signing_key("ES256", kid="k1")
    assertion = jwt_bearer_assertion(
        key,
        issuer="service@app.example",
        subject="ann@app.example",
        audience="https://id.example",
        now=1000.5,
        jti="j1",
        claims={"scope": "a", "iss": "other"},
    )
    claims = verify_jwt(assertion, KeySet.from_jwks({"keys": [key.public_jwk()]}), ["ES256"]).claims
    assert claims == {
        "iss": "service@app.example",
        "sub": "ann@app.example",
        "aud": "https://id.example",
        "jti": "j1",
        "iat": 1000,
        "exp": 1300,
        "scope": "a",
    }
    request = jwt_bearer_request(METADATA, CLIENT, assertion, scope="a", now=0, jti="j")
    assert dict(pairs(request)) == {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": assertion,
        "scope": "a",
    }
    with pytest.raises(ConfigurationError):
        jwt_bearer_request(METADATA, CLIENT, assertion, parameters={"assertion": "x"}, now=0, jti="j")
