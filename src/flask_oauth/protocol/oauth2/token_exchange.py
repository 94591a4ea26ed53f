"""Token exchange: one token for another, for another audience or on behalf of somebody.

Sections enforced here: RFC 8693 §2.1 (``actor_token`` and its type together; ``audience`` and ``resource`` may
repeat), §2.2.1 (``issued_token_type``, ``token_type`` ``N_A``), §2.2.2, §3 (token type identifiers).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ...errors import ConfigurationError, TokenResponseError
from ..http import HTTPRequest, HTTPResponse
from ..token import Token
from .answers import redacted, text_member
from .client_authentication import Client, endpoint_request
from .metadata import ServerMetadata
from .parameters import joined
from .token import read_token_answer, token_from_answer

GRANT_TYPE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a type
REFRESH_TOKEN: Final = "urn:ietf:params:oauth:token-type:refresh_token"  # noqa: S105
ID_TOKEN: Final = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105
JWT: Final = "urn:ietf:params:oauth:token-type:jwt"
#: The token type of what is no access token (RFC 8693 §2.2.1).
NOT_APPLICABLE: Final = "N_A"


def token_exchange_request(
    metadata: ServerMetadata,
    client: Client,
    *,
    subject_token: str,
    now: float,
    jti: str,
    subject_token_type: str = ACCESS_TOKEN,
    actor_token: str | None = None,
    actor_token_type: str | None = None,
    requested_token_type: str | None = None,
    scope: str | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> HTTPRequest:
    """The request that exchanges a token.

    :param subject_token: the token of the one on whose behalf is asked.
    :param now: the time, in seconds since the epoch.
    :param jti: a new unpredictable identifier, for a client assertion.
    :param subject_token_type: what it is (RFC 8693 §3).
    :param actor_token: the token of the one who acts.
    :param actor_token_type: what it is; required with ``actor_token`` and not without.
    :param requested_token_type: what is wanted.
    :param scope: the scope, space separated.
    :param parameters: further parameters: ``resource`` and ``audience``, each a text or a list.
    :raises ConfigurationError: no endpoint, or one of actor token and its type without the other.
    """
    if (actor_token is None) != (actor_token_type is None):
        raise ConfigurationError("actor_token and actor_token_type belong together")
    own = {
        "grant_type": GRANT_TYPE,
        "subject_token": subject_token,
        "subject_token_type": subject_token_type,
        "actor_token": actor_token,
        "actor_token_type": actor_token_type,
        "requested_token_type": requested_token_type,
        "scope": scope or None,
    }
    reserved = set(own) - {"scope"}
    pairs = joined(own, parameters or {}, reserved)
    return endpoint_request(client, metadata, "token_endpoint", pairs, now=now, jti=jti)


def process_token_exchange_response(
    response: HTTPResponse,
    *,
    now: float,
    requested_scope: str | None = "",
    expected_type: str = "Bearer",
    requested_token_type: str | None = None,
) -> Token:
    """The token in an answer; its ``issued_token_type`` is in ``extra``.

    :param now: the time, in seconds since the epoch.
    :param requested_scope: the scope that is granted where the answer names none.
    :param expected_type: ``Bearer`` or ``DPoP``; where something else than an access token
        was asked for, ``N_A`` is taken too.
    :param requested_token_type: what was asked for; an answer with another type is refused.
    :raises ServerError: the server refused, with an error.
    :raises TokenResponseError: the answer does not hold.
    """
    answer = read_token_answer(response)
    if not answer.get("error"):
        issued = text_member(answer, "issued_token_type", TokenResponseError)  # RFC 8693 §2.2.1: REQUIRED
        _check_issued(issued, requested_token_type, answer)
        if issued != ACCESS_TOKEN and answer.get("token_type") == NOT_APPLICABLE:
            expected_type = NOT_APPLICABLE
    return token_from_answer(answer, now=now, requested_scope=requested_scope, expected_type=expected_type)


def _check_issued(issued: str, requested: str | None, answer: Mapping[str, Any]) -> None:
    # An access token may well be a JWT: the two names then mean the same thing.
    if requested is None or issued == requested or {issued, requested} == {ACCESS_TOKEN, JWT}:
        return
    raise TokenResponseError(
        "The token is of another type than the one asked for",
        code="token_response_type",
        data=redacted(answer),
        expected=requested,
        got=issued[:100],
    )
