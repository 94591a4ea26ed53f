"""Token revocation: RFC 7009."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest

from flask_oauth.errors import ConfigurationError, InvalidResponseError, ServerError
from flask_oauth.protocol.http import Headers, HTTPResponse
from flask_oauth.protocol.oauth2.client_authentication import Client
from flask_oauth.protocol.oauth2.metadata import ServerMetadata
from flask_oauth.protocol.oauth2.revocation import process_revocation_response, revocation_request

METADATA = ServerMetadata(issuer="https://id.example", revocation_endpoint="https://id.example/revoke")


def test_the_request_of_the_specification() -> None:
    request = revocation_request(
        METADATA,
        Client("s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw", "client_secret_basic"),
        "45ghiukldjahdnhzdauz",
        token_type_hint="refresh_token",
        now=0,
        jti="j",
    )
    # RFC 7009 §2.1
    assert request.body == b"token=45ghiukldjahdnhzdauz&token_type_hint=refresh_token"
    assert request.headers["authorization"] == "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3"
    assert (request.method, request.url) == ("POST", "https://id.example/revoke")


def test_further_parameters() -> None:
    request = revocation_request(METADATA, Client("me"), "t1", parameters={"x": 1}, now=0, jti="j")
    assert request.body is not None
    assert dict(parse_qsl(request.body.decode())) == {"token": "t1", "x": "1", "client_id": "me"}
    with pytest.raises(ConfigurationError):
        revocation_request(METADATA, Client("me"), "t1", parameters={"token": "t2"}, now=0, jti="j")


def test_a_server_without_revocation() -> None:
    with pytest.raises(ConfigurationError) as caught:
        revocation_request(ServerMetadata(), Client("me"), "t1", now=0, jti="j")
    assert caught.value.code == "config_endpoint_missing"


@pytest.mark.parametrize(("status", "body"), [(200, b""), (200, b"<html>"), (204, b""), (200, b'{"error": "x"}')])
def test_success_whatever_the_content(status: int, body: bytes) -> None:
    process_revocation_response(HTTPResponse(status, Headers(), body))


@pytest.mark.parametrize("status", [302, 400, 404, 500, 503])
def test_another_status(status: int) -> None:
    with pytest.raises(InvalidResponseError) as caught:
        process_revocation_response(HTTPResponse(status, Headers(), b"no"))
    assert caught.value.code == "response_status"
    assert caught.value.got == status


def test_an_error_answer() -> None:
    body = b'{"error": "unsupported_token_type"}'
    with pytest.raises(ServerError) as caught:
        process_revocation_response(HTTPResponse(400, Headers({"Content-Type": "application/json"}), body))
    assert caught.value.error == "unsupported_token_type"
