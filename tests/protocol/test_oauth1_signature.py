"""OAuth 1.0a signatures: the examples of their specifications, and oauthlib's on random requests."""

from __future__ import annotations

import base64
import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode

import oauthlib.oauth1
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flask_oauth.errors import ConfigurationError
from flask_oauth.protocol.http import FORM_CONTENT_TYPE, Headers, HTTPRequest
from flask_oauth.protocol.oauth1 import SIGNATURE_METHODS, ClientCredentials, sign_request
from flask_oauth.protocol.oauth1.signature import (
    authorization_header,
    base_string_uri,
    make_signature,
    percent_encode,
    request_parameters,
    signature_base_string,
    signed_parameters,
)
from flask_oauth.protocol.token import Token

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "oauth1_signatures.json").read_text(encoding="utf-8"))
CLIENT = ClientCredentials("ck", "cs")
TOKEN = Token("tk", "ts", "OAuth1")
TIMESTAMP = 1700000000
NONCE = "n0nce"


def sign(request: HTTPRequest, client: ClientCredentials, token: Token | None, **options: Any) -> HTTPRequest:
    return sign_request(request, client, token, timestamp=TIMESTAMP, nonce=NONCE, **options)


@lru_cache(maxsize=8)
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def client_for(method: str) -> ClientCredentials:
    return ClientCredentials("ck", "c&s é", method, rsa_key=pem(rsa_key()) if method.startswith("RSA") else None)


def header_parameters(value: str) -> dict[str, str]:
    assert value.startswith("OAuth ")
    return {name: unquote(text) for name, text in re.findall(r'(\w+)="([^"]*)"', value)}


def encoded(protocol: dict[str, str]) -> list[tuple[str, str]]:
    return [(percent_encode(name), percent_encode(value)) for name, value in protocol.items()]


def form_post(
    body: bytes | None, content_type: str = FORM_CONTENT_TYPE, url: str = "https://a.example/x"
) -> HTTPRequest:
    return HTTPRequest("POST", url, Headers({"Content-Type": content_type}), body)


# -- the examples of the specifications ------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", VECTORS["signatures"], ids=lambda vector: vector["name"])
def test_signature_vector(vector: dict[str, Any]) -> None:
    protocol: dict[str, str] = vector["protocol"]
    headers = Headers({"Content-Type": FORM_CONTENT_TYPE}) if "body" in vector else Headers()
    request = HTTPRequest(vector["method"], vector["url"], headers, vector.get("body", "").encode() or None)
    client = ClientCredentials(
        protocol["oauth_consumer_key"], vector["client_secret"], protocol["oauth_signature_method"]
    )
    signed = signed_parameters(request, client, vector["token_secret"], protocol)
    assert unquote(dict(signed)["oauth_signature"]) == vector["signature"]
    if "base_string" in vector:
        pairs = request_parameters(request) + encoded(protocol)
        assert signature_base_string(request.method, request.url, pairs) == vector["base_string"]
    if "authorization" in vector:
        assert authorization_header(signed, vector["realm"]) == vector["authorization"]


@pytest.mark.parametrize("vector", VECTORS["rsa"], ids=lambda vector: vector["name"])
def test_rsa_vector(vector: dict[str, Any]) -> None:
    request = HTTPRequest(vector["method"], vector["url"])
    pairs = request_parameters(request) + encoded(vector["protocol"])
    base_string = signature_base_string(request.method, request.url, pairs)
    assert base_string == vector["base_string"]
    public_key = serialization.load_pem_public_key(vector["public_key"].encode())
    assert isinstance(public_key, rsa.RSAPublicKey)
    public_key.verify(base64.b64decode(vector["signature"]), base_string.encode(), padding.PKCS1v15(), hashes.SHA1())


@pytest.mark.parametrize("vector", VECTORS["body_hash"], ids=lambda vector: vector["source"])
def test_body_hash_vector(vector: dict[str, Any]) -> None:
    headers = Headers({"Content-Type": vector["content_type"]} if vector["content_type"] else {})
    request = HTTPRequest(vector["method"], vector["url"], headers, vector["body"].encode() or None)
    signed = sign_request(
        request,
        ClientCredentials(vector["consumer_key"]),
        Token(vector["token"]),
        timestamp=int(vector["timestamp"]),
        nonce=vector["nonce"],
        body_hash=True,
    )
    sent = header_parameters(signed.headers["authorization"])
    assert sent["oauth_body_hash"] == vector["oauth_body_hash"]
    signature = sent.pop("oauth_signature")
    assert signature_base_string(request.method, request.url, encoded(sent)) == vector["base_string"]
    assert signature == make_signature(ClientCredentials(vector["consumer_key"]), "", vector["base_string"])
    assert signed.body == request.body


@pytest.mark.parametrize("vector", VECTORS["base_string_uri"], ids=lambda vector: vector["url"])
def test_base_string_uri_vector(vector: dict[str, Any]) -> None:
    assert base_string_uri(vector["url"]) == vector["expected"]


@pytest.mark.parametrize("vector", VECTORS["percent_encode"], ids=lambda vector: ascii(vector["text"]))
def test_percent_encode_vector(vector: dict[str, Any]) -> None:
    assert percent_encode(vector["text"]) == vector["expected"]


@pytest.mark.parametrize("vector", VECTORS["normalized"], ids=lambda vector: ascii(vector["query"]))
def test_A13_parameters_are_normalized(vector: dict[str, Any]) -> None:
    in_query = HTTPRequest("GET", f"https://a.example/?{vector['query']}#fragment?x=1")
    in_body = form_post(vector["query"].encode(), "Application/X-WWW-Form-URLencoded; charset=utf-8")
    for request in (in_query, in_body):
        pairs = sorted(request_parameters(request))
        assert "&".join(f"{name}={value}" for name, value in pairs) == vector["expected"]


# -- oauthlib on random requests -------------------------------------------------------------------------------------

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = text.filter(lambda name: not name.startswith("oauth_") and name not in ("realm",))
form = st.lists(st.tuples(names, text), max_size=5)
printable = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
# oauthlib loses a ";" at the end of a path, since urllib's urlparse() knows no empty parameters there.
paths = (
    st.lists(st.text("abcXYZ019-._~!$&'()*+,;=:@", max_size=6), max_size=3)
    .map("/".join)
    .filter(lambda path: not path.endswith(";"))
)


def oauthlib_parameters(
    client: ClientCredentials, token: Token | None, request: HTTPRequest, realm: str | None
) -> dict[str, str]:
    signer = oauthlib.oauth1.Client(
        client.identifier,
        client.secret,
        token.access_token if token else None,
        token.token_secret if token else None,
        signature_method=client.signature_method,
        rsa_key=client.rsa_key,
        timestamp=str(TIMESTAMP),
        nonce=NONCE,
        realm=realm,
    )
    body = None if request.body is None else request.body.decode()
    _, headers, _ = signer.sign(request.url, request.method, body, dict(request.headers.items_as_sent()))
    return header_parameters(headers["Authorization"])


@pytest.mark.parametrize("method", SIGNATURE_METHODS)
@settings(max_examples=40, deadline=None)
@given(
    verb=st.sampled_from(["GET", "POST", "PUT", "delete", "PATCH"]),
    host=st.sampled_from(["a.example", "A.Example:443", "a.example:80", "127.0.0.1:5000"]),
    path=paths,
    query=form,
    body=st.none() | form,
    key=printable,
    secret=text,
    token=st.none() | st.tuples(printable, text),
    realm=st.none() | st.sampled_from(["", "Photos", "http://a.example/"]),
)
@example("POST", "a.example", "x", [("a", "")], [("a", "b"), ("a", "b"), ("é", " +&=%")], "k", "", ("t", ""), None)
def test_same_signature_as_oauthlib(
    method: str,
    verb: str,
    host: str,
    path: str,
    query: list[tuple[str, str]],
    body: list[tuple[str, str]] | None,
    key: str,
    secret: str,
    token: tuple[str, str] | None,
    realm: str | None,
) -> None:
    url = f"https://{host}/{path}" + (f"?{urlencode(query)}" if query else "")
    if body is None or verb == "GET":
        request = HTTPRequest(verb, url)
    else:
        request = HTTPRequest(verb, url, Headers({"Content-Type": FORM_CONTENT_TYPE}), urlencode(body).encode())
    private_key = pem(rsa_key()) if method.startswith("RSA") else None
    client = ClientCredentials(key, secret, method, private_key, realm)
    credentials = Token(*token) if token else None
    signed = sign(request, client, credentials)
    assert header_parameters(signed.headers["authorization"]) == oauthlib_parameters(
        client, credentials, request, realm or None
    ) | ({"realm": ""} if realm == "" else {})
    assert (signed.url, signed.body, signed.method) == (request.url, request.body, request.method)


@settings(max_examples=40, deadline=None)
@given(octets=st.binary(max_size=30))
def test_any_octets_can_be_signed(octets: bytes) -> None:
    """A body that says it is a form and is not one: every octet arrives in the base string."""
    found = request_parameters(form_post(b"a=" + percent_encode(octets.decode("latin-1")).encode()))
    assert found == [("a", percent_encode(octets.decode("latin-1")))]
    raw = request_parameters(form_post(b"a=" + octets.replace(b"&", b"")))
    assert raw[0][0] == "a"
    assert raw[0][1].isascii()


# -- where the parameters travel -------------------------------------------------------------------------------------

PROTOCOL_NAMES = {
    "oauth_consumer_key",
    "oauth_nonce",
    "oauth_signature_method",
    "oauth_timestamp",
    "oauth_version",
    "oauth_token",
    "oauth_signature",
}


def signature_in_header(request: HTTPRequest) -> str:
    return header_parameters(sign(request, CLIENT, TOKEN).headers["authorization"])["oauth_signature"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/x", "https://a.example/x?oauth_consumer_key=ck&"),
        ("https://a.example/x?", "https://a.example/x?oauth_consumer_key=ck&"),
        ("https://a.example/x?a=1&", "https://a.example/x?a=1&oauth_consumer_key=ck&"),
        ("https://a.example/x?a=1#top", "https://a.example/x?a=1&oauth_consumer_key=ck&"),
    ],
)
def test_A13_query_placement(url: str, expected: str) -> None:
    request = HTTPRequest("GET", url)
    signed = sign(request, ClientCredentials("ck", "cs", realm="R"), TOKEN, placement="query")
    assert signed.url.startswith(expected)
    assert signed.url.endswith("#top") is url.endswith("#top")
    assert "authorization" not in signed.headers
    sent = dict(request_parameters(signed))
    assert unquote(sent["oauth_signature"]) == signature_in_header(request)
    assert sent.keys() - {"a"} == PROTOCOL_NAMES  # no realm: it belongs to the header


@pytest.mark.parametrize("body", [b"a=1&a=", b"", None])
def test_body_placement(body: bytes | None) -> None:
    request = form_post(body)
    signed = sign(request, CLIENT, TOKEN, placement="body")
    assert signed.url == request.url
    assert "authorization" not in signed.headers
    assert signed.headers.items_as_sent() == request.headers.items_as_sent()
    assert signed.body is not None
    assert signed.body.startswith(b"a=1&a=&oauth_consumer_key=ck" if body else b"oauth_consumer_key=ck")
    sent = dict(request_parameters(signed))
    assert unquote(sent["oauth_signature"]) == signature_in_header(request)
    assert sent.keys() - {"a"} == PROTOCOL_NAMES


def test_body_placement_makes_a_form_of_no_body() -> None:
    request = HTTPRequest("POST", "https://a.example/x", Headers({"X-A": "1", "content-type": "text/plain"}))
    signed = sign(request, CLIENT, TOKEN, placement="body")
    assert signed.headers.items_as_sent() == (("X-A", "1"), ("Content-Type", FORM_CONTENT_TYPE))
    assert dict(request_parameters(signed)).keys() == PROTOCOL_NAMES


@pytest.mark.parametrize(
    "request_",
    [HTTPRequest("GET", "https://a.example/x"), form_post(b"{}", "application/json"), form_post(b"", "text/plain")],
)
def test_body_placement_without_a_form_uses_the_header(request_: HTTPRequest) -> None:
    signed = sign(request_, CLIENT, TOKEN, placement="body")
    assert (signed.url, signed.body) == (request_.url, request_.body)
    assert signed.headers["authorization"].startswith("OAuth oauth_consumer_key=")


@pytest.mark.parametrize("placement", ["header", "body", "query"])
def test_an_authorization_header_of_the_callers_is_kept(placement: str) -> None:
    request = form_post(b"a=1").with_headers({"authorization": "OAuth TOKEN"})
    assert sign(request, CLIENT, TOKEN, placement=placement) is request


def test_A13_realm_is_sent_and_not_signed() -> None:
    request = HTTPRequest("GET", "https://a.example/x")
    signed = sign(request, ClientCredentials("ck", "cs", realm="My Photos"), TOKEN)
    assert signed.headers["authorization"].startswith('OAuth realm="My Photos", oauth_consumer_key=')
    assert header_parameters(signed.headers["authorization"])["oauth_signature"] == signature_in_header(request)


def test_A13_empty_token_secret_and_no_token() -> None:
    request = HTTPRequest("GET", "https://a.example/x")
    with_empty = sign(request, CLIENT, Token("tk"))
    two_legged = sign(request, CLIENT, None)
    assert header_parameters(with_empty.headers["authorization"])["oauth_token"] == "tk"
    assert "oauth_token" not in header_parameters(two_legged.headers["authorization"])
    assert header_parameters(two_legged.headers["authorization"]) == oauthlib_parameters(CLIENT, None, request, None)


def test_further_parameters_are_signed_and_win() -> None:
    request = HTTPRequest("POST", "https://a.example/x")
    signed = sign(
        request,
        CLIENT,
        None,
        parameters={"oauth_callback": "https://b.example/é", "oauth_nonce": "mine"},
    )
    sent = header_parameters(signed.headers["authorization"])
    assert sent["oauth_callback"] == "https://b.example/é"
    assert sent["oauth_nonce"] == "mine"
    base_string = signature_base_string(
        "POST", request.url, encoded({k: v for k, v in sent.items() if k != "oauth_signature"})
    )
    assert sent["oauth_signature"] == make_signature(CLIENT, "", base_string)


@pytest.mark.parametrize("name", ["oauth_token", "oauth_signature", "oauth_consumer_key"])
def test_protocol_parameters_are_sent_once(name: str) -> None:
    for request in (HTTPRequest("GET", f"https://a.example/?a=1&{name}=x"), form_post(f"{name}=x".encode())):
        with pytest.raises(ConfigurationError) as caught:
            sign(request, CLIENT, TOKEN)
        assert caught.value.code == "config_parameter_reserved"
        assert name in str(caught.value)


def test_another_oauth_parameter_in_the_query_is_signed_like_any_other() -> None:
    request = HTTPRequest("GET", "https://a.example/?oauth_verifier=v")
    assert signature_in_header(request) == oauthlib_parameters(CLIENT, TOKEN, request, None)["oauth_signature"]


# -- the body hash ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("HMAC-SHA1", "Lve95gjOVATpfV8EL5X4nxwjKHE="),
        ("RSA-SHA1", "Lve95gjOVATpfV8EL5X4nxwjKHE="),
        ("HMAC-SHA256", "f4OxZX/x/FO5LcGBSKHWXfwtSx+j1ncoSt3SABJtkGk="),
        ("RSA-SHA256", "f4OxZX/x/FO5LcGBSKHWXfwtSx+j1ncoSt3SABJtkGk="),
        (
            "HMAC-SHA512",
            "hhhE1nBOhXP+w02WfiC8/vPUJM9IvgTm3AjyvVjHKXQzcQFerYkcw88cnTS0kmS1EHUbH/nlN5N7xGtdb/TsyA==",
        ),
        ("PLAINTEXT", None),
    ],
)
def test_body_hash_by_method(method: str, expected: str | None) -> None:
    request = form_post(b"Hello World!", "text/plain")
    signed = sign(request, client_for(method), TOKEN, body_hash=True)
    assert header_parameters(signed.headers["authorization"]).get("oauth_body_hash") == expected


def test_body_hash_is_not_sent_beside_a_form_or_unasked() -> None:
    asked = sign(form_post(b"a=1"), CLIENT, TOKEN, body_hash=True)
    unasked = sign(form_post(b"{}", "application/json"), CLIENT, TOKEN)
    for signed in (asked, unasked):
        assert "oauth_body_hash" not in signed.headers["authorization"]


# -- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["http://a.example/x", "HTTP://a.example/x", "http://127.0.0.1:5000/x"])
@pytest.mark.parametrize("placement", ["header", "body", "query"])
def test_N51_plaintext_over_http_is_refused(url: str, placement: str) -> None:
    client = ClientCredentials("ck", "very-secret", "PLAINTEXT")
    with pytest.raises(ConfigurationError) as caught:
        sign(form_post(b"a=1", url=url), client, TOKEN, placement=placement)
    assert caught.value.code == "oauth1_plaintext_insecure"
    assert "very-secret" not in repr(caught.value) + "".join(caught.value.__notes__)


def test_plaintext_over_https_is_accepted() -> None:
    signed = sign(form_post(b"a=1", url="HTTPS://a.example/x"), ClientCredentials("ck", "c&s", "PLAINTEXT"), TOKEN)
    assert header_parameters(signed.headers["authorization"])["oauth_signature"] == "c%26s&ts"


@pytest.mark.parametrize(
    "url", ["/x", "a.example/x", "https:///x", "http://[::1/x", "https://evil.example\\@a.example/"]
)
def test_a_url_that_is_not_absolute_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="URL to sign"):
        sign(HTTPRequest("GET", url), CLIENT, TOKEN)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"identifier": ""}, "config_client_id_missing"),
        ({"identifier": "ck", "signature_method": "HMAC-MD5"}, "oauth1_signature_method"),
        ({"identifier": "ck", "signature_method": "RSA-SHA1"}, "oauth1_signature_method"),
        ({"identifier": "ck", "realm": 'a"b'}, "configuration"),
        ({"identifier": "ck", "realm": "a\r\nX: y"}, "configuration"),
        ({"identifier": "ck", "realm": "é"}, "configuration"),
    ],
)
def test_client_credentials_that_cannot_work_are_refused(arguments: dict[str, str], code: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        ClientCredentials(**arguments)
    assert caught.value.code == code


def bad_keys() -> dict[str, str]:
    encrypted = rsa_key().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"passphrase"),
    )
    public = (
        rsa_key().public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return {
        "no PEM": "rubbish-that-may-be-a-secret",
        "encrypted": encrypted.decode(),
        "public": public.decode(),
        "elliptic": pem(ec.generate_private_key(ec.SECP256R1())),
        "too small": pem(rsa_key(1024)),
    }


@pytest.mark.parametrize("kind", ["no PEM", "encrypted", "public", "elliptic", "too small"])
def test_rsa_keys_that_cannot_be_used_are_refused(kind: str) -> None:
    key = bad_keys()[kind]
    client = ClientCredentials("ck", signature_method="RSA-SHA256", rsa_key=key)
    with pytest.raises(ConfigurationError) as caught:
        sign(HTTPRequest("GET", "https://a.example/"), client, None)
    assert caught.value.code == "config_key_invalid"
    assert caught.value.__cause__ is None
    assert "rubbish" not in "".join(caught.value.__notes__) + str(caught.value)


def test_N56_no_secret_in_a_repr() -> None:
    client = ClientCredentials("ck", "client-secret", "RSA-SHA1", rsa_key="private-key", realm="R")
    assert repr(client) == "ClientCredentials(identifier='ck', signature_method='RSA-SHA1', realm='R')"
    signed = sign(form_post(b"a=1", url="https://a.example/x?b=2"), CLIENT, TOKEN, placement="query")
    assert repr(signed) == "<HTTPRequest POST https://a.example/x>"
    assert "oauth_signature" not in repr(signed.headers)
