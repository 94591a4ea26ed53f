"""Pushed authorization requests: what is asked goes straight to the server, the browser carries a reference.

Sections enforced here: RFC 9126 §2.1 (authenticated like a token request, no ``request_uri``), §2.2 (201,
``request_uri`` and ``expires_in``), §2.3, §4.  A failure stops the sign-in; there is no falling back
to a plain request (N42).
"""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import InvalidResponseError
from ..http import HTTPRequest, HTTPResponse, add_query
from .answers import member_error, number_of_seconds, read_answer, text_member
from .authorization import AuthorizationRequest
from .client_authentication import Client, endpoint_request
from .metadata import ServerMetadata


@dataclass(frozen=True, slots=True, repr=False)
class PushedAuthorization:
    """A request that the server holds.

    :param request_uri: its reference, good for one sign-in.
    :param expires_at: when it ends, in seconds since the epoch.
    """

    request_uri: str
    expires_at: float

    def __repr__(self) -> str:
        return f"<PushedAuthorization expires_at={self.expires_at}>"


def pushed_authorization_request(
    metadata: ServerMetadata, client: Client, request: AuthorizationRequest, *, now: float, jti: str
) -> HTTPRequest:
    """The request that pushes an authorization request.

    :param request: the plain request, or the one with a request object; see
        :func:`~flask_oauth.protocol.oauth2.authorization.authorization_request`.
    :param now: the time, in seconds since the epoch.
    :param jti: a new unpredictable identifier, for a client assertion.
    :raises ConfigurationError: the server has no such endpoint, or the client cannot authenticate.
    """
    # RFC 9126 §2.1: request_uri MUST NOT be provided.
    pairs = [(name, value) for name, value in request.parameters if name != "request_uri"]
    return endpoint_request(client, metadata, "pushed_authorization_request_endpoint", pairs, now=now, jti=jti)


def process_pushed_authorization_response(response: HTTPResponse, *, now: float) -> PushedAuthorization:
    """The reference in an answer.

    :param now: the time, in seconds since the epoch.
    :raises ServerError: the server refused the request, with an error.
    :raises InvalidResponseError: another status than 201, or no ``request_uri`` or ``expires_in``.
    """
    answer = read_answer(response, statuses=(201,))
    seconds = number_of_seconds(answer, "expires_in")
    if not seconds:  # RFC 9126 §2.2: a positive number
        raise member_error("expires_in", "a positive number of seconds", answer.get("expires_in"), InvalidResponseError)
    return PushedAuthorization(text_member(answer, "request_uri"), now + seconds)


def pushed_authorization_url(
    metadata: ServerMetadata, client: Client, request: AuthorizationRequest, pushed: PushedAuthorization
) -> AuthorizationRequest:
    """Where to send the user once the request is pushed (RFC 9126 §4): client id and reference, nothing else."""
    url = add_query(
        metadata.endpoint("authorization_endpoint"),
        [("client_id", client.client_id), ("request_uri", pushed.request_uri)],
    )
    return AuthorizationRequest(url, request.parameters)
