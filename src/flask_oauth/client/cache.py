"""What servers publish about themselves, fetched once and kept: metadata and keys.

A document lives as long as its ``Cache-Control`` says, within [5 minutes,
24 hours].  While the server is down the stale copy serves.  One thread fetches;
the others use the stale copy, or wait if there is none.  An unknown ``kid``
leads to one refetch, then to none for 30 seconds, so that a forged token cannot
make us a load generator.

Sections: OpenID Connect Discovery §4, RFC 8414 §3, RFC 9111 §5.2,
OpenID Connect Core §10.1.1 (key rotation).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from copy import copy as duplicate
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, TypeVar, cast
from urllib.parse import urljoin

from ..errors import MetadataError, OAuthException, TransportError
from ..protocol.http import Headers, HTTPRequest, HTTPResponse, is_secure_url, origin
from ..protocol.jose import KeySet
from ..protocol.oauth2.answers import read_json
from ..protocol.oauth2.metadata import ServerMetadata, metadata_requests, process_metadata_response
from ..transport import Transport

SHORTEST_LIFETIME: Final = 300.0
LONGEST_LIFETIME: Final = 86_400.0
USUAL_LIFETIME: Final = 3_600.0
#: Seconds between two fetches that nobody's lifetime asked for: an unknown key, or a server that is down.
COOL_DOWN: Final = 30.0
#: How many documents are kept; an application may take issuers from strangers, who have any number of them.
MOST_DOCUMENTS: Final = 2048
#: How often a metadata or key document may redirect within its own origin.
MOST_REDIRECTS: Final = 3

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a document of a server may be fetched from.

    :param public_hosts_only: the address came from a third party (the SSRF guard).
    :param insecure_hosts: hosts for which plain http was allowed by name.
    :param discovery_url: the one place where the metadata is, for a server that keeps it elsewhere.
    """

    public_hosts_only: bool = False
    insecure_hosts: frozenset[str] = frozenset()
    discovery_url: str | None = None

    def request(self, request: HTTPRequest) -> HTTPRequest:
        return replace(request, public_hosts_only=self.public_hosts_only, insecure_hosts=self.insecure_hosts)


@dataclass(frozen=True, slots=True)
class Copy(Generic[T]):
    """A document as it was fetched.

    :param fetched_at: seconds since the epoch.
    :param fresh_until: seconds since the epoch; later the copy is stale.
    """

    value: T
    fetched_at: float
    fresh_until: float


class Slot(Generic[T]):
    """One document: its copy, and the lock that lets one thread fetch it."""

    __slots__ = ("copy", "failed_at", "failure", "forced_at", "lock")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.copy: Copy[T] | None = None
        self.failed_at = float("-inf")
        self.forced_at = float("-inf")
        self.failure: OAuthException | None = None

    def read(self, fetch: Callable[[], tuple[T, float]], clock: Callable[[], float], newer_than: float | None) -> T:
        """The document, fetched if need be.

        :param newer_than: a copy fetched at or before that time will not do.
        """
        copy = self.copy
        if copy is not None and self._serves(copy, clock(), newer_than):
            return copy.value
        # With a copy in hand nobody waits for the network: one fetches, the others go on with the stale one.
        if not self.lock.acquire(blocking=copy is None or newer_than is not None):
            return cast("Copy[T]", copy).value
        try:
            copy = self.copy
            if copy is not None and self._serves(copy, clock(), newer_than):
                return copy.value
            if newer_than is not None:
                self.forced_at = clock()
            return self._refetch(fetch, clock)
        finally:
            self.lock.release()

    def _serves(self, copy: Copy[T], now: float, newer_than: float | None) -> bool:
        if newer_than is not None and copy.fetched_at <= newer_than:
            return now - self.forced_at < COOL_DOWN
        return now < copy.fresh_until or now - self.failed_at < COOL_DOWN

    def _refetch(self, fetch: Callable[[], tuple[T, float]], clock: Callable[[], float]) -> T:
        if self.copy is None and self.failure is not None and clock() - self.failed_at < 1.0:
            # A herd that waited for one failed fetch does not repeat it one by one; each gets an exception of its own.
            raise duplicate(self.failure) from self.failure
        try:
            value, lifetime = fetch()
        except OAuthException as error:
            self.failed_at, self.failure = clock(), error
            # A server that is down leaves the stale copy in use. One that answers wrongly does so too: what
            # it says now was refused, what it said before was checked.
            if self.copy is not None:
                return self.copy.value
            raise
        now = clock()
        self.copy, self.failure = Copy(value, now, now + lifetime), None
        return value


class ServerCache:
    """Metadata and keys of every server this process talks to.

    :param transport: sends the requests.
    :param clock: seconds since the epoch.
    """

    def __init__(self, transport: Transport, *, clock: Callable[[], float] = time.time) -> None:
        self._transport = transport
        self._clock = clock
        self._slots: dict[tuple[str, str, Source], Slot[Any]] = {}
        self._lock = threading.Lock()

    def metadata(self, issuer: str, source: Source = Source()) -> ServerMetadata:
        """The metadata of an issuer.

        :raises MetadataError: it speaks for another issuer, or cannot be used.
        :raises TransportError: the server does not answer and no copy is at hand.
        """

        def fetch() -> tuple[ServerMetadata, float]:
            return self._fetch_metadata(issuer, source)

        slot: Slot[ServerMetadata] = self._slot("metadata", issuer, source)
        return slot.read(fetch, self._clock, None)

    def keys(self, jwks_uri: str, source: Source = Source(), *, newer_than: float | None = None) -> KeySet:
        """The keys at a ``jwks_uri``.

        :param newer_than: seconds since the epoch; a copy no newer than that will not do (an unknown ``kid``),
            unless that was said less than :data:`COOL_DOWN` seconds ago.
        """

        def fetch() -> tuple[KeySet, float]:
            response = self._get(
                HTTPRequest("GET", jwks_uri, Headers({"Accept": "application/jwk-set+json, application/json"})), source
            )
            if response.status != 200:
                raise MetadataError(
                    "The server's keys cannot be fetched", code="jwks_invalid", expected=200, got=response.status
                )
            return KeySet.from_jwks(read_json(response, MetadataError)), lifetime_of(response)

        slot: Slot[KeySet] = self._slot("keys", jwks_uri, source)
        return slot.read(fetch, self._clock, newer_than)

    def keys_fetched_at(self, jwks_uri: str, source: Source = Source()) -> float:
        """When the keys were last fetched, in seconds since the epoch."""
        copy = self._slot("keys", jwks_uri, source).copy
        return copy.fetched_at if copy else float("-inf")

    def _slot(self, kind: str, address: str, source: Source) -> Slot[Any]:
        key = (kind, address, source)
        slot = self._slots.get(key)
        if slot is None:
            with self._lock:
                if len(self._slots) >= MOST_DOCUMENTS and key not in self._slots:
                    self._slots.pop(self._least_wanted())
                slot = self._slots.setdefault(key, Slot())
        return slot

    def _least_wanted(self) -> tuple[str, str, Source]:
        """The oldest document of a stranger's issuer, so that none of those crowds out one that the program names."""
        return next((key for key in self._slots if key[2].public_hosts_only), next(iter(self._slots)))

    def _fetch_metadata(self, issuer: str, source: Source) -> tuple[ServerMetadata, float]:
        response = HTTPResponse(0, Headers(), b"")
        requests = metadata_requests(issuer, discovery_url=source.discovery_url, insecure_hosts=source.insecure_hosts)
        for request in requests:
            response = self._get(request, source)
            if response.status == 200:
                metadata = process_metadata_response(
                    response,
                    issuer=issuer,
                    insecure_hosts=source.insecure_hosts,
                    public_hosts_only=source.public_hosts_only,
                )
                return metadata, lifetime_of(response)
        raise MetadataError(
            f"The server metadata of {issuer} cannot be fetched",
            code="metadata_unavailable",
            expected=200,
            got=response.status,
        )

    def _get(self, request: HTTPRequest, source: Source) -> HTTPResponse:
        """Fetch a public document; a redirect is followed within its origin, never to where another could answer."""
        request = source.request(request)
        for _ in range(MOST_REDIRECTS):
            response = self._transport.send(request)
            location = response.headers.get("location")
            if response.status not in (301, 302, 303, 307, 308) or not location:
                return response
            target = urljoin(request.url, location)
            if origin(target) != origin(request.url) or not is_secure_url(target, source.insecure_hosts):
                break
            request = replace(request, url=target)
        raise TransportError(
            "The server redirects its metadata or keys elsewhere",
            code="transport_redirect",
            expected="an answer from the same origin",
        )


def lifetime_of(response: HTTPResponse) -> float:
    """How long a document may be kept, in seconds (RFC 9111 §5.2.2), within our bounds."""
    lifetime = USUAL_LIFETIME
    for directive in response.headers.get("cache-control", "").lower().split(","):
        name, _, value = directive.strip().partition("=")
        if name in ("no-store", "no-cache"):
            lifetime = SHORTEST_LIFETIME
            break
        if name == "max-age" and value.strip('"').isdecimal():  # not isdigit(), which takes "²" too
            lifetime = float(value.strip('"'))
    return min(max(lifetime, SHORTEST_LIFETIME), LONGEST_LIFETIME)
