"""Whatever a server sends: a typed result or an OAuthException, never another failure, and no secret in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flask_oauth.errors import OAuthException
from flask_oauth.protocol.http import Headers, HTTPResponse
from flask_oauth.protocol.oauth2.authorization import validate_authorization_response
from flask_oauth.protocol.oauth2.ciba import process_backchannel_authentication_response
from flask_oauth.protocol.oauth2.device import process_device_authorization_response
from flask_oauth.protocol.oauth2.dpop import nonce_to_retry_with
from flask_oauth.protocol.oauth2.introspection import process_introspection_response
from flask_oauth.protocol.oauth2.metadata import ServerMetadata, process_metadata_response
from flask_oauth.protocol.oauth2.protected_resource import process_protected_resource_response
from flask_oauth.protocol.oauth2.pushed import process_pushed_authorization_response
from flask_oauth.protocol.oauth2.registration import process_registration_response
from flask_oauth.protocol.oauth2.revocation import process_revocation_response
from flask_oauth.protocol.oauth2.token import process_token_response
from flask_oauth.protocol.oauth2.token_exchange import process_token_exchange_response

ISSUER = "https://id.example"
SECRET = "the-secret-of-this-answer"
REGISTRAR = ServerMetadata(registration_endpoint="https://id.example/register")
PROCESSES: dict[str, Callable[[HTTPResponse], object]] = {
    "token": lambda answer: process_token_response(answer, now=0),
    "lenient token": lambda answer: process_token_response(answer, now=0, lenient_format=True, default_type="Bearer"),
    "token exchange": lambda answer: process_token_exchange_response(answer, now=0, requested_token_type="x"),
    "metadata": lambda answer: process_metadata_response(answer, issuer="https://id.example"),
    "protected resource": lambda answer: process_protected_resource_response(answer, resource="https://api.example"),
    "pushed": lambda answer: process_pushed_authorization_response(answer, now=0),
    "device": lambda answer: process_device_authorization_response(answer, now=0),
    "ciba": lambda answer: process_backchannel_authentication_response(answer, now=0),
    "introspection": lambda answer: process_introspection_response(answer, audience="https://api.example"),
    "registration": lambda answer: process_registration_response(answer, REGISTRAR),
    "revocation": process_revocation_response,
    "nonce": lambda answer: nonce_to_retry_with(answer, used=None),
}
URLS = st.sampled_from(["https://id.example/x", "https://[", "http://id.example", "https://id.example:x/", "//x", "\\"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | URLS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
NAMES = """access_token token_type expires_in expires refresh_token scope id_token error error_description error_uri
    issued_token_type issuer authorization_endpoint token_endpoint jwks_uri mtls_endpoint_aliases scopes_supported
    resource authorization_servers request_uri device_code user_code verification_uri verification_uri_complete interval
    auth_req_id active aud client_id client_secret registration_client_uri client_secret_expires_at"""
MEMBERS = st.sampled_from(NAMES.split())
RIGHT = {
    "access_token": SECRET,
    "token_type": "Bearer",
    "issued_token_type": "x",
    "issuer": "https://id.example",
    "resource": "https://api.example",
    "request_uri": SECRET,
    "expires_in": 60,
    "device_code": SECRET,
    "user_code": "ABCD",
    "verification_uri": "https://id.example/d",
    "auth_req_id": SECRET,
    "active": True,
    "aud": "https://api.example",
    "client_id": "c",
    "client_secret": SECRET,
}


def outcome(process: Callable[[HTTPResponse], object], body: bytes, status: int, content_type: str) -> str:
    headers = Headers({"Content-Type": content_type, "DPoP-Nonce": "n", "WWW-Authenticate": content_type})
    try:
        return repr(process(HTTPResponse(status, headers, body)))
    except OAuthException as error:
        return "\n".join([str(error), repr(error), str(error.data), *error.__notes__])


@pytest.mark.parametrize("name", PROCESSES)
@settings(max_examples=25, deadline=None)
@given(changed=st.dictionaries(MEMBERS, VALUES, max_size=3), status=st.sampled_from([200, 201, 204, 302, 400, 401]))
def test_N14_any_json_object(name: str, changed: dict[str, Any], status: int) -> None:
    body = json.dumps({**RIGHT, **changed}).encode()
    assert SECRET not in outcome(PROCESSES[name], body, status, "application/json")


@pytest.mark.parametrize("name", PROCESSES)
@settings(max_examples=25, deadline=None)
@given(
    body=st.binary(max_size=200),
    status=st.integers(100, 599),
    content_type=st.sampled_from(["application/json", "text/html", "", "x", 'DPoP error="use_dpop_nonce"']),
)
def test_N14_any_bytes(name: str, body: bytes, status: int, content_type: str) -> None:
    outcome(PROCESSES[name], body, status, content_type)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["code", "state", "iss", "error", "error_description", "x"]), st.text(max_size=10))
    )
)
def test_any_callback(pairs: list[tuple[str, str]]) -> None:
    fitting = [("state", "s1"), ("iss", "https://id.example"), *pairs]
    for answer in (pairs, fitting):
        try:
            response = validate_authorization_response(
                answer, state="s1", issuer="https://id.example", iss_required=True
            )
        except OAuthException:
            continue
        assert ("state", "s1") in answer
        assert ("iss", "https://id.example") in answer
        assert response.code
