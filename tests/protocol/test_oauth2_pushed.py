"""Pushed authorization requests: RFC 9126; N42."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from flask_oauth.errors import ConfigurationError, InvalidResponseError, ServerError
from flask_oauth.protocol.http import Headers, HTTPResponse
from flask_oauth.protocol.oauth2.authorization import AuthorizationRequest, authorization_request
from flask_oauth.protocol.oauth2.client_authentication import Client
from flask_oauth.protocol.oauth2.metadata import ServerMetadata
from flask_oauth.protocol.oauth2.pushed import (
    process_pushed_authorization_response,
    pushed_authorization_request,
    pushed_authorization_url,
)

METADATA = ServerMetadata(
    authorization_endpoint="https://id.example/authorize",
    pushed_authorization_request_endpoint="https://id.example/par",
)
CLIENT = Client("me", "hush", "client_secret_post")
EXAMPLE = json.loads(Path(__file__, "../../vectors/oauth2_examples.json").resolve().read_text("utf-8"))["RFC 9126 §1.1"]
PLAIN = authorization_request(
    METADATA, CLIENT, redirect_uri="https://app.example/cb", state="s1", code_verifier="v" * 43, scope="a"
)


def answer(content: Any, status: int = 201) -> HTTPResponse:
    return HTTPResponse(status, Headers({"Content-Type": "application/json"}), json.dumps(content).encode())


def test_everything_is_pushed_and_authenticated() -> None:
    request = pushed_authorization_request(METADATA, CLIENT, PLAIN, now=0, jti="j")
    assert (request.method, request.url) == ("POST", "https://id.example/par")
    assert request.body is not None
    values = parse_qsl(request.body.decode())
    assert len(values) == len(dict(values))
    assert dict(values) == {**dict(PLAIN.parameters), "client_id": "me", "client_secret": "hush"}
    assert dict(values)["code_challenge_method"] == "S256"


def test_a_reference_is_never_pushed() -> None:
    plain = AuthorizationRequest("", (("client_id", "me"), ("request_uri", "urn:x"), ("request", "jwt")))
    request = pushed_authorization_request(METADATA, Client("me"), plain, now=0, jti="j")
    assert request.body is not None
    assert dict(parse_qsl(request.body.decode())) == {"client_id": "me", "request": "jwt"}


def test_the_example_of_the_specification() -> None:
    pushed = process_pushed_authorization_response(answer(EXAMPLE["answer"]), now=1000.0)
    assert pushed.expires_at == 1060.0
    assert "6esc" not in repr(pushed)
    metadata = ServerMetadata(authorization_endpoint=EXAMPLE["endpoint"])
    sent = pushed_authorization_url(metadata, Client(EXAMPLE["client_id"]), PLAIN, pushed)
    assert sent.url == EXAMPLE["url"]
    assert sent.parameters == PLAIN.parameters
    assert "s1" not in sent.url


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"request_uri": None}, "response_member"),
        ({"request_uri": ""}, "response_member"),
        ({"request_uri": 7}, "response_member"),
        ({"expires_in": None}, "response_member"),
        ({"expires_in": 0}, "response_member"),
        ({"expires_in": -1}, "response_member"),
        ({"expires_in": "soon"}, "response_member"),
    ],
)
def test_N42_an_answer_that_does_not_hold(changed: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidResponseError) as caught:
        process_pushed_authorization_response(answer({**EXAMPLE["answer"], **changed}), now=0)
    assert caught.value.code == code


@pytest.mark.parametrize("status", [200, 202, 302, 404, 500])
def test_N42_another_status(status: int) -> None:
    with pytest.raises(InvalidResponseError) as caught:
        process_pushed_authorization_response(answer(EXAMPLE["answer"], status), now=0)
    assert caught.value.code == "response_status"
    assert "6esc" not in str(caught.value.data)


def test_N42_an_error_answer() -> None:
    with pytest.raises(ServerError) as caught:
        process_pushed_authorization_response(answer({"error": "invalid_request"}, 400), now=0)
    assert caught.value.error == "invalid_request"


def test_N42_a_server_without_the_endpoint() -> None:
    with pytest.raises(ConfigurationError) as caught:
        pushed_authorization_request(ServerMetadata(), CLIENT, PLAIN, now=0, jti="j")
    assert caught.value.code == "config_endpoint_missing"
