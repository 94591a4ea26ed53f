"""The server of one client: its metadata and keys, with what the application names by hand on top."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Final, TypeVar

from ..errors import ConfigurationError, InvalidResponseError
from ..protocol.jose import KeySet
from ..protocol.oauth2.metadata import ServerMetadata
from .cache import ServerCache
from .settings import OAuth2Settings

T = TypeVar("T")

#: Failures that a change of the server's keys explains; the keys are then fetched once more.
KEY_FAILURES: Final = frozenset({"id_token_key_unknown", "id_token_signature"})
#: The endpoints that an application may name by hand.
ENDPOINTS: Final = (
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
    "revocation_endpoint",
    "introspection_endpoint",
    "end_session_endpoint",
    "registration_endpoint",
    "pushed_authorization_request_endpoint",
    "device_authorization_endpoint",
    "backchannel_authentication_endpoint",
)


class Server:
    """The server that a client speaks to.

    :param settings: the client's settings.
    :param cache: the servers' documents.
    :param clock: seconds since the epoch.
    """

    def __init__(self, settings: OAuth2Settings, cache: ServerCache, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._cache = cache
        self._clock = clock
        self._merged: tuple[ServerMetadata, ServerMetadata] | None = None

    def metadata(self) -> ServerMetadata:
        """What is known about the server: its metadata, with the endpoints named by hand on top."""
        settings = self._settings
        if settings.issuer is None:
            return settings.by_hand
        published, merged = self._cache.metadata(settings.issuer, settings.source), self._merged
        if merged is None or merged[0] is not published:
            merged = self._merged = published, with_overrides(published, settings.by_hand)
        return merged[1]

    def keys(self, *, newer_than: float | None = None) -> KeySet:
        """The server's keys."""
        if self._settings.jwks is not None:
            return self._settings.jwks
        jwks_uri = self.metadata().jwks_uri
        if not jwks_uri:
            raise ConfigurationError("There is no jwks_uri: give jwks_uri= or issuer=", code="config_endpoint_missing")
        return self._cache.keys(jwks_uri, self._settings.source, newer_than=newer_than)

    def keys_of(self, issuer: str) -> KeySet:
        """The keys of another issuer, by its own metadata (a claims provider)."""
        source = replace(self._settings.source, discovery_url=None)
        jwks_uri = self._cache.metadata(issuer, source).jwks_uri
        if not jwks_uri:
            raise ConfigurationError(f"The metadata of {issuer} names no jwks_uri", code="config_endpoint_missing")
        return self._cache.keys(jwks_uri, source)

    def with_current_keys(self, use: Callable[[KeySet], T], algorithms: Collection[str] | None = None) -> T:
        """Do something with the server's keys; where a change of keys explains its failure, fetch them and do it again.

        Core §10.1.1: the signer may change keys at any time; one refetch is enough to follow.

        :param algorithms: the signature algorithms that are taken; by default those of ID Tokens.
        """
        if self._symmetric(algorithms):
            return use(KeySet())
        began = self._clock()
        keys = self.keys()
        try:
            return use(keys)
        except InvalidResponseError as error:
            if error.code not in KEY_FAILURES or self._settings.jwks is not None:
                raise
            newer = self.keys(newer_than=began)
            if newer is keys:
                raise
            return use(newer)

    def _symmetric(self, algorithms: Collection[str] | None) -> bool:
        """Whether nothing but HMAC signatures is taken, made with the client secret; no key of the server counts."""
        if algorithms is None and self._settings.id_token is not None:
            algorithms = self._settings.id_token.algorithms
        return algorithms is not None and all(name.startswith("HS") for name in algorithms)


def with_overrides(server: ServerMetadata, by_hand: ServerMetadata) -> ServerMetadata:
    """The server's metadata with the endpoints that the application names itself."""
    named = {name: value for name in ENDPOINTS if (value := getattr(by_hand, name))}
    return replace(server, **named) if named else server
