"""Protected resource metadata: RFC 9728."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flask_oauth.errors import ConfigurationError, MetadataError
from flask_oauth.protocol.http import Headers, HTTPResponse
from flask_oauth.protocol.oauth2.protected_resource import (
    ProtectedResourceMetadata,
    process_protected_resource_response,
    protected_resource_request,
)
from flask_oauth.protocol.oauth2.resource import Challenge, find_challenge

API = "https://resource.example.com"
# RFC 9728 §3.2
DOCUMENT = {
    "resource": API,
    "authorization_servers": ["https://as1.example.com", "https://as2.example.net"],
    "bearer_methods_supported": ["header", "body"],
    "scopes_supported": ["profile", "email", "phone"],
    "resource_documentation": "https://resource.example.com/resource_documentation.html",
}


def process(document: Any, resource: str = API, status: int = 200) -> ProtectedResourceMetadata:
    response = HTTPResponse(status, Headers({"Content-Type": "application/json"}), json.dumps(document).encode())
    return process_protected_resource_response(response, resource=resource)


@pytest.mark.parametrize(
    ("resource", "url"),
    [
        (API, f"{API}/.well-known/oauth-protected-resource"),
        (f"{API}/", f"{API}/.well-known/oauth-protected-resource"),
        (f"{API}/resource1", f"{API}/.well-known/oauth-protected-resource/resource1"),
        (f"{API}/r?k=v", f"{API}/.well-known/oauth-protected-resource/r?k=v"),
        ("http://localhost:5000/api", "http://localhost:5000/.well-known/oauth-protected-resource/api"),
    ],
)
def test_where_the_document_is(resource: str, url: str) -> None:
    request = protected_resource_request(resource)
    assert (request.method, request.url) == ("GET", url)
    assert not request.public_hosts_only


def test_where_a_challenge_says_it_is() -> None:
    field = f'Bearer resource_metadata="{API}/meta"'
    challenge = find_challenge(Headers({"WWW-Authenticate": field}), "Bearer")
    request = protected_resource_request(f"{API}/x", challenge=challenge, insecure_hosts=["h"])
    assert request.url == f"{API}/meta"
    assert not request.public_hosts_only
    assert request.insecure_hosts == {"h"}
    assert protected_resource_request(API, challenge=Challenge("bearer")).url.startswith(f"{API}/.well-known/")


def test_N13_a_challenge_that_leads_elsewhere_is_kept_off_private_addresses() -> None:
    challenge = Challenge("bearer", {"resource_metadata": "https://other.example/meta"})
    assert protected_resource_request(API, challenge=challenge).public_hosts_only
    assert protected_resource_request(API, public_hosts_only=True).public_hosts_only


@pytest.mark.parametrize("url", ["http://resource.example.com/meta", "file:///etc/passwd", "", "https://["])
def test_N12_a_challenge_names_an_https_url(url: str) -> None:
    with pytest.raises(MetadataError) as caught:
        protected_resource_request(API, challenge=Challenge("bearer", {"resource_metadata": url}))
    assert caught.value.code == "metadata_invalid"


@pytest.mark.parametrize("resource", ["http://resource.example.com", "resource", f"{API}#x"])
def test_N12_a_resource_is_an_https_url(resource: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        protected_resource_request(resource)
    assert caught.value.code == "config_insecure_url"


def test_the_document() -> None:
    metadata = process({**DOCUMENT, "dpop_bound_access_tokens_required": True})
    assert metadata.authorization_servers == ("https://as1.example.com", "https://as2.example.net")
    assert metadata.scopes_supported == ("profile", "email", "phone")
    assert metadata.bearer_methods_supported == ("header", "body")
    assert metadata.dpop_bound_access_tokens_required
    assert not metadata.tls_client_certificate_bound_access_tokens
    assert metadata.raw["resource_documentation"].endswith(".html")
    bare = process({"resource": API})
    assert bare.authorization_servers == ()
    assert bare.scopes_supported is None


@pytest.mark.parametrize("stated", [f"{API}/", "https://evil.example", "HTTPS://resource.example.com"])
def test_a_document_of_another_resource(stated: str) -> None:
    with pytest.raises(MetadataError) as caught:
        process({**DOCUMENT, "resource": stated})
    assert caught.value.code == "metadata_issuer"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"resource": None}, "response_member"),
        ({"authorization_servers": "https://as1.example.com"}, "metadata_invalid"),
        ({"scopes_supported": [1]}, "metadata_invalid"),
    ],
)
def test_N14_documents_that_do_not_hold(changed: dict[str, Any], code: str) -> None:
    with pytest.raises(MetadataError) as caught:
        process({**DOCUMENT, **changed})
    assert caught.value.code == code


def test_another_status() -> None:
    with pytest.raises(MetadataError) as caught:
        process(DOCUMENT, status=404)
    assert caught.value.code == "response_status"
