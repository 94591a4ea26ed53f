"""JWT bearer grant: a signed statement of who is meant, for a token.

Sections enforced here: RFC 7521 §4.1, RFC 7523 §2.1, §3 (iss, sub, aud, exp; short-lived, for one audience).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..http import HTTPRequest
from ..jose import SigningKey, sign_jwt
from .client_authentication import Client, endpoint_request
from .metadata import ServerMetadata
from .parameters import joined

GRANT_TYPE: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
#: How long an assertion lives, in seconds.
ASSERTION_SECONDS: Final = 300


def jwt_bearer_assertion(
    key: SigningKey,
    *,
    issuer: str,
    subject: str,
    audience: str,
    now: float,
    jti: str,
    lifetime: int = ASSERTION_SECONDS,
    claims: Mapping[str, Any] | None = None,
) -> str:
    """A signed assertion (RFC 7523 §3).

    :param key: the key that the server knows the issuer by.
    :param issuer: who says it: a service account, or the client's id.
    :param subject: who is meant.
    :param audience: the authorization server: its issuer, or its token endpoint where it wants that.
    :param now: the time, in seconds since the epoch.
    :param jti: a new unpredictable identifier.
    :param lifetime: how long it is good, in seconds.
    :param claims: further claims, ``scope`` for example where a server wants it there.
    """
    own = {
        "iss": issuer,
        "sub": subject,
        "aud": audience,
        "jti": jti,
        "iat": int(now),
        "exp": int(now) + lifetime,
    }
    return sign_jwt({**(claims or {}), **own}, key)


def jwt_bearer_request(
    metadata: ServerMetadata,
    client: Client,
    assertion: str,
    *,
    now: float,
    jti: str,
    scope: str | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> HTTPRequest:
    """The request that exchanges an assertion for a token (RFC 7523 §2.1).

    The answer is read with :func:`~flask_oauth.protocol.oauth2.token.process_token_response`.

    :param assertion: what :func:`jwt_bearer_assertion` made, or another issuer's.
    :param now: the time, in seconds since the epoch.
    :param jti: a new unpredictable identifier, for a client assertion.
    :param scope: the scope, space separated.
    :param parameters: further parameters.
    """
    own = {"grant_type": GRANT_TYPE, "assertion": assertion, "scope": scope or None}
    pairs = joined(own, parameters or {}, ("grant_type", "assertion"))
    return endpoint_request(client, metadata, "token_endpoint", pairs, now=now, jti=jti)
