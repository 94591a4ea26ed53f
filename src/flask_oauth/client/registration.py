"""Finding a person's issuer, and making this application known there: WebFinger and dynamic registration.

Everything found this way is confirmed by the issuer's own metadata (OpenID
Connect Discovery §4.3) before anything is sent to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..protocol.oauth2.metadata import ServerMetadata
from ..protocol.oauth2.registration import (
    Registration,
    client_delete_request,
    client_read_request,
    client_update_request,
    process_client_delete_response,
    process_registration_response,
    registration_request,
)
from ..protocol.openid.webfinger import process_webfinger_response, webfinger_request
from ..transport import Transport
from .cache import ServerCache, Source


def find_issuer(identifier: str, transport: Transport, cache: ServerCache) -> str:
    """The issuer that knows a person.

    :param identifier: what they typed: an e-mail address or a URL.
    :returns: the issuer, confirmed by its own metadata.
    :raises MetadataError: it is no identifier, its host names no issuer, or the issuer's metadata names another.
    :raises TransportError: a server does not answer, or is at a private address.
    """
    issuer = process_webfinger_response(transport.send(webfinger_request(identifier)))
    cache.metadata(issuer, Source(public_hosts_only=True))
    return issuer


class RegistrationClient:
    """Registers this application at one server (RFC 7591), and manages that registration (RFC 7592).

    :param issuer: the server.
    :param transport: sends requests.
    :param cache: the servers' metadata.
    :param source: under which rules the server is spoken to.
    """

    def __init__(self, issuer: str, transport: Transport, cache: ServerCache, source: Source = Source()) -> None:  # noqa: B008 - frozen
        self.issuer = issuer
        self._transport = transport
        self._cache = cache
        self._source = source

    def register(self, client_metadata: Mapping[str, Any], *, initial_access_token: str | None = None) -> Registration:
        """Register.

        :param client_metadata: ``redirect_uris``, ``client_name``, ``jwks_uri``, … (RFC 7591 §2).
        :param initial_access_token: what the server's operator gave for it, if that is needed.
        :returns: the client id and what else was given; keep it, the secrets in it cannot be asked for again.
        :raises ServerError: the server refused.
        :raises InvalidResponseError: the answer does not hold.
        """
        metadata = self._metadata()
        request = registration_request(metadata, client_metadata, initial_access_token=initial_access_token)
        return process_registration_response(self._transport.send(request), metadata)

    def read(self, registration: Registration) -> Registration:
        """The registration as it is now."""
        metadata = self._metadata()
        response = self._transport.send(client_read_request(metadata, registration))
        return process_registration_response(response, metadata, previous=registration)

    def update(self, registration: Registration, client_metadata: Mapping[str, Any]) -> Registration:
        """Replace what is registered; what is left out is deleted."""
        metadata = self._metadata()
        response = self._transport.send(client_update_request(metadata, registration, client_metadata))
        return process_registration_response(response, metadata, previous=registration)

    def delete(self, registration: Registration) -> None:
        """End the registration."""
        process_client_delete_response(self._transport.send(client_delete_request(self._metadata(), registration)))

    def _metadata(self) -> ServerMetadata:
        return self._cache.metadata(self.issuer, self._source)
