"""Request objects: RFC 9101, OpenID Connect Core §6."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from flask_oauth.errors import ConfigurationError, MetadataError
from flask_oauth.protocol.jose import (
    JWT,
    KeySet,
    decrypt_jwt,
    generate_signing_key,
    load_decryption_key,
    verify_jwt,
)
from flask_oauth.protocol.oauth2.authorization import AuthorizationRequest, authorization_request
from flask_oauth.protocol.oauth2.client_authentication import Client
from flask_oauth.protocol.oauth2.metadata import ServerMetadata
from flask_oauth.protocol.oauth2.request_object import (
    encrypted_request_object,
    referenced_authorization_request,
    request_claims,
    request_object,
    signed_authorization_request,
)

KEY = generate_signing_key("ES256", kid="k1")
KEYS = KeySet.from_jwks({"keys": [KEY.public_jwk()]})
METADATA = ServerMetadata(issuer="https://id.example", authorization_endpoint="https://id.example/authorize")
CLIENT = Client("me", signing_key=KEY)
EXAMPLE = json.loads(Path(__file__, "../../vectors/oauth2_examples.json").resolve().read_text("utf-8"))[
    "OpenID Connect Core §6.1"
]


def plain(scope: str = "openid", **parameters: Any) -> AuthorizationRequest:
    return authorization_request(
        METADATA,
        CLIENT,
        redirect_uri="https://app.example/cb",
        state="s1",
        code_verifier="v" * 43,
        scope=scope,
        parameters=parameters,
    )


def verified(token: str) -> JWT:
    return verify_jwt(token, KEYS, ["ES256"], types=("oauth-authz-req+jwt",))


def query(request: AuthorizationRequest) -> dict[str, str]:
    pairs = parse_qsl(urlsplit(request.url).query)
    assert len(pairs) == len(dict(pairs))
    return dict(pairs)


def test_the_claims_of_the_specification() -> None:
    pairs = tuple((name, value) for name, value in EXAMPLE["pairs"])
    assert request_claims(AuthorizationRequest("", pairs)) == EXAMPLE["claims"]


def test_repeated_json_and_nested_parameters() -> None:
    request = plain(resource=["https://a", "https://b", "https://c"], authorization_details=[{"type": "x"}])
    claims = request_claims(request)
    assert claims["resource"] == ["https://a", "https://b", "https://c"]
    assert claims["authorization_details"] == [{"type": "x"}]
    nested = AuthorizationRequest("", (("a", "b"), ("request", "x"), ("request_uri", "y"), ("max_age", "soon")))
    assert request_claims(nested) == {"a": "b", "max_age": "soon"}


def test_a_signed_request_object() -> None:
    jwt = verified(request_object(METADATA, CLIENT, plain(), now=1000.9, jti="j1"))
    assert jwt.claims["iss"] == jwt.claims["client_id"] == "me"
    assert jwt.claims["aud"] == "https://id.example"
    assert jwt.claims["state"] == "s1"
    assert jwt.claims["code_challenge_method"] == "S256"
    assert jwt.claims["jti"] == "j1"
    assert (jwt.claims["iat"], jwt.claims["nbf"], jwt.claims["exp"]) == (1000, 1000, 1300)
    assert "sub" not in jwt.claims  # RFC 9101 §10.8: it could be taken for a client assertion


def test_another_key_and_no_issuer() -> None:
    metadata = ServerMetadata(authorization_endpoint="https://id.example/authorize")
    jwt = verified(request_object(metadata, Client("me"), plain(), now=0, jti="j", key=KEY))
    assert jwt.claims["aud"] == "https://id.example/authorize"


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ConfigurationError) as caught:
        request_object(METADATA, Client("me", "secret"), plain(), now=0, jti="j")
    assert caught.value.code == "config_client_authentication"
    narrow = ServerMetadata(issuer="https://id.example", request_object_signing_alg_values_supported=("PS256",))
    with pytest.raises(ConfigurationError) as caught:
        request_object(narrow, CLIENT, plain(), now=0, jti="j")
    assert caught.value.code == "config_algorithm"
    listed = ServerMetadata(issuer="https://id.example", request_object_signing_alg_values_supported=("ES256",))
    assert verified(request_object(listed, CLIENT, plain(), now=0, jti="j")).algorithm.name == "ES256"


def test_by_value() -> None:
    values = query(signed_authorization_request(METADATA, CLIENT, plain("a b"), "JWT"))
    assert values == {"client_id": "me", "request": "JWT"}


def test_by_value_for_openid_connect() -> None:
    sent = signed_authorization_request(METADATA, CLIENT, plain("openid a"), "JWT")
    assert query(sent) == {"client_id": "me", "response_type": "code", "scope": "openid a", "request": "JWT"}
    assert "s1" not in sent.url
    bare = AuthorizationRequest("", (("scope", "openid"),))
    assert query(signed_authorization_request(METADATA, CLIENT, bare, "JWT"))["response_type"] == "code"


def test_by_reference() -> None:
    sent = referenced_authorization_request(METADATA, CLIENT, plain("a"), "https://app.example/r/1")
    assert query(sent) == {"client_id": "me", "request_uri": "https://app.example/r/1"}
    with pytest.raises(ConfigurationError) as caught:
        referenced_authorization_request(METADATA, CLIENT, plain(), "http://app.example/r/1")
    assert caught.value.code == "config_insecure_url"


def test_encrypted_for_the_server() -> None:
    private = generate_signing_key("ES256").private_jwk()
    server_key = load_decryption_key({name: private[name] for name in ("kty", "crv", "x", "y", "d")}, kid="e1")
    keys = KeySet.from_jwks({"keys": [server_key.public_jwk()]})
    signed = request_object(METADATA, CLIENT, plain(), now=0, jti="j")
    token = encrypted_request_object(signed, keys, algorithm="ECDH-ES", encoding="A256GCM")
    assert decrypt_jwt(token, [server_key], ["ECDH-ES"], ["A256GCM"]) == signed
    with pytest.raises(MetadataError):
        encrypted_request_object(signed, KeySet(), algorithm="ECDH-ES", encoding="A256GCM")
