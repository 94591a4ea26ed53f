"""Request objects (JAR): an authorization request that is signed, and encrypted if wanted.

Sections enforced here: RFC 9101 §4 (claims; no ``request`` or ``request_uri`` within), §5 (by value or by
reference), §6.1 (signed, then encrypted), §10.2; OpenID Connect Core §6.1; RFC 8725 §3.11 (``typ``);
FAPI 2.0 Message Signing §5.3.2 (``aud``, ``nbf``, ``exp`` within an hour).
"""

from __future__ import annotations

import json
from typing import Any, Final

from ...errors import ConfigurationError
from ..http import add_query, is_secure_url
from ..jose import KeySet, SigningKey, encrypt_jwt, sign_jwt
from .authorization import AuthorizationRequest
from .client_authentication import Client
from .metadata import ServerMetadata

#: The ``typ`` of a request object (RFC 9101 §10.8).
REQUEST_OBJECT_TYPE: Final = "oauth-authz-req+jwt"
#: How long one lives, in seconds.
REQUEST_OBJECT_SECONDS: Final = 300
#: Parameters whose text is JSON and which are JSON within the object.
_JSON_PARAMETERS: Final = frozenset({"claims", "authorization_details"})
_NUMBERS: Final = frozenset({"max_age"})


def request_object(
    metadata: ServerMetadata,
    client: Client,
    request: AuthorizationRequest,
    *,
    now: float,
    jti: str,
    key: SigningKey | None = None,
) -> str:
    """A signed request object.

    :param request: the plain request.
    :param now: the time, in seconds since the epoch.
    :param jti: a new unpredictable identifier.
    :param key: the key to sign with; by default the client's.
    :raises ConfigurationError: there is no key, no issuer to address, or the server
        does not take the key's algorithm (``config_algorithm``).
    """
    key = key or client.signing_key
    if key is None:
        raise ConfigurationError("A request object needs signing_key=", code="config_client_authentication")
    _check_algorithm(key, metadata)
    claims = {
        **request_claims(request),
        "iss": client.client_id,
        "aud": metadata.issuer or metadata.endpoint("authorization_endpoint"),
        "jti": jti,
        "iat": int(now),
        "nbf": int(now),
        "exp": int(now) + REQUEST_OBJECT_SECONDS,
    }
    return sign_jwt(claims, key, typ=REQUEST_OBJECT_TYPE)


def _check_algorithm(key: SigningKey, metadata: ServerMetadata) -> None:
    listed = metadata.request_object_signing_alg_values_supported
    if listed is not None and key.algorithm not in listed:
        raise ConfigurationError(
            f"The server does not take request objects signed with {key.algorithm}",
            code="config_algorithm",
            expected=", ".join(listed),
            got=key.algorithm,
        )


def request_claims(request: AuthorizationRequest) -> dict[str, Any]:
    """The parameters of a request as claims: numbers, JSON and repeated values as what they are (RFC 9101 §4)."""
    claims: dict[str, Any] = {}
    for name, text in request.parameters:
        if name in ("request", "request_uri"):
            continue  # RFC 9101 §4: MUST NOT be included in request objects
        value = _claim(name, text)
        if name in claims:
            before = claims[name]
            value = [*before, value] if isinstance(before, list) else [before, value]
        claims[name] = value
    return claims


def _claim(name: str, text: str) -> Any:
    if name in _JSON_PARAMETERS:
        return json.loads(text)
    return int(text) if name in _NUMBERS and text.isdecimal() else text


def encrypted_request_object(token: str, server_keys: KeySet, *, algorithm: str, encoding: str) -> str:
    """A signed request object, encrypted for the server (RFC 9101 §6.1).

    :param token: what :func:`request_object` made.
    :param server_keys: the server's public keys.
    :param algorithm: the key management algorithm (``request_object_encryption_alg``).
    :param encoding: the content encryption algorithm (``request_object_encryption_enc``).
    :raises MetadataError: the server publishes no key that fits.
    """
    return encrypt_jwt(token, server_keys, algorithm, encoding)


def signed_authorization_request(
    metadata: ServerMetadata, client: Client, request: AuthorizationRequest, token: str
) -> AuthorizationRequest:
    """The request with its request object by value (RFC 9101 §5), for the browser or to be pushed."""
    return _carrying(metadata, client, request, "request", token)


def referenced_authorization_request(
    metadata: ServerMetadata, client: Client, request: AuthorizationRequest, request_uri: str
) -> AuthorizationRequest:
    """The request with its request object by reference (RFC 9101 §5.2).

    :param request_uri: where the server fetches the object from us: an https URL that cannot be guessed.
    :raises ConfigurationError: it is not https (RFC 9101 §5.2.1).
    """
    if not is_secure_url(request_uri, metadata.insecure_hosts):
        raise ConfigurationError("The request_uri is not an https URL", code="config_insecure_url")
    return _carrying(metadata, client, request, "request_uri", request_uri)


def _carrying(
    metadata: ServerMetadata, client: Client, request: AuthorizationRequest, name: str, value: str
) -> AuthorizationRequest:
    pairs = [("client_id", client.client_id), (name, value)]
    scope = request.value("scope") or ""
    if "openid" in scope.split():
        # OpenID Connect Core §6.1: still there in the plain request; RFC 9101 §5: and without effect.
        pairs[1:1] = [("response_type", request.value("response_type") or "code"), ("scope", scope)]
    return AuthorizationRequest(add_query(metadata.endpoint("authorization_endpoint"), pairs), tuple(pairs))
