"""Protected resource metadata: from an API, or its 401, to the authorization servers it trusts.

Sections enforced here: RFC 9728 §2, §3.1 (well-known URL), §3.2, §3.3 (``resource`` identical), §5.1 (the
``resource_metadata`` of a challenge), §7.7 (requests that a third party causes).
A document names servers; whether the application trusts one of them is not decided here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from ...errors import ConfigurationError, MetadataError
from ..http import Headers, HTTPRequest, HTTPResponse, is_secure_url, origin
from .answers import read_answer, text_member
from .resource import Challenge


@dataclass(frozen=True, slots=True)
class ProtectedResourceMetadata:
    """What an API says about itself.

    :param resource: its identifier, to be sent as ``resource`` (RFC 8707).
    :param authorization_servers: issuers of the servers it trusts.
    :param scopes_supported: scopes for it, ``None`` if they are not listed.
    :param bearer_methods_supported: ``header``, ``body``, ``query``; ``None`` if they are not listed.
    :param dpop_bound_access_tokens_required: it takes DPoP-bound tokens only.
    :param tls_client_certificate_bound_access_tokens: its tokens are bound to a client certificate.
    :param raw: the whole document.
    """

    resource: str
    authorization_servers: tuple[str, ...] = ()
    scopes_supported: tuple[str, ...] | None = None
    bearer_methods_supported: tuple[str, ...] | None = None
    dpop_bound_access_tokens_required: bool = False
    tls_client_certificate_bound_access_tokens: bool = False
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)


def protected_resource_request(
    resource: str,
    *,
    challenge: Challenge | None = None,
    insecure_hosts: Collection[str] = (),
    public_hosts_only: bool = False,
) -> HTTPRequest:
    """The request for an API's metadata.

    :param resource: the API's identifier: an https URL without fragment.
    :param challenge: the challenge of a 401; its ``resource_metadata`` says where the document is (RFC 9728 §5.1).
    :param insecure_hosts: hosts for which plain http is allowed.
    :param public_hosts_only: refuse private addresses; always so where the challenge leads to another host.
    :raises ConfigurationError: the identifier is not such a URL.
    :raises MetadataError: the challenge names no https URL.
    """
    if not is_secure_url(resource, insecure_hosts) or "#" in resource:
        raise ConfigurationError("The resource is not an https URL", code="config_insecure_url", got=resource)
    url = challenge.parameters.get("resource_metadata") if challenge else None
    if url is not None and not is_secure_url(url, insecure_hosts):
        raise MetadataError("The challenge's resource_metadata is not an https URL", code="metadata_invalid", got=url)
    place = url or well_known_url(resource)
    return HTTPRequest(
        "GET",
        place,
        Headers({"Accept": "application/json"}),
        public_hosts_only=public_hosts_only or origin(place) != origin(resource),
        insecure_hosts=frozenset(insecure_hosts),
    )


def well_known_url(resource: str) -> str:
    """Where an API's metadata is (RFC 9728 §3.1): put between host and path, a query stays at the end."""
    parts = urlsplit(resource)
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc}/.well-known/oauth-protected-resource{parts.path.removesuffix('/')}{query}"


def process_protected_resource_response(response: HTTPResponse, *, resource: str) -> ProtectedResourceMetadata:
    """The metadata in an answer.

    :param resource: the identifier that was asked about; the document must name the same one.
    :raises MetadataError: it names another (``metadata_issuer``), or does not hold.
    """
    document = read_answer(response, MetadataError)
    stated = text_member(document, "resource", MetadataError)
    if stated != resource:
        # RFC 9728 §3.3: identical, or the document MUST NOT be used.
        raise MetadataError(
            "The metadata document speaks for another resource", code="metadata_issuer", expected=resource, got=stated
        )
    return ProtectedResourceMetadata(
        resource=stated,
        authorization_servers=_texts(document, "authorization_servers") or (),
        scopes_supported=_texts(document, "scopes_supported"),
        bearer_methods_supported=_texts(document, "bearer_methods_supported"),
        dpop_bound_access_tokens_required=document.get("dpop_bound_access_tokens_required") is True,
        tls_client_certificate_bound_access_tokens=document.get("tls_client_certificate_bound_access_tokens") is True,
        raw=dict(document),
    )


def _texts(document: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    value = document.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise MetadataError(f"The metadata member {name!r} is not a list of texts", code="metadata_invalid")
    return tuple(value)
