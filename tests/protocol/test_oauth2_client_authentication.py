"""Client authentication: RFC 6749 §2.3, RFC 7523, RFC 8705; N44, N55, A11."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from flask_oauth.errors import ConfigurationError
from flask_oauth.protocol.http import ClientCertificate, HTTPRequest
from flask_oauth.protocol.jose import KeySet, SigningKey, generate_signing_key, unverified_jwt, verify_jwt
from flask_oauth.protocol.oauth2.client_authentication import (
    METHODS,
    Client,
    ClientAuthentication,
    authenticate,
    choose_method,
    endpoint_request,
)
from flask_oauth.protocol.oauth2.metadata import ServerMetadata

SECRET = "a secret of thirty-two characters or more"
CERTIFICATE = ClientCertificate("client.pem", "client.key")
VECTORS = json.loads(Path(__file__, "../../vectors/oauth2_client_authentication.json").resolve().read_text("utf-8"))


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return generate_signing_key("ES256", kid="k1")


def metadata(*methods: str, **more: Any) -> ServerMetadata:
    listed = {"token_endpoint_auth_methods_supported": methods} if methods else {}
    endpoint = "https://id.example/token"
    values = {"issuer": "https://id.example", "token_endpoint": endpoint, "raw": {"issuer": "…"}, **listed, **more}
    return ServerMetadata(**values)


def form(request: HTTPRequest) -> dict[str, str]:
    assert request.body is not None
    return dict(parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True))


def send(client: Client, server: ServerMetadata, method: str = "POST") -> HTTPRequest:
    return endpoint_request(client, server, "token_endpoint", [("a", "b")], now=1000.5, jti="j1", method=method)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_A11_basic_is_form_encoded(vector: dict[str, str]) -> None:
    client = Client(vector["client_id"], vector["client_secret"], "client_secret_basic")
    authentication = authenticate(client, metadata(), now=0, jti="j")
    assert authentication.headers == {"Authorization": vector["authorization"]}
    assert authentication.parameters == ()


def test_A11_basic_raw_for_servers_that_do_not_decode() -> None:
    client = Client("id:1", "p%+ü", "client_secret_basic", basic_raw=True)
    value = authenticate(client, metadata(), now=0, jti="j").headers["Authorization"]
    assert b64decode(value.removeprefix("Basic ")).decode() == "id:1:p%+ü"


def test_A11_reserved_characters_choose_the_form_where_both_are_offered() -> None:
    both = metadata("client_secret_basic", "client_secret_post")
    assert choose_method(Client("id", "plain"), both) == "client_secret_basic"
    assert choose_method(Client("id", "a:b"), both) == "client_secret_post"
    assert choose_method(Client("i d", "plain"), both) == "client_secret_post"
    assert choose_method(Client("id", "a:b"), metadata("client_secret_basic")) == "client_secret_basic"
    assert choose_method(Client("id", "a:b"), metadata()) == "client_secret_basic"


def test_post_puts_the_pair_into_the_form() -> None:
    request = send(Client("me", "s&=", "client_secret_post"), metadata())
    assert form(request) == {"a": "b", "client_id": "me", "client_secret": "s&="}
    assert "authorization" not in request.headers
    assert request.method == "POST"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"


def test_none_names_the_client() -> None:
    assert form(send(Client("me"), metadata("none"))) == {"a": "b", "client_id": "me"}


def test_endpoints_named_by_hand_get_the_form_as_in_2010() -> None:
    assert choose_method(Client("me", "s"), ServerMetadata(token_endpoint="https://id.example/t")) == (
        "client_secret_post"
    )


def test_get_puts_everything_into_the_query() -> None:
    server = metadata(token_endpoint="https://id.example/t?x=1")
    request = send(Client("me", "zebra", "client_secret_post"), server, "GET")
    assert request.method == "GET"
    assert request.body is None
    assert parse_qs(urlsplit(request.url).query) == {
        "x": ["1"], "a": ["b"], "client_id": ["me"], "client_secret": ["zebra"],
    }  # fmt: skip
    assert "zebra" not in repr(request)


def test_another_method_is_refused() -> None:
    with pytest.raises(ConfigurationError) as caught:
        send(Client("me"), metadata(), "PUT")
    assert caught.value.code == "config_http_method"


def test_N44_private_key_jwt(key: SigningKey) -> None:
    request = send(Client("me", signing_key=key), metadata("private_key_jwt"))
    values = form(request)
    assert values["client_id"] == "me"
    assert values["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    jwt = verify_jwt(values["client_assertion"], KeySet.from_jwks({"keys": [key.public_jwk()]}), ["ES256"])
    assert jwt.claims == {
        "iss": "me", "sub": "me", "aud": "https://id.example", "jti": "j1", "iat": 1000, "exp": 1060,
    }  # fmt: skip
    assert jwt.header["kid"] == "k1"


def test_N44_assertion_lives_five_minutes_at_most_and_names_one_audience(key: SigningKey) -> None:
    for method, client in {
        "private_key_jwt": Client("me", signing_key=key),
        "client_secret_jwt": Client("me", SECRET, "client_secret_jwt"),
    }.items():
        values = dict(authenticate(client, metadata(method), now=5, jti="other").parameters)
        claims = unverified_jwt(values["client_assertion"]).claims
        assert isinstance(claims["aud"], str)
        assert 0 < claims["exp"] - claims["iat"] <= 300
        assert claims["jti"] == "other"


def test_N44_audience_without_a_single_issuer_is_the_token_endpoint(key: SigningKey) -> None:
    for issuer in (None, "https://login.example/{tenantid}/v2.0"):
        values = dict(authenticate(Client("me", signing_key=key), metadata(issuer=issuer), now=5, jti="j").parameters)
        assert unverified_jwt(values["client_assertion"]).claims["aud"] == "https://id.example/token"


def test_audience_can_be_named_for_a_server_that_wants_another(key: SigningKey) -> None:
    client = Client("me", signing_key=key, assertion_audience="https://aud.example")
    values = dict(authenticate(client, metadata(), now=5, jti="j").parameters)
    assert unverified_jwt(values["client_assertion"]).claims["aud"] == "https://aud.example"


def test_client_secret_jwt() -> None:
    client = Client("me", SECRET, "client_secret_jwt", secret_algorithm="HS256")
    jwt = verify_jwt(form(send(client, metadata()))["client_assertion"], KeySet(), ["HS256"], secret=SECRET)
    assert jwt.claims["iss"] == "me"
    assert SECRET not in form(send(client, metadata())).values()


@pytest.mark.parametrize("method", ["tls_client_auth", "self_signed_tls_client_auth"])
def test_mutual_tls_takes_the_alias_and_the_certificate(method: str) -> None:
    server = metadata(method, mtls_endpoint_aliases={"token_endpoint": "https://mtls.id.example/token"})
    request = send(Client("me", certificate=CERTIFICATE), server)
    assert request.url == "https://mtls.id.example/token"
    assert request.client_certificate == CERTIFICATE
    assert form(request) == {"a": "b", "client_id": "me"}


def test_mutual_tls_without_alias_takes_the_endpoint() -> None:
    assert send(Client("me", certificate=CERTIFICATE), metadata()).url == "https://id.example/token"


def test_a_certificate_beside_a_secret_binds_the_token() -> None:
    request = send(Client("me", "s", certificate=CERTIFICATE), metadata())
    assert request.client_certificate == CERTIFICATE
    assert request.headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("client", "code"),
    [
        (Client("me", None, "client_secret_basic"), "config_client_secret_missing"),
        (Client("me", None, "client_secret_post"), "config_client_secret_missing"),
        (Client("me", None, "client_secret_jwt"), "config_client_secret_missing"),
        (Client("me", None, "private_key_jwt"), "config_client_authentication"),
        (Client("me", None, "tls_client_auth"), "config_client_authentication"),
        (Client("me", SECRET, "client_secret_fax"), "config_client_authentication"),
    ],
)
def test_what_a_method_needs_is_named(client: Client, code: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        authenticate(client, metadata(), now=0, jti="j")
    assert caught.value.code == code
    assert SECRET not in "".join(caught.value.__notes__)


def test_N55_metadata_narrows_the_named_method() -> None:
    client = Client("me", "s", "client_secret_post")
    with pytest.raises(ConfigurationError) as caught:
        choose_method(client, metadata("client_secret_basic"))
    assert caught.value.code == "config_client_authentication"
    assert caught.value.expected == "client_secret_basic"
    assert choose_method(client, metadata("client_secret_basic", "client_secret_post")) == "client_secret_post"
    assert choose_method(client, metadata()) == "client_secret_post"


def test_N55_metadata_never_widens(key: SigningKey) -> None:
    """A server cannot talk the client out of its key into sending a secret, or into sending nothing."""
    client = Client("me", SECRET, signing_key=key)
    for listed in (("client_secret_post",), ("none",), ("client_secret_basic", "none")):
        with pytest.raises(ConfigurationError) as caught:
            choose_method(client, metadata(*listed))
        assert caught.value.code == "config_client_authentication"
    with pytest.raises(ConfigurationError):
        choose_method(Client("me", "s"), metadata("none"))


def test_N55_metadata_narrows_the_algorithm(key: SigningKey) -> None:
    server = metadata("private_key_jwt", token_endpoint_auth_signing_alg_values_supported=("RS256", "none"))
    with pytest.raises(ConfigurationError) as caught:
        authenticate(Client("me", signing_key=key), server, now=0, jti="j")
    assert caught.value.code == "config_algorithm"
    with pytest.raises(ConfigurationError) as caught:
        authenticate(Client("me", SECRET, "client_secret_jwt"), metadata(
            token_endpoint_auth_signing_alg_values_supported=("HS512",)), now=0, jti="j")  # fmt: skip
    assert caught.value.code == "config_algorithm"


def test_a_public_client_needs_no_leave() -> None:
    assert choose_method(Client("me"), metadata("client_secret_basic")) == "none"
    assert choose_method(Client("me", None, "none"), metadata("client_secret_basic")) == "none"


@pytest.mark.parametrize("listed", list(METHODS))
def test_the_one_listed_method_is_chosen_when_it_fits(listed: str, key: SigningKey) -> None:
    client = {
        "client_secret_basic": Client("me", SECRET),
        "client_secret_post": Client("me", SECRET),
        "client_secret_jwt": Client("me", SECRET),
        "private_key_jwt": Client("me", signing_key=key),
        "tls_client_auth": Client("me", certificate=CERTIFICATE),
        "self_signed_tls_client_auth": Client("me", certificate=CERTIFICATE),
        "none": Client("me"),
    }[listed]
    assert choose_method(client, metadata(listed)) == listed


def test_the_same_client_id_twice_is_sent_once_and_another_is_refused() -> None:
    client = Client("me", "s", "client_secret_post")
    request = endpoint_request(client, metadata(), "token_endpoint", [("client_id", "me")], now=0, jti="j")
    assert form(request) == {"client_id": "me", "client_secret": "s"}
    with pytest.raises(ConfigurationError) as caught:
        endpoint_request(client, metadata(), "token_endpoint", [("client_id", "you")], now=0, jti="j")
    assert caught.value.code == "config_parameter_reserved"


def test_a_missing_or_insecure_endpoint_is_named() -> None:
    for endpoint, code in ((None, "config_endpoint_missing"), ("http://id.example/t", "config_insecure_url")):
        with pytest.raises(ConfigurationError) as caught:
            send(Client("me"), metadata(token_endpoint=endpoint))
        assert caught.value.code == code
    allowed = metadata(token_endpoint="http://id.example/t", insecure_hosts=frozenset({"id.example"}))
    assert send(Client("me"), allowed).insecure_hosts == {"id.example"}
    assert send(Client("me"), metadata(token_endpoint="http://127.0.0.1:5000/t")).url == "http://127.0.0.1:5000/t"


def test_N13_the_guard_of_a_strangers_issuer_is_on_each_request() -> None:
    assert send(Client("me"), metadata(public_hosts_only=True)).public_hosts_only
    assert not send(Client("me"), metadata()).public_hosts_only


def test_N56_repr_shows_no_secret(key: SigningKey) -> None:
    client = Client("me", SECRET, signing_key=key)
    assert SECRET not in repr(client)
    authentication = ClientAuthentication((("client_secret", SECRET),), {"Authorization": SECRET})
    assert SECRET not in repr(authentication)
