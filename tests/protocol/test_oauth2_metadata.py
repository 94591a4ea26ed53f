"""Server metadata: RFC 8414, OpenID Connect Discovery; N11, N12, N13, N14, N55, A08."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flask_oauth.errors import ConfigurationError, InvalidResponseError, MetadataError, ServerError
from flask_oauth.protocol.http import Headers, HTTPRequest, HTTPResponse
from flask_oauth.protocol.oauth2.metadata import (
    ServerMetadata,
    issuer_matches,
    metadata_requests,
    process_metadata_response,
    read_metadata,
)

ISSUER = "https://id.example"
DOCUMENT = {
    "issuer": ISSUER,
    "authorization_endpoint": "https://id.example/authorize",
    "token_endpoint": "https://id.example/token",
    "jwks_uri": "https://keys.example/jwks",
    "response_types_supported": ["code", "code id_token"],
    "code_challenge_methods_supported": ["S256"],
}


def answer(document: Any, status: int = 200, content_type: str = "application/json") -> HTTPResponse:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return HTTPResponse(status, Headers({"Content-Type": content_type}), body, f"{ISSUER}/.well-known/x?secret=1")


def process(document: Any, issuer: str = ISSUER, **more: Any) -> ServerMetadata:
    return process_metadata_response(answer(document), issuer=issuer, **more)


@pytest.mark.parametrize(
    ("issuer", "urls"),
    [
        (
            "https://id.example",
            (
                "https://id.example/.well-known/openid-configuration",
                "https://id.example/.well-known/oauth-authorization-server",
            ),
        ),
        (
            "https://id.example/",
            (
                "https://id.example/.well-known/openid-configuration",
                "https://id.example/.well-known/oauth-authorization-server",
            ),
        ),
        (  # RFC 8414 §3.1: its own example
            "https://example.com/issuer1",
            (
                "https://example.com/issuer1/.well-known/openid-configuration",
                "https://example.com/.well-known/oauth-authorization-server/issuer1",
            ),
        ),
        (
            "http://127.0.0.1:5000/a/b/",
            (
                "http://127.0.0.1:5000/a/b/.well-known/openid-configuration",
                "http://127.0.0.1:5000/.well-known/oauth-authorization-server/a/b",
            ),
        ),
        (
            "https://login.example/{tenantid}/v2.0",
            (
                "https://login.example/common/v2.0/.well-known/openid-configuration",
                "https://login.example/.well-known/oauth-authorization-server/common/v2.0",
            ),
        ),
    ],
)
def test_well_known_urls(issuer: str, urls: tuple[str, ...]) -> None:
    requests = metadata_requests(issuer)
    assert tuple(request.url for request in requests) == urls
    assert {request.method for request in requests} == {"GET"}
    assert requests[0].headers["accept"] == "application/json"


def test_a_document_kept_elsewhere() -> None:
    (request,) = metadata_requests(ISSUER, discovery_url="https://id.example/odd", public_hosts_only=True)
    assert request.url == "https://id.example/odd"
    assert request.public_hosts_only


@pytest.mark.parametrize(
    ("issuer", "code"),
    [
        ("http://id.example", "config_insecure_url"),
        ("id.example", "config_insecure_url"),
        ("https://", "config_insecure_url"),
        ("https://[", "config_insecure_url"),
        ("https://id.example:port", "config_insecure_url"),
        ("ftp://id.example", "config_insecure_url"),
        ("https://id.example/?a=b", "configuration"),
        ("https://id.example/#a", "configuration"),
    ],
)
def test_N12_an_issuer_is_an_https_url(issuer: str, code: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        metadata_requests(issuer)
    assert caught.value.code == code


def test_N12_http_is_allowed_by_name() -> None:
    requests = metadata_requests("http://id.example", insecure_hosts=["id.example"])
    assert requests[0].insecure_hosts == {"id.example"}


def test_A08_unknown_members_stay_in_raw() -> None:
    metadata = process({**DOCUMENT, "x_new": {"a": [1]}})
    assert metadata.raw["x_new"] == {"a": [1]}
    assert metadata.issuer == ISSUER
    assert metadata.response_types_supported == ("code", "code id_token")
    assert metadata.code_challenge_methods_supported == ("S256",)
    assert metadata.jwks_uri == "https://keys.example/jwks"


def test_what_was_not_sent_is_unknown() -> None:
    metadata = process({"issuer": ISSUER, "scopes_supported": []})
    assert metadata.scopes_supported == ()
    assert metadata.token_endpoint_auth_methods_supported is None
    assert metadata.token_endpoint is None
    assert metadata.authorization_response_iss_parameter_supported is False
    assert metadata.mtls_endpoint_aliases == {}


@pytest.mark.parametrize(
    "stated",
    [
        "https://id.example/",
        "https://ID.example",
        "https://id.example:443",
        "https://evil.example",
        "http://id.example",
    ],
)
def test_N11_issuer_differs(stated: str) -> None:
    with pytest.raises(MetadataError) as caught:
        process({**DOCUMENT, "issuer": stated})
    assert caught.value.code == "metadata_issuer"
    assert caught.value.expected == ISSUER
    assert caught.value.got == stated
    assert process(DOCUMENT).issuer == ISSUER


@pytest.mark.parametrize("stated", [None, "", 1, [ISSUER]])
def test_N11_issuer_missing(stated: object) -> None:
    with pytest.raises(MetadataError) as caught:
        process({**DOCUMENT, "issuer": stated})
    assert caught.value.code == "response_member"


TEMPLATE = "https://login.example/{tenantid}/v2.0"


@pytest.mark.parametrize(
    "issuer", [TEMPLATE, "https://login.example/common/v2.0", "https://login.example/organizations/v2.0"]
)
def test_N11_template_issuer(issuer: str) -> None:
    metadata = process({"issuer": TEMPLATE}, issuer)
    assert metadata.issuer == TEMPLATE


@pytest.mark.parametrize(
    ("stated", "issuer"),
    [
        (TEMPLATE, "https://login.example/0d1f/v2.0"),  # a tenant's own document names that tenant
        ("https://evil.example/{tenantid}/v2.0", TEMPLATE),
        ("https://login.example/{tenantid}/v1.0", "https://login.example/common/v2.0"),
        ("https://{tenantid}.example/v2.0", "https://login.example/v2.0"),
        ("https://login.example/other/v2.0", TEMPLATE),
    ],
)
def test_N11_template_of_another_issuer(stated: str, issuer: str) -> None:
    with pytest.raises(MetadataError) as caught:
        process({"issuer": stated}, issuer)
    assert caught.value.code == "metadata_issuer"


def test_issuer_matches() -> None:
    assert issuer_matches(ISSUER, ISSUER)
    assert not issuer_matches(ISSUER, ISSUER + "/")
    assert issuer_matches(TEMPLATE, "https://login.example/0d1f-2a/v2.0")
    for stated in (
        "https://login.example/a/b/v2.0",
        "https://login.example//v2.0",
        "https://login.example/a/v2.0\n",
        "https://loginXexample/a/v2.0",
        "https://login.example/a/v2.0/x",
    ):
        assert not issuer_matches(TEMPLATE, stated)


@pytest.mark.parametrize("member", ["token_endpoint", "jwks_uri", "end_session_endpoint"])
@pytest.mark.parametrize(
    "url",
    [
        "http://id.example/token",
        "http://127.0.0.1/token",  # an https issuer does not lead to a port of this machine
        "https://id.example/token#fragment",
        "javascript:alert(1)",
        "/token",
        "https://[",
        "",
        7,
    ],
)
def test_N12_endpoint_is_not_https(member: str, url: object) -> None:
    with pytest.raises(MetadataError) as caught:
        process({**DOCUMENT, member: url})
    assert caught.value.code == "metadata_invalid"
    assert member in str(caught.value)


def test_N12_loopback_and_named_hosts_are_accepted() -> None:
    local = "http://localhost:5000"
    document = {"issuer": local, "token_endpoint": f"{local}/t", "authorization_endpoint": "http://127.0.0.1:1/a"}
    assert process(document, local).endpoint("token_endpoint") == f"{local}/t"
    named = process({**DOCUMENT, "token_endpoint": "http://old.example/t"}, insecure_hosts=["old.example"])
    assert named.endpoint("token_endpoint") == "http://old.example/t"


def test_N13_the_guard_stays_on_the_result() -> None:
    metadata = process(DOCUMENT, public_hosts_only=True)
    assert metadata.request(HTTPRequest("GET", str(metadata.jwks_uri))).public_hosts_only
    assert not process(DOCUMENT).request(HTTPRequest("GET", "https://a.example")).public_hosts_only


@pytest.mark.parametrize("value", ["code", [1], {"a": 1}, ["code", None]])
def test_N14_lists_are_lists_of_texts(value: object) -> None:
    with pytest.raises(MetadataError) as caught:
        process({**DOCUMENT, "response_types_supported": value})
    assert caught.value.code == "metadata_invalid"


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        (b"<html>", "text/html", "response_content_type"),
        (b"{}", "", "response_content_type"),
        (b"<html>", "application/json", "response_not_json"),
        (b"", "application/json", "response_not_json"),
        (b"[]", "application/json", "response_not_json"),
        (b'{"issuer": NaN}', "application/json", "response_not_json"),
        (b'{"issuer": "a", "issuer": "https://id.example"}', "application/json", "response_duplicate_member"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "application/json", "response_too_deep"),
        (b"[" * 100_000, "application/json", "response_too_deep"),
    ],
)
def test_N14_not_a_json_object(body: bytes, content_type: str, code: str) -> None:
    with pytest.raises(MetadataError) as caught:
        process_metadata_response(answer(body, 200, content_type), issuer=ISSUER)
    assert caught.value.code == code


def test_a_json_type_with_parameters_and_a_byte_order_mark_is_accepted() -> None:
    body = b"\xef\xbb\xbf" + json.dumps(DOCUMENT).encode()
    for content_type in ("application/json; charset=UTF-8", "Application/JSON", "application/jrd+json"):
        assert process_metadata_response(answer(body, 200, content_type), issuer=ISSUER).issuer == ISSUER


def test_a_status_that_is_not_200() -> None:
    for status in (201, 301, 404, 500):
        with pytest.raises(MetadataError) as caught:
            process_metadata_response(answer(DOCUMENT, status), issuer=ISSUER)
        assert caught.value.code == "response_status"
        assert caught.value.got == status
        assert "secret" not in str(caught.value)


def test_an_error_answer() -> None:
    for status in (200, 503):
        with pytest.raises(ServerError) as caught:
            process_metadata_response(answer({**DOCUMENT, "error": "temporarily_unavailable"}, status), issuer=ISSUER)
        assert caught.value.error == "temporarily_unavailable"


def test_aliases_for_mutual_tls() -> None:
    aliases = {"token_endpoint": "https://mtls.id.example/token", "x_other": "http://ignored", "jwks_uri": None}
    metadata = process({**DOCUMENT, "mtls_endpoint_aliases": aliases})
    assert metadata.mtls_endpoint_aliases == {"token_endpoint": "https://mtls.id.example/token"}
    assert metadata.endpoint("token_endpoint", mutual_tls=True) == "https://mtls.id.example/token"
    assert metadata.endpoint("token_endpoint") == "https://id.example/token"
    assert metadata.endpoint("authorization_endpoint", mutual_tls=True) == "https://id.example/authorize"


@pytest.mark.parametrize("aliases", ["x", {"token_endpoint": "http://mtls.id.example"}, {"token_endpoint": 1}])
def test_N12_aliases_are_checked_too(aliases: object) -> None:
    with pytest.raises(MetadataError) as caught:
        process({**DOCUMENT, "mtls_endpoint_aliases": aliases})
    assert caught.value.code == "metadata_invalid"


def test_flags_are_true_only_when_they_are() -> None:
    for value, flag in ((True, True), (False, False), ("true", False), (1, False), (None, False)):
        metadata = read_metadata({"authorization_response_iss_parameter_supported": value})
        assert metadata.authorization_response_iss_parameter_supported is flag


def test_fields_filled_by_hand() -> None:
    metadata = ServerMetadata(token_endpoint="https://id.example/t")
    assert metadata.endpoint("token_endpoint") == "https://id.example/t"
    assert metadata.raw == {}
    assert repr(metadata) == "<ServerMetadata None ['token_endpoint']>"
    with pytest.raises(ConfigurationError) as caught:
        metadata.endpoint("authorization_endpoint")
    assert caught.value.code == "config_endpoint_missing"
    assert "authorization_endpoint" in str(caught.value)


def test_every_failure_is_the_providers_fault() -> None:
    assert issubclass(MetadataError, InvalidResponseError)
