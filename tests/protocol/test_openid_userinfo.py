"""Userinfo as JSON, signed and encrypted, and about the right person only (N37, A07, A08)."""

from __future__ import annotations

import json

import pytest
from tests.protocol.openid_samples import CLIENT_ID, ISSUER, NOW, SECRET, SUBJECT, key, key_set

from flask_oauth.errors import ConfigurationError, IDTokenError, OAuthException, ServerError, UserinfoError
from flask_oauth.protocol.http import Headers, HTTPResponse
from flask_oauth.protocol.jose import KeySet, encrypt_jwt, load_decryption_key, sign_jwt, sign_jwt_with_secret
from flask_oauth.protocol.openid.userinfo import UserinfoExpectation, process_userinfo_response, userinfo_request
from flask_oauth.protocol.token import Token

CLAIMS = {"sub": SUBJECT, "name": "Jane Doe", "email": "janedoe@example.com", "unheard_of": {"a": [1]}}
OWN_KEY = load_decryption_key(key("ES256", "enc").private_pem(), kid="enc")
OWN_KEYS = KeySet.from_jwks({"keys": [OWN_KEY.public_jwk()]})


def answer(content, media_type="application/json", status=200) -> HTTPResponse:
    body = content.encode() if isinstance(content, str) else json.dumps(content).encode()
    return HTTPResponse(status, Headers({"Content-Type": media_type}), body, f"{ISSUER}/userinfo")


def read(response, **expected):
    values = {"subject": SUBJECT, "issuer": ISSUER, "client_id": CLIENT_ID, **expected}
    return process_userinfo_response(
        response,
        UserinfoExpectation(**values),
        now=NOW,
        keys=key_set(),
        secret=SECRET,
        decryption_keys=[OWN_KEY],
    )


def refused(response, code, error=UserinfoError, **expected) -> OAuthException:
    with pytest.raises(error) as caught:
        read(response, **expected)
    assert caught.value.code == code
    return caught.value


SIGNED = {"algorithms": ["ES256"]}
ENCRYPTED = {"encryption_algorithms": ["ECDH-ES"], "encryption_encodings": ["A256GCM"]}


def signed(**changes) -> str:
    claims = {**CLAIMS, "iss": ISSUER, "aud": CLIENT_ID, **changes}
    return sign_jwt({name: value for name, value in claims.items() if value is not None}, key())


def encrypted(text: str) -> str:
    return encrypt_jwt(text, OWN_KEYS, "ECDH-ES", "A256GCM")


def test_request():
    expected = UserinfoExpectation(subject=SUBJECT, issuer=ISSUER, client_id=CLIENT_ID)
    request = userinfo_request(f"{ISSUER}/userinfo", Token("at"), expected)
    assert (request.method, request.url) == ("GET", f"{ISSUER}/userinfo")
    assert request.headers["authorization"] == "Bearer at"
    assert request.headers["accept"] == "application/json"
    jwt = UserinfoExpectation(subject=SUBJECT, issuer=ISSUER, client_id=CLIENT_ID, **ENCRYPTED)
    assert userinfo_request(f"{ISSUER}/userinfo", Token("at"), jwt).headers["accept"] == "application/jwt"
    with pytest.raises(ConfigurationError):
        userinfo_request("http://id.example.com/userinfo", Token("at"), expected)


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (answer(CLAIMS), {}),
        (answer(CLAIMS, "application/json; charset=utf-8"), {}),
        (answer(sign_jwt(CLAIMS, key()), "application/jwt"), SIGNED),
        (answer(sign_jwt_with_secret(CLAIMS, SECRET, "HS256"), "application/jwt"), {"algorithms": ["HS256"]}),
        (answer(encrypted(sign_jwt(CLAIMS, key())), "application/jwt"), {**SIGNED, **ENCRYPTED}),
        (answer(encrypted(json.dumps(CLAIMS)), "application/jwt"), ENCRYPTED),
    ],
    ids=["json", "json with charset", "signed", "hmac", "signed and encrypted", "encrypted"],
)
def test_A07_each_form_where_it_is_registered(response, expected):
    assert read(response, **expected) == CLAIMS


def test_signed_with_issuer_audience_and_times():
    response = answer(signed(aud=[CLIENT_ID], exp=NOW + 5, nbf=NOW), "application/jwt")
    assert read(response, **SIGNED)["sub"] == SUBJECT
    assert read(answer(signed(iss=None, aud=None), "application/jwt"), **SIGNED)["sub"] == SUBJECT


@pytest.mark.parametrize("sub", ["mallory", SUBJECT + " ", "", None, 248289761001])
def test_N37_userinfo_sub_differs(sub):
    refused(answer({**CLAIMS, "sub": sub}), "userinfo_subject")
    refused(answer(sign_jwt({**CLAIMS, "sub": sub}, key()), "application/jwt"), "userinfo_subject", **SIGNED)


def test_N37_userinfo_without_sub():
    refused(answer({"name": "Jane Doe"}), "userinfo_subject")
    refused(answer({"name": "Jane Doe"}), "userinfo_subject", subject=None)
    assert read(answer(CLAIMS), subject=None) == CLAIMS


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": "https://evil.example.com"}, "id_token_issuer"),
        ({"aud": "other"}, "id_token_audience"),
        ({"aud": []}, "id_token_audience"),
        ({"exp": NOW - 61}, "id_token_expired"),
        ({"nbf": NOW + 61}, "id_token_not_yet_valid"),
    ],
)
def test_N37_signed_userinfo_of_another(changes, code):
    refused(answer(signed(**changes), "application/jwt"), code, IDTokenError, **SIGNED)


def test_N37_signed_userinfo_with_a_bad_signature():
    token = sign_jwt(CLAIMS, key("ES256", "other"), headers={"kid": "k1"})
    refused(answer(token, "application/jwt"), "id_token_signature", IDTokenError, **SIGNED)


def test_N37_another_form_than_registered():
    jwt = answer(sign_jwt(CLAIMS, key()), "application/jwt")
    refused(jwt, "userinfo_content_type")
    refused(answer(CLAIMS), "userinfo_content_type", **SIGNED)
    refused(answer(CLAIMS), "userinfo_content_type", **ENCRYPTED)
    refused(answer(CLAIMS, "text/html"), "userinfo_content_type")
    refused(jwt, "id_token_encryption", IDTokenError, **ENCRYPTED)
    both = answer(encrypted(sign_jwt(CLAIMS, key())), "application/jwt")
    refused(both, "userinfo_content_type", **ENCRYPTED)
    plain = answer(encrypted(json.dumps(CLAIMS)), "application/jwt")
    refused(plain, "id_token_malformed", IDTokenError, **SIGNED, **ENCRYPTED)


@pytest.mark.parametrize(
    ("content", "code"),
    [("", "response_not_json"), ("[]", "response_not_json"), ('{"sub":"a","sub":"b"}', "response_duplicate_member")],
)
def test_N14_not_a_proper_answer(content, code):
    refused(answer(content), code)


def test_refusals_of_the_endpoint():
    refused(answer({}, status=500), "response_status")
    error = refused(answer({"error": "invalid_token"}, status=401), "server_error", ServerError)
    assert error.error == "invalid_token"
