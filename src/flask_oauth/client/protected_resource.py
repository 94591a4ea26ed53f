"""From an API to the authorization server that it trusts (RFC 9728).

Sections enforced here: RFC 9728 §3.3, §4 (the server lists the resource, where it lists any), §7.7 (what a stranger
names is fetched from public addresses only), RFC 8414 §3.3.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ..errors import MetadataError
from ..protocol.http import LOOPBACK_HOSTS, origin
from ..protocol.oauth2.metadata import ServerMetadata
from ..protocol.oauth2.protected_resource import (
    ProtectedResourceMetadata,
    process_protected_resource_response,
    protected_resource_request,
)
from ..protocol.oauth2.resource import find_challenge
from ..transport import Transport
from .cache import ServerCache, Source


@dataclass(frozen=True, slots=True)
class FoundServer:
    """The authorization server of an API.

    :param issuer: its issuer identifier, confirmed by its own metadata: for ``remote_app(issuer=…)``.
    :param resource: what the API says about itself; ``resource.resource`` is to be sent as ``resource``.
    :param metadata: the server's metadata.
    """

    issuer: str
    resource: ProtectedResourceMetadata
    metadata: ServerMetadata


def find_resource(
    resource: str,
    transport: Transport,
    *,
    headers: Mapping[str, str] | None = None,
    insecure_hosts: Collection[str] = (),
) -> ProtectedResourceMetadata:
    """What an API says about itself.

    :param resource: the API's identifier: the URL that was asked.
    :param headers: the header fields of its 401, whose challenge may say where its metadata is.
    :raises MetadataError: it says nothing, or speaks for another resource.
    """
    challenge = find_challenge(headers, "bearer", "dpop") if headers is not None else None
    request = protected_resource_request(resource, challenge=challenge, insecure_hosts=insecure_hosts)
    return process_protected_resource_response(transport.send(request), resource=resource)


def find_authorization_server(
    resource: ProtectedResourceMetadata,
    cache: ServerCache,
    *,
    trusted: Collection[str] | None = None,
    insecure_hosts: Collection[str] = (),
) -> FoundServer:
    """The authorization server of an API: the first of those it names that may be used.

    :param trusted: the issuers that this application trusts; ``None`` for any that has a public address.
    :raises MetadataError: it names none that is trusted, or that one does not know the API.
    """
    named = [issuer for issuer in resource.authorization_servers if trusted is None or issuer in trusted]
    if not named:
        raise MetadataError(
            "The API names no authorization server that is trusted here",
            code="metadata_issuer",
            expected=None if trusted is None else ", ".join(sorted(trusted)),
            got=", ".join(resource.authorization_servers)[:200] or "none",
        )
    # An address that a stranger names is not looked up in our own network; what runs on this machine names itself.
    stranger = trusted is None and origin(resource.resource)[1] not in LOOPBACK_HOSTS
    source = Source(public_hosts_only=stranger, insecure_hosts=frozenset(insecure_hosts))
    metadata = cache.metadata(named[0], source)
    listed = metadata.protected_resources
    if listed is not None and resource.resource not in listed:
        raise MetadataError(
            "The authorization server does not know the API", code="metadata_issuer", expected=resource.resource
        )
    return FoundServer(named[0], resource, metadata)
