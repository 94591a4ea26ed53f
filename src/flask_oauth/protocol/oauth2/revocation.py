"""Token revocation: telling the server that a token is no longer wanted.

Sections enforced here: RFC 7009 §2.1 (request, over TLS), §2.2, §2.2.1 (a token the server does not
know is a success; ``unsupported_token_type`` is not).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..http import HTTPRequest, HTTPResponse
from .answers import failure
from .client_authentication import Client, endpoint_request
from .metadata import ServerMetadata
from .parameters import joined


def revocation_request(
    metadata: ServerMetadata,
    client: Client,
    token: str,
    *,
    now: float,
    jti: str,
    token_type_hint: str | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> HTTPRequest:
    """The request that ends a token; with a refresh token, its access tokens end too (RFC 7009 §2.1).

    :param token: an access token or a refresh token.
    :param now: the time, in seconds since the epoch.
    :param jti: a new unpredictable identifier, for a client assertion.
    :param token_type_hint: ``access_token`` or ``refresh_token``.
    :param parameters: further parameters.
    :raises ConfigurationError: the server has no such endpoint, or the client cannot authenticate.
    """
    own = {"token": token, "token_type_hint": token_type_hint}
    pairs = joined(own, parameters or {}, ("token",))
    return endpoint_request(client, metadata, "revocation_endpoint", pairs, now=now, jti=jti)


def process_revocation_response(response: HTTPResponse) -> None:
    """Look whether the token was revoked; the content of the answer says nothing (RFC 7009 §2.2).

    :raises ServerError: the server refused, with an error.
    :raises InvalidResponseError: it answered with another status than 200 (``response_status``);
        after 503 the token still lives, try again later.
    """
    # RFC 7009 §2.2 says 200; a 204 says the same.
    if response.status not in (200, 204):
        raise failure(response)
