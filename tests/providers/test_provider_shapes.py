"""Every preset against a scripted provider that answers as that provider's documentation says.

The token request is built by the protocol, bent by the preset, answered, bent
back and checked by the strict protocol again; then the API is asked who signed
in.  Two promises a shape: the claims come out, and its error is seen as one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from flask_oauth.errors import OAuthException, ServerError
from flask_oauth.protocol.http import Headers, HTTPRequest, HTTPResponse
from flask_oauth.protocol.jose import generate_signing_key, sign_jwt_with_secret
from flask_oauth.protocol.oauth1.credentials import process_token_credentials_response
from flask_oauth.protocol.oauth2.client_authentication import Client
from flask_oauth.protocol.oauth2.metadata import ServerMetadata
from flask_oauth.protocol.oauth2.token import authorization_code_request, process_token_response, refresh_request
from flask_oauth.protocol.token import Token
from flask_oauth.providers import (
    Provider,
    adapt_token_request,
    adapt_token_response,
    callback_document,
    claims,
    next_request,
    read_document,
)
from flask_oauth.testing.transport import ScriptedTransport

NOW = 1_700_000_000.0
SECRET = "the client secret, long enough for HS256"
KEY = generate_signing_key("ES256")


def client_of(provider: Provider) -> Client:
    method = provider.client_authentication
    return Client(
        "client",
        None if method in ("none", "private_key_jwt") else SECRET,
        authentication_method=method,
        signing_key=KEY if method == "private_key_jwt" else None,
    )


def metadata_of(provider: Provider) -> ServerMetadata:
    endpoint = provider.token_endpoint or "https://as.example/token"
    chosen = provider.client_authentication or "client_secret_basic"
    return ServerMetadata(
        issuer=provider.issuer or None, token_endpoint=endpoint, token_endpoint_auth_methods_supported=(chosen,)
    )


def token_request(provider: Provider, callback: Mapping[str, str]) -> HTTPRequest:
    request = authorization_code_request(
        metadata_of(provider),
        client_of(provider),
        "the code",
        redirect_uri="https://app.example/auth/callback/x",
        code_verifier="v" * 43,
        now=NOW,
        jti="j",
    )
    return adapt_token_request(provider, request, client_id="client", callback=callback)


def token_of(provider: Provider, answer: HTTPResponse) -> Token:
    if provider.protocol == "oauth1":
        return process_token_credentials_response(answer, now=NOW)
    expected = "DPoP" if provider.quirks.dpop_required else "Bearer"
    return process_token_response(adapt_token_response(provider, answer), now=NOW, expected_type=expected)


def exchange(shape: Any, callback: Mapping[str, str]) -> Token:
    """Code for token, over a transport; OAuth 1.0a's signed exchange has tests of its own."""
    if shape.provider.protocol == "oauth1":
        return token_of(shape.provider, shape.token_response())
    request = token_request(shape.provider, callback)
    transport = ScriptedTransport().once(request.method, request.url, shape.token_response())
    return token_of(shape.provider, transport.send(request))


def as_sent(shape: Any, name: str) -> HTTPResponse:
    answer = shape.answer(name)
    if shape.provider.quirks.userinfo_is_jwt:
        body = sign_jwt_with_secret({**answer, "exp": NOW + 100}, SECRET, "HS256").encode()
        return HTTPResponse(200, Headers({"Content-Type": "application/jwt"}), body)
    return HTTPResponse(200, Headers({"Content-Type": "application/json"}), json.dumps(answer).encode())


def documents_of(shape: Any, token: Token, callback: Mapping[str, str]) -> dict[str, Any]:
    provider = shape.provider
    documents: dict[str, Any] = {"token": token.extra, "callback": callback_document(provider, callback)}
    if "id_token" in shape.data:
        documents["id_token"] = shape.data["id_token"]
    if provider.protocol == "openid" and "userinfo" in shape.data:
        documents["userinfo"] = shape.data["userinfo"]  # asked for by the OpenID Connect protocol
    transport = ScriptedTransport()
    while step := next_request(provider, token, documents, client_id="client", client_secret=SECRET):
        name, request = step
        transport.once(request.method, request.url, as_sent(shape, name))
        documents[name] = read_document(
            provider, name, transport.send(request), client_id="client", client_secret=SECRET, now=NOW
        )
    transport.assert_all_used()
    return documents


def test_claims_come_out(shape: Any) -> None:
    callback = {"code": "the code", "state": "s", **shape.data.get("callback", {})}
    token = exchange(shape, callback)
    found = claims(shape.provider, documents_of(shape, token, callback))
    assert found == shape.data["claims"]


def test_every_document_of_the_shape_is_asked_for(shape: Any) -> None:
    documents = documents_of(shape, exchange(shape, {"code": "c", **shape.data.get("callback", {})}), {})
    described = {"userinfo", "emails"} & shape.data.keys() | shape.data.get("documents", {}).keys()
    assert described <= documents.keys()


def test_the_error_is_seen_as_one(shape: Any) -> None:
    error = shape.data["error"]
    with pytest.raises(OAuthException) as caught:
        _read_error(shape)
    if "code" in error:
        assert isinstance(caught.value, ServerError)
        assert caught.value.error == error["code"]
    assert SECRET not in str(caught.value)


def test_the_token_request_holds_the_code_and_the_credentials(oauth2_shape: Any) -> None:
    provider = oauth2_shape.provider
    request = token_request(provider, {"code": "the code"})
    sent = _sent(request)
    assert sent["code"] == "the code"
    method = provider.client_authentication or "client_secret_basic"
    own_name = provider.quirks.token_request_names.get("client_secret", "client_secret")
    assert (sent.get(own_name) == SECRET) == (method == "client_secret_post")
    assert ("authorization" in request.headers) == (method == "client_secret_basic")
    for name, value in provider.token_parameters.items():
        assert sent[name] == value


def test_the_refresh_request_goes_to_the_right_place(oauth2_shape: Any) -> None:
    provider = oauth2_shape.provider
    plain = refresh_request(metadata_of(provider), client_of(provider), Token("a", refresh_token="r"), now=NOW, jti="j")
    request = adapt_token_request(provider, plain, client_id="client")
    sent = _sent(request)
    assert sent[provider.quirks.token_request_names.get("refresh_token", "refresh_token")] == "r"
    assert request.url.startswith(provider.refresh_endpoint or metadata_of(provider).token_endpoint or "-")
    for name, value in provider.refresh_parameters.items():
        assert sent[name] == value


def _read_error(shape: Any) -> None:
    if shape.data["error"]["at"] == "userinfo":
        read_document(shape.provider, "userinfo", shape.error_response())
    else:
        token_of(shape.provider, shape.error_response())


def _sent(request: HTTPRequest) -> dict[str, str]:
    body = (request.body or b"").decode()
    if request.headers.get("content-type") == "application/json":
        return dict(json.loads(body))
    return dict(parse_qsl(body or urlsplit(request.url).query))
