"""Device authorization and the waiting: RFC 8628; N50."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flask_oauth.errors import (
    AccessDenied,
    ConfigurationError,
    InvalidResponseError,
    OAuthException,
    ReauthorizationRequired,
    ServerError,
    TokenResponseError,
    TransportError,
)
from flask_oauth.protocol.http import Headers, HTTPResponse
from flask_oauth.protocol.oauth2.client_authentication import Client
from flask_oauth.protocol.oauth2.device import (
    DeviceAuthorization,
    device_authorization_request,
    device_token_request,
    process_device_authorization_response,
)
from flask_oauth.protocol.oauth2.metadata import ServerMetadata
from flask_oauth.protocol.oauth2.polling import LONGEST_INTERVAL, next_interval

EXAMPLE = json.loads(Path(__file__, "../../vectors/oauth2_examples.json").resolve().read_text("utf-8"))["RFC 8628 §3"]
METADATA = ServerMetadata(
    device_authorization_endpoint="https://server.example.com/device_authorization",
    token_endpoint="https://server.example.com/token",
)
CLIENT = Client(EXAMPLE["client_id"])


def process(content: Any, status: int = 200, **more: Any) -> DeviceAuthorization:
    response = HTTPResponse(status, Headers({"Content-Type": "application/json"}), json.dumps(content).encode())
    return process_device_authorization_response(response, now=1000.0, **more)


def test_the_exchange_of_the_specification() -> None:
    request = device_authorization_request(METADATA, CLIENT, scope=EXAMPLE["scope"], now=0, jti="j")
    assert request.url == "https://server.example.com/device_authorization"
    assert request.body == EXAMPLE["request"].encode()
    device = process(EXAMPLE["answer"])
    assert device.user_code == "WDJB-MJHT"
    assert device.verification_uri_complete == "https://example.com/device?user_code=WDJB-MJHT"
    assert (device.expires_at, device.interval) == (2800.0, 5)
    assert "GmRhmh" not in repr(device)
    assert device_token_request(METADATA, CLIENT, device, now=0, jti="j").body == EXAMPLE["token_request"].encode()


def test_what_may_be_left_out() -> None:
    device = process({**EXAMPLE["answer"], "verification_uri_complete": None, "interval": None})
    assert device.verification_uri_complete is None
    assert device.interval == 5
    assert process({**EXAMPLE["answer"], "interval": 0}).interval == 5
    assert process({**EXAMPLE["answer"], "interval": 2.5}).interval == 2.5


def test_further_parameters() -> None:
    request = device_authorization_request(METADATA, CLIENT, parameters={"resource": ["a", "b"]}, now=0, jti="j")
    assert request.body == b"resource=a&resource=b&client_id=1406020730"
    with pytest.raises(ConfigurationError):
        device_token_request(
            METADATA, CLIENT, process(EXAMPLE["answer"]), parameters={"device_code": "x"}, now=0, jti="j"
        )


@pytest.mark.parametrize(
    "changed",
    [
        {"device_code": None},
        {"user_code": ""},
        {"user_code": "a\x1b[2J"},
        {"user_code": "x" * 101},
        {"verification_uri": None},
        {"verification_uri": "http://example.com/device"},
        {"verification_uri": "javascript:alert(1)"},
        {"verification_uri_complete": "http://example.com/device?user_code=x"},
        {"verification_uri_complete": 7},
        {"expires_in": None},
        {"expires_in": "soon"},
        {"interval": -5},
    ],
)
def test_answers_that_do_not_hold(changed: dict[str, Any]) -> None:
    with pytest.raises(InvalidResponseError) as caught:
        process({**EXAMPLE["answer"], **changed})
    assert caught.value.code == "response_member"
    assert "GmRhmh" not in "".join([str(caught.value), *caught.value.__notes__])


def test_plain_http_only_where_it_is_allowed() -> None:
    answer = {**EXAMPLE["answer"], "verification_uri": "http://dev.example/d", "verification_uri_complete": None}
    allowed = ServerMetadata(insecure_hosts=frozenset({"dev.example"}))
    assert process(answer, metadata=allowed).verification_uri == "http://dev.example/d"


def test_an_error_answer() -> None:
    with pytest.raises(ServerError):
        process({"error": "invalid_client"}, 401)


def pending(error: str) -> ServerError:
    return ServerError("…", error=error)


def test_N50_waiting_goes_on_at_the_same_pace() -> None:
    assert next_interval(pending("authorization_pending"), 5) == 5


def test_N50_slow_down_adds_five_seconds_each_time() -> None:
    interval = next_interval(pending("slow_down"), 5)
    assert interval == 10
    assert next_interval(pending("slow_down"), interval) == 15


def test_N50_a_timeout_doubles_the_interval_within_bounds() -> None:
    assert next_interval(TransportError("no answer"), 5) == 10
    assert next_interval(TransportError("no answer"), 100) == LONGEST_INTERVAL


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (pending("access_denied"), AccessDenied),
        (pending("expired_token"), ReauthorizationRequired),
        (pending("invalid_request"), ServerError),
        (pending("invalid_grant"), ServerError),
        (pending(""), ServerError),
        (TokenResponseError("not a token"), TokenResponseError),
    ],
)
def test_N50_everything_else_ends_it(error: OAuthException, kind: type[OAuthException]) -> None:
    with pytest.raises(kind) as caught:
        next_interval(error, 5)
    assert caught.value is error or caught.value.__cause__ is error
