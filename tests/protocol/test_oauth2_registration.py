"""Dynamic registration: RFC 7591, RFC 7592; N54."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flask_oauth.errors import ConfigurationError, InvalidResponseError, ServerError
from flask_oauth.protocol.http import Headers, HTTPResponse
from flask_oauth.protocol.oauth2.metadata import ServerMetadata
from flask_oauth.protocol.oauth2.registration import (
    Registration,
    client_delete_request,
    client_read_request,
    client_update_request,
    process_client_delete_response,
    process_registration_response,
    registration_request,
)

METADATA = ServerMetadata(registration_endpoint="https://server.example.com/register", public_hosts_only=True)
# RFC 7591 §3.2.1 with RFC 7592 §3
ANSWER = {
    "client_id": "s6BhdRkqt3",
    "client_secret": "cf136dc3c1fc93f31185e5885805d",
    "client_id_issued_at": 2893256800,
    "client_secret_expires_at": 2893276800,
    "redirect_uris": ["https://client.example.org/callback"],
    "token_endpoint_auth_method": "client_secret_basic",
    "registration_access_token": "reg-23410913-abewfq.123483",
    "registration_client_uri": "https://server.example.com/register/s6BhdRkqt3",
}


def answer(content: Any, status: int = 201) -> HTTPResponse:
    return HTTPResponse(status, Headers({"Content-Type": "application/json"}), json.dumps(content).encode())


def registered(**changed: Any) -> Registration:
    return process_registration_response(answer({**ANSWER, **changed}), METADATA)


def test_the_request() -> None:
    request = registration_request(METADATA, {"redirect_uris": ["https://a.example/cb"]})
    assert (request.method, request.url) == ("POST", "https://server.example.com/register")
    assert json.loads(request.body or b"") == {"redirect_uris": ["https://a.example/cb"]}
    assert request.headers["content-type"] == "application/json"
    assert "authorization" not in request.headers
    assert request.public_hosts_only
    protected = registration_request(METADATA, {}, initial_access_token="iat")
    assert protected.headers["authorization"] == "Bearer iat"
    with pytest.raises(ConfigurationError) as caught:
        registration_request(ServerMetadata(), {})
    assert caught.value.code == "config_endpoint_missing"


def test_the_answer() -> None:
    registration = registered()
    assert registration.client_id == "s6BhdRkqt3"
    assert registration.client_secret == "cf136dc3c1fc93f31185e5885805d"
    assert registration.client_secret_expires_at == 2893276800
    assert registration.client_metadata == {
        "redirect_uris": ["https://client.example.org/callback"],
        "token_endpoint_auth_method": "client_secret_basic",
    }
    for secret in ("cf136", "reg-2341"):
        assert secret not in repr(registration)


def test_a_public_client_without_management() -> None:
    registration = process_registration_response(answer({"client_id": "c"}), METADATA)
    assert registration == Registration("c")
    with pytest.raises(ConfigurationError):
        client_read_request(METADATA, registration)


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/register/s6BhdRkqt3",
        "http://server.example.com/register/s6BhdRkqt3",
        "https://server.example.com:8443/register",
        "https://server.example.com@evil.example/",
        "https://server.example.com.evil.example/",
        "/register/1",
        "https://[",
    ],
)
def test_N54_registration_client_uri_at_another_host(uri: str) -> None:
    with pytest.raises(InvalidResponseError) as caught:
        registered(registration_client_uri=uri)
    assert caught.value.code == "registration_host"
    assert "reg-2341" not in "".join(caught.value.__notes__)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"client_id": None}, "response_member"),
        ({"client_id": ""}, "response_member"),
        ({"client_secret": 7}, "response_member"),
        ({"client_secret_expires_at": "never"}, "response_member"),
        ({"registration_client_uri": ["x"]}, "response_member"),
    ],
)
def test_answers_that_do_not_hold(changed: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidResponseError) as caught:
        registered(**changed)
    assert caught.value.code == code


def test_errors() -> None:
    with pytest.raises(ServerError) as caught:
        process_registration_response(answer({"error": "invalid_redirect_uri"}, 400), METADATA)
    assert caught.value.error == "invalid_redirect_uri"
    with pytest.raises(InvalidResponseError) as refused:
        process_registration_response(answer(ANSWER, 202), METADATA)
    assert refused.value.code == "response_status"
    assert "client_secret" not in refused.value.data


def test_reading_changing_and_ending() -> None:
    registration = registered()
    read = client_read_request(METADATA, registration)
    assert (read.method, read.url) == ("GET", "https://server.example.com/register/s6BhdRkqt3")
    assert read.headers["authorization"] == "Bearer reg-23410913-abewfq.123483"
    assert read.body is None
    update = client_update_request(METADATA, registration, {"client_name": "n", "client_secret_expires_at": 1})
    assert update.method == "PUT"
    assert json.loads(update.body or b"") == {
        "client_name": "n", "client_id": "s6BhdRkqt3", "client_secret": "cf136dc3c1fc93f31185e5885805d",
    }  # fmt: skip
    assert "client_secret" not in json.loads(
        client_update_request(METADATA, registered(client_secret=None), {}).body or b""
    )
    delete = client_delete_request(METADATA, registration)
    assert (delete.method, delete.body) == ("DELETE", None)
    process_client_delete_response(HTTPResponse(204, Headers(), b""))
    with pytest.raises(InvalidResponseError):
        process_client_delete_response(HTTPResponse(200, Headers(), b""))
    with pytest.raises(ServerError):
        process_client_delete_response(answer({"error": "invalid_token"}, 401))


def test_an_update_keeps_what_the_answer_leaves_out() -> None:
    old = registered()
    new = process_registration_response(answer({"client_id": "s6BhdRkqt3"}, 200), METADATA, previous=old)
    assert new.client_secret == old.client_secret
    assert new.registration_access_token == old.registration_access_token
    assert new.registration_client_uri == old.registration_client_uri
    rotated = {"client_id": "s6BhdRkqt3", "registration_access_token": "new"}
    assert process_registration_response(answer(rotated), METADATA, previous=old).registration_access_token == "new"
    with pytest.raises(InvalidResponseError) as caught:
        process_registration_response(answer({"client_id": "other"}, 200), METADATA, previous=old)
    assert caught.value.code == "response_member"
