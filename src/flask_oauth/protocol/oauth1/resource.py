"""Calling an API with OAuth 1.0a credentials.

Sections enforced here: RFC 5849 §3 (authenticated requests).  The API's answer
is the application's; only a problem named in it is read here
(:func:`~flask_oauth.protocol.oauth1.answers.problem_report`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..http import RESOURCE_ANSWER_LIMIT, Headers, HTTPRequest
from ..token import Token
from .signature import ClientCredentials, Placement, sign_request


def resource_request(
    method: str,
    url: str,
    client: ClientCredentials,
    token: Token | None,
    *,
    timestamp: int,
    nonce: str,
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    body: bytes | None = None,
    placement: Placement = "header",
    body_hash: bool = False,
) -> HTTPRequest:
    """A signed request to a protected resource (RFC 5849 §3).

    A header field ``Authorization`` of the caller's is kept, and nothing is added then.

    :param method: the HTTP method.
    :param url: absolute URL; its query is signed.
    :param client: the client's credentials.
    :param token: token credentials; ``None`` for a two-legged request.
    :param timestamp: seconds since the epoch.
    :param nonce: a value never used before with this timestamp and token.
    :param headers: header fields; a body is signed if ``Content-Type`` says that it is a form.
    :param body: bytes, sent as they are unless a form takes the protocol parameters.
    :param placement: where the protocol parameters go.
    :param body_hash: sign the hash of a body that is not a form (``oauth_body_hash``).
    :raises ConfigurationError: see :func:`~flask_oauth.protocol.oauth1.signature.sign_request`.
    """
    request = HTTPRequest(method, url, Headers(headers), body, max_response_bytes=RESOURCE_ANSWER_LIMIT)
    return sign_request(
        request, client, token, timestamp=timestamp, nonce=nonce, placement=placement, body_hash=body_hash
    )
