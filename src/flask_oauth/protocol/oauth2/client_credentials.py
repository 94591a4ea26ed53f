"""Client credentials: a token for the application itself.

Sections enforced here: RFC 6749 §4.4.2, §4.4.3 (no refresh token; the client authenticates); RFC 8707 §2.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ...errors import ConfigurationError
from ..http import HTTPRequest, HTTPResponse
from ..token import Token
from .client_authentication import Client, choose_method, endpoint_request
from .metadata import ServerMetadata
from .parameters import joined
from .token import process_token_response


def client_credentials_request(
    metadata: ServerMetadata,
    client: Client,
    *,
    now: float,
    jti: str,
    scope: str | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> HTTPRequest:
    """The request for a token of the client's own.

    :param now: the time, in seconds since the epoch.
    :param jti: a new unpredictable identifier, for a client assertion.
    :param scope: the scope, space separated.
    :param parameters: further parameters, ``resource`` or ``audience`` for example.
    :raises ConfigurationError: no endpoint, or a public client (RFC 6749 §4.4: MUST only be used by confidential ones).
    """
    if choose_method(client, metadata) == "none":
        raise ConfigurationError(
            "Client credentials need a client that authenticates", code="config_client_secret_missing"
        )
    own = {"grant_type": "client_credentials", "scope": scope or None}
    pairs = joined(own, parameters or {}, ("grant_type",))
    return endpoint_request(client, metadata, "token_endpoint", pairs, now=now, jti=jti)


def process_client_credentials_response(
    response: HTTPResponse, *, now: float, requested_scope: str | None = "", expected_type: str = "Bearer"
) -> Token:
    """The token in an answer; a refresh token in it is dropped (RFC 6749 §4.4.3: SHOULD NOT be included).

    :param now: the time, in seconds since the epoch.
    :param requested_scope: the scope that is granted where the answer names none.
    :param expected_type: ``Bearer`` or ``DPoP``.
    :raises ServerError: the server refused, with an error.
    :raises TokenResponseError: the answer is neither a token nor an error.
    """
    token = process_token_response(response, now=now, requested_scope=requested_scope, expected_type=expected_type)
    return replace(token, refresh_token=None)
