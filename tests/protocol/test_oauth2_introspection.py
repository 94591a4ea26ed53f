"""Token introspection: RFC 7662, and its signed answers: RFC 9701."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

import pytest

from flask_oauth.errors import InvalidResponseError, ServerError
from flask_oauth.protocol.http import Headers, HTTPResponse
from flask_oauth.protocol.jose import (
    KeySet,
    encrypt_jwt,
    generate_signing_key,
    load_decryption_key,
    sign_jwt,
)
from flask_oauth.protocol.oauth2.client_authentication import Client
from flask_oauth.protocol.oauth2.introspection import (
    Introspection,
    introspection_request,
    process_introspection_response,
    process_signed_introspection_response,
)
from flask_oauth.protocol.oauth2.metadata import ServerMetadata

ISSUER = "https://id.example"
METADATA = ServerMetadata(issuer=ISSUER, introspection_endpoint="https://id.example/introspect")
KEY = generate_signing_key("ES256", kid="k1")
KEYS = KeySet.from_jwks({"keys": [KEY.public_jwk()]})
# RFC 7662 §2.2, shortened
ANSWER = {
    "active": True,
    "client_id": "l238j323ds-23ij4",
    "username": "jdoe",
    "scope": "read write dolphin",
    "sub": "Z5O3upPC88QrAjx00dis",
    "aud": "https://protected.example.net/resource",
    "exp": 1419356238,
}
JWT_TYPE = "application/token-introspection+jwt"


def answer(content: Any, status: int = 200, content_type: str = "application/json") -> HTTPResponse:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return HTTPResponse(status, Headers({"Content-Type": content_type}), body)


def test_the_request() -> None:
    request = introspection_request(
        METADATA, Client("me", "s", "client_secret_basic"), "t1", token_type_hint="access_token", now=0, jti="j"
    )
    assert request.body == b"token=t1&token_type_hint=access_token"
    assert request.headers["accept"] == "application/json"
    assert request.url == "https://id.example/introspect"


def test_asking_for_a_signed_answer() -> None:
    request = introspection_request(METADATA, Client("me"), "t1", signed=True, parameters={"x": "y"}, now=0, jti="j")
    assert request.headers["accept"] == JWT_TYPE
    assert request.body is not None
    assert dict(parse_qsl(request.body.decode())) == {"token": "t1", "x": "y", "client_id": "me"}


def test_an_active_token() -> None:
    result = process_introspection_response(answer(ANSWER))
    assert result.active
    assert result.claims["sub"] == "Z5O3upPC88QrAjx00dis"
    assert "active" not in result.claims
    assert result.scopes == {"read", "write", "dolphin"}
    assert "jdoe" not in repr(result)


def test_an_inactive_token_says_no_more() -> None:
    result = process_introspection_response(answer({"active": False, "sub": "x"}))
    assert result == Introspection(False)
    assert result.scopes == frozenset()


@pytest.mark.parametrize("active", [None, "true", 1, [True]])
def test_active_is_true_or_false(active: object) -> None:
    with pytest.raises(InvalidResponseError) as caught:
        process_introspection_response(answer({**ANSWER, "active": active}))
    assert caught.value.code == "response_member"


@pytest.mark.parametrize("aud", ["https://api.example", ["https://x", "https://api.example"]])
def test_a_token_for_this_api(aud: object) -> None:
    assert process_introspection_response(answer({**ANSWER, "aud": aud}), audience="https://api.example").active


@pytest.mark.parametrize("aud", [None, "", "https://api.example/", ["https://x"], [], {"https://api.example": 1}, 7])
def test_an_answer_for_another_audience(aud: object) -> None:
    with pytest.raises(InvalidResponseError) as caught:
        process_introspection_response(answer({**ANSWER, "aud": aud}), audience="https://api.example")
    assert caught.value.code == "introspection_audience"


def test_errors() -> None:
    with pytest.raises(ServerError):
        process_introspection_response(answer({"error": "invalid_client"}, 401))
    with pytest.raises(ServerError):
        process(answer({"error": "invalid_client"}, 401))
    with pytest.raises(InvalidResponseError) as caught:
        process_introspection_response(answer(b"active", 200, "text/plain"))
    assert caught.value.code == "response_content_type"


CLAIMS = {"iss": ISSUER, "aud": "https://api.example", "iat": 1514797892, "token_introspection": ANSWER}


def signed(claims: dict[str, Any], typ: str | None = "token-introspection+jwt") -> HTTPResponse:
    return answer(sign_jwt(claims, KEY, typ=typ).encode(), 200, JWT_TYPE)


def process(response: HTTPResponse, **more: Any) -> Introspection:
    return process_signed_introspection_response(
        response, issuer=ISSUER, client_id="https://api.example", keys=KEYS, algorithms=["ES256"], **more
    )


def test_a_signed_answer() -> None:
    assert process(signed(CLAIMS)).claims["username"] == "jdoe"
    assert process(signed({**CLAIMS, "aud": ["x", "https://api.example"]})).active


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"iss": "https://evil.example"}, "id_token_issuer"),
        ({"iss": None}, "id_token_issuer"),
        ({"aud": "https://other.example"}, "id_token_audience"),
        ({"aud": None}, "id_token_audience"),
        ({"aud": []}, "id_token_audience"),
        ({"token_introspection": None}, "response_member"),
        ({"token_introspection": "x"}, "response_member"),
        ({"token_introspection": {}}, "response_member"),
    ],
)
def test_a_signed_answer_that_does_not_hold(changed: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidResponseError) as caught:
        process(signed({**CLAIMS, **changed}))
    assert caught.value.code == code


def test_a_signed_answer_with_a_token_for_others() -> None:
    with pytest.raises(InvalidResponseError) as caught:
        process(signed(CLAIMS), audience="https://api.example")
    assert caught.value.code == "introspection_audience"


@pytest.mark.parametrize("typ", [None, "JWT", "at+jwt", "logout+jwt"])
def test_N30_a_jwt_of_another_kind_is_not_an_answer(typ: str | None) -> None:
    with pytest.raises(InvalidResponseError) as caught:
        process(signed(CLAIMS, typ))
    assert caught.value.code == "id_token_type"


def test_an_unsigned_answer_does_not_stand_in() -> None:
    for response in (answer(ANSWER), answer(sign_jwt(CLAIMS, KEY).encode(), 200, "application/jwt")):
        with pytest.raises(InvalidResponseError) as caught:
            process(response)
        assert caught.value.code == "response_content_type"


def test_a_signature_of_another_key() -> None:
    other = generate_signing_key("ES256", kid="k1")
    token = sign_jwt(CLAIMS, other, typ="token-introspection+jwt")
    with pytest.raises(InvalidResponseError) as caught:
        process(answer(token.encode(), 200, JWT_TYPE))
    assert caught.value.code == "id_token_signature"


def test_an_encrypted_answer() -> None:
    ours = generate_signing_key("ES256", kid="e1").private_jwk()
    key = load_decryption_key({name: ours[name] for name in ("kty", "crv", "x", "y", "d")}, kid="e1")
    token = sign_jwt(CLAIMS, KEY, typ="token-introspection+jwt")
    jwe = encrypt_jwt(token, KeySet.from_jwks({"keys": [key.public_jwk()]}), "ECDH-ES", "A128GCM")
    keys: dict[str, Any] = {
        "decryption_keys": [key],
        "decryption_algorithms": ["ECDH-ES"],
        "decryption_encodings": ["A128GCM"],
    }
    assert process(answer(jwe.encode(), 200, JWT_TYPE), **keys).active
    for response, more in ((signed(CLAIMS), keys), (answer(jwe.encode(), 200, JWT_TYPE), {})):
        with pytest.raises(InvalidResponseError) as caught:
            process(response, **more)
        assert caught.value.code == "id_token_encryption"
