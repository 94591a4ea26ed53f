"""JARM: signed authorization responses; N41."""

from __future__ import annotations

from typing import Any

import pytest

from flask_oauth.errors import AccessDenied, AuthorizationResponseError
from flask_oauth.protocol.jose import (
    KeySet,
    b64url_encode,
    encrypt_jwt,
    generate_signing_key,
    load_decryption_key,
    sign_jwt,
    sign_jwt_with_secret,
)
from flask_oauth.protocol.oauth2.authorization import validate_authorization_response
from flask_oauth.protocol.oauth2.jarm import process_jwt_authorization_response

ISSUER = "https://id.example"
KEY = generate_signing_key("ES256", kid="k1")
KEYS = KeySet.from_jwks({"keys": [KEY.public_jwk()]})
CLAIMS = {"iss": ISSUER, "aud": "me", "exp": 1100, "code": "c1", "state": "s1"}
NOW = 1000.0


def process(*pairs: tuple[str, str], **more: Any) -> dict[str, str]:
    arguments: dict[str, Any] = {"keys": KEYS, "algorithms": ["ES256"], **more}
    return dict(process_jwt_authorization_response(pairs, issuer=ISSUER, client_id="me", now=NOW, **arguments))


def signed(**changed: Any) -> tuple[str, str]:
    claims = {name: value for name, value in {**CLAIMS, **changed}.items() if value is not None}
    return "response", sign_jwt(claims, KEY)


def refused(*pairs: tuple[str, str], **more: Any) -> str:
    with pytest.raises(AuthorizationResponseError) as caught:
        process(*pairs, **more)
    assert "c1" not in str(caught.value)
    return caught.value.code


def test_a_right_answer_goes_on_to_the_usual_checks() -> None:
    values = process(signed(expires_in=5, iat=990, empty=None))
    assert values == {"iss": ISSUER, "code": "c1", "state": "s1", "expires_in": "5"}
    response = validate_authorization_response(values.items(), state="s1", issuer=ISSUER, iss_required=True)
    assert response.code == "c1"


def test_an_error_may_be_signed_too() -> None:
    values = process(signed(code=None, error="access_denied"))
    with pytest.raises(AccessDenied):
        validate_authorization_response(values.items(), state="s1", issuer=ISSUER)


def test_N41_plain_parameters_beside_it_are_ignored() -> None:
    values = process(("code", "evil"), ("state", "evil"), ("iss", "evil"), ("error", "evil"), signed())
    assert values == {"iss": ISSUER, "code": "c1", "state": "s1"}


def test_N41_plain_answers_are_no_answers() -> None:
    assert refused(("code", "c1"), ("state", "s1")) == "authorization_response_invalid"
    assert refused(("error", "access_denied"), ("state", "s1")) == "authorization_response_invalid"
    assert refused(("response", "")) == "authorization_response_invalid"


def test_N08_a_repeated_response() -> None:
    assert refused(signed(), signed()) == "authorization_response_repeated"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"iss": None}, "issuer_mismatch"),
        ({"iss": "https://evil.example"}, "issuer_mismatch"),
        ({"iss": [ISSUER]}, "issuer_mismatch"),
        ({"aud": None}, "id_token_audience"),
        ({"aud": "other"}, "id_token_audience"),
        ({"aud": []}, "id_token_audience"),
        ({"exp": None}, "id_token_expired"),
        ({"exp": 939}, "id_token_expired"),
        ({"exp": 940}, "id_token_expired"),
        ({"exp": "1100"}, "id_token_expired"),
        ({"exp": True}, "id_token_expired"),
        ({"nbf": 1061}, "id_token_not_yet_valid"),
        ({"nbf": "1"}, "id_token_not_yet_valid"),
    ],
)
def test_N41_claims(changed: dict[str, Any], code: str) -> None:
    assert refused(signed(**changed)) == code


@pytest.mark.parametrize("changed", [{"exp": 941}, {"nbf": 1060}, {"aud": ["me"]}, {"aud": ["x", "me"]}])
def test_right_claims_next_to_the_wrong_ones(changed: dict[str, Any]) -> None:
    assert process(signed(**changed))["code"] == "c1"


def test_the_clock_skew_can_be_named() -> None:
    assert refused(signed(exp=999), clock_skew=0) == "id_token_expired"


def test_N41_bad_signatures() -> None:
    token = signed()[1]
    other = generate_signing_key("ES256", kid="k1")
    assert refused(("response", sign_jwt(CLAIMS, other))) == "id_token_signature"
    assert refused(("response", token[:-8] + "AAAAAAAA")) == "id_token_signature"
    assert refused(("response", token.rpartition(".")[0] + ".")) == "id_token_signature"
    assert refused(("response", "x")) == "id_token_malformed"


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE"])
def test_N41_alg_none(algorithm: str) -> None:
    header = b64url_encode(f'{{"alg":"{algorithm}"}}'.encode()).decode()
    payload = signed()[1].split(".")[1]
    for signature in ("", "AAAA"):
        assert refused(("response", f"{header}.{payload}.{signature}")) == "id_token_algorithm"


def test_N41_an_algorithm_that_was_not_agreed_on() -> None:
    token = sign_jwt_with_secret(CLAIMS, "s" * 32, "HS256")
    assert refused(("response", token)) == "id_token_algorithm"
    assert process(("response", token), algorithms=["HS256"], secret="s" * 32)["code"] == "c1"


@pytest.mark.parametrize("typ", ["logout+jwt", "at+jwt", "oauth-authz-req+jwt"])
def test_N30_a_jwt_of_another_kind(typ: str) -> None:
    assert refused(("response", sign_jwt(CLAIMS, KEY, typ=typ))) == "id_token_type"


def test_encrypted_answers() -> None:
    private = generate_signing_key("ES256").private_jwk()
    key = load_decryption_key({name: private[name] for name in ("kty", "crv", "x", "y", "d")}, kid="e1")
    token = encrypt_jwt(signed()[1], KeySet.from_jwks({"keys": [key.public_jwk()]}), "ECDH-ES", "A128GCM")
    ours: dict[str, Any] = {
        "decryption_keys": [key],
        "decryption_algorithms": ["ECDH-ES"],
        "decryption_encodings": ["A128GCM"],
    }
    assert process(("response", token), **ours)["code"] == "c1"
    assert refused(signed(), **ours) == "id_token_encryption"
    assert refused(("response", token)) == "id_token_encryption"


def test_answers_encrypted_with_the_client_secret() -> None:
    token = encrypt_jwt(signed()[1], KeySet(), "A128KW", "A128GCM", secret="s" * 32)
    ours = {"decryption_algorithms": ["A128KW"], "decryption_encodings": ["A128GCM"], "secret": "s" * 32}
    assert process(("response", token), **ours) == process(signed())
    assert refused(signed(), **ours) == "id_token_encryption"
